//! A restricted shell that runs the builtins of this workspace.
//!
//! The interpreter is [bashkit]: bash in this process, which starts no process and opens no file of
//! the system. This crate gives it the three things that it lacks here:
//!
//! - **builtins**: every [`builtin_api::Builtin`] of a [`Registry`](builtin_api::Registry) becomes
//!   a command, with its arguments, streams, sandbox and cancellation;
//! - **directories**: every directory of a [`Sandbox`](builtin_api::Sandbox) is there at its path,
//!   for redirections and for all commands, through the same handle that builtins use. bashkit's
//!   own file system over real directories is not compiled in;
//! - **honest limits**: what is too large, or takes too long, is an error with a status of its own
//!   ([`limits`]).
//!
//! ```text
//!  script ─► Shell ─► bashkit ─┬─► Adapter ───► Builtin, on a thread of its own
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
//! # What is real, and what is invented
//!
//! Real are the builtins of the host, granted directories, the script's standard input, and the
//! clock. All else is the interpreter's invention, the same on every machine: `/etc/passwd`,
//! `/etc/hosts` and `/etc/os-release`; `/proc/meminfo`, `/proc/cpuinfo`, `/proc/version` and
//! `/proc/self`; `id`, `whoami`, `ps`, `hostname`, `uname`, `uptime`, `free`, `df`, `nproc`, `who`.
//! The environment of the process is not passed on. Files outside granted directories are in
//! memory, and gone with the shell. The network commands (`curl`, `wget`, `http`) have no network.
//!
//! A granted directory is never mixed with inventions: with `/etc` granted, `/etc/passwd` is that
//! of the system or does not exist.
//!
//! # Streams
//!
//! What a builtin writes goes on at once, to the next stage of a pipeline or to the output of the
//! shell, and a write to a reader that went away fails with a broken pipe: `endless | head -n 1`
//! ends. Most of the interpreter's own commands read their input whole before they begin. No
//! builtin knows of a terminal, because the interpreter does not know where an output ends.
//!
//! Input and output are bytes. Words are text: what is not UTF-8 in an argument is U+FFFD before a
//! builtin sees it, and `$'\xff'` is the letter U+00FF. A file whose name is not UTF-8 is listed
//! with U+FFFD, and cannot be opened by that.
//!
//! # Ending a script
//!
//! At its timeout, or at [`ScriptInterrupt::interrupt`], a script ends where it is. The builtins
//! that it called see their [`Cancel`](builtin_api::Cancel) set; one that does not come back is
//! left alone on its thread, and the shell goes on, with the variables, functions and directory
//! that it had before that script. Traps and options end with every script.
//!
//! # What needs a process
//!
//! A [`Shell`] runs in its host's process, and cannot promise there what only a process boundary
//! holds: the interpreter counts memory after it has it, and recurses deeper than is known here, so
//! a script can use up the host's memory, or overflow a stack and with that abort the host; and a
//! write to a stream that nobody reads is waited for. Whoever runs scripts of others gives the
//! shell a child process with a limit of memory ([`ScriptLimits::max_memory_bytes`],
//! `RLIMIT_DATA`), ends it when it does not answer, and prints [`Finished::message`] itself.
//! [`setup`] does that, for the programs `host-shell` and `ss-mcp`, and for others.
//!
//! # Security
//!
//! Which commands a script may call ([`Allowed`]) is decided by leaving the others out of the
//! interpreter: there is nothing that a spelling could reach. What stays are the words of the
//! [`LANGUAGE`]. A [`Shell`] takes authority from nobody: directories and builtins are handed to
//! it. [`setup`] takes it in one file, `capabilities.rs`, and confines the process by
//! `host-confine`; for what a confined process cannot do there are brokers.

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
pub use script::{Finished, Outcome, Script, ScriptInterrupt};
pub use shell::{Shell, ShellBuilder};
