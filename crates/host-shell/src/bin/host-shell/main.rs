//! `host-shell`: a restricted shell for scripts.
//!
//! It parses the options, opens the paths of the command line, and runs the script. No path that a
//! user typed is opened later. Scripts run in a separate process ([`host_shell::setup`]).

mod args;
#[cfg(test)]
mod generated;
mod prompt;
mod status;

use std::{
    ffi::OsString,
    fmt,
    io::{self, IsTerminal as _, Write as _},
    process,
    time::Instant,
};

use builtin_api::ExitCode;
use host_confine::{Confinement, Duty, broker::ConfinementReport};
use host_shell::{
    Explained,
    setup::{
        self, Ended, Interrupts, ParentProcess, Role, ScriptAnswer, ScriptRequest, SetupError,
        Streams, own_process, print_message, read_script, serve_broker,
    },
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    args::{Command, Plan, ScriptSource},
    status::Status,
};

/// Bytes of stack that the first thread needs. The usual limit on Linux is 8 MiB.
const STACK_BYTES: u64 = 512 * 1024;

fn main() -> process::ExitCode {
    let status = match check_stack() {
        Ok(()) => begin(),
        Err(failure) => end(&failure),
    };
    status.into()
}

/// Checks the stack limit while little of it is used. Kernel: the limit is checked when the stack
/// grows, so raising it here has an effect.
fn check_stack() -> Result<(), Failure> {
    let Rlimit { current, maximum } = getrlimit(Resource::Stack);
    let is_too_small = |limit: Option<u64>| limit.is_some_and(|bytes| bytes < STACK_BYTES);
    if !is_too_small(current) {
        return Ok(());
    }
    if is_too_small(maximum) {
        return Err(Failure::Stack(maximum.unwrap_or_default()));
    }
    let raised = Rlimit { current: Some(STACK_BYTES), maximum };
    setrlimit(Resource::Stack, raised).map_err(|errno| Failure::Io(errno.into()))
}

// Not inlined, so that its frame is not on the stack during the check.
#[inline(never)]
#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn begin() -> ExitCode {
    start(std::env::args_os().skip(1)).unwrap_or_else(|failure| end(&failure))
}

fn end(failure: &Failure) -> ExitCode {
    print_message(&format!("host-shell: {failure}\n"));
    failure.status()
}

fn start(words: impl Iterator<Item = OsString>) -> Result<ExitCode, Failure> {
    match args::parse(words).map_err(Failure::Usage)? {
        Command::Help => print(&args::help()),
        Command::Version => print(concat!("host-shell ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Run(plan) => run(*plan),
        Command::Broker(kind) => {
            serve_broker(kind)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Status(plan) => status(*plan),
        Command::Check(plan) => print(&Explained(&plan.setup.read_policy()?).to_string()),
    }
}

/// Runs the script of the plan in another process. Also the entry point of that process.
fn run(mut plan: Plan) -> Result<ExitCode, Failure> {
    let begin = Instant::now();
    if plan.is_prompt() {
        plan.setup.streams = Streams::Prompt;
    }
    let first = first_request(&plan)?;
    let parent = match setup::start(plan.setup, 1, &Interrupts::receive()?)? {
        Role::Parent(parent) => parent,
        Role::Done(status) => return Ok(status),
    };
    let ParentProcess { setup, handles, mut sessions, .. } = *parent;
    drop(handles);
    let Some(mut session) = sessions.pop() else { return Ok(ExitCode::FAILURE) };
    let mut editor = match first {
        ScriptRequest::Begin => Some(prompt::editor().map_err(Failure::Prompt)?),
        _ => None,
    };
    let _confined = setup.confine(&own_process()?, Confinement::new(Duty::Terminal))?;
    if let Some(editor) = &mut editor {
        return prompt::run(editor, session).map_err(Failure::Prompt);
    }
    let (status, message) = match session.ask_since(begin, &first) {
        Ended::Back(
            ScriptAnswer::Ended { status, message, .. } | ScriptAnswer::Failed { status, message },
        ) => (ExitCode::new(status), message),
        Ended::Back(ScriptAnswer::Ready | ScriptAnswer::InForce(_) | ScriptAnswer::IsWhole(_)) => {
            (ExitCode::FAILURE, String::new())
        }
        Ended::Lost { status, message } => (status, message),
    };
    session.end();
    print_message(&message);
    Ok(status)
}

/// Sets up everything as for a script, and prints what is in force.
fn status(plan: Plan) -> Result<ExitCode, Failure> {
    let parent = match setup::start(plan.setup, 1, &Interrupts::receive()?)? {
        Role::Parent(parent) => parent,
        Role::Done(status) => return Ok(status),
    };
    let ParentProcess { setup, handles, mut sessions, .. } = *parent;
    let policy = handles.policy().clone();
    drop(handles);
    let Some(mut session) = sessions.pop() else { return Ok(ExitCode::FAILURE) };
    let confined = setup.confine(&own_process()?, Confinement::new(Duty::Terminal))?;
    let (status, message) = match session.ask(&ScriptRequest::InForce) {
        Ended::Back(ScriptAnswer::InForce(in_force)) => {
            let own = confined.as_ref().map(ConfinementReport::new);
            print(&Status { setup: &setup, policy: &policy, in_force, own }.to_string())?;
            (ExitCode::SUCCESS, String::new())
        }
        Ended::Back(ScriptAnswer::Failed { status, message }) => (ExitCode::new(status), message),
        Ended::Back(_) => (ExitCode::FAILURE, String::new()),
        Ended::Lost { status, message } => (status, message),
    };
    session.end();
    print_message(&message);
    Ok(status)
}

/// Returns the first request to the process: [`ScriptRequest::Begin`] for a prompt, or the script.
fn first_request(plan: &Plan) -> Result<ScriptRequest, Failure> {
    match &plan.source {
        ScriptSource::Text(text) => Ok(ScriptRequest::Script { text: text.clone(), name: None }),
        ScriptSource::File(path) => {
            let name = path.display().to_string();
            Ok(ScriptRequest::Script { text: read_script(path)?, name: Some(name) })
        }
        ScriptSource::Input if plan.is_prompt() => Ok(ScriptRequest::Begin),
        ScriptSource::Input => Ok(ScriptRequest::Input),
    }
}

impl Plan {
    /// Returns whether lines are read from a terminal.
    fn is_prompt(&self) -> bool {
        self.source == ScriptSource::Input && stdin().is_terminal() && stdout().is_terminal()
    }
}

/// The script could not be read or run.
#[derive(Debug)]
enum Failure {
    Usage(args::CliError),
    Setup(SetupError),
    Stack(u64),
    Prompt(rustyline::error::ReadlineError),
    Io(io::Error),
}

impl Failure {
    fn status(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::USAGE,
            Self::Setup(error) => error.status(),
            Self::Stack(_) | Self::Prompt(_) | Self::Io(_) => ExitCode::FAILURE,
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => {
                writeln!(f, "{error}")?;
                if let Some(name) = error.suggestion() {
                    writeln!(f, "host-shell: did you mean --{name}?")?;
                }
                f.write_str(args::USAGE)
            }
            Self::Setup(error) => write!(f, "{error}"),
            Self::Stack(bytes) => {
                write!(f, "expected a stack of {STACK_BYTES} bytes, but its limit is {bytes}")
            }
            Self::Prompt(error) => write!(f, "the prompt failed: {error}"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "the program's own standard input")]
fn stdin() -> io::Stdin {
    io::stdin()
}

#[expect(clippy::disallowed_methods, reason = "the program's own standard output")]
fn stdout() -> io::Stdout {
    io::stdout()
}
