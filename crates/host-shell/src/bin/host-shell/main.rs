//! `host-shell`: a restricted shell for scripts.
//!
//! Options, then authority, then the script: what a script may reach is opened before the thread of
//! the interpreter starts, and nothing is opened by path after that.

mod args;
mod audit;
mod capabilities;
#[cfg(test)]
mod generated;
mod grant;
mod prompt;
mod session;
mod status;

use std::{
    ffi::OsString,
    fmt,
    io::{self, IsTerminal as _, Write as _},
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use builtin_api::ExitCode;
use builtin_cli::Chain;
use host_confine::{
    ConfineError, Confined, Confinement, Duty,
    broker::{BrokerError, Kind, ProcessService, serve},
};
use host_shell::{
    ErrorKind, Explained, Script, Shell,
    limits::{MAX_SCRIPT_BYTES, MAX_STDIN_BYTES},
};

use procnetsocket::SocketTables;

use crate::{
    args::{Command, Confine, Plan, ScriptSource},
    audit::Audit,
    capabilities::{read_bounded, read_script},
    session::{Ended, Interrupts, Session, Streams},
    status::Status,
};

/// There is a command of that name, but it cannot be run: the status of POSIX shells.
const CANNOT_RUN: ExitCode = ExitCode::new(126);

/// The process cannot be confined, so nothing runs: the same.
const CANNOT_CONFINE: ExitCode = CANNOT_RUN;

#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn main() -> process::ExitCode {
    let status = start(std::env::args_os().skip(1)).unwrap_or_else(|failure| {
        report(&failure.to_string());
        failure.status()
    });
    process::ExitCode::from(status.code())
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

/// Opens everything, confines the process, and only then starts a thread.
fn run(plan: Plan) -> Result<ExitCode, Failure> {
    let audit = plan.audit.as_deref().map(|path| capabilities::open_audit(path, &plan));
    let audit = audit.transpose().map_err(Failure::Capability)?.map(Audit::new);
    let capabilities = capabilities::open(&plan).map_err(Failure::Capability)?;
    let is_prompt = plan.source == ScriptSource::Input && is_terminal();
    let script = if is_prompt { None } else { Some(script(&plan.source)?) };
    let mut editor =
        if is_prompt { Some(prompt::editor().map_err(Failure::Prompt)?) } else { None };
    let timeout = plan.limits.timeout;
    let shell = Shell::builder()
        .sandbox(capabilities.sandbox)
        .registry(capabilities.registry)
        .allowed(plan.allowed)
        .limits(plan.limits);
    let shell = if audit.is_some() { shell.count_commands() } else { shell };
    let mut shell = shell.build().map_err(Failure::Shell)?;
    let usage = capabilities.usage;
    let interrupts = Interrupts::receive()?;
    let _confined = confine(plan.confine, capabilities.confinement)?;
    if let Some(editor) = &mut editor {
        shell.set_interactive();
        let mut session = Session::start(interrupts, shell, timeout, streams(), audit, usage)?;
        return prompt::run(editor, &mut session).map_err(Failure::Prompt);
    }
    let mut script = script.unwrap_or_default();
    if plan.source != ScriptSource::Input {
        script.stdin = read_input(timeout)?;
    }
    match Session::start(interrupts, shell, timeout, streams(), audit, usage)?.run(script) {
        Ended::Unrecorded(error) => Ok(unrecorded(&error)),
        Ended::Back(outcome) => Ok(outcome.status),
        Ended::Lost(status) => {
            report("the script did not come back after it was told to end");
            Ok(status)
        }
    }
}

/// Reports that the audit has no line of a script, and returns the status for it.
fn unrecorded(error: &io::Error) -> ExitCode {
    report(&format!("the script ran, and the audit cannot be written: {error}"));
    ExitCode::FAILURE
}

/// Confines this process, unless the user does not want it.
fn confine(confine: Confine, confinement: Confinement) -> Result<Option<Confined>, Failure> {
    if confine == Confine::No {
        return Ok(None);
    }
    let own = capabilities::own_process().map_err(Failure::Capability)?;
    confinement.apply(&own).map(Some).map_err(Failure::Confine)
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
    served.map_err(Failure::Broker)?;
    Ok(ExitCode::SUCCESS)
}

/// Does all that comes before a script, and says what is in force.
fn status(plan: &Plan) -> Result<ExitCode, Failure> {
    let capabilities = capabilities::open(plan).map_err(Failure::Capability)?;
    let confined = confine(plan.confine, capabilities.confinement)?;
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

fn script(source: &ScriptSource) -> Result<Script, Failure> {
    let (bytes, name) = match source {
        ScriptSource::Text(text) => {
            return Ok(Script { text: text.clone(), ..Script::default() });
        }
        ScriptSource::File(path) => {
            let name = path.display().to_string();
            let bytes =
                read_script(path).map_err(|error| Failure::Script { name: name.clone(), error })?;
            (bytes, Some(name))
        }
        ScriptSource::Input => {
            let limit = u64::try_from(MAX_SCRIPT_BYTES).unwrap_or(u64::MAX);
            let name = "standard input".to_owned();
            let bytes =
                read_bounded(stdin(), limit).map_err(|error| Failure::Script { name, error })?;
            (bytes, None)
        }
    };
    let text = String::from_utf8(bytes).map_err(|error| Failure::Script {
        name: name.clone().unwrap_or_else(|| "standard input".to_owned()),
        error: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
    })?;
    Ok(Script { text, name, stdin: None })
}

/// Reads standard input for the script; a terminal is not read.
///
/// The interpreter takes the input whole, before the script starts. So a writer that never ends has
/// to be an error in time, and is read on a thread that can be left.
fn read_input(timeout: Duration) -> Result<Option<Vec<u8>>, Failure> {
    if stdin().is_terminal() {
        return Ok(None);
    }
    let (sender, received) = mpsc::channel();
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        // OK because a reader that gave up needs no answer.
        let _ = sender.send(read_bounded(stdin(), MAX_STDIN_BYTES));
    })?;
    match received.recv_timeout(timeout) {
        Ok(input) => input.map(Some).map_err(Failure::Input),
        Err(_) => Err(Failure::InputTimeout(timeout)),
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
            Self::Confine(_) => CANNOT_CONFINE,
            Self::Broker(_) | Self::Input(_) | Self::Prompt(_) | Self::Io(_) => ExitCode::FAILURE,
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
            Self::Usage(error) => write!(f, "{error}\n{}", args::USAGE),
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
            Self::Prompt(error) => write!(f, "the prompt failed: {error}"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    streams().stdout.write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes one line of the shell's own to standard error.
fn report(message: &str) {
    // OK because there is nobody left to tell when standard error cannot be written.
    let _ = writeln!(streams().stderr, "host-shell: {message}");
}

fn is_terminal() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
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
fn streams() -> Streams {
    Streams { stdout: Box::new(stdout()), stderr: Box::new(io::stderr()) }
}
