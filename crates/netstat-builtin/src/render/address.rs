//! Addresses and ports.

use builtin_cli::Escaped;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use bstr::BStr;
use builtin_api::Cancel;
use procnetsocket::model::InetProtocol;
use socket_query::{HostNameCache, Names, PolicyView, TransportProtocol};

use super::field::{push_left, push_text};
use crate::cli::{Choice, Choices};

/// Columns of an address with its port.
const WIDTH: usize = 23;
/// Columns that a cut address and its port share; the last one is the colon.
const SHARED: usize = WIDTH - 1;
/// Columns that the longest port leaves to an address.
const LEAST_ADDRESS: usize = 4;

/// Prints addresses and ports, by name or number.
pub(crate) struct Addresses<'a> {
    names: &'a Names,
    choices: Choices,
    hosts: HostNameCache<'a>,
    cancel: &'a Cancel,
}

impl<'a> Addresses<'a> {
    /// Returns the addresses of a call. Host names are looked up if that is granted.
    pub(crate) fn new(view: &'a PolicyView, choices: Choices, cancel: &'a Cancel) -> Self {
        let is_numeric = choices.contains(Choice::NumericHosts);
        Self {
            names: view.names(),
            choices,
            hosts: HostNameCache::new(if is_numeric { None } else { view.resolver().ok() }),
            cancel,
        }
    }

    /// Appends an address and a port as a field, cut off unless `-W` is given.
    ///
    /// Compat: the port gets up to 18 columns, and the address the rest.
    pub(super) fn push(&self, out: &mut Vec<u8>, address: SocketAddr, protocol: InetProtocol) {
        let (mut host, mut port) = (Vec::new(), Vec::new());
        self.push_host(&mut host, address.ip());
        self.push_port(&mut port, address.port(), protocol);
        if !self.choices.contains(Choice::Wide) && host.len() + port.len() > SHARED {
            port.truncate(SHARED - LEAST_ADDRESS);
            host.truncate(SHARED - port.len());
        }
        push_left(out, WIDTH, |out| {
            out.extend_from_slice(&host);
            out.push(b':');
            out.extend_from_slice(&port);
        });
    }

    fn push_host(&self, out: &mut Vec<u8>, address: IpAddr) {
        // Compat: an IPv4-mapped IPv6 address is printed as the IPv4 address.
        let address = address.to_canonical();
        if address.is_unspecified() {
            let is_numeric = self.choices.contains(Choice::NumericHosts);
            push_text(
                out,
                match address {
                    IpAddr::V4(_) => "0.0.0.0",
                    IpAddr::V6(_) if is_numeric => "::",
                    IpAddr::V6(_) => "[::]",
                },
            );
            return;
        }
        match self.hosts.name(address, &|| self.cancel.is_cancelled()) {
            Some(name) => Escaped::column(&name).push_to(out),
            None => push_address(out, address),
        }
    }

    fn push_port(&self, out: &mut Vec<u8>, port: u16, protocol: InetProtocol) {
        if port == 0 {
            out.push(b'*');
            return;
        }
        match self.port_name(port, protocol) {
            Some(name) => Escaped::name(name).push_to(out),
            None => push_text(out, port),
        }
    }

    fn port_name(&self, port: u16, protocol: InetProtocol) -> Option<&BStr> {
        if self.choices.contains(Choice::NumericPorts) {
            return None;
        }
        match protocol {
            InetProtocol::Tcp => self.names.service(port, TransportProtocol::Tcp),
            InetProtocol::Udp => self.names.service(port, TransportProtocol::Udp),
            // Kernel: the "port" of a raw socket is its IP protocol.
            InetProtocol::Raw => self.names.protocol(port),
            _ => None,
        }
    }
}

/// Appends an address as `inet_ntop(3)` prints it. Rust prints it differently if exactly the first
/// 96 bits are zero (the old "compatible" addresses, RFC 4291): then `inet_ntop` prints the rest as
/// IPv4.
fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V6(address) if is_compatible(address) => {
            let [.., a, b, c, d] = address.octets();
            push_text(out, format_args!("::{a}.{b}.{c}.{d}"));
        }
        address => push_text(out, address),
    }
}

fn is_compatible(address: Ipv6Addr) -> bool {
    let [head @ .., next, _] = address.segments();
    head.iter().all(|segment| *segment == 0) && next != 0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bstr::BString;
    use procnetsocket::SocketTables;
    use rstest::rstest;
    use socket_query::Policy;
    use testkit::FakeProc;

    use super::*;

    const NUMERIC: &[Choice] = &[Choice::NumericHosts, Choice::NumericPorts];
    const NAMES: &[Choice] = &[];
    const HOSTS: &[Choice] = &[Choice::NumericHosts];
    const SERVICES: &[u8] =
        b"http 80/tcp\nbootps 67/udp\naveryveryverylongservicename 1/tcp\nx\x1b 2/tcp\n";

    // Measured with net-tools 2.10.
    #[rstest]
    // usual
    #[case::ipv4("127.0.0.1:8080", NUMERIC, "127.0.0.1:8080         ")]
    #[case::any("0.0.0.0:0", NUMERIC, "0.0.0.0:*              ")]
    #[case::any_ipv6("[::]:80", NUMERIC, ":::80                  ")]
    #[case::any_ipv6_with_names("[::]:80", NAMES, "[::]:http              ")]
    #[case::other_protocol("127.0.0.1:67", NAMES, "127.0.0.1:67           ")]
    #[case::name_of_port("127.0.0.1:80", HOSTS, "127.0.0.1:http         ")]
    #[case::mapped("[::ffff:127.0.0.1]:80", NUMERIC, "127.0.0.1:80           ")]
    #[case::mapped_any("[::ffff:0.0.0.0]:80", NAMES, "0.0.0.0:http           ")]
    #[case::link_local("[fe80::1%3]:80", NUMERIC, "fe80::1:80             ")]
    // boundary
    #[case::full("255.255.255.255:65535", NUMERIC, "255.255.255.255:65535  ")]
    #[case::cut("[2001:db8:1234:0:5678:0:7856:3412]:65535", NUMERIC, "2001:db8:1234:0:5:65535")]
    #[case::not_cut(
        "[2001:db8:1234:0:5678:0:7856:3412]:65535",
        &[Choice::NumericHosts, Choice::NumericPorts, Choice::Wide],
        "2001:db8:1234:0:5678:0:7856:3412:65535"
    )]
    #[case::cut_port("[::1.2.3.4]:1", NAMES, "::1.:averyveryverylongs")]
    #[case::compatible("[::1.2.3.4]:80", NUMERIC, "::1.2.3.4:80           ")]
    #[case::not_compatible("[::ffff]:1", NUMERIC, "::ffff:1               ")]
    #[case::loopback("[::1]:80", NUMERIC, "::1:80                 ")]
    // hostile
    #[case::escape("127.0.0.1:2", NAMES, "127.0.0.1:x\\x1b        ")]
    fn addresses_are_printed_as_by_net_tools(
        #[case] address: &str,
        #[case] choices: &[Choice],
        #[case] field: &str,
    ) {
        let root = FakeProc::new().build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let view = PolicyView::new(tables, Policy::default(), Names::new(SERVICES, b""));
        let cancel = Cancel::new();
        let addresses = Addresses::new(&view, choices.iter().copied().collect(), &cancel);
        let mut out = Vec::new();
        addresses.push(&mut out, address.parse().unwrap(), InetProtocol::Tcp);
        assert_eq!(BString::from(out), field);
    }
}
