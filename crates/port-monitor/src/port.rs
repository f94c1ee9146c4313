//! A socket that others can reach: its identity and what is known of it.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    str::FromStr,
};

use bstr::BString;
use procnetsocket::{
    Family, Pid, Table,
    model::{Cookie, InetProtocol, InetSocket, Inode, StateMask, TcpState},
};

use crate::UnknownPortWord;

/// A protocol that has ports and is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP: sockets that listen.
    Tcp,
    /// UDP: sockets that are bound and not connected.
    Udp,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 2] = [Self::Tcp, Self::Udp];

    /// Returns its name, as `ss` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// Returns the state of its sockets that others can reach.
    pub const fn state(self) -> TcpState {
        match self {
            Self::Tcp => TcpState::Listen,
            Self::Udp => TcpState::Close,
        }
    }

    /// Returns the protocol of a socket, if it is watched.
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
        found.ok_or(UnknownPortWord("tcp or udp"))
    }
}

/// A table of the kernel in which ports stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortTable {
    /// The protocol.
    pub protocol: Protocol,
    /// The address family.
    pub family: Family,
}

impl PortTable {
    /// Every table.
    pub const ALL: [Self; 4] = [
        Self { protocol: Protocol::Tcp, family: Family::V4 },
        Self { protocol: Protocol::Tcp, family: Family::V6 },
        Self { protocol: Protocol::Udp, family: Family::V4 },
        Self { protocol: Protocol::Udp, family: Family::V6 },
    ];

    /// Returns the states that have to be asked for.
    pub const fn states(self) -> StateMask {
        StateMask::of(self.protocol.state())
    }
}

impl From<PortTable> for Table {
    fn from(table: PortTable) -> Self {
        let protocol = match table.protocol {
            Protocol::Tcp => InetProtocol::Tcp,
            Protocol::Udp => InetProtocol::Udp,
        };
        Self::inet(protocol, table.family)
    }
}

impl fmt::Display for PortTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Table::from(*self).name())
    }
}

/// What makes a port itself. Both sources tell it, so a change of source changes nothing.
///
/// A server that is started anew has another inode, and so have the members of a group that shares
/// a port (`SO_REUSEPORT`). Identities are ordered as ports are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortIdentity {
    /// The protocol.
    pub protocol: Protocol,
    /// The address on this side; an unspecified one means "any".
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// The inode; sockets without one count as one socket.
    pub inode: Option<Inode>,
}

/// An interface that a socket is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundInterface {
    /// Its index.
    pub index: NonZeroU32,
    /// Its name, if it is known. Raw bytes: escape them before showing them.
    pub name: Option<BString>,
}

/// A process that holds a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortProcess {
    /// Its number.
    pub pid: Pid,
    /// How it calls itself, if it can be seen. Raw bytes: escape them before showing them.
    pub name: Option<BString>,
}

/// A socket that listens, or that is bound and not connected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Port {
    /// The protocol.
    pub protocol: Protocol,
    /// Address and port on this side; an unspecified address means "any".
    pub local: SocketAddr,
    /// The inode, or `None` when no process can hold the socket.
    pub inode: Option<Inode>,
    /// Whether an IPv6 socket refuses IPv4; from sock_diag only, and for IPv6 only.
    pub v6_only: Option<bool>,
    /// The interface that the socket is bound to; from sock_diag only.
    pub device: Option<BoundInterface>,
    /// Connections that may wait to be accepted; of TCP, from sock_diag only.
    pub backlog: Option<u32>,
    /// The user id that the socket belongs to.
    pub uid: u32,
    /// The cookie, which links the port to the kernel's word of its end; from sock_diag only.
    pub cookie: Option<Cookie>,
    /// The processes that held it when it opened, as far as they can be seen; `None` when they were
    /// not asked for, or cannot be told.
    pub processes: Option<Vec<PortProcess>>,
}

impl Port {
    /// Returns a port of which nothing but its identity is known.
    pub const fn new(protocol: Protocol, local: SocketAddr, inode: Option<Inode>) -> Self {
        Self {
            protocol,
            local,
            inode,
            v6_only: None,
            device: None,
            backlog: None,
            uid: 0,
            cookie: None,
            processes: None,
        }
    }

    /// Returns what a row tells, or `None` when it is no port: another protocol, connected, or bound
    /// to no port.
    pub fn of(row: &InetSocket) -> Option<Self> {
        let protocol = Protocol::of(row.protocol)?;
        if row.state != protocol.state() || row.local.port() == 0 {
            return None;
        }
        // Kernel: the text tables show 0 for the backlog of a listener, and have no cookies.
        let has_backlog = protocol == Protocol::Tcp && row.cookie.is_some();
        Some(Self {
            v6_only: row.detail.v6_only.filter(|_| row.local.is_ipv6()),
            device: row.interface.map(|index| BoundInterface { index, name: None }),
            backlog: has_backlog.then_some(row.queues.send),
            uid: row.uid,
            cookie: row.cookie,
            ..Self::new(protocol, row.local, row.inode)
        })
    }

    /// Returns what makes it itself.
    pub fn identity(&self) -> PortIdentity {
        PortIdentity {
            protocol: self.protocol,
            address: self.local.ip(),
            port: self.local.port(),
            inode: self.inode,
        }
    }

    /// Takes over what a newer row of the same port tells. What its source does not tell stays.
    pub(crate) fn refresh(&mut self, newer: Self) {
        let Self { v6_only, device, backlog, uid, cookie, .. } = newer;
        self.uid = uid;
        self.v6_only = v6_only.or(self.v6_only);
        self.backlog = backlog.or(self.backlog);
        self.cookie = cookie.or(self.cookie);
        // Only a source that tells cookies knows that a socket is bound to no interface.
        if device.is_some() || cookie.is_some() {
            self.device = device;
        }
    }
}
