//! Two sources, and two decoders, for the same sockets.

use std::{
    net::Ipv6Addr,
    os::linux::net::SocketAddrExt,
    os::unix::net::{UnixDatagram, UnixListener},
};

use procnetsocket::{
    Details, ErrorKind, Family, Limits, Query, SocketTables, Source, Table, TableQuery,
    Uninterrupted,
    diag::{Messages, Request},
    model::{InetSocket, PacketSocket, TcpState, UnixSocket},
};
use rstest::rstest;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketType,
    netlink::{SOCK_DIAG, SocketAddrNetlink},
    recv, sendto,
};

use super::{DumpedRows, LOCALHOST, LOCALHOST6, connection, diag, listener, socket, token, udp};
use crate::diag::{
    namespace::{enter, loopback},
    opinion::{compare_inet, compare_unix},
};

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
        let request = Request::Dump(TableQuery { details: Details::ALL, ..TableQuery::new(table) });
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

/// Kernel: the attribute is known since 5.9. An older kernel ignores it, as each does an unknown
/// attribute, and then the byte of the protocol counts.
#[test]
fn kernel_without_the_protocol_attribute_shows_no_tcp_socket_as_mptcp() {
    if !enter() {
        return;
    }
    loopback();
    let _tcp = (listener(LOCALHOST), listener(LOCALHOST6));
    let unknown = 40_u16.to_ne_bytes();
    for table in [Table::Mptcp4, Table::Mptcp6] {
        let mut request = Vec::new();
        Request::Dump(TableQuery::new(table)).encode(7, &mut request);
        // The header, `struct inet_diag_req_v2` and the length of the attribute come before.
        let kind = request.get_mut(16 + 56 + 2..).and_then(|rest| rest.first_chunk_mut()).unwrap();
        assert_eq!(*kind, 3_u16.to_ne_bytes());
        *kind = unknown;
        let diag = socket(AddressFamily::NETLINK, SocketType::DGRAM, Some(SOCK_DIAG)).unwrap();
        sendto(&diag, &request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).unwrap();
        let mut reply = [0; 4096];
        let (length, _) = recv(&diag, &mut reply, RecvFlags::empty()).unwrap();
        let message = Messages::new(&reply[..length]).next().unwrap().unwrap();
        // `NLMSG_DONE`, with `-ENOENT`.
        assert_eq!((message.kind, &message.payload[..4]), (3, &(-2_i32).to_ne_bytes()[..]));
    }
}

#[test]
fn both_sources_agree_about_common_fields() {
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
fn both(tables: &SocketTables, table: Table) -> (DumpedRows, DumpedRows) {
    let limits = Limits::default();
    let (mut text, mut wire) = (DumpedRows::default(), DumpedRows::default());
    let read = tables
        .visit_with(&Query::new(table).with_source(Source::ProcText).with_limits(limits), &mut text)
        .unwrap();
    assert_eq!(read.source, Source::ProcText);
    let query = Query::new(table);
    let read = tables.visit_with(&query.with_limits(limits), &mut wire).unwrap();
    assert_eq!(read.source, Source::SockDiag);
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
fn table_without_a_handler_is_read_as_text(#[case] table: Table) {
    if !enter() {
        return;
    }
    let tables = SocketTables::open_ambient(token()).unwrap();
    let request = Request::Dump(TableQuery::new(table));
    let limits = Limits::default();
    let mut rows = DumpedRows::default();
    let diag = tables.diag().unwrap();
    let asked = diag.visit(&request, limits, &mut rows);
    let answer = tables.visit_with(&Query::new(table).with_limits(limits), &mut rows);
    match asked {
        Ok(_) => assert_eq!(answer.unwrap().source, Source::SockDiag),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NoHandler);
            assert_eq!(answer.unwrap().source, Source::ProcText);
        }
    }
}

#[test]
fn one_call_reads_a_table_from_either_source() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let tables = SocketTables::open_ambient(token()).unwrap();
    let rows = tables.list(&Query::tcp().family(Family::V4)).unwrap();
    assert_eq!((rows.len(), rows.source), (1, Source::SockDiag));
    assert_eq!(rows[0].local, listening.local_addr().unwrap());
    let (pair, _other) = UnixDatagram::pair().unwrap();
    assert!(tables.list(&Query::unix()).unwrap().len() >= 2);
    drop(pair);
}

#[test]
fn fake_root_never_uses_sock_diag() {
    let root = tempfile::tempdir().unwrap();
    let dir = open(root.path());
    dir.create_dir("net").unwrap();
    dir.write("net/tcp", "header\n").unwrap();
    let tables = SocketTables::from_dir(dir);
    assert!(tables.diag().is_none());
    let rows = tables.list(&Query::tcp().family(Family::V4)).unwrap();
    assert_eq!((rows.len(), rows.source), (0, Source::ProcText));
    let missing = |table| {
        let query = Query::new(table);
        let limits = Limits::default();
        tables.visit_with(&query.with_limits(limits), &mut DumpedRows::default()).unwrap_err()
    };
    assert_eq!(missing(Table::Unix).kind(), ErrorKind::Missing);
    assert_eq!(missing(Table::Vsock).kind(), ErrorKind::Missing);
}

#[expect(clippy::disallowed_methods, reason = "the test looks at its own directory")]
fn open(directory: &std::path::Path) -> cap_std::fs::Dir {
    cap_std::fs::Dir::open_ambient_dir(directory, token()).unwrap()
}
