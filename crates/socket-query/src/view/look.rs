//! One look at the sockets, which finds processes and network namespaces once.

use std::{borrow::Cow, sync::Arc};

use procnetsocket::{Interrupt, ProcessQuery, ProcessTable};

use super::{PolicyView, everywhere, found::LookNamespaces, peers};
use crate::{
    collect,
    error::{Error, ErrorKind},
    select::Selection,
    sink::{Collected, ListingProblem, Sink},
};

/// One look at the sockets: processes, and network namespaces in a view of [all of
/// them](PolicyView::everywhere), are found once, however many selections are collected.
///
/// [`PolicyView::collect`] is a look at one selection. To read several tables separately, and some
/// of them twice, use one look for all.
#[derive(Debug)]
pub struct Look<'v> {
    view: &'v PolicyView,
    processes: FoundProcesses,
    namespaces: LookNamespaces,
}

#[derive(Debug)]
enum FoundProcesses {
    /// Processes were not requested.
    NotAsked,
    Known(Arc<ProcessTable>),
    /// The scan failed, but processes were only to be shown, so the listing continues without them.
    Failed(Error),
}

impl PolicyView {
    /// Begins a look: finds the processes for the filter of `selection`, or to show, if it asks for
    /// any.
    ///
    /// Compat: this comes before the listing, as sockets that are opened meanwhile may show.
    ///
    /// # Errors
    ///
    /// Those of [`collect`](Self::collect) that concern processes.
    pub fn look(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
    ) -> Result<Look<'_>, Error> {
        let processes = find(self, selection, interrupt)?;
        Ok(Look { view: self, processes, namespaces: LookNamespaces::default() })
    }
}

/// Finds the processes of a selection.
///
/// Security: without the grant this is an error, so that a filter about processes admits nothing,
/// however it was made.
fn find(
    view: &PolicyView,
    selection: &Selection,
    interrupt: &dyn Interrupt,
) -> Result<FoundProcesses, Error> {
    let selects = selection.filter.has_process_condition();
    if !selects && selection.processes.is_none() {
        return Ok(FoundProcesses::NotAsked);
    }
    let query = selection.processes.map_or(ProcessQuery::all(), Into::into);
    let found = view.processes().and_then(|gate| gate.find(&query, interrupt));
    match found {
        Ok(table) => Ok(FoundProcesses::Known(Arc::new(table))),
        Err(error) if selects || error.kind() == ErrorKind::Interrupted => Err(error),
        Err(error) => Ok(FoundProcesses::Failed(error)),
    }
}

impl Look<'_> {
    /// Lists the sockets that the policy and the selection admit: see [`PolicyView::collect`].
    ///
    /// # Errors
    ///
    /// See [`PolicyView::collect`].
    pub fn collect(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<Collected, Error> {
        let source = self.view.source()?;
        let is_known = matches!(self.processes, FoundProcesses::Known(_));
        if selection.filter.has_process_condition() && !is_known {
            // This selection asks for processes, unlike the first one.
            return self.view.look(selection, interrupt)?.collect(selection, interrupt, sink);
        }
        let reported = self.report(selection, sink);
        if reported.stopped {
            return Ok(reported);
        }
        let selection = match &self.processes {
            FoundProcesses::Known(table) => Cow::Owned(selection.with_processes(table)),
            _ => Cow::Borrowed(selection),
        };
        let (selection, found) = if selection.peers || selection.filter.has_peer_condition() {
            let (peers, found) =
                peers::find((self.view, &self.namespaces), &selection, interrupt, sink)?;
            let known = selection.with_peers(&peers);
            if selection.peers {
                sink.peers(peers);
            }
            (Cow::Owned(known), found)
        } else {
            (selection, Collected::default())
        };
        let problems = reported.problems + found.problems;
        if found.stopped {
            return Ok(Collected { problems, ..found });
        }
        let collected = match &self.view.everywhere {
            Some(finder) => {
                let whence = (self.view, finder.as_ref());
                everywhere::collect(whence, &self.namespaces, &selection, interrupt, sink)?
            }
            None => collect::collect(&source, &selection, interrupt, sink)?,
        };
        Ok(Collected { problems: problems + collected.problems, ..collected })
    }

    /// Passes on the processes that were found.
    pub(crate) fn report(&self, selection: &Selection, sink: &mut dyn Sink) -> Collected {
        match &self.processes {
            FoundProcesses::NotAsked => Collected::default(),
            FoundProcesses::Known(table) => {
                if selection.processes.is_some() {
                    sink.processes(Arc::clone(table));
                }
                report_unseen(selection, table, sink)
            }
            FoundProcesses::Failed(error) => problem(sink, ListingProblem::Processes(error)),
        }
    }
}

/// Reports why a filter may miss processes.
pub(crate) fn report_unseen(
    selection: &Selection,
    table: &ProcessTable,
    sink: &mut dyn Sink,
) -> Collected {
    if selection.filter.misses_processes(table) {
        problem(sink, ListingProblem::UnseenProcesses(&table.gaps()))
    } else {
        Collected::default()
    }
}

fn problem(sink: &mut dyn Sink, problem: ListingProblem<'_>) -> Collected {
    let stopped = sink.problem(problem).is_break();
    Collected { rows: 0, problems: 1, stopped }
}
