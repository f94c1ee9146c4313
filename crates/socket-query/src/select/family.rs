//! Address families.

use crate::word::words;

/// The address families of `ss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum AddressFamily {
    /// `AF_UNIX`.
    Unix,
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`.
    Inet6,
    /// `AF_PACKET`.
    Packet,
    /// `AF_NETLINK`.
    Netlink,
    /// `AF_TIPC`.
    Tipc,
    /// `AF_VSOCK`.
    Vsock,
    /// `AF_XDP`.
    Xdp,
}

words! {
    AddressFamily {
        Unix = 0 "unix",
        Inet = 1 "inet",
        Inet6 = 2 "inet6",
        Packet = 3 "packet",
        Netlink = 4 "netlink",
        Tipc = 5 "tipc",
        Vsock = 6 "vsock",
        Xdp = 7 "xdp",
    }
    /// A set of address families.
    FamilySet(u8)
}
