//! The process in which scripts run.
//!
//! It has the interpreter and everything that scripts are granted, is confined, and has a memory
//! limit. It answers the requests of its parent, one after the other, until the parent is gone. It
//! may end at any time: by the memory limit, by a stack overflow, or because the parent ends it. No
//! other process is affected.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, IsTerminal as _, PipeReader, PipeWriter, Read as _},
    os::fd::AsFd as _,
    panic, process,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use bashkit::parser::Parser;
use builtin_api::ExitCode;
use builtin_cli::Chain;
use host_confine::{
    Confined,
    broker::{ConfinementReport, Service, serve},
    raise_capabilities,
};
use rustix::{
    process::{
        Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
    },
    stdio::dup2_stderr,
};

use socket_query::UsageCounter;

use crate::{
    Finished, Script, ScriptInterrupt, ScriptOutcome, Shell,
    limits::{INTERPRETER_STACK_BYTES, MAX_SCRIPT_BYTES, MAX_STDIN_BYTES},
    nesting::is_script_too_deep,
    output::Capped,
};

use super::{
    audit::ScriptUsage,
    broker_links::BrokerLinks,
    capabilities::{Handles, NamedBroker, read_bounded},
    decode_script,
    error::{Repr, SetupError},
    link::{ChildEnds, InForce, Printed, ScriptAnswer, ScriptRequest},
    options::{Setup, Streams},
    own_process, stderr, stdin, stdout,
};

/// The name of a script from standard input in messages.
const INPUT: &str = "standard input";

/// The interval at which a wait for input checks whether it should end.
const TICK: Duration = Duration::from_millis(50);

/// Answers requests of the parent, until the parent is gone.
pub(super) fn run(
    setup: &Setup,
    handles: Handles,
    ends: ChildEnds,
    brokers: Result<BrokerLinks, SetupError>,
    spawner: Option<&Confined>,
) -> Result<(), SetupError> {
    let ChildEnds { mut requests, interrupts, mut answers, notes } = ends;
    let current = Arc::new(CurrentRequest::default());
    let scripts = brokers.and_then(|brokers| {
        Scripts::start(setup, (handles, brokers), (&notes, interrupts), &current, spawner)
    });
    let service = ScriptService { scripts: RefCell::new(scripts), current };
    Ok(serve(&service, &mut requests, &mut answers)?)
}

/// Runs scripts for the parent.
pub(super) struct ScriptService {
    scripts: RefCell<Result<Scripts, SetupError>>,
    current: Arc<CurrentRequest>,
}

/// The current request.
#[derive(Debug, Default)]
struct CurrentRequest {
    /// The last byte of its number, which starts at 1.
    number: AtomicU8,
    interrupted: AtomicBool,
}

struct Scripts {
    shell: Shell,
    usage: Arc<UsageCounter>,
    stdout: io::Stdout,
    /// The standard error of scripts. Descriptor 2 is the pipe of notes instead.
    stderr: File,
    current: Arc<CurrentRequest>,
    in_force: InForce,
    brokers: Vec<NamedBroker>,
    /// Has to stay alive; see [`Confined`].
    _confined: Option<Confined>,
}

impl Service for ScriptService {
    type Request = ScriptRequest;
    type Answer = ScriptAnswer;

    fn answer(&self, request: ScriptRequest) -> ScriptAnswer {
        self.current.interrupted.store(false, Ordering::SeqCst);
        self.current.number.fetch_add(1, Ordering::SeqCst);
        let failed = |error: &SetupError| ScriptAnswer::Failed {
            status: error.status().code(),
            message: format!("host-shell: {error}\n"),
        };
        match &mut *self.scripts.borrow_mut() {
            Ok(scripts) => scripts.answer(request).unwrap_or_else(|error| failed(&error)),
            Err(error) => failed(error),
        }
    }

    /// Never sent: all answers fit.
    fn too_long() -> ScriptAnswer {
        ScriptAnswer::Failed { status: ExitCode::FAILURE.code(), message: String::new() }
    }
}

impl Scripts {
    /// Sets up this process before the first script.
    fn start(
        setup: &Setup,
        (handles, brokers): (Handles, BrokerLinks),
        (notes, interrupts): (&PipeWriter, PipeReader),
        current: &Arc<CurrentRequest>,
        spawner: Option<&Confined>,
    ) -> Result<Self, SetupError> {
        // The spawner ends this process, unless the spawner itself is killed.
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)?;
        if setup.confine {
            // The spawner keeps them only as permitted, not in force.
            raise_capabilities()?;
        }
        let capabilities = setup.open(handles, brokers)?;
        limit(Resource::Data, setup.limits.max_memory_bytes)?;
        limit(Resource::Core, 0)?;
        let stderr = File::from(stderr().as_fd().try_clone_to_owned()?);
        dup2_stderr(notes).map_err(io::Error::from)?;
        // The interpreter reports a panic of a command on the standard error of the script.
        panic::set_hook(Box::new(|_| ()));
        let shell = Shell::builder()
            .registry(capabilities.registry()?)
            .sandbox(capabilities.sandbox)
            .allowed(setup.allowed.clone())
            .limits(setup.limits);
        let shell = if setup.audit.is_some() { shell.count_commands() } else { shell };
        let mut shell = shell.build()?;
        if setup.streams == Streams::Prompt {
            shell.set_interactive();
        }
        let confined = setup.confine(&own_process()?, capabilities.confinement)?;
        let own = confined.as_ref().map(ConfinementReport::new);
        let spawner = spawner.zip(getppid()).map(|(confined, pid)| ConfinementReport {
            pid: pid.as_raw_nonzero().get().unsigned_abs(),
            text: confined.to_string(),
        });
        let reports = [("process of scripts", own), ("spawner", spawner)].into_iter();
        let in_force = InForce {
            tables: capabilities.tables,
            processes: capabilities.processes,
            hosts: capabilities.hosts,
            namespaces: capabilities.namespaces,
            reports: reports
                .filter_map(|(name, report)| Some((name.to_owned(), Ok(report?))))
                .collect(),
        };
        receive_interrupts(interrupts, Arc::clone(current), shell.interrupt())?;
        Ok(Self {
            shell,
            usage: capabilities.view.usage(),
            stdout: stdout(),
            stderr,
            current: Arc::clone(current),
            in_force,
            brokers: capabilities.brokers,
            _confined: confined,
        })
    }

    fn answer(&mut self, request: ScriptRequest) -> Result<ScriptAnswer, SetupError> {
        Ok(match request {
            ScriptRequest::Begin => ScriptAnswer::Ready,
            ScriptRequest::InForce => ScriptAnswer::InForce(self.in_force()),
            ScriptRequest::IsWhole(text) => {
                ScriptAnswer::IsWhole(!parse(text, |error| is_unfinished(&error))?)
            }
            ScriptRequest::Line { text, last } => {
                let text = after(ExitCode::new(last), text)?;
                self.run(&Script { text, ..Script::default() })
            }
            ScriptRequest::Script { text, name } => {
                let stdin = self.read_input(MAX_STDIN_BYTES, Repr::Input)?;
                self.run(&Script { text, name, stdin })
            }
            ScriptRequest::Input => {
                let limit = u64::try_from(MAX_SCRIPT_BYTES).unwrap_or(u64::MAX);
                let script = |error| Repr::Script { name: INPUT.to_owned(), error };
                let bytes = self.read_input(limit, script)?.unwrap_or_default();
                self.run(&Script { text: decode_script(bytes, INPUT)?, ..Script::default() })
            }
            ScriptRequest::Captured { text, stdin, max_stdout, max_stderr } => {
                let script = Script { text, name: None, stdin: Some(stdin) };
                let (mut stdout, mut stderr) = (Capped::new(max_stdout), Capped::new(max_stderr));
                let finished = self.shell.run_unreported(&script, &mut stdout, &mut stderr);
                let is_truncated = stdout.is_truncated || stderr.is_truncated;
                let (stdout, stderr) = (stdout.bytes, stderr.bytes);
                self.ended(finished, Some(Printed { stdout, stderr, is_truncated }))
            }
        })
    }

    /// Includes the reports of the brokers.
    fn in_force(&self) -> InForce {
        let mut in_force = self.in_force.clone();
        in_force.reports.extend(self.brokers.iter().map(|(name, broker)| {
            ((*name).to_owned(), broker.report().map_err(|error| Chain(&error).to_string()))
        }));
        in_force
    }

    fn run(&mut self, script: &Script) -> ScriptAnswer {
        let finished = self.shell.run_unreported(script, &mut self.stdout, &mut self.stderr);
        self.ended(finished, None)
    }

    fn ended(&self, finished: Finished, printed: Option<Printed>) -> ScriptAnswer {
        let Finished { outcome: ScriptOutcome { status, exited }, message } = finished;
        let usage = self.shell.take_counts();
        let usage = usage.map(|counts| ScriptUsage::new(counts, self.usage.take()));
        ScriptAnswer::Ended { status: status.code(), exited, message, printed, usage }
    }

    /// Reads standard input to its end, unless it is a terminal.
    ///
    /// The interpreter needs all of the input before the script starts. It is read on a thread that
    /// is abandoned when the parent gives up, because a writer may never end.
    fn read_input(
        &self,
        limit: u64,
        failed: impl FnOnce(io::Error) -> Repr,
    ) -> Result<Option<Vec<u8>>, SetupError> {
        if stdin().is_terminal() {
            return Ok(None);
        }
        let (sender, received) = channel();
        thread::Builder::new().name("input".to_owned()).spawn(move || {
            // OK because the receiver may have given up.
            let _ = sender.send(read_bounded(stdin(), limit));
        })?;
        loop {
            match received.recv_timeout(TICK) {
                Ok(input) => return Ok(input.map(Some).map_err(failed)?),
                Err(RecvTimeoutError::Disconnected) => return Err(Repr::Interrupted.into()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.current.interrupted.load(Ordering::SeqCst) {
                return Err(Repr::Interrupted.into());
            }
        }
    }
}

/// Starts a thread that interrupts the script of each request whose number it receives. When the
/// parent is gone, the thread ends this process.
fn receive_interrupts(
    mut interrupts: PipeReader,
    current: Arc<CurrentRequest>,
    script: ScriptInterrupt,
) -> io::Result<()> {
    thread::Builder::new().name("interrupts".to_owned()).spawn(move || {
        let mut number = [0];
        while interrupts.read_exact(&mut number).is_ok() {
            // A late interrupt must not end the next script.
            if u8::from_le_bytes(number) == current.number.load(Ordering::SeqCst) {
                current.interrupted.store(true, Ordering::SeqCst);
                script.interrupt();
            }
        }
        process::abort();
    })?;
    Ok(())
}

/// Lowers a resource limit of this process.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(resource);
    let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    let new = Rlimit { current: least(current), maximum: least(maximum) };
    Ok(setrlimit(resource, new)?)
}

/// Parses on a stack as large as the interpreter's, and returns whether `ask` is true for the
/// error.
fn parse(text: String, ask: impl Fn(bashkit::Error) -> bool + Send + 'static) -> io::Result<bool> {
    if is_script_too_deep(&text) {
        // Reported when it is run.
        return Ok(false);
    }
    let parser =
        thread::Builder::new().name("parser".to_owned()).stack_size(INTERPRETER_STACK_BYTES);
    let parsed = parser.spawn(move || Parser::new(&text).parse().is_err_and(ask))?;
    // OK because a parser that panics does so again when the text is run.
    Ok(parsed.join().unwrap_or(false))
}

/// Returns whether more lines are needed, as after an open quote or in a loop without its end.
///
/// The interpreter reports this as bash does, by one of two phrases.
fn is_unfinished(error: &bashkit::Error) -> bool {
    match error {
        bashkit::Error::Parse { message, .. } => {
            message.contains("unexpected EOF") || message.contains("unexpected end of file")
        }
        _ => false,
    }
}

/// Returns the line as a script in which `$?` is the status of the previous line, because the
/// interpreter starts every script with 0.
///
/// A line with a syntax error stays unchanged, so that the line number in its message is right.
fn after(last: ExitCode, line: String) -> io::Result<String> {
    if last.is_success() || parse(line.clone(), |_| true)? {
        return Ok(line);
    }
    Ok(format!("(exit {})\n{line}", last.code()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::command("echo a", false)]
    #[case::for_loop("for i in 1 2; do", true)]
    #[case::whole_loop("for i in 1 2; do echo $i; done", false)]
    #[case::quote("echo 'a", true)]
    #[case::double_quote("echo \"a", true)]
    #[case::function("f() {", true)]
    #[case::wrong("if then", false)]
    fn unfinished_lines_are_detected(#[case] text: &str, #[case] unfinished: bool) {
        let found = parse(text.to_owned(), |error| is_unfinished(&error)).unwrap();
        assert_eq!(found, unfinished);
    }

    #[rstest]
    #[case::success(0, "echo $?", "echo $?")]
    #[case::failure(3, "echo $?", "(exit 3)\necho $?")]
    #[case::wrong(3, "if then", "if then")]
    fn status_is_carried_to_next_line(
        #[case] last: u8,
        #[case] line: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(after(ExitCode::new(last), line.to_owned()).unwrap(), expected);
    }
}
