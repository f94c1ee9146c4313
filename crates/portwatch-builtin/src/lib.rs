//! `portwatch`: a builtin that waits for ports, and prints them as they open and close.
//!
//! ```text
//! args ─► RawArgs ─► Plan ─► PolicyView ─► Poller ─► changes ─► lines ─► ctx.stdout
//!         typed      meant   (socket-query) (port-monitor)
//! ```
//!
//! It replaces sleeping in scripts that start a server:
//!
//! ```text
//! portwatch --wait :8080 --timeout 30s    status 0 when it listens, 124 when time is up
//! portwatch --gone 'sport = :8080'        status 0 when nothing matches
//! portwatch --wait /run/x.sock            status 0 when a unix socket with this path listens
//! portwatch --for 10s                     ports that open and close in ten seconds
//! portwatch --list                        ports that are open now
//! ```
//!
//! A host creates a view of the sockets that a script may see, and registers [`PortWatch`] with it:
//!
//! ```
//! use builtin_api::{Registry, RegistryError};
//! use portwatch_builtin::PortWatch;
//! use socket_query::PolicyView;
//!
//! fn register(registry: &mut Registry, view: PolicyView) -> Result<(), RegistryError> {
//!     registry.register(PortWatch::new(view))
//! }
//! ```
//!
//! # Security
//!
//! It uses the same [`PolicyView`](socket_query::PolicyView) as `ss`, so it cannot wait for a
//! socket that `ss` may not list. It has no other authority. Names of interfaces are escaped,
//! arguments are escaped in messages, and no environment variable is read.
//!
//! # Hosts that do not stream
//!
//! Events are written and flushed after each look. A host that shows output only when a builtin has
//! ended passes [`OutputMode::Buffered`](OutputMode) to [`PortWatch::with_output`]: then following
//! is refused without an end (`--for`, `--count`). `--wait` and `--gone` print nothing and work
//! everywhere.
//!
//! # Ending
//!
//! A [`Cancel`](builtin_api::Cancel) ends the call at once while it waits, and within a thousand
//! rows while it reads.
//!
//! # Limits
//!
//! The limits of [`port_monitor`]. A time is at most 30 days.

mod builtin;
mod cli;
mod render;
mod source;
mod watch;

pub use self::{
    builtin::{OutputMode, PortWatch},
    cli::flags,
};
