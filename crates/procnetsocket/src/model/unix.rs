//! Unix domain sockets.

use bstr::{BStr, BString};

use super::{Inode, KernelPointer};

/// A unix domain socket.
///
/// # Trust
///
/// The text table prints names as they are: a name with a newline in it forges whole rows, and any
/// local user may choose such a name. A row of `/proc/net/unix` proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnixSocket {
    /// Stream, datagram or sequenced packets.
    pub kind: UnixKind,
    /// The state.
    pub state: UnixState,
    /// The kernel's protocol number, 0 on every known kernel.
    pub protocol: u32,
    /// The flags word of the text table; bit 16 (`__SO_ACCEPTCON`) marks a listener.
    pub flags: u32,
    /// The inode; `None` for a connection that nobody has accepted yet.
    pub inode: Option<Inode>,
    /// The kernel's reference count.
    pub references: u32,
    /// The kernel object.
    pub pointer: KernelPointer,
    /// The name that it is bound to.
    pub name: UnixName,
}

/// The type of a unix socket (`SOCK_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UnixKind {
    /// `SOCK_STREAM`, 1.
    Stream,
    /// `SOCK_DGRAM`, 2.
    Datagram,
    /// `SOCK_SEQPACKET`, 5.
    SeqPacket,
    /// A number that unix sockets do not have on any known kernel.
    Other(u16),
}

impl UnixKind {
    /// Returns the type of that `SOCK_*` number.
    pub const fn from_number(number: u16) -> Self {
        match number {
            1 => Self::Stream,
            2 => Self::Datagram,
            5 => Self::SeqPacket,
            other => Self::Other(other),
        }
    }

    /// Returns the `SOCK_*` number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Stream => 1,
            Self::Datagram => 2,
            Self::SeqPacket => 5,
            Self::Other(number) => number,
        }
    }
}

/// The state of a unix socket: the kernel's `SS_*` (`include/uapi/linux/net.h`), which are not TCP
/// states, and the listen flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UnixState {
    /// `SS_UNCONNECTED`, 1.
    Unconnected,
    /// `SS_CONNECTING`, 2.
    Connecting,
    /// `SS_CONNECTED`, 3.
    Connected,
    /// `SS_DISCONNECTING`, 4.
    Disconnecting,
    /// Waiting for connections: the flag `__SO_ACCEPTCON`, whatever the number.
    Listening,
}

/// The name that a unix socket is bound to. The bytes are chosen by whoever bound it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UnixName {
    /// Bound to nothing.
    #[default]
    Unnamed,
    /// A path in the file system of the process that bound it.
    Pathname(BString),
    /// A name of the abstract namespace, without the NUL that marks it.
    ///
    /// The text table prints the mark, and every NUL within the name, as `@`: there an abstract
    /// name cannot be told from a relative path that begins with `@`, nor a NUL from an `@`.
    Abstract(BString),
}

impl UnixName {
    /// Returns the bytes of a path or of an abstract name, or `None` when it is unnamed.
    pub fn bytes(&self) -> Option<&BStr> {
        match self {
            Self::Unnamed => None,
            Self::Pathname(name) | Self::Abstract(name) => Some(BStr::new(name)),
        }
    }
}
