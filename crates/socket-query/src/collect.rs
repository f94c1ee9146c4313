//! Which kernel tables are read for a selection, in which order, and which of their rows are handed
//! on.

use std::{cmp::Ordering, num::NonZeroU64, ops::ControlFlow, time::Instant};

use procnetsocket::{
    ErrorKind, Interrupt, Limits, Query, RowError, SocketTables, Table, Visitor,
    model::{
        InetProtocol, Inode, PacketKind, PacketSocket, Socket, Source, UnixKind, UnixSocket,
        VsockKind, VsockSocket,
    },
};

use crate::{
    error::Error,
    policy::{Policy, Redaction, Visibility},
    reading::{TableReading, Unreported},
    select::{AddressFamily, Selection, SocketTable, TableSet, state_of},
    sink::{Collected, ListingProblem, Sink},
    view::UsageCounter,
};

/// Unix sockets that are sorted together.
///
/// Compat: `ss` sorts them by type and inode, but only in batches (of what it keeps in 1 MiB), so
/// that its memory stays bounded; the order of a longer listing shows it.
const UNIX_BATCH: usize = 1681;

pub(crate) fn collect(
    source: &BoundedTables<'_>,
    selection: &Selection,
    interrupt: &dyn Interrupt,
    sink: &mut dyn Sink,
) -> Result<Collected, Error> {
    let BoundedTables { tables, policy, .. } = source;
    let deadline = policy.max_time().and_then(|time| Instant::now().checked_add(time));
    let is_late = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let is_over = || interrupt.is_interrupted() || is_late();
    let mut admit = Admit::new(source, selection, sink);
    let mut unreported = Unreported::new(selection);
    let readings: Vec<_> = TableReading::all_of(policy, selection)
        .map(|reading| {
            (reading, reading.table.map(|table| query(table, source, selection, &is_over)))
        })
        .collect();
    // Compat: requests that are under way count to the queue of the kernel's netlink socket, and
    // `ss` has one under way while it lists it. So netlink sockets are listed before anything else
    // is asked.
    let is_netlink = |(reading, _): &(&TableReading, _)| reading.table == Some(Table::Netlink);
    let (netlink, others) = readings.split_at(readings.partition_point(is_netlink));
    for readings in [netlink, others] {
        let queries = readings.iter().filter_map(|(_, query)| query.as_ref());
        tables.ahead(queries, |ahead| {
            for (reading, query) in readings {
                let (Some(table), Some(query)) = (reading.table, query) else {
                    unreported.add(reading);
                    continue;
                };
                let read = tables.visit_with(&query.clone().with_ahead(ahead), &mut admit);
                // What was read before an error is shown, so the batch goes out first.
                let _ = admit.flush_unix();
                match read.map_err(|error| (error.kind(), error)) {
                    Ok(report) if report.inconsistent => {
                        _ = admit.problem(ListingProblem::Changed(table));
                    }
                    Ok(_) => {}
                    Err((ErrorKind::Missing | ErrorKind::NoHandler, _)) => unreported.add(reading),
                    Err((ErrorKind::Interrupted, _)) if is_late() => {
                        return Err(Error::max_time(policy));
                    }
                    Err((ErrorKind::Interrupted, error)) => return Err(error.into()),
                    Err((_, error)) => drop(admit.problem(ListingProblem::Table(table, &error))),
                }
                if admit.is_full {
                    return Err(Error::max_rows(policy));
                }
                if admit.is_out_of_order {
                    return Err(Error::too_many_to_sort(source.sorted_rows));
                }
                if admit.collected.stopped {
                    break;
                }
            }
            Ok(())
        })?;
        if admit.collected.stopped {
            return Ok(admit.collected);
        }
    }
    unreported.report(tables, |problem| admit.problem(problem));
    Ok(admit.collected)
}

/// Returns the query for a table.
fn query<'a>(
    table: Table,
    source: &BoundedTables<'_>,
    selection: &Selection,
    interrupt: &'a dyn Interrupt,
) -> Query<'a> {
    let query = Query::new(table)
        .with_states(selection.states.mask())
        .with_details(selection.details)
        .with_filter(selection.filter.program(table))
        .with_limits(*source.limits)
        .with_interrupt(interrupt);
    if selection.is_any_order { query.in_any_order() } else { query }
}

/// The tables that rows come from, and the bounds on them.
pub(crate) struct BoundedTables<'a> {
    pub(crate) tables: &'a SocketTables,
    pub(crate) policy: &'a Policy,
    pub(crate) redaction: Redaction<'a>,
    pub(crate) limits: &'a Limits,
    /// Unix sockets that may be kept to put them in order.
    pub(crate) sorted_rows: usize,
    /// The host's own sockets, which are not listed.
    pub(crate) own_sockets: &'a [Inode],
    /// Counts the rows.
    pub(crate) usage: &'a UsageCounter,
}

/// Lets through what the policy and the selection admit, and sorts unix sockets on the way: those
/// of a text table, and all whose names are hidden.
struct Admit<'a> {
    redaction: Redaction<'a>,
    own_sockets: &'a [Inode],
    usage: &'a UsageCounter,
    max_rows: u64,
    /// Whether there was a row past `max_rows`.
    is_full: bool,
    selection: &'a Selection,
    sink: &'a mut dyn Sink,
    unix: Vec<UnixSocket>,
    /// Unix sockets that may be kept to sort all of them, where names are hidden.
    sorted_rows: Option<usize>,
    /// Whether there were more unix sockets than may be kept.
    is_out_of_order: bool,
    collected: Collected,
}

impl<'a> Admit<'a> {
    fn new(source: &BoundedTables<'a>, selection: &'a Selection, sink: &'a mut dyn Sink) -> Self {
        let BoundedTables { policy, redaction, usage, own_sockets, .. } = *source;
        Self {
            redaction,
            own_sockets,
            usage,
            max_rows: policy.max_rows().map_or(u64::MAX, NonZeroU64::get),
            is_full: false,
            selection,
            sink,
            unix: Vec::new(),
            sorted_rows: (policy.unix_names() == Visibility::Hidden).then_some(source.sorted_rows),
            is_out_of_order: false,
            collected: Collected::default(),
        }
    }

    fn hand_on(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        if self.collected.rows == self.max_rows {
            self.is_full = true;
            self.collected.stopped = true;
            return ControlFlow::Break(());
        }
        self.collected.rows += 1;
        self.usage.add_row();
        let flow = self.sink.socket(table, socket);
        self.collected.stopped |= flow.is_break();
        flow
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.collected.problems += 1;
        let flow = self.sink.problem(problem);
        self.collected.stopped |= flow.is_break();
        flow
    }

    /// Hands on the unix sockets of this batch, by type and inode. Equal ones stay in the order of
    /// the kernel, unless names are hidden.
    fn flush_unix(&mut self) -> ControlFlow<()> {
        if self.collected.stopped {
            return ControlFlow::Break(());
        }
        let mut batch = std::mem::take(&mut self.unix);
        if self.sorted_rows.is_some() {
            batch.sort_by(by_what_is_shown);
        } else {
            batch.sort_by_key(type_and_inode);
        }
        for socket in batch.drain(..) {
            self.hand_on(unix_table(&socket), Socket::Unix(&socket))?;
        }
        self.unix = batch;
        ControlFlow::Continue(())
    }

    fn admits(&self, socket: &Socket<'_>) -> bool {
        self.selection.tables.intersects(tables_admitting(socket))
            && self.admits_state(socket)
            && self.selection.filter.admits(socket)
    }

    /// Returns whether the selection admits the state of a socket. sock_diag has left out what was
    /// not asked for, and selects by states that it does not report: a half-open connection counts
    /// as another state than the one that it is shown in, and an SCTP association has separate
    /// states.
    fn admits_state(&self, socket: &Socket<'_>) -> bool {
        let is_chosen = matches!(socket, Socket::Inet(inet) if inet.source == Source::SockDiag);
        is_chosen || self.selection.states.contains(state_of(socket))
    }

    fn visible_row(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Some(table) = table_of(&socket) else { return ControlFlow::Continue(()) };
        if !self.admits(&socket) {
            return ControlFlow::Continue(());
        }
        let Socket::Unix(unix) = socket else { return self.hand_on(table, socket) };
        if let Some(room) = self.sorted_rows {
            return self.keep_unnamed(unix, room);
        }
        // Compat: sock_diag's order is kept.
        if unix.source == Source::SockDiag {
            return self.hand_on(table, socket);
        }
        self.unix.push(unix.clone());
        if self.unix.len() < UNIX_BATCH { ControlFlow::Continue(()) } else { self.flush_unix() }
    }

    /// Keeps a unix socket whose name is hidden.
    ///
    /// Security: the kernel lists sockets by a hash of their names, so all of them are put in
    /// order.
    fn keep_unnamed(&mut self, unix: &UnixSocket, room: usize) -> ControlFlow<()> {
        if self.unix.len() == room {
            self.is_out_of_order = true;
            self.collected.stopped = true;
            return ControlFlow::Break(());
        }
        self.unix.push(unix.clone());
        ControlFlow::Continue(())
    }
}

fn type_and_inode(socket: &UnixSocket) -> (u16, Option<Inode>) {
    (socket.kind.number(), socket.inode)
}

/// Orders redacted rows only by what is shown of them: sockets without an inode by their other
/// fields, so that only equal rows keep the order of the kernel.
fn by_what_is_shown(one: &UnixSocket, other: &UnixSocket) -> Ordering {
    let fields = || format!("{one:?}").cmp(&format!("{other:?}"));
    type_and_inode(one).cmp(&type_and_inode(other)).then_with(fields)
}

impl Visitor for Admit<'_> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        if socket.inode().is_some_and(|inode| self.own_sockets.contains(&inode)) {
            return ControlFlow::Continue(());
        }
        let redaction = self.redaction;
        redaction
            .redact(socket, |socket| self.visible_row(socket))
            .unwrap_or(ControlFlow::Continue(()))
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        if self.redaction.shows_malformed() {
            self.problem(ListingProblem::Row(row))
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Returns the table in which a socket is listed, or `None` for sockets that `ss` does not list.
pub(crate) fn table_of(socket: &Socket<'_>) -> Option<SocketTable> {
    Some(match socket {
        Socket::Inet(inet) => match inet.protocol {
            InetProtocol::Tcp => SocketTable::Tcp,
            InetProtocol::Udp => SocketTable::Udp,
            InetProtocol::Raw => SocketTable::Raw,
            InetProtocol::Sctp => SocketTable::Sctp,
            InetProtocol::Mptcp => SocketTable::Mptcp,
            _ => return None,
        },
        Socket::Unix(unix) => unix_table(unix),
        Socket::Packet(packet) if packet.kind == PacketKind::Raw => SocketTable::PacketRaw,
        Socket::Packet(_) => SocketTable::PacketDatagram,
        Socket::Netlink(_) => SocketTable::Netlink,
        Socket::Vsock(VsockSocket { kind: VsockKind::Stream, .. }) => SocketTable::VsockStream,
        Socket::Vsock(_) => SocketTable::VsockDatagram,
        Socket::Xdp(_) => SocketTable::Xdp,
        _ => return None,
    })
}

/// Returns the tables that admit a socket: it is listed if any one of them is selected.
///
/// Compat: a unix, packet or vsock socket of another type is shown with every type.
pub(crate) fn tables_admitting(socket: &Socket<'_>) -> TableSet {
    match socket {
        Socket::Unix(UnixSocket { kind: UnixKind::Other(_), .. }) => {
            TableSet::of_family(AddressFamily::Unix)
        }
        Socket::Packet(PacketSocket { kind: PacketKind::Other(_), .. }) => {
            TableSet::of_family(AddressFamily::Packet)
        }
        Socket::Vsock(VsockSocket { kind: VsockKind::SeqPacket | VsockKind::Other(_), .. }) => {
            TableSet::of_family(AddressFamily::Vsock)
        }
        socket => table_of(socket).map_or(TableSet::EMPTY, TableSet::of),
    }
}

fn unix_table(socket: &UnixSocket) -> SocketTable {
    match socket.kind {
        UnixKind::Stream => SocketTable::UnixStream,
        UnixKind::SeqPacket => SocketTable::UnixSeqPacket,
        // Compat: a type that is not known is listed as datagram.
        _ => SocketTable::UnixDatagram,
    }
}

#[cfg(test)]
mod recorded;

#[cfg(test)]
mod tests {
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
    fn tables_come_in_the_order_of_ss() {
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
    fn types_that_are_not_known_are_shown_with_every_type() {
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
    fn problems_are_reported_and_the_rest_still_comes() {
        let root =
            one_of_each().raw_line(testkit::ProcTable::Tcp, "nonsense").raw_file("net/udp", "");
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
        // The table is not asked for by name.
        let (seen, _) = see(&root, &Selection { named: TableSet::EMPTY, ..named(table) });
        assert_eq!(seen.problems, Vec::<String>::new());
        // Without this file it is not known which protocols the kernel has.
        let (seen, _) = see(&root.clone().without_file("net/protocols"), &named(table));
        assert_eq!(seen.problems, Vec::<String>::new());
        let (seen, _) = see(&root.raw_file("net/protocols", "\n"), &named(table));
        assert_eq!(seen.problems.len(), usize::from(table != SocketTable::Raw || problems > 0));
    }

    #[test]
    fn families_that_are_hidden_are_not_reported() {
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
    fn without_the_grant_nothing_is_shown() {
        let root = one_of_each().build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let others = Grant::ALL.into_iter().filter(|grant| *grant != Grant::Sockets);
        for policy in [Policy::nothing(), Policy::new(others.collect())] {
            let view = PolicyView::new(Arc::clone(&tables), policy, Names::default());
            let mut seen = Seen::default();
            let error =
                view.collect(&Selection::everything(), &Uninterrupted, &mut seen).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::NotGranted(Grant::Sockets));
            assert!(seen.rows.is_empty() && seen.problems.is_empty());
            assert!(view.sockstat().is_err() && view.sockstat6().is_err());
            assert!(view.established().is_err() && view.local_port_range().is_none());
        }
    }
}
