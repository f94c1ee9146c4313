//! The two sources of the library, sock_diag and the text tables, report the same where both can.

#![expect(clippy::disallowed_methods, reason = "the test opens the namespace's own tables")]

use std::{fmt::Write as _, ops::ControlFlow};

use bstr::ByteSlice;
use cap_std::ambient_authority;
use procnetsocket::{
    Details, Limits, Query, RowError, SocketTables, Source, Table, Visitor,
    model::{
        InetInfo, InetSocket, NetlinkSocket, PacketSocket, Socket, TcpState, UnixName, UnixSocket,
    },
};

use super::{fixture::Fixture, namespace::inside};
use crate::workspace;

/// How often both are read again because the kernel changed something in between.
const ATTEMPTS: usize = 20;
/// Rows that are printed of those that only one source reports.
const SHOWN: usize = 10;

/// Tables, and the source of their rows on the usual kernels.
const TABLES: [(Table, Source); 10] = [
    (Table::Tcp4, Source::SockDiag),
    (Table::Tcp6, Source::SockDiag),
    (Table::Udp4, Source::SockDiag),
    (Table::Udp6, Source::SockDiag),
    (Table::UdpLite4, Source::SockDiag),
    (Table::Raw4, Source::ProcText),
    (Table::Raw6, Source::ProcText),
    (Table::Unix, Source::SockDiag),
    (Table::Packet, Source::SockDiag),
    (Table::Netlink, Source::SockDiag),
];

/// Keeps the fields of each socket that both sources report.
#[derive(Default)]
struct CommonFields(Vec<String>);

impl Visitor for CommonFields {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.extend(match socket {
            Socket::Inet(socket) => inet(socket),
            Socket::Unix(socket) => unix(socket),
            Socket::Packet(socket) => Some(packet(socket)),
            Socket::Netlink(socket) => netlink(socket),
            other => panic!("no text table has {other:?}"),
        });
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}");
    }
}

fn inet(socket: &InetSocket) -> Option<String> {
    // Kernel: the text table leaves out sockets that are bound and idle.
    if socket.state == TcpState::BoundInactive {
        return None;
    }
    let InetSocket { local, remote, state, inode, uid, .. } = socket;
    // An address of the text table has no scope.
    let end = |end: &std::net::SocketAddr| format!("{} {}", end.ip(), end.port());
    let (local, remote) = (end(local), end(remote));
    let timer = socket.timer.map(|timer| timer.kind);
    let mut row = format!("{local} {remote} {state:?} {inode:?} uid {uid} timer {timer:?}");
    let _ = write!(row, " recv {} drops {:?}", socket.queues.recv, socket.drops);
    // Kernel: the text table has no limit of pending connections there.
    if *state != TcpState::Listen {
        let _ = write!(row, " send {}", socket.queues.send);
        let window = match &socket.detail.info {
            Some(InetInfo::Tcp(info)) => Some(info.congestion_window),
            _ => socket.tcp.map(|tcp| tcp.congestion_window),
        };
        // Kernel: a connection in TIME-WAIT or half open has no window.
        let _ = write!(row, " window {:?}", window.filter(|_| inode.is_some()));
    }
    Some(row)
}

fn unix(socket: &UnixSocket) -> Option<String> {
    // Kernel: sock_diag leaves out connections that wait to be accepted.
    let inode = socket.inode?;
    // Kernel: the text table prints NUL bytes as `@`.
    let name = match &socket.name {
        UnixName::Abstract(name) => ["@".into(), name.replace("\0", "@")].concat(),
        name => name.bytes().map(|name| name.to_vec()).unwrap_or_default(),
    };
    Some(format!("{inode:?} {:?} {:?} {:?}", socket.kind, socket.state, name.as_bstr()))
}

fn packet(socket: &PacketSocket) -> String {
    let PacketSocket { kind, protocol, interface, running, recv, uid, inode, .. } = socket;
    format!("{inode:?} {kind:?} {protocol} {interface:?} {running} recv {recv} uid {uid}")
}

/// Returns sockets of the fixture, not those of the listing programs.
fn netlink(socket: &NetlinkSocket) -> Option<String> {
    let NetlinkSocket { protocol, port_id, groups, recv, send, .. } = socket;
    (*port_id >= 1_000_000_000)
        .then(|| format!("{protocol} {port_id} groups {groups} recv {recv} send {send}"))
}

/// Reads a table from sock_diag if it can, or from the text.
fn read(tables: &SocketTables, table: Table, source: Source) -> (Source, Vec<String>) {
    let mut common = CommonFields::default();
    let limits = Limits::default();
    let report = if source == Source::ProcText {
        tables.visit_with(
            &Query::new(table).with_source(Source::ProcText).with_limits(limits),
            &mut common,
        )
    } else {
        let query = Query::new(table).with_details(Details::ALL);
        tables.visit_with(&query.with_limits(limits), &mut common)
    };
    common.0.sort();
    if table == Table::Netlink {
        // Kernel: sock_diag lists a netlink socket once more when it is in a multicast group.
        common.0.dedup();
    }
    (report.unwrap_or_else(|error| panic!("{table:?}: {error}")).source, common.0)
}

fn agree(tables: &SocketTables, table: Table, usual: Source) -> Result<(), String> {
    for attempt in 1.. {
        let (source, before) = read(tables, table, Source::SockDiag);
        let (_, text) = read(tables, table, Source::ProcText);
        let (_, after) = read(tables, table, Source::SockDiag);
        if source != Source::SockDiag && usual == Source::SockDiag {
            assert!(!workspace::is_ci(), "{table:?} needs a kernel with its sock_diag handler");
            eprintln!("*** {table:?} HAS NO HANDLER HERE: the text is compared with itself. ***");
        }
        if before != after && attempt < ATTEMPTS {
            continue;
        }
        if text == before {
            eprintln!("live {table:?}: {} rows, the same from {source:?} and text", text.len());
            return Ok(());
        }
        let alone = |one: &[String], other: &[String]| {
            let alone = one.iter().filter(|row| !other.contains(row)).take(SHOWN);
            alone.fold(String::new(), |text, row| text + "\n    " + row)
        };
        let [diag, text] = [alone(&before, &text), alone(&text, &before)];
        return Err(format!("{table:?}:\n  only in sock_diag:{diag}\n  only in text:{text}"));
    }
    unreachable!("the last attempt returns")
}

#[test]
fn sock_diag_and_text_tables_agree() {
    inside("live::agree::sock_diag_and_text_tables_agree", || {
        let _fixture = Fixture::new();
        let tables = SocketTables::open_ambient(ambient_authority()).unwrap();
        let failures: Vec<_> = TABLES
            .into_iter()
            .filter_map(|(table, usual)| agree(&tables, table, usual).err())
            .collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    });
}
