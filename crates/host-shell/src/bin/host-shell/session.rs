//! A shell on a thread of its own, watched from the program's first thread.
//!
//! The interpreter looks at its clock between the steps of a script; a step that computes for long,
//! or a write to a reader that does not read, can keep it from looking. So the first thread decides:
//! it receives Ctrl-C, knows the deadline, and leaves without the interpreter when that does not come
//! back. Threads that were left end with the process.
//!
//! Ctrl-C arrives as a byte in a pipe and not in a socket, so that the shell's own sockets are not in
//! its listings.

use std::{
    io::{self, PipeReader, Read as _, Write},
    sync::Arc,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use builtin_api::ExitCode;
use host_shell::{Outcome, Script, ScriptInterrupt, Shell};
use signal_hook::{consts::SIGINT, low_level::pipe};
use socket_query::UsageCounter;

use crate::audit::{Audit, ScriptBegin, ScriptUsage};

/// Time for the interpreter to come back after its deadline, or after Ctrl-C.
const GRACE: Duration = Duration::from_secs(2);

/// A running interpreter.
pub(crate) struct Session {
    scripts: Sender<Script>,
    events: Receiver<Event>,
    interrupt: ScriptInterrupt,
    timeout: Duration,
    audit: Option<Audit>,
}

/// What the first thread waits for.
enum Event {
    /// A script has ended. What it did is known if there is an audit.
    Outcome(Outcome, Option<ScriptUsage>),
    /// SIGINT was received.
    Interrupted,
    /// The shell's thread has ended, by a panic of the interpreter.
    Gone,
}

/// The pipe that has a byte for each SIGINT.
pub(crate) struct Interrupts(PipeReader);

impl Interrupts {
    /// Receives SIGINT from now on. It starts no thread and is to be called before confinement, which
    /// leaves no way to make a pipe.
    pub(crate) fn receive() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        pipe::register(SIGINT, writer)?;
        Ok(Self(reader))
    }

    /// Sends an event for each SIGINT, from a thread that waits for it.
    fn send_to(mut self, events: Sender<Event>) -> io::Result<()> {
        thread::Builder::new().name("interrupts".to_owned()).spawn(move || {
            while self.0.read_exact(&mut [0]).is_ok() && events.send(Event::Interrupted).is_ok() {}
        })?;
        Ok(())
    }
}

/// Sends the last event of the shell's thread, however it ends.
struct Farewell(Sender<Event>);

impl Drop for Farewell {
    fn drop(&mut self) {
        // OK because a session that is gone needs no event.
        let _ = self.0.send(Event::Gone);
    }
}

/// How a script ended.
pub(crate) enum Ended {
    /// The interpreter came back, and takes another script.
    Back(Outcome),
    /// It did not come back, and never will: the program has to end with this status.
    Lost(ExitCode),
    /// It ended, and no line was written about it to the audit.
    Unrecorded(io::Error),
}

/// Where scripts print to.
pub(crate) struct Streams {
    pub(crate) stdout: Box<dyn Write + Send>,
    pub(crate) stderr: Box<dyn Write + Send>,
}

impl Session {
    /// Starts the shell's thread.
    pub(crate) fn start(
        interrupts: Interrupts,
        mut shell: Shell,
        timeout: Duration,
        mut streams: Streams,
        audit: Option<Audit>,
        usage: Arc<UsageCounter>,
    ) -> io::Result<Self> {
        let interrupt = shell.interrupt();
        let (scripts, received) = channel::<Script>();
        let (sender, events) = channel();
        interrupts.send_to(sender.clone())?;
        thread::Builder::new().name("shell".to_owned()).spawn(move || {
            let farewell = Farewell(sender);
            for script in received {
                let outcome = shell.run(&script, &mut streams.stdout, &mut streams.stderr);
                let usage =
                    shell.take_counts().map(|counts| ScriptUsage::new(counts, usage.take()));
                if farewell.0.send(Event::Outcome(outcome, usage)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { scripts, events, interrupt, timeout, audit })
    }

    /// Runs a script, and ends it at its deadline or at Ctrl-C. It has ended when its line is in the
    /// audit.
    pub(crate) fn run(&mut self, script: Script) -> Ended {
        let begin = ScriptBegin::now();
        let (ended, usage) = self.run_script(script);
        let status = match &ended {
            Ended::Back(outcome) => outcome.status,
            Ended::Lost(status) => *status,
            Ended::Unrecorded(_) => return ended,
        };
        let audit = self.audit.as_mut();
        match audit.map_or(Ok(()), |audit| audit.record(begin, status, usage.as_ref())) {
            Ok(()) => ended,
            Err(error) => Ended::Unrecorded(error),
        }
    }

    fn run_script(&mut self, script: Script) -> (Ended, Option<ScriptUsage>) {
        // A Ctrl-C of the time between two scripts is for neither.
        while let Ok(Event::Interrupted) = self.events.try_recv() {}
        if self.scripts.send(script).is_err() {
            return (Ended::Lost(ExitCode::FAILURE), None);
        }
        // OK because a time that the clock does not reach is no deadline.
        let mut deadline = Instant::now().checked_add(self.timeout.saturating_add(GRACE));
        let mut status = ExitCode::TIMED_OUT;
        loop {
            match self.next_event(deadline) {
                Ok(Event::Outcome(outcome, usage)) => return (Ended::Back(outcome), usage),
                Ok(Event::Interrupted) => {
                    self.interrupt.interrupt();
                    let end = Instant::now() + GRACE;
                    deadline = Some(deadline.map_or(end, |deadline| deadline.min(end)));
                    status = ExitCode::CANCELLED;
                }
                Err(RecvTimeoutError::Timeout) => return (Ended::Lost(status), None),
                Ok(Event::Gone) | Err(RecvTimeoutError::Disconnected) => {
                    return (Ended::Lost(ExitCode::FAILURE), None);
                }
            }
        }
    }

    fn next_event(&self, deadline: Option<Instant>) -> Result<Event, RecvTimeoutError> {
        match deadline {
            Some(deadline) => {
                self.events.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            }
            None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }
}
