//! A row of any table, borrowed or owned.

use super::{
    id::{Inode, KernelPointer},
    inet::InetSocket,
    netlink::NetlinkSocket,
    packet::PacketSocket,
    source::Source,
    state::TcpState,
    unix::UnixSocket,
    vsock::VsockSocket,
    xdp::XdpSocket,
};

/// One row of a socket table, lent to a [`Visitor`](crate::Visitor).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Returns the source of the row.
    pub fn source(&self) -> Source {
        match self {
            Self::Inet(row) => row.source,
            Self::Unix(row) => row.source,
            Self::Packet(row) => row.source,
            Self::Netlink(row) => row.source,
            Self::Vsock(row) => row.source,
            Self::Xdp(row) => row.source,
        }
    }

    /// Returns the state in which the socket is listed.
    ///
    /// Unix sockets have the nearest TCP state. Packet, netlink and XDP sockets have no states, and
    /// count as unconnected ([`TcpState::Close`]).
    pub fn state(&self) -> TcpState {
        match self {
            Self::Inet(socket) => socket.state,
            Self::Unix(socket) => socket.listed_state(),
            Self::Vsock(socket) => socket.state,
            Self::Packet(_) | Self::Netlink(_) | Self::Xdp(_) => TcpState::Close,
        }
    }

    /// Returns the uid of the socket, if the source reports one.
    ///
    /// Kernel: an internet or packet socket that no process can have open (TIME-WAIT, half-open
    /// connections, sockets that were closed) has no inode, and its uid is reported as 0, which is
    /// not a real uid then.
    pub const fn uid(&self) -> Option<u32> {
        match self {
            Self::Inet(row) if row.inode.is_some() => Some(row.uid),
            Self::Unix(row) => row.detail.uid,
            Self::Packet(row) if row.inode.is_some() => Some(row.uid),
            Self::Xdp(row) => row.detail.uid,
            Self::Inet(_) | Self::Packet(_) | Self::Netlink(_) | Self::Vsock(_) => None,
        }
    }

    /// Returns the inode; `None` when no process can have the socket open.
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

/// The serde form of [`Socket`], in which IPv4 and IPv6 are two families.
#[cfg(feature = "serde")]
#[derive(serde::Serialize)]
#[serde(tag = "family", rename_all = "lowercase")]
enum SocketForm<'a> {
    Inet(&'a InetSocket),
    Inet6(&'a InetSocket),
    Unix(&'a UnixSocket),
    Packet(&'a PacketSocket),
    Netlink(&'a NetlinkSocket),
    Vsock(&'a VsockSocket),
    Xdp(&'a XdpSocket),
}

#[cfg(feature = "serde")]
impl serde::Serialize for Socket<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match *self {
            Self::Inet(row) if row.local.is_ipv6() => SocketForm::Inet6(row),
            Self::Inet(row) => SocketForm::Inet(row),
            Self::Unix(row) => SocketForm::Unix(row),
            Self::Packet(row) => SocketForm::Packet(row),
            Self::Netlink(row) => SocketForm::Netlink(row),
            Self::Vsock(row) => SocketForm::Vsock(row),
            Self::Xdp(row) => SocketForm::Xdp(row),
        };
        form.serialize(serializer)
    }
}

/// A copy of one row of a socket table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "family", rename_all = "lowercase"))]
#[non_exhaustive]
pub enum OwnedSocket {
    /// A socket of an internet protocol, IPv4 or IPv6.
    #[cfg_attr(feature = "serde", serde(alias = "inet6"))]
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

impl OwnedSocket {
    /// Clears what identifies the kernel object: the cookie and the pointers.
    ///
    /// Kernel: cookies are assigned in the order in which sockets are first listed, and objects are
    /// allocated side by side, so both reveal something about other sockets.
    pub fn clear_objects(&mut self) {
        let nowhere = KernelPointer(0);
        match self {
            Self::Inet(row) => (row.cookie, row.pointer) = (None, nowhere),
            Self::Unix(row) => (row.cookie, row.pointer) = (None, nowhere),
            Self::Packet(row) => (row.cookie, row.pointer) = (None, nowhere),
            Self::Netlink(row) => {
                (row.cookie, row.pointer) = (None, nowhere);
                // Older kernels print a pointer to the dump.
                row.dump = u64::from(row.dump != 0);
            }
            Self::Vsock(row) => row.cookie = None,
            Self::Xdp(row) => row.cookie = None,
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
