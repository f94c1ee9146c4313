//! A row of any table, lent or kept.

use super::{
    id::Inode, inet::InetSocket, netlink::NetlinkSocket, packet::PacketSocket, unix::UnixSocket,
    vsock::VsockSocket, xdp::XdpSocket,
};

/// Where rows come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A text table of `/proc/net`, or of a directory that stands for it. Names of unix sockets in
    /// it can be forged, see [`UnixSocket`](crate::model::UnixSocket).
    #[default]
    ProcText,
    /// The kernel's netlink interface, sock_diag.
    #[doc(alias = "NETLINK_SOCK_DIAG")]
    SockDiag,
}

/// One row of a socket table, lent to a [`Visitor`](crate::Visitor).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "family", rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Socket<'a> {
    /// A socket of an internet protocol, IPv4 or IPv6.
    Inet(&'a InetSocket),
    /// A unix domain socket.
    Unix(&'a UnixSocket),
    /// A packet socket.
    Packet(&'a PacketSocket),
    /// A netlink socket.
    Netlink(&'a NetlinkSocket),
    /// A vsock socket.
    Vsock(&'a VsockSocket),
    /// An XDP socket.
    Xdp(&'a XdpSocket),
}

impl Socket<'_> {
    /// Returns which source the row comes from.
    pub fn source(&self) -> Source {
        let is_of_diag = match self {
            Self::Inet(row) => row.cookie.is_some(),
            Self::Unix(row) => row.cookie.is_some(),
            Self::Packet(row) => row.cookie.is_some(),
            Self::Netlink(row) => row.detail.is_some(),
            Self::Vsock(_) | Self::Xdp(_) => true,
        };
        if is_of_diag { Source::SockDiag } else { Source::ProcText }
    }

    /// Returns the user id that the socket belongs to, where the source reports one.
    ///
    /// Kernel: an internet or packet socket that no process can have open (TIME-WAIT, half-open
    /// connections, sockets that were closed) has no inode, and its uid is reported as 0, which is
    /// nobody's.
    pub const fn uid(&self) -> Option<u32> {
        match self {
            Self::Inet(row) if row.inode.is_some() => Some(row.uid),
            Self::Unix(row) => row.detail.uid,
            Self::Packet(row) if row.inode.is_some() => Some(row.uid),
            Self::Xdp(row) => row.detail.uid,
            Self::Inet(_) | Self::Packet(_) | Self::Netlink(_) | Self::Vsock(_) => None,
        }
    }

    /// Returns the inode; `None` when no process can hold the socket.
    pub const fn inode(&self) -> Option<Inode> {
        match self {
            Self::Inet(row) => row.inode,
            Self::Unix(row) => row.inode,
            Self::Packet(row) => row.inode,
            Self::Netlink(row) => row.inode,
            Self::Vsock(row) => row.inode,
            Self::Xdp(row) => row.inode,
        }
    }
}

/// A copy of one row of a socket table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "family", rename_all = "lowercase"))]
#[non_exhaustive]
pub enum OwnedSocket {
    /// A socket of an internet protocol, IPv4 or IPv6.
    Inet(InetSocket),
    /// A unix domain socket.
    Unix(UnixSocket),
    /// A packet socket.
    Packet(PacketSocket),
    /// A netlink socket.
    Netlink(NetlinkSocket),
    /// A vsock socket.
    Vsock(VsockSocket),
    /// An XDP socket.
    Xdp(XdpSocket),
}

impl OwnedSocket {
    /// Lends the row.
    pub fn as_socket(&self) -> Socket<'_> {
        match self {
            Self::Inet(row) => Socket::Inet(row),
            Self::Unix(row) => Socket::Unix(row),
            Self::Packet(row) => Socket::Packet(row),
            Self::Netlink(row) => Socket::Netlink(row),
            Self::Vsock(row) => Socket::Vsock(row),
            Self::Xdp(row) => Socket::Xdp(row),
        }
    }
}

impl From<Socket<'_>> for OwnedSocket {
    fn from(socket: Socket<'_>) -> Self {
        match socket {
            Socket::Inet(row) => Self::Inet(row.clone()),
            Socket::Unix(row) => Self::Unix(row.clone()),
            Socket::Packet(row) => Self::Packet(row.clone()),
            Socket::Netlink(row) => Self::Netlink(row.clone()),
            Socket::Vsock(row) => Self::Vsock(row.clone()),
            Socket::Xdp(row) => Self::Xdp(row.clone()),
        }
    }
}
