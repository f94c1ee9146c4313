//! Socket tables as a caller selects them. They are not the kernel's files: one of these may be
//! read from two files, and one file may contain two of these.

use super::{AddressFamily, FamilySet};
use crate::word::words;

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
    /// Unix datagram sockets, and those of an unknown type.
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
    /// Returns the address families whose sockets are in the table.
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
}

words! {
    SocketTable {
        Netlink = 0 "netlink",
        PacketRaw = 1 "packet_raw",
        PacketDatagram = 2 "packet_dgram",
        UnixStream = 3 "unix_stream",
        UnixDatagram = 4 "unix_dgram",
        UnixSeqPacket = 5 "unix_seqpacket",
        Raw = 6 "raw",
        Udp = 7 "udp",
        Tcp = 8 "tcp",
        Dccp = 9 "dccp",
        Sctp = 10 "sctp",
        VsockStream = 11 "vsock_stream",
        VsockDatagram = 12 "vsock_dgram",
        Tipc = 13 "tipc",
        Xdp = 14 "xdp",
        Mptcp = 15 "mptcp",
    }
    /// A set of socket tables.
    TableSet(u16)
}

impl TableSet {
    /// Returns the set with every table of sockets of `family`.
    pub fn of_family(family: AddressFamily) -> Self {
        SocketTable::ALL.into_iter().filter(|table| table.families().contains(family)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_bits_are_unique() {
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
