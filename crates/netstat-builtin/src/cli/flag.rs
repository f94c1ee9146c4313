//! The table of options, from which the parser and the help come.

use super::Choice;

/// An option.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    pub(crate) short: Option<u8>,
    /// The names after `--`; the first is shown in the help.
    pub(crate) long: &'static [&'static str],
    pub(crate) effect: Effect,
    /// One line of the help.
    pub(crate) help: &'static str,
}

/// What an option does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect {
    Choose(&'static [Choice]),
    /// It takes a list of address families.
    Families,
    /// It changes listings that this command does not have, and is accepted.
    Nothing,
    Help,
    Version,
    /// The reason.
    Refuse(&'static str),
}

const fn flag(
    short: u8,
    long: &'static [&'static str],
    effect: Effect,
    help: &'static str,
) -> Flag {
    Flag { short: Some(short), long, effect, help }
}

const fn long_flag(long: &'static [&'static str], effect: Effect, help: &'static str) -> Flag {
    Flag { short: None, long, effect, help }
}

const NO_FAMILY: Effect =
    Effect::Refuse("sockets of this family are not listed; `ss` lists those that it knows");

/// Every option, in the order of the help.
pub(crate) const FLAGS: &[Flag] = {
    use Choice as C;
    use Effect::{Choose, Families, Help, Nothing, Refuse, Version};
    &[
        flag(b't', &["tcp"], Choose(&[C::Tcp]), "list TCP sockets"),
        flag(b'u', &["udp"], Choose(&[C::Udp]), "list UDP sockets"),
        flag(b'w', &["raw"], Choose(&[C::Raw]), "list raw sockets"),
        flag(b'x', &["unix"], Choose(&[C::Unix]), "list unix sockets"),
        flag(b'4', &["inet", "ip", "tcpip"], Choose(&[C::Ipv4]), "list IPv4 sockets"),
        flag(b'6', &["inet6"], Choose(&[C::Ipv6]), "list IPv6 sockets"),
        flag(b'A', &["protocol"], Families, "list these families: inet, inet6, unix"),
        flag(b'l', &["listening"], Choose(&[C::Listening]), "list servers instead of connections"),
        flag(b'a', &["all"], Choose(&[C::All]), "list servers and connections"),
        flag(
            b'n',
            &["numeric"],
            Choose(&[C::NumericHosts, C::NumericPorts, C::NumericUsers]),
            "print numbers instead of names",
        ),
        long_flag(&["numeric-hosts"], Choose(&[C::NumericHosts]), "print addresses of hosts"),
        long_flag(&["numeric-ports"], Choose(&[C::NumericPorts]), "print numbers of ports"),
        long_flag(&["numeric-users"], Choose(&[C::NumericUsers]), "print numbers of users"),
        flag(b'p', &["programs"], Choose(&[C::Programs]), "print process id and program"),
        flag(b'e', &["extend"], Choose(&[C::Extended]), "print user and inode"),
        flag(b'o', &["timers"], Choose(&[C::Timers]), "print timers"),
        flag(b'W', &["wide"], Choose(&[C::Wide]), "do not cut addresses off"),
        flag(b'v', &["verbose"], Nothing, "accepted, without effect"),
        flag(b'N', &["symbolic"], Nothing, "accepted, without effect"),
        flag(b'F', &["fib"], Nothing, "accepted, without effect"),
        flag(b'C', &["cache"], Nothing, "accepted, without effect"),
        flag(b'h', &["help"], Help, "print this help"),
        flag(b'V', &["version"], Version, "print the version"),
        flag(
            b'r',
            &["route"],
            Refuse("it prints routes, and no command of this shell does"),
            "refused: routes",
        ),
        flag(
            b'i',
            &["interfaces"],
            Refuse("it prints interfaces, and no command of this shell does"),
            "refused: interfaces",
        ),
        flag(
            b'g',
            &["groups"],
            Refuse("it prints multicast groups, and no command of this shell does"),
            "refused: multicast groups",
        ),
        flag(
            b's',
            &["statistics"],
            Refuse("it prints counters of protocols; `ss -s` prints those of sockets"),
            "refused: use `ss -s`",
        ),
        flag(
            b'M',
            &["masquerade"],
            Refuse("it prints translated connections, and no command of this shell does"),
            "refused: translated connections",
        ),
        flag(
            b'c',
            &["continuous"],
            Refuse("it never ends; use `while sleep 1; do netstat; done`"),
            "refused: use a loop",
        ),
        flag(
            b'U',
            &["udplite"],
            Refuse("UDP-Lite sockets are not listed, and no command of this shell does"),
            "refused: UDP-Lite sockets",
        ),
        flag(
            b'S',
            &["sctp"],
            Refuse("SCTP sockets are not listed here; use `ss -S`"),
            "refused: use `ss -S`",
        ),
        flag(
            b'Z',
            &["context"],
            Refuse("security contexts are not printed, and no command of this shell does"),
            "refused: security contexts",
        ),
        flag(b'2', &["l2cap", "bluetooth"], NO_FAMILY, "refused: Bluetooth"),
        flag(b'f', &["rfcomm"], NO_FAMILY, "refused: Bluetooth"),
        long_flag(
            &["ax25", "ipx", "netrom", "rose", "x25", "ddp", "appletalk"],
            NO_FAMILY,
            "refused: families that are not listed",
        ),
    ]
};

/// The families of `-A`, with what each chooses.
pub(crate) const FAMILIES: &[(&str, Choice)] = &[
    ("inet", Choice::Ipv4),
    ("ip", Choice::Ipv4),
    ("tcpip", Choice::Ipv4),
    ("inet6", Choice::Ipv6),
    ("unix", Choice::Unix),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let shorts: Vec<_> = FLAGS.iter().filter_map(|flag| flag.short).collect();
        let longs: Vec<_> = FLAGS.iter().flat_map(|flag| flag.long).collect();
        assert_eq!(shorts.len(), shorts.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(longs.len(), longs.iter().collect::<BTreeSet<_>>().len());
    }
}
