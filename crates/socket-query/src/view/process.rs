//! The search for the processes of sockets, cut down to what a policy shows.

use std::{ops::ControlFlow, time::Instant};

use procnetsocket::{
    Interrupt, OwnerQuery, OwnerTable,
    model::{Inode, Socket},
};

use super::PolicyView;
use crate::{
    Error, OwnerSource, OwnersErrorKind, Problem, Selection, Sink, SocketTable,
    collect::{self, BoundedTables},
    policy::OwnerVeil,
};

/// Looks for processes: see [`ProcessGate::find`](super::ProcessGate::find).
pub(super) fn find(
    view: &PolicyView,
    source: &dyn OwnerSource,
    query: &OwnerQuery,
    interrupt: &dyn Interrupt,
) -> Result<OwnerTable, Error> {
    let veil = OwnerVeil::new(&view.policy);
    let query = veil.query(query, shown_sockets(view, interrupt)?);
    let begin = Instant::now();
    let is_late = || view.policy.max_time().is_some_and(|time| begin.elapsed() >= time);
    let is_over = || interrupt.is_interrupted() || is_late();
    match source.owners(&query, &is_over) {
        Ok(report) => Ok(OwnerTable::new(veil.cover(report, &query))),
        Err(error) if error.kind == OwnersErrorKind::Interrupted && is_late() => {
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
    let mut inodes = Inodes::default();
    let source = BoundedTables { policy: &policy, ..view.source()? };
    collect::collect(&source, &Selection::everything(), interrupt, &mut inodes)?;
    Ok(Some(inodes.0))
}

/// Keeps the inodes of sockets.
#[derive(Default)]
struct Inodes(Vec<Inode>);

impl Sink for Inodes {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.extend(socket.inode());
        ControlFlow::Continue(())
    }

    /// The listing itself reports it.
    fn problem(&mut self, _: Problem<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
