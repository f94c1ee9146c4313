//! The search for the other ends of connections, among the sockets that a policy shows.

use std::{ops::ControlFlow, sync::Arc, time::Instant};

use procnetsocket::{
    Details, ErrorKind, Interrupt, PeerTable, PeerTableBuilder, Query, SocketTables, Table,
    Visitor,
    model::{Inode, Socket, Source, StateMask, TcpState},
};

use super::{PolicyView, found::LookNamespaces};
use crate::{
    error::Error,
    policy::{Redaction, VisibleUsers},
    reading::TableReading,
    select::{AddressFamily, FamilySet, Selection, SocketTable, TableSet},
    sink::{Collected, ListingProblem, Sink},
};

/// Reads every socket that can be the other end of a selected one, whatever the states, families
/// and filter of the selection: the other end need not be selected. Returns the table and the
/// number of problems that were passed on.
///
/// Security: a hidden socket is never found as another end, and makes no other end ambiguous.
pub(super) fn find(
    (view, namespaces): (&PolicyView, &LookNamespaces),
    selection: &Selection,
    interrupt: &dyn Interrupt,
    sink: &mut dyn Sink,
) -> Result<(Arc<PeerTable>, Collected), Error> {
    let begin = Instant::now();
    let is_late = || view.policy.max_time().is_some_and(|time| begin.elapsed() >= time);
    let is_over = || interrupt.is_interrupted() || is_late();
    let mut search = PeerSearch {
        view,
        selection: Selection {
            tables: selection.tables.intersection(tables_with_ends()),
            families: FamilySet::ALL,
            ..Selection::everything()
        },
        interrupt: &is_over,
        ends: EndCollector {
            redaction: Redaction::new(&view.policy),
            own_sockets: &view.own_sockets,
            table: PeerTable::builder(view.max_peers),
            has_unix_text: false,
            full: None,
        },
        sink,
        collected: Collected::default(),
    };
    match search.run(namespaces) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::Interrupted && is_late() => {
            return Err(Error::max_time(&view.policy));
        }
        Err(error) => return Err(error.into()),
    }
    if search.ends.has_unix_text {
        // OK because no socket is missing, so it does not count as a problem of the listing.
        let flow = search.sink.problem(ListingProblem::UnixPeersUnknown);
        search.collected.stopped |= flow.is_break();
    }
    Ok((Arc::new(search.ends.table.finish()), search.collected))
}

/// Returns the tables whose sockets have other ends.
fn tables_with_ends() -> TableSet {
    let inet: TableSet = [SocketTable::Tcp, SocketTable::Udp].into_iter().collect();
    inet.union(TableSet::of_family(AddressFamily::Unix))
}

/// The state of a search.
struct PeerSearch<'a> {
    view: &'a PolicyView,
    /// The selection that is read.
    selection: Selection,
    interrupt: &'a dyn Interrupt,
    ends: EndCollector<'a>,
    sink: &'a mut dyn Sink,
    collected: Collected,
}

impl PeerSearch<'_> {
    fn run(&mut self, namespaces: &LookNamespaces) -> Result<(), procnetsocket::Error> {
        let Some(finder) = &self.view.everywhere else {
            return self.tables(&self.view.tables);
        };
        let (view, interrupt) = (self.view, self.interrupt);
        let mut ended = Ok(());
        namespaces.each(view, finder.as_ref(), interrupt, &mut |namespace, tables| {
            ended = match tables {
                Ok(there) => {
                    let shown = self.view.shown_namespace(namespace.clone());
                    self.ends.table.begin_namespace(Arc::new(shown));
                    self.tables(&there.tables)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
                // The listing reports the namespaces that are not listed.
                Err(_) => Ok(()),
            };
            if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        ended
    }

    /// Reads the tables of one namespace.
    fn tables(&mut self, tables: &SocketTables) -> Result<(), procnetsocket::Error> {
        // Security: a socket that waits to be accepted may be another user's.
        let details = match self.view.policy.users() {
            VisibleUsers::All => Details::PENDING,
            VisibleUsers::Uid(_) => Details::NONE,
        };
        let readings = TableReading::all_of(&self.view.policy, &self.selection);
        for table in readings.filter_map(|reading| reading.table) {
            let query = Query::new(table)
                .with_states(states_with_ends(table))
                .with_details(details)
                .with_limits(self.view.limits)
                .with_interrupt(self.interrupt);
            let read = tables.visit_with(&query, &mut self.ends);
            if let Some(full) = self.ends.full.take() {
                return Err(full);
            }
            let problem = match &read {
                Ok(report) if report.inconsistent => ListingProblem::Changed(table),
                Ok(_) => continue,
                Err(error) => match error.kind() {
                    ErrorKind::Missing | ErrorKind::NoHandler => continue,
                    ErrorKind::Interrupted => return read.map(drop),
                    _ => ListingProblem::Table(table, error),
                },
            };
            self.collected.problems += 1;
            self.collected.stopped |= self.sink.problem(problem).is_break();
        }
        Ok(())
    }
}

/// Returns the states in which a socket of a table can be an end. An unconnected unix socket can
/// receive from another one.
fn states_with_ends(table: Table) -> StateMask {
    use TcpState::{BoundInactive, Close, Listen};
    match table {
        Table::Unix => StateMask::ALL,
        _ => StateMask::ALL.without([Listen, Close, BoundInactive].into_iter().collect()),
    }
}

/// Keeps the ends of connections.
struct EndCollector<'a> {
    redaction: Redaction<'a>,
    /// The host's own sockets, which are not listed.
    own_sockets: &'a [Inode],
    table: PeerTableBuilder,
    /// Whether there is a unix socket whose source does not report peers.
    has_unix_text: bool,
    full: Option<procnetsocket::Error>,
}

impl Visitor for EndCollector<'_> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let is_own = socket.inode().is_some_and(|inode| self.own_sockets.contains(&inode));
        if is_own || !self.redaction.shows(&socket) {
            return ControlFlow::Continue(());
        }
        self.has_unix_text |=
            matches!(socket, Socket::Unix(_)) && socket.source() == Source::ProcText;
        match self.table.add(&socket) {
            Ok(()) => ControlFlow::Continue(()),
            Err(full) => {
                self.full = Some(full);
                ControlFlow::Break(())
            }
        }
    }
}
