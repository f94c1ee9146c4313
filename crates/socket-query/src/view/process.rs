//! The search for the processes of sockets, cut down to what a policy shows.

use std::{ops::ControlFlow, sync::Arc, time::Instant};

use procnetsocket::{
    Interrupt, ProcessQuery, ProcessTable,
    model::{Inode, Socket},
};

use super::PolicyView;
use crate::{
    error::Error,
    policy::ProcessRedaction,
    process_source::{ProcessSource, ProcessSourceErrorKind},
    select::{Selection, SocketTable},
    sink::{ListingProblem, Sink},
};

/// Looks for processes: see [`ProcessGate::find`](super::ProcessGate::find).
pub(super) fn find(
    view: &PolicyView,
    source: &dyn ProcessSource,
    query: &ProcessQuery,
    interrupt: &dyn Interrupt,
) -> Result<ProcessTable, Error> {
    let redaction = ProcessRedaction::new(&view.policy);
    let query = redaction.query(query, shown_sockets(view, interrupt)?);
    let begin = Instant::now();
    let is_late = || view.policy.max_time().is_some_and(|time| begin.elapsed() >= time);
    let is_over = || interrupt.is_interrupted() || is_late();
    match source.processes(&query, &is_over) {
        Ok(report) => Ok(ProcessTable::new(redaction.redact(report, &query))),
        Err(error) if error.kind == ProcessSourceErrorKind::Interrupted && is_late() => {
            Err(Error::max_time(&view.policy))
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the inodes of the sockets that the policy shows, or `None` when it shows all.
fn shown_sockets(
    view: &PolicyView,
    interrupt: &dyn Interrupt,
) -> Result<Option<Vec<Inode>>, Error> {
    if !view.policy.narrows() {
        return Ok(None);
    }
    let policy = view.policy.clone().with_max_rows(None);
    let mut inodes = KeptInodes::default();
    // Nobody sees these rows.
    let all = PolicyView { policy, usage: Arc::default(), ..view.clone() };
    all.collect(&Selection::everything(), interrupt, &mut inodes)?;
    Ok(Some(inodes.0))
}

/// Keeps the inodes of sockets.
#[derive(Default)]
struct KeptInodes(Vec<Inode>);

impl Sink for KeptInodes {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.extend(socket.inode());
        ControlFlow::Continue(())
    }

    /// The listing itself reports it.
    fn problem(&mut self, _: ListingProblem<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
