//! Details of internet sockets that only sock_diag reports.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    ops::{Deref, DerefMut},
};

#[cfg(feature = "serde")]
use super::form;
use super::{
    congestion::{CongestionInfo, ShortName},
    memory::{InetMemory, SocketMemory},
    mptcp_info::MptcpInfo,
    sctp_info::{SctpInfo, SctpState},
    shutdown::Shutdown,
    tcp_info::TcpInfo,
    ulp::Ulp,
};

/// Details of an internet socket that only sock_diag reports. Each is absent when it was not asked
/// for, when the kernel does not have it for this kind of socket, and in every text table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct InetDetail {
    /// The statistics of the connection.
    #[doc(alias = "INET_DIAG_INFO")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub info: Option<InetInfo>,
    /// The name of the congestion control algorithm.
    #[doc(alias = "INET_DIAG_CONG")]
    #[cfg_attr(feature = "serde", serde(flatten, with = "form::congestion"))]
    pub congestion: Option<ShortName>,
    /// The details of that algorithm.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub congestion_info: Option<CongestionInfo>,
    /// The type of service of sent packets.
    #[doc(alias = "INET_DIAG_TOS")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub tos: Option<u8>,
    /// The traffic class of sent packets; IPv6 sockets only.
    #[doc(alias = "INET_DIAG_TCLASS")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub traffic_class: Option<u8>,
    /// The class of the cgroup (`net_cls`), or else the priority of the socket.
    #[doc(alias = "INET_DIAG_CLASS_ID")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub class_id: Option<u32>,
    /// The memory.
    #[doc(alias = "INET_DIAG_SKMEMINFO")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub memory: Option<SocketMemory>,
    /// The older figures of the memory.
    #[doc(alias = "INET_DIAG_MEMINFO")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub short_memory: Option<InetMemory>,
    /// The directions that are shut down.
    #[doc(alias = "INET_DIAG_SHUTDOWN")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub shutdown: Option<Shutdown>,
    /// The IP protocol of a raw socket, and the protocol of a socket in an event.
    #[doc(alias = "INET_DIAG_PROTOCOL")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub ip_protocol: Option<u8>,
    /// Whether an IPv6 socket refuses IPv4; sockets that listen or are not connected only.
    #[doc(alias = "INET_DIAG_SKV6ONLY")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub v6_only: Option<bool>,
    /// The firewall mark; needs `CAP_NET_ADMIN`.
    #[doc(alias = "INET_DIAG_MARK")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub mark: Option<u32>,
    /// The id of the cgroup (version 2).
    #[doc(alias = "INET_DIAG_CGROUP_ID")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub cgroup_id: Option<u64>,
    /// Socket options; Linux 5.13.
    #[doc(alias = "INET_DIAG_SOCKOPT")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub options: Option<InetOptions>,
    /// The upper layer protocol.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub ulp: Option<Ulp>,
    /// Keys of TCP MD5 signatures; needs `CAP_NET_ADMIN`.
    #[doc(alias = "INET_DIAG_MD5SIG")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub md5_keys: Vec<Md5Key>,
    /// The state of the association, for a row that is an SCTP association.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub sctp_state: Option<SctpState>,
    /// The local addresses of an SCTP socket.
    #[doc(alias = "INET_DIAG_LOCALS")]
    #[cfg_attr(
        feature = "serde",
        serde(with = "form::endpoints", skip_serializing_if = "Vec::is_empty")
    )]
    pub locals: Vec<SocketAddr>,
    /// The remote addresses of an SCTP association.
    #[doc(alias = "INET_DIAG_PEERS")]
    #[cfg_attr(
        feature = "serde",
        serde(with = "form::endpoints", skip_serializing_if = "Vec::is_empty")
    )]
    pub peers: Vec<SocketAddr>,
}

impl InetDetail {
    /// Clears every field, and keeps the memory of the lists.
    fn clear(&mut self) {
        // Field by field: the whole has some hundred bytes, and this runs for every row.
        self.info = None;
        self.congestion = None;
        self.congestion_info = None;
        self.tos = None;
        self.traffic_class = None;
        self.class_id = None;
        self.memory = None;
        self.short_memory = None;
        self.shutdown = None;
        self.ip_protocol = None;
        self.v6_only = None;
        self.mark = None;
        self.cgroup_id = None;
        self.options = None;
        self.ulp = None;
        self.md5_keys.clear();
        self.sctp_state = None;
        self.locals.clear();
        self.peers.clear();
    }
}

/// The details of an internet socket, which take memory only when there are any. They dereference
/// to an [`InetDetail`]; in a row of a text table everything in it is absent.
#[derive(Clone, Default)]
pub struct InetDetails(Option<Box<InetDetail>>);

/// The details of a row that has none.
static NO_DETAIL: InetDetail = InetDetail {
    info: None,
    congestion: None,
    congestion_info: None,
    tos: None,
    traffic_class: None,
    class_id: None,
    memory: None,
    short_memory: None,
    shutdown: None,
    ip_protocol: None,
    v6_only: None,
    mark: None,
    cgroup_id: None,
    options: None,
    ulp: None,
    md5_keys: Vec::new(),
    sctp_state: None,
    locals: Vec::new(),
    peers: Vec::new(),
};

impl InetDetails {
    /// Clears every field, and keeps the memory for the next row.
    pub(crate) fn clear(&mut self) {
        if let Some(detail) = &mut self.0 {
            detail.clear();
        }
    }
}

impl Deref for InetDetails {
    type Target = InetDetail;

    fn deref(&self) -> &InetDetail {
        self.0.as_deref().unwrap_or(&NO_DETAIL)
    }
}

impl DerefMut for InetDetails {
    fn deref_mut(&mut self) -> &mut InetDetail {
        self.0.get_or_insert_default()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for InetDetails {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for InetDetails {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let detail = InetDetail::deserialize(deserializer)?;
        Ok(if detail == NO_DETAIL { Self(None) } else { Self(Some(Box::new(detail))) })
    }
}

impl PartialEq for InetDetails {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for InetDetails {}

impl fmt::Debug for InetDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The statistics of a connection, by its protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum InetInfo {
    /// Of TCP.
    Tcp(TcpInfo),
    /// Of Multipath TCP.
    Mptcp(MptcpInfo),
    /// Of SCTP.
    Sctp(Box<SctpInfo>),
}

/// Options of an internet socket.
#[doc(alias = "inet_diag_sockopt")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct InetOptions(u16);

impl InetOptions {
    /// Errors are queued (`IP_RECVERR`).
    #[doc(alias = "recverr")]
    pub const RECEIVE_ERRORS: Self = Self(1);
    /// The socket is one of a connection oriented protocol.
    #[doc(alias = "is_icsk")]
    pub const CONNECTION_SOCKET: Self = Self(1 << 1);
    /// It may be bound to an address that does not exist yet (`IP_FREEBIND`).
    #[doc(alias = "freebind")]
    pub const FREE_BIND: Self = Self(1 << 2);
    /// It writes IP headers itself (`IP_HDRINCL`).
    #[doc(alias = "hdrincl")]
    pub const HEADER_INCLUDED: Self = Self(1 << 3);
    /// It receives its own multicasts (`IP_MULTICAST_LOOP`).
    #[doc(alias = "mc_loop")]
    pub const MULTICAST_LOOP: Self = Self(1 << 4);
    /// It takes connections for other addresses (`IP_TRANSPARENT`).
    #[doc(alias = "transparent")]
    pub const TRANSPARENT: Self = Self(1 << 5);
    /// It receives every multicast of the machine (`IP_MULTICAST_ALL`).
    #[doc(alias = "mc_all")]
    pub const MULTICAST_ALL: Self = Self(1 << 6);
    /// Packets are not defragmented (`IP_NODEFRAG`).
    #[doc(alias = "nodefrag")]
    pub const NO_DEFRAGMENTATION: Self = Self(1 << 7);
    /// A port is chosen when it connects (`IP_BIND_ADDRESS_NO_PORT`).
    #[doc(alias = "bind_address_no_port")]
    pub const BIND_NO_PORT: Self = Self(1 << 8);
    /// Queued errors contain more (`IP_RECVERR_RFC4884`).
    #[doc(alias = "recverr_rfc4884")]
    pub const RECEIVE_ERRORS_RFC4884: Self = Self(1 << 9);
    /// The connection is made by the first write (`TCP_FASTOPEN_CONNECT`).
    #[doc(alias = "defer_connect")]
    pub const DEFER_CONNECT: Self = Self(1 << 10);
}

kernel_bits!(InetOptions, u16);

/// A key with which TCP segments of a peer are signed (RFC 2385).
///
/// # Trust
///
/// The key is a secret of the process that set it. The kernel reports it to processes with
/// `CAP_NET_ADMIN`; it is left out of the debug output.
#[doc(alias = "tcp_diag_md5sig")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "form::Md5Form", into = "form::Md5Form"))]
pub struct Md5Key {
    /// The network of the peers that use it.
    #[doc(alias = "tcpm_addr")]
    pub network: IpAddr,
    /// The length of the network's prefix in bits.
    #[doc(alias = "tcpm_prefixlen")]
    pub prefix_bits: u8,
    key: [u8; Self::MAX_KEY],
    key_bytes: u8,
}

impl Md5Key {
    /// Longest key, in bytes.
    #[doc(alias = "TCP_MD5SIG_MAXKEYLEN")]
    pub const MAX_KEY: usize = 80;

    /// Returns the key for a network, or `None` when it is longer than [`Md5Key::MAX_KEY`].
    pub fn new(network: IpAddr, prefix_bits: u8, key: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MAX_KEY];
        bytes.get_mut(..key.len())?.copy_from_slice(key);
        Some(Self { network, prefix_bits, key: bytes, key_bytes: u8::try_from(key.len()).ok()? })
    }

    /// Returns the key.
    pub fn key(&self) -> &[u8] {
        // OK because the length was checked when the key was made.
        self.key.get(..self.key_bytes.into()).unwrap_or_default()
    }
}

impl fmt::Debug for Md5Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Md5Key")
            .field("network", &self.network)
            .field("prefix_bits", &self.prefix_bits)
            .finish_non_exhaustive()
    }
}
