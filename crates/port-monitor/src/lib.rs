//! Reports which ports open and close.
//!
//! ```text
//! PortSource ──► readings ──► Tracker ──► changes ──► History, subscriptions
//! SocketTables,  of ports     pure: what  opened,     numbered and stamped
//! or a host's    that listen  is open     closed
//! narrower one
//! ```
//!
//! A [`PortMonitor`] does this on a separate thread. A program that has a thread for it uses a
//! [`Poller`], which reads the tables when it is called. A program that reads the tables by itself
//! uses a [`Tracker`], which is a pure state machine.
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
//! # Ports
//!
//! A TCP socket that listens, or a UDP socket that is bound and not connected; on request
//! ([`Protocol::Unix`]) also a unix socket that listens. Its [`PortIdentity`] is protocol, address
//! or name, and inode, which both sources contain: when the source changes from sock_diag to the
//! text tables, or back, nothing opens and nothing closes. A server that is restarted has closed
//! and opened; the sockets of a group that shares a port (`SO_REUSEPORT`) are separate ports.
//!
//! # Reported changes
//!
//! The kernel does not report openings, so the monitor reads the tables regularly; each time is a
//! look. A port that opens and closes between two looks is not reported. Closings are found by
//! looking, too, or are reported by the kernel at once if the monitor has the right to receive that
//! ([`PortMonitorBuilder::closings`]); the cookie of a socket only links the kernel's event to the
//! port.
//!
//! A failure never causes an event, see [`Tracker`]. A table that cannot be read is reported once,
//! is listed in [`PortMonitor::problems`], and is reported again when it can be read.
//!
//! Intervals are measured by the monotonic clock; the time of day is used only for the times of
//! events.
//!
//! # Cost
//!
//! sock_diag returns only sockets in one state, which costs the same for any number of connections.
//! With text tables, a look reads all connections; looks are then less frequent, so that they take
//! at most a tenth of a core ([`Pace`]). The kernel's destroy events include all connections that
//! end; when there are too many, they are not received for ten seconds at a time, and closings are
//! found by looking.
//!
//! # Processes
//!
//! On request ([`PortMonitorBuilder::processes`]), the processes that have a port open are looked
//! up once, when it opens, and kept until it has closed. Not every source can list them
//! ([`PortSource::processes`]).
//!
//! # Trust
//!
//! A monitor shows what its source shows. [`SocketTables`](procnetsocket::SocketTables) shows every
//! port of the network namespace, whatever a sandbox allows. Names of interfaces are raw bytes:
//! escape them before showing them.
//!
//! # Limits
//!
//! [`MAX_PORTS`] per table; more are an error, not a truncated list. The history and each
//! subscription have a capacity; a reader that requests older events, or is too slow, receives the
//! number of lost events.

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
