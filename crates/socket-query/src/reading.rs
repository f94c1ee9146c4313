//! The tables of the kernel that a listing reads, in order, and the tables that no source reports.

use std::ops::ControlFlow;

use procnetsocket::{ErrorKind, SocketTables, Table};

use crate::{
    policy::Policy,
    select::{AddressFamily, Selection, SocketTable, TableSet},
    sink::{ListingProblem, UnreportedTables},
};

/// One table of the kernel in a listing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableReading {
    /// `None` for a protocol that no source has.
    pub(crate) table: Option<Table>,
    family: AddressFamily,
    tables: &'static [SocketTable],
    /// Its name in `/proc/net/protocols`.
    protocol: &'static str,
}

impl TableReading {
    /// Returns the tables to read for a selection under a policy, in the order of the listing.
    pub(crate) fn all_of(
        policy: &Policy,
        selection: &Selection,
    ) -> impl Iterator<Item = &'static Self> {
        let wanted = selection.tables;
        let families = selection.families.intersection(policy.families());
        READINGS.iter().filter(move |reading| {
            families.contains(reading.family) && wanted.intersects(reading.tables())
        })
    }

    fn tables(&self) -> TableSet {
        self.tables.iter().copied().collect()
    }
}

const fn reading(
    table: Table,
    family: AddressFamily,
    tables: &'static [SocketTable],
    protocol: &'static str,
) -> TableReading {
    TableReading { table: Some(table), family, tables, protocol }
}

/// Every table, in the order of the listing.
static READINGS: [TableReading; 17] = {
    use AddressFamily::{Inet, Inet6, Netlink, Packet, Unix, Vsock, Xdp};
    use SocketTable as S;
    [
        reading(Table::Netlink, Netlink, &[S::Netlink], "NETLINK"),
        reading(Table::Packet, Packet, &[S::PacketRaw, S::PacketDatagram], "PACKET"),
        reading(Table::Unix, Unix, &[S::UnixStream, S::UnixDatagram, S::UnixSeqPacket], "UNIX"),
        reading(Table::Raw4, Inet, &[S::Raw], "RAW"),
        reading(Table::Raw6, Inet6, &[S::Raw], "RAWv6"),
        reading(Table::Udp4, Inet, &[S::Udp], "UDP"),
        reading(Table::Udp6, Inet6, &[S::Udp], "UDPv6"),
        reading(Table::Tcp4, Inet, &[S::Tcp], "TCP"),
        reading(Table::Tcp6, Inet6, &[S::Tcp], "TCPv6"),
        TableReading { table: None, family: Inet, tables: &[S::Dccp], protocol: "DCCP" },
        TableReading { table: None, family: Inet6, tables: &[S::Dccp], protocol: "DCCPv6" },
        reading(Table::Sctp4, Inet, &[S::Sctp], "SCTP"),
        reading(Table::Sctp6, Inet6, &[S::Sctp], "SCTPv6"),
        reading(Table::Vsock, Vsock, &[S::VsockStream, S::VsockDatagram], "AF_VSOCK"),
        reading(Table::Xdp, Xdp, &[S::Xdp], "XDP"),
        reading(Table::Mptcp4, Inet, &[S::Mptcp], "MPTCP"),
        reading(Table::Mptcp6, Inet6, &[S::Mptcp], "MPTCPv6"),
    ]
};

/// The tables that were selected by name, and that no source reports.
///
/// An empty listing is correct when the kernel lacks the protocol. It would be wrong when the
/// kernel has the protocol, but neither its sock_diag module nor a text table.
/// `/proc/net/protocols` lists the protocols that the kernel has.
pub(crate) struct Unreported {
    named: TableSet,
    readings: Vec<&'static TableReading>,
}

impl Unreported {
    pub(crate) fn new(selection: &Selection) -> Self {
        Self { named: selection.named, readings: Vec::new() }
    }

    /// Adds a table that no source reports.
    pub(crate) fn add(&mut self, reading: &'static TableReading) {
        if self.named.intersects(reading.tables()) {
            self.readings.push(reading);
        }
    }

    /// Reports the tables whose protocol the kernel has, IPv4 and IPv6 together.
    pub(crate) fn report(
        mut self,
        tables: &SocketTables,
        mut problem: impl FnMut(ListingProblem<'_>) -> ControlFlow<()>,
    ) {
        if self.readings.is_empty() {
            return;
        }
        let known = tables.protocols();
        match &known {
            Ok(known) => self
                .readings
                .retain(|reading| known.iter().any(|protocol| protocol == reading.protocol)),
            // Only a fake root lacks the file.
            Err(error) if error.kind() == ErrorKind::Missing => return,
            Err(_) => {}
        }
        self.readings.dedup_by_key(|reading| reading.tables());
        for reading in self.readings {
            let word = match reading.tables {
                [table] => table.name(),
                _ => reading.family.name(),
            };
            let tables = UnreportedTables { word, unknown: known.as_ref().err() };
            if problem(ListingProblem::Unreported(tables)).is_break() {
                return;
            }
        }
    }
}
