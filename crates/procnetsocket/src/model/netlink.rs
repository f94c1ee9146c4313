//! Netlink sockets.

use super::{Inode, KernelPointer};

/// A netlink socket (`netlink(7)`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetlinkSocket {
    /// The netlink family (`NETLINK_ROUTE` is 0).
    pub protocol: u32,
    /// The port id: 0 is the kernel; by convention, not by rule, often the process id.
    pub port_id: u32,
    /// The first 32 multicast groups that it listens to, group 1 in bit 0.
    pub groups: u32,
    /// Bytes that wait to be read; signed in the kernel.
    pub recv: i32,
    /// Bytes that wait to be sent; signed in the kernel.
    pub send: i32,
    /// Whether a dump is under way: not 0. Older kernels print a pointer here.
    pub dump: u64,
    /// The kernel's reference count (column `Locks`).
    pub references: i32,
    /// Messages dropped.
    pub drops: u32,
    /// The inode; `None` for the kernel's own sockets.
    pub inode: Option<Inode>,
    /// The kernel object.
    pub pointer: KernelPointer,
}
