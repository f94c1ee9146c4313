//! One call of a tool, with its thread, its end and its audit record.

use std::{
    io::Write,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use bstr::{BString, ByteSlice as _};
use builtin_api::{
    Access, CallContext, Cancel, CancelOnDrop, ErrorKind, ExitCode, Registry, invoke,
};
use host_shell::{
    Allowed, Capped, CommandCounts,
    setup::{
        self, Audit, AuditRecord, Ended, ScriptAnswer, ScriptProcess, ScriptRequest, ScriptUsage,
    },
};
use procnetsocket::Interrupt;
use rmcp::{ErrorData, RoleServer, model::CallToolResult, service::RequestContext};
use serde::Serialize;
use socket_query::{Policy, PolicyView, UsageCounter};
use tokio::sync::{Semaphore, oneshot};

use crate::model::{Completeness, LimitsAnswer};

/// Number of calls that run at the same time. Others wait.
const MAX_CALLS: usize = 16;

/// Time that a call has to return after its deadline.
const GRACE: Duration = Duration::from_secs(3);

/// Stack of the thread of a call: that of a program's main thread on Linux.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of the messages of one call.
const MAX_PROBLEM_BYTES: usize = 8 * 1024;

/// Interval at which a waiting script checks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(10);

/// The state that all calls share.
pub(crate) struct CallerState {
    pub(crate) view: PolicyView,
    pub(crate) policy: Policy,
    /// The directories that scripts see.
    pub(crate) directories: Vec<(String, Access)>,
    pub(crate) allowed: Allowed,
    pub(crate) limits: LimitsAnswer,
    pub(crate) sessions: Sessions,
    pub(crate) confinement: String,
}

/// The result of a tool.
pub(crate) struct ToolAnswer<T> {
    pub(crate) result: T,
    pub(crate) is_error: bool,
    /// For the audit.
    pub(crate) status: ExitCode,
}

/// Makes calls, each on a thread.
#[derive(Clone)]
pub(crate) struct Caller {
    shared: Arc<CallerState>,
    timeout: Duration,
    permits: Arc<Semaphore>,
    audit: Option<Audit>,
}

/// One call, on its thread.
pub(crate) struct ToolCall {
    shared: Arc<CallerState>,
    cancel: Cancel,
    usage: Arc<UsageCounter>,
    counted: Counted,
    registry: Registry,
}

/// The counts of commands of a call.
enum Counted {
    /// In the call itself, which runs builtins.
    Here(CommandCounts),
    /// In the process of a script; `None` when that is lost.
    InScript(Option<ScriptUsage>),
}

impl Caller {
    pub(crate) fn new(shared: CallerState, timeout: Duration, audit: Option<Audit>) -> Self {
        let permits = Arc::new(Semaphore::new(MAX_CALLS));
        Self { shared: Arc::new(shared), timeout, permits, audit }
    }

    pub(crate) fn shared(&self) -> &CallerState {
        &self.shared
    }

    /// Returns the time limit of a call: the requested one, but at most that of the server.
    pub(crate) fn bounded(&self, timeout: Option<Duration>) -> Duration {
        timeout.map_or(self.timeout, |timeout| timeout.min(self.timeout))
    }

    /// Runs `work` on a thread, until it has ended, its time is over, or the client cancels it.
    /// Then its line is in the audit.
    pub(crate) async fn call<T: Serialize + Send + 'static>(
        &self,
        tool: &'static str,
        context: &RequestContext<RoleServer>,
        timeout: Option<Duration>,
        work: impl FnOnce(&mut ToolCall) -> ToolAnswer<T> + Send + 'static,
    ) -> Result<CallToolResult, ErrorData> {
        let (time, started) = (SystemTime::now(), Instant::now());
        let deadline = started + self.bounded(timeout);
        let cancel = Cancel::new().with_deadline(deadline);
        let _guard = CancelOnDrop(cancel.clone());
        let answer = tokio::select! {
            answer = self.run(work, cancel) => answer.map_err(|why| (ExitCode::FAILURE, why)),
            () = context.ct.cancelled() => Err((ExitCode::CANCELLED, "the call was cancelled")),
            () = tokio::time::sleep_until((deadline + GRACE).into()) => {
                Err((ExitCode::TIMED_OUT, "the call did not return after its time was up"))
            }
        };
        let internal = |problem: String| ErrorData::internal_error(problem, None);
        let (status, usage, result) = match answer {
            Ok((ToolAnswer { result, is_error, status }, usage)) => {
                let result = serde_json::to_value(result).map(|value| {
                    let mut result = CallToolResult::structured(value);
                    result.is_error = Some(is_error);
                    result
                });
                (status, usage, result.map_err(|error| internal(error.to_string())))
            }
            Err((status, problem)) => (status, None, Err(internal(problem.to_owned()))),
        };
        let Some(audit) = &self.audit else { return result };
        let record = AuditRecord::new(time, started.elapsed(), status, usage.as_ref());
        audit.record(record.of_tool(tool)).map_err(|error| {
            internal(format!("the call was made, and the audit cannot be written: {error}"))
        })?;
        result
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut ToolCall) -> ToolAnswer<T> + Send + 'static,
        cancel: Cancel,
    ) -> Result<(ToolAnswer<T>, Option<ScriptUsage>), &'static str> {
        let closed = "the server ends";
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed)?;
        let (sender, received) = oneshot::channel();
        let mut call = ToolCall::new(Arc::clone(&self.shared), cancel)?;
        thread::Builder::new()
            .name("call".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let answer = work(&mut call);
                drop(permit);
                // OK because an abandoned call has no receiver.
                let _ = sender.send((answer, call.into_usage()));
            })
            .map_err(|_| "no thread for the call")?;
        received.await.map_err(|_| "the call failed unexpectedly")
    }
}

impl ToolCall {
    fn new(shared: Arc<CallerState>, cancel: Cancel) -> Result<Self, &'static str> {
        let view = shared.view.clone().with_new_usage();
        let registry = setup::registry(&view).map_err(|_| "no builtins for the call")?;
        let (usage, counted) = (view.usage(), Counted::Here(CommandCounts::default()));
        Ok(Self { shared, cancel, usage, counted, registry })
    }

    pub(crate) fn shared(&self) -> &CallerState {
        &self.shared
    }

    /// Runs a builtin. `command` is its name and its arguments.
    pub(crate) fn run_builtin(&mut self, command: &[String], stdout: &mut dyn Write) -> BuiltinEnd {
        let Some((name, args)) = command.split_first() else {
            return BuiltinEnd::usage("no command");
        };
        let Some(builtin) = self.registry.get(name) else {
            return BuiltinEnd {
                status: ExitCode::NOT_FOUND,
                problems: vec![format!("no {name} here")],
            };
        };
        if let Counted::Here(counts) = &mut self.counted {
            *counts.registered.entry(name.clone()).or_default() += 1;
        }
        let args: Vec<BString> = args.iter().map(|word| word.as_str().into()).collect();
        let (mut stdin, mut stderr) = (std::io::empty(), Capped::new(MAX_PROBLEM_BYTES));
        let mut context =
            CallContext::new(&mut stdin, stdout, &mut stderr).with_cancel(&self.cancel);
        let status = invoke(&**builtin, &mut context, &args);
        let problems = stderr.bytes.lines().map(|line| line.to_str_lossy().into_owned()).collect();
        BuiltinEnd { status, problems }
    }

    /// Runs a script, in a separate process.
    pub(crate) fn script(&mut self, request: &ScriptRequest) -> Result<Ended, String> {
        let Self { shared, cancel, .. } = self;
        let ended = shared.sessions.with(cancel, |session| {
            let left = |end: Instant| end.saturating_duration_since(Instant::now());
            let timeout = cancel.deadline().map_or(Duration::MAX, left);
            session.ask_alone(request, timeout, &Cancelled(cancel)).map_err(|e| e.to_string())
        });
        self.counted = Counted::InScript(match &ended {
            Ok(Ended::Back(ScriptAnswer::Ended { usage, .. })) => usage.clone(),
            Ok(Ended::Back(_) | Ended::Lost { .. }) | Err(_) => None,
        });
        ended
    }

    fn into_usage(self) -> Option<ScriptUsage> {
        match self.counted {
            Counted::Here(counts) => Some(ScriptUsage::new(counts, self.usage.take())),
            Counted::InScript(usage) => usage,
        }
    }
}

/// An interrupt by the cancellation of a call. Its deadline has another status.
struct Cancelled<'a>(&'a Cancel);

impl Interrupt for Cancelled<'_> {
    fn is_interrupted(&self) -> bool {
        self.0.check().is_err_and(|error| error.kind() == ErrorKind::Cancelled)
    }
}

/// The free sessions that can run scripts.
pub(crate) struct Sessions {
    free: Mutex<Vec<ScriptProcess>>,
    returned: Condvar,
}

impl Sessions {
    pub(crate) fn new(free: Vec<ScriptProcess>) -> Self {
        Self { free: Mutex::new(free), returned: Condvar::new() }
    }

    /// Waits for a free session.
    fn with<T>(
        &self,
        cancel: &Cancel,
        run: impl FnOnce(&mut ScriptProcess) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = loop {
            if let Some(session) = free.pop() {
                break session;
            }
            cancel.check().map_err(|_| "as many scripts as may run at one time did not end")?;
            let waited = self.returned.wait_timeout(free, LOOK);
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        drop(free);
        let result = run(&mut session);
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        self.returned.notify_one();
        result
    }
}

/// The end of a builtin, and its messages.
pub(crate) struct BuiltinEnd {
    pub(crate) status: ExitCode,
    problems: Vec<String>,
}

impl BuiltinEnd {
    /// Returns the result of a call with wrong arguments.
    pub(crate) fn usage(problem: &str) -> Self {
        Self { status: ExitCode::USAGE, problems: vec![problem.to_owned()] }
    }

    /// Returns whether the builtin failed. The broken pipe of an output that was truncated here is
    /// not a failure.
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
