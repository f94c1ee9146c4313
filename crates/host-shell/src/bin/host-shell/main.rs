//! `host-shell`: a restricted shell for scripts.
//!
//! Options, then authority, then the script: what the command line names is opened first, and no path
//! that a user typed is opened after that. Scripts run in a process of their own ([`child`]).

mod args;
mod audit;
mod capabilities;
mod child;
#[cfg(test)]
mod generated;
mod grant;
mod link;
mod prompt;
mod session;
mod spawner;
mod status;

use std::{
    ffi::OsString,
    fmt,
    io::{self, IsTerminal as _, Write as _},
    process,
    time::{Duration, Instant},
};

use builtin_api::ExitCode;
use builtin_cli::Chain;
use host_confine::{
    ConfineError, Confined, Confinement, Duty, Forked,
    broker::{BrokerError, BrokerErrorKind, Kind, ProcessService, serve},
    fork,
};
use host_shell::{ErrorKind, Explained};
use procnetsocket::{ProcRoot, SocketTables};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::set_no_new_privs;

use crate::{
    args::{Command, Plan, ScriptSource},
    audit::Audit,
    capabilities::{Handles, read_script},
    link::{Answer, ChildEnds, Link, Request, SpawnerEnds},
    session::{Ended, Interrupts, Session, last_word},
    spawner::Role,
    status::Status,
};

/// There is a command of that name, but it cannot be run: the status of POSIX shells.
const CANNOT_RUN: ExitCode = ExitCode::new(126);

/// The process cannot be confined, so nothing runs: the same.
const CANNOT_CONFINE: ExitCode = CANNOT_RUN;

/// Bytes of stack that the first thread needs, of which Linux usually gives 8 MiB.
const STACK_BYTES: u64 = 512 * 1024;

fn main() -> process::ExitCode {
    let status = match check_stack() {
        Ok(()) => begin(),
        Err(failure) => end(&failure),
    };
    status.into()
}

/// Checks the stack before there is much on it. Kernel: the limit counts when the stack grows, so one that
/// is raised counts, too.
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

// Not inlined, so that its frame is not on the stack when that is checked.
#[inline(never)]
#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn begin() -> ExitCode {
    start(std::env::args_os().skip(1)).unwrap_or_else(|failure| end(&failure))
}

fn end(failure: &Failure) -> ExitCode {
    last_word(&format!("host-shell: {failure}\n"));
    failure.status()
}

fn start(words: impl Iterator<Item = OsString>) -> Result<ExitCode, Failure> {
    match args::parse(words).map_err(Failure::Usage)? {
        Command::Help => print(&args::help()),
        Command::Version => print(concat!("host-shell ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Run(plan) => run(*plan),
        Command::Broker(kind) => broker(kind),
        Command::Status(plan) => status(&plan),
        Command::Check(plan) => {
            let policy = capabilities::policy(&plan).map_err(Failure::Capability)?;
            print(&Explained(&policy).to_string())
        }
    }
}

/// Opens what the plan names, and becomes three processes:
///
/// ```text
///  parent: the terminal, the deadline, the last word ── confined
///    └── spawner: starts the next one of these, and ends it
///          └── child: the interpreter, what scripts are granted ── confined, with a limit of memory
/// ```
///
/// Nothing is confined and no thread starts before that.
fn run(plan: Plan) -> Result<ExitCode, Failure> {
    let begin = Instant::now();
    let audit = plan.audit.as_deref().map(|path| capabilities::open_audit(path, &plan));
    let audit = audit.transpose().map_err(Failure::Capability)?.map(Audit::new);
    let handles = Handles::open(&plan).map_err(Failure::Capability)?;
    let first = first_request(&plan)?;
    let interrupts = Interrupts::receive()?;
    let Link { parent, spawner, child } = Link::new()?;
    let own = capabilities::own_process().map_err(Failure::Capability)?;
    if fork(&own).map_err(Failure::Confine)? == Forked::Child {
        drop((parent, first, audit));
        return spawn(plan, handles, spawner, child);
    }
    drop((handles, spawner, child));
    let mut editor = match first {
        Request::Begin => Some(prompt::editor().map_err(Failure::Prompt)?),
        _ => None,
    };
    let mut session =
        Session::new(parent, interrupts, plan.limits, audit).map_err(Failure::Broker)?;
    let _confined = confine(plan.confine, &own, Confinement::new(Duty::Terminal))?;
    if let Some(editor) = &mut editor {
        return prompt::run(editor, session).map_err(Failure::Prompt);
    }
    let (status, message) = match session.ask_since(begin, &first) {
        Ended::Back(Answer::Ended { status, message, .. } | Answer::Failed { status, message }) => {
            (ExitCode::new(status), message)
        }
        Ended::Back(Answer::Ready | Answer::IsWhole(_)) => (ExitCode::FAILURE, String::new()),
        Ended::Lost { status, message } => (status, message),
    };
    session.end();
    last_word(&message);
    Ok(status)
}

/// Goes on as the spawner, and in each process that it starts as a child.
fn spawn(
    plan: Plan,
    handles: Handles,
    ends: SpawnerEnds,
    child: ChildEnds,
) -> Result<ExitCode, Failure> {
    let own = capabilities::own_process().map_err(Failure::Capability)?;
    if plan.confine {
        set_no_new_privs(true).map_err(io::Error::from)?;
    }
    match spawner::run(&own, &ends, child)? {
        Role::Child(child, _alive) => {
            drop((own, ends));
            child::run(plan, handles, child)
        }
        Role::Done => Ok(ExitCode::SUCCESS),
    }
}

/// Confines this process, unless the user does not want it.
fn confine(
    is_wanted: bool,
    own: &ProcRoot,
    confinement: Confinement,
) -> Result<Option<Confined>, Failure> {
    if !is_wanted {
        return Ok(None);
    }
    confinement.apply(own).map(Some).map_err(Failure::Confine)
}

/// Answers a shell that this process was started by, until it ends.
fn broker(kind: Kind) -> Result<ExitCode, Failure> {
    let own = capabilities::own_process().map_err(Failure::Capability)?;
    let (input, output) = (&mut stdin().lock(), &mut stdout().lock());
    let apply = |confinement: Confinement| confinement.apply(&own).map_err(Failure::Confine);
    let served = match kind {
        Kind::Processes(bounds) => {
            let _confined = apply(Confinement::new(Duty::Processes))?;
            serve(&ProcessService::new(SocketTables::from_root(own), bounds), input, output)
        }
        Kind::Resolver => {
            let _confined = apply(capabilities::resolver_confinement())?;
            // Security: nothing of `/proc` is left to who asks strangers.
            drop(own);
            serve(&capabilities::resolver(), input, output)
        }
        _ => return Ok(ExitCode::USAGE),
    };
    match served {
        // OK because a shell that is gone needs no answer, and no broker.
        Err(error) if error.kind() != BrokerErrorKind::Gone => Err(Failure::Broker(error)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Does all that comes before a script, and says what is in force.
fn status(plan: &Plan) -> Result<ExitCode, Failure> {
    let handles = Handles::open(plan).map_err(Failure::Capability)?;
    let capabilities = capabilities::open(plan, handles).map_err(Failure::Capability)?;
    let own = capabilities::own_process().map_err(Failure::Capability)?;
    let confined = confine(plan.confine, &own, capabilities.confinement)?;
    let status = Status {
        plan,
        policy: &capabilities.policy,
        tables: capabilities.tables,
        processes: capabilities.processes,
        hosts: capabilities.hosts,
        confined: confined.as_ref(),
    };
    print(&status.to_string())
}

/// Returns what the first process is to be asked: to begin, at a prompt, or for the one script.
fn first_request(plan: &Plan) -> Result<Request, Failure> {
    match &plan.source {
        ScriptSource::Text(text) => Ok(Request::Script { text: text.clone(), name: None }),
        ScriptSource::File(path) => {
            let name = path.display().to_string();
            let bytes =
                read_script(path).map_err(|error| Failure::Script { name: name.clone(), error })?;
            Ok(Request::Script { text: decode_script(bytes, &name)?, name: Some(name) })
        }
        ScriptSource::Input if plan.is_prompt() => Ok(Request::Begin),
        ScriptSource::Input => Ok(Request::Input),
    }
}

/// What a script from standard input is called in messages.
const INPUT: &str = "standard input";

fn decode_script(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| Failure::Script {
        name: name.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
    })
}

impl Plan {
    /// Returns whether lines are read from a terminal.
    fn is_prompt(&self) -> bool {
        self.source == ScriptSource::Input && stdin().is_terminal() && stdout().is_terminal()
    }
}

/// Why there was no script to run, or no way to run it.
#[derive(Debug)]
enum Failure {
    Usage(args::CliError),
    Capability(capabilities::CapabilityError),
    Shell(host_shell::Error),
    Confine(ConfineError),
    Broker(BrokerError),
    Script { name: String, error: io::Error },
    Input(io::Error),
    InputTimeout(Duration),
    Interrupted,
    Stack(u64),
    Prompt(rustyline::error::ReadlineError),
    Io(io::Error),
}

impl Failure {
    fn status(&self) -> ExitCode {
        match self {
            Self::Shell(error) if error.kind() == ErrorKind::Runtime => ExitCode::FAILURE,
            Self::Usage(_) | Self::Capability(_) | Self::Shell(_) => ExitCode::USAGE,
            Self::Script { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                ExitCode::NOT_FOUND
            }
            Self::Script { .. } => CANNOT_RUN,
            Self::InputTimeout(_) => ExitCode::TIMED_OUT,
            Self::Interrupted => ExitCode::CANCELLED,
            Self::Confine(_) => CANNOT_CONFINE,
            Self::Broker(_) | Self::Input(_) | Self::Stack(_) | Self::Prompt(_) | Self::Io(_) => {
                ExitCode::FAILURE
            }
        }
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
            Self::Capability(error) => write!(f, "{}", Chain(error)),
            Self::Shell(error) => write!(f, "{}", Chain(error)),
            Self::Confine(error) => {
                write!(f, "cannot confine this process: {}", Chain(error))
            }
            Self::Script { name, error } => write!(f, "{name}: {error}"),
            Self::Broker(error) => write!(f, "{}", Chain(error)),
            Self::Input(error) => write!(f, "standard input: {error}"),
            Self::InputTimeout(timeout) => write!(
                f,
                "standard input did not end within {timeout:?}; give </dev/null to a script that \
                 needs none"
            ),
            Self::Stack(bytes) => {
                write!(f, "expected a stack of {STACK_BYTES} bytes, but its limit is {bytes}")
            }
            Self::Interrupted => write!(f, "interrupted"),
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

#[expect(clippy::disallowed_methods, reason = "the program's own standard error")]
fn stderr() -> io::Stderr {
    io::stderr()
}
