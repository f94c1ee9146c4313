//! The table of options, from which the parser, the help and the documentation are made.

use builtin_cli::{Flag, FlagDoc, ValueDoc, ValueKind};
use procnetsocket::Threads;
use socket_query::{AddressFamily, SocketTable, StateSet};

use super::{
    detail::Detail,
    effect::Effect,
    output::{OptionalColumn, OutputFormat},
    word::{FAMILY_LIST, SORT_KEY_LIST, TABLE_LIST},
};

/// Returns every option of `ss`, in the order of the help.
pub fn flags() -> impl Iterator<Item = &'static FlagDoc> + Clone {
    FLAGS.iter().map(|flag| &flag.doc)
}

/// Returns an option of iproute2 that has a letter.
const fn flag(
    letter: char,
    name: &'static [&'static str],
    help: &'static str,
    effect: Effect,
) -> Flag<Effect> {
    described(FlagDoc::new(Some(letter), name, help), effect)
}

/// Returns an option of iproute2 without a letter.
const fn long(name: &'static [&'static str], help: &'static str, effect: Effect) -> Flag<Effect> {
    described(FlagDoc::new(None, name, help), effect)
}

/// Returns an option that iproute2 lacks. It has no abbreviations, which keep their meaning in
/// iproute2.
const fn own(name: &'static [&'static str], help: &'static str, effect: Effect) -> Flag<Effect> {
    described(FlagDoc::new(None, name, help).exact(), effect)
}

const fn described(doc: FlagDoc, effect: Effect) -> Flag<Effect> {
    let grant = match effect.grant() {
        Some(grant) => Some(grant.name()),
        None => None,
    };
    let refusal = if let Effect::Refused(reason) = effect { Some(reason) } else { None };
    let source = if effect.needs_sock_diag() { Some("sock_diag") } else { None };
    let doc = doc.with_grant(grant).degrading(effect.degrades());
    Flag::new(doc.with_source(source).with_refusal(refusal), effect)
}

const NO_SELINUX: &str = "security contexts are not listed here";
const NO_BPF: &str = "it reads maps of BPF programs, which are not sockets";
pub(super) const NO_TIPC: &str = "TIPC sockets are not supported";
const NO_DUMP: &str = "it writes raw kernel records to a file of the system";

/// Every option, in the order of the help.
pub(super) static FLAGS: &[Flag<Effect>] = &[
    flag('h', &["help"], "print this text", Effect::Help),
    flag('V', &["version"], "print the version", Effect::Version),
    flag('v', &["version"], "the same as -V", Effect::Version),
    flag('n', &["numeric"], "print numbers for ports and protocols", Effect::Numeric)
        .with_long_help("Addresses are numbers unless -r is given."),
    flag('r', &["resolve"], "print host names", Effect::Resolve).with_long_help(
        "Each look-up takes a bounded time; an address without a name is printed as a \
            number.",
    ),
    flag('a', &["all"], "sockets in every state", Effect::States(StateSet::ALL)),
    flag('l', &["listening"], "listening sockets", Effect::States(StateSet::LISTENING))
        .with_long_help("For protocols without connections: sockets that have no peer."),
    flag('B', &["bound-inactive"], "TCP sockets that are bound and idle", Effect::BoundInactive)
        .with_long_help("They have a port and neither listen nor connect."),
    flag('o', &["options"], "show timers", Effect::Detail(Detail::Timer)).with_long_help(
        "The name of the timer, the time until it expires, and the retransmissions so \
            far.",
    ),
    flag(
        'e',
        &["extended"],
        "show user id, inode, kernel object and more",
        Effect::Detail(Detail::Extended),
    )
    .with_long_help("Shows timers, too."),
    flag('m', &["memory"], "show memory", Effect::Detail(Detail::Memory))
        .with_long_help("The bytes that the socket has allocated, may allocate, and dropped."),
    flag(
        'p',
        &["processes"],
        "show the processes that have a socket open",
        Effect::Processes(Threads::Together),
    )
    .with_long_help("Name, process id and descriptor of each process that may be seen."),
    flag('T', &["threads"], "show each of their threads", Effect::Processes(Threads::Apart))
        .with_long_help("Implies -p."),
    flag('i', &["info"], "show the statistics of a connection", Effect::Detail(Detail::Info))
        .with_long_help(
            "Round trip times, congestion window, rates, retransmissions and more, as the \
            kernel counts them.",
        ),
    long(&["tipcinfo"], "show TIPC details", Effect::Refused(NO_TIPC)),
    flag('s', &["summary"], "print counters of the whole machine", Effect::Summary)
        .with_long_help("Without options that choose sockets it prints nothing else."),
    long(&["tos"], "show type of service", Effect::Detail(Detail::TypeOfService))
        .with_long_help("Also the traffic class and the class id, if they are set."),
    long(&["cgroup"], "show control groups", Effect::Detail(Detail::Cgroup))
        .with_long_help("The path of the control group in which the socket was made."),
    flag('b', &["bpf"], "show filters of packet sockets", Effect::Detail(Detail::Filters))
        .with_long_help(
            "The instructions of the classic BPF program that is attached. Shows timers, \
            too.",
        ),
    long(&["bpf-maps"], "show BPF storage", Effect::Refused(NO_BPF)),
    long(&["bpf-map-id"], "show one BPF storage", Effect::Refused(NO_BPF))
        .with_value(ValueDoc::text("ID")),
    flag('E', &["events"], "follow sockets as they close", Effect::Events).with_long_help(
        "Each is printed when the kernel destroys it. The call ends by --for, by \
            --count, or when it is interrupted.",
    ),
    flag('Z', &["context"], "show security contexts", Effect::Refused(NO_SELINUX)),
    flag('z', &["contexts"], "show more of them", Effect::Refused(NO_SELINUX)),
    flag('N', &["net"], "list another network namespace", Effect::Namespace)
        .with_value(ValueDoc::text("NAME"))
        .with_long_help("The name is one that the host offers; the last such option counts."),
    flag('4', &["ipv4"], "IPv4 sockets", Effect::Family(AddressFamily::Inet))
        .with_long_help("Of every internet protocol, unless tables are chosen, too."),
    flag('6', &["ipv6"], "IPv6 sockets", Effect::Family(AddressFamily::Inet6))
        .with_long_help("Of every internet protocol, unless tables are chosen, too."),
    flag('0', &["packet"], "packet sockets", Effect::Family(AddressFamily::Packet)),
    flag('t', &["tcp"], "TCP sockets", Effect::Table(SocketTable::Tcp)),
    flag('M', &["mptcp"], "MPTCP sockets", Effect::Table(SocketTable::Mptcp)),
    flag('S', &["sctp"], "SCTP sockets", Effect::Table(SocketTable::Sctp)),
    flag('u', &["udp"], "UDP sockets", Effect::Table(SocketTable::Udp)),
    flag(
        'd',
        &["dccp"],
        "DCCP sockets (newer kernels have none)",
        Effect::Table(SocketTable::Dccp),
    ),
    flag('w', &["raw"], "raw sockets", Effect::Table(SocketTable::Raw)),
    flag('x', &["unix"], "unix sockets", Effect::Family(AddressFamily::Unix)),
    long(&["tipc"], "TIPC sockets", Effect::Refused(NO_TIPC)),
    long(&["vsock"], "sockets between virtual machines", Effect::Family(AddressFamily::Vsock)),
    long(&["xdp"], "XDP sockets", Effect::Family(AddressFamily::Xdp)),
    flag('f', &["family"], "sockets of a family", Effect::FamilyWord)
        .with_value(ValueDoc::new("FAMILY", ValueKind::Word(&FAMILY_LIST)))
        .with_long_help("May be given more than once."),
    flag('K', &["kill"], "close what the filter admits", Effect::Kill).with_long_help(
        "Only sockets of internet protocols can be closed. Those that were closed are \
            printed. Without a filter expression it is refused.",
    ),
    flag('H', &["no-header"], "leave the header out", Effect::Hide(OptionalColumn::Header)),
    flag('Q', &["no-queues"], "leave the queues out", Effect::Hide(OptionalColumn::Queues)),
    flag('O', &["oneline"], "one line per socket", Effect::OneLine)
        .with_long_help("What would follow on lines below is on the line of the socket."),
    long(
        &["inet-sockopt"],
        "show options of internet sockets",
        Effect::Detail(Detail::SocketOptions),
    ),
    flag('A', &["query"], "tables by name, after ! without them", Effect::TableList)
        .with_value(ValueDoc::new("TABLE[,...]", ValueKind::Words(&TABLE_LIST)))
        .with_long_help("The first such list replaces the tables that options before it chose."),
    long(&["socket"], "the same as -A", Effect::TableList)
        .with_value(ValueDoc::new("TABLE[,...]", ValueKind::Words(&TABLE_LIST))),
    flag('D', &["diag"], "dump raw records", Effect::Refused(NO_DUMP))
        .with_value(ValueDoc::new("FILE", ValueKind::File)),
    flag('F', &["filter"], "read the filter from a file, or from - (stdin)", Effect::FilterFile)
        .with_value(ValueDoc::new("FILE", ValueKind::File))
        .with_long_help(
            "Its words follow those of the command line. From # to the end of a line is a \
            comment.",
        ),
    own(
        &["all-namespaces"],
        "list every network namespace of the machine",
        Effect::EveryNamespace,
    )
    .with_long_help(
        "The first column is its name, or its inode. What may not be entered is read from /proc, and \
        what cannot be read is reported.",
    ),
    own(&["peers"], "show the other end of each connection", Effect::Peers)
        .with_long_help(
            "Where it is on this machine: the inode of the socket at the other end of a TCP, UDP or \
            unix connection, or, with -p, its processes. None is shown where an address is \
            translated on the way, or where more than one socket may be the other end.",
        ),
    own(&["json"], "print one JSON array", Effect::Output(OutputFormat::Json))
        .with_long_help("The schema is docs/ss.schema.json of the source."),
    own(&["json-lines"], "print one JSON object per line", Effect::Output(OutputFormat::JsonLines)),
    own(&["sort"], "order by KEYs, -KEY backwards", Effect::Sort)
        .with_value(ValueDoc::new("KEY[,...]", ValueKind::Words(&SORT_KEY_LIST)))
        .with_long_help(
            "Sockets without the value are last. Equal ones keep the order in which they \
            come.",
        ),
    own(&["limit"], "print at most N sockets", Effect::Limit)
        .with_value(ValueDoc::text("N"))
        .with_long_help("Standard error says how many were left out."),
    own(&["count"], "print the number of sockets; N ends -E, --every", Effect::Count)
        .with_value(ValueDoc::new("N", ValueKind::OptionalNumber)),
    own(&["every"], "with --json-lines: list again at each tick", Effect::Every)
        .with_value(ValueDoc::text("DURATION"))
        .with_long_help("A tick that comes while a listing is printed is skipped."),
    own(&["for"], "end -E, --every after: 10s 500ms 5m 1h", Effect::For)
        .with_value(ValueDoc::text("DURATION")),
];
