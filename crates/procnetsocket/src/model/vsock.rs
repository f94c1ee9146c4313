//! Sockets between virtual machines and their host.

#[cfg(feature = "serde")]
use super::form;
use super::{
    id::{Cookie, Inode},
    shutdown::Shutdown,
    source::Source,
    state::TcpState,
};

/// A vsock socket (`vsock(7)`); sock_diag only.
#[doc(alias = "vsock_diag_msg")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VsockSocket {
    /// The source of the row.
    #[cfg_attr(feature = "serde", serde(default))]
    pub source: Source,
    /// Stream, datagram or sequenced packets.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: VsockKind,
    /// The state, in the numbers of TCP.
    #[cfg_attr(feature = "serde", serde(rename = "kernel_state"))]
    pub state: TcpState,
    /// The directions that this side shut down.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub shutdown: Shutdown,
    /// The local address.
    pub local: VsockAddr,
    /// The remote address.
    #[cfg_attr(feature = "serde", serde(rename = "peer"))]
    pub remote: VsockAddr,
    /// The inode.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub inode: Option<Inode>,
    /// The cookie.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub cookie: Option<Cookie>,
}

/// The type of a vsock socket (`SOCK_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum VsockKind {
    /// `SOCK_STREAM`, 1.
    Stream,
    /// `SOCK_DGRAM`, 2.
    Datagram,
    /// `SOCK_SEQPACKET`, 5.
    SeqPacket,
    /// A number that vsock sockets do not have on any known kernel.
    Other(u8),
}

impl VsockKind {
    /// Returns the type of that `SOCK_*` number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Stream,
            2 => Self::Datagram,
            5 => Self::SeqPacket,
            other => Self::Other(other),
        }
    }
}

/// A vsock address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VsockAddr {
    /// The context: 0 the hypervisor, 1 this machine, 2 the host, larger ones guests, all ones
    /// any.
    pub cid: u32,
    /// The port; all ones is any.
    pub port: u32,
}

impl VsockAddr {
    /// Any context, or any port.
    #[doc(alias = "VMADDR_CID_ANY")]
    #[doc(alias = "VMADDR_PORT_ANY")]
    pub const ANY: u32 = u32::MAX;
}
