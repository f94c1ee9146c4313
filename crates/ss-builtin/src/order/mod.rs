//! Sinks in front of the printer, which sort and limit the sockets.
//!
//! ```text
//! collect ─► Limited ─► listing      passes the first N on, and counts the rest
//! collect ─► Sorted ──► listing      keeps rows, all or the first N in order, and then passes them on
//! ```

mod key;
mod limited;
mod sorted;

pub(crate) use limited::Limited;
pub(crate) use sorted::{Sorted, TooMany};
