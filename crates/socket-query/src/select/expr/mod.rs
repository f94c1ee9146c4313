//! The filter language of `ss`.
//!
//! ```text
//! text ─► words ─► values ─► tree ─► admits(socket)
//! ```
//!
//! The meaning of a text depends on the tables that are listed, on the family that options chose and
//! on the machine's names, so a [`PolicyView`](crate::PolicyView) parses it.
//!
//! # Grammar
//!
//! ```text
//! filter     := expr?
//! expr       := term ((AND | OR)? term)*                nothing between terms means AND
//! term       := "(" expr ")" | NOT term | condition
//! condition  := ("src" | "dst") EQ? HOST
//!             | ("sport" | "dport") COMPARISON? PORT
//!             | ("dev" | "fwmark" | "cgroup") (EQ | NE)? VALUE
//!             | ("pid" | "comm" | "peer-pid" | "peer-comm" | "user") (EQ | NE)? VALUE
//!             | ("container" | "unit" | "netns") (EQ | NE)? VALUE
//!             | "autobound"
//! HOST       := ("inet:" | "inet6:")? ADDRESS (":"? PORT)?      "[" ADDRESS "]" for IPv6
//!             | "unix:" GLOB
//!             | "link:" (ETHERTYPE | "*")? (":" (INTERFACE | "*")?)?
//!             | "netlink:" (FAMILY | "*")? (":" (PORTID | "kernel" | "*")?)?
//!             | "vsock:" (CID | "*")? (":" (PORT | "*")?)?
//! COMPARISON := EQ | NE | "<" | "lt" | ">" | "gt" | "<=" | "le" | "leq" | ">=" | "ge" | "geq"
//! EQ         := "=" | "==" | "eq"
//! NE         := "!=" | "ne" | "neq"
//! AND        := "and" | "&" | "&&"
//! OR         := "or" | "|" | "||"
//! NOT        := "not" | "!"
//! ```
//!
//! A blank separates words. `and` and `or` bind alike, from the left: `A or B and C` means
//! `( A or B ) and C`. Where no prefix names the family of a host, the last family that was named
//! counts: in the filter, or else by an option. Ports have the same forms, without the address.

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
