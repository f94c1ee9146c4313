//! Sockets as JSON.
//!
//! `row` turns a socket into an object, `name` adds names for its numbers and `process` the
//! processes that have it open; `summary` prints the counters of `-s`; `writer` writes objects one
//! after the other, in an array or one per line. `docs/ss.schema.json` describes the form.

mod name;
mod namespace;
mod peer;
mod process;
mod row;
mod summary;
mod writer;

pub(crate) use summary::SummaryForm;
pub(crate) use writer::{Frame, JsonWriter};
