//! Filters from the grammar.
//!
//! ```text
//! FILTER := { ("state" | "exclude" | "excl") STATE } [EXPR]
//! EXPR   := TERM { [AND | OR] TERM }        and, or and nothing between: from the left
//! TERM   := "(" EXPR ")" | NOT TERM | CONDITION
//! ```
//!
//! It leaves out what makes the real `ss` crash: a name of a unix socket in a filter for which
//! another family is listed.

mod inet;
mod other;
mod unix;

use std::collections::BTreeSet;

use procnetsocket::Table;
use socket_query::Names;
use testkit::Xorshift;

use super::{
    choice::{OptionChoice, Services, WordFamily},
    kind::Kind,
    values::Values,
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
/// Maximum depth of brackets.
const DEPTH: u32 = 3;

/// Which end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketEnd {
    Local,
    Remote,
}

impl SocketEnd {
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

/// Names that depend on where the sockets are.
#[derive(Clone, Debug)]
pub(crate) struct LocalNames {
    /// Words for interfaces, beside the numbers of those that sockets are bound to.
    pub(crate) interfaces: Vec<String>,
    /// Words for marks.
    pub(crate) marks: Vec<String>,
    /// Paths of control groups; empty where they are not compared.
    pub(crate) cgroups: Vec<String>,
    /// The sockets for which both programs agree on `autobound`.
    pub(crate) autobound: Autobound,
}

/// Where `autobound` is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Autobound {
    OfEverything,
    /// Not for internet sockets: see `live::decided`.
    ButForInet,
}

/// A filter, word by word.
#[derive(Clone, Debug, Default)]
pub(crate) struct GeneratedFilter {
    pub(crate) kinds: BTreeSet<Kind>,
    /// The words before the expression.
    pub(crate) states: Vec<String>,
    pub(crate) tokens: Vec<String>,
}

/// Generates filters for one choice of options over one set of sockets.
pub(crate) struct Generator<'a> {
    pub(crate) random: &'a mut Xorshift,
    pub(crate) values: &'a Values,
    pub(crate) names: &'a Names,
    pub(crate) place: &'a LocalNames,
    pub(crate) choice: OptionChoice,
}

impl Generator<'_> {
    /// Returns a filter.
    pub(crate) fn filter(&mut self) -> GeneratedFilter {
        let mut draft =
            FilterDraft { family: self.choice.family, filter: GeneratedFilter::default() };
        if self.random.one_in(5) {
            self.states(&mut draft);
        }
        self.expression(&mut draft, DEPTH);
        draft.filter
    }

    fn states(&mut self, draft: &mut FilterDraft) {
        draft.filter.kinds.insert(Kind::State);
        for _ in 0..=self.random.below(2) {
            let verb = self.one(&["state", "state", "exclude", "excl"]);
            let state = self.one(&STATES);
            draft.filter.states.extend([verb, state].map(String::from));
        }
    }

    fn expression(&mut self, draft: &mut FilterDraft, depth: u32) {
        self.term(draft, depth);
        while self.random.one_in(3) {
            self.junction(draft);
            self.term(draft, depth);
        }
    }

    fn junction(&mut self, draft: &mut FilterDraft) {
        match self.random.below(5) {
            0 => draft.filter.kinds.extend([Kind::And]),
            1 | 2 => draft.word(Kind::And, self.one(&AND)),
            _ => draft.word(Kind::Or, self.one(&OR)),
        }
    }

    fn term(&mut self, draft: &mut FilterDraft, depth: u32) {
        if self.random.one_in(6) {
            draft.word(Kind::Not, self.one(&NOT));
            return self.term(draft, depth);
        }
        if depth > 0 && self.random.one_in(6) {
            draft.word(Kind::Brackets, "(");
            self.expression(draft, depth - 1);
            return draft.word(Kind::Brackets, ")");
        }
        self.condition(draft);
    }

    fn condition(&mut self, draft: &mut FilterDraft) {
        match self.random.below(16) {
            0 => return self.device(draft),
            1 => return self.mark(draft),
            2 if self.compares_autobound() => return draft.word(Kind::Autobound, "autobound"),
            3 if !self.place.cgroups.is_empty() => return self.cgroup(draft),
            _ => {}
        }
        let prefix = self.prefix(draft);
        match draft.family {
            None | Some(WordFamily::Inet | WordFamily::Inet6) => self.inet(draft, prefix),
            Some(WordFamily::Unix) => self.unix(draft, prefix),
            Some(WordFamily::Link) => self.link(draft, prefix),
            Some(WordFamily::Netlink) => self.netlink(draft, prefix),
            Some(WordFamily::Vsock) => self.vsock(draft, prefix),
        }
    }

    fn compares_autobound(&self) -> bool {
        let has_inet = self.choice.tables.iter().any(|table| !NOT_INET.contains(table));
        self.place.autobound == Autobound::OfEverything || !has_inet
    }

    /// Chooses another family now and then, and returns the prefix for it.
    fn prefix(&mut self, draft: &mut FilterDraft) -> &'static str {
        const CHOICES: [WordFamily; 9] = [
            WordFamily::Inet,
            WordFamily::Inet,
            WordFamily::Inet6,
            WordFamily::Inet6,
            WordFamily::Unix,
            WordFamily::Unix,
            WordFamily::Link,
            WordFamily::Netlink,
            WordFamily::Vsock,
        ];
        let is_inet = matches!(draft.family, None | Some(WordFamily::Inet | WordFamily::Inet6));
        if !self.random.one_in(6) {
            return "";
        }
        let family = match draft.family {
            // Another family reads what precedes it as bytes; see `Values::is_apart`.
            Some(family) if !is_inet || self.choice.family.is_some() => family,
            _ => *self.random.pick(&CHOICES),
        };
        draft.filter.kinds.insert(Kind::WordFamily);
        draft.family = Some(family);
        family.prefix()
    }

    fn side(&mut self) -> SocketEnd {
        if self.random.one_in(3) { SocketEnd::Remote } else { SocketEnd::Local }
    }

    fn one(&mut self, words: &[&'static str]) -> &'static str {
        words[below(words.len(), self.random)]
    }

    /// Returns an operator that a host may have, or none.
    fn equal(&mut self) -> &'static str {
        if self.random.one_in(2) { "" } else { self.one(&EQUAL) }
    }

    /// Returns an operator that means equal, or different, or none.
    fn equal_or_not(&mut self) -> &'static str {
        if self.random.one_in(4) { self.one(&DIFFERENT) } else { self.equal() }
    }

    fn number(&mut self, number: u64) -> String {
        match self.random.below(10) {
            0 => format!("{number:#x}"),
            1 => format!("0{number:o}"),
            2 => format!("+{number}"),
            _ => number.to_string(),
        }
    }
}

/// Returns a number below `end`.
pub(super) fn below(end: usize, random: &mut Xorshift) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap())).unwrap()
}

/// A filter under construction.
struct FilterDraft {
    /// The family in which words without a prefix are read, after the words so far.
    family: Option<WordFamily>,
    filter: GeneratedFilter,
}

impl FilterDraft {
    fn word(&mut self, kind: Kind, word: &str) {
        self.words(kind, &[word]);
    }

    /// Adds words, except empty ones.
    fn words(&mut self, kind: Kind, words: &[&str]) {
        self.filter.kinds.insert(kind);
        self.push(words);
    }

    fn push(&mut self, words: &[&str]) {
        let words = words.iter().filter(|word| !word.is_empty());
        self.filter.tokens.extend(words.map(ToString::to_string));
    }

    fn host(&mut self, side: SocketEnd, operator: &str, host: &str) {
        self.push(&[side.host(), operator, host]);
    }

    fn port(&mut self, side: SocketEnd, operator: &str, prefix: &str, port: &str) {
        self.push(&[side.port(), operator, &format!("{prefix}{port}")]);
    }
}
