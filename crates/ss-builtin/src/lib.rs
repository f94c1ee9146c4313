//! iproute2's `ss` as a builtin that opens nothing by itself.
//!
//! ```text
//! args ─► RawArgs ─► Plan ─► PolicyView::collect ─► order ─► rows ─► columns, or JSON ─► ctx.stdout
//!         typed      meant   (socket-query)
//! ```
//!
//! A host chooses which sockets a script may see, and registers [`Ss`]:
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
//! [`Ss::new`] takes a view with another policy; `socket_query::System` creates it.
//!
//! # Compatibility
//!
//! The reference is iproute2 7.x over the same sockets: the same standard output and the same
//! status. `docs/compatibility.md` of the repository lists every intended difference with its
//! reason and its test. In the code, `Compat:` marks surprising behaviour that follows iproute2.
//!
//! # Trust
//!
//! Other users chose the names in the listing, so they are escaped in every form of output.
//! Arguments come from the script and are escaped in messages. No environment variable is read.
//!
//! # Limits
//!
//! Text rows are kept in batches of about 4 MiB, as in iproute2. JSON is written row by row.
//! `--sort` keeps rows, as many as the host allows
//! ([`PolicyView::with_sorted_rows`](socket_query::PolicyView::with_sorted_rows)) or the number of
//! `--limit`; `--peers` keeps the ends of connections, 56 bytes each
//! ([`PolicyView::with_max_peers`](socket_query::PolicyView::with_max_peers)). The first ten
//! invalid rows are reported one by one, the others as a number.

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
