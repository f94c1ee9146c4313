//! Sockets as the kernel reports them over netlink: sock_diag (`sock_diag(7)`).
//!
//! Data flow: a [`Request`] is encoded, the kernel replies with datagrams, each contains
//! [messages](Message), a message is [decoded](Decoder) into a row, and the row is lent to a
//! [`Visitor`](crate::Visitor). [`DiagSocket`] does all of this; [`Replies`] does everything except
//! the I/O.
//!
//! # What is checked
//!
//! | check of a reply | otherwise |
//! | --- | --- |
//! | it comes from the kernel | dropped |
//! | it answers this request | dropped |
//! | it is complete (32 KiB are enough for every datagram of the kernel) | [`Truncated`](crate::ErrorKind::Truncated) |
//! | the kernel is not silent for 5 s | [`Timeout`](crate::ErrorKind::Timeout) |
//! | messages are framed | [`Malformed`](crate::ErrorKind::Malformed) |
//! | a message is a socket of the table | [`Visitor::malformed`](crate::Visitor::malformed) |
//! | the end of a dump contains no error | the kind of the error: [`NoHandler`](crate::ErrorKind::NoHandler), ... |
//! | the table did not change during the dump | repeated, then [`ReadReport::inconsistent`](crate::ReadReport) |
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

pub(crate) use self::{
    ahead::{AheadQuery, AheadReplies},
    both::kept_rows,
    channel::open_socket,
    error::DiagError,
    interface::Interfaces,
};
pub use self::{
    bytes::Fault,
    decode::Decoder,
    dump::Replies,
    event::{DestroyEvents, EventAuthority, EventGroups},
    kill::KillAuthority,
    request::{InetLookup, Request, UnixLookup},
    socket::DiagSocket,
    wire::{FramingError, Message, Messages},
};
