//! Decodes messages into sockets.

use super::{bytes::Fault, inet, netlink, packet, unix, vsock, xdp};
use crate::model::{
    Family, InetProtocol, InetSocket, NetlinkSocket, PacketSocket, RowForm, Socket, Source, Table,
    UnixSocket, VsockSocket, XdpSocket,
};

/// Decodes messages about the sockets of one table.
///
/// It reuses one row, so a dump costs no allocation per row once the lists in it have grown.
///
/// # Trust
///
/// Every length is checked; bytes that no kernel sends are a [`Fault`], never a panic. Unknown
/// attributes are skipped, and structures are read as far as they go, so that older and newer
/// kernels can be read.
#[derive(Clone, Debug)]
pub struct Decoder(DecodedRow);

/// The row, by the form of the table.
#[derive(Clone, Debug)]
enum DecodedRow {
    Inet(Family, InetSocket),
    Event(InetSocket),
    Unix(UnixSocket),
    Packet(PacketSocket),
    Netlink(NetlinkSocket),
    Vsock(VsockSocket),
    Xdp(XdpSocket),
}

impl Decoder {
    /// Returns the decoder of a table's messages.
    pub fn new(table: Table) -> Self {
        Self(match table.form() {
            RowForm::Inet(protocol, family) => {
                DecodedRow::Inet(family, InetSocket::blank(Source::SockDiag, protocol))
            }
            RowForm::Unix => DecodedRow::Unix(UnixSocket::blank(Source::SockDiag)),
            RowForm::Packet => DecodedRow::Packet(PacketSocket::blank(Source::SockDiag)),
            RowForm::Netlink => DecodedRow::Netlink(NetlinkSocket::blank(Source::SockDiag)),
            RowForm::Vsock => DecodedRow::Vsock(vsock::blank()),
            RowForm::Xdp => DecodedRow::Xdp(xdp::blank()),
        })
    }

    /// Returns the decoder of events, which are for TCP and UDP sockets of both families.
    pub fn of_events() -> Self {
        Self(DecodedRow::Event(InetSocket::blank(Source::SockDiag, InetProtocol::Tcp)))
    }

    /// Decodes what follows the netlink header of a message; the socket is lent until the next
    /// call.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when these are not the bytes of a socket of the table.
    #[inline]
    pub fn decode(&mut self, message: &[u8]) -> Result<Socket<'_>, Fault> {
        self.update(message)?;
        Ok(self.row())
    }

    /// Decodes a message into the row.
    #[inline]
    pub(super) fn update(&mut self, message: &[u8]) -> Result<(), Fault> {
        match &mut self.0 {
            DecodedRow::Inet(family, row) => inet::decode(message, *family, row),
            DecodedRow::Event(row) => inet::decode_event(message, row),
            DecodedRow::Unix(row) => unix::decode(message, row),
            DecodedRow::Packet(row) => packet::decode(message, row),
            DecodedRow::Netlink(row) => netlink::decode(message, row),
            DecodedRow::Vsock(row) => vsock::decode(message, row),
            DecodedRow::Xdp(row) => xdp::decode(message, row),
        }
    }

    /// Lends the row that was decoded last.
    #[inline]
    pub(super) fn row(&self) -> Socket<'_> {
        match &self.0 {
            DecodedRow::Inet(_, row) | DecodedRow::Event(row) => Socket::Inet(row),
            DecodedRow::Unix(row) => Socket::Unix(row),
            DecodedRow::Packet(row) => Socket::Packet(row),
            DecodedRow::Netlink(row) => Socket::Netlink(row),
            DecodedRow::Vsock(row) => Socket::Vsock(row),
            DecodedRow::Xdp(row) => Socket::Xdp(row),
        }
    }
}
