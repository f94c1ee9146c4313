//! The filter language of `ss`.

mod ast;

pub use ast::{Cgroup, Comparison, Expr, HostPattern, Network, PortNumber, Predicate, Side};
