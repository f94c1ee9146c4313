//! The choice of watched ports.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
};

use procnetsocket::Family;

use crate::port::{Port, PortTable, Protocol};

/// The watched ports, by default all of TCP and UDP. A port is watched if its protocol, its number
/// and its address are. Unix sockets have neither number nor address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The protocols; empty for those of [`Protocol::INET`].
    pub protocols: Vec<Protocol>,
    /// The numbers; empty for all.
    pub ports: Vec<RangeInclusive<u16>>,
    /// The addresses that sockets are bound to, compared exactly: `0.0.0.0` selects only the
    /// sockets that are bound to any address. Empty for all.
    pub addresses: Vec<IpAddr>,
}

impl Scope {
    /// Returns whether a protocol is watched.
    pub fn watches(&self, protocol: Protocol) -> bool {
        let protocols: &[_] =
            if self.protocols.is_empty() { &Protocol::INET } else { &self.protocols };
        protocols.contains(&protocol)
    }

    /// Returns whether a port is watched.
    pub fn admits(&self, port: &Port) -> bool {
        let is_watched = |local: SocketAddr| {
            let (address, number) = (local.ip(), local.port());
            (self.ports.is_empty() || self.ports.iter().any(|range| range.contains(&number)))
                && (self.addresses.is_empty() || self.addresses.contains(&address))
        };
        self.watches(port.protocol) && port.local.inet().is_none_or(is_watched)
    }

    /// Returns the tables to read.
    pub(crate) fn tables(&self) -> impl Iterator<Item = PortTable> {
        PortTable::ALL.into_iter().filter(|table| {
            let is_wanted = |family| {
                self.addresses.is_empty()
                    || self.addresses.iter().any(|ip| ip.is_ipv4() == (family == Family::V4))
            };
            self.watches(table.protocol) && table.family.is_none_or(is_wanted)
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::everything(Scope::default(), "tcp tcp6 udp udp6", true)]
    #[case::protocol(Scope { protocols: vec![Protocol::Tcp], ..Scope::default() }, "tcp tcp6", true)]
    #[case::other_protocol(Scope { protocols: vec![Protocol::Udp], ..Scope::default() }, "udp udp6", false)]
    #[case::first_of_a_range(Scope { ports: vec![80..=90], ..Scope::default() }, "tcp tcp6 udp udp6", true)]
    #[case::behind_a_range(Scope { ports: vec![70..=79], ..Scope::default() }, "tcp tcp6 udp udp6", false)]
    #[case::one_of_two_ranges(Scope { ports: vec![1..=2, 80..=80], ..Scope::default() }, "tcp tcp6 udp udp6", true)]
    #[case::address(Scope { addresses: vec![ip("127.0.0.1")], ..Scope::default() }, "tcp udp", true)]
    #[case::any_is_an_address_like_others(Scope { addresses: vec![ip("0.0.0.0")], ..Scope::default() }, "tcp udp", false)]
    #[case::unix(Scope { protocols: vec![Protocol::Unix], ..Scope::default() }, "unix", false)]
    #[case::unix_has_no_address(Scope { protocols: Protocol::ALL.to_vec(), addresses: vec![ip("127.0.0.1")], ..Scope::default() }, "tcp udp unix", true)]
    #[case::address_of_the_other_family(Scope { addresses: vec![ip("::1")], ..Scope::default() }, "tcp6 udp6", false)]
    fn admits_ports_that_match_all_three(
        #[case] scope: Scope,
        #[case] tables: &str,
        #[case] is_admitted: bool,
    ) {
        let port = Port::new(Protocol::Tcp, "127.0.0.1:80".parse().unwrap(), None);
        assert_eq!(scope.admits(&port), is_admitted);
        let read: Vec<_> = scope.tables().map(|table| table.to_string()).collect();
        assert_eq!(read.join(" "), tables);
    }
}
