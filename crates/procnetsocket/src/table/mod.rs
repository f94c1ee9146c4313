//! The socket tables: which there are, and pure parsers of the rows of the text tables.
//!
//! A parser gets one line without its newline and gives the row or the [`LineProblem`] that it met. It
//! reuses one row, so a table costs no allocation per row, and it knows nothing of files or limits.

mod decimal;
mod exact;
mod fields;
mod head;
mod hex;
mod inet;
mod netlink;
mod packet;
mod unix;

use std::fmt;

pub use self::inet::Family;
pub(crate) use self::{
    decimal::{signed, unsigned},
    fields::{Expected, FieldEnd, Fields, LineProblem},
    inet::InetRows,
    netlink::NetlinkRows,
    packet::PacketRows,
    unix::UnixRows,
};
use crate::{
    model::{InetProtocol, Socket},
    root::ProcFile,
};

/// A socket table of the kernel: a family, and of internet sockets also a protocol.
///
/// Most can be read as text, as a file of `/proc/net`, and all of them through sock_diag, as far as
/// the kernel has the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// `tcp`: TCP over IPv4.
    Tcp4,
    /// `tcp6`: TCP over IPv6.
    Tcp6,
    /// `udp`: UDP over IPv4.
    Udp4,
    /// `udp6`: UDP over IPv6.
    Udp6,
    /// `udplite`: UDP-Lite over IPv4.
    UdpLite4,
    /// `udplite6`: UDP-Lite over IPv6.
    UdpLite6,
    /// `raw`: raw sockets over IPv4.
    Raw4,
    /// `raw6`: raw sockets over IPv6.
    Raw6,
    /// `icmp`: ping sockets over IPv4.
    Icmp4,
    /// `icmp6`: ping sockets over IPv6.
    Icmp6,
    /// `unix`: unix domain sockets.
    Unix,
    /// `packet`: packet sockets.
    Packet,
    /// `netlink`: netlink sockets.
    Netlink,
    /// SCTP over IPv4; through sock_diag only.
    Sctp4,
    /// SCTP over IPv6; through sock_diag only.
    Sctp6,
    /// Multipath TCP over IPv4; through sock_diag only.
    Mptcp4,
    /// Multipath TCP over IPv6; through sock_diag only.
    Mptcp6,
    /// Vsock; through sock_diag only.
    Vsock,
    /// XDP; through sock_diag only.
    Xdp,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 19] = [
        Self::Tcp4,
        Self::Tcp6,
        Self::Udp4,
        Self::Udp6,
        Self::UdpLite4,
        Self::UdpLite6,
        Self::Raw4,
        Self::Raw6,
        Self::Icmp4,
        Self::Icmp6,
        Self::Unix,
        Self::Packet,
        Self::Netlink,
        Self::Sctp4,
        Self::Sctp6,
        Self::Mptcp4,
        Self::Mptcp6,
        Self::Vsock,
        Self::Xdp,
    ];

    /// The tables that can be read as text, in the order of [`Table::ALL`].
    pub const TEXT: [Self; 13] = [
        Self::Tcp4,
        Self::Tcp6,
        Self::Udp4,
        Self::Udp6,
        Self::UdpLite4,
        Self::UdpLite6,
        Self::Raw4,
        Self::Raw6,
        Self::Icmp4,
        Self::Icmp6,
        Self::Unix,
        Self::Packet,
        Self::Netlink,
    ];

    /// Returns the table of an internet protocol.
    pub const fn inet(protocol: InetProtocol, family: Family) -> Self {
        match (protocol, family) {
            (InetProtocol::Tcp, Family::V4) => Self::Tcp4,
            (InetProtocol::Tcp, Family::V6) => Self::Tcp6,
            (InetProtocol::Udp, Family::V4) => Self::Udp4,
            (InetProtocol::Udp, Family::V6) => Self::Udp6,
            (InetProtocol::UdpLite, Family::V4) => Self::UdpLite4,
            (InetProtocol::UdpLite, Family::V6) => Self::UdpLite6,
            (InetProtocol::Raw, Family::V4) => Self::Raw4,
            (InetProtocol::Raw, Family::V6) => Self::Raw6,
            (InetProtocol::Icmp, Family::V4) => Self::Icmp4,
            (InetProtocol::Icmp, Family::V6) => Self::Icmp6,
            (InetProtocol::Sctp, Family::V4) => Self::Sctp4,
            (InetProtocol::Sctp, Family::V6) => Self::Sctp6,
            (InetProtocol::Mptcp, Family::V4) => Self::Mptcp4,
            (InetProtocol::Mptcp, Family::V6) => Self::Mptcp6,
        }
    }

    /// Returns the name: that of its file in `/proc/net`, where it has one.
    pub fn name(self) -> &'static str {
        match (self.file(), self) {
            // OK because every table lies below `net`; a test says so.
            (Some(file), _) => file.name().strip_prefix("net/").unwrap_or_default(),
            (None, Self::Sctp4) => "sctp",
            (None, Self::Sctp6) => "sctp6",
            (None, Self::Mptcp4) => "mptcp",
            (None, Self::Mptcp6) => "mptcp6",
            (None, Self::Vsock) => "vsock",
            // OK because only this one is left.
            (None, _) => "xdp",
        }
    }

    /// Returns how messages call it: by its file, where it has one.
    pub(crate) fn place(self) -> &'static str {
        self.file().map_or_else(|| self.name(), ProcFile::name)
    }

    /// Returns its file, or `None` when it cannot be read as text.
    pub(crate) const fn file(self) -> Option<ProcFile> {
        Some(match self {
            Self::Tcp4 => ProcFile::NetTcp,
            Self::Tcp6 => ProcFile::NetTcp6,
            Self::Udp4 => ProcFile::NetUdp,
            Self::Udp6 => ProcFile::NetUdp6,
            Self::UdpLite4 => ProcFile::NetUdplite,
            Self::UdpLite6 => ProcFile::NetUdplite6,
            Self::Raw4 => ProcFile::NetRaw,
            Self::Raw6 => ProcFile::NetRaw6,
            Self::Icmp4 => ProcFile::NetIcmp,
            Self::Icmp6 => ProcFile::NetIcmp6,
            Self::Unix => ProcFile::NetUnix,
            Self::Packet => ProcFile::NetPacket,
            Self::Netlink => ProcFile::NetNetlink,
            Self::Sctp4 | Self::Sctp6 | Self::Mptcp4 | Self::Mptcp6 | Self::Vsock | Self::Xdp => {
                return None;
            }
        })
    }

    /// Returns the form of its rows.
    pub(crate) const fn form(self) -> RowForm {
        match self {
            Self::Tcp4 => RowForm::Inet(InetProtocol::Tcp, Family::V4),
            Self::Tcp6 => RowForm::Inet(InetProtocol::Tcp, Family::V6),
            Self::Udp4 => RowForm::Inet(InetProtocol::Udp, Family::V4),
            Self::Udp6 => RowForm::Inet(InetProtocol::Udp, Family::V6),
            Self::UdpLite4 => RowForm::Inet(InetProtocol::UdpLite, Family::V4),
            Self::UdpLite6 => RowForm::Inet(InetProtocol::UdpLite, Family::V6),
            Self::Raw4 => RowForm::Inet(InetProtocol::Raw, Family::V4),
            Self::Raw6 => RowForm::Inet(InetProtocol::Raw, Family::V6),
            Self::Icmp4 => RowForm::Inet(InetProtocol::Icmp, Family::V4),
            Self::Icmp6 => RowForm::Inet(InetProtocol::Icmp, Family::V6),
            Self::Unix => RowForm::Unix,
            Self::Packet => RowForm::Packet,
            Self::Netlink => RowForm::Netlink,
            Self::Sctp4 => RowForm::Inet(InetProtocol::Sctp, Family::V4),
            Self::Sctp6 => RowForm::Inet(InetProtocol::Sctp, Family::V6),
            Self::Mptcp4 => RowForm::Inet(InetProtocol::Mptcp, Family::V4),
            Self::Mptcp6 => RowForm::Inet(InetProtocol::Mptcp, Family::V6),
            Self::Vsock => RowForm::Vsock,
            Self::Xdp => RowForm::Xdp,
        }
    }
}

/// The form of a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowForm {
    Inet(InetProtocol, Family),
    Unix,
    Packet,
    Netlink,
    Vsock,
    Xdp,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The byte order of the machine whose kernel printed a table: addresses are printed as 32-bit
/// words in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// The least significant byte first (x86, arm64, riscv64).
    Little,
    /// The most significant byte first (s390x).
    Big,
}

impl Endian {
    /// The byte order of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "little") { Self::Little } else { Self::Big };
}

/// A parser of the rows of one table.
pub(crate) trait RowParser {
    /// Checks the first line of the table, which names the columns.
    fn check_header(&self, _header: &[u8]) -> Result<(), LineProblem> {
        Ok(())
    }

    /// Parses a line without its newline; the socket is lent until the next call.
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, LineProblem>;
}

/// Returns what is reported of a malformed row, or `None` when it is well formed.
#[cfg(test)]
fn complaint(table: Table, rows: &mut impl RowParser, line: &[u8]) -> Option<String> {
    let problem = rows.parse(line).err()?;
    Some(crate::RowError::new(table, 7, line, problem).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_are_unique() {
        let names: Vec<_> = Table::ALL.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(
            names.join(" "),
            @"tcp tcp6 udp udp6 udplite udplite6 raw raw6 icmp icmp6 unix packet netlink sctp sctp6 mptcp mptcp6 vsock xdp"
        );
    }

    #[test]
    fn a_table_that_can_be_read_as_text_has_a_file_below_net() {
        for table in Table::ALL {
            let file = table.file();
            assert_eq!(file.is_some(), Table::TEXT.contains(&table), "{table}");
            assert!(file.is_none_or(|file| file.name().starts_with("net/")));
        }
    }

    #[test]
    fn a_table_of_an_internet_protocol_is_found_by_it() {
        for table in Table::ALL {
            if let RowForm::Inet(protocol, family) = table.form() {
                assert_eq!(Table::inet(protocol, family), table);
            }
        }
    }

    #[test]
    fn a_name_is_padded_as_asked() {
        assert_eq!(format!("{:>5}|{:<5}", Table::Tcp4, Table::Udp4), "  tcp|udp  ");
    }
}
