//! Replies that threads receive before they are needed.

use std::{
    cell::Cell,
    net::{TcpListener, TcpStream},
    ops::ControlFlow,
    os::fd::{AsFd as _, OwnedFd},
};

use procnetsocket::{
    ErrorKind, Limits, NamespaceSocket, ProcRoot, Query, SocketTables, Table, TableQuery, Visitor,
    diag::{DiagSocket, Request},
    model::{InetSocket, Socket, StateMask, TcpState},
};
use rustix::net::{AddressFamily, SocketFlags, SocketType, netlink::SOCK_DIAG, socket_with};

use super::{LOCALHOST, LOCALHOST6, ask, connection, listener, states, token};
use crate::diag::namespace::{enter, loopback};

/// Connections of one family: their sockets fill several datagrams, and all of them fit into the
/// 1024 files that a process may usually have open.
const CONNECTIONS: usize = 200;

/// Listeners and connections of both families, and their tables.
struct Busy {
    tables: SocketTables,
    _listeners: [TcpListener; 2],
    _connections: Vec<(TcpStream, TcpStream)>,
}

impl Busy {
    fn new() -> Self {
        loopback();
        let listeners = [listener(LOCALHOST), listener(LOCALHOST6)];
        let each = |listener| (0..CONNECTIONS).map(move |_| connection(listener));
        let connections = listeners.iter().flat_map(each).collect();
        let tables = SocketTables::open_ambient(token()).unwrap();
        Self { tables, _listeners: listeners, _connections: connections }
    }

    fn diag(&self) -> &DiagSocket {
        self.tables.diag().unwrap()
    }

    /// Returns the replies to one request for each table.
    fn dumped(&self, states: StateMask) -> Vec<InetSocket> {
        let tables = [Table::Tcp4, Table::Tcp6].map(|table| {
            let question = TableQuery { states, ..TableQuery::new(table) };
            ask(self.diag(), &Request::Dump(question)).0.inet
        });
        tables.concat()
    }

    fn listed(&self, query: &Query<'_, InetSocket>) -> Vec<InetSocket> {
        let mut rows = Vec::new();
        self.tables.visit(query, |socket| rows.extend(inet(socket))).unwrap();
        rows
    }
}

fn inet(socket: Socket<'_>) -> Option<InetSocket> {
    match socket {
        Socket::Inet(row) => Some(row.clone()),
        _ => None,
    }
}

#[test]
fn rows_and_order_are_those_of_one_request() {
    if !enter() {
        return;
    }
    let busy = Busy::new();
    for wanted in [
        StateMask::ALL,
        states(&[TcpState::Established]),
        states(&[TcpState::Listen, TcpState::Established]),
        states(&[TcpState::BoundInactive, TcpState::TimeWait]),
    ] {
        let mut dumped = busy.dumped(wanted);
        let mut listed = busy.listed(&Query::tcp().with_states(wanted));
        // The remaining time of a timer differs each time.
        dumped.iter_mut().chain(&mut listed).for_each(|row| row.timer = None);
        assert_eq!(listed, dumped, "{wanted:?}");
    }
    assert_eq!(busy.listed(&Query::tcp()).len(), 2 * (2 * CONNECTIONS + 1));
}

/// One walk then finds both families.
#[test]
fn sockets_of_a_family_stay_in_order_in_any_order() {
    if !enter() {
        return;
    }
    let busy = Busy::new();
    for wanted in [StateMask::ALL, states(&[TcpState::Listen]), states(&[TcpState::Established])] {
        let mut dumped = busy.dumped(wanted);
        let mut listed = busy.listed(&Query::tcp().with_states(wanted).in_any_order());
        dumped.iter_mut().chain(&mut listed).for_each(|row| row.timer = None);
        // OK because the sort is stable.
        listed.sort_by_key(|row| row.local.is_ipv6());
        assert_eq!(listed, dumped, "{wanted:?}");
    }
}

/// A socket that another process opened is the only one, so no thread receives ahead.
#[test]
fn single_socket_returns_the_same() {
    if !enter() {
        return;
    }
    let _busy = Busy::new();
    #[expect(clippy::disallowed_methods, reason = "the namespace of this thread")]
    let own = std::fs::File::open("/proc/thread-self/ns/net").unwrap();
    let several = SocketTables::open_ambient_in(token(), own.as_fd()).unwrap();
    let root = ProcRoot::open_ambient(token()).unwrap().into();
    let socket = NamespaceSocket { socket: netlink_socket(), port_range: None };
    let alone = SocketTables::of_socket(root, socket, None).unwrap();
    let list = |tables: &SocketTables| {
        let mut rows = Vec::new();
        let report = tables.visit(&Query::tcp(), |socket| rows.extend(inet(socket))).unwrap();
        assert_eq!(report.rows, u64::try_from(rows.len()).unwrap());
        for row in &mut rows {
            row.timer = None;
        }
        rows
    };
    assert_eq!(list(&alone), list(&several));
    assert_eq!(list(&alone).len(), 2 * (2 * CONNECTIONS + 1));
    // The rest of a reading that ended early is dropped.
    let read = alone.visit(&Query::tcp(), |_| ControlFlow::Break(())).unwrap();
    assert!(read.stopped);
    assert_eq!(list(&alone).len(), 2 * (2 * CONNECTIONS + 1));
}

#[expect(clippy::disallowed_methods, reason = "as another process would open it")]
fn netlink_socket() -> OwnedFd {
    socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG))
        .unwrap()
}

#[test]
fn reading_that_ends_early_leaves_the_sockets_usable() {
    if !enter() {
        return;
    }
    let busy = Busy::new();
    for enough in [1, CONNECTIONS, 2 * CONNECTIONS + 2] {
        let mut rows = 0;
        let report = busy.tables.visit(&Query::tcp(), |_| {
            rows += 1;
            if rows < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert!(report.unwrap().stopped);
        assert_eq!(rows, enough);
        assert_eq!(busy.listed(&Query::tcp()).len(), 2 * (2 * CONNECTIONS + 1));
    }
}

#[test]
fn interrupt_and_limit_end_the_reading() {
    if !enter() {
        return;
    }
    let busy = Busy::new();
    let rows = Cell::new(0);
    let interrupt = || rows.get() > CONNECTIONS;
    let query = Query::tcp().with_interrupt(&interrupt);
    let error = busy.tables.visit(&query, |_| rows.set(rows.get() + 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(rows.get() < 2 * CONNECTIONS);
    // The limit counts all the parts of a table together.
    for (limit, is_reached) in [(2 * CONNECTIONS, true), (2 * CONNECTIONS + 1, false)] {
        let total_lines = u64::try_from(limit).unwrap();
        let query = Query::tcp().with_limits(Limits { total_lines, ..Limits::default() });
        let read = busy.tables.visit(&query, |_| {});
        let expected = is_reached.then_some(ErrorKind::LimitExceeded);
        assert_eq!(read.err().map(|error| error.kind()), expected);
    }
}

/// Lists everything again at its first row, to a given depth.
struct Nested<'a>(&'a Busy, usize, usize);

impl Visitor for Nested<'_> {
    fn socket(&mut self, _: Socket<'_>) -> ControlFlow<()> {
        if self.2 == 0 && self.1 > 0 {
            let mut inner = Nested(self.0, self.1 - 1, 0);
            self.0.tables.visit_with(&Query::tcp(), &mut inner).unwrap();
            assert_eq!(inner.2, 2 * (2 * CONNECTIONS + 1));
        }
        self.2 += 1;
        ControlFlow::Continue(())
    }
}

#[test]
fn caller_sends_request_if_no_socket_is_free() {
    if !enter() {
        return;
    }
    let busy = Busy::new();
    let mut nested = Nested(&busy, 4, 0);
    busy.tables.visit_with(&Query::tcp(), &mut nested).unwrap();
    assert_eq!(nested.2, 2 * (2 * CONNECTIONS + 1));
}
