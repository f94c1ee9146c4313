//! The result of a scan: plain data, which can be sent to another process.

use bstr::BString;

use crate::{model::Inode, proc::root::Pid};

/// The result of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessReport {
    /// The processes (and threads, if they were asked for) that have wanted sockets open, in the
    /// order in which the kernel lists them.
    pub tasks: Vec<Task>,
    /// Processes with descriptors of which this one may not read some or all. A thread counts with
    /// its process.
    pub closed: u64,
    /// Whether `/proc` shows the processes of every user.
    pub visibility: ProcVisibility,
}

/// Whether a `/proc` shows every process of its PID namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProcVisibility {
    /// Nothing indicates that one is hidden.
    #[default]
    All,
    /// The first process, which always exists, is hidden: `/proc` is mounted with `hidepid=2` or
    /// `hidepid=4`, and the number of other hidden processes is unknown.
    Some,
    /// Kernel threads are hidden: `/proc` is that of a nested PID namespace, or hides processes
    /// from its first process, too. Whether processes outside of it have sockets open is unknown.
    Namespace,
    /// Not reported, because a policy shows only some sockets: the number of hidden processes would
    /// reveal how many there are.
    Withheld,
}

/// A process or thread that has sockets open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// The process.
    pub pid: Pid,
    /// The thread, if threads were asked for; that of the same number is the first one.
    pub tid: Option<Pid>,
    /// The name, of at most 15 bytes, which the process or thread chose itself.
    pub name: Fact<BString>,
    /// The effective user id of the process.
    pub uid: Fact<u32>,
    /// The path of the executable, in the mount namespace of the process; if the file is gone,
    /// followed by ` (deleted)`.
    pub executable: Fact<BString>,
    /// The arguments of the process, or what it has written over them.
    pub command_line: Fact<Vec<BString>>,
    /// The wanted sockets that it has open, in the order of the kernel, which is that of
    /// descriptors.
    pub sockets: Vec<ProcessSocket>,
}

/// A socket and its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessSocket {
    /// The socket.
    pub inode: Inode,
    /// The descriptor.
    pub fd: u32,
}

/// Something about a process, or why it is unknown. What is absent is never made up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fact<T> {
    /// The value.
    Known(T),
    /// It was not asked for.
    #[default]
    NotAsked,
    /// The process has none, or it is gone.
    Absent,
    /// This process may not read it.
    NotPermitted,
    /// It is longer than the limit.
    TooLong,
}

impl<T> Fact<T> {
    /// Returns the value if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(fact) => Some(fact),
            _ => None,
        }
    }

    /// Borrows the value.
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
