//! iproute2's `ss` as a builtin that holds no authority.
//!
//! ```text
//! args ─► RawArgs ─► Plan ─► PolicyView::collect ─► order ─► rows ─► columns, or JSON ─► ctx.stdout
//!         typed      meant   (socket-query)
//! ```
//!
//! A host makes [`Ss`] of what it lets a script see, and registers it:
//!
//! ```
//! use std::sync::Arc;
//! use builtin_api::{Registry, RegistryError};
//! use procnetsocket::SocketTables;
//! use socket_query::{Names, Policy, PolicyView};
//! use ss_builtin::Ss;
//!
//! fn register(registry: &mut Registry, tables: SocketTables) -> Result<(), RegistryError> {
//!     let view = PolicyView::new(Arc::new(tables), Policy::default(), Names::default());
//!     registry.register(Ss::new(view))
//! }
//! ```
//!
//! # Compatibility
//!
//! The yardstick is iproute2 7.x over the same sockets: the same standard output and the same
//! status. Every difference is decided, and stands in `docs/compatibility.md` of the repository with
//! its reason and its test. In the code, what follows iproute2 against one's expectation is marked
//! `Compat:`.
//!
//! # Trust
//!
//! Names in the listing were chosen by others. They are escaped, whatever the output is. Arguments
//! are bytes of the script and are escaped in messages. No environment variable is read.
//!
//! # Limits
//!
//! Rows are laid out in batches of some 4 MiB, as in iproute2, and nothing else is kept of them.
//! JSON is written as it comes. With `--sort` rows are kept, as many as the host allows
//! ([`PolicyView::with_sorted_rows`](socket_query::PolicyView::with_sorted_rows)) or `--limit` says. Of
//! rows that could not be understood the first ten are reported one by one, and then their number.

mod builtin;
mod cli;
mod filter;
mod listing;
mod order;
mod printer;
mod problem;
mod render;

pub use builtin::Ss;
pub use cli::{Flag, FlagValue, Refusal, WordList, flags};
