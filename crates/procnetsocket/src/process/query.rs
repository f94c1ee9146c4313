//! Queries for processes, and their limits.

use crate::model::Inode;

/// Threads that scan at the same time: 4.
///
/// The kernel serialises much of the work, so more threads would mostly wait for each other.
pub const MAX_WORKERS: usize = 4;

/// Processes, and threads of one process, that are read: 4 194 304, as many as a kernel can have
/// (`PID_MAX_LIMIT`).
pub const MAX_PROCESSES: u64 = 4_194_304;

/// Descriptors of sockets that are kept: 4 000 000, about 100 MB.
pub const MAX_PROCESS_SOCKETS: u64 = 4_000_000;

/// Longest command line that is read, in bytes: 1 MiB. A longer one is
/// [`Fact::TooLong`](crate::Fact::TooLong), because any process may have one.
pub const MAX_COMMAND_LINE_BYTES: u64 = 1 << 20;

/// Bytes of executables and command lines that are kept in total: 32 MiB. Any process may have as
/// much as one [`MAX_COMMAND_LINE_BYTES`], and each of its threads has the same; what exceeds the
/// total is [`Fact::TooLong`](crate::Fact::TooLong).
pub const MAX_DETAIL_BYTES: u64 = 32 << 20;

/// A query for processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessQuery {
    /// The sockets whose processes are wanted.
    pub sockets: WantedSockets,
    /// Whether threads are read separately.
    pub threads: Threads,
    /// What is wanted of each process in addition to its name, which is always read.
    pub details: ProcessDetails,
}

impl ProcessQuery {
    /// Returns a query for the processes that have any socket open.
    pub const fn all() -> Self {
        Self {
            sockets: WantedSockets::All,
            threads: Threads::Together,
            details: ProcessDetails::Name,
        }
    }

    /// Returns a query for the processes that have one of these sockets open.
    pub fn of(inodes: Vec<Inode>) -> Self {
        Self { sockets: WantedSockets::These(inodes), ..Self::all() }
    }

    /// Returns the query for processes, or for each thread separately.
    #[must_use]
    pub fn with_threads(self, threads: Threads) -> Self {
        Self { threads, ..self }
    }

    /// Returns the query with these details.
    #[must_use]
    pub fn with_details(self, details: ProcessDetails) -> Self {
        Self { details, ..self }
    }
}

/// The sockets whose processes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WantedSockets {
    /// Those of every socket.
    #[default]
    All,
    /// Those of these sockets, in any order.
    These(Vec<Inode>),
}

/// Whether the threads of a process are read one by one. They share their descriptors, unless a
/// thread has a separate table (`unshare(CLONE_FILES)`), and have separate names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Threads {
    /// A process is listed once.
    #[default]
    Together,
    /// Each thread is listed.
    Apart,
    /// A process is listed once, with all that any of its threads has open.
    Joined,
}

/// How much is read of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProcessDetails {
    /// Its number and name.
    #[default]
    Name,
    /// Also its user.
    User,
    /// Also its user, executable and command line.
    Full,
}

/// The bounds of one scan. Reaching one is an error of kind
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded), never a short answer, except for
/// `detail_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Processes, and threads of one process, that are read. See [`MAX_PROCESSES`].
    pub processes: u64,
    /// Descriptors of wanted sockets kept. See [`MAX_PROCESS_SOCKETS`].
    pub process_sockets: u64,
    /// Bytes of executables and command lines that are kept; what exceeds them is reported as too
    /// long, which is not an error. See [`MAX_DETAIL_BYTES`].
    pub detail_bytes: u64,
}

impl Default for ProcessLimits {
    /// The documented constants.
    fn default() -> Self {
        Self {
            processes: MAX_PROCESSES,
            process_sockets: MAX_PROCESS_SOCKETS,
            detail_bytes: MAX_DETAIL_BYTES,
        }
    }
}
