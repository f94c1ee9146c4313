//! What a confined process does, and what it keeps for that.

use std::os::fd::OwnedFd;

use builtin_api::Access;
use rustix::thread::CapabilitySet;

/// What a process does once it is confined: which system calls it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duty {
    /// Runs scripts, and lists sockets.
    Scripts,
    /// Starts and ends the processes that run scripts. They and their brokers keep this filter
    /// under the ones that they give themselves, so it leaves what all of them need, and what
    /// they need before.
    Spawner,
    /// Keeps the terminal of a shell whose scripts run in another process: reads what is typed, and
    /// writes.
    Terminal,
    /// Looks into the processes of the system for a confined shell.
    Processes,
    /// Finds the network namespaces of the machine for a confined shell, opens a socket to
    /// sock_diag in each, and sends it over a unix socket, which is its standard input.
    Namespaces,
    /// Looks names of hosts up for a confined shell, as the C library does: below the places that
    /// are kept it may load libraries and connect to unix sockets, beyond the machine it may
    /// send datagrams, and connect by TCP to the port of name servers, as far as the kernel can
    /// tell ports apart.
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

    /// Returns the capabilities that every process of that duty needs.
    pub(crate) fn capabilities(self) -> CapabilitySet {
        match self {
            // To look into processes of other users.
            Self::Processes => CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH,
            // To find out where processes of other users live, and to enter it.
            Self::Namespaces => CapabilitySet::SYS_PTRACE | CapabilitySet::SYS_ADMIN,
            Self::Scripts | Self::Spawner | Self::Terminal | Self::Resolver => {
                CapabilitySet::empty()
            }
        }
    }
}

/// A directory or a file, and what may be done with all below it.
#[derive(Debug)]
pub(crate) struct AllowedPath {
    pub(crate) handle: OwnedFd,
    pub(crate) access: PlaceAccess,
}

/// What may be done below a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceAccess {
    /// Directories are listed; no file is read.
    List,
    Read,
    ReadWrite,
}

impl From<Access> for PlaceAccess {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Self::Read,
            Access::ReadWrite => Self::ReadWrite,
        }
    }
}
