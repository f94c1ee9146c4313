//! The kernel's answers, in a network namespace in which only the test's own sockets are.

use std::{
    io::Read,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    ops::ControlFlow,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{UnixDatagram, UnixListener},
    },
    thread,
    time::Duration,
};

use cap_std::AmbientAuthority;
use procnetsocket::{
    Details, ErrorKind, Family, Limits, Query, Report, RowError, SocketTables, Source, Table,
    Uninterrupted, Visitor,
    diag::{
        DestroyEvents, DiagSocket, EventAuthority, EventGroups, InetLookup, KillAuthority,
        Messages, Request, UnixLookup, visit_datagrams,
    },
    model::{
        Cookie, InetInfo, InetProtocol, InetSocket, PacketSocket, Queues, Socket, StateMask,
        TcpState, TimerKind, UnixKind, UnixName, UnixSocket, UnixState,
    },
};
use rstest::rstest;
use rustix::{
    fd::OwnedFd,
    net::{AddressFamily, SocketFlags, SocketType, ipproto, listen, socket_with, sockopt},
};

use crate::{
    bytes::Log,
    namespace::{enter, loopback},
    opinion::{compare_inet, compare_unix},
};

fn token() -> AmbientAuthority {
    #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
    cap_std::ambient_authority()
}

fn diag() -> DiagSocket {
    DiagSocket::open_ambient(token()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
fn listener(address: impl Into<SocketAddr>) -> TcpListener {
    TcpListener::bind(address.into()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
fn udp(address: impl Into<SocketAddr>) -> UdpSocket {
    UdpSocket::bind(address.into()).unwrap()
}

/// Returns a connection: the end that listened, and the other.
fn connection(listener: &TcpListener) -> (TcpStream, TcpStream) {
    #[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, there)
}

#[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
fn socket(
    family: AddressFamily,
    kind: SocketType,
    protocol: Option<rustix::net::Protocol>,
) -> rustix::io::Result<OwnedFd> {
    socket_with(family, kind, SocketFlags::CLOEXEC, protocol)
}

const LOCALHOST: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
const LOCALHOST6: (Ipv6Addr, u16) = (Ipv6Addr::LOCALHOST, 0);

/// Keeps copies of rows.
#[derive(Default)]
struct Rows {
    inet: Vec<InetSocket>,
    unix: Vec<UnixSocket>,
    packet: Vec<PacketSocket>,
    netlink: Vec<(u32, u32, u32)>,
}

impl Visitor for Rows {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            Socket::Inet(row) => self.inet.push(row.clone()),
            Socket::Unix(row) => self.unix.push(row.clone()),
            Socket::Packet(row) => self.packet.push(row.clone()),
            Socket::Netlink(row) => self.netlink.push((row.protocol, row.port_id, row.groups)),
            other => panic!("expected no {other:?}"),
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("expected only rows, but found {row}")
    }
}

#[track_caller]
fn ask(diag: &DiagSocket, request: &Request) -> (Rows, Report) {
    let mut rows = Rows::default();
    let report = diag.visit(request, &Limits::default(), &Uninterrupted, &mut rows).unwrap();
    (rows, report)
}

#[track_caller]
fn dump(diag: &DiagSocket, query: Query) -> Rows {
    ask(diag, &Request::Dump(query)).0
}

fn states(of: &[TcpState]) -> StateMask {
    of.iter().copied().collect()
}

#[test]
fn tcp_sockets_are_listed_with_their_accounts() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let (_here, there) = connection(&listening);
    sockopt::set_socket_keepalive(&there, true).unwrap();
    let diag = diag();
    let rows = dump(&diag, Query::new(Table::Tcp4).with_details(Details::ALL)).inet;
    assert_eq!(rows.len(), 3);
    let row = rows.iter().find(|row| row.local == there.local_addr().unwrap()).unwrap();
    assert_eq!((row.state, row.remote), (TcpState::Established, listening.local_addr().unwrap()));
    assert_eq!(row.timer.map(|timer| timer.kind), Some(TimerKind::Keepalive));
    assert!(row.cookie.is_some() && row.inode.is_some() && row.detail.memory.is_some());
    let Some(InetInfo::Tcp(info)) = &row.detail.info else { panic!("expected an account of TCP") };
    assert_eq!(info.state, Some(TcpState::Established));
    assert!(info.kernel_bytes >= 104 && info.congestion_window > 0 && info.segments_out > 0);
    assert!(!row.detail.congestion.unwrap().as_bytes().is_empty());
    let only = dump(&diag, Query::new(Table::Tcp4).with_states(states(&[TcpState::Listen])));
    assert_eq!(only.inet.len(), 1);
    assert_eq!(only.inet[0].local, listening.local_addr().unwrap());
    assert!(only.inet[0].detail.info.is_none());
}

#[test]
fn a_queue_that_waits_is_counted() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST6);
    #[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
    let _waiting = TcpStream::connect(listening.local_addr().unwrap()).unwrap();
    listen(&listening, 7).unwrap();
    let rows = diag().inet_connections(Family::V6, InetProtocol::Tcp).unwrap();
    assert_eq!(rows.source, Source::Diag);
    let row = rows.iter().find(|row| row.state == TcpState::Listen).unwrap();
    assert_eq!(row.queues, Queues { recv: 1, send: 7 });
    // The kernel says so of every socket that is bound to an address of IPv6.
    assert_eq!(row.detail.v6_only, Some(true));
    // Nobody accepted it, so no process can hold it.
    let waiting = rows.iter().find(|row| {
        row.local == listening.local_addr().unwrap() && row.state == TcpState::Established
    });
    assert_eq!(waiting.unwrap().inode, None);
}

#[test]
fn bound_sockets_are_told_from_closed_ones() {
    if !enter() {
        return;
    }
    loopback();
    let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&bound, &SocketAddr::from(LOCALHOST)).unwrap();
    let mask = states(&[TcpState::BoundInactive]);
    let rows = dump(&diag(), Query::new(Table::Tcp4).with_states(mask)).inet;
    // Linux 6.8 and newer show it.
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
    let rows = dump(&diag, Query::new(Table::Udp4).with_details(Details::MEMORY)).inet;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.drops == Some(0)));
    let connected = Query::new(Table::Udp4).with_states(states(&[TcpState::Established]));
    let rows = dump(&diag, connected).inet;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].remote, alone.local_addr().unwrap());
    if let Ok(mptcp) = socket(AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP)) {
        listen(&mptcp, 3).unwrap();
        let rows = dump(&diag, Query::new(Table::Mptcp4).with_details(Details::INFO)).inet;
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
    let rows = dump(&diag, Query::new(Table::Unix).with_details(Details::ALL)).unix;
    let row = rows.iter().find(|row| row.state == UnixState::Listening).unwrap();
    assert_eq!(row.name, UnixName::Abstract("a b\nc".into()));
    assert_eq!(row.detail.queues.unwrap().recv, 1);
    assert_eq!(row.detail.pending.len(), 1);
    assert!(row.detail.memory.is_some());
    let inode = row.inode.unwrap();
    // The other side of the connection has no inode until somebody accepts it.
    let with_peer = rows.iter().filter(|row| row.detail.peer.is_some());
    assert!(with_peer.map(|row| row.kind).eq([UnixKind::Datagram; 2]), "{rows:?}");
    // By its inode, and not by another's cookie.
    let lookup = UnixLookup { inode, cookie: row.cookie, details: Details::NONE };
    assert_eq!(ask(&diag, &Request::Unix(lookup)).0.unix[0].name, row.name);
    let other = UnixLookup { cookie: Cookie::new(1), ..lookup };
    let error = diag
        .visit(&Request::Unix(other), &Limits::default(), &Uninterrupted, &mut Rows::default())
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
    let rows = dump(&diag, Query::new(Table::Packet).with_details(Details::ALL)).packet;
    assert_eq!(rows.len(), 1);
    assert!(rows[0].detail.info.is_some() && rows[0].detail.memory.is_some());
    // The socket that asks is one itself.
    let rows = dump(&diag, Query::new(Table::Netlink)).netlink;
    assert!(rows.iter().any(|(protocol, port_id, _)| *protocol == 4 && *port_id != 0));
}

/// Returns the lookup of the one socket with a local address.
#[track_caller]
fn lookup(diag: &DiagSocket, table: Table, local: SocketAddr) -> InetLookup {
    let rows = dump(diag, Query::new(table)).inet;
    InetLookup::of(rows.iter().find(|row| row.local == local).unwrap())
}

#[test]
fn one_socket_is_found_by_its_addresses_and_cookie() {
    if !enter() {
        return;
    }
    loopback();
    let diag = diag();
    let (tcp, tcp6) = (listener(LOCALHOST), listener(LOCALHOST6));
    let (_here, there) = connection(&tcp);
    let (alone, other) = (udp(LOCALHOST), udp(LOCALHOST));
    other.connect(alone.local_addr().unwrap()).unwrap();
    let wanted = [
        (Table::Tcp4, tcp.local_addr().unwrap()),
        (Table::Tcp4, there.local_addr().unwrap()),
        (Table::Tcp6, tcp6.local_addr().unwrap()),
        // Its request has the sides swapped, which shows only where they differ.
        (Table::Udp4, other.local_addr().unwrap()),
    ];
    for (table, local) in wanted {
        let lookup = InetLookup { details: Details::MEMORY, ..lookup(&diag, table, local) };
        let (rows, report) = ask(&diag, &Request::Inet(lookup));
        assert_eq!((rows.inet.len(), report.rows), (1, 1));
        assert_eq!((rows.inet[0].local, rows.inet[0].cookie), (local, lookup.cookie));
        assert!(rows.inet[0].detail.memory.is_some());
        let other = InetLookup { cookie: Cookie::new(1), ..lookup };
        let asked = diag.visit(
            &Request::Inet(other),
            &Limits::default(),
            &Uninterrupted,
            &mut Rows::default(),
        );
        assert_eq!(asked.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

/// `sport == port`: from there on and up to there, and what is accepted ends at the last byte.
fn port_program(port: u16) -> Vec<u8> {
    let op = |code: u8, yes: u8, no: u16| [vec![code, yes], no.to_ne_bytes().to_vec()].concat();
    [op(2, 8, 20), op(0, 0, port), op(3, 8, 12), op(0, 0, port)].concat()
}

#[test]
fn the_kernel_runs_a_filter_program() {
    if !enter() {
        return;
    }
    loopback();
    let (first, _second) = (listener(LOCALHOST), listener(LOCALHOST));
    let port = first.local_addr().unwrap().port();
    let diag = diag();
    let rows = dump(&diag, Query::new(Table::Tcp4).with_filter(port_program(port))).inet;
    assert_eq!(rows.iter().map(|row| row.local.port()).collect::<Vec<_>>(), [port]);
    let bad = Request::Dump(Query::new(Table::Tcp4).with_filter(vec![99; 8]));
    let error =
        diag.visit(&bad, &Limits::default(), &Uninterrupted, &mut Rows::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    // The socket is of use after an error.
    assert_eq!(dump(&diag, Query::new(Table::Tcp4)).inet.len(), 2);
}

/// More sockets than one datagram tells of.
const MANY: u16 = 400;

#[test]
fn a_dump_that_was_given_up_is_drained() {
    if !enter() {
        return;
    }
    loopback();
    let _sockets: Vec<_> = (0..MANY).map(|_| udp(LOCALHOST)).collect();
    let diag = diag();
    let request = Request::Dump(Query::new(Table::Udp4));
    for enough in [1, 100, 399, 400] {
        let mut log = Log { enough: Some(enough), ..Log::default() };
        let report = diag.visit(&request, &Limits::default(), &Uninterrupted, &mut log).unwrap();
        assert!(report.stopped && log.sockets.len() == enough);
        assert_eq!(ask(&diag, &request).1.rows, MANY.into());
    }
    let limits = Limits { total_lines: 10, ..Limits::default() };
    let error = diag.visit(&request, &limits, &Uninterrupted, &mut Rows::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let error = diag.visit(&request, &Limits::default(), &|| true, &mut Rows::default());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(ask(&diag, &request).1.rows, MANY.into());
}

/// Asks the socket that it is called by.
struct Nested<'a>(&'a DiagSocket, Option<ErrorKind>);

impl Visitor for Nested<'_> {
    fn socket(&mut self, _: Socket<'_>) -> ControlFlow<()> {
        let request = Request::Dump(Query::new(Table::Udp4));
        let asked = self.0.visit(&request, &Limits::default(), &|| true, &mut Rows::default());
        self.1 = asked.err().map(|error| error.kind());
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn a_visitor_that_asks_in_turn_does_not_wait_for_ever() {
    if !enter() {
        return;
    }
    loopback();
    let _socket = udp(LOCALHOST);
    let diag = diag();
    let mut nested = Nested(&diag, None);
    let request = Request::Dump(Query::new(Table::Udp4));
    diag.visit(&request, &Limits::default(), &Uninterrupted, &mut nested).unwrap();
    assert_eq!(nested.1, Some(ErrorKind::Interrupted));
}

#[test]
fn threads_share_a_socket() {
    if !enter() {
        return;
    }
    loopback();
    let _sockets: Vec<_> = (0..MANY).map(|_| udp(LOCALHOST)).collect();
    let diag = diag();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let rows = dump(&diag, Query::new(Table::Udp4)).inet;
                    assert_eq!(rows.len(), usize::from(MANY));
                }
            });
        }
    });
}

#[test]
fn replies_can_be_copied_and_read_later() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let _connection = connection(&listening);
    let diag = diag();
    let request = Request::Dump(Query::new(Table::Tcp4).with_details(Details::ALL));
    let mut copy = Vec::new();
    let bytes = diag.copy_replies(&request, &Uninterrupted, &mut copy).unwrap();
    assert_eq!(bytes, u64::try_from(copy.len()).unwrap());
    let sequence = Messages::new(&copy).next().unwrap().unwrap().sequence;
    let mut rows = Rows::default();
    let datagrams = [copy.as_slice()];
    let limits = Limits::default();
    visit_datagrams(&request, sequence, datagrams, &limits, &Uninterrupted, &mut rows).unwrap();
    assert_eq!(rows.inet.len(), 3);
}

#[test]
fn another_decoder_agrees_about_live_replies() {
    if !enter() {
        return;
    }
    loopback();
    let (tcp, tcp6) = (listener(LOCALHOST), listener(LOCALHOST6));
    let (_four, _six) = (connection(&tcp), connection(&tcp6));
    let _udp = udp(LOCALHOST);
    let name = std::os::unix::net::SocketAddr::from_abstract_name("a b").unwrap();
    let _unix = UnixListener::bind_addr(&name).unwrap();
    let diag = diag();
    for table in [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Unix] {
        let request = Request::Dump(Query::new(table).with_details(Details::ALL));
        let mut copy = Vec::new();
        diag.copy_replies(&request, &Uninterrupted, &mut copy).unwrap();
        for message in Messages::new(&copy).map(Result::unwrap).filter(|found| found.kind == 20) {
            match table {
                Table::Unix => compare_unix(message.payload),
                _ => compare_inet(table, message.payload),
            }
        }
    }
}

#[test]
fn both_sources_agree_where_both_can_know() {
    if !enter() {
        return;
    }
    loopback();
    let (tcp, tcp6) = (listener(LOCALHOST), listener((Ipv6Addr::UNSPECIFIED, 0)));
    let _held = (connection(&tcp), udp(LOCALHOST), udp(LOCALHOST6));
    let _packet = socket(AddressFamily::PACKET, SocketType::RAW, None).unwrap();
    let name = std::os::unix::net::SocketAddr::from_abstract_name("a b").unwrap();
    let _unix = UnixListener::bind_addr(&name).unwrap();
    let tables = SocketTables::open_ambient(token()).unwrap();
    for table in [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Udp6] {
        let (text, wire) = both(&tables, table);
        let known = |row: &InetSocket| {
            // The text table has no limit of a listener's queue.
            let send = if row.state == TcpState::Listen { 0 } else { row.queues.send };
            let id = (row.protocol, row.local, row.remote, row.state.number());
            (id, row.queues.recv, send, row.uid, row.inode)
        };
        assert_eq!(sorted(&text.inet, known), sorted(&wire.inet, known), "{table}");
        assert!(!wire.inet.is_empty());
    }
    let (text, wire) = both(&tables, Table::Unix);
    let known = |row: &UnixSocket| (row.inode, row.kind, row.state, row.name.clone(), row.flags);
    assert_eq!(sorted(&text.unix, known), sorted(&wire.unix, known));
    let (text, wire) = both(&tables, Table::Packet);
    let known = |row: &PacketSocket| {
        (row.inode, row.kind, row.protocol, row.interface, row.running, row.uid)
    };
    assert_eq!(sorted(&text.packet, known), sorted(&wire.packet, known));
    let (text, wire) = both(&tables, Table::Netlink);
    assert_eq!(sorted(&text.netlink, |row| *row), sorted(&wire.netlink, |row| *row));
    drop(tcp6);
}

/// Reads a table from both sources.
#[track_caller]
fn both(tables: &SocketTables, table: Table) -> (Rows, Rows) {
    let limits = Limits::default();
    let (mut text, mut wire) = (Rows::default(), Rows::default());
    let read = tables.visit(table, &limits, &Uninterrupted, &mut text).unwrap();
    assert_eq!(read.source, Source::Proc);
    let query = Query::new(table);
    let read = tables.visit_query(&query, &limits, &Uninterrupted, &mut wire).unwrap();
    assert_eq!(read.source, Source::Diag);
    (text, wire)
}

fn sorted<T, K: Ord>(rows: &[T], key: impl Fn(&T) -> K) -> Vec<K> {
    let mut keys: Vec<K> = rows.iter().map(key).collect();
    keys.sort();
    keys
}

#[rstest]
#[case::raw(Table::Raw4)]
#[case::ping(Table::Icmp4)]
fn a_table_without_a_handler_is_read_as_text(#[case] table: Table) {
    if !enter() {
        return;
    }
    let tables = SocketTables::open_ambient(token()).unwrap();
    let request = Request::Dump(Query::new(table));
    let limits = Limits::default();
    let mut rows = Rows::default();
    let diag = tables.diag().unwrap();
    let asked = diag.visit(&request, &limits, &Uninterrupted, &mut rows);
    let answer = tables.visit_query(&Query::new(table), &limits, &Uninterrupted, &mut rows);
    match asked {
        Ok(_) => assert_eq!(answer.unwrap().source, Source::Diag),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NoHandler);
            assert_eq!(answer.unwrap().source, Source::Proc);
        }
    }
}

#[test]
fn one_call_reads_a_table_from_whichever_source_answers() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let tables = SocketTables::open_ambient(token()).unwrap();
    let rows = tables.inet_connections(Family::V4, InetProtocol::Tcp).unwrap();
    assert_eq!((rows.len(), rows.source), (1, Source::Diag));
    assert_eq!(rows[0].local, listening.local_addr().unwrap());
    let (pair, _other) = UnixDatagram::pair().unwrap();
    assert!(tables.unix_connections().unwrap().len() >= 2);
    drop(pair);
}

#[test]
fn a_fake_root_never_asks_the_kernel() {
    let root = tempfile::tempdir().unwrap();
    let dir = cap_std::fs::Dir::open_ambient_dir(root.path(), token()).unwrap();
    dir.create_dir("net").unwrap();
    dir.write("net/tcp", "header\n").unwrap();
    let tables = SocketTables::from_dir(dir);
    assert!(tables.diag().is_none());
    let rows = tables.inet_connections(Family::V4, InetProtocol::Tcp).unwrap();
    assert_eq!((rows.len(), rows.source), (0, Source::Proc));
    let missing = |table| {
        let query = Query::new(table);
        let limits = Limits::default();
        tables.visit_query(&query, &limits, &Uninterrupted, &mut Rows::default()).unwrap_err()
    };
    assert_eq!(missing(Table::Unix).kind(), ErrorKind::Missing);
    assert_eq!(missing(Table::Vsock).kind(), ErrorKind::Missing);
}

#[test]
fn a_socket_is_destroyed() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let (_here, mut there) = connection(&listening);
    let diag = diag();
    let right = KillAuthority::from_ambient(token());
    let lookup = lookup(&diag, Table::Tcp4, there.local_addr().unwrap());
    let other = InetLookup { cookie: Cookie::new(1), ..lookup };
    match diag.destroy(&right, &other, &Uninterrupted) {
        // The kernel was built without it.
        Err(error) if error.kind() == ErrorKind::Unsupported => return,
        destroyed => assert_eq!(destroyed.unwrap_err().kind(), ErrorKind::NotFound),
    }
    diag.destroy(&right, &lookup, &Uninterrupted).unwrap();
    let error = there.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
    let again = diag.destroy(&right, &lookup, &Uninterrupted).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::NotFound);
}

#[test]
fn the_end_of_a_socket_is_told() {
    if !enter() {
        return;
    }
    loopback();
    let socket = listener(LOCALHOST6);
    let diag = diag();
    let cookie = lookup(&diag, Table::Tcp6, socket.local_addr().unwrap()).cookie;
    let right = EventAuthority::from_ambient(token());
    let mut events = DestroyEvents::open_ambient(&right, EventGroups::ALL).unwrap();
    let at_most = Duration::from_millis(1);
    let mut rows = Rows::default();
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 0);
    drop(socket);
    // Far longer than it takes; it ends with the event.
    let at_most = Duration::from_mins(1);
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 1);
    assert_eq!((rows.inet[0].cookie, rows.inet[0].state), (cookie, TcpState::Close));
    let error = events.wait(at_most, &|| true, &mut rows).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}
