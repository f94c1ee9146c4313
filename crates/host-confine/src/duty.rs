//! The duty of a confined process, and the access that it keeps for it.

use std::os::fd::OwnedFd;

use builtin_api::Access;
use rustix::thread::CapabilitySet;

/// What a process does after it is confined. This decides which system calls it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duty {
    /// Runs scripts, and lists sockets.
    Scripts,
    /// Starts and ends the processes that run scripts. They and their brokers inherit this filter
    /// and add their own, so it allows what all of them need, and what they need to confine
    /// themselves.
    Spawner,
    /// Handles the terminal of a shell whose scripts run in another process: reads input, and
    /// writes output.
    Terminal,
    /// Scans the processes of the system for a confined shell.
    Processes,
    /// Finds the network namespaces of the machine for a confined shell, opens a sock_diag socket
    /// in each, and sends it over the unix socket that is its standard input.
    Namespaces,
    /// Looks up host names for a confined shell by the C library. Below the kept places it may load
    /// libraries and connect to unix sockets. It may send datagrams to other hosts, and connect by
    /// TCP: only to port 53 where Landlock can restrict this.
    Resolver,
}

impl Duty {
    /// Every duty.
    pub(crate) const ALL: [Self; 6] = [
        Self::Scripts,
        Self::Spawner,
        Self::Terminal,
        Self::Processes,
        Self::Namespaces,
        Self::Resolver,
    ];

    /// Returns the capabilities that every process with this duty needs.
    pub(crate) fn capabilities(self) -> CapabilitySet {
        match self {
            // To inspect processes of other users.
            Self::Processes => CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH,
            // To find the namespaces of processes of other users, and to enter them.
            Self::Namespaces => CapabilitySet::SYS_PTRACE | CapabilitySet::SYS_ADMIN,
            Self::Scripts | Self::Spawner | Self::Terminal | Self::Resolver => {
                CapabilitySet::empty()
            }
        }
    }
}

/// A kept directory or file, and the access to everything below it.
#[derive(Debug)]
pub(crate) struct AllowedPath {
    pub(crate) handle: OwnedFd,
    pub(crate) access: PathAccess,
}

/// The access below a kept place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathAccess {
    /// Directories may be listed, but no file may be read.
    List,
    Read,
    ReadWrite,
}

impl From<Access> for PathAccess {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Self::Read,
            Access::ReadWrite => Self::ReadWrite,
        }
    }
}
