//! The monitor and its builder.

use std::{
    fmt,
    net::IpAddr,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use procnetsocket::diag::EventAuthority;

use crate::{
    error::{Error, Repr},
    history::{DEFAULT_HISTORY, Since},
    ledger::Ledger,
    pace::Pace,
    port::{Port, PortTable, Protocol},
    problem::ReadProblem,
    scope::Scope,
    shared::Shared,
    source::PortSource,
    subscription::Subscription,
    worker::{RunningThread, Worker},
};

/// Default time between two looks.
pub const DEFAULT_INTERVAL: Duration = Duration::from_millis(500);

/// Watches ports on a separate thread.
///
/// It can be started and stopped any number of times, and looks only while it runs. The first look
/// after a restart reports the changes since it was stopped, so that the events have no gap.
/// Dropping it stops it.
///
/// # Security
///
/// It shows what its [`PortSource`] shows. Its only other authority is the right to receive destroy
/// events, if it has that.
pub struct PortMonitor {
    shared: Arc<Shared>,
    running: Mutex<Option<RunningThread>>,
}

impl PortMonitor {
    /// Returns the builder of a monitor that reads from `source`.
    pub fn builder(source: impl PortSource + 'static) -> PortMonitorBuilder {
        PortMonitorBuilder {
            source: Box::new(source),
            scope: Scope::default(),
            interval: DEFAULT_INTERVAL,
            has_initial: false,
            history: DEFAULT_HISTORY,
            has_processes: false,
            right: None,
        }
    }

    /// Starts the thread. The first look is made at once.
    ///
    /// It watches the network namespace of the calling thread, unless its source belongs to another
    /// one.
    ///
    /// # Errors
    ///
    /// [`Running`](crate::ErrorKind::Running), [`Start`](crate::ErrorKind::Start).
    pub fn start(&self) -> Result<(), Error> {
        let mut running = self.running();
        if running.as_ref().is_some_and(RunningThread::is_alive) {
            return Err(Repr::Running.into());
        }
        *running = Some(Worker::start(Arc::clone(&self.shared)).map_err(Repr::Start)?);
        Ok(())
    }

    /// Stops the thread, and returns when it has ended. Does nothing if it does not run.
    ///
    /// # Errors
    ///
    /// [`Panicked`](crate::ErrorKind::Panicked).
    pub fn stop(&self) -> Result<(), Error> {
        let running = self.running().take();
        running.map_or(Ok(()), RunningThread::stop)
    }

    /// Returns whether it runs.
    pub fn is_running(&self) -> bool {
        self.running().as_ref().is_some_and(RunningThread::is_alive)
    }

    /// Returns the ports that were open at the last look, sorted by protocol, address, port and
    /// inode; none before the first look.
    pub fn ports(&self) -> Vec<Port> {
        self.shared.ledger().tracker.ports().cloned().collect()
    }

    /// Returns the tables that cannot be read, or not completely, and why. Their ports are kept as
    /// they were.
    pub fn problems(&self) -> Vec<(PortTable, ReadProblem)> {
        let ledger = self.shared.ledger();
        ledger.tracker.problems().map(|(table, problem)| (table, problem.clone())).collect()
    }

    /// Returns the number of looks so far, including failed ones.
    pub fn looks(&self) -> u64 {
        self.shared.ledger().looks
    }

    /// Returns the events after this number; 0 for all that are kept.
    pub fn since(&self, sequence: u64) -> Since {
        self.shared.ledger().history.since(sequence)
    }

    /// Returns the events after this time; see [`History::since_time`](crate::History::since_time).
    pub fn since_time(&self, time: SystemTime) -> Since {
        self.shared.ledger().history.since_time(time)
    }

    /// Returns a subscription to all later events, which keeps up to `capacity` notices, at least
    /// 1, until they are received. When it is full, further notices are dropped and counted; it
    /// never blocks the monitor.
    pub fn subscribe(&self, capacity: usize) -> Subscription {
        self.shared.ledger().subscribe(capacity)
    }

    fn running(&self) -> MutexGuard<'_, Option<RunningThread>> {
        // OK because a panic cannot leave the value half changed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PortMonitor {
    fn drop(&mut self) {
        // OK because a panic of the source has printed its message.
        let _ = self.stop();
        self.shared.ledger().close();
    }
}

impl fmt::Debug for PortMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortMonitor")
            .field("scope", &self.shared.scope)
            .field("pace", &self.shared.pace)
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

/// Builds a [`PortMonitor`].
pub struct PortMonitorBuilder {
    source: Box<dyn PortSource>,
    scope: Scope,
    interval: Duration,
    has_initial: bool,
    history: usize,
    has_processes: bool,
    right: Option<EventAuthority>,
}

impl PortMonitorBuilder {
    /// Sets the time between two looks, at least [`MIN_INTERVAL`](crate::MIN_INTERVAL). It is
    /// longer if looking is expensive, see [`Pace`]. The default is [`DEFAULT_INTERVAL`].
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Watches a protocol; can be called for several. The default is TCP and UDP.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.scope.protocols.push(protocol);
        self
    }

    /// Watches ports with these numbers; can be called for several ranges. The default is all.
    #[must_use]
    pub fn ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.scope.ports.push(ports);
        self
    }

    /// Watches sockets that are bound to this address; can be called for several. The default is
    /// all. See [`Scope::addresses`].
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.scope.addresses.push(address);
        self
    }

    /// Sets whether the ports of the first look are reported as events of the kind
    /// [`EventKind::Initial`](crate::EventKind::Initial). By default they are not.
    #[must_use]
    pub fn initial(self, has_initial: bool) -> Self {
        Self { has_initial, ..self }
    }

    /// Sets how many events are kept. The default is [`DEFAULT_HISTORY`](crate::DEFAULT_HISTORY).
    #[must_use]
    pub fn history(self, events: usize) -> Self {
        Self { history: events, ..self }
    }

    /// Sets whether the processes of ports are looked up when they open. By default they are not.
    /// This reads every process, which costs far more than reading the tables. If processes cannot
    /// be listed, subscribers receive [`Notice::ProcessesUnknown`](crate::Notice).
    #[must_use]
    pub fn processes(self, has_processes: bool) -> Self {
        Self { has_processes, ..self }
    }

    /// Lets the kernel report closings at once. If it does not, they are found by looking, and
    /// subscribers receive [`Notice::EventsOff`](crate::Notice).
    #[must_use]
    pub fn closings(self, right: EventAuthority) -> Self {
        Self { right: Some(right), ..self }
    }

    /// Returns the monitor, which is not started.
    pub fn build(self) -> PortMonitor {
        let shared = Shared {
            source: self.source,
            scope: self.scope,
            pace: Pace::new(self.interval),
            has_processes: self.has_processes,
            right: self.right,
            ledger: Mutex::new(Ledger::new(self.has_initial, self.history)),
        };
        PortMonitor { shared: Arc::new(shared), running: Mutex::new(None) }
    }
}

impl fmt::Debug for PortMonitorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortMonitorBuilder")
            .field("scope", &self.scope)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
