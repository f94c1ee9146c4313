//! One call of a tool: its thread, its end, its record.

use std::{
    fs::File,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bstr::{BString, ByteSlice as _};
use builtin_api::{CallContext, Cancel, ErrorKind, ExitCode, Registry, invoke};
use rmcp::{ErrorData, RoleServer, model::CallToolResult, service::RequestContext};
use serde::Serialize;
use serde_json::json;
use tokio::sync::{Semaphore, oneshot};

use crate::{model::Completeness, rows::Capped};

/// Calls that run at one time. More of them wait for their turn.
const MAX_CALLS: usize = 16;

/// Time for a call to come back after its deadline.
const GRACE: Duration = Duration::from_secs(2);

/// Stack of the thread of a call: what a program's main thread has on Linux.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of messages of one call.
const MAX_PROBLEM_BYTES: usize = 8 * 1024;

/// Time between two looks whether a script has to end.
const LOOK: Duration = Duration::from_millis(10);

/// What a tool found.
pub(crate) struct Answer<T> {
    pub(crate) result: T,
    pub(crate) is_error: bool,
    /// Rows in it, for the record.
    pub(crate) rows: usize,
}

/// Makes calls, each on its thread.
pub(crate) struct Caller<S> {
    shared: Arc<S>,
    timeout: Duration,
    permits: Arc<Semaphore>,
    audit: Arc<Mutex<Option<File>>>,
}

impl<S> Clone for Caller<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            timeout: self.timeout,
            permits: Arc::clone(&self.permits),
            audit: Arc::clone(&self.audit),
        }
    }
}

/// Cancels a call that nobody waits for any more.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl<S: Send + Sync + 'static> Caller<S> {
    pub(crate) fn new(shared: S, timeout: Duration, audit: Option<File>) -> Self {
        let permits = Arc::new(Semaphore::new(MAX_CALLS));
        Self { shared: Arc::new(shared), timeout, permits, audit: Arc::new(Mutex::new(audit)) }
    }

    pub(crate) fn shared(&self) -> &S {
        &self.shared
    }

    /// Returns the time that a call has: what it asked for, at most the limit.
    pub(crate) fn bounded(&self, timeout: Option<Duration>) -> Duration {
        timeout.map_or(self.timeout, |timeout| timeout.min(self.timeout))
    }

    /// Runs `work` on a thread, until it is done, its time is up, or the client does not want it any
    /// more.
    pub(crate) async fn call<T: Serialize + Send + 'static>(
        &self,
        tool: &'static str,
        context: &RequestContext<RoleServer>,
        timeout: Option<Duration>,
        work: impl FnOnce(&S, &Cancel) -> Answer<T> + Send + 'static,
    ) -> Result<CallToolResult, ErrorData> {
        let started = Instant::now();
        let deadline = started + self.bounded(timeout);
        let cancel = Cancel::new().with_deadline(deadline);
        let _guard = CancelOnDrop(cancel.clone());
        let answer = tokio::select! {
            answer = self.run(work, cancel) => answer,
            () = context.ct.cancelled() => Err("the call was cancelled"),
            () = tokio::time::sleep_until((deadline + GRACE).into()) => {
                Err("the call did not come back after its time was up")
            }
        };
        let (result, rows) = match answer {
            Ok(Answer { result, is_error, rows }) => {
                let value = serde_json::to_value(result)
                    .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                let mut result = CallToolResult::structured(value);
                result.is_error = Some(is_error);
                (Ok(result), rows)
            }
            Err(problem) => (Err(ErrorData::internal_error(problem, None)), 0),
        };
        self.record(tool, started, result.as_ref().is_ok_and(|r| r.is_error == Some(false)), rows);
        result
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&S, &Cancel) -> Answer<T> + Send + 'static,
        cancel: Cancel,
    ) -> Result<Answer<T>, &'static str> {
        let closed = "the server ends";
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed)?;
        let (sender, received) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        thread::Builder::new()
            .name("call".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let answer = work(&shared, &cancel);
                drop(permit);
                // OK because a call that was given up has nobody left to tell.
                let _ = sender.send(answer);
            })
            .map_err(|_| "no thread for the call")?;
        received.await.map_err(|_| "the call failed unexpectedly")
    }

    /// Appends a line to the audit file: what was called, and nothing of its content.
    fn record(&self, tool: &'static str, started: Instant, succeeded: bool, rows: usize) {
        let mut audit = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &mut *audit else { return };
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = json!({
            "unix_ms": u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            "duration_ms": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "tool": tool,
            "success": succeeded,
            "rows": rows,
        });
        // OK because a full disk must not keep an answer from the client.
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

/// How a builtin ended, and what it had to say.
pub(crate) struct Said {
    pub(crate) status: ExitCode,
    problems: Vec<String>,
}

impl Said {
    /// What was asked for makes no sense.
    pub(crate) fn usage(problem: &str) -> Self {
        Self { status: ExitCode::USAGE, problems: vec![problem.to_owned()] }
    }

    /// An output that was cut by us has no other fault.
    pub(crate) fn is_error(&self, is_truncated: bool) -> bool {
        !is_truncated && !self.status.is_success()
    }

    pub(crate) fn completeness(&self, is_truncated: bool) -> Completeness {
        let mut problems = self.problems.clone();
        if is_truncated {
            problems.push("the answer was cut at a limit; narrow it by a filter".to_owned());
        }
        let complete = !is_truncated && self.status.is_success();
        Completeness { complete, truncated: is_truncated, problems }
    }
}

/// Runs a builtin: its name, then its arguments.
pub(crate) fn say(
    registry: &Registry,
    command: &[String],
    cancel: &Cancel,
    stdout: &mut dyn Write,
) -> Said {
    let Some((name, args)) = command.split_first() else { return Said::usage("no command") };
    let Some(builtin) = registry.get(name) else {
        return Said { status: ExitCode::NOT_FOUND, problems: vec![format!("no {name} here")] };
    };
    let args: Vec<BString> = args.iter().map(|word| word.as_str().into()).collect();
    let (mut stdin, mut stderr) = (std::io::empty(), Capped::new(MAX_PROBLEM_BYTES));
    let mut context = CallContext::new(&mut stdin, stdout, &mut stderr).with_cancel(cancel);
    let status = invoke(&**builtin, &mut context, &args);
    let problems = stderr.bytes.lines().map(|line| line.to_str_lossy().into_owned()).collect();
    Said { status, problems }
}

/// Runs a script, and calls `interrupt` when the flag of `cancel` is set before it ends.
pub(crate) fn interrupted<T>(
    cancel: &Cancel,
    interrupt: impl FnOnce() + Send + 'static,
    run: impl FnOnce() -> T,
) -> T {
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let flag = cancel.clone();
    let watch = thread::Builder::new().name("cancel".to_owned()).spawn(move || {
        use std::sync::mpsc::RecvTimeoutError::Timeout;
        while ended.recv_timeout(LOOK) == Err(Timeout) {
            // Its deadline the shell has itself.
            if flag.check().is_err_and(|error| error.kind() == ErrorKind::Cancelled) {
                return interrupt();
            }
        }
    });
    let result = run();
    drop(done);
    // OK because without that thread the deadline still ends the script.
    drop(watch);
    result
}
