//! The socket tables of the kernel.

use super::inet::{Family, InetProtocol};

/// Declares the tables, so that name, form and documentation of each are in one place.
macro_rules! tables {
    ($($(#[doc = $doc:literal])* $table:ident = $name:literal, $form:expr;)*) => {
        /// A socket table of the kernel: a family, and for internet sockets also a protocol.
        ///
        /// Most can be read as text, as a file of `/proc/net`, and all through sock_diag, if the
        /// kernel has the handler.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Table {
            $($(#[doc = $doc])* $table,)*
        }

        impl Table {
            /// Every table.
            pub const ALL: [Self; 19] = [$(Self::$table),*];

            /// Returns the form of its rows.
            pub(crate) const fn form(self) -> RowForm {
                match self {
                    $(Self::$table => $form,)*
                }
            }
        }

        // For a table with a file in `/proc/net`, the word is the name of the file.
        words!(Table { $($table = $name,)* });
    };
}

tables! {
    /// `tcp`: TCP over IPv4.
    Tcp4 = "tcp", RowForm::Inet(InetProtocol::Tcp, Family::V4);
    /// `tcp6`: TCP over IPv6.
    Tcp6 = "tcp6", RowForm::Inet(InetProtocol::Tcp, Family::V6);
    /// `udp`: UDP over IPv4.
    Udp4 = "udp", RowForm::Inet(InetProtocol::Udp, Family::V4);
    /// `udp6`: UDP over IPv6.
    Udp6 = "udp6", RowForm::Inet(InetProtocol::Udp, Family::V6);
    /// `udplite`: UDP-Lite over IPv4.
    UdpLite4 = "udplite", RowForm::Inet(InetProtocol::UdpLite, Family::V4);
    /// `udplite6`: UDP-Lite over IPv6.
    UdpLite6 = "udplite6", RowForm::Inet(InetProtocol::UdpLite, Family::V6);
    /// `raw`: raw sockets over IPv4.
    Raw4 = "raw", RowForm::Inet(InetProtocol::Raw, Family::V4);
    /// `raw6`: raw sockets over IPv6.
    Raw6 = "raw6", RowForm::Inet(InetProtocol::Raw, Family::V6);
    /// `icmp`: ping sockets over IPv4.
    Icmp4 = "icmp", RowForm::Inet(InetProtocol::Icmp, Family::V4);
    /// `icmp6`: ping sockets over IPv6.
    Icmp6 = "icmp6", RowForm::Inet(InetProtocol::Icmp, Family::V6);
    /// `unix`: unix domain sockets.
    Unix = "unix", RowForm::Unix;
    /// `packet`: packet sockets.
    Packet = "packet", RowForm::Packet;
    /// `netlink`: netlink sockets.
    Netlink = "netlink", RowForm::Netlink;
    /// SCTP over IPv4; through sock_diag only.
    Sctp4 = "sctp", RowForm::Inet(InetProtocol::Sctp, Family::V4);
    /// SCTP over IPv6; through sock_diag only.
    Sctp6 = "sctp6", RowForm::Inet(InetProtocol::Sctp, Family::V6);
    /// Multipath TCP over IPv4; through sock_diag only.
    Mptcp4 = "mptcp", RowForm::Inet(InetProtocol::Mptcp, Family::V4);
    /// Multipath TCP over IPv6; through sock_diag only.
    Mptcp6 = "mptcp6", RowForm::Inet(InetProtocol::Mptcp, Family::V6);
    /// Vsock; through sock_diag only.
    Vsock = "vsock", RowForm::Vsock;
    /// XDP; through sock_diag only.
    Xdp = "xdp", RowForm::Xdp;
}

impl Table {
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

#[cfg(test)]
mod tests {
    use std::{fmt, str::FromStr};

    use super::*;
    use crate::model::TcpState;

    #[test]
    fn words_are_read_back() {
        fn check<T: Copy + PartialEq + fmt::Debug + fmt::Display + FromStr>(values: &[T]) {
            for value in values {
                let word = value.to_string();
                assert_eq!(word.parse().ok(), Some(*value), "{word}");
                assert_eq!(word.to_ascii_lowercase().parse().ok(), Some(*value), "{word}");
                assert!(format!("{word}x").parse::<T>().is_err());
            }
        }
        check(&Table::ALL);
        check(&TcpState::ALL);
        check(&[Family::V4, Family::V6]);
        check(&Table::ALL.map(|table| match table.form() {
            RowForm::Inet(protocol, _) => protocol,
            _ => InetProtocol::Tcp,
        }));
        insta::assert_snapshot!("x".parse::<Family>().unwrap_err(), @"expected one of inet and inet6");
    }

    #[test]
    fn table_names_are_unique() {
        let names: Vec<_> = Table::ALL.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(
            names.join(" "),
            @"tcp tcp6 udp udp6 udplite udplite6 raw raw6 icmp icmp6 unix packet netlink sctp sctp6 mptcp mptcp6 vsock xdp"
        );
    }

    #[test]
    fn table_of_an_internet_protocol_is_found_by_it() {
        for table in Table::ALL {
            if let RowForm::Inet(protocol, family) = table.form() {
                assert_eq!(Table::inet(protocol, family), table);
            }
        }
    }

    #[test]
    fn name_is_padded_on_request() {
        assert_eq!(format!("{:>5}|{:<5}", Table::Tcp4, Table::Udp4), "  tcp|udp  ");
    }
}
