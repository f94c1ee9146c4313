//! `ss-mcp`: an MCP server over standard input and output, for AI agents.
//!
//! Options, then authority, then the processes in which scripts run, then confinement, then the
//! first thread: nothing is opened by path after that.

mod args;
mod call;
mod model;
mod rows;
mod server;

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use builtin_cli::Chain;
use clap::Parser as _;
use host_confine::broker::BrokerKind;
use host_shell::setup::{self, BROKER, ParentProcess, Interrupts, Role};
use rmcp::{ServiceExt as _, transport::stdio};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{
    args::Cli,
    call::{Caller, Sessions, CallerState},
    model::LimitsAnswer,
    server::Server,
};

type Failure = Box<dyn Error>;

/// Scripts that run at one time. More of them wait for their turn.
const MAX_SCRIPTS: usize = 4;

#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let ended = match words.get(1) {
        Some(first) if first == BROKER => broker(words.get(2..).unwrap_or_default()),
        _ => match Cli::try_parse_from(words) {
            Ok(args) => start(&args),
            // It goes to standard error, or to standard output for `--help`.
            Err(error) => error.exit(),
        },
    };
    ended.unwrap_or_else(|error| {
        report(&Chain(&*error).to_string());
        ExitCode::FAILURE
    })
}

/// Opens what the command line names, and becomes the server and the processes in which scripts
/// run.
fn start(args: &Cli) -> Result<ExitCode, Failure> {
    // Before the runtime: a process with a second thread is not copied.
    match setup::start(args.setup()?, MAX_SCRIPTS, &Interrupts::default())? {
        Role::Parent(parent) => server(args, *parent).map(|()| ExitCode::SUCCESS),
        Role::Done(status) => Ok(ExitCode::from(status.code())),
    }
}

/// Confines the process, and answers until the client goes away.
fn server(args: &Cli, parent: ParentProcess) -> Result<(), Failure> {
    let ParentProcess { setup, handles, sessions, audit, brokers, .. } = parent;
    let directories =
        handles.directories().map(|(path, access)| (path.to_string(), access)).collect();
    let capabilities = setup.open(handles.without_directories(), brokers)?;
    // Held until the server ends: the process that keeps the brokers ends them then.
    let _asks = capabilities.asks;
    let limit = Rlimit { current: Some(args.max_memory), maximum: Some(args.max_memory) };
    setrlimit(Resource::Data, limit)?;
    // A runtime without I/O driver and without signals: one thread, and timers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let confined = setup.confine(&setup::own_process()?, capabilities.confinement)?;
    let confinement = match &confined {
        Some(confined) => confined.to_string(),
        None => "not in force (--no-confine)".to_owned(),
    };
    // It has to live as long as the process: Landlock knows a place in procfs only while it is
    // held.
    Box::leak(Box::new(confined));
    let timeout_ms = u64::try_from(args.timeout.as_millis()).unwrap_or(u64::MAX);
    let shared = CallerState {
        view: capabilities.view,
        policy: capabilities.policy,
        directories,
        allowed: setup.allowed,
        limits: LimitsAnswer { rows: args.max_rows, bytes: args.max_output, timeout_ms },
        sessions: Sessions::new(sessions),
        confinement,
    };
    let server = Server::new(Caller::new(shared, args.timeout, audit));
    let ended = runtime.block_on(async {
        server.serve(stdio()).await?.waiting().await?;
        Ok::<(), Failure>(())
    });
    // Calls that still run end with the process, and scripts with it.
    runtime.shutdown_background();
    ended
}

/// Answers the process that started this one, until it ends.
fn broker(words: &[OsString]) -> Result<ExitCode, Failure> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let kind = BrokerKind::from_words(&words).ok_or("expected a kind of broker")?;
    setup::serve_broker(kind)?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "the program's own standard error")]
fn report(message: &str) {
    // OK because there is nobody left to tell when standard error cannot be written.
    let _ = writeln!(io::stderr(), "ss-mcp: {message}");
}
