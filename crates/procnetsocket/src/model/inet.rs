//! TCP, UDP, UDP-Lite, raw and ping sockets.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use bstr::BString;

#[cfg(feature = "serde")]
use super::form;
use super::{
    id::{Cookie, Inode, KernelPointer},
    inet_detail::InetDetails,
    queue::Queues,
    source::Source,
    state::TcpState,
    timer::Timer,
};

/// The protocol whose table a socket stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum InetProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// UDP-Lite (RFC 3828; removed from Linux in 6.19 or later).
    UdpLite,
    /// A raw socket; its local "port" is the IP protocol number.
    Raw,
    /// A ping socket (`IPPROTO_ICMP` datagram); its local "port" is the ICMP identifier.
    Icmp,
    /// SCTP; in sock_diag only.
    Sctp,
    /// Multipath TCP, the connections and not their subflows; in sock_diag only.
    Mptcp,
}

words!(InetProtocol {
    Tcp = "tcp",
    Udp = "udp",
    UdpLite = "udplite",
    Raw = "raw",
    Icmp = "icmp",
    Sctp = "sctp",
    Mptcp = "mptcp",
});

/// The address family of a table of internet sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4: addresses of one word.
    #[doc(alias = "AF_INET")]
    V4,
    /// IPv6: addresses of four words. An IPv6 socket may have mapped IPv4 addresses.
    #[doc(alias = "AF_INET6")]
    V6,
}

words!(Family {
    V4 = "inet",
    V6 = "inet6",
});

/// A socket of an internet protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InetSocket {
    /// Where the row comes from.
    #[cfg_attr(feature = "serde", serde(default))]
    pub source: Source,
    /// The table that it stands in.
    pub protocol: InetProtocol,
    /// Address and port on this side, in host order; an unspecified address and port 0 mean "any".
    #[cfg_attr(feature = "serde", serde(with = "form::endpoint"))]
    pub local: SocketAddr,
    /// Address and port on the other side; an unspecified address and port 0 mean "none".
    #[cfg_attr(feature = "serde", serde(rename = "peer", with = "form::endpoint"))]
    pub remote: SocketAddr,
    /// The state.
    #[cfg_attr(feature = "serde", serde(rename = "kernel_state"))]
    pub state: TcpState,
    /// The queues.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub queues: Queues,
    /// The timer that runs, if one does.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub timer: Option<Timer>,
    /// Retransmissions of the oldest segment that was not acknowledged.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub retransmits: u32,
    /// Probes (zero window or keepalive) that were not answered; column `timeout`. This or
    /// `retransmits` comes from sock_diag, whichever the timer that runs is about.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub probes: u32,
    /// The user id that the socket belongs to; 0 for sockets without one (TIME-WAIT).
    pub uid: u32,
    /// The inode, or `None` when no process can hold the socket.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub inode: Option<Inode>,
    /// The kernel's reference count; 0 from sock_diag, which does not tell it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub references: i32,
    /// The kernel object; 0 from sock_diag, which tells the cookie instead.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub pointer: KernelPointer,
    /// The cookie; from sock_diag only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub cookie: Option<Cookie>,
    /// The interface that the socket is bound to, also by the scope of a link-local address; from
    /// sock_diag only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub interface: Option<NonZeroU32>,
    /// What only TCP rows of the text table have, and only those with a full socket.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub tcp: Option<TcpDetail>,
    /// Datagrams dropped; rows of UDP, UDP-Lite, raw and ping sockets. From sock_diag only when
    /// the memory was asked for.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub drops: Option<u32>,
    /// What only sock_diag knows.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub detail: InetDetails,
    /// Words behind the columns that the kernel is known to print; empty on every known kernel.
    #[cfg_attr(feature = "serde", serde(flatten, with = "form::trailing"))]
    pub trailing: BString,
}

impl InetSocket {
    /// Returns a row in which nothing stands yet.
    pub(crate) fn blank(source: Source, protocol: InetProtocol) -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self {
            source,
            protocol,
            local: nowhere,
            remote: nowhere,
            state: TcpState::Close,
            queues: Queues::default(),
            timer: None,
            retransmits: 0,
            probes: 0,
            uid: 0,
            inode: None,
            references: 0,
            pointer: KernelPointer(0),
            cookie: None,
            interface: None,
            tcp: None,
            drops: None,
            detail: InetDetails::default(),
            trailing: BString::default(),
        }
    }
}

/// The last columns of a TCP row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TcpDetail {
    /// The retransmission timeout.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "retransmission_timeout_ms", with = "form::milliseconds")
    )]
    pub retransmission_timeout: Duration,
    /// The delayed acknowledgement timeout; zero when none was measured.
    #[cfg_attr(feature = "serde", serde(rename = "ack_timeout_ms", with = "form::milliseconds"))]
    pub ack_timeout: Duration,
    /// Quick acknowledgements that are left.
    pub quick_acks: u32,
    /// Whether the connection is interactive (sends data between acknowledgements).
    pub pingpong: bool,
    /// The congestion window in segments.
    pub congestion_window: u32,
    /// The slow start threshold in segments, or `None` in initial slow start (column -1). For a
    /// listener the column holds the length limit of the TCP Fast Open queue.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub slow_start_threshold: Option<u32>,
}
