//! Socket tables as a caller selects them, which are not the kernel's files: one of these may be
//! read from two files, and one file may hold two of these.

use std::fmt;

use super::{AddressFamily, FamilySet};

/// A table of sockets, in the order in which tables are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SocketTable {
    /// Netlink sockets.
    Netlink,
    /// Packet sockets with the link header.
    PacketRaw,
    /// Packet sockets without it.
    PacketDatagram,
    /// Unix stream sockets.
    UnixStream,
    /// Unix datagram sockets, and those of a type that is not known.
    UnixDatagram,
    /// Unix sequenced packet sockets.
    UnixSeqPacket,
    /// Raw IP sockets.
    Raw,
    /// UDP sockets.
    Udp,
    /// TCP sockets.
    Tcp,
    /// DCCP sockets.
    Dccp,
    /// SCTP sockets.
    Sctp,
    /// Stream sockets between virtual machines.
    VsockStream,
    /// Datagram sockets between virtual machines.
    VsockDatagram,
    /// TIPC sockets.
    Tipc,
    /// XDP sockets.
    Xdp,
    /// Multipath TCP connections.
    Mptcp,
}

impl SocketTable {
    /// Every table, in the order in which they are listed.
    pub const ALL: [Self; 16] = [
        Self::Netlink,
        Self::PacketRaw,
        Self::PacketDatagram,
        Self::UnixStream,
        Self::UnixDatagram,
        Self::UnixSeqPacket,
        Self::Raw,
        Self::Udp,
        Self::Tcp,
        Self::Dccp,
        Self::Sctp,
        Self::VsockStream,
        Self::VsockDatagram,
        Self::Tipc,
        Self::Xdp,
        Self::Mptcp,
    ];

    /// Returns the address families whose sockets stand in the table.
    pub const fn families(self) -> FamilySet {
        use AddressFamily::{Inet, Inet6, Netlink, Packet, Tipc, Unix, Vsock, Xdp};
        match self {
            Self::Netlink => FamilySet::of(Netlink),
            Self::PacketRaw | Self::PacketDatagram => FamilySet::of(Packet),
            Self::UnixStream | Self::UnixDatagram | Self::UnixSeqPacket => FamilySet::of(Unix),
            Self::VsockStream | Self::VsockDatagram => FamilySet::of(Vsock),
            Self::Tipc => FamilySet::of(Tipc),
            Self::Xdp => FamilySet::of(Xdp),
            Self::Raw | Self::Udp | Self::Tcp | Self::Dccp | Self::Sctp | Self::Mptcp => {
                FamilySet::of(Inet).union(FamilySet::of(Inet6))
            }
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Netlink => 1,
            Self::PacketRaw => 1 << 1,
            Self::PacketDatagram => 1 << 2,
            Self::UnixStream => 1 << 3,
            Self::UnixDatagram => 1 << 4,
            Self::UnixSeqPacket => 1 << 5,
            Self::Raw => 1 << 6,
            Self::Udp => 1 << 7,
            Self::Tcp => 1 << 8,
            Self::Dccp => 1 << 9,
            Self::Sctp => 1 << 10,
            Self::VsockStream => 1 << 11,
            Self::VsockDatagram => 1 << 12,
            Self::Tipc => 1 << 13,
            Self::Xdp => 1 << 14,
            Self::Mptcp => 1 << 15,
        }
    }
}

/// A set of socket tables.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TableSet(u16);

impl TableSet {
    /// Every table.
    pub const ALL: Self = Self(u16::MAX);
    /// No table.
    pub const EMPTY: Self = Self(0);

    /// Returns the set that holds one table.
    pub const fn of(table: SocketTable) -> Self {
        Self(table.bit())
    }

    /// Returns the set that holds every table in which sockets of `family` stand.
    pub fn of_family(family: AddressFamily) -> Self {
        SocketTable::ALL.into_iter().filter(|table| table.families().contains(family)).collect()
    }

    /// Returns the set of what is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the set without what is in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns whether a table is in both.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns whether `table` is in the set.
    pub const fn contains(self, table: SocketTable) -> bool {
        self.0 & table.bit() != 0
    }

    /// Returns whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the number of tables in the set.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Returns the tables of the set, in the order in which they are listed.
    pub fn iter(self) -> impl Iterator<Item = SocketTable> {
        SocketTable::ALL.into_iter().filter(move |table| self.contains(*table))
    }
}

impl FromIterator<SocketTable> for TableSet {
    fn from_iter<I: IntoIterator<Item = SocketTable>>(tables: I) -> Self {
        tables.into_iter().fold(Self::EMPTY, |set, table| set.union(Self::of(table)))
    }
}

impl fmt::Debug for TableSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_has_a_bit_of_its_own() {
        let all: TableSet = SocketTable::ALL.into_iter().collect();
        assert_eq!(all, TableSet::ALL);
        assert_eq!(all.len(), 16);
    }

    #[test]
    fn tables_of_a_family_are_those_that_name_it() {
        let unix = TableSet::of_family(AddressFamily::Unix);
        assert_eq!(unix.len(), 3);
        assert!(unix.contains(SocketTable::UnixSeqPacket));
        assert_eq!(
            TableSet::of_family(AddressFamily::Inet),
            TableSet::of_family(AddressFamily::Inet6)
        );
    }
}
