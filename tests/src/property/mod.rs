//! One property for each kind of untrusted bytes.

mod datagram;
mod filter;
mod frame;
mod nesting;
mod option;
mod policy;
mod printed;
mod process;
mod program;
mod table;

pub use self::{
    datagram::holds as datagram, filter::holds as filter, nesting::holds as nesting,
    option::holds as option, policy::holds as policy, process::holds as process,
    table::holds as table,
};

/// A kind of input: its name, which is that of its corpus, and its property.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// Every kind of input.
pub const TARGETS: [FuzzTarget; 7] = [
    ("table", table::holds),
    ("datagram", datagram::holds),
    ("filter", filter::holds),
    ("option", option::holds),
    ("process", process::holds),
    ("policy", policy::holds),
    ("nesting", nesting::holds),
];
