//! Conditions on addresses and ports of the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use socket_query::TransportProtocol;

use super::{FilterDraft, Generator, Kind, ORDERS, Services, SocketEnd, WordFamily};
use crate::filter::values::is_mapped;

/// How often a condition that is not apart is replaced by another one.
const ATTEMPTS: usize = 8;

impl Generator<'_> {
    pub(super) fn inet(&mut self, draft: &mut FilterDraft, prefix: &str) {
        let side = self.side();
        match self.random.below(12) {
            0..3 => self.port(draft, side, prefix),
            3..5 => self.port_order(draft, side, prefix),
            5 => self.any_port(draft, side, prefix),
            6 => self.any_host(draft, side, prefix),
            7 => self.port_of_any_host(draft, side, prefix),
            _ => {
                for _ in 0..ATTEMPTS {
                    if let Some((kinds, host)) = self.host(draft.family, side) {
                        draft.filter.kinds.extend(kinds);
                        return draft.host(side, self.equal(), &format!("{prefix}{host}"));
                    }
                }
                self.port(draft, side, prefix);
            }
        }
    }

    /// Returns an address, a network or an address and a port.
    fn host(&mut self, family: Option<WordFamily>, side: SocketEnd) -> Option<(Vec<Kind>, String)> {
        let end = match family {
            Some(WordFamily::Inet) => self.values.end_of(side, self.random, IpAddr::is_ipv4)?,
            Some(WordFamily::Inet6) => self.values.end_of(side, self.random, IpAddr::is_ipv6)?,
            _ if self.random.one_in(8) => self.values.end_of(side, self.random, is_mapped)?,
            _ => self.values.end(side, self.random),
        };
        let address = match end.ip() {
            // An IPv4 condition selects the mapped ones too.
            IpAddr::V6(address) if family.is_none() && self.random.one_in(3) => {
                address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
            }
            address => address,
        };
        let mut kinds = vec![match address {
            IpAddr::V4(_) => Kind::Ipv4,
            address if is_mapped(&address) => Kind::Mapped,
            IpAddr::V6(_) => Kind::Ipv6,
        }];
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = if self.random.one_in(3) { self.bits(whole) } else { whole };
        if !self.values.is_apart(address, bits) {
            return None;
        }
        let length = if bits < whole || self.random.one_in(16) {
            self.length(address, bits, &mut kinds)
        } else {
            String::new()
        };
        let port = if self.random.one_in(4) {
            kinds.push(Kind::HostAndPort);
            Some(self.number(end.port().into()))
        } else {
            None
        };
        Some((kinds, self.spell_host(address, &length, port.as_deref())))
    }

    /// Returns a length of a prefix, mostly a usual one.
    fn bits(&mut self, whole: u32) -> u32 {
        match self.random.below(4) {
            0 => u32::try_from(self.random.below(u64::from(whole) + 1)).unwrap(),
            1 => whole / 2,
            2 => whole / 4,
            _ => whole / 4 * 3,
        }
    }

    /// Returns the length with its slash, as it follows an address.
    fn length(&mut self, address: IpAddr, bits: u32, kinds: &mut Vec<Kind>) -> String {
        if address.is_ipv4() && self.random.one_in(3) {
            kinds.push(Kind::Netmask);
            let mask = Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - bits).unwrap_or(0));
            let spelled = self.spell_ipv4(mask);
            // A single part is a length.
            return if spelled.contains('.') { format!("/{spelled}") } else { format!("/{mask}") };
        }
        kinds.push(Kind::Prefix);
        format!("/{}", self.number(bits.into()))
    }

    fn spell_host(&mut self, address: IpAddr, length: &str, port: Option<&str>) -> String {
        let (spelled, bare) = match address {
            IpAddr::V4(address) => (self.spell_ipv4(address), !self.random.one_in(6)),
            // The last colon is that of the port, unless a slash follows it.
            IpAddr::V6(address) => {
                let ended = port.is_some() || !length.is_empty();
                (self.spell_ipv6(address), ended && self.random.one_in(3))
            }
        };
        let host = if bare { spelled + length } else { format!("[{spelled}{length}]") };
        match port {
            // After a bracket the colon may be missing.
            Some(port) if !bare && self.random.one_in(4) => host + port,
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// Returns an address with or without its last zeros, its parts in any base.
    fn spell_ipv4(&mut self, address: Ipv4Addr) -> String {
        let mut parts = address.octets().to_vec();
        if self.random.one_in(3) {
            while parts.len() > 1 && parts.last() == Some(&0) {
                parts.pop();
            }
        }
        let base = self.random.below(12);
        let parts = parts.iter().map(|part| match base {
            0 => format!("{part:#x}"),
            1 => format!("0{part:o}"),
            _ => part.to_string(),
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn spell_ipv6(&mut self, address: Ipv6Addr) -> String {
        match self.random.below(6) {
            0 => address.to_string().to_uppercase(),
            1 => address.segments().map(|group| format!("{group:x}")).join(":"),
            2 => address.segments().map(|group| format!("{group:04x}")).join(":"),
            _ => address.to_string(),
        }
    }

    fn port(&mut self, draft: &mut FilterDraft, side: SocketEnd, prefix: &str) {
        let port = self.values.end(side, self.random).port();
        let operator = self.equal_or_not();
        match self.service(port) {
            Some(name) if self.random.one_in(2) => {
                draft.filter.kinds.insert(Kind::PortName);
                draft.port(side, operator, prefix, &name);
            }
            _ => {
                draft.filter.kinds.insert(Kind::Port);
                let word = self.colon(port);
                draft.port(side, operator, prefix, &word);
            }
        }
    }

    /// Returns a port, with a colon or without.
    fn colon(&mut self, port: u16) -> String {
        let word = self.number(port.into());
        if self.random.one_in(3) { format!(":{word}") } else { word }
    }

    fn service(&self, port: u16) -> Option<String> {
        let of = |protocol| self.names.service(port, protocol).map(ToString::to_string);
        match self.choice.services {
            Services::None => None,
            Services::Udp => of(TransportProtocol::Udp),
            // iproute2 reads a name that only UDP has as a garbage number: see `filter::decided`.
            Services::Tcp | Services::Both => of(TransportProtocol::Tcp),
        }
    }

    fn port_order(&mut self, draft: &mut FilterDraft, side: SocketEnd, prefix: &str) {
        draft.filter.kinds.insert(Kind::PortOrder);
        let operator = self.one(&ORDERS);
        let port = self.values.end(side, self.random).port();
        let word = self.colon(port);
        draft.port(side, operator, prefix, &word);
    }

    fn any_port(&mut self, draft: &mut FilterDraft, side: SocketEnd, prefix: &str) {
        draft.filter.kinds.insert(Kind::AnyPort);
        let operator = self.equal_or_not();
        let word = self.one(&["*", ":*", ":"]);
        draft.port(side, operator, prefix, word);
    }

    fn any_host(&mut self, draft: &mut FilterDraft, side: SocketEnd, prefix: &str) {
        const WORDS: [&str; 12] = [
            "*", "any", "all", "default", "[]", "[*]", "[any]", ":", "*:*", "any:", "*:", "[all]:*",
        ];
        draft.filter.kinds.insert(Kind::AnyHost);
        let word = format!("{prefix}{}", self.one(&WORDS));
        draft.host(side, self.equal(), &word);
    }

    fn port_of_any_host(&mut self, draft: &mut FilterDraft, side: SocketEnd, prefix: &str) {
        draft.filter.kinds.insert(Kind::PortOfAnyHost);
        let port = self.values.end(side, self.random).port();
        let host = self.one(&[":", "*:", "*", "any:", "all:", "[]:", "[*]", "default:"]);
        let word = format!("{prefix}{host}{}", self.number(port.into()));
        draft.host(side, self.equal(), &word);
    }
}
