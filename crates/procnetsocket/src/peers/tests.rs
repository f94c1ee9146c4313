use std::num::NonZeroU32;

use rstest::rstest;
use testkit::Xorshift;

use super::*;
use crate::{error::ErrorKind, model::Source};

/// Returns a socket of `PROTOCOL LOCAL REMOTE INODE [INTERFACE]`.
fn inet(text: &str) -> InetSocket {
    let words: Vec<_> = text.split(' ').collect();
    let [protocol, local, remote, inode, interface @ ..] = &words[..] else { panic!("{text:?}") };
    let mut socket = InetSocket::blank(Source::SockDiag, protocol.parse().unwrap());
    socket.local = local.parse().unwrap();
    socket.remote = remote.parse().unwrap();
    socket.inode = Inode::new(inode.parse().unwrap());
    socket.interface = interface.first().and_then(|index| NonZeroU32::new(index.parse().unwrap()));
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
        [peer(1, &client), peer(2, &server), peer(1, &scoped), peer(3, &namesake), peer(2, &client)]
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
