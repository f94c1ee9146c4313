//! net-tools' `netstat` as a builtin that opens nothing by itself.
//!
//! ```text
//! args ─► Choices ─► Plan ─► PolicyView::collect, once for each protocol ─► rows ─► ctx.stdout
//!         typed      meant   (socket-query)
//! ```
//!
//! A host creates a view of the sockets that a script may see, and registers [`Netstat`] with it:
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
//! [`MissingTool`] is a builtin in place of a missing command: it prints the `ss` command to use
//! instead, which [`hint`] returns.
//!
//! # Compatibility
//!
//! The reference is net-tools 2.10 over the same sockets: the same standard output and the same
//! status. `docs/compatibility.md` of the repository lists every difference with its reason and its
//! test. In the code, `Compat:` marks surprising behaviour that follows net-tools.
//!
//! # Trust
//!
//! Other users chose the names in the listing, so they are escaped. Arguments come from the script
//! and are escaped in messages. No environment variable is read.
//!
//! # Limits
//!
//! Rows are written one by one. For unix sockets from sock_diag the inodes of peers are kept, as
//! many as the host allows ([`PolicyView::sorted_rows`](socket_query::PolicyView::sorted_rows)).
//! The first ten invalid rows are reported one by one, the others as a number.

mod builtin;
mod cli;
mod hint;
mod listing;
mod peers;
mod problem;
mod render;

pub use builtin::Netstat;
pub use hint::{Hint, MissingTool, Tool, hint};
