//! Reads the kernel tables of a selection, in the order of the listing, and passes on the admitted
//! rows.

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
    let mut readings: Vec<_> = TableReading::all_of(policy, selection).collect();
    // Compat: running requests count in the queue of the kernel's netlink socket, and `ss` has
    // exactly one while it lists netlink sockets. So these are listed before any other request is
    // made.
    let is_netlink = |reading: &&TableReading| reading.table == Some(Table::Netlink);
    let others = readings.split_off(readings.partition_point(is_netlink));
    for readings in [readings, others] {
        let tables_read = readings.iter().filter_map(|reading| reading.table);
        let queries = tables_read.map(|table| query(table, source, selection, &is_over)).collect();
        tables.ahead(queries, |queries| {
            let mut queries = queries.into_iter();
            for reading in readings {
                let next = |table| Some((table, queries.next()?));
                let Some((table, query)) = reading.table.and_then(next) else {
                    unreported.add(reading);
                    continue;
                };
                let read = tables.visit_with(&query, &mut admit);
                // Rows before an error are shown, so the batch is flushed first.
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

/// Passes on the rows that the policy and the selection admit, and sorts unix sockets: those of a
/// text table, and all if their names are hidden.
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

    /// Passes on the unix sockets of this batch, sorted by type and inode. Equal ones stay in the
    /// order of the kernel, unless names are hidden.
    fn flush_unix(&mut self) -> ControlFlow<()> {
        if self.collected.stopped {
            return ControlFlow::Break(());
        }
        let mut batch = std::mem::take(&mut self.unix);
        if self.sorted_rows.is_some() {
            batch.sort_by(by_visible_fields);
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

    /// Returns whether the selection admits the state of a socket. sock_diag has already filtered
    /// by state, and by states that it does not report: a half-open connection is selected by
    /// another state than the one in which it is shown, and an SCTP association has separate
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
    /// Security: the kernel lists sockets by a hash of their names, so all of them are sorted.
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

/// Orders redacted rows only by their visible fields: sockets without an inode by the other fields,
/// so that only equal rows keep the order of the kernel.
fn by_visible_fields(one: &UnixSocket, other: &UnixSocket) -> Ordering {
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
        // Compat: an unknown type is listed as datagram.
        _ => SocketTable::UnixDatagram,
    }
}

#[cfg(test)]
mod recorded;

#[cfg(test)]
mod tests;
