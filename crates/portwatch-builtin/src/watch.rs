//! One call: looks, pauses, and reports of failures.

use std::{
    collections::BTreeSet,
    fmt::Display,
    time::{Duration, Instant},
};

use builtin_api::{CallContext, Cancel, Error, ExitCode};
use builtin_cli::Chain;
use port_monitor::{Change, Cost, EventKind, History, Pace, Poller, Turn};

use crate::{
    cli::{Enough, EventFormat, Follow, WaitCondition, Wanted, Watch},
    render::{print_event, print_port},
    source::{PolicyPorts, UnseenProcesses},
};

/// A running call.
pub(crate) struct Watcher<'a, 'c> {
    context: &'a mut CallContext<'c>,
    /// The ports of each condition.
    watched: Vec<WatchedCondition<'a>>,
    pace: Pace,
    begin: Instant,
    /// The time of the next look.
    next: Instant,
    /// Whether processes could not be listed, which is reported once.
    processes_unknown: bool,
    /// Whether it was reported that processes may be missing.
    has_reported_gap: bool,
}

/// The ports of a condition.
struct WatchedCondition<'a> {
    poller: Poller<PolicyPorts<'a>>,
    unseen: UnseenProcesses,
}

impl<'a> WatchedCondition<'a> {
    fn new(ports: PolicyPorts<'a>, has_processes: bool) -> Self {
        let (unseen, scope) = (ports.unseen(), ports.scope());
        Self { poller: Poller::new(ports, scope).with_processes(has_processes), unseen }
    }
}

/// Why a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// It is time to look.
    Over,
    /// The time of the call is over.
    TimeUp,
}

impl<'a, 'c> Watcher<'a, 'c> {
    pub(crate) fn new(
        context: &'a mut CallContext<'c>,
        ports: Vec<PolicyPorts<'a>>,
        watch: &Watch,
        has_processes: bool,
    ) -> Self {
        let now = Instant::now();
        let watched = ports.into_iter().map(|ports| WatchedCondition::new(ports, has_processes));
        let (watched, pace) = (watched.collect(), Pace::new(watch.interval));
        Self {
            context,
            watched,
            pace,
            begin: now,
            next: now,
            processes_unknown: false,
            has_reported_gap: false,
        }
    }

    /// Prints the open ports.
    pub(crate) fn list(mut self, form: EventFormat) -> Result<ExitCode, Error> {
        self.look()?;
        let mut lines = Vec::new();
        for port in self.watched.iter().flat_map(|watched| watched.poller.tracker().ports()) {
            print_port(&mut lines, form, port)?;
        }
        self.write(&lines)?;
        Ok(self.status())
    }

    /// Waits until all conditions hold at the same time, or any of them.
    pub(crate) fn wait(
        mut self,
        conditions: &[WaitCondition],
        enough: Enough,
        timeout: Option<Duration>,
    ) -> Result<ExitCode, Error> {
        let end = self.after(timeout);
        loop {
            self.look()?;
            if self.is_enough(conditions, enough)? {
                return Ok(ExitCode::SUCCESS);
            }
            if self.pause(end)? == Pause::TimeUp {
                for (WaitCondition { wanted, which }, holds) in
                    conditions.iter().zip(self.hold(conditions))
                {
                    let what = match wanted {
                        _ if holds => continue,
                        Wanted::Open => "nothing matched in time",
                        Wanted::Gone => "a socket still matches",
                    };
                    self.complain(&format_args!("{what}: {}", which.target));
                }
                return Ok(ExitCode::TIMED_OUT);
            }
        }
    }

    /// Prints openings and closings.
    pub(crate) fn follow(mut self, follow: &Follow) -> Result<ExitCode, Error> {
        let (lasting, timeout) = (self.after(follow.lasting), self.after(follow.timeout));
        let end = [lasting, timeout].into_iter().flatten().min();
        // The history is used only for its numbers and times.
        let mut history = History::new(0);
        let mut left = follow.count;
        loop {
            let changes = self.look()?;
            self.print(changes, follow, &mut history, &mut left)?;
            if left == Some(0) {
                return Ok(self.status());
            }
            if self.pause(end)? == Pause::TimeUp {
                let is_enough = lasting.is_some() && lasting == end;
                return Ok(if is_enough { self.status() } else { ExitCode::TIMED_OUT });
            }
        }
    }

    /// Prints the events of one look, up to the remaining count.
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
                (EventKind::Initial, _) if !follow.has_initial => continue,
                (EventKind::Initial, _) | (_, None) => {}
                (_, Some(0)) => break,
                (_, Some(left)) => *left -= 1,
            }
            print_event(&mut lines, follow.form, &history.push(change, now))?;
        }
        self.write(&lines)
    }

    /// Looks once and returns the changes. A table that cannot be read is reported once, and its
    /// recovery, too.
    fn look(&mut self) -> Result<Vec<Change>, Error> {
        let (begin, cost) = (Instant::now(), Cost::now());
        let cancel = self.context.cancel;
        let (mut changes, mut complaints) = (Vec::new(), Vec::new());
        for WatchedCondition { poller, unseen } in &mut self.watched {
            let Some(polled) = poller.poll(&|| cancel.is_cancelled()) else {
                return Err(ended(cancel));
            };
            changes.extend(polled.changes);
            complaints.extend(polled.turns.iter().map(|turn| match turn {
                Turn::Failed(_, problem) => Chain(problem).to_string(),
                Turn::Recovered(table) => format!("{table} can be read again"),
            }));
            if let Some(problem) = &polled.processes_unknown
                && !std::mem::replace(&mut self.processes_unknown, true)
            {
                complaints.push(Chain(problem).to_string());
            }
            if let Some(reason) = unseen.reason()
                && !std::mem::replace(&mut self.has_reported_gap, true)
            {
                complaints.push(reason.to_owned());
            }
        }
        // Several conditions read the same tables.
        let mut reported = BTreeSet::new();
        for complaint in complaints {
            if reported.insert(complaint.clone()) {
                self.complain(&complaint);
            }
        }
        // OK because a time that the clock cannot represent is never reached.
        self.next = begin.checked_add(self.pace.period(cost.elapsed())).unwrap_or(begin);
        Ok(changes)
    }

    /// Returns whether enough conditions hold. A single look does not prove that a port is closed,
    /// see [`port_monitor::Tracker::misses`], so it is repeated then.
    fn is_enough(&mut self, conditions: &[WaitCondition], enough: Enough) -> Result<bool, Error> {
        let are_enough = |mut hold: std::vec::IntoIter<bool>| match enough {
            Enough::All => hold.all(|holds| holds),
            Enough::Any => hold.any(|holds| holds),
        };
        let hold = self.hold(conditions);
        let is_proof = |(condition, holds): (&WaitCondition, &bool)| {
            *holds && condition.wanted == Wanted::Open
        };
        let proven: Vec<_> = conditions.iter().zip(&hold).map(is_proof).collect();
        if are_enough(proven.into_iter()) {
            return Ok(true);
        }
        if !are_enough(hold.into_iter()) {
            return Ok(false);
        }
        self.look()?;
        Ok(are_enough(self.hold(conditions).into_iter()))
    }

    /// Returns whether each condition holds. A table that cannot be read may contain the port, so
    /// no port counts as gone before it can be read.
    fn hold(&self, conditions: &[WaitCondition]) -> Vec<bool> {
        let holds = |(condition, watched): (&WaitCondition, &WatchedCondition<'_>)| {
            let tracker = watched.poller.tracker();
            let is_open = tracker.ports().next().is_some();
            match condition.wanted {
                Wanted::Open => is_open,
                Wanted::Gone => !is_open && tracker.problems().next().is_none(),
            }
        };
        conditions.iter().zip(&self.watched).map(holds).collect()
    }

    /// Waits until the next look, at most until `end`. Returns an error when the host ends the
    /// call.
    fn pause(&self, end: Option<Instant>) -> Result<Pause, Error> {
        let until = end.map_or(self.next, |end| end.min(self.next));
        self.context.cancel.wait_until(until)?;
        let is_over = end.is_some_and(|end| Instant::now() >= end);
        Ok(if is_over { Pause::TimeUp } else { Pause::Over })
    }

    fn after(&self, time: Option<Duration>) -> Option<Instant> {
        time.and_then(|time| self.begin.checked_add(time))
    }

    /// Returns the status of a call that has printed everything: failure if a table or processes
    /// could not be read.
    fn status(&self) -> ExitCode {
        let mut problems =
            self.watched.iter().flat_map(|watched| watched.poller.tracker().problems());
        match problems.next() {
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
        // OK because an error of standard error cannot be reported anywhere.
        let _ = writeln!(self.context.stderr, "portwatch: {problem}");
    }
}

/// Returns why the host ended a look.
fn ended(cancel: &Cancel) -> Error {
    let interrupted = || Error::new(builtin_api::ErrorKind::Cancelled, "interrupted");
    cancel.check().err().unwrap_or_else(interrupted)
}
