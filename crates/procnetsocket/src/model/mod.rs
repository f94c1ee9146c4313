//! Sockets as the kernel knows them: one type per kernel concept, defined once.
//!
//! The types are filled by a source (sock_diag, or the text tables of `/proc/net`) and read by
//! everything to the right of it. What a source cannot know is `None`, never a made-up value; the
//! few fields that cannot be absent say what they are then.
//!
//! With the feature `serde` a [`Socket`] is written as data and an [`OwnedSocket`] is read back, equal to
//! what was written. The form is made for JSON; `docs/ss.schema.json` in the repository describes it.

#[macro_use]
mod bits;
mod congestion;
#[cfg(feature = "serde")]
mod form;
mod id;
mod inet;
mod inet_detail;
mod memory;
mod mptcp_info;
mod netlink;
mod owned;
mod packet;
mod queue;
mod sctp_info;
mod shutdown;
mod state;
mod state_mask;
mod tcp_info;
mod timer;
mod ulp;
mod unix;
mod vsock;
mod xdp;

pub use congestion::{BbrInfo, CongestionInfo, DctcpInfo, ShortName, VegasInfo};
pub use id::{Cookie, Inode, KernelPointer};
pub use inet::{InetProtocol, InetSocket, TcpDetail};
pub use inet_detail::{InetDetail, InetDetails, InetInfo, InetOptions, Md5Key};
pub use memory::{InetMemory, SocketMemory};
pub use mptcp_info::MptcpInfo;
pub use netlink::{NetlinkDetail, NetlinkFlags, NetlinkGroups, NetlinkSocket};
pub use owned::OwnedSocket;
pub use packet::{
    Fanout, FilterInstruction, PacketDetail, PacketFlags, PacketInfo, PacketKind, PacketMulticast,
    PacketRing, PacketSocket,
};
pub use queue::Queues;
pub use sctp_info::{SctpCounters, SctpInfo, SctpPath, SctpState};
pub use shutdown::Shutdown;
pub use state::TcpState;
pub use state_mask::StateMask;
pub use tcp_info::{AccurateEcn, TcpInfo, TcpOptions};
pub use timer::{Timer, TimerKind};
pub use ulp::{MptcpSubflow, MptcpSubflowFlags, TlsInfo, TlsMode, Ulp, UlpInfo};
pub use unix::{Device, UnixDetail, UnixFile, UnixKind, UnixName, UnixSocket, UnixState};
pub use vsock::{VsockAddr, VsockKind, VsockSocket};
pub use xdp::{XdpDetail, XdpQueue, XdpSocket, XdpStatistics, XdpUmem};

use crate::Source;

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
