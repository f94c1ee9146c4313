//! Names of ports, protocols and users, from the host's tables.
//!
//! The host reads `services(5)` and `protocols(5)` once and passes the bytes; nothing here opens a
//! file. Lines have the forms
//!
//! ```text
//! ssh     22/tcp   alias ...   # comment
//! icmp    1        ICMP        # comment
//! ```
//!
//! and of two lines for the same number the first counts, as in the C library.

use std::{collections::HashMap, iter};

use bstr::{BStr, BString, ByteSlice};
use procnetsocket::UserNames;

/// The transport protocols that service names are kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransportProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The names that a machine has for ports, for IP protocols and for users.
#[derive(Clone, Debug, Default)]
pub struct Names {
    services: HashMap<(u16, TransportProtocol), BString>,
    services_of_any: HashMap<u16, BString>,
    /// By name, and by the aliases that follow the number.
    ports: HashMap<(BString, TransportProtocol), u16>,
    protocols: HashMap<u16, BString>,
    users: UserNames,
}

impl Names {
    /// Returns the names in the contents of `/etc/services` and `/etc/protocols`; a line of another
    /// form is skipped, as by the C library.
    pub fn new(services: &[u8], protocols: &[u8]) -> Self {
        let mut names = Self::default();
        for line in services.lines() {
            names.add_service(line);
        }
        for (name, number) in protocols.lines().filter_map(name_and_number) {
            if let Some(number) = decimal(number) {
                names.protocols.entry(number).or_insert_with(|| name.into());
            }
        }
        names
    }

    fn add_service(&mut self, line: &[u8]) {
        let mut words = words(line);
        let (Some(name), Some(number)) = (words.next(), words.next()) else { return };
        let Some((port, protocol)) = port_and_protocol(number) else { return };
        self.services_of_any.entry(port).or_insert_with(|| name.into());
        let Some(protocol) = protocol else { return };
        self.services.entry((port, protocol)).or_insert_with(|| name.into());
        for name in iter::once(name).chain(words) {
            self.ports.entry((name.into(), protocol)).or_insert(port);
        }
    }

    /// Returns the port of a service, by its name or an alias. Upper and lower case differ, as in
    /// the file.
    pub fn port(&self, name: &BStr, protocol: TransportProtocol) -> Option<u16> {
        self.ports.get(&(name.to_owned(), protocol)).copied()
    }

    /// Returns the names with those of users, which are in the contents of `/etc/passwd`.
    #[must_use]
    pub fn with_users(self, passwd: &[u8]) -> Self {
        Self { users: UserNames::new(passwd), ..self }
    }

    /// Returns the names of users; there are none unless the host gave them.
    pub fn users(&self) -> &UserNames {
        &self.users
    }

    /// Returns the name of a service, if the host has one for that port and protocol.
    pub fn service(&self, port: u16, protocol: TransportProtocol) -> Option<&BStr> {
        self.services.get(&(port, protocol)).map(BStr::new)
    }

    /// Returns the first name that a port has with any protocol.
    pub fn service_of_any(&self, port: u16) -> Option<&BStr> {
        self.services_of_any.get(&port).map(BStr::new)
    }

    /// Returns the name of an IP protocol, if the host has one for that number.
    pub fn protocol(&self, number: u16) -> Option<&BStr> {
        self.protocols.get(&number).map(BStr::new)
    }
}

/// Returns the first two words of a line without its comment.
fn name_and_number(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut words = words(line);
    Some((words.next()?, words.next()?))
}

/// Returns the words of a line without its comment.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = line.split_once_str("#").map_or(line, |(line, _comment)| line);
    line.fields_with(|c| matches!(c, ' ' | '\t')).filter(|word| !word.is_empty())
}

/// Returns a port and its protocol; the protocol is `None` when it is neither TCP nor UDP.
fn port_and_protocol(word: &[u8]) -> Option<(u16, Option<TransportProtocol>)> {
    let (port, protocol) = word.split_once_str("/")?;
    let protocol = match protocol {
        b"tcp" => Some(TransportProtocol::Tcp),
        b"udp" => Some(TransportProtocol::Udp),
        _ => None,
    };
    Some((decimal(port)?, protocol))
}

fn decimal(digits: &[u8]) -> Option<u16> {
    digits.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const SERVICES: &[u8] = b"# comment\n\ntcpmux\t\t1/tcp\t# first\nssh 22/tcp\nother 22/tcp alias\n\
        tftp 69/udp\nbad\nbad2 99999/tcp\nbad3 x/tcp\nsctponly 5/sctp\n  indented 7/tcp\nlast 8/udp";

    #[rstest]
    #[case::comment_behind(1, TransportProtocol::Tcp, Some("tcpmux"))]
    #[case::first_line_counts(22, TransportProtocol::Tcp, Some("ssh"))]
    #[case::only_for_udp(69, TransportProtocol::Udp, Some("tftp"))]
    #[case::not_for_tcp(69, TransportProtocol::Tcp, None)]
    #[case::blanks_before(7, TransportProtocol::Tcp, Some("indented"))]
    #[case::no_newline_at_the_end(8, TransportProtocol::Udp, Some("last"))]
    #[case::other_protocol(5, TransportProtocol::Tcp, None)]
    fn finds_services(
        #[case] port: u16,
        #[case] protocol: TransportProtocol,
        #[case] name: Option<&str>,
    ) {
        let names = Names::new(SERVICES, b"");
        assert_eq!(names.service(port, protocol), name.map(BStr::new));
    }

    #[rstest]
    #[case::name("ssh", TransportProtocol::Tcp, Some(22))]
    #[case::another_line_for_the_port("other", TransportProtocol::Tcp, Some(22))]
    #[case::alias("alias", TransportProtocol::Tcp, Some(22))]
    #[case::not_for_udp("alias", TransportProtocol::Udp, None)]
    #[case::no_newline_at_the_end("last", TransportProtocol::Udp, Some(8))]
    #[case::case_matters("SSH", TransportProtocol::Tcp, None)]
    #[case::not_a_comment("#", TransportProtocol::Tcp, None)]
    #[case::not_a_number("22/tcp", TransportProtocol::Tcp, None)]
    fn finds_ports(
        #[case] name: &str,
        #[case] protocol: TransportProtocol,
        #[case] port: Option<u16>,
    ) {
        assert_eq!(Names::new(SERVICES, b"").port(name.into(), protocol), port);
    }

    #[rstest]
    #[case::known(1, Some("icmp"))]
    #[case::first_line_counts(0, Some("ip"))]
    #[case::unknown(2, None)]
    fn finds_protocols(#[case] number: u16, #[case] name: Option<&str>) {
        let names = Names::new(b"", b"ip 0 IP\nhopopt 0 HOPOPT\nicmp 1 ICMP # x\n#igmp 2\n");
        assert_eq!(names.protocol(number), name.map(BStr::new));
    }

    #[test]
    fn users_are_known_if_the_host_provides_them() {
        let names = Names::new(b"", b"");
        assert_eq!(names.users().name(0), None);
        let names = names.with_users(b"root:x:0:0::/:\n");
        assert_eq!(names.users().name(0), Some(BStr::new(b"root")));
    }

    #[test]
    fn malformed_lines_are_skipped() {
        let names = Names::new(b"\xff\xfe 1/tcp\n\0\0\0\n1/tcp\n/ /\n a\t-1/tcp\n", &[b'#'; 5000]);
        assert_eq!(names.service(1, TransportProtocol::Tcp), Some(BStr::new(b"\xff\xfe")));
    }
}
