//! The table of options, from which the parser and the help are made.

use builtin_cli::{Flag, FlagDoc, ValueDoc, ValueKind, Word, WordList, WordTable};

use super::choice::Choice;

/// The effect of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Choose(&'static [Choice]),
    /// Takes a list of address families.
    Families,
    /// Is accepted, but affects only listings that this command lacks.
    Nothing,
    Help,
    Version,
    /// Is refused, for this reason.
    Refuse(&'static str),
}

const fn flag(
    short: char,
    long: &'static [&'static str],
    effect: Effect,
    help: &'static str,
) -> Flag<Effect> {
    Flag::new(FlagDoc::new(Some(short), long, help), effect)
}

const fn long_flag(
    long: &'static [&'static str],
    effect: Effect,
    help: &'static str,
) -> Flag<Effect> {
    Flag::new(FlagDoc::new(None, long, help), effect)
}

const NO_FAMILY: Effect =
    Effect::Refuse("sockets of this family are not listed; `ss` lists those that it knows");

/// Every option, in the order of the help.
pub(super) static FLAGS: &[Flag<Effect>] = {
    use Choice as C;
    use Effect::{Choose, Families, Help, Nothing, Refuse, Version};
    &[
        flag('t', &["tcp"], Choose(&[C::Tcp]), "list TCP sockets"),
        flag('u', &["udp"], Choose(&[C::Udp]), "list UDP sockets"),
        flag('w', &["raw"], Choose(&[C::Raw]), "list raw sockets"),
        flag('x', &["unix"], Choose(&[C::Unix]), "list unix sockets"),
        flag('4', &["inet", "ip", "tcpip"], Choose(&[C::Ipv4]), "list IPv4 sockets"),
        flag('6', &["inet6"], Choose(&[C::Ipv6]), "list IPv6 sockets"),
        flag('A', &["protocol"], Families, "list these families: inet, inet6, unix")
            .with_value(ValueDoc::new("LIST", ValueKind::Words(&FAMILY_LIST))),
        flag('l', &["listening"], Choose(&[C::Listening]), "list servers instead of connections"),
        flag('a', &["all"], Choose(&[C::All]), "list servers and connections"),
        flag(
            'n',
            &["numeric"],
            Choose(&[C::NumericHosts, C::NumericPorts, C::NumericUsers]),
            "print numbers instead of names",
        ),
        long_flag(&["numeric-hosts"], Choose(&[C::NumericHosts]), "print addresses of hosts"),
        long_flag(&["numeric-ports"], Choose(&[C::NumericPorts]), "print numbers of ports"),
        long_flag(&["numeric-users"], Choose(&[C::NumericUsers]), "print numbers of users"),
        flag('p', &["programs"], Choose(&[C::Programs]), "print process id and program"),
        flag('e', &["extend"], Choose(&[C::Extended]), "print user and inode"),
        flag('o', &["timers"], Choose(&[C::Timers]), "print timers"),
        flag('W', &["wide"], Choose(&[C::Wide]), "do not cut addresses off"),
        flag('v', &["verbose"], Nothing, "accepted, without effect"),
        flag('N', &["symbolic"], Nothing, "accepted, without effect"),
        flag('F', &["fib"], Nothing, "accepted, without effect"),
        flag('C', &["cache"], Nothing, "accepted, without effect"),
        flag('h', &["help"], Help, "print this help"),
        flag('V', &["version"], Version, "print the version"),
        flag(
            'r',
            &["route"],
            Refuse("it prints routes, and no command of this shell does"),
            "refused: routes",
        ),
        flag(
            'i',
            &["interfaces"],
            Refuse("it prints interfaces, and no command of this shell does"),
            "refused: interfaces",
        ),
        flag(
            'g',
            &["groups"],
            Refuse("it prints multicast groups, and no command of this shell does"),
            "refused: multicast groups",
        ),
        flag(
            's',
            &["statistics"],
            Refuse("it prints counters of protocols; `ss -s` prints those of sockets"),
            "refused: use `ss -s`",
        ),
        flag(
            'M',
            &["masquerade"],
            Refuse("it prints translated connections, and no command of this shell does"),
            "refused: translated connections",
        ),
        flag(
            'c',
            &["continuous"],
            Refuse("it never ends; use `while sleep 1; do netstat; done`"),
            "refused: use a loop",
        ),
        flag(
            'U',
            &["udplite"],
            Refuse("UDP-Lite sockets are not listed, and no command of this shell does"),
            "refused: UDP-Lite sockets",
        ),
        flag(
            'S',
            &["sctp"],
            Refuse("SCTP sockets are not listed here; use `ss -S`"),
            "refused: use `ss -S`",
        ),
        flag(
            'Z',
            &["context"],
            Refuse("security contexts are not printed, and no command of this shell does"),
            "refused: security contexts",
        ),
        flag('2', &["l2cap", "bluetooth"], NO_FAMILY, "refused: Bluetooth"),
        flag('f', &["rfcomm"], NO_FAMILY, "refused: Bluetooth"),
        long_flag(
            &["ax25", "ipx", "netrom", "rose", "x25", "ddp", "appletalk"],
            NO_FAMILY,
            "refused: families that are not listed",
        ),
    ]
};

/// The families of `-A`, and the choice of each.
pub(super) const FAMILIES: WordTable<Choice> = WordTable(&[
    Word::new("inet", Choice::Ipv4).or(&["ip", "tcpip"]),
    Word::new("inet6", Choice::Ipv6),
    Word::new("unix", Choice::Unix),
]);

static FAMILY_LIST: WordList = WordList::new("FAMILY", || FAMILIES.names());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn option_names_are_unique() {
        let shorts: Vec<_> = FLAGS.iter().filter_map(|flag| flag.doc.short).collect();
        let longs: Vec<_> = FLAGS.iter().flat_map(|flag| flag.doc.long).collect();
        assert_eq!(shorts.len(), shorts.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(longs.len(), longs.iter().collect::<BTreeSet<_>>().len());
    }
}
