//! The filter language of `ss`.

mod ast;
mod bytecode;

pub use ast::{Cgroup, Comparison, Expr, HostPattern, Network, PortNumber, Predicate, Side};
pub(crate) use bytecode::compile;
