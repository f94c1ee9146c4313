//! One property for each kind of foreign bytes.

mod datagram;
mod option;
mod policy;
mod printed;
mod table;

pub use self::{
    datagram::holds as datagram, option::holds as option, policy::holds as policy,
    table::holds as table,
};

/// A kind of input: its name, which is that of its corpus, and what has to hold.
pub type Target = (&'static str, fn(&[u8]));

/// Every kind of input.
pub const TARGETS: [Target; 4] = [
    ("table", table::holds),
    ("datagram", datagram::holds),
    ("option", option::holds),
    ("policy", policy::holds),
];
