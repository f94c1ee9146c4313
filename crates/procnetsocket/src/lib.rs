//! Reads the kernel's socket tables.
//!
//! This crate bypasses the sandbox of a restricted shell: it opens files of the real `/proc`, and a
//! netlink socket to the kernel's sock_diag. No other crate of the workspace does, and no input of
//! a script becomes part of a path. It returns the contents of both sources in one typed [`model`],
//! for every protocol that has a table.
//!
//! ```
//! # #[expect(clippy::disallowed_methods)]
//! # fn main() -> Result<(), procnetsocket::Error> {
//! use procnetsocket::{Query, SocketTables};
//!
//! let tables = SocketTables::open_ambient(procnetsocket::cap_std::ambient_authority())?;
//! for socket in tables.list(&Query::tcp().listening())? {
//!     println!("{} {} uid {}", socket.local, socket.state, socket.uid);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! ```text
//! proc     ProcRoot ───► bounded lines ──► parser of one row ──┐
//!          verified,     Limits,           bytes in, row or    ├─► model::Socket
//!          or a fake     Interrupt         problem out         │   typed, lent
//! diag     DiagSocket ─► checked replies ► decoder of one row ─┘        │
//!                                                                       ▼
//! tables   a Query chooses tables and source; without sock_diag   list()  keeps them
//!          the text table answers                                 rows()  lends one after another
//!                                                                 visit() calls a closure
//!
//! process  ProcRoot ─► processes ─► descriptors ─► links ─► ProcessReport ─► ProcessTable
//!                      handles, no paths; up to MAX_WORKERS threads        by inode
//! ```
//!
//! [`SocketTables::list`], [`SocketTables::rows`] and [`SocketTables::visit`] use sock_diag
//! ([`diag`]), which reports more and filters in the kernel, and read the text table where the
//! kernel has no handler. [`SocketTables::visit_with`] is for a [`Visitor`], which also receives
//! malformed rows. [`TextTable`] reads a table captured on another machine.
//!
//! [`SocketTables::processes`] finds the processes that have sockets open, and
//! [`SocketTables::netstat`] joins connections with their users and processes.
//!
//! [`NamespaceFinder`] finds the network namespaces of the machine and opens the tables of each: a
//! sock_diag socket inside, or, without the right to enter it, the text tables of a process in it.
//!
//! A type is `#[non_exhaustive]` if a later kernel or version may extend it: rows, details,
//! reports, kinds of errors, and enums of the kernel's numbers. Types that callers construct from
//! all their fields ([`Limits`], [`Bounds`], lookups) and complete enums ([`Family`], [`Endian`])
//! are not.
//!
//! # Sandbox bypass
//!
//! A live [`SocketTables`] or [`ProcRoot`] gives access to all sockets in the network namespace
//! that the kernel shows to this process, of every user, bypassing every sandbox of the shell.
//! Opening one takes a token of [`cap_std::ambient_authority`]; a host creates it in one place and
//! hands out restricted views. Which files can be opened is a fixed list, [`ProcFile`]; no argument
//! and no environment variable is part of a path. It writes nothing. A fake root reads only its own
//! directory, and never the live system: neither its `/proc` nor its sock_diag nor its interfaces.
//! It also reads which sockets other processes have open, their names and their arguments, for
//! every process that the kernel lets this one inspect. Destroying sockets and receiving destroy
//! events need separate rights: [`KillAuthority`](diag::KillAuthority),
//! [`EventAuthority`](diag::EventAuthority).
//!
//! # Trust
//!
//! - The live `/proc` is verified: a read returns the kernel's own table, or an error. See [`root`]
//!   for what is guaranteed and what is not. A refusal is never an empty table.
//! - Its bytes are still hostile. Unix names are chosen by any local user and printed as they are;
//!   one that holds a newline forges rows ([`UnixSocket`](model::UnixSocket)). Whatever a file
//!   contains, the parsers return a row or report the problem, and they do not panic.
//! - Messages quote input escaped and cut. Names in rows are raw: escape them before showing them.
//! - Replies of sock_diag are accepted only from the kernel, and every length in them is checked.
//!   No name can forge a row there; [`ReadReport::source`] reports which source answered.
//! - A live text table that changes while it is read may omit or repeat rows. Repeated rows of
//!   internet sockets are dropped on a best-effort basis ([`ReadReport::repeated`]). No listing is
//!   a snapshot.
//! - A process chooses its name and its arguments itself. A socket without a process proves nothing
//!   if [`ProcessReport::closed`] is not 0 or [`ProcessReport::visibility`] reports that processes
//!   are hidden.
//! - A fake root, or a file given to [`TextTable`], is as trustworthy as its source.
//!
//! # Limits
//!
//! [`Limits`] bound every reading: [`MAX_LINE_BYTES`] a line, [`MAX_TOTAL_LINES`] lines a table,
//! and [`MAX_ENTRIES`] rows in the listings that are kept in memory. [`Limits::streaming`] bounds
//! the lines only. Files of counters have [`MAX_COUNTER_LINES`], and a listing keeps
//! [`MAX_ROW_ERRORS`] reports and counts the rest. [`ProcessLimits`] bound the search for
//! processes. Reaching a bound of a reading is an error of kind
//! [`LimitExceeded`](ErrorKind::LimitExceeded) that names it; nothing is silently cut. An
//! [`Interrupt`] is polled before the first line and within 1 000 lines or 4 MiB, whichever comes
//! first; a system call in progress is not interrupted.

mod ahead;
mod cgroup;
#[macro_use]
pub mod model;
pub mod diag;
mod error;
mod limits;
mod listing;
mod namespace;
mod netstat;
mod peers;
mod plan;
mod proc;
mod process;
mod processors;
mod query;
mod rows;
mod table_query;
mod tables;
mod visit;

pub use bstr;
pub use cap_std;

pub use self::{
    cgroup::{CgroupTree, MAX_CGROUPS},
    error::{Error, ErrorKind, RowError},
    limits::{Limits, MAX_COUNTER_LINES, MAX_ENTRIES, MAX_LINE_BYTES, MAX_TOTAL_LINES},
    listing::{ListedSocket, Listing, MAX_ROW_ERRORS},
    model::{Family, InetSocket, OwnedSocket, Socket, Source, StateMask, Table, TcpState},
    namespace::{
        FoundNamespaces, MAX_NAMESPACES, NamespaceAccess, NamespaceFinder, NamespaceSocket,
        NetNamespace, OpenedNamespace, TextTables, UnreadableNamespace, received_text_table,
    },
    netstat::{Connection, ConnectionList, NetstatProtocol},
    peers::{MAX_PEERS, Peer, PeerSocket, PeerTable, PeerTableBuilder},
    proc::{
        root::{self, Base, Pid, ProcFile, ProcRoot, RootError, RootErrorKind},
        scan::TextTable,
        sockstat::{SockStat, SockStat6, TcpStat},
        text::number::Endian,
    },
    process::{
        Fact, MAX_COMMAND_LINE_BYTES, MAX_DETAIL_BYTES, MAX_PROCESS_SOCKETS, MAX_PROCESSES,
        MAX_WORKERS, ProcVisibility, ProcessDetails, ProcessLimits, ProcessQuery, ProcessReport,
        ProcessSocket, ProcessTable, SocketProcess, Task, Threads, UserNames, WantedSockets,
    },
    query::Query,
    rows::Rows,
    table_query::{Bounds, Details, TableQuery},
    tables::SocketTables,
    visit::{Interrupt, ReadReport, Uninterrupted, VisitOutcome, Visitor},
};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
