//! The parent's side: it asks the process in which scripts run, and never waits for it too long.
//!
//! The interpreter looks at its clock between the steps of a script; a step that computes for long,
//! or a write to a reader that does not read, can keep it from looking. It may use up its memory,
//! or its stack. So it runs in a child process, and the parent decides: it receives Ctrl-C, knows
//! the deadline, and has the process ended when that does not answer. Nothing here waits for the
//! child, for a lock, or for a reader of the output.

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

/// Time for the interpreter to come back after its deadline, or after Ctrl-C; and for a reader of
/// standard error to take the last line.
const GRACE: Duration = Duration::from_secs(1);

/// Time for the kernel to end a process that was killed. A process that waits for a device may take
/// as long as that.
const DEATH: Duration = Duration::from_secs(10);

/// The flag that is set at each SIGINT; the default never is.
#[derive(Clone, Debug, Default)]
pub struct Interrupts(Arc<AtomicBool>);

impl Interrupts {
    /// Receives SIGINT from now on, in this process and in its copies: it is sent to all of them.
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

/// The process in which scripts run, as its parent sees it. When this is dropped, the process ends.
pub struct ScriptProcess {
    ends: ParentEnds,
    broker: Broker<ScriptService>,
    /// The number of the last request, its last byte.
    number: u8,
    interrupts: Interrupts,
    limits: ScriptLimits,
    audit: Option<Audit>,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// The process answered, and takes another request.
    Back(ScriptAnswer),
    /// The process has ended, and all that the script made with it.
    Lost {
        /// The status for it.
        status: ExitCode,
        /// The line for standard error that says why.
        message: String,
    },
}

/// How long an answer is waited for.
struct Patience<'a> {
    begin: Instant,
    timeout: Duration,
    interrupt: &'a dyn Interrupt,
}

/// Why a script is to end before it does so itself.
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

    /// Asks, and has the process ended if there is no answer at the deadline, or after Ctrl-C.
    pub fn ask(&mut self, request: &ScriptRequest) -> Ended {
        // A Ctrl-C of the time between two lines is for neither.
        self.interrupts.0.store(false, Ordering::SeqCst);
        self.ask_since(Instant::now(), request)
    }

    /// The same, with the deadline of a script that began at that time. A script has ended when its
    /// line is in the audit; where it cannot be, nothing more runs.
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

    /// Runs a [captured](super::Streams::Captured) script in a process that is started for it, and
    /// ended after it. Nothing is recorded: who asks knows more about it.
    ///
    /// # Errors
    ///
    /// [`System`](super::SetupErrorKind::System) when the system gives no process.
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
            // OK because a time that the clock does not reach is no deadline.
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
            // What is no answer comes from a process that something else has taken over.
            Err(_) => {
                self.ends.order(order::KILL);
                report = self.next_report();
            }
        }
        let (status, message) = self.told(cause, report, patience.timeout);
        Ended::Lost { status, message }
    }

    /// Takes what the interpreter ended at our word as what it is.
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
                let (status, message) = self.told(Some(Cause::Timeout), None, timeout);
                ScriptAnswer::Ended {
                    status: status.code(),
                    exited: false,
                    message,
                    printed,
                    usage,
                }
            }
            // Nothing was run yet: what is read before a script was waited for.
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

    /// Returns the status and the line for the end of a script that did not come back.
    fn told(
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
                (ExitCode::FAILURE, not_whole(&why))
            }
            (None, _) if said(b"has overflowed its stack") => {
                (ExitCode::FAILURE, not_whole("the script nests too deep"))
            }
            (None, Some(ChildReport::Signaled(signal))) => {
                let why = format!("signal {signal} ended the process of the script");
                (ExitCode::new(signal.saturating_add(128)), not_whole(&why))
            }
            (None, _) => (ExitCode::FAILURE, not_whole("the process of the script is gone")),
        };
        (status, format!("host-shell: {why}\n"))
    }

    /// Has the next process started, after the last one was lost. It has nothing of what that had.
    ///
    /// # Errors
    ///
    /// [`System`](super::SetupErrorKind::System) when the system gives no process.
    pub fn renew(&mut self) -> Result<(), SetupError> {
        self.number = 0;
        self.broker = broker(&self.ends)?;
        self.ends.order(order::SPAWN);
        match self.next_report() {
            Some(ChildReport::Started) => Ok(()),
            _ => Err(io::Error::other("the system gives no process to run scripts in").into()),
        }
    }

    fn next_report(&self) -> Option<ChildReport> {
        is_ready(&self.ends.reports, PollFlags::IN, Some(timespec(DEATH)));
        self.ends.report()
    }

    /// Ends the process, and waits until it has ended.
    pub fn end(self) {
        let ParentEnds { reports, orders, requests, interrupts, .. } = self.ends;
        drop((orders, requests, interrupts, self.broker));
        // The spawner ends last, and its end of the pipe with it.
        is_ready(&reports, PollFlags::IN, Some(timespec(DEATH)));
    }
}

fn not_whole(why: &str) -> String {
    format!("{why}: what was printed is not whole")
}

fn broker(ends: &ParentEnds) -> Result<Broker<ScriptService>, BrokerError> {
    Broker::new(ends.requests.try_clone()?.into(), ends.answers.try_clone()?.into())
}

/// Looks, while an answer is waited for, whether it is still worth the wait.
struct AnswerWatch<'a> {
    ends: &'a ParentEnds,
    number: u8,
    interrupt: &'a dyn Interrupt,
    deadline: Option<Instant>,
    /// Why the script is to end, and since when.
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
        // Again each time, because a script that has not begun yet misses the first one.
        // OK because a pipe that is full has enough of them.
        let _ = (&self.ends.interrupts).write(&[self.number]);
        now.duration_since(since) >= GRACE
    }
}

/// Writes to standard error, and does not wait for a reader for long.
pub fn last_word(text: &str) {
    if text.is_empty() || !is_ready(&stderr(), PollFlags::OUT, Some(timespec(GRACE))) {
        return;
    }
    // Somebody else may fill the pipe meanwhile. So it is written on a thread that can be left.
    let (sender, written) = channel();
    let text = text.to_owned();
    let writer = thread::Builder::new().name("last word".to_owned()).spawn(move || {
        // OK because there is nobody left to tell when standard error cannot be written.
        let _ = sender.send(stderr().write_all(text.as_bytes()));
    });
    if writer.is_ok() {
        let _ = written.recv_timeout(GRACE);
    }
}

fn timespec(time: Duration) -> Timespec {
    // OK because the constants of this file are no longer than that.
    Timespec::try_from(time).unwrap_or_default()
}
