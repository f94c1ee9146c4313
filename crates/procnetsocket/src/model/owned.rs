//! A row that is kept.

use super::{InetSocket, NetlinkSocket, PacketSocket, Socket, UnixSocket, VsockSocket, XdpSocket};

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
