//! Tells which ports open and close.
//!
//! ```text
//! PortSource ──► readings ──► Tracker ──► changes ──► History, subscriptions
//! SocketTables,  of ports     pure: what  opened,     numbered and stamped
//! or a host's    that listen  is open     closed
//! narrower one
//! ```
//!
//! A [`PortMonitor`] does this on a thread of its own. Who has a thread takes a [`Poller`], which
//! looks when it is told to, and who has readings a [`Tracker`], which is a state machine and
//! touches nothing.
//!
//! # Examples
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use port_monitor::{Notice, PortMonitor};
//! use procnetsocket::SocketTables;
//!
//! let tables = SocketTables::open_ambient(procnetsocket::cap_std::ambient_authority())?;
//! let monitor = PortMonitor::builder(tables).interval(Duration::from_millis(50)).build();
//! let notices = monitor.subscribe(1_000);
//! monitor.start()?;
//! for notice in notices {
//!     if let Notice::Event(event) = notice {
//!         println!("{} {} {}", event.kind, event.port.protocol, event.port.local);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is a port
//!
//! A TCP socket that listens, or a UDP socket that is bound and not connected; where they are asked
//! for ([`Protocol::Unix`]), also a unix socket that listens. Its [`PortIdentity`] is protocol,
//! address or name, and inode, which both sources contain: when sock_diag stops answering and the
//! text tables take its place, or the other way round, nothing opens and nothing closes. A server
//! that is started anew has closed and opened; the sockets of a group that shares a port
//! (`SO_REUSEPORT`) are ports of their own.
//!
//! # What is told, and what is not
//!
//! Openings are found by looking: the kernel does not tell of them. A port that opens and closes
//! between two looks is not told. Closings are found by looking, too, or told by the kernel at once
//! if the monitor is given the right to that ([`PortMonitorBuilder::closings`]); the cookie of a
//! socket does nothing but link that word to its port.
//!
//! No failure makes an event, see [`Tracker`]. A table that cannot be read is told once, kept as a
//! state ([`PortMonitor::problems`]), and told again when it recovers.
//!
//! Intervals are measured by a clock that does not jump; the time of day is only what events are
//! stamped with.
//!
//! # Cost
//!
//! sock_diag is asked for sockets in one state, which costs the same however many connections there
//! are. Where only text tables are to be had, a look reads all connections; then looks are made
//! less often, so that they take some tenth of a core at most ([`Pace`]). The kernel's word of
//! closings includes all connections that end; when that is too many, it is not listened to for ten
//! seconds at a time, and closings are found by looking.
//!
//! # Processes
//!
//! Where they are wanted ([`PortMonitorBuilder::processes`]), the processes that hold a port are
//! looked for once, when it opens, and kept until it has closed. Whether there is an answer is up
//! to the source ([`PortSource::processes`]).
//!
//! # Trust
//!
//! A monitor shows what its source shows. Over [`SocketTables`](procnetsocket::SocketTables) that
//! is every port of the network namespace, past every sandbox. Names of interfaces are raw bytes:
//! escape them before showing them.
//!
//! # Limits
//!
//! [`MAX_PORTS`] of each table; more are a failure, never a short list. The history and each
//! subscription hold as many events as they were made for; who asks for more, or is too slow, is
//! told how many are lost.

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod closing;
mod error;
mod event;
mod history;
mod ledger;
mod look;
mod monitor;
mod pace;
mod poll;
mod port;
mod problem;
mod reading;
mod scope;
mod shared;
mod source;
mod subscription;
mod tracker;
mod word;
mod worker;

pub use self::{
    error::{Error, ErrorKind},
    event::{Change, Event, EventKind},
    history::{DEFAULT_HISTORY, History, Since},
    look::{PortLook, Readings},
    monitor::{DEFAULT_INTERVAL, PortMonitor, PortMonitorBuilder},
    pace::{Cost, MIN_INTERVAL, Pace},
    poll::{Polled, Poller},
    port::{BoundInterface, Port, PortAddress, PortIdentity, PortProcess, PortTable, Protocol},
    problem::{ReadProblem, ReadProblemKind},
    reading::{MAX_PORTS, Reading},
    scope::Scope,
    source::{PortSource, ProcessesByInode, processes_of},
    subscription::{Notice, Subscription},
    tracker::{Observed, Tracker, Turn},
    word::UnknownPortWord,
};
