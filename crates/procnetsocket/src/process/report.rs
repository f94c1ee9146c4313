//! The answer of a scan: plain data, which can cross from one process to another.

use bstr::BString;

use crate::{model::Inode, proc::root::Pid};

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessReport {
    /// The processes (and threads, if they were asked for) that hold wanted sockets, in the order
    /// in which the kernel lists them.
    pub tasks: Vec<Task>,
    /// Processes that have descriptors and that this one may not look into, or not into all of
    /// them. A thread counts with its process.
    pub closed: u64,
    /// Whether `/proc` shows the processes of everybody.
    pub visibility: ProcVisibility,
}

/// Whether a `/proc` shows every process of its PID namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProcVisibility {
    /// Nothing says that one is left out.
    #[default]
    All,
    /// The first process is left out, which is always there: `/proc` is mounted with `hidepid=2` or
    /// `hidepid=4`, and how many others are left out cannot be known.
    Some,
    /// Kernel threads are left out: `/proc` is that of a PID namespace of its own, or hides others
    /// from who is its first process. Whether processes outside of it hold sockets cannot be
    /// known.
    Namespace,
    /// It is not said, since a policy shows only some sockets: how many processes are left out
    /// would say how many there are.
    Withheld,
}

/// A process or thread that holds sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// The process.
    pub pid: Pid,
    /// The thread, when threads were asked for; that of the same number is the first one.
    pub tid: Option<Pid>,
    /// The name, of 15 bytes at most, which the process or thread chose itself.
    pub name: Fact<BString>,
    /// The effective user id of the process.
    pub uid: Fact<u32>,
    /// The path of the executable, in the mount namespace of the process; if it is gone,
    /// ` (deleted)` stands behind it.
    pub executable: Fact<BString>,
    /// The arguments that the process was started with, or that it has put in their place.
    pub command_line: Fact<Vec<BString>>,
    /// The wanted sockets that it holds, in the order of the kernel, which is that of descriptors.
    pub sockets: Vec<HeldSocket>,
}

/// A socket behind a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HeldSocket {
    /// The socket.
    pub inode: Inode,
    /// The descriptor.
    pub fd: u32,
}

/// Something about a process, or why it is not known. What is absent is never made up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fact<T> {
    /// It is this.
    Known(T),
    /// It was not asked for.
    #[default]
    NotAsked,
    /// The process has none, or it is gone.
    Absent,
    /// This process may not know it.
    NotPermitted,
    /// It is longer than what is read of it.
    TooLong,
}

impl<T> Fact<T> {
    /// Returns it if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(fact) => Some(fact),
            _ => None,
        }
    }

    /// Lends it.
    pub const fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Known(fact) => Fact::Known(fact),
            Self::NotAsked => Fact::NotAsked,
            Self::Absent => Fact::Absent,
            Self::NotPermitted => Fact::NotPermitted,
            Self::TooLong => Fact::TooLong,
        }
    }
}
