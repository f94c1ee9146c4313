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
    timer::{Timer, ticks},
};

/// The protocol of the table that contains a socket.
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
    /// The source of the row.
    #[cfg_attr(feature = "serde", serde(default))]
    pub source: Source,
    /// The table that contains it.
    pub protocol: InetProtocol,
    /// Address and port of the local end, in host order; an unspecified address and port 0 mean
    /// "any".
    #[cfg_attr(feature = "serde", serde(with = "form::endpoint"))]
    pub local: SocketAddr,
    /// Address and port of the remote end, in host order; an unspecified address and port 0 mean
    /// "none".
    #[cfg_attr(feature = "serde", serde(rename = "peer", with = "form::endpoint"))]
    pub remote: SocketAddr,
    /// The state.
    #[cfg_attr(feature = "serde", serde(rename = "kernel_state"))]
    pub state: TcpState,
    /// The queues, in bytes or connections.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub queues: Queues,
    /// The running timer, if there is one.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub timer: Option<Timer>,
    /// Retransmissions of the oldest unacknowledged segment.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub retransmits: u32,
    /// Unanswered probes (zero window or keepalive); column `timeout`. sock_diag reports this or
    /// `retransmits`, depending on the running timer.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub probes: u32,
    /// The uid of the socket; 0 for sockets without one (TIME-WAIT).
    pub uid: u32,
    /// The inode, or `None` when no process can have the socket open.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub inode: Option<Inode>,
    /// The kernel's reference count; 0 from sock_diag, which does not report it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub references: i32,
    /// The kernel object; 0 from sock_diag, which reports the cookie instead.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub pointer: KernelPointer,
    /// The cookie; from sock_diag only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub cookie: Option<Cookie>,
    /// The interface that the socket is bound to, also by the scope of a link-local address; from
    /// sock_diag only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub interface: Option<NonZeroU32>,
    /// The last columns of a TCP row in the text table; full sockets only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub tcp: Option<TcpDetail>,
    /// Datagrams dropped; rows of UDP, UDP-Lite, raw and ping sockets. From sock_diag only when
    /// the memory was asked for.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub drops: Option<u32>,
    /// Details that only sock_diag reports.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub detail: InetDetails,
    /// Words after the known columns; empty on every known kernel.
    #[cfg_attr(feature = "serde", serde(flatten, with = "form::trailing"))]
    pub trailing: BString,
}

impl InetSocket {
    /// Returns an empty row.
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
    /// listener it is the maximum length of the TCP Fast Open queue.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub slow_start_threshold: Option<u32>,
}

impl TcpDetail {
    /// Returns the detail of the columns: the timeouts in clock ticks, `acks` and `threshold` as
    /// they are printed.
    pub(crate) fn from_columns(
        [retransmission_timeout, ack_timeout]: [u64; 2],
        acks: u32,
        congestion_window: u32,
        threshold: i32,
    ) -> Self {
        Self {
            retransmission_timeout: ticks(retransmission_timeout),
            ack_timeout: ticks(ack_timeout),
            // Kernel: `(icsk->icsk_ack.quick << 1) | inet_csk_in_pingpong_mode(sk)`.
            quick_acks: acks >> 1,
            pingpong: acks & 1 == 1,
            congestion_window,
            // Kernel: 32 unsigned bits are printed by `%d`; -1 means initial slow start.
            slow_start_threshold: (threshold != -1).then_some(threshold.cast_unsigned()),
        }
    }
}
