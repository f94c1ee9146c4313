use std::{cell::Cell, sync::Arc, time::Duration};

use procnetsocket::Uninterrupted;
use rstest::rstest;
use testkit::{Datagram, FakeProc, Netlink, Packet, Tcp, Unix};

use super::*;
use crate::{
    names::Names,
    policy::{Grant, Policy, VisibleUsers},
    select::{FamilySet, StateSet},
    view::PolicyView,
};

/// Records a word for each row, and the problems as text.
#[derive(Default)]
struct Seen {
    rows: Vec<String>,
    problems: Vec<String>,
    stop_after: Option<usize>,
}

impl Sink for Seen {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let what = match socket {
            Socket::Inet(inet) => inet.local.to_string(),
            Socket::Unix(unix) => {
                unix.inode.map_or(0, procnetsocket::model::Inode::get).to_string()
            }
            Socket::Packet(packet) => packet.protocol.to_string(),
            Socket::Netlink(netlink) => netlink.port_id.to_string(),
            _ => String::new(),
        };
        self.rows.push(format!("{table:?} {what}"));
        match self.stop_after {
            Some(limit) if self.rows.len() >= limit => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.problems.push(match problem {
            ListingProblem::Row(row) => row.to_string(),
            ListingProblem::Table(table, error) => format!("{table}: {error}"),
            ListingProblem::Changed(table) => format!("{table} changed"),
            other => format!("{other:?}"),
        });
        ControlFlow::Continue(())
    }
}

fn view(root: &testkit::FakeRoot) -> PolicyView {
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    PolicyView::new(tables, Policy::default(), Names::default())
}

fn see(root: &FakeProc, selection: &Selection) -> (Seen, Collected) {
    let mut seen = Seen::default();
    let collected = view(&root.build()).collect(selection, &Uninterrupted, &mut seen).unwrap();
    (seen, collected)
}

fn one_of_each() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80"))
        .tcp(Tcp::listen("[::1]:80"))
        .udp(Datagram::bound("127.0.0.1:53"))
        .udp(Datagram::bound("[::1]:53"))
        .raw(Datagram::bound("127.0.0.1:1"))
        .raw(Datagram::bound("[::1]:58"))
        .unix(Unix::stream().inode(9))
        .packet(Packet::raw(3))
        .netlink(Netlink::new(0, 7))
}

#[test]
fn tables_are_in_the_order_of_ss() {
    let (seen, collected) = see(&one_of_each(), &Selection::everything());
    assert_eq!(
        seen.rows,
        [
            "Netlink 7",
            "PacketRaw 3",
            "UnixStream 9",
            "Raw 127.0.0.1:1",
            "Raw [::1]:58",
            "Udp 127.0.0.1:53",
            "Udp [::1]:53",
            "Tcp 127.0.0.1:80",
            "Tcp [::1]:80",
        ]
    );
    assert_eq!((collected.rows, collected.problems, collected.stopped), (9, 0, false));
}

#[rstest]
#[case::one_family(
    Selection { families: FamilySet::of(AddressFamily::Inet6), ..Selection::everything() },
    &["Raw [::1]:58", "Udp [::1]:53", "Tcp [::1]:80"]
)]
#[case::one_table(
    Selection { tables: TableSet::of(SocketTable::Udp), ..Selection::everything() },
    &["Udp 127.0.0.1:53", "Udp [::1]:53"]
)]
#[case::one_state(
    Selection {
        states: StateSet::of(procnetsocket::model::TcpState::Listen),
        ..Selection::everything()
    },
    &["Tcp 127.0.0.1:80", "Tcp [::1]:80"]
)]
fn row_needs_its_table_its_family_and_its_state(
    #[case] selection: Selection,
    #[case] rows: &[&str],
) {
    assert_eq!(see(&one_of_each(), &selection).0.rows, rows);
}

#[test]
fn unix_sockets_are_sorted_by_type_and_inode() {
    let root = FakeProc::new()
        .unix(Unix::seqpacket().inode(1))
        .unix(Unix::stream().inode(30))
        .unix(Unix::datagram().inode(2))
        .unix(Unix::stream().inode(4));
    let rows = see(&root, &Selection::everything()).0.rows;
    assert_eq!(rows, ["UnixStream 4", "UnixStream 30", "UnixDatagram 2", "UnixSeqPacket 1"]);
}

#[test]
fn unix_sockets_are_sorted_in_batches() {
    let count = u64::try_from(UNIX_BATCH).unwrap() + 2;
    let root =
        (1..=count).rev().fold(FakeProc::new(), |root, n| root.unix(Unix::stream().inode(n)));
    let rows = see(&root, &Selection::everything()).0.rows;
    assert_eq!(rows.first().unwrap(), "UnixStream 3");
    assert_eq!(rows[UNIX_BATCH..], ["UnixStream 1", "UnixStream 2"]);
}

#[test]
fn unknown_types_are_shown_with_every_type() {
    let root = FakeProc::new().unix(Unix::new(3).inode(1)).packet(Packet::new(10, 5));
    for table in [SocketTable::UnixStream, SocketTable::UnixSeqPacket] {
        let selection = Selection { tables: TableSet::of(table), ..Selection::everything() };
        assert_eq!(see(&root, &selection).0.rows, ["UnixDatagram 1"]);
    }
    let selection =
        Selection { tables: TableSet::of(SocketTable::PacketRaw), ..Selection::everything() };
    assert_eq!(see(&root, &selection).0.rows, ["PacketDatagram 5"]);
}

#[test]
fn datagram_socket_with_a_pointer_counts_as_connected() {
    let connected = |pointer: u64| {
        let root = FakeProc::new().unix(Unix::datagram().state(1).pointer(pointer));
        let states = StateSet::of(procnetsocket::model::TcpState::Established);
        !see(&root, &Selection { states, ..Selection::everything() }).0.rows.is_empty()
    };
    assert!(connected(1));
    assert!(!connected(0));
    assert!(!connected(1 << 32));
}

#[test]
fn problems_are_reported_and_rest_is_listed() {
    let root = one_of_each().raw_line(testkit::ProcTable::Tcp, "nonsense").raw_file("net/udp", "");
    let root = root.without(testkit::ProcTable::Raw);
    let (seen, collected) = see(&root, &Selection::everything());
    assert_eq!(seen.problems.len(), 1, "{:?}", seen.problems);
    assert!(seen.problems[0].starts_with("net/tcp line 3"), "{:?}", seen.problems);
    assert_eq!((collected.rows, collected.problems), (7, 1));
}

#[test]
fn table_that_cannot_be_read_is_a_problem() {
    let root = one_of_each().without(testkit::ProcTable::Tcp).raw_file("net/tcp/x", "");
    let (seen, collected) = see(&root, &Selection::everything());
    assert_eq!(seen.problems.len(), 1, "{:?}", seen.problems);
    assert!(seen.problems[0].starts_with("tcp: "), "{:?}", seen.problems);
    assert_eq!(collected.rows, 8);
}

fn named(table: SocketTable) -> Selection {
    let tables = TableSet::of(table);
    Selection { tables, named: tables, ..Selection::everything() }
}

const PROTOCOLS: &str = "protocol  size sockets\nRAW 1 0\nRAWv6 1 0\nSCTP 1 0\nDCCPv6 1 0\n\
                         AF_VSOCK 1 0\n";

#[rstest]
#[case::one_of_two(one_of_each().without(testkit::ProcTable::Raw6), SocketTable::Raw, 1)]
#[case::both(FakeProc::bare(), SocketTable::Raw, 1)]
#[case::there(one_of_each(), SocketTable::Raw, 0)]
#[case::without_text(FakeProc::new(), SocketTable::Sctp, 1)]
#[case::without_any_source(FakeProc::new(), SocketTable::Dccp, 1)]
#[case::one_table_of_a_family(FakeProc::new(), SocketTable::VsockStream, 1)]
#[case::not_of_this_kernel(FakeProc::new(), SocketTable::Mptcp, 0)]
fn named_table_that_nothing_reports_is_a_problem(
    #[case] root: FakeProc,
    #[case] table: SocketTable,
    #[case] problems: usize,
) {
    let root = root.raw_file("net/protocols", PROTOCOLS);
    let (seen, collected) = see(&root, &named(table));
    assert_eq!(seen.problems.len(), problems, "{:?}", seen.problems);
    assert_eq!(collected.problems, u64::try_from(problems).unwrap());
    assert!(seen.problems.iter().all(|problem| problem.starts_with("Unreported")));
    // The table is not selected by name.
    let (seen, _) = see(&root, &Selection { named: TableSet::EMPTY, ..named(table) });
    assert_eq!(seen.problems, Vec::<String>::new());
    // Without this file the protocols of the kernel are unknown.
    let (seen, _) = see(&root.clone().without_file("net/protocols"), &named(table));
    assert_eq!(seen.problems, Vec::<String>::new());
    let (seen, _) = see(&root.raw_file("net/protocols", "\n"), &named(table));
    assert_eq!(seen.problems.len(), usize::from(table != SocketTable::Raw || problems > 0));
}

#[test]
fn hidden_families_are_not_reported() {
    let root = FakeProc::new().raw_file("net/protocols", PROTOCOLS).build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::default().with_families(FamilySet::of(AddressFamily::Inet));
    let view = PolicyView::new(tables, policy, Names::default());
    let mut seen = Seen::default();
    view.collect(&named(SocketTable::VsockStream), &Uninterrupted, &mut seen).unwrap();
    assert_eq!(seen.problems, Vec::<String>::new());
}

#[test]
fn sink_can_stop_in_every_table() {
    let root = one_of_each();
    for limit in 1..=9 {
        let mut seen = Seen { stop_after: Some(limit), ..Seen::default() };
        let collected = view(&root.build())
            .collect(&Selection::everything(), &Uninterrupted, &mut seen)
            .unwrap();
        assert_eq!(seen.rows.len(), limit);
        assert!(collected.stopped);
    }
}

#[test]
fn interruption_ends_it() {
    let asked = Cell::new(0);
    let interrupt = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let error = view(&one_of_each().build())
        .collect(&Selection::everything(), &interrupt, &mut Seen::default())
        .unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Interrupted);
}

fn see_under(policy: Policy) -> Result<Collected, crate::ErrorKind> {
    let root = one_of_each().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let view = PolicyView::new(tables, policy, Names::default());
    view.collect(&Selection::everything(), &Uninterrupted, &mut Seen::default())
        .map_err(|error| error.kind())
}

#[rstest]
#[case::enough(9, Ok(9))]
#[case::one_too_many(8, Err(crate::ErrorKind::MaxRows))]
#[case::one(1, Err(crate::ErrorKind::MaxRows))]
fn policy_bounds_the_rows(#[case] max: u64, #[case] rows: Result<u64, crate::ErrorKind>) {
    let policy = Policy::default().with_max_rows(NonZeroU64::new(max));
    assert_eq!(see_under(policy).map(|collected| collected.rows), rows);
}

#[test]
fn hidden_rows_do_not_count_for_the_bound() {
    let policy = Policy::default()
        .with_families(FamilySet::of(AddressFamily::Unix))
        .with_max_rows(NonZeroU64::new(1));
    assert_eq!(see_under(policy).map(|collected| collected.rows), Ok(1));
}

#[test]
fn policy_bounds_the_time() {
    let policy = Policy::default().with_max_time(Some(Duration::ZERO));
    assert_eq!(see_under(policy), Err(crate::ErrorKind::MaxTime));
}

#[test]
fn counters_are_refused_where_sockets_are_hidden() {
    let root = one_of_each().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::default().with_users(VisibleUsers::Uid(7));
    let view = PolicyView::new(tables, policy, Names::default());
    for refused in
        [view.sockstat().map(drop), view.sockstat6().map(drop), view.established().map(drop)]
    {
        assert_eq!(refused.unwrap_err().kind(), crate::ErrorKind::Narrowed);
    }
}

#[test]
fn malformed_rows_are_hidden_when_one_user_is_shown() {
    let root = one_of_each().raw_line(testkit::ProcTable::Tcp, "nonsense").build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::default().with_users(VisibleUsers::Uid(0));
    let view = PolicyView::new(tables, policy, Names::default());
    let mut seen = Seen::default();
    view.collect(&Selection::everything(), &Uninterrupted, &mut seen).unwrap();
    assert_eq!(seen.problems, Vec::<String>::new());
}

#[test]
fn listing_is_refused_without_grant() {
    let root = one_of_each().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let others = Grant::ALL.into_iter().filter(|grant| *grant != Grant::Sockets);
    for policy in [Policy::nothing(), Policy::new(others.collect())] {
        let view = PolicyView::new(Arc::clone(&tables), policy, Names::default());
        let mut seen = Seen::default();
        let error = view.collect(&Selection::everything(), &Uninterrupted, &mut seen).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::NotGranted(Grant::Sockets));
        assert!(seen.rows.is_empty() && seen.problems.is_empty());
        assert!(view.sockstat().is_err() && view.sockstat6().is_err());
        assert!(view.established().is_err() && view.local_port_range().is_none());
    }
}
