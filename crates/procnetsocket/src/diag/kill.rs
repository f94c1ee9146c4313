//! Destroying sockets.

use cap_std::AmbientAuthority;

use super::{
    channel::PATIENCE,
    error::{DiagError, of_lookup},
    request::{InetLookup, encode_destroy},
    socket::DiagSocket,
    wire::{Messages, NLMSG_ERROR},
};
use crate::{
    error::Error,
    model::{Family, Table},
    visit::{Interrupt, Uninterrupted},
};

/// The right to destroy sockets.
#[derive(Clone, Debug)]
pub struct KillAuthority(());

impl KillAuthority {
    /// Returns the right, for a token of ambient authority.
    ///
    /// # Ambient Authority
    ///
    /// The token is for ending connections of any process on the system. The kernel requires
    /// `CAP_NET_ADMIN` in the network namespace as well.
    pub fn from_ambient(_token: AmbientAuthority) -> Self {
        Self(())
    }
}

impl DiagSocket {
    /// Destroys a socket: its process gets `ECONNABORTED`, and a TCP connection is reset.
    ///
    /// A socket that was listed is identified by its cookie, too, so that no other with the same
    /// addresses is destroyed.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when it is gone (or the protocol has no handler),
    /// [`Denied`](crate::ErrorKind::Denied) without `CAP_NET_ADMIN`,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) when the kernel cannot destroy sockets of the
    /// protocol, and those of a [`DiagSocket::visit`].
    pub fn destroy(
        &self,
        _right: &KillAuthority,
        socket: &InetLookup,
        interrupt: &dyn Interrupt,
    ) -> Result<(), Error> {
        let family = if socket.local.is_ipv4() { Family::V4 } else { Family::V6 };
        let table = Table::inet(socket.protocol, family);
        let mut lease = self.lease(table, interrupt)?;
        let channel = &mut lease.channel;
        if interrupt.is_interrupted() {
            return Err(DiagError::Interrupted(table).into());
        }
        // The socket is destroyed from here on, so the answer is waited for without interrupt: the
        // kernel sends it at once.
        let until_done = &Uninterrupted;
        let sequence =
            channel.send(table, until_done, &|number, out| encode_destroy(socket, number, out))?;
        loop {
            let datagram = channel.receive(table, PATIENCE, until_done)?;
            let Some(errno) = acknowledgement(datagram, table, sequence)? else { continue };
            channel.finish();
            return match errno {
                0 => Ok(()),
                errno => Err(of_lookup(table, errno).into()),
            };
        }
    }
}

/// Returns the errno, or 0, in the kernel's answer to a request; `None` when the datagram is about
/// something else.
fn acknowledgement(datagram: &[u8], table: Table, sequence: u32) -> Result<Option<i32>, DiagError> {
    for message in Messages::new(datagram) {
        let message = message.map_err(|framing| DiagError::Framing { table, framing })?;
        if message.sequence == sequence && message.kind == NLMSG_ERROR {
            return Ok(Some(message.errno().unwrap_or_default()));
        }
    }
    Ok(None)
}
