//! The processes of sockets.
//!
//! The kernel has no table of these. It has, for each process, a directory with a link for each
//! descriptor, and the link of a socket contains its inode:
//!
//! ```text
//! /proc/<pid>/fd/<n> -> socket:[4711]         getname of sockfs (sockfs_dname), since Linux 2.2
//! /proc/<pid>/task/<tid>/fd/<n>               the same of each thread
//! /proc/<pid>/stat, status, cmdline, exe      who the process is
//! ```
//!
//! So every link of every process is read, once for all sockets:
//!
//! ```text
//! ProcessQuery ──► scan ──► ProcessReport ──► ProcessTable
//! which sockets,  handles, no paths;   plain data, in the    lookups by inode
//! which details   up to MAX_WORKERS    order of the kernel
//!                 threads
//! ```
//!
//! # Trust
//!
//! - A process chooses its name and its arguments; they may be any bytes. The kernel reports the
//!   executable, as a path in the mount namespace of that process.
//! - Names, links and arguments are of one process, never of two that had the same id, because they
//!   are read below one handle to its directory. They are read at different times: a process that
//!   executes another program meanwhile may show the name of the one and a socket of the other.
//! - Linux 6.12 and later let nothing be mounted over a descriptor's link. On older kernels a
//!   process that may mount over `/proc/<pid>/fd/<n>` can make another one look as if it had a
//!   socket open; everything else that is mounted below `/proc` is refused.
//! - A socket without a process proves nothing: see [`ProcessReport::closed`] and
//!   [`ProcessReport::visibility`].

mod parse;
mod query;
mod report;
mod scan;
mod table;
mod task;
mod user;

pub(crate) use self::scan::{name_of, pids, scan};
pub use self::{
    query::{
        MAX_COMMAND_LINE_BYTES, MAX_DETAIL_BYTES, MAX_PROCESS_SOCKETS, MAX_PROCESSES, MAX_WORKERS,
        ProcessDetails, ProcessLimits, ProcessQuery, Threads, WantedSockets,
    },
    report::{Fact, ProcVisibility, ProcessReport, ProcessSocket, Task},
    table::{ProcessTable, SocketProcess},
    user::UserNames,
};
