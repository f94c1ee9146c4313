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
mod tests {
    use std::num::NonZeroU32;

    use rstest::rstest;
    use testkit::Xorshift;

    use super::*;
    use crate::{error::ErrorKind, model::Source};

    /// Returns a socket of `PROTOCOL LOCAL REMOTE INODE [INTERFACE]`.
    fn inet(text: &str) -> InetSocket {
        let words: Vec<_> = text.split(' ').collect();
        let [protocol, local, remote, inode, interface @ ..] = &words[..] else {
            panic!("{text:?}")
        };
        let mut socket = InetSocket::blank(Source::SockDiag, protocol.parse().unwrap());
        socket.local = local.parse().unwrap();
        socket.remote = remote.parse().unwrap();
        socket.inode = Inode::new(inode.parse().unwrap());
        socket.interface =
            interface.first().and_then(|index| NonZeroU32::new(index.parse().unwrap()));
        socket
    }

    fn unix(inode: u64, peer: u64) -> UnixSocket {
        let mut socket = UnixSocket::blank(Source::SockDiag);
        socket.inode = Inode::new(inode);
        socket.detail.peer = Inode::new(peer);
        socket
    }

    fn namespace(id: u64) -> Arc<NetNamespace> {
        Arc::new(NetNamespace {
            id: Inode::new(id).unwrap(),
            inode: None,
            names: Vec::new(),
            pids: Vec::new(),
            is_own: false,
        })
    }

    /// Returns the peer in a word: the inode, `none`, or `?` for several.
    fn word(peer: Peer<'_>) -> String {
        match peer {
            Peer::Unknown => "none".to_owned(),
            Peer::Ambiguous => "?".to_owned(),
            Peer::Known(PeerSocket { inode, namespace }) => {
                let inode = inode.map_or(0, Inode::get);
                match namespace {
                    Some(namespace) => format!("{inode}@{}", namespace.id),
                    None => inode.to_string(),
                }
            }
        }
    }

    /// Returns the peers of sockets of one namespace, in a table of them.
    fn peers(sockets: &[InetSocket]) -> String {
        let mut builder = PeerTable::builder(MAX_PEERS);
        for socket in sockets {
            builder.add(&Socket::Inet(socket)).unwrap();
        }
        let table = builder.finish();
        let words: Vec<_> =
            sockets.iter().map(|socket| word(table.peer_of(None, &Socket::Inet(socket)))).collect();
        words.join(" ")
    }

    #[rstest]
    // usual
    #[case::loopback(&["tcp 127.0.0.1:5000 127.0.0.1:80 1", "tcp 127.0.0.1:80 127.0.0.1:5000 2"], "2 1")]
    #[case::ipv6(&["tcp [::1]:5000 [::1]:80 1", "tcp [::1]:80 [::1]:5000 2"], "2 1")]
    #[case::udp(&["udp 10.0.0.1:5 10.0.0.2:6 1", "udp 10.0.0.2:6 10.0.0.1:5 2"], "2 1")]
    #[case::mapped(
        &["tcp 10.0.0.1:5000 10.0.0.1:80 1", "tcp [::ffff:10.0.0.1]:80 [::ffff:10.0.0.1]:5000 2"],
        "2 1"
    )]
    // boundary
    #[case::itself(&["tcp 127.0.0.1:5000 127.0.0.1:5000 1"], "1")]
    #[case::without_inode(
        &["tcp 127.0.0.1:5000 127.0.0.1:80 1", "tcp 127.0.0.1:80 127.0.0.1:5000 0"],
        "0 1"
    )]
    #[case::repeated_row(
        &[
            "tcp 127.0.0.1:5000 127.0.0.1:80 1",
            "tcp 127.0.0.1:80 127.0.0.1:5000 0",
            "tcp 127.0.0.1:80 127.0.0.1:5000 0"
        ],
        "0 1 1"
    )]
    #[case::same_scope(
        &["tcp [fe80::1]:5000 [fe80::1]:80 1 3", "tcp [fe80::1]:80 [fe80::1]:5000 2 3"],
        "2 1"
    )]
    #[case::device_of_other_addresses(
        &["tcp 10.0.0.1:5000 10.0.0.1:80 1 3", "tcp 10.0.0.1:80 10.0.0.1:5000 2"],
        "2 1"
    )]
    // hostile
    #[case::another_protocol(
        &["tcp 127.0.0.1:5000 127.0.0.1:80 1", "udp 127.0.0.1:80 127.0.0.1:5000 2"],
        "none none"
    )]
    #[case::another_port(
        &["tcp 127.0.0.1:5000 127.0.0.1:80 1", "tcp 127.0.0.1:80 127.0.0.1:5001 2"],
        "none none"
    )]
    #[case::translated(
        &["tcp 10.0.0.1:5000 10.9.9.9:80 1", "tcp 10.0.0.1:8080 10.0.0.1:5000 2"],
        "none none"
    )]
    #[case::same_direction(
        &["tcp 127.0.0.1:5000 127.0.0.1:80 1", "tcp 127.0.0.1:5000 127.0.0.1:80 2"],
        "none none"
    )]
    #[case::listener(
        &["tcp 127.0.0.1:5000 127.0.0.1:80 1", "tcp 127.0.0.1:80 0.0.0.0:0 2"],
        "none none"
    )]
    #[case::unconnected_receiver(
        &["udp 127.0.0.1:5000 127.0.0.1:53 1", "udp 127.0.0.1:53 0.0.0.0:0 2"],
        "none none"
    )]
    #[case::multicast(
        &["udp 10.0.0.1:5 224.0.0.1:6 1", "udp 224.0.0.1:6 10.0.0.1:5 2"],
        "none none"
    )]
    #[case::broadcast(
        &["udp 10.0.0.1:5 255.255.255.255:6 1", "udp 255.255.255.255:6 10.0.0.1:5 2"],
        "none none"
    )]
    #[case::another_scope(
        &["tcp [fe80::1]:5000 [fe80::2]:80 1 3", "tcp [fe80::2]:80 [fe80::1]:5000 2 4"],
        "none none"
    )]
    #[case::unknown_scope(
        &["tcp [fe80::1]:5000 [fe80::2]:80 1", "tcp [fe80::2]:80 [fe80::1]:5000 2"],
        "none none"
    )]
    #[case::raw(&["raw 10.0.0.1:6 10.0.0.2:6 1", "raw 10.0.0.2:6 10.0.0.1:6 2"], "none none")]
    #[case::several(
        &[
            "udp 127.0.0.1:5 127.0.0.1:6 1",
            "udp 127.0.0.1:6 127.0.0.1:5 2",
            "udp 127.0.0.1:6 127.0.0.1:5 3"
        ],
        "? ? ?"
    )]
    fn other_end_mirrors_this_one(#[case] sockets: &[&str], #[case] expected: &str) {
        let sockets: Vec<_> = sockets.iter().map(|text| inet(text)).collect();
        assert_eq!(peers(&sockets), expected);
    }

    #[rstest]
    // usual: the same addresses in each namespace
    #[case::loopback("127.0.0.1", "127.0.0.1", "[2@1 1@1] [4@2 3@2] [6@3 5@3]")]
    #[case::two_loopbacks("127.0.0.1", "127.0.0.2", "[2@1 1@1] [4@2 3@2] [6@3 5@3]")]
    #[case::mapped_loopback("127.0.0.1", "::ffff:127.0.0.1", "[2@1 1@1] [4@2 3@2] [6@3 5@3]")]
    #[case::loopback6("::1", "::1", "[2@1 1@1] [4@2 3@2] [6@3 5@3]")]
    #[case::own_address("172.17.0.2", "172.17.0.2", "[2@1 1@1] [4@2 3@2] [6@3 5@3]")]
    #[case::two_addresses("172.17.0.2", "172.17.0.3", "[? ?] [? ?] [? ?]")]
    fn loopback_is_of_one_namespace(
        #[case] client: &str,
        #[case] server: &str,
        #[case] expected: &str,
    ) {
        let end = |ip: &str, port: u16| -> std::net::SocketAddr {
            (ip.parse::<IpAddr>().unwrap(), port).into()
        };
        // A server may be of the other family.
        let canonical = |ip: &str| ip.parse::<IpAddr>().unwrap().to_canonical().to_string();
        let mapped =
            |ip: &str| if server.contains("ffff") { format!("::ffff:{ip}") } else { ip.to_owned() };
        let mut builder = PeerTable::builder(MAX_PEERS);
        let mut sockets = Vec::new();
        for id in 1..=3_u64 {
            builder.begin_namespace(namespace(id));
            let mut one = inet("tcp 10.0.0.1:1 10.0.0.1:1 0");
            (one.local, one.remote) = (end(client, 5000), end(&canonical(server), 80));
            one.inode = Inode::new(id * 2 - 1);
            let mut other = one.clone();
            (other.local, other.remote) = (end(server, 80), end(&mapped(client), 5000));
            other.inode = Inode::new(id * 2);
            for socket in [one, other] {
                builder.add(&Socket::Inet(&socket)).unwrap();
                sockets.push((id, socket));
            }
        }
        let table = builder.finish();
        let found: Vec<_> = sockets
            .chunks(2)
            .map(|pair| {
                let words: Vec<_> = pair
                    .iter()
                    .map(|(id, socket)| word(table.peer_of(Inode::new(*id), &Socket::Inet(socket))))
                    .collect();
                format!("[{}]", words.join(" "))
            })
            .collect();
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn connections_of_a_transparent_proxy_are_not_a_pair() {
        let mut sockets =
            [inet("tcp 10.0.0.1:5000 10.0.0.2:80 1"), inet("tcp 10.0.0.2:80 10.0.0.1:5000 2")];
        assert_eq!(peers(&sockets), "2 1");
        sockets[0].detail.options = Some(InetOptions::TRANSPARENT);
        assert_eq!(peers(&sockets), "none none");
    }

    #[test]
    fn other_end_of_the_other_end_is_this_one() {
        let random = &mut Xorshift::new(1);
        let (mut known, mut ambiguous) = (0, 0);
        for _ in 0..300 {
            let mut builder = PeerTable::builder(MAX_PEERS);
            let mut sockets = Vec::new();
            for id in 1..=3_u64 {
                builder.begin_namespace(namespace(id));
                for _ in 0..random.below(12) {
                    let protocol = *random.pick(&["tcp", "udp"]);
                    let mut end = || {
                        let ips = ["127.0.0.1", "10.0.0.1", "10.0.0.2", "[::ffff:10.0.0.1]"];
                        format!("{}:{}", random.pick(&ips), 1 + random.below(2))
                    };
                    let (local, remote) = (end(), end());
                    let inode = sockets.len() + 1;
                    let socket = inet(&format!("{protocol} {local} {remote} {inode}"));
                    builder.add(&Socket::Inet(&socket)).unwrap();
                    sockets.push((Inode::new(id), socket));
                }
            }
            let table = builder.finish();
            for (id, socket) in &sockets {
                match table.peer_of(*id, &Socket::Inet(socket)) {
                    Peer::Unknown => {}
                    Peer::Ambiguous => ambiguous += 1,
                    Peer::Known(peer) => {
                        let is_it = |(_, other): &&(_, InetSocket)| other.inode == peer.inode;
                        let (there, other) = sockets.iter().find(is_it).unwrap();
                        let back = table.peer_of(*there, &Socket::Inet(other));
                        let found = |id: Option<Inode>, inode| {
                            format!("{}@{}", Option::map_or(inode, 0, Inode::get), id.unwrap())
                        };
                        assert_eq!(word(back), found(*id, socket.inode), "{socket:?}");
                        known += 1;
                    }
                }
            }
        }
        assert!(known > 500 && ambiguous > 100, "{known} are known, {ambiguous} ambiguous");
    }

    #[test]
    fn other_end_may_be_in_another_namespace() {
        let client = inet("tcp 10.0.0.1:5000 10.0.0.2:80 1");
        let server = inet("tcp 10.0.0.2:80 10.0.0.1:5000 2");
        let scoped = inet("tcp [fe80::1]:5000 [fe80::2]:80 3 7");
        let scoped_server = inet("tcp [fe80::2]:80 [fe80::1]:5000 4 7");
        // The same addresses elsewhere, whose other end is not on this machine.
        let namesake = inet("tcp 10.0.0.1:5000 10.0.0.2:80 5");
        let of = |with_namesake: bool| {
            let mut builder = PeerTable::builder(MAX_PEERS);
            builder.begin_namespace(namespace(1));
            builder.add(&Socket::Inet(&client)).unwrap();
            builder.add(&Socket::Inet(&scoped)).unwrap();
            builder.begin_namespace(namespace(2));
            builder.add(&Socket::Inet(&server)).unwrap();
            builder.add(&Socket::Inet(&scoped_server)).unwrap();
            if with_namesake {
                builder.begin_namespace(namespace(3));
                builder.add(&Socket::Inet(&namesake)).unwrap();
            }
            let table = builder.finish();
            let peer = |id: u64, socket| word(table.peer_of(Inode::new(id), &Socket::Inet(socket)));
            [
                peer(1, &client),
                peer(2, &server),
                peer(1, &scoped),
                peer(3, &namesake),
                peer(2, &client),
            ]
        };
        assert_eq!(of(false), ["2@2", "1@1", "none", "none", "none"]);
        assert_eq!(of(true), ["?", "?", "none", "?", "none"]);
    }

    #[test]
    fn socket_that_is_not_in_the_table_has_no_peer() {
        let mut builder = PeerTable::builder(MAX_PEERS);
        let server = inet("tcp 127.0.0.1:80 127.0.0.1:5000 2");
        builder.add(&Socket::Inet(&inet("tcp 127.0.0.1:5000 127.0.0.1:80 1"))).unwrap();
        builder.add(&Socket::Inet(&server)).unwrap();
        let table = builder.finish();
        // The port was reused since.
        let later = inet("tcp 127.0.0.1:5000 127.0.0.1:80 3");
        assert_eq!(table.peer_of(None, &Socket::Inet(&later)), Peer::Unknown);
        assert_eq!(word(table.peer_of(None, &Socket::Inet(&server))), "1");
        assert_eq!(table.peer_of(Inode::new(9), &Socket::Inet(&server)), Peer::Unknown);
    }

    #[rstest]
    // usual
    #[case::pair(&[(1, 2), (2, 1)], "2 1")]
    #[case::datagrams_to_a_receiver(&[(1, 3), (2, 3), (3, 0)], "3 3 none")]
    #[case::itself(&[(1, 1)], "1")]
    // boundary: the kernel reports 0 for a peer that waits to be accepted, as for none
    #[case::not_accepted(&[(77, 0), (78, 0), (5, 0)], "0 0 none")]
    #[case::nothing(&[(0, 0), (0, 0)], "none none")]
    // hostile
    #[case::gone(&[(1, 9)], "none")]
    #[case::inode_given_twice(&[(1, 2), (2, 1), (2, 7)], "? ? ?")]
    fn unix_sockets_are_found_by_inode(#[case] sockets: &[(u64, u64)], #[case] expected: &str) {
        let mut builder = PeerTable::builder(MAX_PEERS);
        let mut listener = unix(100, 0);
        listener.detail.pending = vec![Inode::new(78), None, Inode::new(77)];
        builder.add(&Socket::Unix(&listener)).unwrap();
        let sockets: Vec<_> = sockets.iter().map(|(inode, peer)| unix(*inode, *peer)).collect();
        for socket in &sockets {
            builder.add(&Socket::Unix(socket)).unwrap();
        }
        let table = builder.finish();
        let found: Vec<_> =
            sockets.iter().map(|socket| word(table.peer_of(None, &Socket::Unix(socket)))).collect();
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn unix_peer_is_known_without_that_of_the_row() {
        let mut builder = PeerTable::builder(MAX_PEERS);
        for socket in [unix(1, 2), unix(2, 1)] {
            builder.add(&Socket::Unix(&socket)).unwrap();
        }
        let table = builder.finish();
        assert_eq!(word(table.peer_of(None, &Socket::Unix(&unix(1, 0)))), "2");
        // It has connected to another socket since.
        assert_eq!(table.peer_of(None, &Socket::Unix(&unix(1, 3))), Peer::Unknown);
    }

    #[test]
    fn sockets_are_bounded_and_small() {
        let mut builder = PeerTable::builder(2);
        let connected = inet("tcp 127.0.0.1:5000 127.0.0.1:80 1");
        builder.add(&Socket::Inet(&connected)).unwrap();
        builder.add(&Socket::Unix(&unix(1, 2))).unwrap();
        // A listener is not stored.
        builder.add(&Socket::Inet(&inet("tcp 127.0.0.1:80 0.0.0.0:0 2"))).unwrap();
        let error = builder.add(&Socket::Inet(&connected)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert_eq!(
            error.to_string(),
            "expected at most 2 sockets among which other ends are looked for (MAX_PEERS), but \
             there are more"
        );
        assert_eq!((size_of::<InetEnd>(), size_of::<UnixEnd>()), (56, 24));
    }
}
