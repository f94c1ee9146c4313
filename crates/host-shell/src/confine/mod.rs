//! Confinement of the whole process: what the kernel refuses it from then on, whatever code runs in it.
//!
//! ```text
//!  handles are open ─► one thread? ─► no_new_privs ─► Landlock ─► seccomp ─► does the kernel say so?
//!                                                    which files   which system calls
//! ```
//!
//! The interpreter has no way to the system of its own. This is for the day on which it has one all
//! the same: a hole in it is then no hole in the machine.
//!
//! - **Landlock** leaves files below the places that were kept, each with its access, and nothing
//!   else of the file system; no TCP; no signals and no abstract unix sockets of other processes. How
//!   much of that a kernel has is told by [`Landlock`].
//! - **seccomp** leaves the system calls of a list, some of them with bounded arguments. Any other
//!   fails with `ENOSYS`: it does not exist here. So libraries take the older way where there is one,
//!   as glibc does from `clone3` to `clone`, whose flags a filter can see.
//! - **Capabilities** that a broker does not need are given up, so that root's broker can do little more than
//!   another user's.
//! - **`no_new_privs`** keeps set-user-id programs from giving more, and is what both of them need.
//!
//! # One thread
//!
//! Landlock confines the thread that calls it and those that it starts later. A thread from before
//! would stay outside, so with a second one nothing is confined, and that is an error.

mod capability;
mod error;
mod filter;
mod landlock;
mod state;

use std::{fmt, os::fd::OwnedFd};

use builtin_api::Access;
use procnetsocket::ProcRoot;
use rustix::thread::{CapabilitySet, set_no_new_privs};

use self::{
    error::Repr,
    filter::{Events, Writable},
};
pub use self::{
    error::{ConfineError, ConfineErrorKind},
    landlock::{Interface, Landlock},
};

/// What a process does once it is confined: which system calls it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duty {
    /// Runs scripts, and lists sockets.
    Scripts,
    /// Looks into the processes of the system for a confined shell.
    Owners,
    /// Looks names of hosts up for a confined shell, as the C library does: below the places that are kept
    /// it may load libraries and connect to unix sockets, beyond the machine it may send datagrams, and
    /// connect by TCP to the port of name servers, as far as the kernel can tell ports apart.
    Resolver,
}

impl Duty {
    /// Returns the capabilities that a process of that duty needs; `None` for one that keeps those of its user,
    /// since its grants may need any.
    fn capabilities(self) -> Option<CapabilitySet> {
        match self {
            Self::Scripts => None,
            // To look into processes of other users.
            Self::Owners => Some(CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH),
            Self::Resolver => Some(CapabilitySet::empty()),
        }
    }
}

/// What a process keeps when it confines itself.
///
/// # Examples
///
/// ```no_run
/// use host_shell::confine::{Confinement, Duty};
/// use procnetsocket::ProcRoot;
///
/// # #[expect(clippy::disallowed_methods, reason = "the example plays the host")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let proc = ProcRoot::open_ambient(cap_std::ambient_authority())?;
/// let confined = Confinement::new(Duty::Scripts).apply(&proc)?; // no file, no program, no network
/// println!("{confined}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Confinement {
    duty: Duty,
    places: Vec<Place>,
    events: Events,
}

/// A directory or a file, and what may be done with all below it.
#[derive(Debug)]
struct Place {
    handle: OwnedFd,
    access: Access,
}

/// What is in force, for good.
///
/// It holds the places that were kept: a place in procfs is known to Landlock only as long as
/// somebody holds it. So it has to live as long as the process works.
#[derive(Debug)]
pub struct Confined {
    landlock: Option<Landlock>,
    seccomp: Seccomp,
    /// Never read; see above.
    _places: Vec<Place>,
}

/// What the filter of system calls does for a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seccomp {
    /// It is in force, and leaves that many calls.
    InForce {
        /// The number of system calls that are left.
        system_calls: usize,
    },
    /// The kernel does not have it.
    Missing,
}

impl Confinement {
    /// Begins with nothing that is kept.
    pub fn new(duty: Duty) -> Self {
        Self { duty, places: Vec::new(), events: Events::Unheard }
    }

    /// Keeps the right to listen to events of sockets.
    pub fn keep_events(&mut self) {
        self.events = Events::Heard;
    }

    /// Keeps what lies below a directory, or a file.
    pub fn keep(&mut self, handle: OwnedFd, access: Access) {
        self.places.push(Place { handle, access });
    }

    /// Confines this process. There is no way back.
    ///
    /// A kernel without Landlock or without seccomp filters is no error: [`Confined`] tells it.
    ///
    /// A process with the duty [`Duty::Owners`] is left without Landlock, whose domain would hide
    /// the descriptors of all processes outside of it, even from root.
    ///
    /// # Errors
    ///
    /// [`Threads`](ConfineErrorKind::Threads) when there is a second thread, before anything is
    /// done. [`Landlock`](ConfineErrorKind::Landlock), [`Seccomp`](ConfineErrorKind::Seccomp) and
    /// [`State`](ConfineErrorKind::State) when the kernel refuses what it has, or does not say
    /// that it is in force: then the process may be confined in part.
    pub fn apply(self, proc: &ProcRoot) -> Result<Confined, ConfineError> {
        let mut witness = state::Witness::open(proc)?;
        let before = witness.look_alone()?;
        if before.threads != 1 {
            return Err(Repr::Threads(before.threads).into());
        }
        if let Some(needed) = self.duty.capabilities() {
            capability::keep(needed)?;
        }
        let landlock = match self.duty {
            Duty::Scripts | Duty::Resolver => Some(landlock::restrict(&self.places, self.duty)?),
            Duty::Owners => None,
        };
        let calls = filter::calls(self.duty, self.writable(), self.events)?;
        let system_calls = calls.len();
        let seccomp = match before.seccomp {
            // The kernel has no such thing: there is nothing that could be asked of it.
            None => set_no_new_privs(true).map(|()| Seccomp::Missing).map_err(Repr::Privileges)?,
            Some(_) => filter::install(calls).map(|()| Seccomp::InForce { system_calls })?,
        };
        witness.look()?.expect_in_force(seccomp)?;
        Ok(Confined { landlock, seccomp, _places: self.places })
    }

    fn writable(&self) -> Writable {
        let is_writable = |place: &Place| place.access == Access::ReadWrite;
        if self.places.iter().any(is_writable) { Writable::Yes } else { Writable::No }
    }
}

impl Confined {
    /// Returns what Landlock does; `None` for a duty that it would keep from its work.
    pub fn landlock(&self) -> Option<Landlock> {
        self.landlock
    }

    /// Returns what the filter of system calls does.
    pub fn seccomp(&self) -> Seccomp {
        self.seccomp
    }
}

/// One layer a line.
impl fmt::Display for Confined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no_new_privs: in force")?;
        writeln!(f, "seccomp: {}", self.seccomp)?;
        match &self.landlock {
            Some(landlock) => write!(f, "landlock: {landlock}"),
            None => write!(f, "landlock: none, it would hide the processes that are looked into"),
        }
    }
}

impl fmt::Display for Seccomp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InForce { system_calls } => {
                write!(f, "in force, {system_calls} system calls are left")
            }
            Self::Missing => write!(f, "NOT IN FORCE, this kernel does not have it"),
        }
    }
}
