//! Unix domain sockets.

use bstr::{BStr, BString};

#[cfg(feature = "serde")]
use super::form;
use super::{
    id::{Cookie, Inode, KernelPointer},
    memory::SocketMemory,
    queue::Queues,
    shutdown::Shutdown,
    source::Source,
    state::TcpState,
};

/// A unix domain socket.
///
/// # Trust
///
/// The text table prints names unescaped: a name with a newline forges whole rows, and any local
/// user can choose such a name. A row of `/proc/net/unix` proves nothing; a row of sock_diag does,
/// though its name is still chosen by the process that bound it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnixSocket {
    /// The source of the row.
    #[cfg_attr(feature = "serde", serde(default))]
    pub source: Source,
    /// Stream, datagram or sequenced packets.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: UnixKind,
    /// The state.
    #[cfg_attr(feature = "serde", serde(rename = "kernel_state"))]
    pub state: UnixState,
    /// The kernel's protocol number, 0 on every known kernel.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub protocol: u32,
    /// The flags of the text table; bit 16 (`__SO_ACCEPTCON`) marks a listener. From sock_diag no
    /// other bit is set.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub flags: u32,
    /// The inode; `None` for a connection that was not accepted yet.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub inode: Option<Inode>,
    /// The kernel's reference count; 0 from sock_diag, which does not report it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub references: u32,
    /// The kernel object; 0 from sock_diag, which reports the cookie instead.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub pointer: KernelPointer,
    /// The name that it is bound to.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub name: UnixName,
    /// The cookie; from sock_diag only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub cookie: Option<Cookie>,
    /// Details that only sock_diag reports.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub detail: UnixDetail,
}

impl UnixSocket {
    /// Returns the TCP state in which the socket is listed.
    ///
    /// Compat: `ss` takes the kernel pointer of the text table for a peer, so that an unconnected
    /// datagram socket counts as connected wherever pointers are shown (32 bits of them).
    pub(super) fn listed_state(&self) -> TcpState {
        match self.state {
            UnixState::Unconnected
                if self.kind == UnixKind::Datagram && self.pointer.0 & 0xffff_ffff != 0 =>
            {
                TcpState::Established
            }
            UnixState::Unconnected => TcpState::Close,
            UnixState::Connecting => TcpState::SynSent,
            UnixState::Connected => TcpState::Established,
            UnixState::Disconnecting => TcpState::Closing,
            UnixState::Listening => TcpState::Listen,
            // From sock_diag, which numbers the states of unix sockets as those of TCP.
            UnixState::Other(number) => {
                TcpState::from_number(number.into()).unwrap_or(TcpState::Close)
            }
        }
    }

    /// Returns an empty row.
    pub(crate) fn blank(source: Source) -> Self {
        Self {
            source,
            kind: UnixKind::Stream,
            state: UnixState::Unconnected,
            protocol: 0,
            flags: 0,
            inode: None,
            references: 0,
            pointer: KernelPointer(0),
            name: UnixName::Unnamed,
            cookie: None,
            detail: UnixDetail::default(),
        }
    }
}

/// Details of a unix socket that only sock_diag reports. Each is absent when it was not asked for,
/// when the kernel does not have it, and in the text table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnixDetail {
    /// The inode of the socket at the other end.
    #[doc(alias = "UNIX_DIAG_PEER")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "peer_inode", default, skip_serializing_if = "form::is_default")
    )]
    pub peer: Option<Inode>,
    /// The file of a pathname.
    #[doc(alias = "UNIX_DIAG_VFS")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub file: Option<UnixFile>,
    /// For a listener, the inodes of the peers of connections that wait to be accepted; `None` for
    /// one whose peer has none any more.
    #[doc(alias = "UNIX_DIAG_ICONS")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "pending_inodes", default, skip_serializing_if = "form::is_default")
    )]
    pub pending: Vec<Option<Inode>>,
    /// The queues in bytes; for a listener, connections that wait, and their maximum.
    #[doc(alias = "UNIX_DIAG_RQLEN")]
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub queues: Option<Queues>,
    /// The memory.
    #[doc(alias = "UNIX_DIAG_MEMINFO")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub memory: Option<SocketMemory>,
    /// The directions that are shut down.
    #[doc(alias = "UNIX_DIAG_SHUTDOWN")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub shutdown: Option<Shutdown>,
    /// The uid of the socket; Linux 5.3.
    #[doc(alias = "UNIX_DIAG_UID")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub uid: Option<u32>,
}

impl UnixDetail {
    /// Clears every field, and keeps the memory of the list.
    pub(crate) fn clear(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.clear();
        *self = Self { pending, ..Self::default() };
    }
}

/// The file to which a unix socket is bound.
#[doc(alias = "unix_diag_vfs")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnixFile {
    /// The low 32 bits of its inode.
    #[doc(alias = "udiag_vfs_ino")]
    pub inode: u32,
    /// The device of its file system.
    #[doc(alias = "udiag_vfs_dev")]
    pub device: Device,
}

/// A device in the kernel's internal encoding: 12 bits for the major and 20 for the minor number,
/// unlike the encoding of `stat(2)`.
#[doc(alias = "dev_t")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "form::DeviceForm", into = "form::DeviceForm"))]
pub struct Device(pub u32);

impl Device {
    /// Returns the major number.
    pub const fn major(self) -> u32 {
        self.0 >> 20
    }

    /// Returns the minor number.
    pub const fn minor(self) -> u32 {
        self.0 & 0xf_ffff
    }
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
    /// Waiting for connections: the flag `__SO_ACCEPTCON`, with any number.
    Listening,
    /// A state that unix sockets do not have on a known kernel, in sock_diag's numbering, which is
    /// that of TCP.
    Other(u8),
}

/// The name that a unix socket is bound to. The process that bound it chose the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UnixName {
    /// Not bound.
    #[default]
    Unnamed,
    /// A path in the mount namespace of the process that bound it.
    Pathname(BString),
    /// A name of the abstract namespace, without the leading NUL.
    ///
    /// The text table prints that NUL, and every NUL within the name, as `@`: there an abstract
    /// name cannot be distinguished from a relative path that begins with `@`, nor a NUL from an
    /// `@`.
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
