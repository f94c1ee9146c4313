//! net-tools' `netstat` as a builtin that holds no authority.
//!
//! ```text
//! args ─► Choices ─► Plan ─► PolicyView::collect, once for each protocol ─► rows ─► ctx.stdout
//!         typed      meant   (socket-query)
//! ```
//!
//! A host makes [`Netstat`] of what it lets a script see, and registers it:
//!
//! ```
//! use std::sync::Arc;
//! use builtin_api::{Registry, RegistryError};
//! use netstat_builtin::Netstat;
//! use procnetsocket::SocketTables;
//! use socket_query::{Names, Policy, PolicyView};
//!
//! fn register(registry: &mut Registry, tables: SocketTables) -> Result<(), RegistryError> {
//!     let view = PolicyView::new(Arc::new(tables), Policy::default(), Names::default());
//!     registry.register(Netstat::new(view))
//! }
//! ```
//!
//! [`MissingTool`] is for the commands that are not there: it prints the `ss` command that answers
//! instead. The mapping itself is [`hint`].
//!
//! # Compatibility
//!
//! The yardstick is net-tools 2.10 over the same sockets: the same standard output and the same
//! status. Every difference is listed in `docs/compatibility.md` of the repository with its reason
//! and its test. In the code, what follows net-tools against expectation is marked `Compat:`.
//!
//! # Trust
//!
//! Names in the listing were chosen by others and are escaped. Arguments are bytes of the script
//! and are escaped in messages. No environment variable is read.
//!
//! # Limits
//!
//! Rows are written as they come. Of unix sockets from sock_diag the inodes of peers are kept, as
//! many as the host allows ([`PolicyView::sorted_rows`](socket_query::PolicyView::sorted_rows)). Of
//! rows that could not be understood the first ten are reported one by one, and then their number.

mod builtin;
mod cli;
mod hint;
mod listing;
mod peers;
mod problem;
mod render;

pub use builtin::Netstat;
pub use hint::{Hint, MissingTool, Tool, hint};
