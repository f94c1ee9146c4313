//! Sockets as the kernel tells of them over netlink: sock_diag (`sock_diag(7)`).
//!
//! The way of the data: a [`Request`] is written, the kernel answers with datagrams, each holds
//! [messages](Message), a message is [decoded](Decoder) into a row, and the row is lent to a
//! [`Visitor`](crate::Visitor). [`DiagSocket`] does all of it; [`Replies`] does all but the socket.
//!
//! # What is checked
//!
//! | of a reply | otherwise |
//! | --- | --- |
//! | it comes from the kernel | thrown away |
//! | it answers this request | thrown away |
//! | it is whole (32 KiB hold every one that a kernel sends) | [`Truncated`](crate::ErrorKind::Truncated) |
//! | the kernel is not silent for 5 s | [`Timeout`](crate::ErrorKind::Timeout) |
//! | messages are framed | [`Malformed`](crate::ErrorKind::Malformed) |
//! | a message is a socket of the table | [`Visitor::malformed`](crate::Visitor::malformed) |
//! | the end of a dump holds no error | a kind by the error: [`NoHandler`](crate::ErrorKind::NoHandler), ... |
//! | the table did not change under the dump | repeated, then [`ReadReport::inconsistent`](crate::ReadReport) |
//!
//! # Compatibility
//!
//! Linux 3.3 and newer. Numbers are in the byte order of this machine: a capture of a machine of
//! the other order cannot be read.

mod ahead;
mod both;
mod bytes;
mod channel;
mod decode;
mod dump;
mod error;
mod event;
mod inet;
mod interface;
mod kill;
mod netlink;
mod packet;
mod request;
mod socket;
mod uapi;
mod unix;
mod vsock;
mod wire;
mod xdp;

pub use self::{
    ahead::Ahead,
    bytes::Fault,
    decode::Decoder,
    dump::Replies,
    event::{DestroyEvents, EventAuthority, EventGroups},
    kill::KillAuthority,
    request::{InetLookup, Request, UnixLookup},
    socket::DiagSocket,
    wire::{FramingError, Message, Messages},
};
pub(crate) use self::{
    ahead::Question, both::kept_rows, channel::open_socket, error::DiagError, interface::Interfaces,
};
