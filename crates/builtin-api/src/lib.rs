//! The trait of shell builtins whose authority comes only from their host.
//!
//! A host embeds an interpreter for scripts that it does not trust. Its commands are [`Builtin`]s:
//! they run inside the host's process, and reach the system only through the [`CallContext`] of the
//! call, and through values that the host gave them when it created them. Builtins and hosts share
//! this crate, which depends on no interpreter.
//!
//! ```text
//! host ──► Registry ──► Builtin ──► run(CallContext, args) ──► ExitCode
//!                                       │                  └─► Error ──► ErrorKind ──► ExitCode
//!                                       ├─ stdin, stdout, stderr
//!                                       ├─ Sandbox        directories that were granted
//!                                       ├─ Cancel         a flag and a deadline
//!                                       ├─ terminal width
//!                                       └─ Clock
//! ```
//!
//! # Examples
//!
//! ```
//! use bstr::BString;
//! use builtin_api::{
//!     Builtin, CallContext, Cancel, Error, ExitCode, Registry, Sandbox, SystemClock, invoke,
//! };
//!
//! struct Echo;
//!
//! impl Builtin for Echo {
//!     fn name(&self) -> &str {
//!         "echo"
//!     }
//!
//!     fn summary(&self) -> &str {
//!         "prints its arguments"
//!     }
//!
//!     fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
//!         context.stdout.write_all(&bstr::join(" ", args))?;
//!         context.stdout.write_all(b"\n")?;
//!         Ok(ExitCode::SUCCESS)
//!     }
//! }
//!
//! # fn main() -> Result<(), builtin_api::RegistryError> {
//! let mut registry = Registry::new();
//! registry.register(Echo)?;
//!
//! let (mut stdin, mut stdout, mut stderr) = (std::io::empty(), Vec::new(), Vec::new());
//! let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr);
//! let status = match registry.get("echo") {
//!     Some(echo) => invoke(&**echo, &mut context, &["hello".into(), "world".into()]),
//!     None => ExitCode::NOT_FOUND,
//! };
//! assert_eq!((status, stdout.as_slice()), (ExitCode::SUCCESS, &b"hello world\n"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! `examples/hello_builtin.rs` explains a builtin in four steps.
//!
//! The feature `conformance` adds a test suite for the adapter of a new host.
//!
//! # Trust
//!
//! Scripts are not trusted: they choose arguments, input, paths and the content of granted
//! directories. Builtins and the host are trusted. The types here make authority visible and keep
//! it small; they do not confine Rust code that bypasses them.
//!
//! # Ambient Authority
//!
//! None. No function here opens a path of the process, starts a process or reads the environment.
//! The host opens directories and passes them to [`Sandbox::grant`]. Otherwise only the time is
//! read from the system, by [`Cancel`] and [`SystemClock`].
//!
//! # Limits
//!
//! A path has at most [`MAX_PATH_BYTES`]. [`Sandbox::remove_dir_all`] descends [`MAX_TREE_DEPTH`]
//! directories. More is an error.
//!
//! # Compatibility
//!
//! Linux. From version 5.6 on the kernel itself confines lookups.

mod builtin;
mod cancel;
mod clock;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod context;
mod error;
mod exit;
mod registry;
mod sandbox;
mod time;

pub use bstr;
pub use cap_std;

pub use builtin::{Builtin, invoke};
pub use cancel::{Cancel, CancelOnDrop};
pub use clock::{Clock, SystemClock};
pub use context::CallContext;
pub use error::{Error, ErrorKind};
pub use exit::ExitCode;
pub use registry::{Registry, RegistryError, RegistryErrorKind};
pub use sandbox::{
    Access, DirEntry, MAX_PATH_BYTES, MAX_TREE_DEPTH, ReadDir, Sandbox, SandboxError,
    SandboxErrorKind,
};
pub use time::Rfc3339;
