//! Builds a confinement, applies it, and reports what is in force.

use std::{
    fmt,
    os::fd::{AsFd, AsRawFd as _, OwnedFd, RawFd},
};

use builtin_api::Access;
use procnetsocket::ProcRoot;
use rustix::thread::{CapabilitySet, set_no_new_privs};

use crate::{
    capability::{self, CapabilityState, KeptCapabilities},
    duty::{AllowedPath, Duty, PathAccess},
    error::{ConfineError, Repr},
    filter::{self, Needs, SocketNeeds},
    landlock::{self, Landlock},
    state::{Seccomp, Witness},
};

/// What a process keeps when it confines itself.
///
/// # Examples
///
/// ```no_run
/// use host_confine::{Confinement, Duty};
/// use procnetsocket::ProcRoot;
///
/// # #[expect(clippy::disallowed_methods, reason = "the example is a host")]
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
    places: Vec<AllowedPath>,
    sockets: SocketNeeds,
    receives: Vec<RawFd>,
    capabilities: CapabilitySet,
}

/// The confinement that is in force. It cannot be undone.
///
/// It owns the handles of the kept places: Landlock's rule for a directory of procfs lasts only as
/// long as its inode is in use. So it has to live as long as the process works.
#[derive(Debug)]
pub struct Confined {
    landlock: Option<Landlock>,
    seccomp: Seccomp,
    capabilities: CapabilityState,
    /// Never read; see above.
    _places: Vec<AllowedPath>,
}

impl Confinement {
    /// Starts with a confinement that keeps nothing.
    pub fn new(duty: Duty) -> Self {
        Self {
            duty,
            places: Vec::new(),
            sockets: SocketNeeds::Nothing,
            receives: Vec::new(),
            capabilities: duty.capabilities(),
        }
    }

    /// Keeps the right to request sockets from sock_diag.
    pub fn keep_sockets(&mut self) {
        self.sockets = self.sockets.max(SocketNeeds::Listing);
    }

    /// Keeps the right to receive destroy events of sockets, and to request sockets.
    pub fn keep_events(&mut self) {
        self.sockets = SocketNeeds::Events;
    }

    /// Keeps the right to receive descriptors from a broker over this socket. May be called for
    /// several.
    pub fn keep_receiving(&mut self, socket: impl AsFd) {
        self.receives.push(socket.as_fd().as_raw_fd());
    }

    /// Keeps `CAP_NET_ADMIN`, if this process has it: to destroy sockets, and to see what the
    /// kernel shows only with this capability.
    pub fn keep_net_admin(&mut self) {
        self.capabilities |= CapabilitySet::NET_ADMIN;
    }

    /// Keeps `CAP_SYS_ADMIN`, if this process has it, for processes that it starts and that enter a
    /// network namespace before they are confined.
    pub fn keep_entering(&mut self) {
        self.capabilities |= CapabilitySet::SYS_ADMIN;
    }

    /// Keeps the capabilities of another duty, if this process has them, for processes that it
    /// starts.
    pub fn keep_start_of(&mut self, duty: Duty) {
        self.capabilities |= duty.capabilities();
    }

    /// Keeps access to a file, or to everything below a directory.
    pub fn keep(&mut self, handle: OwnedFd, access: Access) {
        self.places.push(AllowedPath { handle, access: access.into() });
    }

    /// Keeps the right to list a directory and those below it, but not to read files there.
    pub fn keep_listing(&mut self, directory: OwnedFd) {
        self.places.push(AllowedPath { handle: directory, access: PathAccess::List });
    }

    /// Confines this process. This cannot be undone.
    ///
    /// A kernel without Landlock or seccomp filters is not an error: [`Confined`] reports what is
    /// missing.
    ///
    /// Landlock is not used for [`Duty::Processes`] and [`Duty::Namespaces`]: its domain would hide
    /// the descriptors and namespaces of all processes outside of it, even from root. Nor is it
    /// used for [`Duty::Spawner`], because they would inherit its domain.
    ///
    /// # Errors
    ///
    /// [`Threads`](crate::ConfineErrorKind::Threads) when there is a second thread; nothing is
    /// changed then. [`Landlock`](crate::ConfineErrorKind::Landlock),
    /// [`Seccomp`](crate::ConfineErrorKind::Seccomp) and
    /// [`ConfinementState`](crate::ConfineErrorKind::State) when the kernel refuses a feature that
    /// it has, or does not report it as in force; the process may be partly confined then.
    pub fn apply(self, proc: &ProcRoot) -> Result<Confined, ConfineError> {
        let mut witness = Witness::open(proc)?;
        let before = witness.look_alone()?;
        if before.threads != 1 {
            return Err(Repr::Threads(before.threads).into());
        }
        let capabilities = capability::keep(match self.duty {
            Duty::Spawner => KeptCapabilities::ForOthers(self.capabilities),
            _ => KeptCapabilities::InForce(self.capabilities),
        })?;
        let landlock = match self.duty {
            Duty::Scripts | Duty::Terminal | Duty::Resolver => {
                Some(landlock::restrict(&self.places, self.duty)?)
            }
            Duty::Processes | Duty::Namespaces | Duty::Spawner => None,
        };
        let calls = filter::calls(self.duty, &self.needs())?;
        let system_calls = calls.len();
        let seccomp = match before.seccomp {
            // The kernel has no seccomp, so there is nothing to install.
            None => set_no_new_privs(true).map(|()| Seccomp::Missing).map_err(Repr::Privileges)?,
            Some(_) => filter::install(calls).map(|()| Seccomp::InForce { system_calls })?,
        };
        witness.look()?.expect_in_force(seccomp)?;
        Ok(Confined { landlock, seccomp, capabilities, _places: self.places })
    }

    fn needs(&self) -> Needs {
        let is_writable = |place: &AllowedPath| place.access == PathAccess::ReadWrite;
        let writes = self.places.iter().any(is_writable);
        Needs { sockets: self.sockets, receives: self.receives.clone(), writes }
    }
}

impl Confined {
    /// Returns the state of Landlock; `None` for a duty that cannot work with it.
    pub fn landlock(&self) -> Option<Landlock> {
        self.landlock
    }

    /// Returns the state of the filter of system calls.
    pub fn seccomp(&self) -> Seccomp {
        self.seccomp
    }
}

/// Prints one layer per line.
impl fmt::Display for Confined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no_new_privs: in force")?;
        writeln!(f, "seccomp: {}", self.seccomp)?;
        match &self.landlock {
            Some(landlock) => writeln!(f, "landlock: {landlock}")?,
            None => {
                writeln!(f, "landlock: none, it would hide the processes to inspect")?;
            }
        }
        write!(f, "capabilities: {}", self.capabilities)
    }
}
