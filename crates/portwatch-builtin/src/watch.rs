//! One call at work: looking, pausing, telling what failed.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use builtin_api::{CallContext, Cancel, Chain, Error, ExitCode};
use port_monitor::{
    Attribution, Change, Cost, EventKind, History, Pace, Polled, Poller, Scope, Turn,
};

use crate::{
    cli::{EventFormat, First, Follow, Wanted, Watch},
    render::{print_event, print_port},
    source::{PolicyPorts, UnseenProcesses},
};

/// A call at work.
pub(crate) struct Watcher<'a, 'c> {
    context: &'a mut CallContext<'c>,
    poller: Poller<PolicyPorts<'a>>,
    pace: Pace,
    begin: Instant,
    /// When the next look is due.
    next: Instant,
    /// Whether processes could not be listed, which is reported once.
    processes_unknown: bool,
    unseen: UnseenProcesses,
    /// Whether it was reported that processes may be missing.
    told: bool,
}

/// Why a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// It is time to look.
    Over,
    /// The time of the call is up.
    TimeUp,
}

impl<'a, 'c> Watcher<'a, 'c> {
    pub(crate) fn new(
        context: &'a mut CallContext<'c>,
        ports: PolicyPorts<'a>,
        watch: &Watch,
        processes: Attribution,
    ) -> Self {
        let now = Instant::now();
        let unseen = ports.unseen();
        let poller = Poller::new(ports, Scope::default()).with_attribution(processes);
        let pace = Pace::new(watch.interval);
        Self {
            context,
            poller,
            pace,
            begin: now,
            next: now,
            processes_unknown: false,
            unseen,
            told: false,
        }
    }

    /// Prints what is open.
    pub(crate) fn list(mut self, form: EventFormat) -> Result<ExitCode, Error> {
        self.look()?;
        let mut lines = Vec::new();
        for port in self.poller.tracker().ports() {
            print_port(&mut lines, form, port)?;
        }
        self.write(&lines)?;
        Ok(self.status())
    }

    /// Waits until ports are as they are wanted.
    pub(crate) fn wait(
        mut self,
        wanted: Wanted,
        timeout: Option<Duration>,
    ) -> Result<ExitCode, Error> {
        let end = self.after(timeout);
        loop {
            self.look()?;
            if self.is(wanted)? {
                return Ok(ExitCode::SUCCESS);
            }
            if self.pause(end)? == Pause::TimeUp {
                let what = match wanted {
                    Wanted::Open => "no port matched in time",
                    Wanted::Gone => "a port still matches",
                };
                self.complain(&what);
                return Ok(ExitCode::TIMED_OUT);
            }
        }
    }

    /// Prints what opens and closes.
    pub(crate) fn follow(mut self, follow: &Follow) -> Result<ExitCode, Error> {
        let (lasting, timeout) = (self.after(follow.lasting), self.after(follow.timeout));
        let end = [lasting, timeout].into_iter().flatten().min();
        // Numbers and stamps are all that is wanted of it.
        let mut history = History::new(0);
        let mut left = follow.count;
        loop {
            let polled = self.look()?;
            self.print(polled.changes, follow, &mut history, &mut left)?;
            if left == Some(0) {
                return Ok(self.status());
            }
            if self.pause(end)? == Pause::TimeUp {
                let is_enough = lasting.is_some() && lasting == end;
                return Ok(if is_enough { self.status() } else { ExitCode::TIMED_OUT });
            }
        }
    }

    /// Prints the events of one look, at most as many as are left.
    fn print(
        &mut self,
        changes: Vec<Change>,
        follow: &Follow,
        history: &mut History,
        left: &mut Option<u64>,
    ) -> Result<(), Error> {
        let now = self.context.clock.now();
        let mut lines = Vec::new();
        for change in changes {
            match (change.kind, &mut *left) {
                (EventKind::Initial, _) if follow.first == First::Silent => continue,
                (EventKind::Initial, _) | (_, None) => {}
                (_, Some(0)) => break,
                (_, Some(left)) => *left -= 1,
            }
            print_event(&mut lines, follow.form, &history.push(change, now))?;
        }
        self.write(&lines)
    }

    /// Looks once. What cannot be read is reported once, and again when it can be read.
    fn look(&mut self) -> Result<Polled, Error> {
        let (begin, cost) = (Instant::now(), Cost::now());
        let cancel = self.context.cancel;
        let Some(polled) = self.poller.poll(&|| cancel.is_cancelled()) else {
            return Err(ended(cancel));
        };
        for turn in &polled.turns {
            match turn {
                Turn::Failed(_, problem) => self.complain(&Chain(problem)),
                Turn::Recovered(table) => self.complain(&format_args!("{table} can be read again")),
            }
        }
        if let Some(problem) = &polled.processes_unknown
            && !std::mem::replace(&mut self.processes_unknown, true)
        {
            self.complain(&Chain(problem));
        }
        let reason = self.unseen.reason().filter(|_| !self.told).map(str::to_owned);
        if let Some(reason) = reason {
            self.told = true;
            self.complain(&reason);
        }
        // OK because a day that far away is as good as never.
        self.next = begin.checked_add(self.pace.period(cost.elapsed())).unwrap_or(begin);
        Ok(polled)
    }

    /// Returns whether ports are as they are wanted. What cannot be read may hold a port, so nothing
    /// is gone before it can be read; and one look alone proves no absence, see
    /// [`port_monitor::Tracker::misses`].
    fn is(&mut self, wanted: Wanted) -> Result<bool, Error> {
        let is_open = self.poller.tracker().ports().next().is_some();
        if wanted == Wanted::Open || is_open {
            return Ok(is_open == (wanted == Wanted::Open));
        }
        self.look()?;
        let tracker = self.poller.tracker();
        Ok(tracker.ports().next().is_none() && tracker.problems().next().is_none())
    }

    /// Waits until the next look, but not past the end. Ends the call when the host wants it to end.
    fn pause(&self, end: Option<Instant>) -> Result<Pause, Error> {
        let until = end.map_or(self.next, |end| end.min(self.next));
        self.context.cancel.wait_until(until)?;
        let is_over = end.is_some_and(|end| Instant::now() >= end);
        Ok(if is_over { Pause::TimeUp } else { Pause::Over })
    }

    fn after(&self, time: Option<Duration>) -> Option<Instant> {
        time.and_then(|time| self.begin.checked_add(time))
    }

    /// Returns the status of a call that has printed all it could: failure when tables cannot be
    /// read, or processes not be told.
    fn status(&self) -> ExitCode {
        match self.poller.tracker().problems().next() {
            None if !self.processes_unknown => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Error> {
        let failed = |error| Error::io("the ports could not be written", error);
        self.context.stdout.write_all(lines).map_err(failed)?;
        self.context.stdout.flush().map_err(failed)
    }

    fn complain(&mut self, problem: &dyn Display) {
        // OK because there is nobody left to tell when standard error cannot be written.
        let _ = writeln!(self.context.stderr, "portwatch: {problem}");
    }
}

/// Returns why the host wanted a look to end.
fn ended(cancel: &Cancel) -> Error {
    let interrupted = || Error::new(builtin_api::ErrorKind::Cancelled, "interrupted");
    cancel.check().err().unwrap_or_else(interrupted)
}
