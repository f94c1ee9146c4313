//! Polling, with one look per call.

use procnetsocket::Interrupt;

use crate::{
    event::{Change, EventKind},
    look::{PortLook, Readings},
    port::PortTable,
    problem::{ReadProblem, ReadProblemKind},
    reading::Reading,
    scope::Scope,
    source::PortSource,
    tracker::{Tracker, Turn},
};

/// Reads the watched tables when it is called, and reports what changed since the last call. A
/// [`PortMonitor`](crate::PortMonitor) does this on its own thread.
#[derive(Debug)]
pub struct Poller<S> {
    source: S,
    scope: Scope,
    tracker: Tracker,
    has_processes: bool,
}

/// The result of one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// The closed ports, and then the opened ones; each in the order of
    /// [`PortIdentity`](crate::PortIdentity).
    pub changes: Vec<Change>,
    /// The changes in the states of tables.
    pub turns: Vec<Turn>,
    /// Why the processes of opened ports cannot be listed, if they were requested.
    pub processes_unknown: Option<ReadProblem>,
}

impl<S: PortSource> Poller<S> {
    /// Returns a poller that has not looked yet.
    pub fn new(source: S, scope: Scope) -> Self {
        Self { source, scope, tracker: Tracker::new(), has_processes: false }
    }

    /// Returns the poller with or without a search for the processes of ports when they open. This
    /// reads every process, which costs far more than reading the tables.
    #[must_use]
    pub fn with_processes(self, has_processes: bool) -> Self {
        Self { has_processes, ..self }
    }

    /// Reads the tables once. The ports of the first time are
    /// [`Initial`](crate::EventKind::Initial).
    ///
    /// Returns `None` when it was interrupted; then nothing has changed.
    pub fn poll(&mut self, interrupt: &dyn Interrupt) -> Option<Polled> {
        let tracker = &self.tracker;
        let misses = |table, reading: &Reading| tracker.misses(table, reading);
        let readings = read(&self.source, &self.scope, &misses, interrupt)?;
        let mut polled = observe(&mut self.tracker, readings);
        if self.has_processes {
            attribute(&self.source, &mut polled, interrupt);
            self.tracker.attribute(&polled.changes);
        }
        Some(polled)
    }

    /// Returns the state, with the ports that are open.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

/// Reads the watched tables; one that `misses` ports is read twice, see [`Tracker::misses`].
/// Returns `None` when it was interrupted.
pub(crate) fn read(
    source: &dyn PortSource,
    scope: &Scope,
    misses: &dyn Fn(PortTable, &Reading) -> bool,
    interrupt: &dyn Interrupt,
) -> Option<Readings> {
    let readings = source.read(&PortLook::within(scope, misses), interrupt);
    let is_interrupted = readings.iter().any(|(_, reading)| {
        matches!(reading, Err(problem) if problem.kind() == ReadProblemKind::Interrupted)
    });
    (!is_interrupted).then_some(readings)
}

/// Compares all readings with the state.
pub(crate) fn observe(tracker: &mut Tracker, readings: Readings) -> Polled {
    let mut polled = Polled::default();
    for (table, reading) in readings {
        let observed = tracker.observe(table, reading);
        polled.changes.extend(observed.changes);
        polled.turns.extend(observed.turn);
    }
    // The sort is stable, so both halves keep the order of identities.
    polled.changes.sort_by_key(|change| change.kind != EventKind::Closed);
    polled
}

/// Looks up the processes of all opened ports at once.
pub(crate) fn attribute(source: &dyn PortSource, polled: &mut Polled, interrupt: &dyn Interrupt) {
    let has_opened = |change: &&mut Change| change.kind != EventKind::Closed;
    let opened = || polled.changes.iter().filter(|change| change.kind != EventKind::Closed);
    let inodes: Vec<_> = opened().filter_map(|change| change.port.inode).collect();
    if inodes.is_empty() {
        return;
    }
    let mut processes = match source.processes(&inodes, interrupt) {
        Ok(processes) => processes,
        Err(problem) => {
            polled.processes_unknown = Some(problem);
            return;
        }
    };
    for Change { port, .. } in polled.changes.iter_mut().filter(has_opened) {
        port.processes = port.inode.map(|inode| processes.remove(&inode).unwrap_or_default());
    }
}
