//! The tables of `/proc/net`, with their files, headers and padding.

/// A table of `/proc/net`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcTable {
    /// `net/tcp`.
    Tcp,
    /// `net/tcp6`.
    Tcp6,
    /// `net/udp`.
    Udp,
    /// `net/udp6`.
    Udp6,
    /// `net/udplite`.
    UdpLite,
    /// `net/udplite6`.
    UdpLite6,
    /// `net/raw`.
    Raw,
    /// `net/raw6`.
    Raw6,
    /// `net/icmp`.
    Icmp,
    /// `net/icmp6`.
    Icmp6,
    /// `net/unix`.
    Unix,
    /// `net/packet`.
    Packet,
    /// `net/netlink`.
    Netlink,
}

const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const UDP: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
const DATAGRAM: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const DATAGRAM6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
const UNIX: &str = "Num       RefCount Protocol Flags    Type St Inode Path";
const PACKET: &str = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode";
const NETLINK: &str =
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode";

impl ProcTable {
    /// Every table.
    pub const ALL: [Self; 13] = [
        Self::Tcp,
        Self::Tcp6,
        Self::Udp,
        Self::Udp6,
        Self::UdpLite,
        Self::UdpLite6,
        Self::Raw,
        Self::Raw6,
        Self::Icmp,
        Self::Icmp6,
        Self::Unix,
        Self::Packet,
        Self::Netlink,
    ];

    /// Returns the path of its file below the proc root.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Tcp => "net/tcp",
            Self::Tcp6 => "net/tcp6",
            Self::Udp => "net/udp",
            Self::Udp6 => "net/udp6",
            Self::UdpLite => "net/udplite",
            Self::UdpLite6 => "net/udplite6",
            Self::Raw => "net/raw",
            Self::Raw6 => "net/raw6",
            Self::Icmp => "net/icmp",
            Self::Icmp6 => "net/icmp6",
            Self::Unix => "net/unix",
            Self::Packet => "net/packet",
            Self::Netlink => "net/netlink",
        }
    }

    /// Returns its first line.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Tcp => TCP,
            Self::Udp | Self::UdpLite => UDP,
            Self::Raw | Self::Icmp => DATAGRAM,
            Self::Tcp6 => TCP6,
            Self::Udp6 | Self::UdpLite6 | Self::Raw6 | Self::Icmp6 => DATAGRAM6,
            Self::Unix => UNIX,
            Self::Packet => PACKET,
            Self::Netlink => NETLINK,
        }
    }

    /// Returns the width to which every line is padded with blanks (`seq_pad`), without the
    /// newline; 0 for tables without padding.
    pub const fn width(self) -> usize {
        match self {
            Self::Tcp => 149,
            Self::Udp | Self::UdpLite | Self::Icmp => 127,
            _ => 0,
        }
    }

    /// Returns the width of the column `sl`.
    pub(crate) const fn slot_width(self) -> usize {
        match self {
            Self::Tcp | Self::Tcp6 | Self::Raw => 4,
            _ => 5,
        }
    }
}
