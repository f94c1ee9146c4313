//! Packet sockets.

use std::num::NonZeroU32;

use super::{Inode, KernelPointer};

/// A packet socket (`packet(7)`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketSocket {
    /// With or without the link header.
    pub kind: PacketKind,
    /// The ethertype that it receives, in host order; 3 (`ETH_P_ALL`) is every one, 0 none yet.
    pub protocol: u16,
    /// The index of the interface that it is bound to, or `None` for all.
    pub interface: Option<NonZeroU32>,
    /// Whether it receives.
    pub running: bool,
    /// Bytes that wait to be read.
    pub recv: u32,
    /// The user id that the socket belongs to.
    pub uid: u32,
    /// The inode.
    pub inode: Option<Inode>,
    /// The kernel's reference count.
    pub references: i32,
    /// The kernel object.
    pub pointer: KernelPointer,
}

/// The type of a packet socket (`SOCK_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PacketKind {
    /// `SOCK_RAW`, 3: with the link header.
    Raw,
    /// `SOCK_DGRAM`, 2: without it.
    Datagram,
    /// `SOCK_PACKET`, 10 (obsolete), or a number that packet sockets do not have on a known kernel.
    Other(u16),
}

impl PacketKind {
    /// Returns the type of that `SOCK_*` number.
    pub const fn from_number(number: u16) -> Self {
        match number {
            3 => Self::Raw,
            2 => Self::Datagram,
            other => Self::Other(other),
        }
    }
}
