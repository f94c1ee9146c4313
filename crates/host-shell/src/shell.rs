//! A shell: an interpreter with a sandbox, builtins and limits.

use std::{
    collections::BTreeSet,
    fmt,
    future::ready,
    io::Write,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use bashkit::{Bash, ExecOptions, FileSystem, InMemoryFs, ShellState, hooks::HookAction};
use bstr::{BStr, ByteSlice as _};
use builtin_api::{Builtin, ExitCode, Registry, Sandbox};
use tokio::runtime::Runtime;

use crate::{
    adapter::{Adapter, ShellCalls},
    brace::too_many_words,
    check::Checks,
    commands::{Allowed, CommandCounter, CommandCounts, LANGUAGE, Refusals, interpreter_commands},
    ending::{Ending, EndingMessage},
    error::{Error, Repr},
    expansion::{BOUNDS, Cut, find_cut, has_risk},
    fs::{SandboxFs, WriteBudget},
    guarded::{GuardedFs, ScriptWatch},
    help::{self, Help},
    limits::{self, INTERPRETER_STACK_BYTES, MAX_ERROR_BYTES, MAX_PARSER_THREADS, ScriptLimits},
    nesting::{define_index, is_call_too_deep, is_script_too_deep, too_many_words_in_call},
    output::{LimitedOutput, Reason, Stop},
    own,
    script::{Finished, Script, ScriptInterrupt, ScriptOutcome},
};

/// The directory that a script starts in. It is in memory.
const HOME: &str = "/home/user";

/// A restricted shell.
///
/// State (variables, functions, the directory, files in memory) is kept from one script to the
/// next. When the shell has to end a script, only its changes to files are kept.
pub struct Shell {
    setup: InterpreterParts,
    bash: Bash,
    runtime: Runtime,
    interrupt: ScriptInterrupt,
    messages: MessageStyle,
}

/// The parts of an interpreter. A new one is built after each script that the shell had to end.
struct InterpreterParts {
    sandbox: Sandbox,
    memory: Arc<InMemoryFs>,
    builtins: Vec<Arc<dyn Builtin>>,
    calls: Arc<ShellCalls>,
    known: BTreeSet<String>,
    allowed: Allowed,
    limits: ScriptLimits,
    /// Whether the running script called `exit`, at its top level.
    exited: Arc<AtomicBool>,
    counter: Option<Arc<CommandCounter>>,
    writes: Arc<WriteBudget>,
    watch: Arc<ScriptWatch>,
    checks: Arc<Checks>,
}

/// The form of the interpreter's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageStyle {
    /// With the line number of the script.
    OfScript,
    /// Without a line number.
    OfPrompt,
}

/// Builds a shell; see [`Shell::builder`].
#[derive(Debug, Default)]
pub struct ShellBuilder {
    sandbox: Sandbox,
    registry: Registry,
    allowed: Allowed,
    limits: ScriptLimits,
    counts_commands: bool,
}

impl ShellBuilder {
    /// Sets the directories that scripts see. The default is none.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Sets the builtins. A builtin replaces a command of the interpreter with the same name.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// Sets the commands that scripts may run. The default is all.
    #[must_use]
    pub fn allowed(mut self, allowed: Allowed) -> Self {
        self.allowed = allowed;
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: ScriptLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Counts the commands that scripts run, for [`Shell::take_counts`].
    #[must_use]
    pub fn count_commands(mut self) -> Self {
        self.counts_commands = true;
        self
    }

    /// Returns the shell.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownCommand`](crate::ErrorKind::UnknownCommand) for an allowed name that no
    /// command has, [`ErrorKind::ReservedName`](crate::ErrorKind::ReservedName) for a builtin that
    /// no script could call, [`ErrorKind::Mount`](crate::ErrorKind::Mount) for a directory whose
    /// path the interpreter cannot express.
    pub fn build(self) -> Result<Shell, Error> {
        let mut known = interpreter_commands();
        known.extend(self.registry.iter().map(|builtin| builtin.name().to_owned()));
        if let Some(name) = self.allowed.unknown(&known) {
            return Err(Repr::UnknownCommand(name.to_owned()).into());
        }
        let counter = self.counts_commands.then(|| {
            let registered = self.registry.iter().map(|builtin| builtin.name().to_owned());
            Arc::new(CommandCounter::new(registered.collect()))
        });
        let interrupt = ScriptInterrupt::default();
        let writes = Arc::new(WriteBudget::new(interrupt.clone()));
        let checks = Arc::new(Checks::default());
        let setup = InterpreterParts {
            watch: Arc::new(ScriptWatch::new(Arc::clone(&writes), Arc::clone(&checks))),
            checks,
            writes,
            memory: Arc::new(memory_with(&self.sandbox)?),
            builtins: self.builtins(&known)?,
            calls: Arc::new(ShellCalls::new(self.sandbox.clone())),
            sandbox: self.sandbox,
            allowed: self.allowed,
            limits: self.limits,
            exited: Arc::default(),
            counter,
            known,
        };
        let bash = setup.interpreter()?;
        *interrupt.flag() = bash.cancellation_token();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            // Long scripts are parsed on these threads, and the parser recurses.
            .thread_stack_size(INTERPRETER_STACK_BYTES)
            .max_blocking_threads(MAX_PARSER_THREADS)
            .build()
            .map_err(Repr::Runtime)?;
        Ok(Shell { setup, bash, runtime, interrupt, messages: MessageStyle::OfScript })
    }

    /// Returns the allowed builtins, with `help` unless the host registers its own.
    fn builtins(&self, known: &BTreeSet<String>) -> Result<Vec<Arc<dyn Builtin>>, Error> {
        let mut builtins: Vec<Arc<dyn Builtin>> = self.registry.iter().map(Arc::clone).collect();
        if let Some(builtin) = builtins.iter().find(|own| LANGUAGE.contains(&own.name())) {
            return Err(Repr::ReservedName(builtin.name().to_owned()).into());
        }
        builtins.retain(|builtin| self.allowed.admits(builtin.name()));
        if self.allowed.admits(help::NAME) && self.registry.get(help::NAME).is_none() {
            let commands = known
                .iter()
                .filter(|name| *name != help::NAME && self.allowed.admits(name))
                .filter(|name| self.registry.get(name).is_none())
                .cloned()
                .collect();
            builtins.push(Arc::new(Help::new(builtins.clone(), commands)));
        }
        Ok(builtins)
    }
}

/// Returns the files in memory, with the directories that lead to the granted ones.
fn memory_with(sandbox: &Sandbox) -> Result<InMemoryFs, Error> {
    let memory = InMemoryFs::with_limits(limits::files());
    memory.add_dir(HOME, 0o755);
    for (path, _) in sandbox.grants() {
        memory.add_dir(text(path)?, 0o755);
    }
    Ok(memory)
}

impl InterpreterParts {
    /// Returns an interpreter in its initial state, with the current files in memory.
    fn interpreter(&self) -> Result<Bash, Error> {
        let allowed = self.allowed.clone();
        let counter = self.counter.clone();
        let refusals = Refusals { known: self.known.clone(), allowed: allowed.clone(), counter };
        let exited = Arc::clone(&self.exited);
        let mut builder = Bash::builder()
            .on_exit(Box::new(move |event| {
                exited.store(true, Ordering::Relaxed);
                HookAction::Continue(event)
            }))
            .fs(self.guarded(Arc::<InMemoryFs>::clone(&self.memory), PathBuf::new()))
            .limits(self.limits.execution())
            .session_limits(limits::session())
            .memory_limits(limits::memory())
            .builtin_filter(move |name| allowed.admits(name))
            .command_resolver(Arc::new(refusals));
        let (counter, writes) = (self.counter.clone(), Arc::clone(&self.writes));
        let (watch, checks) = (Arc::clone(&self.watch), Arc::clone(&self.checks));
        builder = builder.before_tool(Box::new(move |mut call| {
            if Checks::is_check(&call.name, &call.args) {
                if let Some(cut) = checks.find_cut(&call.name, &mut call.args) {
                    writes.end(Stop::Cut(cut));
                }
                return HookAction::Continue(call);
            }
            if let Some(counter) = &counter {
                counter.add(&call.name);
            }
            watch.before_command(&call.name, &call.args);
            if is_call_too_deep(&call.name, &call.args) {
                writes.end(Stop::TooDeep);
                return HookAction::Cancel("nests too deeply".to_owned());
            }
            if let Some(words) = too_many_words_in_call(&call.name, &call.args) {
                writes.end(Stop::TooManyWords(words));
                return HookAction::Cancel("too many words in braces".to_owned());
            }
            if let Err(cut) = checks.add_to_call(&call.name, &mut call.args) {
                writes.end(Stop::Cut(cut));
                return HookAction::Cancel("expansions cannot be checked".to_owned());
            }
            if call.name == "jq" {
                define_index(&mut call.args);
            }
            HookAction::Continue(call)
        }));
        for (name, command) in own::commands() {
            if self.allowed.admits(name) {
                builder = builder.command(name, command);
            }
        }
        for builtin in &self.builtins {
            let adapter = Adapter::new(Arc::clone(builtin), Arc::clone(&self.calls));
            builder = builder.command(builtin.name(), adapter);
        }
        let bash = builder.build();
        self.mount(&bash)?;
        Ok(bash)
    }

    fn mount(&self, bash: &Bash) -> Result<(), Error> {
        for (path, _) in self.sandbox.grants() {
            let directory =
                SandboxFs::new(self.sandbox.clone(), path.to_owned(), Arc::clone(&self.writes));
            let directory = self.guarded(Arc::new(directory), PathBuf::from(text(path)?));
            bash.mount(text(path)?, directory).map_err(|error| Repr::Mount {
                path: path.to_string(),
                problem: error.to_string(),
            })?;
        }
        Ok(())
    }

    fn guarded(&self, files: Arc<dyn FileSystem>, mount: PathBuf) -> Arc<dyn FileSystem> {
        Arc::new(GuardedFs::new(files, Arc::clone(&self.watch), mount))
    }
}

fn text(path: &BStr) -> Result<&str, Error> {
    path.to_str().map_err(|_| Repr::NotText(path.to_owned()).into())
}

impl Shell {
    /// Returns a builder of a shell with no directories, no builtins and the default limits.
    pub fn builder() -> ShellBuilder {
        ShellBuilder::default()
    }

    /// Returns the handle that ends a running script, for another thread.
    pub fn interrupt(&self) -> ScriptInterrupt {
        self.interrupt.clone()
    }

    /// Returns the commands that ran since the last call; `None` for a shell that [does not
    /// count](ShellBuilder::count_commands).
    pub fn take_counts(&self) -> Option<CommandCounts> {
        Some(self.setup.counter.as_ref()?.take())
    }

    /// Omits the line number from messages, as a prompt does.
    pub fn set_interactive(&mut self) {
        self.messages = MessageStyle::OfPrompt;
        self.bash.set_interactive(true);
    }

    /// Runs a script to its end. Its output is passed on while it runs.
    ///
    /// An expansion that the interpreter may have cut (`${v//PATTERN/TEXT}`, `${v##PATTERN}`, where
    /// `v` is large) is an error if `v` is still that large at the end, because the output may be
    /// wrong.
    ///
    /// If the shell ends a script, it writes the reason to `stderr` as one line that starts with
    /// `host-shell: `. This blocks until the script, which runs on its own thread, has ended.
    pub fn run(
        &mut self,
        script: &Script,
        stdout: &mut (dyn Write + Send),
        stderr: &mut (dyn Write + Send),
    ) -> ScriptOutcome {
        let Finished { outcome, message } = self.run_unreported(script, stdout, stderr);
        // OK because an error of standard error cannot be reported.
        let _ = stderr.write_all(message.as_bytes()).and_then(|()| stderr.flush());
        outcome
    }

    /// Runs a script like [`run`](Self::run), and returns the line that `run` writes.
    pub fn run_unreported(
        &mut self,
        script: &Script,
        stdout: &mut (dyn Write + Send),
        stderr: &mut (dyn Write + Send),
    ) -> Finished {
        if let Some(words) = too_many_words(&script.text) {
            return self.ended(&Ending::TooManyWords(words));
        }
        self.interrupt.flag().store(false, Ordering::Relaxed);
        self.setup.exited.store(false, Ordering::Relaxed);
        let deadline = Instant::now().checked_add(self.setup.limits.timeout);
        self.setup.calls.set_deadline(deadline);
        let before = self.bash.shell_state();
        let reason = self.setup.writes.begin(self.setup.limits.max_write_bytes);
        self.setup.watch.begin();
        if is_script_too_deep(&script.text) {
            return self.ended(&Ending::TooDeep);
        }
        let ending = match self.execute(script, stdout, stderr, &reason) {
            // The script ended before the interrupt took effect.
            Ok(_) if reason.get().is_some_and(|stop| stop.is_of_the_script()) => {
                Ending::of(bashkit::Error::Cancelled, reason.get(), script)
            }
            // A builtin noticed the deadline first, so its output may be incomplete.
            Ok(_) if deadline.is_some_and(|end| Instant::now() >= end) => Ending::Timeout,
            Ok(result) if result.stdout_truncated || result.stderr_truncated => Ending::Truncated,
            Ok(result) => {
                let exited = self.setup.exited.load(Ordering::Relaxed);
                let outcome = ScriptOutcome { status: status_of(result.exit_code), exited };
                if let Some(cut) = self.cut(&script.text) {
                    let finished = self.ended(&Ending::Cut(cut));
                    return Finished {
                        outcome: ScriptOutcome { exited, ..finished.outcome },
                        ..finished
                    };
                }
                return Finished { outcome, message: String::new() };
            }
            Err(error) => Ending::of(error, reason.get(), script),
        };
        self.renew(&before);
        self.ended(&ending)
    }

    /// Returns an expansion of the script that may have been cut.
    fn cut(&self, script: &str) -> Option<Cut> {
        has_risk(script).then(|| find_cut(script, &self.bash.shell_state_view(), BOUNDS))?
    }

    /// Replaces the interpreter by a new one with the variables, functions and directory from
    /// before.
    ///
    /// An interpreter that was interrupted keeps the state of the function, substitution or
    /// subshell that it was in, and bashkit has no call to reset this.
    fn renew(&mut self, before: &ShellState) {
        // OK because an interpreter was built from the same setup before.
        let Ok(mut bash) = self.setup.interpreter() else { return };
        bash.restore_shell_state(before);
        bash.set_interactive(self.messages == MessageStyle::OfPrompt);
        *self.interrupt.flag() = bash.cancellation_token();
        self.bash = bash;
    }

    fn execute(
        &mut self,
        script: &Script,
        stdout: &mut (dyn Write + Send),
        stderr: &mut (dyn Write + Send),
        reason: &Reason,
    ) -> bashkit::Result<bashkit::ExecResult> {
        let most = self.setup.limits.max_output_bytes;
        let out = LimitedOutput::new(stdout, most, Stop::TooMuchOutput, reason.clone());
        let err = LimitedOutput::new(stderr, MAX_ERROR_BYTES, Stop::TooManyErrors, reason.clone());
        let (out, err) = (Mutex::new(out), Mutex::new(err));
        let (bash, runtime, checks) = (&mut self.bash, &self.runtime, &self.setup.checks);
        let run = || {
            let checked = match checks.add_to(&script.text) {
                Ok(checked) => checked,
                Err(cut) => {
                    reason.set(Stop::Cut(cut));
                    return Err(bashkit::Error::Cancelled);
                }
            };
            let execution = bash
                .execute(checked.as_deref().unwrap_or(&script.text))
                .options(options(script))
                .stdout_fn(|bytes| ready(held(&out).deliver(&bytes).map_err(Into::into)))
                .stderr_fn(|bytes| ready(held(&err).deliver(&bytes).map_err(Into::into)));
            let result = runtime.block_on(async { execution.await });
            let finished = held(&out).finish().and(held(&err).finish());
            result.and_then(|result| finished.map(|()| result).map_err(Into::into))
        };
        // The interpreter recurses as deep as the script nests, so the size of its stack is set
        // here and not by the caller.
        thread::scope(|scope| {
            thread::Builder::new()
                .name("interpreter".to_owned())
                .stack_size(INTERPRETER_STACK_BYTES)
                .spawn_scoped(scope, run)?
                .join()
                .map_err(|_| bashkit::Error::Internal("the interpreter panicked".to_owned()))?
        })
    }

    /// Returns the status and message for the reason why the shell ended the script.
    fn ended(&self, ending: &Ending) -> Finished {
        let message = match ending {
            Ending::BrokenPipe => String::new(),
            Ending::Syntax(report) => report.clone(),
            ending => {
                format!("host-shell: {}\n", EndingMessage { ending, limits: self.setup.limits })
            }
        };
        Finished { outcome: ScriptOutcome { status: ending.status(), exited: false }, message }
    }
}

impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shell")
            .field("calls", &self.setup.calls)
            .field("limits", &self.setup.limits)
            .finish_non_exhaustive()
    }
}

fn held<'a, 'b>(output: &'a Mutex<LimitedOutput<'b>>) -> MutexGuard<'a, LimitedOutput<'b>> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

fn options(script: &Script) -> ExecOptions {
    let mut options = ExecOptions::new();
    if let Some(name) = &script.name {
        options = options.arg0(name);
    }
    if let Some(stdin) = &script.stdin {
        options = options.stdin(stdin.clone());
    }
    options
}

/// Returns the lowest byte, because POSIX keeps only that of a status.
fn status_of(code: i32) -> ExitCode {
    let [low, ..] = code.to_le_bytes();
    ExitCode::new(low)
}
