//! The kernel omits only sockets that the filter does not admit.

#![expect(clippy::disallowed_methods, reason = "the test opens the namespace's own tables")]

use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};

use bstr::ByteSlice as _;
use cap_std::ambient_authority;
use procnetsocket::{
    Query, RowError, SocketTables, Source, Table, Uninterrupted, Visitor,
    model::{Cookie, InetSocket, Socket},
};
use socket_query::{Filter, Names, Policy, PolicyView, SocketTable, TableSet, expr::FilterText};
use testkit::Xorshift;

use super::{fixture::Fixture, namespace::inside, program::Program};

const FILTERS: usize = 150;

/// Keeps the sockets of a table.
#[derive(Default)]
struct KeptSockets(Vec<InetSocket>);

impl Visitor for KeptSockets {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Socket::Inet(inet) = socket else { panic!("{socket:?}") };
        self.0.push(inet.clone());
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}");
    }
}

/// Returns the sockets that the kernel sends with a program.
fn dump(tables: &SocketTables, table: Table, program: Vec<u8>) -> Vec<InetSocket> {
    let mut keep = KeptSockets::default();
    let query = Query::new(table).with_filter(program);
    let report = tables.visit_with(&query, &mut keep).unwrap();
    assert_eq!(report.source, Source::SockDiag);
    keep.0
}

/// Returns which of them a filter admits.
fn admitted(filter: &Filter, sockets: &[InetSocket]) -> BTreeSet<u64> {
    let admitted = sockets.iter().filter(|inet| filter.admits(&Socket::Inet(inet)));
    admitted.filter_map(|inet| inet.cookie.map(Cookie::get)).collect()
}

/// Returns the text of a filter, without `autobound`, which only the kernel can evaluate exactly.
fn filter(random: &mut Xorshift, depth: u64) -> String {
    const PREDICATES: [&str; 20] = [
        "sport = :22",
        "sport > :1024",
        "dport <= :40000",
        "dport != :0",
        "sport ge :20000",
        "src 127.0.0.0/8",
        "src 127.0.0.1",
        "dst 127.0.0.1",
        "src [::1]",
        "dst [fe80::/10]",
        "src [::ffff:127.0.0.1]",
        "src *",
        "dst 0.0.0.0",
        "src *:22",
        "dev = lo",
        "dev != lo",
        "dev = 0",
        "fwmark = 1",
        "fwmark = 0",
        "fwmark = 0x1/0x1",
    ];
    match random.below(if depth == 0 { 3 } else { 6 }) {
        0..=2 => (*random.pick(&PREDICATES)).to_owned(),
        3 => format!("not ( {} )", filter(random, depth - 1)),
        4 => format!("( {} ) or ( {} )", filter(random, depth - 1), filter(random, depth - 1)),
        _ => format!("( {} ) and ( {} )", filter(random, depth - 1), filter(random, depth - 1)),
    }
}

#[test]
fn kernel_leaves_out_what_the_filter_does_not_admit() {
    inside("live::pushdown::kernel_leaves_out_what_the_filter_does_not_admit", || {
        let _fixture = Fixture::start(&[]);
        let tables = Arc::new(SocketTables::open_ambient(ambient_authority()).unwrap());
        let view = PolicyView::new(Arc::clone(&tables), Policy::default(), Names::default());
        let random = &mut Xorshift::new(8);
        // Sockets of the fixture are neither opened nor closed.
        let whole = [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Mptcp4]
            .map(|table| (table, dump(&tables, table, Vec::new())));
        let (mut saved, mut shown, mut programs) = (0, 0, 0);
        for _ in 0..FILTERS {
            let text = filter(random, 3);
            let mut words = FilterText::new();
            words.push(&text);
            let inet = TableSet::of(SocketTable::Tcp).union(TableSet::of(SocketTable::Udp));
            let parsed = view
                .parse_filter(&words, inet, None, &Uninterrupted)
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            let filter = view.filter(parsed.expr);
            for (table, all) in &whole {
                let program = filter.program(*table);
                if program.is_empty() {
                    continue;
                }
                let few = dump(&tables, *table, program);
                assert_eq!(admitted(&filter, all), admitted(&filter, &few), "{text} in {table}");
                programs += 1;
                saved += all.len() - few.len();
                shown += few.len();
            }
        }
        eprintln!("{programs} programs left out {saved} sockets and showed {shown}");
        assert!(saved > FILTERS && shown > FILTERS && programs > FILTERS);
    });
}

#[test]
fn filter_too_long_for_the_kernel_changes_no_row() {
    inside("live::pushdown::filter_too_long_for_the_kernel_changes_no_row", || {
        let _fixture = Fixture::start(&[]);
        let short = "sport >= 7000 and sport <= 7300";
        let long = format!("{short}{}", " or sport = 1".repeat(6000));
        let [short, long] = [short, long.as_str()]
            .map(|filter| Program::ours().run(&["-tanH".to_owned(), filter.to_owned()], None));
        assert!(short.stdout.contains_str(":7260"), "{}", short.stdout);
        assert_eq!(long, short);
    });
}
