//! A bash-compatible shell with `ss` and `portwatch`:
//!
//! ```text
//! cargo run -p brush-host --example ss-shell -- 'ss -tln | head -n 3'
//! ```
//!
//! It is not a sandbox: a script has the authority of its user.

use std::{error::Error, process::ExitCode};

use brush_builtins::{BuiltinSet, ShellBuilderExt as _};
use builtin_api::{Registry, Sandbox};
use portwatch_builtin::PortWatch;
use socket_query::{Grant, Policy, System};
use ss_builtin::Ss;

#[expect(clippy::disallowed_methods, reason = "a program with the authority of its user")]
fn registry() -> Result<Registry, Box<dyn Error>> {
    let policy =
        Policy::new([Grant::Sockets, Grant::Processes, Grant::Events].into_iter().collect());
    let view = System::open_ambient(cap_std::ambient_authority())?.view(policy)?;
    let mut registry = Registry::new();
    registry.register(Ss::new(view.clone()))?;
    registry.register(PortWatch::new(view))?;
    Ok(registry)
}

async fn run(script: String) -> Result<ExitCode, Box<dyn Error>> {
    let mut shell = brush_core::Shell::builder()
        .default_builtins(BuiltinSet::BashMode)
        .builtins(brush_host::registrations())
        .build()
        .await?;
    let params = shell.default_exec_params();
    let result = shell.run_string(script, &brush_core::SourceInfo::default(), &params).await?;
    Ok(ExitCode::from(u8::from(result.exit_code)))
}

#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn main() -> Result<ExitCode, Box<dyn Error>> {
    let script = std::env::args().nth(1).ok_or("expected a script")?;
    brush_host::install(registry()?, Sandbox::empty())?;
    // Builtins of a pipeline run at the same time, each on a thread.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let status = runtime.block_on(run(script));
    runtime.shutdown_background();
    status
}
