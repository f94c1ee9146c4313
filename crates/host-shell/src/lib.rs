//! A restricted shell that runs the builtins of this workspace.
//!
//! The interpreter is [bashkit]: a bash in this process that starts no processes and opens no files
//! of the system. This crate adds the three things that it lacks:
//!
//! - **builtins**: every [`builtin_api::Builtin`] of a [`Registry`](builtin_api::Registry) becomes
//!   a command, with its arguments, streams, sandbox and cancellation;
//! - **directories**: every directory of a [`Sandbox`](builtin_api::Sandbox) is visible at its
//!   path, to redirections and all commands, through the same handle that builtins use. bashkit's
//!   own file system over real directories is not compiled in;
//! - **limits that fail**: what is too large, or takes too long, is an error and never a silent cut
//!   ([`limits`]).
//!
//! ```text
//!  script ─► Shell ─► bashkit ─┬─► Adapter ───► Builtin, on its own thread
//!                              ├─► SandboxFs ─► Sandbox, where directories are granted
//!                              └─► memory,      everywhere else
//! ```
//!
//! # Example
//!
//! ```
//! use builtin_api::{Registry, Sandbox};
//! use host_shell::{Script, Shell};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::new(); // register `ss` and others here
//! let sandbox = Sandbox::empty(); // grant directories here
//! let mut shell = Shell::builder().registry(registry).sandbox(sandbox).build()?;
//!
//! let script = Script { text: "echo hello | tr a-z A-Z; exit 3".into(), ..Script::default() };
//! let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
//! let outcome = shell.run(&script, &mut stdout, &mut stderr);
//!
//! assert_eq!(stdout, b"HELLO\n");
//! assert_eq!(outcome.status.code(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! # What is real, and what is simulated
//!
//! The builtins of the host, granted directories, the script's standard input and the clock are
//! real. The interpreter simulates everything else, the same on every machine: `/etc/passwd`,
//! `/etc/hosts` and `/etc/os-release`; `/proc/meminfo`, `/proc/cpuinfo`, `/proc/version` and
//! `/proc/self`; `id`, `whoami`, `ps`, `hostname`, `uname`, `uptime`, `free`, `df`, `nproc`, `who`.
//! The environment of the process is not passed on. Files outside granted directories are in
//! memory, and are lost with the shell. The network commands (`curl`, `wget`, `http`) have no
//! network.
//!
//! A granted directory contains no simulated files: with `/etc` granted, `/etc/passwd` is that of
//! the system or does not exist.
//!
//! # Streams
//!
//! The output of a builtin is passed on at once, to the next stage of a pipeline or to the output
//! of the shell. A write to a closed reader fails with a broken pipe, so `endless | head -n 1`
//! ends. Most of the interpreter's own commands read all of their input before they start. Builtins
//! never see a terminal, because the interpreter does not know where an output leads.
//!
//! Input and output are bytes. Words are text: invalid UTF-8 in an argument becomes U+FFFD before a
//! builtin sees it, and `$'\xff'` is the letter U+00FF. A file whose name is not UTF-8 is listed
//! with U+FFFD, and cannot be opened by that name.
//!
//! # Ending a script
//!
//! At its timeout, or at [`ScriptInterrupt::interrupt`], a script ends where it is. The builtins
//! that it called see their [`Cancel`](builtin_api::Cancel) set. The shell does not wait for the
//! thread of a builtin that does not return, and continues with the variables, functions and
//! directory from before that script. Traps and options end with every script.
//!
//! # What needs a process
//!
//! A [`Shell`] runs in the process of its host, and some limits need a process boundary. The
//! interpreter counts memory after allocating it, and its recursion is not fully known here, so a
//! script can use up the host's memory, or overflow a stack, which aborts the host. A write to a
//! stream without a reader blocks. To run scripts of others, give the shell a child process with a
//! memory limit ([`ScriptLimits::max_memory_bytes`], `RLIMIT_DATA`), kill it when it does not
//! answer, and print [`Finished::message`] in the parent. [`setup`] does this, as in the programs
//! `host-shell` and `ss-mcp`.
//!
//! # Security
//!
//! Commands that a script may not call ([`Allowed`]) are left out of the interpreter, so no
//! spelling reaches them. What stays are the words of the [`LANGUAGE`]. A [`Shell`] uses no ambient
//! authority: it is given directories and builtins. [`setup`] uses it in one file,
//! `capabilities.rs`, and confines the process by `host-confine`. Brokers do what a confined
//! process cannot.

mod adapter;
mod brace;
mod check;
mod commands;
mod ending;
mod error;
mod expansion;
mod explained;
mod fs;
mod guarded;
mod help;
pub mod limits;
mod nesting;
mod output;
mod own;
mod register;
mod script;
pub mod setup;
mod shell;

pub use bashkit;

pub use commands::{Allowed, CommandCounts, LANGUAGE};
pub use error::{Error, ErrorKind};
pub use explained::Explained;
pub use limits::ScriptLimits;
pub use output::Capped;
pub use register::register;
pub use script::{Finished, Script, ScriptInterrupt, ScriptOutcome};
pub use shell::{Shell, ShellBuilder};
