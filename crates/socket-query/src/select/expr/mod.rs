//! The filter language of `ss`.
//!
//! ```text
//! text ─► words ─► values ─► tree ─► admits(socket)
//! ```
//!
//! The grammar is at the head of the parser, the forms of hosts and ports at the head of
//! `value/host.rs`. The meaning of a text depends on the tables that are listed, on the family that
//! options chose and on the machine's names, so a [`PolicyView`](crate::PolicyView) parses it.

mod ast;
mod bytecode;
mod error;
mod eval;
mod glob;
mod lex;
mod parse;
mod print;
mod process_matches;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use ast::{
    Cgroup, Comparison, Expr, HostPattern, Network, PortNumber, Predicate, Side, WorkloadGroups,
};
pub(crate) use bytecode::compile;
pub use error::{FilterError, FilterErrorKind};
pub(crate) use eval::{Facts, admits};
pub(crate) use parse::parse;
pub use parse::{MAX_FILTER_DEPTH, Parsed};
pub use process_matches::ProcessMatches;
pub(crate) use process_matches::{has_condition, is_of_peer, is_of_process, is_of_process_or_user};
pub use text::{FilterText, MAX_FILTER_BYTES};
pub(crate) use value::{ValueLookup, ValueScope};
