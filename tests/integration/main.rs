//! Integration tests: scenarios, and comparison with the real `ss`.
//!
//! ```text
//! testkit: proc roots ──┬──► ours: the builtin, in process ──► outcome ─┐
//!                       ├──► real: iproute2's ss ────────────► outcome ─┼──► the same?
//!                       └──► golden: what the real one printed once ────┘
//! ```
//!
//! - `scenario`: output that differs from iproute2 or is missing there, byte for byte.
//! - `compare`: every pair of options, on roots with every column value; needs the real `ss`.
//! - `documents`: the links, files and tests that documents name exist.
//! - `filter`: random filters of the grammar, on the same roots; needs the real `ss`.
//! - `fuzz`: the properties of the fuzzer, over its corpus.
//! - `generated`: the manual page and completions are those of the table of options.
//! - `json`: the schema, reading back, agreement with the text, and the examples of
//!   docs/options.md.
//! - `golden`: recorded outputs of the real `ss`; needs nothing.
//! - `netstat`: `netstat` compared with that of net-tools on the same roots, and the replacements
//!   of missing commands.
//! - `processes`: the processes of sockets, as scenarios.
//! - `peers`: the other ends of connections, as scenarios.
//! - `policy`: data that a policy hides cannot be inferred.
//! - `prompt`: the program at a terminal.
//! - `openings`: clippy finds everything that `clippy.toml` disallows.
//! - `live`: sockets in a network namespace, compared with the real `ss` in the same namespace.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "everything here is test code, which fails by a panic and reports on standard error"
)]

mod command;
mod compare;
mod documents;
mod escape;
mod filter;
mod fuzz;
mod generated;
mod golden;
mod imports;
mod json;
mod live;
mod netstat;
mod openings;
mod ours;
mod outcome;
mod parallel;
mod peers;
mod policy;
mod processes;
mod prompt;
mod real;
mod scenario;
mod uncompared;
mod workspace;
