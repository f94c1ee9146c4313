//! Finds the two ends of each connection among the sockets of a machine.
//!
//! The other end of an internet socket is the one with the mirrored addresses and ports of the same
//! protocol. A wrong answer is worse than none, so the rules are narrower than the routing of
//! packets:
//!
//! | case | other end |
//! | --- | --- |
//! | TCP and UDP, connected | the one socket whose local end is the remote end here, and the other way round |
//! | IPv4 and the IPv6 addresses to which it is mapped | the same addresses |
//! | loopback, or the same address at both ends | in the same network namespace only |
//! | link-local IPv6 | in the same namespace, and with the same interface, if it is known |
//! | multicast, broadcast, no address or port | none |
//! | a transparent proxy (`IP_TRANSPARENT`, Linux 5.13), whose connections mirror each other | none |
//! | an address that is translated on the way (NAT) | none: the ends do not mirror each other |
//! | more than one candidate, from either end | none of them, [`Peer::Ambiguous`] |
//! | unix | the inode that the kernel reports; `/proc/net/unix` has none |
//! | unix, not accepted yet | one without an inode, if its listener reports it |

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use crate::{
    error::{Error, Repr},
    model::{InetOptions, InetProtocol, InetSocket, Inode, Socket, UnixSocket},
    namespace::NetNamespace,
};

/// Sockets in a [`PeerTable`]: 1 000 000.
///
/// An internet socket takes 56 bytes and a unix socket 24, so this bounds memory to 56 MB, and to
/// twice that while the table grows.
pub const MAX_PEERS: usize = 1_000_000;

/// Collects the sockets of a [`PeerTable`].
#[derive(Debug)]
pub struct PeerTableBuilder {
    table: PeerTable,
    limit: usize,
    /// Index of the namespace of the sockets that are being added.
    namespace: u16,
}

/// The connected internet sockets and the unix sockets of a machine, by connection.
///
/// ```
/// # use procnetsocket::{Error, MAX_PEERS, Peer, PeerTable, Query, SocketTables, model::Socket};
/// # fn demo(tables: &SocketTables) -> Result<(), Error> {
/// let sockets = tables.list(&Query::tcp())?;
/// let mut builder = PeerTable::builder(MAX_PEERS);
/// for socket in &sockets {
///     builder.add(&Socket::Inet(socket))?;
/// }
/// let peers = builder.finish();
/// for socket in &sockets {
///     if let Peer::Known(peer) = peers.peer_of(None, &Socket::Inet(socket)) {
///         println!("{} is connected to the socket of inode {:?}", socket.local, peer.inode);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerTable {
    /// Sorted.
    inet: Vec<InetEnd>,
    /// Sorted.
    unix: Vec<UnixEnd>,
    /// Unix sockets whose connection was not accepted yet, sorted.
    waiting: Vec<Inode>,
    namespaces: Vec<Arc<NetNamespace>>,
    /// Index of each namespace, by its identity.
    indexes: BTreeMap<Inode, u16>,
}

/// The socket at the other end of another one, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer<'t> {
    /// No socket of the table is the other end, as far as is known.
    Unknown,
    /// Several sockets can be the other end.
    Ambiguous,
    /// This socket is.
    Known(PeerSocket<'t>),
}

/// A socket at the other end of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerSocket<'t> {
    /// The inode; `None` when no process can have the socket open: in TIME-WAIT, half open, or not
    /// yet accepted.
    pub inode: Option<Inode>,
    /// Its network namespace, in a table of several.
    pub namespace: Option<&'t Arc<NetNamespace>>,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct InetEnd {
    connection: PeerConnection,
    namespace: u16,
    inode: Option<Inode>,
}

/// A connection as seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PeerConnection {
    local: PeerEndpoint,
    remote: PeerEndpoint,
    /// The interface of link-local addresses; 0 for others.
    scope: u32,
    is_udp: bool,
}

/// An IPv6 address, or an IPv4 address in its mapped form, and its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PeerEndpoint {
    address: [u8; 16],
    port: u16,
}

/// A unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UnixEnd {
    inode: Inode,
    peer: Option<Inode>,
    namespace: u16,
}

impl PeerTable {
    /// Returns a builder for at most `limit` sockets, see [`MAX_PEERS`].
    pub fn builder(limit: usize) -> PeerTableBuilder {
        PeerTableBuilder { table: Self::default(), limit, namespace: 0 }
    }

    /// Returns the socket at the other end. `namespace` is the [identity](NetNamespace::id) of the
    /// socket's network namespace; `None` for a table of one namespace.
    ///
    /// A socket that is not in the table with the same inode has no peer: it was opened later, or
    /// its addresses are now those of another connection.
    pub fn peer_of(&self, namespace: Option<Inode>, socket: &Socket<'_>) -> Peer<'_> {
        let own = match namespace {
            None => Some(0),
            Some(id) => self.indexes.get(&id).copied(),
        };
        match (own, socket) {
            (Some(own), Socket::Inet(inet)) => self.peer_of_inet(own, inet),
            (Some(own), Socket::Unix(unix)) => self.peer_of_unix(own, unix),
            _ => Peer::Unknown,
        }
    }

    fn peer_of_inet(&self, own: u16, socket: &InetSocket) -> Peer<'_> {
        let Some(connection) = PeerConnection::of(socket) else { return Peer::Unknown };
        let here = self.ends(connection);
        if !here.iter().any(|end| end.namespace == own && end.inode == socket.inode) {
            return Peer::Unknown;
        }
        let crosses = connection.crosses_namespaces();
        // The candidates for the other end of a socket in a namespace.
        let reached = |ends: &'_ [InetEnd], from: u16| {
            let mut reached = ends.iter().filter(|end| crosses || end.namespace == from);
            (reached.next().copied(), reached.next().is_some())
        };
        match reached(self.ends(connection.mirrored()), own) {
            (None, _) => Peer::Unknown,
            (Some(_), true) => Peer::Ambiguous,
            // It may be the end of another connection with the same addresses.
            (Some(there), false) if reached(here, there.namespace).1 => Peer::Ambiguous,
            (Some(there), false) => self.known(there.inode, there.namespace),
        }
    }

    fn peer_of_unix(&self, own: u16, socket: &UnixSocket) -> Peer<'_> {
        let Some(inode) = socket.inode else { return Peer::Unknown };
        let UnixEnd { peer, namespace, .. } = match *self.unix_sockets(inode) {
            [end] => end,
            [] => return Peer::Unknown,
            _ => return Peer::Ambiguous,
        };
        let reported = socket.detail.peer;
        if namespace != own || (reported.is_some() && reported != peer) {
            return Peer::Unknown;
        }
        let Some(peer) = peer else {
            // Kernel: it is in the namespace of the socket that connected.
            let is_waiting = self.waiting.binary_search(&inode).is_ok();
            return if is_waiting { self.known(None, own) } else { Peer::Unknown };
        };
        match *self.unix_sockets(peer) {
            [there] => self.known(Some(peer), there.namespace),
            [] => Peer::Unknown,
            _ => Peer::Ambiguous,
        }
    }

    fn known(&self, inode: Option<Inode>, namespace: u16) -> Peer<'_> {
        let namespace = self.namespaces.get(usize::from(namespace));
        Peer::Known(PeerSocket { inode, namespace })
    }

    /// Returns the sockets with this view of a connection.
    fn ends(&self, connection: PeerConnection) -> &[InetEnd] {
        equal_range(&self.inet, |end| end.connection.cmp(&connection))
    }

    /// Returns the unix sockets of an inode.
    fn unix_sockets(&self, inode: Inode) -> &[UnixEnd] {
        equal_range(&self.unix, |end| end.inode.cmp(&inode))
    }
}

/// Returns the elements of a sorted slice that compare as equal.
fn equal_range<T>(sorted: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> &[T] {
    let start = sorted.partition_point(|one| compare(one).is_lt());
    let rest = sorted.get(start..).unwrap_or_default();
    let count = rest.partition_point(|one| compare(one).is_eq());
    rest.get(..count).unwrap_or_default()
}

impl PeerTableBuilder {
    /// Begins the sockets of a network namespace. If it is not called, all sockets are of one
    /// unnamed namespace.
    pub fn begin_namespace(&mut self, namespace: Arc<NetNamespace>) {
        let index = self.table.namespaces.len().try_into();
        // OK because there are at most `MAX_NAMESPACES`.
        self.namespace = index.unwrap_or(u16::MAX);
        self.table.indexes.insert(namespace.id, self.namespace);
        self.table.namespaces.push(namespace);
    }

    /// Adds a socket, if its kind can have another end.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded).
    pub fn add(&mut self, socket: &Socket<'_>) -> Result<(), Error> {
        let Self { table, limit, namespace } = self;
        let namespace = *namespace;
        match socket {
            Socket::Inet(inet) => {
                let end = |connection| InetEnd { connection, namespace, inode: inet.inode };
                table.inet.extend(PeerConnection::of(inet).map(end));
            }
            Socket::Unix(unix) => {
                let peer = unix.detail.peer;
                table.unix.extend(unix.inode.map(|inode| UnixEnd { inode, peer, namespace }));
                table.waiting.extend(unix.detail.pending.iter().flatten());
            }
            _ => {}
        }
        let count = [table.inet.len(), table.unix.len(), table.waiting.len()];
        if count.into_iter().fold(0, usize::saturating_add) > *limit {
            let limit = u64::try_from(*limit).unwrap_or(u64::MAX);
            let what = "sockets among which other ends are looked for";
            return Err(Repr::TooManyProcesses { what, limit, bound: "MAX_PEERS" }.into());
        }
        Ok(())
    }

    /// Returns the table.
    pub fn finish(self) -> PeerTable {
        let mut table = self.table;
        table.inet.sort_unstable();
        table.unix.sort_unstable();
        table.waiting.sort_unstable();
        // A live text table may repeat rows.
        table.inet.dedup();
        table.unix.dedup();
        table
    }
}

impl PeerConnection {
    /// Returns the connection of a socket that can have another end.
    fn of(socket: &InetSocket) -> Option<Self> {
        let is_udp = match socket.protocol {
            InetProtocol::Tcp => false,
            InetProtocol::Udp => true,
            _ => return None,
        };
        let options = socket.detail.options;
        if options.is_some_and(|options| options.contains(InetOptions::TRANSPARENT)) {
            return None;
        }
        let is_end = |ip: IpAddr, port| port != 0 && is_one_host(ip);
        let (local, remote) = (socket.local, socket.remote);
        if !is_end(local.ip(), local.port()) || !is_end(remote.ip(), remote.port()) {
            return None;
        }
        let scope = if is_link_local(local.ip()) || is_link_local(remote.ip()) {
            // A text table has no interfaces.
            socket.interface?.get()
        } else {
            0
        };
        let end = |end: std::net::SocketAddr| PeerEndpoint {
            address: mapped(end.ip()),
            port: end.port(),
        };
        Some(Self { local: end(local), remote: end(remote), scope, is_udp })
    }

    fn mirrored(self) -> Self {
        Self { local: self.remote, remote: self.local, ..self }
    }

    /// Returns whether the ends may be in different network namespaces.
    fn crosses_namespaces(&self) -> bool {
        let ends = [self.local, self.remote].map(|end| IpAddr::from(end.address).to_canonical());
        // Packets to an address of the same namespace are delivered there.
        self.scope == 0 && ends[0] != ends[1] && !ends.iter().any(IpAddr::is_loopback)
    }
}

fn mapped(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// Returns whether an address is that of one host.
fn is_one_host(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    !ip.is_unspecified() && !ip.is_multicast() && !matches!(ip, IpAddr::V4(ip) if ip.is_broadcast())
}

fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

#[cfg(test)]
mod tests;
