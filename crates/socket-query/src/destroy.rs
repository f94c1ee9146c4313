//! Destroying sockets that were listed.

use std::{borrow::Cow, ops::ControlFlow, sync::Arc};

use procnetsocket::{
    ErrorKind, Interrupt, Limits, ProcessDetails, ProcessQuery, ProcessTable, Threads,
    diag::{DiagSocket, InetLookup, KillAuthority},
    model::{InetSocket, Socket, TcpState},
};

use crate::{
    collect::{self, BoundedTables},
    error::Error,
    policy::Redaction,
    select::{Filter, Selection, SocketTable},
    sink::{Collected, ListingProblem, Sink, WhyKept},
    view::{PolicyView, report_unseen},
};

/// The gate to destroy sockets, under the grant `kill`.
#[derive(Clone, Copy, Debug)]
pub struct KillGate<'v> {
    pub(crate) view: &'v PolicyView,
    pub(crate) diag: &'v DiagSocket,
    pub(crate) right: &'v KillAuthority,
}

impl KillGate<'_> {
    /// Destroys the internet sockets that the policy and the selection admit, and passes the
    /// destroyed ones to the sink. An admitted socket that was not destroyed is reported as
    /// [`ListingProblem::NotDestroyed`], unless it ended by itself.
    ///
    /// A filter of processes is evaluated twice: with a scan of processes before the sockets are
    /// listed, and with another one after. So a socket that was opened in between does not look
    /// like one without a process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoFilter`](crate::ErrorKind::NoFilter) for a selection without a filter
    /// expression, [`ErrorKind::IncompleteProcessScan`](crate::ErrorKind::IncompleteProcessScan)
    /// for a filter that admits sockets with unknown processes, if there are any,
    /// [`ErrorKind::PeersWithoutListing`](crate::ErrorKind::PeersWithoutListing) for a filter of
    /// other ends, [`ErrorKind::TooMany`](crate::ErrorKind::TooMany): in these cases nothing was
    /// destroyed. [`ErrorKind::Source`](crate::ErrorKind::Source) when the kernel refuses for lack
    /// of `CAP_NET_ADMIN`, and [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted); the
    /// sockets destroyed before were passed on.
    pub fn destroy(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<Collected, Error> {
        // Security: without a filter, every socket of the machine would be selected.
        if !selection.filter.is_expression() {
            return Err(Error::no_filter());
        }
        if selection.filter.has_peer_condition() {
            return Err(Error::peers_without_listing());
        }
        let (listed, reported) = self.prepare(selection, interrupt, sink)?;
        if reported.stopped {
            return Ok(reported);
        }
        // All are listed first, because a dump skips rows when sockets vanish from its tables. So a
        // selection of too many destroys none.
        let most = Limits::default().entries;
        let source = self.view.source()?;
        let shown = source.redaction;
        let mut chosen = Chosen { sockets: Vec::new(), room: Some(most), sink, kept: 0, shown };
        // A socket is destroyed by its cookie, which is never shown: `shown` hides it again.
        let source = BoundedTables { redaction: shown.with_objects(), ..source };
        let collected = collect::collect(&source, &listed, interrupt, &mut chosen)?;
        let Chosen { mut sockets, room, sink, kept, .. } = chosen;
        if room.is_none() {
            return Err(Error::too_many(most));
        }
        let again = find_processes(self.view, selection, ProcessDetails::Name, interrupt)?;
        let filter = match again {
            Some(found) => {
                check_complete(&selection.filter, &found)?;
                Cow::Owned(selection.filter.with_processes(&found))
            }
            None => Cow::Borrowed(&selection.filter),
        };
        sockets.retain(|(_, socket)| is_still_admitted(&filter, socket));
        let problems = reported.problems + collected.problems + kept;
        let done = Collected { rows: 0, problems, stopped: collected.stopped };
        self.destroy_all(&sockets, done, interrupt, sink)
    }

    /// Finds the processes of the filter and those to show, in one scan if it can serve both.
    /// Returns the selection with them.
    fn prepare<'s>(
        &self,
        selection: &'s Selection,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<(Cow<'s, Selection>, Collected), Error> {
        let shown = selection.processes;
        let details = shown.unwrap_or_default().details;
        let Some(found) = find_processes(self.view, selection, details, interrupt)? else {
            let look = self.view.look(selection, interrupt)?;
            return Ok((Cow::Borrowed(selection), look.report(selection, sink)));
        };
        let found = Arc::new(found);
        let mut reported = Collected::default();
        match shown.map(|shown| shown.threads) {
            None => {}
            Some(Threads::Apart) => {
                let apart = Selection { filter: Filter::All, ..selection.clone() };
                reported = self.view.look(&apart, interrupt)?.report(&apart, sink);
            }
            // A socket that any thread of a process has open counts for the process here, because
            // it may be destroyed.
            Some(Threads::Together | Threads::Joined) => sink.processes(Arc::clone(&found)),
        }
        let unseen = report_unseen(selection, &found, sink);
        reported.problems += unseen.problems;
        reported.stopped |= unseen.stopped;
        check_complete(&selection.filter, &found)?;
        Ok((Cow::Owned(selection.with_processes(&found)), reported))
    }

    fn destroy_all(
        &self,
        sockets: &[(SocketTable, InetSocket)],
        mut done: Collected,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<Collected, Error> {
        let shown = Redaction::new(&self.view.policy);
        for (table, socket) in sockets {
            if done.stopped {
                break;
            }
            let flow = match self.diag.destroy(self.right, &InetLookup::of(socket), interrupt) {
                Ok(()) => {
                    done.rows += 1;
                    show(shown, Socket::Inet(socket), |socket| sink.socket(*table, socket))
                }
                Err(error) if is_gone(socket, error.kind()) => ControlFlow::Continue(()),
                Err(error) if concerns_all(error.kind()) => return Err(error.into()),
                Err(error) => {
                    done.problems += 1;
                    let why = WhyKept::Refused(&error);
                    show(shown, Socket::Inet(socket), |socket| {
                        sink.problem(ListingProblem::NotDestroyed(*table, socket, why))
                    })
                }
            };
            done.stopped = flow.is_break();
        }
        Ok(done)
    }
}

/// Calls `see` with the redacted form of an admitted socket.
fn show(
    shown: Redaction<'_>,
    socket: Socket<'_>,
    see: impl FnOnce(Socket<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    shown.redact(socket, see).unwrap_or(ControlFlow::Continue(()))
}

/// Finds the processes of a filter, with everything that any of their threads has open; `None` for
/// a filter without conditions on processes.
///
/// Security: a condition that holds because no process is known to have a socket open would also
/// hold for sockets of unreadable processes. Where the policy hides sockets, it is unknown whether
/// there are such processes, so a filter with such a condition is always refused there.
fn find_processes(
    view: &PolicyView,
    selection: &Selection,
    details: ProcessDetails,
    interrupt: &dyn Interrupt,
) -> Result<Option<ProcessTable>, Error> {
    let filter = &selection.filter;
    if !filter.has_process_condition() {
        return Ok(None);
    }
    let gate = view.processes()?;
    if filter.needs_complete_scan() && view.policy.narrows() {
        return Err(Error::incomplete_process_scan());
    }
    let query = ProcessQuery::all().with_threads(Threads::Joined).with_details(details);
    gate.find(&query, interrupt).map(Some)
}

/// Refuses a filter that excludes processes where some cannot be seen.
fn check_complete(filter: &Filter, found: &ProcessTable) -> Result<(), Error> {
    if filter.needs_complete_scan() && !found.is_complete() {
        return Err(Error::incomplete_process_scan());
    }
    Ok(())
}

/// Returns whether a filter still admits a socket after the second scan of processes.
///
/// Security: a socket without an inode has no process yet or any more. A connection that waits to
/// be accepted is one, and a filter may exclude the process that will accept it.
fn is_still_admitted(filter: &Filter, socket: &InetSocket) -> bool {
    let needs_inode = filter.needs_complete_scan();
    (socket.inode.is_some() || !needs_inode) && filter.admits(&Socket::Inet(socket))
}

/// Returns whether a socket ended by itself before it was destroyed, as the other end of a reset
/// connection does.
///
/// Kernel: a socket that is bound and idle is never found.
fn is_gone(socket: &InetSocket, kind: ErrorKind) -> bool {
    kind == ErrorKind::NotFound && socket.state != TcpState::BoundInactive
}

/// Returns whether every other socket would fail with the same error.
fn concerns_all(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Denied | ErrorKind::Interrupted | ErrorKind::Timeout)
}

/// Keeps the sockets to destroy.
struct Chosen<'a> {
    sockets: Vec<(SocketTable, InetSocket)>,
    /// Remaining number of sockets that may be kept; `None` after one too many.
    room: Option<u64>,
    sink: &'a mut dyn Sink,
    /// Number of sockets that cannot be destroyed.
    kept: u64,
    /// Redacts them for the sink.
    shown: Redaction<'a>,
}

impl Sink for Chosen<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            // The cookie makes sure that no other socket is destroyed.
            Socket::Inet(inet) if inet.cookie.is_some() => {
                self.room = self.room.and_then(|room| room.checked_sub(1));
                if self.room.is_none() {
                    return ControlFlow::Break(());
                }
                self.sockets.push((table, inet.clone()));
                ControlFlow::Continue(())
            }
            _ => {
                self.kept += 1;
                let Self { shown, sink, .. } = self;
                show(*shown, socket, |socket| {
                    sink.problem(ListingProblem::NotDestroyed(table, socket, WhyKept::NoWay))
                })
            }
        }
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.sink.problem(problem)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bstr::BString;
    use procnetsocket::{Pid, ProcessReport, ProcessTable, Query, SocketTables, Uninterrupted};
    use rstest::rstest;
    use testkit::{FakeProc, Tcp};

    use super::*;
    use crate::{
        names::Names,
        policy::{Grant, Policy, VisibleUsers},
        process_source::{ProcessSource, ProcessSourceError},
        select::{TableSet, expr::FilterText},
        view::PolicyView,
    };

    #[rstest]
    #[case::socket_of_a_process("sport = 80", 7, true)]
    #[case::socket_without_process("sport = 80", 0, true)]
    #[case::not_of_a_process("not pid = 1 and sport = 80", 7, true)]
    #[case::not_of_a_process_and_without_process("not pid = 1 and sport = 80", 0, false)]
    #[case::of_a_process_and_without_process("pid = 1 or sport = 80", 0, true)]
    #[case::another("sport = 81", 7, false)]
    fn sockets_without_process_survive_negated_pid_filter(
        #[case] text: &str,
        #[case] inode: u64,
        #[case] is_still_admitted: bool,
    ) {
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(inode)).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let sockets = tables.list(&Query::tcp()).unwrap().rows;
        let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
        let view = PolicyView::new(tables, policy, Names::default());
        let text: FilterText = [text].into_iter().collect();
        let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
        let filter = view.filter(parsed.expr).with_processes(&ProcessTable::default());
        assert_eq!(super::is_still_admitted(&filter, &sockets[0]), is_still_admitted);
    }

    /// Reports unreadable processes.
    struct ClosedProcesses(Mutex<Vec<u64>>);

    impl ProcessSource for ClosedProcesses {
        fn processes(
            &self,
            _: &ProcessQuery,
            _: &dyn Interrupt,
        ) -> Result<ProcessReport, ProcessSourceError> {
            let mut report = ProcessReport::default();
            report.closed = self.0.lock().unwrap().pop().unwrap_or_default();
            Ok(report)
        }

        fn process_name(&self, _: Pid) -> Option<BString> {
            None
        }
    }

    fn narrow(policy: Policy) -> Policy {
        policy.with_users(VisibleUsers::Uid(0))
    }

    #[rstest]
    #[case::nothing_asked("sport = 80", 3, |policy| policy, true)]
    #[case::held("pid = 7", 3, |policy| policy, true)]
    #[case::not_held("not pid = 7", 0, |policy| policy, true)]
    #[case::not_held_and_closed("not pid = 7", 3, |policy| policy, false)]
    #[case::held_of_a_narrow_policy("pid = 7", 3, narrow, true)]
    #[case::not_held_of_a_narrow_policy("not pid = 7", 0, narrow, false)]
    #[case::closed_under_a_narrow_policy("not pid = 7", 3, narrow, false)]
    fn excluding_processes_needs_a_complete_search(
        #[case] text: &str,
        #[case] closed: u64,
        #[case] policy: fn(Policy) -> Policy,
        #[case] is_sure: bool,
    ) {
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = policy(Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect()));
        let view = PolicyView::new(tables, policy, Names::default())
            .with_processes(Arc::new(ClosedProcesses(Mutex::new(vec![closed]))));
        let text: FilterText = [text].into_iter().collect();
        let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
        let filter = view.filter(parsed.expr);
        let selection = Selection { filter, ..Selection::everything() };
        let found = super::find_processes(&view, &selection, ProcessDetails::Name, &Uninterrupted);
        let sure = found.and_then(|found| {
            found.map_or(Ok(()), |found| super::check_complete(&selection.filter, &found))
        });
        let expected = if is_sure { None } else { Some(crate::ErrorKind::IncompleteProcessScan) };
        assert_eq!(sure.err().map(|error| error.kind()), expected);
    }
}
