//! Filters.
//!
//! ```text
//! first byte: the family that an option chose      the rest: the text
//! ```

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use bstr::{BStr, BString, ByteSlice as _};
use procnetsocket::{
    Limits, Query, RowError, SocketTables, Source, Table, Uninterrupted, Visitor,
    model::{OwnedSocket, Socket},
};
use socket_query::{
    AddressFamily, CgroupPaths, Filter, Grant, Names, Policy, PolicyView, TableSet,
    expr::{Expr, FilterText, Parsed},
};
use testkit::{Datagram, FakeProc, FakeRoot, Netlink, Packet, Tcp, Unix};

use super::{printed::assert_harmless, program};

const FAMILIES: [Option<AddressFamily>; 7] = [
    None,
    Some(AddressFamily::Inet),
    Some(AddressFamily::Inet6),
    Some(AddressFamily::Unix),
    Some(AddressFamily::Packet),
    Some(AddressFamily::Netlink),
    Some(AddressFamily::Vsock),
];

const TABLES: [Table; 7] = [
    Table::Tcp4,
    Table::Tcp6,
    Table::Udp4,
    Table::Udp6,
    Table::Unix,
    Table::Packet,
    Table::Netlink,
];

thread_local! {
    static MACHINE: FilterMachine = FilterMachine::new();
}

/// The names for parsing filters, and the sockets for evaluating them.
struct FilterMachine {
    view: PolicyView,
    sockets: Vec<OwnedSocket>,
    _root: FakeRoot,
}

impl FilterMachine {
    fn new() -> Self {
        let root = root();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let mut rows = ReadRows(Vec::new());
        for table in TABLES {
            let limits = Limits::default();
            tables
                .visit_with(
                    &Query::new(table).with_source(Source::ProcText).with_limits(limits),
                    &mut rows,
                )
                .expect("every table is there");
        }
        let policy = Policy::new([Grant::Sockets].into_iter().collect());
        let view = PolicyView::new(tables, policy, Names::default()).with_cgroups(Arc::new(Groups));
        Self { view, sockets: rows.0, _root: root }
    }

    fn parse(&self, text: &BStr, family: Option<AddressFamily>) -> Option<Parsed> {
        match self.view.parse_filter(
            &FilterText::from_iter([text]),
            TableSet::ALL,
            family,
            &Uninterrupted,
        ) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                assert_harmless(&error.to_string().into());
                None
            }
        }
    }

    /// Returns which of the sockets are admitted.
    fn admitted(&self, expr: &Expr) -> Vec<bool> {
        let filter = self.view.filter(Some(expr.clone()));
        let sockets = self.sockets.iter().map(OwnedSocket::as_socket);
        sockets.map(|socket| filter.admits(&socket)).collect()
    }
}

fn root() -> FakeRoot {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").uid(7).inode(1))
        .tcp(Tcp::established("10.0.0.1:22", "10.128.7.1:40000").inode(2))
        .tcp(Tcp::established("[::1]:22", "[::1]:40000").inode(3))
        .tcp(Tcp::established("[::ffff:10.0.0.1]:22", "[::ffff:10.1.0.1]:1").inode(4))
        .udp(Datagram::bound("0.0.0.0:65535").inode(5))
        .udp(Datagram::bound("[2001:db8::1]:53").inode(6))
        .unix(Unix::stream().path("/run/a b\\[x]\x1b").inode(7))
        .unix(Unix::datagram().inode(8))
        .packet(Packet::raw(3).inode(9))
        .netlink(Netlink::new(0, 7).inode(10))
        .build()
}

/// Control groups without a file system.
struct Groups;

impl CgroupPaths for Groups {
    fn paths(&self) -> BTreeMap<u64, BString> {
        [(1, "/"), (7, "/a"), (9, "/a/b c")].map(|(id, path)| (id, path.into())).into()
    }
}

/// Keeps every row.
struct ReadRows(Vec<OwnedSocket>);

impl Visitor for ReadRows {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.push(socket.into());
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}");
    }
}

/// A parsed filter can be printed and parsed again, admits the same sockets each time, and the
/// others when it is negated. The kernel accepts its program, and leaves out no socket with it that
/// is admitted.
pub fn holds(input: &[u8]) {
    let Some((choice, text)) = input.split_first() else { return };
    let family = FAMILIES[usize::from(*choice) % FAMILIES.len()];
    MACHINE.with(|machine| {
        if let Some(expr) = machine.parse(text.as_bstr(), family).and_then(|parsed| parsed.expr) {
            understood(machine, &expr);
        }
    });
}

fn understood(machine: &FilterMachine, expr: &Expr) {
    let text = expr.to_text();
    assert_eq!(expr.to_string(), text.to_string());
    let again = machine.parse(text.as_bstr(), None).and_then(|parsed| parsed.expr);
    assert_eq!(again.as_ref(), Some(expr), "{text:?}");
    let admitted = machine.admitted(expr);
    assert_eq!(admitted, machine.admitted(expr), "{text:?}");
    let others: Vec<bool> = admitted.iter().map(|is_admitted| !is_admitted).collect();
    assert_eq!(others, machine.admitted(&expr.clone().negated()), "not {text:?}");
    for table in TABLES {
        program_is_of(machine, &machine.view.filter(Some(expr.clone())), table);
    }
}

/// The kernel accepts the program of a table, and it passes at least what the filter admits.
fn program_is_of(machine: &FilterMachine, filter: &Filter, table: Table) {
    let bytes = filter.program(table);
    if bytes.is_empty() {
        return;
    }
    program::audit(&bytes);
    for socket in &machine.sockets {
        let OwnedSocket::Inet(inet) = socket else { continue };
        let is_lost = filter.admits(&socket.as_socket()) && !program::accepts(&bytes, inet);
        assert!(!is_lost, "{filter:?} loses {inet:?}: {bytes:?}");
    }
}
