//! What is asked about processes, and the bounds of the answer.

use crate::model::Inode;

/// Threads that scan at the same time: 4.
///
/// The kernel answers each at its own pace; more of them wait for each other more than they help.
pub const MAX_WORKERS: usize = 4;

/// Processes, and threads of one process, that are looked into: 4 194 304, as many as a kernel can
/// have (`PID_MAX_LIMIT`).
pub const MAX_PROCESSES: u64 = 4_194_304;

/// Descriptors of sockets that are kept: 4 000 000, which take some 100 MB.
pub const MAX_HELD_SOCKETS: u64 = 4_000_000;

/// Bytes of a command line that are read: 1 MiB. One that is longer is
/// [`Fact::TooLong`](crate::Fact::TooLong), for any process may have one.
pub const MAX_COMMAND_LINE_BYTES: u64 = 1 << 20;

/// Bytes of executables and command lines that are kept in all: 32 MiB. Any process may have as
/// much as one [`MAX_COMMAND_LINE_BYTES`], and each of its threads tells the same; what comes past
/// it is [`Fact::TooLong`](crate::Fact::TooLong).
pub const MAX_DETAIL_BYTES: u64 = 32 << 20;

/// A question about processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessQuery {
    /// The sockets whose processes are wanted.
    pub sockets: WantedSockets,
    /// Whether each thread is looked into by itself.
    pub threads: Threads,
    /// What is wanted of each process beside its name, which always comes.
    pub details: ProcessDetails,
}

impl ProcessQuery {
    /// Asks for the processes that hold any socket.
    pub const fn all() -> Self {
        Self {
            sockets: WantedSockets::All,
            threads: Threads::Together,
            details: ProcessDetails::Name,
        }
    }

    /// Asks for the processes that hold one of these sockets.
    pub fn of(inodes: Vec<Inode>) -> Self {
        Self { sockets: WantedSockets::These(inodes), ..Self::all() }
    }

    /// Asks for processes, or for each thread by itself.
    #[must_use]
    pub fn with_threads(self, threads: Threads) -> Self {
        Self { threads, ..self }
    }

    /// Asks for these details, too.
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

/// Whether the threads of a process are looked into one by one. They share their descriptors,
/// unless a thread has taken a table of its own (`unshare(CLONE_FILES)`), and have names of their
/// own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Threads {
    /// A process is listed once.
    #[default]
    Together,
    /// Each thread is one.
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
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded), never a short answer, unless it says
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Processes looked into, and threads of one process. See [`MAX_PROCESSES`].
    pub processes: u64,
    /// Descriptors of wanted sockets kept. See [`MAX_HELD_SOCKETS`].
    pub held_sockets: u64,
    /// Bytes of executables and command lines kept, past which they are told as too long, which is
    /// no error. See [`MAX_DETAIL_BYTES`].
    pub detail_bytes: u64,
}

impl Default for ProcessLimits {
    /// The documented constants.
    fn default() -> Self {
        Self {
            processes: MAX_PROCESSES,
            held_sockets: MAX_HELD_SOCKETS,
            detail_bytes: MAX_DETAIL_BYTES,
        }
    }
}
