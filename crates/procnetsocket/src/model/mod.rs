//! Sockets as the kernel knows them: one type per kernel concept, defined once.
//!
//! The types are filled by a source (the text tables of `/proc/net` today) and read by everything
//! to the right of it. What a source cannot know is `None`, never a made-up value.

mod id;
mod inet;
mod netlink;
mod packet;
mod queue;
mod state;
mod timer;
mod unix;

pub use id::{Inode, KernelPointer};
pub use inet::{InetProtocol, InetSocket, TcpDetail};
pub use netlink::NetlinkSocket;
pub use packet::{PacketKind, PacketSocket};
pub use queue::Queues;
pub use state::TcpState;
pub use timer::{Timer, TimerKind};
pub use unix::{UnixKind, UnixName, UnixSocket, UnixState};

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
}
