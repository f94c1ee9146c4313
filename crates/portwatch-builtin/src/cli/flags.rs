//! Every option, once: the parser and the help are made from this table.

use port_monitor::Protocol;
use socket_query::AddressFamily;

/// An option of `portwatch`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Flag {
    /// The letter, if it has one.
    pub short: Option<u8>,
    /// The long name, without its dashes.
    pub long: &'static str,
    /// What its value stands for, if it takes one.
    pub value: Option<&'static str>,
    /// The line of the help.
    pub help: &'static str,
    pub(crate) effect: Effect,
}

/// What a call does; without such an option it follows ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchVerb {
    Wait,
    Gone,
    List,
}

/// What an option does to the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Help,
    Version,
    Verb(WatchVerb),
    Protocol(Protocol),
    Family(AddressFamily),
    Any,
    Timeout,
    For,
    Count,
    Initial,
    Interval,
    Processes,
    JsonLines,
}

impl Flag {
    const fn new(
        short: Option<u8>,
        long: &'static str,
        help: &'static str,
        effect: Effect,
    ) -> Self {
        Self { short, long, value: None, help, effect }
    }

    const fn with_value(self, value: &'static str) -> Self {
        Self { value: Some(value), ..self }
    }
}

/// Every option, in the order of the help.
static FLAGS: &[Flag] = &[
    Flag::new(
        Some(b'w'),
        "wait",
        "wait until a socket matches FILTER",
        Effect::Verb(WatchVerb::Wait),
    ),
    Flag::new(
        Some(b'g'),
        "gone",
        "wait until no socket matches FILTER",
        Effect::Verb(WatchVerb::Gone),
    ),
    Flag::new(
        Some(b'l'),
        "list",
        "print the ports that are open now",
        Effect::Verb(WatchVerb::List),
    ),
    Flag::new(None, "any", "wait for one of several filters, not for all", Effect::Any),
    Flag::new(None, "timeout", "give up after this time, with status 124", Effect::Timeout)
        .with_value("DURATION"),
    Flag::new(None, "for", "follow ports for this time", Effect::For).with_value("DURATION"),
    Flag::new(None, "count", "follow ports until N have opened or closed", Effect::Count)
        .with_value("N"),
    Flag::new(None, "initial", "print the ports that are open at first, too", Effect::Initial),
    Flag::new(None, "interval", "look so often; without it, every 50ms", Effect::Interval)
        .with_value("DURATION"),
    Flag::new(Some(b't'), "tcp", "TCP ports", Effect::Protocol(Protocol::Tcp)),
    Flag::new(Some(b'u'), "udp", "UDP ports", Effect::Protocol(Protocol::Udp)),
    Flag::new(Some(b'x'), "unix", "unix sockets that listen", Effect::Protocol(Protocol::Unix)),
    Flag::new(Some(b'4'), "ipv4", "IPv4 ports", Effect::Family(AddressFamily::Inet)),
    Flag::new(Some(b'6'), "ipv6", "IPv6 ports", Effect::Family(AddressFamily::Inet6)),
    Flag::new(Some(b'p'), "processes", "show the processes that hold a port", Effect::Processes),
    Flag::new(None, "json-lines", "print one JSON object a line", Effect::JsonLines),
    Flag::new(Some(b'h'), "help", "print this text", Effect::Help),
    Flag::new(Some(b'V'), "version", "print the version", Effect::Version),
];

/// Returns every option, in the order of the help.
pub fn flags() -> &'static [Flag] {
    FLAGS
}
