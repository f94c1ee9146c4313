//! `ss-mcp`: an MCP server over standard input and output, for AI agents.
//!
//! Options, then authority, then confinement, then the first thread: nothing is opened by path after
//! that.

mod args;
mod call;
mod capabilities;
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
use host_confine::{
    Confinement, Duty,
    broker::{Kind, ProcessService, serve},
};
use host_shell::Allowed;
use procnetsocket::SocketTables;
use rmcp::{ServiceExt as _, transport::stdio};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{
    args::Args,
    call::Caller,
    capabilities::BROKER,
    model::LimitsAnswer,
    server::{Server, Shared},
};

type Failure = Box<dyn Error>;

#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let ended = match words.get(1) {
        Some(first) if first == BROKER => broker(words.get(2..).unwrap_or_default()),
        _ => match Args::try_parse_from(words) {
            Ok(args) => server(&args),
            // It goes to standard error, or to standard output for `--help`.
            Err(error) => error.exit(),
        },
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&Chain(&*error).to_string());
            ExitCode::FAILURE
        }
    }
}

/// Opens everything, confines the process, and answers until the client goes away.
fn server(args: &Args) -> Result<(), Failure> {
    let capabilities = capabilities::open(args)?;
    // Security: scripts run in this process, and what they take must not be the machine's memory.
    let limit = Rlimit { current: Some(args.max_memory), maximum: Some(args.max_memory) };
    setrlimit(Resource::Data, limit)?;
    // A runtime without I/O driver and without signals: one thread, and timers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let confinement = if args.no_confine {
        "not in force (--no-confine)".to_owned()
    } else {
        let own = capabilities::own_process()?;
        // It has to live as long as the process: Landlock knows a place in procfs only while it is held.
        let confined = Box::leak(Box::new(capabilities.confinement.apply(&own)?));
        confined.to_string()
    };
    let allowed = match &*args.allow_command {
        [] => Allowed::All,
        names => Allowed::Only(names.iter().cloned().collect()),
    };
    let timeout_ms = u64::try_from(args.timeout.as_millis()).unwrap_or(u64::MAX);
    let shared = Shared {
        registry: capabilities.registry,
        sandbox: capabilities.sandbox,
        policy: capabilities.policy,
        allowed,
        limits: LimitsAnswer { rows: args.max_rows, bytes: args.max_output, timeout_ms },
        timeout: args.timeout,
        confinement,
    };
    let server = Server::new(Caller::new(shared, args.timeout, capabilities.audit));
    let ended = runtime.block_on(async {
        server.serve(stdio()).await?.waiting().await?;
        Ok::<(), Failure>(())
    });
    // Calls that still run end with the process.
    runtime.shutdown_background();
    ended
}

/// Answers the server that started this process, until it ends.
fn broker(words: &[OsString]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let Some(Kind::Processes(bounds)) = Kind::from_words(&words) else {
        return Err("expected a kind of broker".into());
    };
    let own = capabilities::own_process()?;
    let _confined = Confinement::new(Duty::Processes).apply(&own)?;
    let service = ProcessService::new(SocketTables::from_root(own), bounds);
    Ok(serve(&service, &mut stdin().lock(), &mut stdout().lock())?)
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
fn report(message: &str) {
    // OK because there is nobody left to tell when standard error cannot be written.
    let _ = writeln!(io::stderr(), "ss-mcp: {message}");
}
