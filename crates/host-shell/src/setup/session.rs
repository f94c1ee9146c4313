//! The parent's side: sends requests to the process in which scripts run, with a deadline for each.
//!
//! The interpreter checks its deadline between the steps of a script, but a long step, or a write
//! to a reader that does not read, can delay the check. It may also use up its memory or stack. So
//! it runs in a child process. The parent receives Ctrl-C, has the deadline, and has the child
//! killed when that does not answer. Nothing here blocks on the child, on a lock, or on a reader of
//! the output.

use std::{
    cell::Cell,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use builtin_api::ExitCode;
use host_confine::broker::{Broker, BrokerError, BrokerErrorKind};
use procnetsocket::Interrupt;
use rustix::event::{PollFlags, Timespec};
use signal_hook::{consts::SIGINT, flag};

use crate::{ScriptLimits, limits::MAX_CAPTURED_BYTES};

use super::{
    audit::{Audit, AuditRecord},
    child::ScriptService,
    error::{Repr, SetupError},
    link::{ChildReport, ParentEnds, ScriptAnswer, ScriptRequest, is_ready, order},
    stderr,
};

/// Time for the interpreter to return after its deadline or Ctrl-C, and for a reader of standard
/// error to read the last line.
const GRACE: Duration = Duration::from_secs(1);

/// Time for a killed process to exit. A process that waits for a device may take this long.
const DEATH: Duration = Duration::from_secs(10);

/// A flag that is set at each SIGINT. That of the default value is never set.
#[derive(Clone, Debug, Default)]
pub struct Interrupts(Arc<AtomicBool>);

impl Interrupts {
    /// Receives SIGINT from now on, in this process and its forks: a terminal sends it to all of
    /// them.
    ///
    /// # Errors
    ///
    /// Those of `sigaction`.
    pub fn receive() -> io::Result<Self> {
        let received = Arc::default();
        flag::register(SIGINT, Arc::clone(&received))?;
        Ok(Self(received))
    }
}

impl Interrupt for Interrupts {
    fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A handle to the process in which scripts run. The process ends when this is dropped.
pub struct ScriptProcess {
    ends: ParentEnds,
    broker: Broker<ScriptService>,
    /// The last byte of the number of the last request.
    number: u8,
    interrupts: Interrupts,
    limits: ScriptLimits,
    audit: Option<Audit>,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// The process answered, and accepts another request.
    Back(ScriptAnswer),
    /// The process has ended, and all state of the shell is lost.
    Lost {
        /// The exit status.
        status: ExitCode,
        /// The line for standard error with the reason.
        message: String,
    },
}

/// The deadline of an answer.
struct Patience<'a> {
    begin: Instant,
    timeout: Duration,
    interrupt: &'a dyn Interrupt,
}

/// The reason to end a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Timeout,
    Interrupt,
}

impl ScriptProcess {
    pub(super) fn new(
        ends: ParentEnds,
        interrupts: Interrupts,
        limits: ScriptLimits,
        audit: Option<Audit>,
    ) -> Result<Self, BrokerError> {
        Ok(Self { broker: broker(&ends)?, ends, number: 0, interrupts, limits, audit })
    }

    /// Sends a request, and has the process killed if it does not answer by the deadline, or after
    /// Ctrl-C.
    pub fn ask(&mut self, request: &ScriptRequest) -> Ended {
        // A Ctrl-C between two lines is ignored.
        self.interrupts.0.store(false, Ordering::SeqCst);
        self.ask_since(Instant::now(), request)
    }

    /// As [`ask`](Self::ask), with a deadline that counts from `begin`. The result is returned
    /// after the audit line is written; if that fails, no more scripts run.
    pub fn ask_since(&mut self, begin: Instant, request: &ScriptRequest) -> Ended {
        let time = SystemTime::now();
        let interrupts = self.interrupts.clone();
        let timeout = self.limits.timeout;
        let ended =
            self.ask_unrecorded(request, &Patience { begin, timeout, interrupt: &interrupts });
        let (status, usage, message) = match &ended {
            Ended::Back(ScriptAnswer::Ended { status, usage, message, .. }) => {
                (ExitCode::new(*status), usage.as_ref(), message)
            }
            Ended::Back(ScriptAnswer::Failed { status, message }) => {
                (ExitCode::new(*status), None, message)
            }
            Ended::Back(
                ScriptAnswer::Ready | ScriptAnswer::InForce(_) | ScriptAnswer::IsWhole(_),
            ) => return ended,
            Ended::Lost { status, message } => (*status, None, message),
        };
        let audit = self.audit.as_mut().filter(|_| request.runs_script());
        let Some(audit) = audit else { return ended };
        match audit.record(AuditRecord::new(time, begin.elapsed(), status, usage)) {
            Ok(()) => ended,
            Err(error) => {
                let why = "the script ran, and the audit cannot be written";
                let message = format!("{message}host-shell: {why}: {error}\n");
                Ended::Back(ScriptAnswer::ended(ExitCode::FAILURE, message, true))
            }
        }
    }

    /// Runs a [captured](super::Streams::Captured) script in its own process. Nothing is written to
    /// the audit, because the caller knows more about the call.
    ///
    /// # Errors
    ///
    /// [`System`](super::SetupErrorKind::System) when the process cannot be started.
    pub fn ask_alone(
        &mut self,
        request: &ScriptRequest,
        timeout: Duration,
        interrupt: &dyn Interrupt,
    ) -> Result<Ended, SetupError> {
        if let ScriptRequest::Captured { text, stdin, .. } = request
            && text.len().saturating_add(stdin.len()) > MAX_CAPTURED_BYTES
        {
            let expected = "expected a script and its input in";
            let message = format!("host-shell: {expected} {MAX_CAPTURED_BYTES} bytes\n");
            let status = ExitCode::FAILURE.code();
            return Ok(Ended::Back(ScriptAnswer::Failed { status, message }));
        }
        self.renew()?;
        let ended =
            self.ask_unrecorded(request, &Patience { begin: Instant::now(), timeout, interrupt });
        if matches!(ended, Ended::Back(_)) {
            self.ends.order(order::KILL);
            self.next_report();
            self.ends.clear();
        }
        Ok(ended)
    }

    fn ask_unrecorded(&mut self, request: &ScriptRequest, patience: &Patience<'_>) -> Ended {
        self.number = self.number.wrapping_add(1);
        let watch = AnswerWatch {
            ends: &self.ends,
            number: self.number,
            interrupt: patience.interrupt,
            // OK because a time beyond the range of the clock is never reached.
            deadline: patience.begin.checked_add(patience.timeout),
            cause: Cell::new(None),
            report: Cell::new(None),
        };
        let answer = self.broker.ask(request, Duration::MAX, &watch);
        let cause = watch.cause.get().map(|(cause, _)| cause);
        let mut report = watch.report.get();
        match answer {
            Ok(answer) => return Ended::Back(self.judged(answer, cause, patience.timeout)),
            Err(error) if error.kind() == BrokerErrorKind::Interrupted && report.is_some() => {}
            // Security: a malformed answer means that the process is compromised.
            Err(_) => {
                self.ends.order(order::KILL);
                report = self.next_report();
            }
        }
        let (status, message) = self.lost_message(cause, report, patience.timeout);
        Ended::Lost { status, message }
    }

    /// Corrects the status of a script that the interpreter ended because of our interrupt.
    fn judged(
        &self,
        answer: ScriptAnswer,
        cause: Option<Cause>,
        timeout: Duration,
    ) -> ScriptAnswer {
        let interrupted = ExitCode::CANCELLED.code();
        match (answer, cause) {
            (ScriptAnswer::Ended { status, printed, usage, .. }, Some(Cause::Timeout))
                if status == interrupted =>
            {
                let (status, message) = self.lost_message(Some(Cause::Timeout), None, timeout);
                ScriptAnswer::Ended {
                    status: status.code(),
                    exited: false,
                    message,
                    printed,
                    usage,
                }
            }
            // Nothing was run yet: the wait was for standard input.
            (ScriptAnswer::Failed { status, .. }, Some(Cause::Timeout))
                if status == interrupted =>
            {
                let error = SetupError::from(Repr::InputTimeout(timeout));
                let message = format!("host-shell: {error}\n");
                ScriptAnswer::Failed { status: error.status().code(), message }
            }
            (answer, _) => answer,
        }
    }

    /// Returns the status and message for a script whose process did not answer.
    fn lost_message(
        &self,
        cause: Option<Cause>,
        report: Option<ChildReport>,
        timeout: Duration,
    ) -> (ExitCode, String) {
        let notes = self.ends.clear();
        let said = |words: &[u8]| notes.windows(words.len()).any(|window| window == words);
        let (status, why) = match (cause, report) {
            (Some(Cause::Timeout), _) => {
                (ExitCode::TIMED_OUT, format!("the script took longer than {timeout:?}"))
            }
            (Some(Cause::Interrupt), _) => (ExitCode::CANCELLED, "interrupted".to_owned()),
            (None, _) if said(b"memory allocation of ") => {
                let most = self.limits.max_memory_bytes;
                let why = format!("the script needs more than the limit of {most} bytes of memory");
                (ExitCode::FAILURE, incomplete(&why))
            }
            (None, _) if said(b"has overflowed its stack") => {
                (ExitCode::FAILURE, incomplete("the script nests too deeply"))
            }
            (None, Some(ChildReport::Signaled(signal))) => {
                let why = format!("signal {signal} ended the process of the script");
                (ExitCode::new(signal.saturating_add(128)), incomplete(&why))
            }
            (None, _) => (ExitCode::FAILURE, incomplete("the process of the script is gone")),
        };
        (status, format!("host-shell: {why}\n"))
    }

    /// Has a new process started after the last one was lost. It has none of the state.
    ///
    /// # Errors
    ///
    /// [`System`](super::SetupErrorKind::System) when the process cannot be started.
    pub fn renew(&mut self) -> Result<(), SetupError> {
        self.number = 0;
        self.broker = broker(&self.ends)?;
        self.ends.order(order::SPAWN);
        match self.next_report() {
            Some(ChildReport::Started) => Ok(()),
            _ => Err(io::Error::other("cannot start a process to run scripts in").into()),
        }
    }

    fn next_report(&self) -> Option<ChildReport> {
        is_ready(&self.ends.reports, PollFlags::IN, Some(timespec(DEATH)));
        self.ends.report()
    }

    /// Ends the process, and waits for its exit.
    pub fn end(self) {
        let ParentEnds { reports, orders, requests, interrupts, .. } = self.ends;
        drop((orders, requests, interrupts, self.broker));
        // The spawner ends last, which closes its end of the pipe.
        is_ready(&reports, PollFlags::IN, Some(timespec(DEATH)));
    }
}

fn incomplete(why: &str) -> String {
    format!("{why}: the output is incomplete")
}

fn broker(ends: &ParentEnds) -> Result<Broker<ScriptService>, BrokerError> {
    Broker::new(ends.requests.try_clone()?.into(), ends.answers.try_clone()?.into())
}

/// Decides during a wait for an answer whether to continue waiting.
struct AnswerWatch<'a> {
    ends: &'a ParentEnds,
    number: u8,
    interrupt: &'a dyn Interrupt,
    deadline: Option<Instant>,
    /// The reason to end the script, and when it occurred.
    cause: Cell<Option<(Cause, Instant)>>,
    report: Cell<Option<ChildReport>>,
}

impl Interrupt for AnswerWatch<'_> {
    fn is_interrupted(&self) -> bool {
        if let Some(report) = self.ends.report() {
            self.report.set(Some(report));
            return true;
        }
        let now = Instant::now();
        if self.cause.get().is_none() {
            if self.interrupt.is_interrupted() {
                self.cause.set(Some((Cause::Interrupt, now)));
            } else if self.deadline.is_some_and(|deadline| now >= deadline) {
                self.cause.set(Some((Cause::Timeout, now)));
            }
        }
        let Some((_, since)) = self.cause.get() else { return false };
        // Sent repeatedly, because a script that has not started yet misses the first one. OK
        // because a full pipe already contains enough of them.
        let _ = (&self.ends.interrupts).write(&[self.number]);
        now.duration_since(since) >= GRACE
    }
}

/// Writes to standard error, with a short timeout for a reader that does not read.
pub fn print_message(text: &str) {
    if text.is_empty() || !is_ready(&stderr(), PollFlags::OUT, Some(timespec(GRACE))) {
        return;
    }
    // Another process may fill the pipe meanwhile, so this writes on a thread that can be
    // abandoned.
    let (sender, written) = channel();
    let text = text.to_owned();
    let writer = thread::Builder::new().name("last word".to_owned()).spawn(move || {
        // OK because an error of standard error cannot be reported.
        let _ = sender.send(stderr().write_all(text.as_bytes()));
    });
    if writer.is_ok() {
        let _ = written.recv_timeout(GRACE);
    }
}

fn timespec(time: Duration) -> Timespec {
    // OK because the constants of this file fit.
    Timespec::try_from(time).unwrap_or_default()
}
