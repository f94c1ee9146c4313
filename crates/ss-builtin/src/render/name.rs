//! Names that iproute2 has built in.

pub(crate) use socket_query::{ethertype, netlink_family};
