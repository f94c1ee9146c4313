//! Filters from the grammar.
//!
//! ```text
//! FILTER := { ("state" | "exclude" | "excl") STATE } [EXPR]
//! EXPR   := TERM { [AND | OR] TERM }        and, or and nothing between: from the left
//! TERM   := "(" EXPR ")" | NOT TERM | CONDITION
//! ```
//!
//! What makes the real `ss` crash is left out: a name of a unix socket in a filter that ends up
//! listing another family.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use procnetsocket::Table;
use socket_query::{Names, TransportProtocol};
use testkit::Xorshift;

use super::{
    choice::{Choice, Family, Services},
    kind::Kind,
    values::{Values, is_mapped},
};

const STATES: [&str; 22] = [
    "established",
    "syn-sent",
    "syn-recv",
    "syn-rcv",
    "fin-wait-1",
    "fin-wait-2",
    "time-wait",
    "unconnected",
    "closed",
    "close",
    "close-wait",
    "last-ack",
    "listening",
    "closing",
    "all",
    "connected",
    "synchronized",
    "bucket",
    "big",
    "bound-inactive",
    "ESTABLISHED",
    "Listening",
];
const EQUAL: [&str; 3] = ["=", "==", "eq"];
const DIFFERENT: [&str; 3] = ["!=", "ne", "neq"];
const ORDERS: [&str; 12] = [">=", "ge", "geq", "<=", "le", "leq", ">", "gt", "<", "lt", ">=", "<="];
const AND: [&str; 3] = ["and", "&", "&&"];
const OR: [&str; 3] = ["or", "|", "||"];
const NOT: [&str; 2] = ["not", "!"];
const NOT_INET: [Table; 3] = [Table::Unix, Table::Packet, Table::Netlink];
/// How deep brackets stand in each other.
const DEPTH: u32 = 3;
/// How often another condition is tried in the place of one that is not apart.
const ATTEMPTS: usize = 8;

/// Which end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Local,
    Remote,
}

impl Side {
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Local => 0,
            Self::Remote => 1,
        }
    }

    fn host(self) -> &'static str {
        ["src", "dst"][self.index()]
    }

    fn port(self) -> &'static str {
        ["sport", "dport"][self.index()]
    }
}

/// What only the place of the sockets tells.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Words for interfaces, beside the numbers of those that sockets are bound to.
    pub(crate) interfaces: Vec<String>,
    /// Words for marks.
    pub(crate) marks: Vec<String>,
    /// Paths of control groups; none where they are not compared.
    pub(crate) cgroups: Vec<String>,
    /// Of which sockets both programs know the same about chosen addresses.
    pub(crate) autobound: Autobound,
}

/// Where `autobound` is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Autobound {
    OfEverything,
    /// Not of internet sockets: see `live::decided`.
    ButForInet,
}

/// A filter, word by word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) kinds: BTreeSet<Kind>,
    /// The words before the expression.
    pub(crate) states: Vec<String>,
    pub(crate) tokens: Vec<String>,
}

/// Makes filters for one choice of options over one set of sockets.
pub(crate) struct Generator<'a> {
    pub(crate) random: &'a mut Xorshift,
    pub(crate) values: &'a Values,
    pub(crate) names: &'a Names,
    pub(crate) place: &'a Place,
    pub(crate) choice: Choice,
}

impl Generator<'_> {
    /// Returns a filter.
    pub(crate) fn filter(&mut self) -> Filter {
        let mut draft = Draft { family: self.choice.family, filter: Filter::default() };
        if self.random.one_in(5) {
            self.states(&mut draft);
        }
        self.expression(&mut draft, DEPTH);
        draft.filter
    }

    fn states(&mut self, draft: &mut Draft) {
        draft.filter.kinds.insert(Kind::State);
        for _ in 0..=self.random.below(2) {
            let verb = *self.random.pick(&["state", "state", "exclude", "excl"]);
            let state = *self.random.pick(&STATES);
            draft.filter.states.extend([verb, state].map(String::from));
        }
    }

    fn expression(&mut self, draft: &mut Draft, depth: u32) {
        self.term(draft, depth);
        while self.random.one_in(3) {
            self.junction(draft);
            self.term(draft, depth);
        }
    }

    fn junction(&mut self, draft: &mut Draft) {
        match self.random.below(5) {
            0 => draft.filter.kinds.extend([Kind::And]),
            1 | 2 => draft.word(Kind::And, *self.random.pick(&AND)),
            _ => draft.word(Kind::Or, *self.random.pick(&OR)),
        }
    }

    fn term(&mut self, draft: &mut Draft, depth: u32) {
        if self.random.one_in(6) {
            draft.word(Kind::Not, *self.random.pick(&NOT));
            return self.term(draft, depth);
        }
        if depth > 0 && self.random.one_in(6) {
            draft.word(Kind::Brackets, "(");
            self.expression(draft, depth - 1);
            return draft.word(Kind::Brackets, ")");
        }
        self.condition(draft);
    }

    fn condition(&mut self, draft: &mut Draft) {
        match self.random.below(16) {
            0 => return self.device(draft),
            1 => return self.mark(draft),
            2 if self.compares_autobound() => return draft.word(Kind::Autobound, "autobound"),
            3 if !self.place.cgroups.is_empty() => return self.cgroup(draft),
            _ => {}
        }
        let prefix = self.prefix(draft);
        match draft.family {
            None | Some(Family::Inet | Family::Inet6) => self.inet(draft, prefix),
            Some(Family::Unix) => self.unix(draft, prefix),
            Some(Family::Link) => self.link(draft, prefix),
            Some(Family::Netlink) => self.netlink(draft, prefix),
            Some(Family::Vsock) => self.vsock(draft, prefix),
        }
    }

    fn compares_autobound(&self) -> bool {
        let has_inet = self.choice.tables.iter().any(|table| !NOT_INET.contains(table));
        self.place.autobound == Autobound::OfEverything || !has_inet
    }

    /// Chooses another family now and then, and returns the prefix that does.
    fn prefix(&mut self, draft: &mut Draft) -> &'static str {
        const CHOICES: [Family; 9] = [
            Family::Inet,
            Family::Inet,
            Family::Inet6,
            Family::Inet6,
            Family::Unix,
            Family::Unix,
            Family::Link,
            Family::Netlink,
            Family::Vsock,
        ];
        let is_inet = matches!(draft.family, None | Some(Family::Inet | Family::Inet6));
        if !self.random.one_in(6) {
            return "";
        }
        let family = match draft.family {
            // Another family reads what stands before it as bytes; see `Values::is_apart`.
            Some(family) if !is_inet => family,
            _ => *self.random.pick(&CHOICES),
        };
        draft.filter.kinds.insert(Kind::Family);
        draft.family = Some(family);
        family.prefix()
    }

    fn side(&mut self) -> Side {
        if self.random.one_in(3) { Side::Remote } else { Side::Local }
    }

    fn inet(&mut self, draft: &mut Draft, prefix: &str) {
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

    /// Returns an operator that a host may have, or none.
    fn equal(&mut self) -> &'static str {
        if self.random.one_in(2) { "" } else { *self.random.pick(&EQUAL) }
    }

    /// Returns an operator that means equal, or different, or none.
    fn equal_or_not(&mut self) -> &'static str {
        if self.random.one_in(4) { *self.random.pick(&DIFFERENT) } else { self.equal() }
    }

    /// Returns an address, a network or an address and a port.
    fn host(&mut self, family: Option<Family>, side: Side) -> Option<(Vec<Kind>, String)> {
        let end = match family {
            Some(Family::Inet) => self.values.end_of(side, self.random, IpAddr::is_ipv4)?,
            Some(Family::Inet6) => self.values.end_of(side, self.random, IpAddr::is_ipv6)?,
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
            Some(self.port_word(end.port()))
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

    /// Returns the length as it stands behind an address, its slash with it.
    fn length(&mut self, address: IpAddr, bits: u32, kinds: &mut Vec<Kind>) -> String {
        if address.is_ipv4() && self.random.one_in(3) {
            kinds.push(Kind::Netmask);
            let mask = Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - bits).unwrap_or(0));
            let spelled = self.spell_ipv4(mask);
            // A part alone is a length.
            return if spelled.contains('.') { format!("/{spelled}") } else { format!("/{mask}") };
        }
        kinds.push(Kind::Prefix);
        format!("/{}", self.number(bits.into()))
    }

    fn spell_host(&mut self, address: IpAddr, length: &str, port: Option<&str>) -> String {
        let (spelled, bare) = match address {
            IpAddr::V4(address) => (self.spell_ipv4(address), !self.random.one_in(6)),
            // The last colon is that of the port, unless a slash stands behind it.
            IpAddr::V6(address) => {
                let ended = port.is_some() || !length.is_empty();
                (self.spell_ipv6(address), ended && self.random.one_in(3))
            }
        };
        let host = if bare { spelled + length } else { format!("[{spelled}{length}]") };
        match port {
            // Behind a bracket the colon may be missing.
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

    fn number(&mut self, number: u64) -> String {
        match self.random.below(10) {
            0 => format!("{number:#x}"),
            1 => format!("0{number:o}"),
            2 => format!("+{number}"),
            _ => number.to_string(),
        }
    }

    fn port_word(&mut self, port: u16) -> String {
        self.number(port.into())
    }

    fn port(&mut self, draft: &mut Draft, side: Side, prefix: &str) {
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
        let word = self.port_word(port);
        if self.random.one_in(3) { format!(":{word}") } else { word }
    }

    fn service(&self, port: u16) -> Option<String> {
        let of = |protocol| self.names.service(port, protocol).map(ToString::to_string);
        match self.choice.services {
            Services::None => None,
            Services::Tcp => of(TransportProtocol::Tcp),
            Services::Udp => of(TransportProtocol::Udp),
            // One of UDP alone is a garbage number to iproute2: see `filter::decided`.
            Services::Both => of(TransportProtocol::Tcp),
        }
    }

    fn port_order(&mut self, draft: &mut Draft, side: Side, prefix: &str) {
        draft.filter.kinds.insert(Kind::PortOrder);
        let operator = *self.random.pick(&ORDERS);
        let port = self.values.end(side, self.random).port();
        let word = self.colon(port);
        draft.port(side, operator, prefix, &word);
    }

    fn any_port(&mut self, draft: &mut Draft, side: Side, prefix: &str) {
        draft.filter.kinds.insert(Kind::AnyPort);
        let operator = self.equal_or_not();
        draft.port(side, operator, prefix, *self.random.pick(&["*", ":*", ":"]));
    }

    fn any_host(&mut self, draft: &mut Draft, side: Side, prefix: &str) {
        const WORDS: [&str; 12] = [
            "*", "any", "all", "default", "[]", "[*]", "[any]", ":", "*:*", "any:", "*:", "[all]:*",
        ];
        draft.filter.kinds.insert(Kind::AnyHost);
        let word = format!("{prefix}{}", *self.random.pick(&WORDS));
        draft.host(side, self.equal(), &word);
    }

    fn port_of_any_host(&mut self, draft: &mut Draft, side: Side, prefix: &str) {
        draft.filter.kinds.insert(Kind::PortOfAnyHost);
        let port = self.values.end(side, self.random).port();
        let host = *self.random.pick(&[":", "*:", "*", "any:", "all:", "[]:", "[*]", "default:"]);
        let word = format!("{prefix}{host}{}", self.port_word(port));
        draft.host(side, self.equal(), &word);
    }

    fn device(&mut self, draft: &mut Draft) {
        let word = if self.random.one_in(2) {
            self.random.pick(&self.place.interfaces).clone()
        } else {
            self.interface()
        };
        let operator = self.equal_or_not();
        draft.words(Kind::Device, &["dev", operator, &word]);
    }

    fn interface(&mut self) -> String {
        match self.values.interface(self.random) {
            0 => "0".to_owned(),
            index if self.random.one_in(3) => format!("if{index}"),
            index => self.number(index.into()),
        }
    }

    fn mark(&mut self, draft: &mut Draft) {
        let word = self.random.pick(&self.place.marks);
        let operator = self.equal_or_not();
        draft.words(Kind::Mark, &["fwmark", operator, word]);
    }

    fn cgroup(&mut self, draft: &mut Draft) {
        let word = self.random.pick(&self.place.cgroups);
        let operator = self.equal_or_not();
        draft.words(Kind::Cgroup, &["cgroup", operator, word]);
    }

    fn unix(&mut self, draft: &mut Draft, prefix: &str) {
        draft.filter.kinds.insert(Kind::UnixGlob);
        // A word that is nothing is no word.
        let glob = match self.glob() {
            glob if prefix.is_empty() && glob.is_empty() => "*".to_owned(),
            glob => glob,
        };
        let side = if self.random.one_in(8) { Side::Remote } else { Side::Local };
        if self.random.one_in(6) {
            let operator = self.equal_or_not();
            return draft.port(side, operator, prefix, &glob);
        }
        draft.host(side, self.equal(), &format!("{prefix}{glob}"));
    }

    /// Returns a pattern that a name matches, or nearly.
    fn glob(&mut self) -> String {
        let name = self.values.name(self.random);
        let letters: Vec<_> = name.chars().collect();
        let cut = usize::try_from(self.random.below(letters.len() as u64 + 1)).unwrap();
        let (head, tail) = letters.split_at(cut);
        let [head, tail] = [head, tail].map(|part| self.literal(part));
        match self.random.below(9) {
            0 => format!("{head}*"),
            1 => format!("*{tail}"),
            2 => format!("*{}*", self.literal(&letters[cut / 2..cut])),
            3 => format!("{head}*{tail}"),
            4 => self.literal(&letters).to_uppercase(),
            5 => self.classes(&letters),
            6 => {
                letters.iter().map(|letter| if letter.is_ascii() { '?' } else { *letter }).collect()
            }
            7 => (*self.random.pick(&["*", "?*", "@*", "/*", "", "[@/]*", "[!@]*"])).to_owned(),
            _ => self.literal(&letters),
        }
    }

    /// Returns a pattern that matches these letters alone.
    fn literal(&mut self, letters: &[char]) -> String {
        let mut pattern = String::new();
        for letter in letters {
            if matches!(letter, '*' | '?' | '[' | '\\') {
                pattern.push('\\');
            }
            pattern.push(*letter);
        }
        pattern
    }

    /// Returns a pattern with a class in the place of some letters.
    fn classes(&mut self, letters: &[char]) -> String {
        let mut pattern = String::new();
        for letter in letters {
            if !letter.is_ascii_alphanumeric() || !self.random.one_in(4) {
                pattern += &self.literal(&[*letter]);
                continue;
            }
            pattern += &match self.random.below(6) {
                0 => format!("[{letter}]"),
                1 => format!("[x{letter}y]"),
                2 => format!("[!{letter}]"),
                3 => "[a-z]".to_owned(),
                4 => "[[:alnum:]]".to_owned(),
                _ => "[^0-9]".to_owned(),
            };
        }
        pattern
    }

    fn link(&mut self, draft: &mut Draft, prefix: &str) {
        draft.filter.kinds.insert(Kind::Link);
        let (protocol, interface) = self.values.link(self.random);
        let side = if self.random.one_in(8) { Side::Remote } else { Side::Local };
        let interface = match interface {
            0 => "0".to_owned(),
            index if self.random.one_in(3) => format!("if{index}"),
            index => self.number(index.into()),
        };
        if self.random.one_in(4) {
            let operator = self.comparison();
            return draft.port(side, operator, prefix, &interface);
        }
        let protocol = match (protocol, self.random.below(5)) {
            (_, 0) => "*".to_owned(),
            (3, 1 | 2) => "all".to_owned(),
            (0x800, 1 | 2) => "ip".to_owned(),
            (0x806, 1 | 2) => "ARP".to_owned(),
            (0x86dd, 1 | 2) => "ipv6".to_owned(),
            (number, _) => self.number(number.into()),
        };
        let word = match self.random.below(4) {
            0 => format!("{prefix}{protocol}:{interface}"),
            1 => format!("{prefix}{protocol}:*"),
            2 => format!("{prefix}{protocol}:"),
            _ => format!("{prefix}{protocol}"),
        };
        draft.host(side, self.equal(), &word);
    }

    fn comparison(&mut self) -> &'static str {
        if self.random.one_in(3) { *self.random.pick(&ORDERS) } else { self.equal_or_not() }
    }

    fn netlink(&mut self, draft: &mut Draft, prefix: &str) {
        draft.filter.kinds.insert(Kind::Netlink);
        let (protocol, port_id) = self.values.netlink(self.random);
        let side = if self.random.one_in(8) { Side::Remote } else { Side::Local };
        let port_id = match port_id {
            0 if self.random.one_in(2) => "kernel".to_owned(),
            // Those beyond 31 bits are negative.
            number => match i32::try_from(number) {
                Ok(_) => self.number(number.into()),
                Err(_) => number.cast_signed().to_string(),
            },
        };
        if self.random.one_in(4) {
            let operator = self.comparison();
            return draft.port(side, operator, prefix, &port_id);
        }
        let protocol = match (protocol, self.random.below(5)) {
            (_, 0) => "*".to_owned(),
            (0, 1 | 2) => "rtnl".to_owned(),
            (15, 1 | 2) => "uevent".to_owned(),
            (16, 1 | 2) => "genl".to_owned(),
            (number, _) => self.number(number.into()),
        };
        let word = match self.random.below(4) {
            0 => format!("{prefix}{protocol}:{port_id}"),
            1 => format!("{prefix}{protocol}:*"),
            2 => format!("{prefix}{protocol}:"),
            _ => format!("{prefix}{protocol}"),
        };
        draft.host(side, self.equal(), &word);
    }

    fn vsock(&mut self, draft: &mut Draft, prefix: &str) {
        const WORDS: [&str; 9] =
            ["*", "1", "2:22", "*:1024", ":22", "0x3", "4294967295", "", "2:*"];
        draft.filter.kinds.insert(Kind::Vsock);
        let word = *self.random.pick(&WORDS);
        let word = if prefix.is_empty() && word.is_empty() { "*" } else { word };
        let side = self.side();
        draft.host(side, self.equal(), &format!("{prefix}{word}"));
    }
}

/// A filter as far as it is made.
struct Draft {
    /// What words without a prefix are read as, after those so far.
    family: Option<Family>,
    filter: Filter,
}

impl Draft {
    fn word(&mut self, kind: Kind, word: &str) {
        self.words(kind, &[word]);
    }

    /// Adds words, but for empty ones.
    fn words(&mut self, kind: Kind, words: &[&str]) {
        self.filter.kinds.insert(kind);
        self.push(words);
    }

    fn push(&mut self, words: &[&str]) {
        let words = words.iter().filter(|word| !word.is_empty());
        self.filter.tokens.extend(words.map(ToString::to_string));
    }

    fn host(&mut self, side: Side, operator: &str, host: &str) {
        self.push(&[side.host(), operator, host]);
    }

    fn port(&mut self, side: Side, operator: &str, prefix: &str, port: &str) {
        self.push(&[side.port(), operator, &format!("{prefix}{port}")]);
    }
}
