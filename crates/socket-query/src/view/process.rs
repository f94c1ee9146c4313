//! The search for the processes of sockets, reduced to what a policy shows.

use std::{sync::Arc, time::Instant};

use procnetsocket::{
    Interrupt, ProcessQuery, ProcessTable,
    model::{Inode, Socket},
};

use super::PolicyView;
use crate::{
    error::Error,
    policy::ProcessRedaction,
    process_source::{ProcessSource, ProcessSourceErrorKind},
    select::Selection,
};

/// Finds processes: see [`ProcessGate::find`](super::ProcessGate::find).
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
    let mut inodes = Vec::new();
    view.for_each_shown(interrupt, |socket| inodes.extend(socket.inode()))?;
    Ok(Some(inodes))
}

impl PolicyView {
    /// Calls `each` with every socket that the policy shows. These rows are not printed, so they
    /// are not counted, and the listing itself reports problems.
    pub(super) fn for_each_shown(
        &self,
        interrupt: &dyn Interrupt,
        each: impl FnMut(Socket<'_>),
    ) -> Result<(), Error> {
        let policy = self.policy.clone().with_max_rows(None);
        let all = Self { policy, usage: Arc::default(), ..self.clone() };
        all.for_each(&Selection::everything(), interrupt, each).map(drop)
    }
}
