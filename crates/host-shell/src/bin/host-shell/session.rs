//! A shell on a thread of its own, watched from the program's first thread.
//!
//! The interpreter looks at its clock between the steps of a script; a step that computes for long,
//! or a write to a reader that does not read, can keep it from looking. So the first thread has the
//! last word: it hears Ctrl-C, knows the deadline, and leaves without the interpreter when that does
//! not come back. Threads that were left end with the process.

use std::{io, io::Write, sync::mpsc, thread, time::Duration};

use builtin_api::ExitCode;
use host_shell::{Interrupt, Outcome, Script, Shell};
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, sleep_until},
};

/// Time for the interpreter to come back after its deadline, or after Ctrl-C.
const GRACE: Duration = Duration::from_secs(2);

/// A running interpreter.
pub(crate) struct Session {
    runtime: Runtime,
    scripts: mpsc::Sender<Script>,
    outcomes: UnboundedReceiver<Outcome>,
    interrupt: Interrupt,
    timeout: Duration,
}

/// How a script ended.
pub(crate) enum Ended {
    /// The interpreter came back, and takes another script.
    Back(Outcome),
    /// It did not come back, and never will: the program has to end with this status.
    Lost(ExitCode),
}

/// Where scripts print to.
pub(crate) struct Streams {
    pub(crate) stdout: Box<dyn Write + Send>,
    pub(crate) stderr: Box<dyn Write + Send>,
}

/// Returns the runtime of the first thread, with what it needs of the system. It starts no thread.
pub(crate) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

impl Session {
    /// Starts the shell's thread.
    pub(crate) fn start(
        runtime: Runtime,
        mut shell: Shell,
        timeout: Duration,
        mut streams: Streams,
    ) -> io::Result<Self> {
        let interrupt = shell.interrupt();
        let (scripts, received) = mpsc::channel::<Script>();
        let (sender, outcomes) = unbounded_channel();
        thread::Builder::new().name("shell".to_owned()).spawn(move || {
            for script in received {
                let outcome = shell.run(&script, &mut streams.stdout, &mut streams.stderr);
                if sender.send(outcome).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { runtime, scripts, outcomes, interrupt, timeout })
    }

    /// Runs a script, and ends it at its deadline or at Ctrl-C.
    pub(crate) fn run(&mut self, script: Script) -> io::Result<Ended> {
        let Self { runtime, scripts, outcomes, interrupt, timeout } = self;
        runtime.block_on(async {
            let interrupts = signal(SignalKind::interrupt())?;
            if scripts.send(script).is_err() {
                return Ok(Ended::Lost(ExitCode::FAILURE));
            }
            Ok(watch(outcomes, interrupts, interrupt, *timeout).await)
        })
    }
}

async fn watch(
    outcomes: &mut UnboundedReceiver<Outcome>,
    mut interrupts: Signal,
    interrupt: &Interrupt,
    timeout: Duration,
) -> Ended {
    let mut deadline =
        Instant::now().checked_add(timeout.saturating_add(GRACE)).unwrap_or_else(far_future);
    let mut status = ExitCode::TIMED_OUT;
    loop {
        tokio::select! {
            biased;
            outcome = outcomes.recv() => {
                return outcome.map_or(Ended::Lost(ExitCode::FAILURE), Ended::Back);
            }
            Some(()) = interrupts.recv() => {
                interrupt.interrupt();
                deadline = deadline.min(Instant::now() + GRACE);
                status = ExitCode::CANCELLED;
            }
            () = sleep_until(deadline) => return Ended::Lost(status),
        }
    }
}

/// When a timeout ends that is too long for the clock.
fn far_future() -> Instant {
    Instant::now() + Duration::from_hours(24 * 365)
}
