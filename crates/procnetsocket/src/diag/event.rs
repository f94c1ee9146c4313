//! Notifications for destroyed sockets.

use std::{
    fmt,
    ops::ControlFlow,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use cap_std::AmbientAuthority;

use super::{
    channel::Channel,
    decode::Decoder,
    error::DiagError,
    wire::{Messages, NLMSG_OVERRUN, SOCK_DIAG_BY_FAMILY},
};
use crate::{
    error::{Error, ErrorKind, RowError},
    model::{Source, Table},
    visit::{Interrupt, ReadReport, Visitor},
};

/// The right to receive events.
#[derive(Clone)]
pub struct EventAuthority(AmbientAuthority);

impl EventAuthority {
    /// Returns the right, for a token of ambient authority.
    ///
    /// # Ambient Authority
    ///
    /// The token is for opening a netlink socket and receiving, as long as it is open, which
    /// connections of the system end.
    pub fn from_ambient(token: AmbientAuthority) -> Self {
        Self(token)
    }
}

impl fmt::Debug for EventAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventAuthority")
    }
}

/// A set of multicast groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventGroups(u32);

impl EventGroups {
    /// TCP over IPv4.
    #[doc(alias = "SKNLGRP_INET_TCP_DESTROY")]
    pub const TCP4: Self = Self(1);
    /// UDP over IPv4.
    #[doc(alias = "SKNLGRP_INET_UDP_DESTROY")]
    pub const UDP4: Self = Self(1 << 1);
    /// TCP over IPv6.
    #[doc(alias = "SKNLGRP_INET6_TCP_DESTROY")]
    pub const TCP6: Self = Self(1 << 2);
    /// UDP over IPv6.
    #[doc(alias = "SKNLGRP_INET6_UDP_DESTROY")]
    pub const UDP6: Self = Self(1 << 3);
    /// Every group.
    pub const ALL: Self = Self(0xf);
}

bit_set!(EventGroups, NONE);

/// A socket to which the kernel sends events when TCP and UDP sockets are closed, including
/// listeners; since Linux 4.3.
///
/// A row of an event has the addresses and the cookie of the socket, and the statistics of a TCP
/// connection. Inode and uid are 0, and the state of a TCP socket is
/// [`Close`](crate::model::TcpState::Close); a UDP socket that was connected is still
/// [`Established`](crate::model::TcpState::Established). There are no events for sockets that are
/// opened.
#[derive(Debug)]
pub struct DestroyEvents {
    channel: Channel,
    decoder: Decoder,
    events: u64,
}

impl DestroyEvents {
    /// Opens the socket, in the network namespace of this thread.
    ///
    /// # Ambient Authority
    ///
    /// `right` is ambient authority, see [`EventAuthority::from_ambient`].
    ///
    /// # Errors
    ///
    /// As [`DiagSocket::open_ambient`](super::DiagSocket::open_ambient).
    pub fn open_ambient(right: &EventAuthority, groups: EventGroups) -> Result<Self, Error> {
        let mut channel = Channel::open_ambient(right.0)?;
        channel.make_room();
        channel.join(groups.0)?;
        Ok(Self { channel, decoder: Decoder::of_events(), events: 0 })
    }

    /// Receives the events of these groups from now on, and of no others. Unread events are
    /// dropped.
    ///
    /// A host can open the socket without a group, before it confines itself, and subscribe later.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied), [`Io`](ErrorKind::Io).
    pub fn subscribe(&mut self, groups: EventGroups) -> Result<(), Error> {
        Ok(self.channel.join(groups.0)?)
    }

    /// Waits at most that long for events, and hands those that arrive together to a visitor.
    ///
    /// If there was no event, the report has no rows.
    ///
    /// # Errors
    ///
    /// [`Overrun`](ErrorKind::Overrun) when events came faster than they were received, and some
    /// are lost; the next ones can still be received. [`Interrupted`](ErrorKind::Interrupted),
    /// [`Truncated`](ErrorKind::Truncated), [`Malformed`](ErrorKind::Malformed),
    /// [`Io`](ErrorKind::Io).
    pub fn wait(
        &mut self,
        at_most: Duration,
        interrupt: &dyn Interrupt,
        visitor: &mut dyn Visitor,
    ) -> Result<ReadReport, Error> {
        let mut report = ReadReport { source: Source::SockDiag, ..ReadReport::default() };
        // The table of an event is known only after it was read; errors of the socket name this
        // one.
        let table = Table::Tcp4;
        let datagram = match self.channel.receive(table, at_most, interrupt) {
            Ok(datagram) => datagram,
            Err(error) if error.kind() == ErrorKind::Timeout => return Ok(report),
            Err(error) => return Err(error),
        };
        for message in Messages::new(datagram) {
            let message = message.map_err(|framing| DiagError::Framing { table, framing })?;
            let flow = match message.kind {
                SOCK_DIAG_BY_FAMILY => {
                    self.events += 1;
                    hand_on(&mut self.decoder, message.payload, self.events, visitor, &mut report)
                }
                NLMSG_OVERRUN => return Err(DiagError::Overrun.into()),
                _ => ControlFlow::Continue(()),
            };
            if flow.is_break() {
                report.stopped = true;
                break;
            }
        }
        Ok(report)
    }
}

/// The descriptor becomes readable when there are events, for a caller that waits for other things,
/// too.
impl AsFd for DestroyEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

fn hand_on(
    decoder: &mut Decoder,
    payload: &[u8],
    number: u64,
    visitor: &mut dyn Visitor,
    report: &mut ReadReport,
) -> ControlFlow<()> {
    match decoder.decode(payload) {
        Ok(socket) => {
            report.rows += 1;
            visitor.socket(socket)
        }
        Err(fault) => {
            report.malformed += 1;
            visitor.malformed(&RowError::from_fault(Table::Tcp4, number, fault))
        }
    }
}
