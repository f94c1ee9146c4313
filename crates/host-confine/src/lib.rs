//! Confines a process that runs scripts, and does by brokers what a confined process cannot.
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
//! An interpreter such as bashkit has no way to the system. Confinement is for the day on which it
//! has one all the same: a hole in it is then no hole in the machine.
//!
//! - **Landlock** leaves files below the places that were kept, each with its access, and nothing
//!   else of the file system; no TCP; no signals and no abstract unix sockets of other processes.
//!   How much of that a kernel has is in [`Landlock`].
//! - **seccomp** leaves the system calls of a list, some of them with bounded arguments. Any other
//!   fails with `ENOSYS`: it does not exist here. So libraries take the older way where there is
//!   one, as glibc does from `clone3` to `clone`, whose flags a filter can see.
//! - **Capabilities** that a duty does not need are given up, from the bounding set too, so that
//!   root's process can do little more than another user's.
//! - **`no_new_privs`** keeps set-user-id programs from giving more, and is what both of them need.
//!
//! # One thread
//!
//! Landlock confines the thread that calls it and those that it starts later. A thread from before
//! would stay outside, so with a second one nothing is confined, and that is an error.
//!
//! # Brokers
//!
//! See [`broker`]: a broker finds the processes that have sockets open, or resolves host names, for
//! a confined process that cannot.
//!
//! # Ambient Authority
//!
//! None is taken: nothing here opens a path. [`Confinement::apply`] gives authority up, for good.

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
