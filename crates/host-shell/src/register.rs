//! The builtins of a registry in a bashkit shell that is not a [`Shell`](crate::Shell).

use std::sync::Arc;

use bashkit::BashBuilder;
use builtin_api::{Registry, Sandbox};

use crate::adapter::{Adapter, ShellCalls};

/// Registers every builtin of `registry` in a bashkit shell. A builtin replaces a command of the
/// interpreter with the same name.
///
/// This is for hosts that build a [`bashkit::Bash`] themselves, with their own file system, limits
/// and hooks. bashkit is re-exported as [`host_shell::bashkit`](crate::bashkit), because its
/// version has to be the same.
///
/// # Streams
///
/// As in [`Shell`](crate::Shell), the output of a builtin is passed on at once, to the next stage
/// of a pipeline, to a file or to `stdout_fn`, and a write to a closed reader fails. These keep all
/// of the output until the builtin has ended:
///
/// - `$(…)` and `<(…)`;
/// - `Bash::exec`, and `Bash::execute` without `stdout_fn`, which return the output at the end;
/// - a command of the interpreter that reads all of its input first (`sort`, `awk`, `wc`).
///
/// # Limits
///
/// Calls have no deadline, but are cancelled when the interpreter gives them up: at
/// `ExecutionLimits::timeout`, in `timeout 1 ss`, or when the future of the execution is dropped.
/// They have no directories: `ss -F FILE` finds no file, but `ss -F - < FILE` reads from the file
/// system of the shell.
///
/// # Examples
///
/// ```
/// use host_shell::bashkit::Bash;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = builtin_api::Registry::new(); // register `ss` and others here
/// let mut bash = host_shell::register(Bash::builder(), &registry).build();
///
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// let result = runtime.block_on(bash.exec("echo hello | tr a-z A-Z"))?;
/// assert_eq!(result.stdout, "HELLO\n");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn register(mut builder: BashBuilder, registry: &Registry) -> BashBuilder {
    let calls = Arc::new(ShellCalls::new(Sandbox::empty()));
    for builtin in registry.iter() {
        let adapter = Adapter::new(Arc::clone(builtin), Arc::clone(&calls));
        builder = builder.command(builtin.name(), adapter);
    }
    builder
}
