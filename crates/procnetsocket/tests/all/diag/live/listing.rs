//! Sockets of each kind, as the kernel lists them.

use std::{
    net::{SocketAddr, TcpStream},
    os::linux::net::SocketAddrExt,
    os::unix::net::{UnixDatagram, UnixListener},
};

use procnetsocket::{
    Details, ErrorKind, Limits, Source, Table, TableQuery,
    diag::{Request, UnixLookup},
    model::{
        Cookie, InetInfo, InetProtocol, Queues, StateMask, TcpState, TimerKind, UnixKind, UnixName,
        UnixState,
    },
};
use rustix::net::{AddressFamily, SocketType, ipproto, listen, sockopt};

use super::{
    DumpedRows, LOCALHOST, LOCALHOST6, ask, connection, diag, dump, listener, socket, states, udp,
};
use crate::diag::namespace::{enter, loopback};

fn with_details(table: Table, details: Details) -> TableQuery {
    TableQuery { details, ..TableQuery::new(table) }
}

fn in_states(table: Table, states: StateMask) -> TableQuery {
    TableQuery { states, ..TableQuery::new(table) }
}

#[test]
fn tcp_sockets_are_listed_with_their_statistics() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let (_here, there) = connection(&listening);
    sockopt::set_socket_keepalive(&there, true).unwrap();
    let diag = diag();
    let rows = dump(&diag, with_details(Table::Tcp4, Details::ALL)).inet;
    assert_eq!(rows.len(), 3);
    let row = rows.iter().find(|row| row.local == there.local_addr().unwrap()).unwrap();
    assert_eq!((row.state, row.remote), (TcpState::Established, listening.local_addr().unwrap()));
    assert_eq!(row.timer.map(|timer| timer.kind), Some(TimerKind::Keepalive));
    assert!(row.cookie.is_some() && row.inode.is_some() && row.detail.memory.is_some());
    let Some(InetInfo::Tcp(info)) = &row.detail.info else { panic!("expected statistics of TCP") };
    assert_eq!(info.state, Some(TcpState::Established));
    assert!(info.kernel_bytes >= 104 && info.congestion_window > 0 && info.segments_out > 0);
    assert!(!row.detail.congestion.unwrap().as_bytes().is_empty());
    let only = dump(&diag, in_states(Table::Tcp4, states(&[TcpState::Listen])));
    assert_eq!(only.inet.len(), 1);
    assert_eq!(only.inet[0].local, listening.local_addr().unwrap());
    assert!(only.inet[0].detail.info.is_none());
}

#[test]
fn queue_that_waits_is_counted() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST6);
    #[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
    let _waiting = TcpStream::connect(listening.local_addr().unwrap()).unwrap();
    listen(&listening, 7).unwrap();
    let (rows, report) = ask(&diag(), &Request::Dump(TableQuery::new(Table::Tcp6)));
    assert_eq!(report.source, Source::SockDiag);
    let rows = rows.inet;
    let row = rows.iter().find(|row| row.state == TcpState::Listen).unwrap();
    assert_eq!(row.queues, Queues { recv: 1, send: 7 });
    // The kernel reports this for every socket that is bound to an IPv6 address.
    assert_eq!(row.detail.v6_only, Some(true));
    // It is not accepted, so no process can have it open.
    let waiting = rows.iter().find(|row| {
        row.local == listening.local_addr().unwrap() && row.state == TcpState::Established
    });
    assert_eq!(waiting.unwrap().inode, None);
}

#[test]
fn bound_sockets_are_distinguished_from_closed_ones() {
    if !enter() {
        return;
    }
    loopback();
    let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&bound, &SocketAddr::from(LOCALHOST)).unwrap();
    let mask = states(&[TcpState::BoundInactive]);
    let rows = dump(&diag(), in_states(Table::Tcp4, mask)).inet;
    // Linux 6.8 and newer report it.
    assert!(rows.iter().all(|row| row.state == TcpState::BoundInactive), "{rows:?}");
}

#[test]
fn other_protocols_are_listed() {
    if !enter() {
        return;
    }
    loopback();
    let diag = diag();
    let (alone, other) = (udp(LOCALHOST), udp(LOCALHOST));
    other.connect(alone.local_addr().unwrap()).unwrap();
    let rows = dump(&diag, with_details(Table::Udp4, Details::MEMORY)).inet;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.drops == Some(0)));
    let connected = in_states(Table::Udp4, states(&[TcpState::Established]));
    let rows = dump(&diag, connected).inet;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].remote, alone.local_addr().unwrap());
    if let Ok(mptcp) = socket(AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP)) {
        listen(&mptcp, 3).unwrap();
        let rows = dump(&diag, with_details(Table::Mptcp4, Details::INFO)).inet;
        assert_eq!((rows.len(), rows[0].protocol), (1, InetProtocol::Mptcp));
        assert!(matches!(rows[0].detail.info, Some(InetInfo::Mptcp(_))), "{rows:?}");
    }
}

#[test]
fn unix_sockets_are_listed_with_their_peers() {
    if !enter() {
        return;
    }
    let name = std::os::unix::net::SocketAddr::from_abstract_name("a b\nc").unwrap();
    let listening = UnixListener::bind_addr(&name).unwrap();
    let _waiting = std::os::unix::net::UnixStream::connect_addr(&name).unwrap();
    let _pair = UnixDatagram::pair().unwrap();
    let diag = diag();
    let rows = dump(&diag, with_details(Table::Unix, Details::ALL)).unix;
    let row = rows.iter().find(|row| row.state == UnixState::Listening).unwrap();
    assert_eq!(row.name, UnixName::Abstract("a b\nc".into()));
    assert_eq!(row.detail.queues.unwrap().recv, 1);
    assert_eq!(row.detail.pending.len(), 1);
    assert!(row.detail.memory.is_some());
    let inode = row.inode.unwrap();
    // The other end of the connection has no inode until it is accepted.
    let with_peer = rows.iter().filter(|row| row.detail.peer.is_some());
    assert!(with_peer.map(|row| row.kind).eq([UnixKind::Datagram; 2]), "{rows:?}");
    // By its inode, and not by another's cookie.
    let lookup = UnixLookup { inode, cookie: row.cookie, details: Details::NONE };
    assert_eq!(ask(&diag, &Request::Unix(lookup)).0.unix[0].name, row.name);
    let other = UnixLookup { cookie: Cookie::new(1), ..lookup };
    let error = diag
        .visit(&Request::Unix(other), Limits::default(), &mut DumpedRows::default())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    drop(listening);
}

#[test]
fn packet_and_netlink_sockets_are_listed() {
    if !enter() {
        return;
    }
    let _packet = socket(AddressFamily::PACKET, SocketType::RAW, None).unwrap();
    let diag = diag();
    let rows = dump(&diag, with_details(Table::Packet, Details::ALL)).packet;
    assert_eq!(rows.len(), 1);
    assert!(rows[0].detail.info.is_some() && rows[0].detail.memory.is_some());
    // The requesting socket is a netlink socket too.
    let rows = dump(&diag, TableQuery::new(Table::Netlink)).netlink;
    assert!(rows.iter().any(|(protocol, port_id, _)| *protocol == 4 && *port_id != 0));
}
