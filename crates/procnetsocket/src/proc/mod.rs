//! `/proc`: the verified handle, and the parsers of its files.

pub(crate) mod ahead;
pub(crate) mod dedup;
pub(crate) mod interface;
pub(crate) mod lines;
pub(crate) mod port_range;
pub(crate) mod protocols;
pub mod root;
pub(crate) mod scan;
pub(crate) mod sockstat;
pub(crate) mod text;
