//! `ss-mcp`: an MCP server over standard input and output, for AI agents.
//!
//! It reads the options, opens what they name, starts the processes in which scripts run, confines
//! itself, and then starts the first thread. After that nothing is opened by path.

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
use host_shell::setup::{self, BROKER, Interrupts, ParentProcess, Role};
use rmcp::{ServiceExt as _, transport::stdio};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{
    args::Cli,
    call::{Caller, CallerState, Sessions},
    model::LimitsAnswer,
    server::Server,
};

type Failure = Box<dyn Error>;

/// Number of scripts that run at the same time. Others wait.
const MAX_SCRIPTS: usize = 4;

#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let ended = match words.get(1) {
        Some(first) if first == BROKER => broker(words.get(2..).unwrap_or_default()),
        _ => match Cli::try_parse_from(words) {
            Ok(args) => start(&args),
            // The message goes to standard error, or to standard output for `--help`.
            Err(error) => error.exit(),
        },
    };
    ended.unwrap_or_else(|error| {
        report(&Chain(&*error).to_string());
        ExitCode::FAILURE
    })
}

/// Opens what the command line names, and starts the server and the processes in which scripts run.
fn start(args: &Cli) -> Result<ExitCode, Failure> {
    // Before the runtime, because a process with several threads cannot be forked safely.
    match setup::start(args.setup()?, MAX_SCRIPTS, &Interrupts::default())? {
        Role::Parent(parent) => server(args, *parent).map(|()| ExitCode::SUCCESS),
        Role::Done(status) => Ok(ExitCode::from(status.code())),
    }
}

/// Confines the process, and answers until the client disconnects.
fn server(args: &Cli, parent: ParentProcess) -> Result<(), Failure> {
    let ParentProcess { setup, handles, sessions, audit, brokers, .. } = parent;
    let directories =
        handles.directories().map(|(path, access)| (path.to_string(), access)).collect();
    let capabilities = setup.open(handles.without_directories(), brokers)?;
    // Kept open until the server ends, when the process of the brokers ends them.
    let _asks = capabilities.asks;
    let limit = Rlimit { current: Some(args.max_memory), maximum: Some(args.max_memory) };
    setrlimit(Resource::Data, limit)?;
    // A runtime of one thread with timers, but without I/O driver and signals.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let confined = setup.confine(&setup::own_process()?, capabilities.confinement)?;
    let confinement = match &confined {
        Some(confined) => confined.to_string(),
        None => "not in force (--no-confine)".to_owned(),
    };
    // It has to live as long as the process: Landlock's rule for a directory of procfs is valid
    // only while it is open.
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
    // Running calls and scripts end with the process.
    runtime.shutdown_background();
    ended
}

/// Serves the process that started this one, until that ends.
fn broker(words: &[OsString]) -> Result<ExitCode, Failure> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let kind = BrokerKind::from_words(&words).ok_or("expected a kind of broker")?;
    setup::serve_broker(kind)?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "the program's own standard error")]
fn report(message: &str) {
    // OK because an error of standard error cannot be reported anywhere.
    let _ = writeln!(io::stderr(), "ss-mcp: {message}");
}
