//! The thread of a monitor. It looks, waits for an event of the kernel or for the time of the next
//! look, and ends when the other end of its pipe is closed.

use std::{
    io::{self, PipeReader, PipeWriter},
    os::fd::{AsFd, BorrowedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{
    closing::DestroyListener,
    error::{Error, Repr},
    pace::Cost,
    poll,
    port::PortTable,
    reading::Reading,
    shared::Shared,
};

/// A running thread.
pub(crate) struct RunningThread {
    /// Closing it wakes the thread, and ends it.
    pipe: PipeWriter,
    /// Ends the current look.
    is_ending: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl RunningThread {
    pub(crate) fn is_alive(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Stops the thread, and waits for its end.
    pub(crate) fn stop(self) -> Result<(), Error> {
        self.is_ending.store(true, Ordering::Relaxed);
        drop(self.pipe);
        self.thread.join().map_err(|_| Repr::Panicked.into())
    }
}

/// The state of the thread.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    pipe: PipeReader,
    is_ending: Arc<AtomicBool>,
    closings: Option<DestroyListener>,
}

/// Why a wait ended.
enum Woken {
    /// It is time to look.
    Time,
    /// The kernel reported a closing.
    Closing,
    /// The thread has to end.
    End,
}

impl Worker {
    pub(crate) fn start(shared: Arc<Shared>) -> io::Result<RunningThread> {
        let (reader, pipe) = io::pipe()?;
        let is_ending = Arc::new(AtomicBool::new(false));
        // Opened before the first look, so that it reports ports that close during the look.
        let closings = open_closings(&shared);
        let worker = Self { shared, pipe: reader, is_ending: Arc::clone(&is_ending), closings };
        let builder = thread::Builder::new().name("port-monitor".to_owned());
        let thread = builder.spawn(move || worker.run())?;
        Ok(RunningThread { pipe, is_ending, thread })
    }

    fn run(mut self) {
        loop {
            let (begin, cost) = (Instant::now(), Cost::now());
            if !self.look() {
                return;
            }
            let period = self.shared.pace.period(cost.elapsed());
            // OK because a time that the clock cannot represent is never reached, as for `None`.
            if !self.wait(begin.checked_add(period)) {
                return;
            }
        }
    }

    /// Looks once. Returns whether to continue.
    fn look(&mut self) -> bool {
        let Shared { source, scope, .. } = &*self.shared;
        let ledger = || self.shared.ledger();
        let misses = |table: PortTable, reading: &Reading| ledger().tracker.misses(table, reading);
        let is_ending = || self.is_ending.load(Ordering::Relaxed);
        let Some(readings) = poll::read(&**source, scope, &misses, &is_ending) else {
            return false;
        };
        let now = SystemTime::now();
        let mut polled = poll::observe(&mut ledger().tracker, readings);
        if self.shared.has_processes {
            poll::attribute(&**source, &mut polled, &is_ending);
        }
        ledger().record(polled, now);
        self.receive_events(|closings| closings.looked(Instant::now()));
        true
    }

    /// Waits for the time of the next look, and handles the kernel's events meanwhile. Returns
    /// whether to continue.
    fn wait(&mut self, next: Option<Instant>) -> bool {
        loop {
            match self.sleep(next) {
                Woken::Time => return true,
                Woken::End => return false,
                Woken::Closing => self.receive(),
            }
        }
    }

    fn receive(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut each = |cookie| shared.ledger().destroyed(cookie, SystemTime::now());
        self.receive_events(|closings| closings.receive(Instant::now(), &mut each));
    }

    /// Handles events of the kernel. Subscribers are notified once if that fails.
    fn receive_events(
        &mut self,
        what: impl FnOnce(&mut DestroyListener) -> Result<(), crate::ReadProblem>,
    ) {
        let Some(closings) = &mut self.closings else { return };
        if let Err(problem) = what(closings) {
            self.shared.ledger().events_off(problem);
            self.closings = None;
        }
    }

    fn sleep(&self, next: Option<Instant>) -> Woken {
        loop {
            let left = next.map(|next| next.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Woken::Time;
            }
            let events = self.closings.as_ref().and_then(DestroyListener::as_fd);
            match ready(self.pipe.as_fd(), events, left) {
                Ok([true, _]) => return Woken::End,
                Ok([_, true]) => return Woken::Closing,
                Ok(_) | Err(Errno::INTR) => {}
                // OK because the handles are valid, and a wait that fails for lack of memory ends
                // the thread.
                Err(_) => return Woken::End,
            }
        }
    }
}

fn open_closings(shared: &Shared) -> Option<DestroyListener> {
    let right = shared.right.clone()?;
    let opened = DestroyListener::open(right, &shared.scope);
    opened.map_err(|problem| shared.ledger().events_off(problem)).ok()
}

/// Waits at most this long, and returns which of the two is readable.
fn ready(
    pipe: BorrowedFd<'_>,
    events: Option<BorrowedFd<'_>>,
    at_most: Option<Duration>,
) -> Result<[bool; 2], Errno> {
    let mut fds: Vec<_> = std::iter::once(pipe)
        .chain(events)
        .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
        .collect();
    // OK because a time that the kernel cannot represent is like no limit.
    let timeout = at_most.and_then(|time| Timespec::try_from(time).ok());
    poll(&mut fds, timeout.as_ref())?;
    let is_ready = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
    Ok([is_ready(0), is_ready(1)])
}
