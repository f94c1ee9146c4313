//! Every option, once: the parser, the help and the documentation are made from this table.

use procnetsocket::Threads;
use socket_query::{AddressFamily, Grant, SocketTable};

use super::{
    output::OutputFormat,
    plan::{Detail, OptionalColumn, View},
};

/// An option of `ss`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Flag {
    /// The letter, if it has one.
    pub short: Option<u8>,
    /// The long name, without its dashes.
    pub long: &'static str,
    /// The value that the option takes.
    pub value: FlagValue,
    /// The line of the help.
    pub help: &'static str,
    /// The words that the value is made of, if it is made of words.
    pub words: Option<&'static WordList>,
    pub(crate) effect: Effect,
    pub(crate) needs: Needs,
    /// What the host has to grant before the option works.
    pub(crate) grant: Option<Grant>,
    pub(crate) origin: Origin,
}

/// Whether an option takes a value, and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagValue {
    /// It takes none.
    None,
    /// It takes one, attached or as the next word.
    Needed(&'static str),
    /// It takes a number or none: attached, or as the next word when that is all digits. No filter
    /// begins with such a word.
    OptionalNumber(&'static str),
}

/// The words that a value is made of, spelled as they are understood. Short second names are not among them.
#[derive(Debug)]
#[non_exhaustive]
pub struct WordList {
    /// What one of them is called in the help.
    pub name: &'static str,
    /// The words, in the order of the help.
    pub all: &'static [&'static str],
    /// What may stand before a word, and what it means there.
    pub prefix: Option<(char, &'static str)>,
}

/// The words of `-f`.
pub(super) static FAMILIES: WordList = WordList {
    name: "FAMILY",
    all: &["inet", "inet6", "link", "unix", "netlink", "vsock", "xdp", "help"],
    prefix: None,
};

/// The words of `-A`.
pub(super) static TABLES: WordList = WordList {
    name: "TABLE",
    all: &[
        "all",
        "inet",
        "tcp",
        "mptcp",
        "udp",
        "sctp",
        "dccp",
        "raw",
        "unix",
        "unix_stream",
        "unix_dgram",
        "unix_seqpacket",
        "packet",
        "packet_raw",
        "packet_dgram",
        "netlink",
        "vsock",
        "vsock_stream",
        "vsock_dgram",
        "xdp",
    ],
    prefix: Some(('!', "takes its sockets away")),
};

/// The words of `--sort`.
pub(super) static KEYS: WordList = WordList {
    name: "KEY",
    all: &["recv-q", "send-q", "local", "peer", "port", "uid", "inode", "state"],
    prefix: Some(('-', "reverses its order")),
};

/// Where an option comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// iproute2 has it.
    Iproute2,
    /// It is of this project. It is not cut: an abbreviation means what it means in iproute2.
    Own,
}

/// What an option needs of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The text tables will do.
    Nothing,
    /// Only sock_diag knows what it is about.
    SockDiag,
}

/// Why an option is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A host has to grant it, and this version does not build it yet.
    Grant(Grant),
    /// This version cannot do it here; the text says what is missing.
    NotBuilt(&'static str),
    /// The tables that the host gave cannot show it; the text says why.
    NoSource(&'static str),
    /// It is refused for good; the text says why.
    Never(&'static str),
}

/// What an option does to the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect {
    Help,
    Version,
    Summary,
    Numeric,
    /// Prints names of hosts.
    Resolve,
    Hide(OptionalColumn),
    Detail(Detail),
    /// Chooses states; the last such option counts.
    View(View),
    Family(AddressFamily),
    FamilyWord,
    Table(SocketTable),
    TableList,
    FilterFile,
    /// Chooses the network namespace; the last such option counts.
    Namespace,
    /// Chooses every network namespace of the machine.
    EveryNamespace,
    OneLine,
    /// Follows sockets as they end.
    Events,
    /// Lists again and again.
    Every,
    /// Destroys what is admitted.
    Kill,
    Count,
    For,
    /// Shows the processes that hold a socket, or their threads one by one.
    Processes(Threads),
    /// Chooses the form of the output; the last such option counts.
    Output(OutputFormat),
    Sort,
    Limit,
    Refused(Refusal),
}

impl Flag {
    /// Returns why the option is refused, or `None` when it works.
    pub const fn refusal(&self) -> Option<Refusal> {
        match self.effect {
            Effect::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Returns whether the option works on the tables of the system only: sock_diag shows what it is
    /// about, and the text tables do not. On a fake root it is refused.
    pub const fn needs_sock_diag(&self) -> bool {
        matches!(self.needs, Needs::SockDiag)
    }

    /// Returns what a host has to grant before the option works, or, for one that
    /// [degrades](Self::degrades), before it shows anything.
    pub const fn grant(&self) -> Option<Grant> {
        self.grant
    }

    /// Returns whether the option is refused whatever the tables are.
    pub const fn is_refused(&self) -> bool {
        self.refusal().is_some()
    }

    /// Returns whether iproute2 does not have the option.
    pub const fn is_own(&self) -> bool {
        matches!(self.origin, Origin::Own)
    }

    /// Returns whether the option works without its grant: it adds a column or names, and the listing
    /// is printed as for a user who may see none of it.
    pub const fn degrades(&self) -> bool {
        matches!(self.effect, Effect::Resolve | Effect::Processes(_))
    }

    const fn new(letter: char, long: &'static str, help: &'static str, effect: Effect) -> Self {
        let short = if letter.is_ascii_graphic() { Some(ascii(letter)) } else { None };
        Self {
            short,
            long,
            value: FlagValue::None,
            help,
            words: None,
            effect,
            needs: Needs::Nothing,
            grant: None,
            origin: Origin::Iproute2,
        }
    }

    const fn own(long: &'static str, help: &'static str, effect: Effect) -> Self {
        Self { origin: Origin::Own, ..Self::new(NO_LETTER, long, help, effect) }
    }

    const fn with_optional_number(self, value: &'static str) -> Self {
        Self { value: FlagValue::OptionalNumber(value), ..self }
    }

    const fn with_value(self, value: &'static str) -> Self {
        Self { value: FlagValue::Needed(value), ..self }
    }

    const fn of_words(self, words: &'static WordList) -> Self {
        Self { words: Some(words), ..self }
    }

    const fn of_sock_diag(self) -> Self {
        Self { needs: Needs::SockDiag, ..self }
    }

    const fn granted(self, grant: Grant) -> Self {
        Self { grant: Some(grant), ..self }
    }
}

#[allow(clippy::as_conversions, reason = "only called for ASCII letters, which fit a byte")]
const fn ascii(letter: char) -> u8 {
    letter as u8
}

/// Stands for "no letter" in the table.
const NO_LETTER: char = ' ';

const NO_SELINUX: &str = "security contexts are no part of a socket listing here";
const NO_BPF: &str = "it reads maps of BPF programs, which are not sockets";
const NO_TIPC: &str = "TIPC sockets are not supported";
const NO_DUMP: &str = "it writes raw kernel records to a file of the system";

/// Every option, in the order of the help.
static FLAGS: &[Flag] = &[
    Flag::new('h', "help", "print this text", Effect::Help),
    Flag::new('V', "version", "print the version", Effect::Version),
    Flag::new('v', "version", "the same as -V", Effect::Version),
    Flag::new('n', "numeric", "print numbers for ports and protocols", Effect::Numeric),
    Flag::new('r', "resolve", "print host names", Effect::Resolve).granted(Grant::Resolve),
    Flag::new('a', "all", "sockets in every state", Effect::View(View::All)),
    Flag::new('l', "listening", "listening sockets", Effect::View(View::Listening)),
    Flag::new(
        'B',
        "bound-inactive",
        "TCP sockets that are bound and idle",
        Effect::View(View::BoundInactive),
    )
    .of_sock_diag(),
    Flag::new('o', "options", "show timers", Effect::Detail(Detail::Timer)),
    Flag::new(
        'e',
        "extended",
        "show user id, inode, kernel object and more",
        Effect::Detail(Detail::Extended),
    ),
    Flag::new('m', "memory", "show memory", Effect::Detail(Detail::Memory)),
    Flag::new(
        'p',
        "processes",
        "show the processes that have a socket open",
        Effect::Processes(Threads::Together),
    )
    .granted(Grant::Processes),
    Flag::new('T', "threads", "show each of their threads", Effect::Processes(Threads::Apart))
        .granted(Grant::Processes),
    Flag::new('i', "info", "show the statistics of a connection", Effect::Detail(Detail::Info)),
    Flag::new(NO_LETTER, "tipcinfo", "show TIPC details", Effect::Refused(Refusal::Never(NO_TIPC))),
    Flag::new('s', "summary", "print counters of the whole machine", Effect::Summary),
    Flag::new(NO_LETTER, "tos", "show type of service", Effect::Detail(Detail::TypeOfService)),
    Flag::new(NO_LETTER, "cgroup", "show control groups", Effect::Detail(Detail::Cgroup)),
    Flag::new('b', "bpf", "show filters of packet sockets", Effect::Detail(Detail::Filters))
        .of_sock_diag(),
    Flag::new(NO_LETTER, "bpf-maps", "show BPF storage", Effect::Refused(Refusal::Never(NO_BPF))),
    Flag::new(
        NO_LETTER,
        "bpf-map-id",
        "show one BPF storage",
        Effect::Refused(Refusal::Never(NO_BPF)),
    )
    .with_value("ID"),
    Flag::new('E', "events", "follow sockets as they close", Effect::Events)
        .of_sock_diag()
        .granted(Grant::Events),
    Flag::new(
        'Z',
        "context",
        "show security contexts",
        Effect::Refused(Refusal::Never(NO_SELINUX)),
    ),
    Flag::new('z', "contexts", "show more of them", Effect::Refused(Refusal::Never(NO_SELINUX))),
    Flag::new('N', "net", "list another network namespace", Effect::Namespace)
        .with_value("NAME")
        .granted(Grant::Namespaces),
    Flag::new('4', "ipv4", "IPv4 sockets", Effect::Family(AddressFamily::Inet)),
    Flag::new('6', "ipv6", "IPv6 sockets", Effect::Family(AddressFamily::Inet6)),
    Flag::new('0', "packet", "packet sockets", Effect::Family(AddressFamily::Packet)),
    Flag::new('t', "tcp", "TCP sockets", Effect::Table(SocketTable::Tcp)),
    Flag::new('M', "mptcp", "MPTCP sockets", Effect::Table(SocketTable::Mptcp)).of_sock_diag(),
    Flag::new('S', "sctp", "SCTP sockets", Effect::Table(SocketTable::Sctp)).of_sock_diag(),
    Flag::new('u', "udp", "UDP sockets", Effect::Table(SocketTable::Udp)),
    Flag::new(
        'd',
        "dccp",
        "DCCP sockets (newer kernels have none)",
        Effect::Table(SocketTable::Dccp),
    )
    .of_sock_diag(),
    Flag::new('w', "raw", "raw sockets", Effect::Table(SocketTable::Raw)),
    Flag::new('x', "unix", "unix sockets", Effect::Family(AddressFamily::Unix)),
    Flag::new(NO_LETTER, "tipc", "TIPC sockets", Effect::Refused(Refusal::Never(NO_TIPC))),
    Flag::new(
        NO_LETTER,
        "vsock",
        "sockets between virtual machines",
        Effect::Family(AddressFamily::Vsock),
    )
    .of_sock_diag(),
    Flag::new(NO_LETTER, "xdp", "XDP sockets", Effect::Family(AddressFamily::Xdp)).of_sock_diag(),
    Flag::new('f', "family", "sockets of a family", Effect::FamilyWord)
        .with_value("FAMILY")
        .of_words(&FAMILIES),
    Flag::new('K', "kill", "close what the filter admits", Effect::Kill)
        .of_sock_diag()
        .granted(Grant::Kill),
    Flag::new('H', "no-header", "leave the header out", Effect::Hide(OptionalColumn::Header)),
    Flag::new('Q', "no-queues", "leave the queues out", Effect::Hide(OptionalColumn::Queues)),
    Flag::new('O', "oneline", "one line a socket", Effect::OneLine),
    Flag::new(
        NO_LETTER,
        "inet-sockopt",
        "show options of internet sockets",
        Effect::Detail(Detail::SocketOptions),
    ),
    Flag::new('A', "query", "tables by name, after ! without them", Effect::TableList)
        .with_value("TABLE[,...]")
        .of_words(&TABLES),
    Flag::new(NO_LETTER, "socket", "the same as -A", Effect::TableList)
        .with_value("TABLE[,...]")
        .of_words(&TABLES),
    Flag::new('D', "diag", "dump raw records", Effect::Refused(Refusal::Never(NO_DUMP)))
        .with_value("FILE"),
    Flag::new('F', "filter", "read the filter from a file, or from - (stdin)", Effect::FilterFile)
        .with_value("FILE"),
    Flag::own(
        "all-namespaces",
        "list every network namespace of the machine",
        Effect::EveryNamespace,
    )
    .granted(Grant::Namespaces),
    Flag::own("json", "print one JSON array", Effect::Output(OutputFormat::Json)),
    Flag::own(
        "json-lines",
        "print one JSON object a line",
        Effect::Output(OutputFormat::JsonLines),
    ),
    Flag::own("sort", "order by KEYs, -KEY backwards", Effect::Sort)
        .with_value("KEY[,...]")
        .of_words(&KEYS),
    Flag::own("limit", "print N sockets at most", Effect::Limit).with_value("N"),
    Flag::own("count", "print the number of sockets; N ends -E, --every", Effect::Count)
        .with_optional_number("N"),
    Flag::own("every", "with --json-lines: list again at each tick", Effect::Every)
        .with_value("DURATION"),
    Flag::own("for", "end -E, --every after: 10s 500ms 5m 1h", Effect::For).with_value("DURATION"),
];

/// Returns every option, in the order of the help.
pub fn flags() -> &'static [Flag] {
    FLAGS
}
