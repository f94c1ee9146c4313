//! The table of options, from which the parser and the help are made.

use builtin_cli::{Flag, FlagDoc, ValueDoc};
use port_monitor::Protocol;
use socket_query::AddressFamily;

/// The task of a call; without such an option it follows ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchVerb {
    Wait,
    Gone,
    List,
}

/// The effect of an option on the plan.
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
    EveryNamespace,
    JsonLines,
}

/// Returns an option, whose names are not abbreviated.
const fn flag(
    short: Option<char>,
    name: &'static [&'static str],
    help: &'static str,
    effect: Effect,
) -> Flag<Effect> {
    Flag::new(FlagDoc::new(short, name, help).exact(), effect)
}

const DURATION: ValueDoc = ValueDoc::text("DURATION");

/// Every option, in the order of the help.
pub(super) static FLAGS: &[Flag<Effect>] = &[
    flag(Some('w'), &["wait"], "wait until a socket matches FILTER", Effect::Verb(WatchVerb::Wait))
        .with_long_help("Ends at once with status 0 if one is open already. May be repeated: every condition has \
            to hold, or one with --any."),
    flag(Some('g'), &["gone"], "wait until no socket matches FILTER", Effect::Verb(WatchVerb::Gone))
        .with_long_help("Ends at once with status 0 if none is open."),
    flag(Some('l'), &["list"], "print the ports that are open now", Effect::Verb(WatchVerb::List)),
    flag(None, &["any"], "wait for one of several filters, not for all", Effect::Any)
        .with_long_help("It goes with --wait or --gone."),
    flag(None, &["timeout"], "give up after this time, with status 124", Effect::Timeout)
        .with_value(DURATION)
        .with_long_help("Without --wait and --gone it needs --count, which it bounds."),
    flag(None, &["for"], "follow ports for this time", Effect::For)
        .with_value(DURATION)
        .with_long_help("When the time is up, that is success."),
    flag(None, &["count"], "follow ports until N have opened or closed", Effect::Count)
        .with_value(ValueDoc::text("N")),
    flag(None, &["initial"], "print the ports that are open at first, too", Effect::Initial),
    flag(None, &["interval"], "time between two looks; the default is 50ms", Effect::Interval)
        .with_value(DURATION),
    flag(Some('t'), &["tcp"], "TCP ports", Effect::Protocol(Protocol::Tcp)),
    flag(Some('u'), &["udp"], "UDP ports", Effect::Protocol(Protocol::Udp)),
    flag(Some('x'), &["unix"], "unix sockets that listen", Effect::Protocol(Protocol::Unix)),
    flag(Some('4'), &["ipv4"], "IPv4 ports", Effect::Family(AddressFamily::Inet)),
    flag(Some('6'), &["ipv6"], "IPv6 ports", Effect::Family(AddressFamily::Inet6)),
    flag(Some('p'), &["processes"], "show the processes that have a port open", Effect::Processes),
    flag(None, &["all-namespaces"], "ports of every network namespace", Effect::EveryNamespace)
        .with_long_help("A FILTER may then contain `netns = NAME` and `netns = INODE`."),
    flag(None, &["json-lines"], "print one JSON object per line", Effect::JsonLines)
        .with_long_help("The schema is docs/portwatch.schema.json of the source."),
    flag(Some('h'), &["help"], "print this text", Effect::Help),
    flag(Some('V'), &["version"], "print the version", Effect::Version),
];

/// Returns every option of `portwatch`, in the order of the help.
pub fn flags() -> impl Iterator<Item = &'static FlagDoc> + Clone {
    FLAGS.iter().map(|flag| &flag.doc)
}
