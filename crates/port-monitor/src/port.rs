//! Ports, with their identity and their details.

use std::{fmt, net::SocketAddr, num::NonZeroU32, str::FromStr, sync::Arc};

use bstr::{BString, ByteSlice as _};
use procnetsocket::{
    Family, NetNamespace, Pid, Table,
    model::{
        Cookie, InetProtocol, InetSocket, Inode, Socket, Source, StateMask, TcpState, UnixName,
        UnixSocket, UnixState,
    },
};

use crate::word::UnknownPortWord;

/// A protocol whose sockets are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP: sockets that listen.
    Tcp,
    /// UDP: sockets that are bound and not connected.
    Udp,
    /// Unix domain: sockets that listen.
    Unix,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Unix];

    /// The protocols with numbered ports: those that are watched by default.
    pub const INET: [Self; 2] = [Self::Tcp, Self::Udp];

    /// Returns the name that `ss` prints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }

    /// Returns the state of its sockets that are ports.
    pub const fn state(self) -> TcpState {
        match self {
            Self::Tcp | Self::Unix => TcpState::Listen,
            Self::Udp => TcpState::Close,
        }
    }

    /// Returns the protocol of an internet socket, if it is watched.
    fn of(protocol: InetProtocol) -> Option<Self> {
        match protocol {
            InetProtocol::Tcp => Some(Self::Tcp),
            InetProtocol::Udp => Some(Self::Udp),
            _ => None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Protocol {
    type Err = UnknownPortWord;

    fn from_str(word: &str) -> Result<Self, UnknownPortWord> {
        let found = Self::ALL.into_iter().find(|protocol| protocol.name() == word);
        found.ok_or(UnknownPortWord("tcp, udp or unix"))
    }
}

/// A table of the kernel that contains ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortTable {
    /// The protocol.
    pub protocol: Protocol,
    /// The address family; `None` for unix sockets.
    pub family: Option<Family>,
}

impl PortTable {
    /// Every table.
    pub const ALL: [Self; 5] = [
        Self { protocol: Protocol::Tcp, family: Some(Family::V4) },
        Self { protocol: Protocol::Tcp, family: Some(Family::V6) },
        Self { protocol: Protocol::Udp, family: Some(Family::V4) },
        Self { protocol: Protocol::Udp, family: Some(Family::V6) },
        Self { protocol: Protocol::Unix, family: None },
    ];

    /// Returns the states to request.
    pub const fn states(self) -> StateMask {
        StateMask::of(self.protocol.state())
    }
}

impl From<PortTable> for Table {
    fn from(table: PortTable) -> Self {
        let protocol = match table.protocol {
            Protocol::Tcp => InetProtocol::Tcp,
            Protocol::Udp => InetProtocol::Udp,
            Protocol::Unix => return Self::Unix,
        };
        Self::inet(protocol, table.family.unwrap_or(Family::V4))
    }
}

impl fmt::Display for PortTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Table::from(*self).name())
    }
}

/// The identity of a port. Both sources contain it, so a change of the source has no effect.
///
/// A restarted server has another inode, and each member of a group that shares a port
/// (`SO_REUSEPORT`) has a different one. The order of identities is the order in which ports are
/// listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortIdentity {
    /// The protocol.
    pub protocol: Protocol,
    /// Its local address or name.
    pub local: PortAddress,
    /// The inode; sockets without one count as one socket.
    pub inode: Option<Inode>,
    /// The network namespace, if ports of several are read.
    pub namespace: Option<Inode>,
}

/// The local address of a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortAddress {
    /// Address and port; an unspecified address means "any".
    Inet(SocketAddr),
    /// The name of a unix socket. Raw bytes: [`Display`](fmt::Display) escapes them.
    Unix(UnixName),
}

impl PortAddress {
    /// Returns address and port, or `None` for a unix socket.
    pub fn inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Returns the name of a unix socket as `ss` prints it: `@` before an abstract name, and for
    /// each NUL in it. Returns `None` for other sockets, and for a hidden name.
    pub fn unix_name(&self) -> Option<BString> {
        match self {
            Self::Inet(_) | Self::Unix(UnixName::Unnamed) => None,
            Self::Unix(UnixName::Abstract(name)) => {
                Some(bstr::concat([b"@", name.as_slice()]).replace(b"\0", b"@").into())
            }
            Self::Unix(name) => name.bytes().map(ToOwned::to_owned),
        }
    }
}

impl fmt::Display for PortAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.unix_name()) {
            (Self::Inet(address), _) => address.fmt(f),
            (_, Some(name)) => write!(f, "{}", name.escape_ascii()),
            (_, None) => f.write_str("*"),
        }
    }
}

/// An interface that a socket is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundInterface {
    /// Its index.
    pub index: NonZeroU32,
    /// Its name, if it is known. Raw bytes: escape them before showing them.
    pub name: Option<BString>,
}

/// A process that has a port open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortProcess {
    /// Its process id.
    pub pid: Pid,
    /// Its name (`comm`), if it is visible. Raw bytes: escape them before showing them.
    pub name: Option<BString>,
}

/// A socket that listens, or that is bound and not connected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Port {
    /// The source of the row.
    pub source: Source,
    /// The protocol.
    pub protocol: Protocol,
    /// Its local address or name.
    pub local: PortAddress,
    /// The inode, or `None` when no process can have the socket open.
    pub inode: Option<Inode>,
    /// Whether an IPv6 socket refuses IPv4; only from sock_diag, and only for IPv6.
    pub v6_only: Option<bool>,
    /// The interface that the socket is bound to; only from sock_diag.
    pub device: Option<BoundInterface>,
    /// The maximum number of connections that wait to be accepted; only for listeners, and only
    /// from sock_diag.
    pub backlog: Option<u32>,
    /// The uid of the socket; for unix sockets only from sock_diag, since Linux 5.3.
    pub uid: Option<u32>,
    /// The cookie, which links the port to the destroy event of the kernel; only from sock_diag.
    pub cookie: Option<Cookie>,
    /// The network namespace, if ports of all namespaces are read.
    pub namespace: Option<Arc<NetNamespace>>,
    /// The visible processes that had it open when it opened; `None` if they were not requested,
    /// or cannot be listed.
    pub processes: Option<Vec<PortProcess>>,
}

impl Port {
    /// Returns a port with only its identity.
    pub const fn new(protocol: Protocol, local: SocketAddr, inode: Option<Inode>) -> Self {
        Self::bare(protocol, PortAddress::Inet(local), inode)
    }

    /// Returns a unix socket that listens, with only its identity.
    pub const fn unix(name: UnixName, inode: Option<Inode>) -> Self {
        Self::bare(Protocol::Unix, PortAddress::Unix(name), inode)
    }

    const fn bare(protocol: Protocol, local: PortAddress, inode: Option<Inode>) -> Self {
        Self {
            source: Source::ProcText,
            protocol,
            local,
            inode,
            v6_only: None,
            device: None,
            backlog: None,
            uid: None,
            cookie: None,
            namespace: None,
            processes: None,
        }
    }

    /// Returns the port of a row, or `None` for another protocol, and for a socket that is
    /// connected or not bound.
    pub fn of(row: Socket<'_>) -> Option<Self> {
        match row {
            Socket::Inet(row) => Self::of_inet(row),
            Socket::Unix(row) => Self::of_unix(row),
            _ => None,
        }
    }

    fn of_unix(row: &UnixSocket) -> Option<Self> {
        (row.state == UnixState::Listening).then(|| Self {
            source: row.source,
            backlog: row.detail.queues.map(|queues| queues.send),
            uid: row.detail.uid,
            cookie: row.cookie,
            ..Self::unix(row.name.clone(), row.inode)
        })
    }

    fn of_inet(row: &InetSocket) -> Option<Self> {
        let protocol = Protocol::of(row.protocol)?;
        if row.state != protocol.state() || row.local.port() == 0 {
            return None;
        }
        // Kernel: the text tables contain 0 for the backlog of a listener.
        let has_backlog = protocol == Protocol::Tcp && row.source == Source::SockDiag;
        Some(Self {
            source: row.source,
            v6_only: row.detail.v6_only.filter(|_| row.local.is_ipv6()),
            device: row.interface.map(|index| BoundInterface { index, name: None }),
            backlog: has_backlog.then_some(row.queues.send),
            uid: Some(row.uid),
            cookie: row.cookie,
            ..Self::new(protocol, row.local, row.inode)
        })
    }

    /// Returns the identity.
    pub fn identity(&self) -> PortIdentity {
        // The scope of an address is a detail, not a part of the identity.
        let local = match &self.local {
            PortAddress::Inet(address) => {
                PortAddress::Inet(SocketAddr::new(address.ip(), address.port()))
            }
            PortAddress::Unix(_) => self.local.clone(),
        };
        let namespace = self.namespace.as_ref().map(|namespace| namespace.id);
        PortIdentity { protocol: self.protocol, local, inode: self.inode, namespace }
    }

    /// Copies the details of a newer row of the same port. Details that the source of that row
    /// lacks are kept.
    pub(crate) fn refresh(&mut self, newer: Self) {
        let Self { source, v6_only, device, backlog, uid, cookie, .. } = newer;
        self.source = source;
        self.uid = uid.or(self.uid);
        self.v6_only = v6_only.or(self.v6_only);
        self.backlog = backlog.or(self.backlog);
        self.cookie = cookie.or(self.cookie);
        // Kernel: the text tables have no interfaces.
        if source == Source::SockDiag {
            self.device = device;
        }
    }
}
