//! Sockets as JSON.
//!
//! `row` turns a socket into an object, `name` adds what the host calls its numbers and
//! `process` the processes that hold it; `summary` does
//! the counters of `-s`; `writer` writes objects as they come, in an array or one a line. The form
//! is described in `docs/ss.schema.json`.

mod name;
mod namespace;
mod peer;
mod process;
mod row;
mod summary;
mod writer;

pub(crate) use summary::SummaryForm;
pub(crate) use writer::{Frame, JsonWriter};
