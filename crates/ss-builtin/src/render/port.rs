//! Ports by name or number.

use builtin_cli::Escaped;
use std::ops::RangeInclusive;

use bstr::BStr;
use procnetsocket::model::InetProtocol;
use socket_query::{Names as NameTables, SocketTable, TableSet, TransportProtocol};

use super::{field::push_number, number::push_decimal};
use crate::cli::NameDisplay;

/// Names the ports of a listing.
pub(super) struct PortNames<'a> {
    tables: &'a NameTables,
    names: NameDisplay,
    /// The range of ephemeral ports, which the kernel assigns.
    range: RangeInclusive<u16>,
    /// Which names are used for protocols without names.
    borrowed: Borrowed,
}

/// Compat: SCTP and Multipath TCP have no service names. They use the names of the table that is
/// listed before them, or of any protocol if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Borrowed {
    Of(InetProtocol),
    OfAny,
}

impl<'a> PortNames<'a> {
    /// Returns the names for a listing of those tables.
    pub(super) fn new(
        tables: &'a NameTables,
        names: NameDisplay,
        range: RangeInclusive<u16>,
        listed: TableSet,
    ) -> Self {
        let before = [
            (SocketTable::Tcp, InetProtocol::Tcp),
            (SocketTable::Udp, InetProtocol::Udp),
            (SocketTable::Raw, InetProtocol::Raw),
        ];
        let last = before.into_iter().find(|(table, _)| listed.contains(*table));
        let borrowed = last.map_or(Borrowed::OfAny, |(_, protocol)| Borrowed::Of(protocol));
        Self { tables, names, range, borrowed }
    }

    /// Sets the range of ephemeral ports.
    pub(super) fn set_range(&mut self, range: RangeInclusive<u16>) {
        self.range = range;
    }

    /// Appends a port: `*` for none, the name if it is requested and known, else the number.
    pub(super) fn push(&self, out: &mut Vec<u8>, protocol: InetProtocol, port: u16) {
        if port == 0 {
            out.push(b'*');
            return;
        }
        match (self.name_of(protocol, port), self.borrowed(protocol)) {
            (Some(name), _) => Escaped::name(name).push_to(out),
            (None, Borrowed::Of(InetProtocol::Raw)) if self.names == NameDisplay::Resolved => {
                push_number(out, "ipproto-", port);
            }
            (None, _) => push_decimal(out, port.into()),
        }
    }

    /// Returns the name of a port, if it is requested and known.
    pub(super) fn name_of(&self, protocol: InetProtocol, port: u16) -> Option<&BStr> {
        match self.names {
            NameDisplay::Resolved if port != 0 => self.name(self.borrowed(protocol), port),
            _ => None,
        }
    }

    fn borrowed(&self, protocol: InetProtocol) -> Borrowed {
        match protocol {
            InetProtocol::Sctp | InetProtocol::Mptcp => self.borrowed,
            own => Borrowed::Of(own),
        }
    }

    fn name(&self, borrowed: Borrowed, port: u16) -> Option<&BStr> {
        match borrowed {
            Borrowed::Of(InetProtocol::Raw) => self.tables.protocol(port),
            // An ephemeral port does not identify a service.
            _ if self.range.contains(&port) => None,
            Borrowed::Of(InetProtocol::Udp) => self.tables.service(port, TransportProtocol::Udp),
            Borrowed::Of(_) => self.tables.service(port, TransportProtocol::Tcp),
            Borrowed::OfAny => self.tables.service_of_any(port),
        }
    }
}
