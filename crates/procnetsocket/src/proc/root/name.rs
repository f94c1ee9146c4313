//! The names that can be opened: the only paths below `/proc` in this crate.

use std::{fmt, num::NonZeroU32};

use crate::model::Table;

/// A process id, in the numbering of the proc file system that is read; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pid(NonZeroU32);

impl Pid {
    /// The first process of a PID namespace.
    pub const INIT: Self = Self(NonZeroU32::MIN);

    /// Returns the process id of that number, or `None` for 0, which no process has.
    pub fn new(pid: u32) -> Option<Self> {
        NonZeroU32::new(pid).map(Self)
    }

    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Declares [`ProcFile`], so that a file's name and its documentation are in one place.
macro_rules! proc_files {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// A file of `/proc` that can be opened, below the base that has it.
        ///
        /// There is no variant for any other path, and none can be made.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum ProcFile {
            $($(#[doc = $doc])* #[doc = ""] #[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl ProcFile {
            /// Every file, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the name below the base, such as `net/tcp`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

proc_files! {
    /// TCP sockets over IPv4.
    NetTcp = "net/tcp",
    /// TCP sockets over IPv6.
    NetTcp6 = "net/tcp6",
    /// UDP sockets over IPv4.
    NetUdp = "net/udp",
    /// UDP sockets over IPv6.
    NetUdp6 = "net/udp6",
    /// UDP-Lite sockets over IPv4.
    NetUdplite = "net/udplite",
    /// UDP-Lite sockets over IPv6.
    NetUdplite6 = "net/udplite6",
    /// Raw sockets over IPv4.
    NetRaw = "net/raw",
    /// Raw sockets over IPv6.
    NetRaw6 = "net/raw6",
    /// Ping sockets over IPv4.
    NetIcmp = "net/icmp",
    /// Ping sockets over IPv6.
    NetIcmp6 = "net/icmp6",
    /// Unix domain sockets.
    NetUnix = "net/unix",
    /// Packet sockets.
    NetPacket = "net/packet",
    /// Netlink sockets.
    NetNetlink = "net/netlink",
    /// SCTP endpoints, if the module is loaded.
    NetSctpEps = "net/sctp/eps",
    /// SCTP associations, if the module is loaded.
    NetSctpAssocs = "net/sctp/assocs",
    /// Counts of sockets in use over IPv4, and of all sockets.
    NetSockstat = "net/sockstat",
    /// Counts of sockets in use over IPv6.
    NetSockstat6 = "net/sockstat6",
    /// Counters of the IPv4 protocols.
    NetSnmp = "net/snmp",
    /// The protocols for which the kernel has sockets.
    NetProtocols = "net/protocols",
    /// Multicast addresses of network interfaces, with the names of these.
    NetDevMcast = "net/dev_mcast",
    /// The range of local ports that the kernel assigns by itself; below the root only.
    ///
    /// Container runtimes bind `/proc/sys` over itself to make it read-only, and then this file is
    /// refused as overmounted: take the range as unknown.
    IpLocalPortRange = "sys/net/ipv4/ip_local_port_range",
    /// The state of a process in one line; below the root it is another file.
    Stat = "stat",
    /// The name of a process; below a process only.
    Comm = "comm",
    /// The arguments of a process; below the root it is another file.
    Cmdline = "cmdline",
    /// The state of a process in many lines; below a process only.
    Status = "status",
}

impl ProcFile {
    /// Returns whether its content depends on the network namespace: that of the process below
    /// which it is.
    pub fn is_of_namespace(self) -> bool {
        self.name().starts_with("net/")
    }

    /// Returns the file of a table, or `None` when the table cannot be read as text.
    pub(crate) const fn of_table(table: Table) -> Option<Self> {
        Some(match table {
            Table::Tcp4 => Self::NetTcp,
            Table::Tcp6 => Self::NetTcp6,
            Table::Udp4 => Self::NetUdp,
            Table::Udp6 => Self::NetUdp6,
            Table::UdpLite4 => Self::NetUdplite,
            Table::UdpLite6 => Self::NetUdplite6,
            Table::Raw4 => Self::NetRaw,
            Table::Raw6 => Self::NetRaw6,
            Table::Icmp4 => Self::NetIcmp,
            Table::Icmp6 => Self::NetIcmp6,
            Table::Unix => Self::NetUnix,
            Table::Packet => Self::NetPacket,
            Table::Netlink => Self::NetNetlink,
            Table::Sctp4
            | Table::Sctp6
            | Table::Mptcp4
            | Table::Mptcp6
            | Table::Vsock
            | Table::Xdp => return None,
        })
    }

    /// Returns whether the file is a table of a network namespace, not a file of a process.
    pub(super) fn is_table(self) -> bool {
        self.name().starts_with("net/")
    }
}

/// The directory of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BaseKind {
    Root,
    Process,
    Thread,
    Pid(Pid),
}

impl BaseKind {
    /// Returns the directories for the base; the first one that exists is used.
    pub(super) fn directories(self) -> Vec<String> {
        match self {
            Self::Root => vec![String::new()],
            Self::Process => vec!["self".to_owned()],
            Self::Thread => vec![
                "thread-self".to_owned(),
                // OK because only our threads are below `self/task`, even if the procfs numbers
                // them for another PID namespace.
                format!("self/task/{}", rustix::thread::gettid()),
                "self".to_owned(),
            ],
            Self::Pid(pid) => vec![pid.to_string()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_tables_have_the_file_of_their_name() {
        for table in Table::ALL {
            let file = ProcFile::of_table(table);
            assert_eq!(file.is_some(), Table::TEXT.contains(&table), "{table}");
            assert!(file.is_none_or(|file| file.name().strip_prefix("net/") == Some(table.name())));
        }
    }
}
