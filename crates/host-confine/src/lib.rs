//! Confines a process that runs scripts. Brokers do what a confined process cannot do itself.
//!
//! A host opens what it needs, starts its brokers, and applies a [`Confinement`] before it has a
//! second thread. From then on the kernel refuses everything else, whatever code runs in the
//! process.
//!
//! ```no_run
//! use host_confine::{Confinement, Duty};
//! use procnetsocket::ProcRoot;
//!
//! # #[expect(clippy::disallowed_methods, reason = "the example is a host")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let proc = ProcRoot::open_ambient(procnetsocket::cap_std::ambient_authority())?;
//! let confined = Confinement::new(Duty::Scripts).apply(&proc)?; // no file, no program, no network
//! println!("{confined}");
//! # Ok(())
//! # }
//! ```
//!
//! # Confinement
//!
//! ```text
//!  handles are open ─► one thread? ─► no_new_privs ─► Landlock ─► seccomp ─► does the kernel say so?
//!                                                    which files   which system calls
//! ```
//!
//! An interpreter such as bashkit gives scripts no access to the system. Confinement is the second
//! line of defence: a bug in the interpreter then does not expose the machine.
//!
//! - **Landlock** leaves access to the files below the kept places, each with its access, and to
//!   nothing else in the file system. It also denies TCP, signals to other processes and their
//!   abstract unix sockets. [`Landlock`] lists which of these restrictions each kernel has.
//! - **seccomp** allows the system calls of a list, some of them with restricted arguments. Any
//!   other call fails with `ENOSYS`, as if the kernel did not have it. Libraries then fall back to
//!   an older call where there is one: glibc uses `clone`, whose flags a filter can see, instead of
//!   `clone3`.
//! - **Capabilities** that a duty does not need are dropped, from the bounding set too, so that a
//!   process of root can do little more than one of another user.
//! - **`no_new_privs`** keeps set-user-ID programs from raising privileges. Landlock and seccomp
//!   both require it.
//!
//! # One thread
//!
//! Landlock confines the thread that calls it and the threads that it starts later. A thread that
//! already runs would stay unconfined, so a process with a second thread is not confined and gets
//! an error.
//!
//! # Brokers
//!
//! See [`broker`]: a broker finds the processes that have sockets open, opens sockets in other
//! network namespaces, or resolves host names for a confined process.
//!
//! # Ambient Authority
//!
//! None is used: nothing here opens a path. [`Confinement::apply`] gives authority up irrevocably.

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub mod broker;
mod capability;
mod confinement;
mod duty;
mod error;
mod filter;
mod fork;
mod landlock;
mod state;

pub use capability::raise_capabilities;
pub use confinement::{Confined, Confinement};
pub use duty::Duty;
pub use error::{ConfineError, ConfineErrorKind};
pub use fork::{Forked, fork};
pub use landlock::{Interface, Landlock};
pub use state::Seccomp;
