//! iproute2's `ss` as a builtin without authority.
//!
//! ```text
//! args ─► RawArgs ─► Plan ─► PolicyView::collect ─► order ─► rows ─► columns, or JSON ─► ctx.stdout
//!         typed      meant   (socket-query)
//! ```
//!
//! A host registers [`Ss`] with the sockets that a script may see:
//!
//! ```no_run
//! # #[expect(clippy::disallowed_methods, reason = "the example is a host")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use builtin_api::{CallContext, Registry, cap_std::ambient_authority, invoke};
//! use ss_builtin::Ss;
//!
//! let mut registry = Registry::new();
//! registry.register(Ss::system(ambient_authority())?)?; // the one privileged line
//! let (mut stdin, mut stdout, mut stderr) = (std::io::empty(), std::io::stdout(), std::io::stderr());
//! let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr);
//! let ss = registry.get("ss").ok_or("expected ss in the registry")?;
//! invoke(&**ss, &mut context, &["-tln".into()]);
//! # Ok(())
//! # }
//! ```
//!
//! [`Ss::new`] takes a view of another policy, which `socket_query::System` makes.
//!
//! # Compatibility
//!
//! The reference is iproute2 7.x over the same sockets: the same standard output and the same
//! status. `docs/compatibility.md` of the repository lists every intended difference with its
//! reason and its test. In the code, what follows iproute2 unexpectedly is marked `Compat:`.
//!
//! # Trust
//!
//! Names in the listing were chosen by others. They are escaped in every form of output. Arguments
//! are bytes of the script and are escaped in messages. No environment variable is read.
//!
//! # Limits
//!
//! Rows are laid out in batches of some 4 MiB, as in iproute2, and nothing else is kept of them.
//! JSON is written row by row. With `--sort` rows are kept, as many as the host allows
//! ([`PolicyView::with_sorted_rows`](socket_query::PolicyView::with_sorted_rows)) or `--limit`
//! says, and with `--peers` the ends of connections, 56 bytes each
//! ([`PolicyView::with_max_peers`](socket_query::PolicyView::with_max_peers)). The first ten rows
//! that could not be understood are reported one by one, the others by their number.

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod builtin;
mod cli;
mod filter;
mod listing;
mod order;
mod pass;
mod printer;
mod problem;
mod render;

pub use builtin::Ss;
pub use cli::flags;
