//! The text tables of `/proc/net`: which there are, and pure parsers of their rows.
//!
//! A parser gets one line without its newline and gives the row or the [`Problem`] that it met. It
//! reuses one row, so a table costs no allocation per row, and it knows nothing of files or limits.

mod decimal;
mod fields;
mod head;
mod hex;
mod inet;
mod netlink;
mod packet;
mod unix;

use std::fmt;

pub(crate) use self::{
    decimal::signed,
    fields::{Expected, Fields, Problem, Until},
    inet::{Family, InetRows},
    netlink::NetlinkRows,
    packet::PacketRows,
    unix::UnixRows,
};
use crate::{
    model::{InetProtocol, Socket},
    root::ProcFile,
};

/// A socket table of `/proc/net`.
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
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 13] = [
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

    /// Returns the name of its file in `/proc/net`.
    pub fn name(self) -> &'static str {
        // OK because every table lies below `net`; a test says so.
        self.file().name().strip_prefix("net/").unwrap_or_default()
    }

    /// Returns its file.
    pub(crate) const fn file(self) -> ProcFile {
        match self {
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
        }
    }

    /// Returns the form of its rows.
    pub(crate) const fn form(self) -> Form {
        match self {
            Self::Tcp4 => Form::Inet(InetProtocol::Tcp, Family::V4),
            Self::Tcp6 => Form::Inet(InetProtocol::Tcp, Family::V6),
            Self::Udp4 => Form::Inet(InetProtocol::Udp, Family::V4),
            Self::Udp6 => Form::Inet(InetProtocol::Udp, Family::V6),
            Self::UdpLite4 => Form::Inet(InetProtocol::UdpLite, Family::V4),
            Self::UdpLite6 => Form::Inet(InetProtocol::UdpLite, Family::V6),
            Self::Raw4 => Form::Inet(InetProtocol::Raw, Family::V4),
            Self::Raw6 => Form::Inet(InetProtocol::Raw, Family::V6),
            Self::Icmp4 => Form::Inet(InetProtocol::Icmp, Family::V4),
            Self::Icmp6 => Form::Inet(InetProtocol::Icmp, Family::V6),
            Self::Unix => Form::Unix,
            Self::Packet => Form::Packet,
            Self::Netlink => Form::Netlink,
        }
    }
}

/// The form of a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Inet(InetProtocol, Family),
    Unix,
    Packet,
    Netlink,
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
pub(crate) trait Rows {
    /// Checks the first line of the table, which names the columns.
    fn check_header(&self, _header: &[u8]) -> Result<(), Problem> {
        Ok(())
    }

    /// Parses a line without its newline; the socket is lent until the next call.
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, Problem>;
}

/// Returns what is reported of a malformed row, or `None` when it is well formed.
#[cfg(test)]
fn complaint(table: Table, rows: &mut impl Rows, line: &[u8]) -> Option<String> {
    let problem = rows.parse(line).err()?;
    Some(crate::RowError::new(table, 7, line, problem).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_has_a_name_of_its_own() {
        let names: Vec<_> = Table::ALL.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(
            names.join(" "),
            @"tcp tcp6 udp udp6 udplite udplite6 raw raw6 icmp icmp6 unix packet netlink"
        );
    }

    #[test]
    fn a_name_is_padded_as_asked() {
        assert_eq!(format!("{:>5}|{:<5}", Table::Tcp4, Table::Udp4), "  tcp|udp  ");
    }
}
