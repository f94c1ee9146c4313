//! Tests of the whole: scenarios, and comparison with the real `ss`.
//!
//! ```text
//! testkit: proc roots ──┬──► ours: the builtin, in process ──► outcome ─┐
//!                       ├──► real: iproute2's ss ────────────► outcome ─┼──► the same?
//!                       └──► golden: what the real one printed once ────┘
//! ```
//!
//! - `scenario`: what this project decides by itself, byte for byte.
//! - `compare`: every pair of options, on roots that hold every column value; needs the real `ss`.
//! - `filter`: filters made from the grammar, on the same roots; needs the real `ss`.
//! - `golden`: recorded outputs of the real `ss`; needs nothing.
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
mod escape;
mod filter;
mod golden;
mod live;
mod ours;
mod outcome;
mod parallel;
mod real;
mod scenario;
mod uncompared;
mod workspace;
