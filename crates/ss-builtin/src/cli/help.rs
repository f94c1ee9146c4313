//! The text of `-h`, made from the table of options.

use std::fmt;

use socket_query::Grant;

use super::{
    flags::{FAMILIES, Flag, FlagValue, KEYS, Refusal, TABLES, WordList, flags},
    plan::{Host, Tables},
};

/// What `-V` prints.
pub(crate) const VERSION: &str =
    concat!("ss utility, ss-builtin-", env!("CARGO_PKG_VERSION"), " (as iproute2 7.x)");

/// The usage as it is in a host, 80 columns wide at most.
pub(crate) struct Help(pub(crate) Host);

/// Where the descriptions begin.
const DESCRIPTION: usize = 32;

/// The width of a terminal that every line fits.
const WIDTH: usize = 80;

/// Where the help lists an option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Among those of iproute2.
    Usual,
    /// Among those of this project.
    Own,
    /// Among those that the host has to grant.
    Granted,
    /// Not one by one.
    Refused,
}

impl Section {
    fn of(flag: &Flag) -> Self {
        match flag.refusal() {
            Some(Refusal::Grant(_)) => Self::Granted,
            Some(_) => Self::Refused,
            None if flag.grant().is_some() => Self::Granted,
            None if flag.is_own() => Self::Own,
            None => Self::Usual,
        }
    }

    fn flags(self) -> impl Iterator<Item = &'static Flag> {
        flags().iter().filter(move |flag| Self::of(flag) == self)
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Usage: ss [ OPTIONS ] [ FILTER ]\n\n")?;
        self.options(f, Section::Usual)?;
        f.write_str("\nNot of iproute2, and never abbreviated:\n")?;
        self.options(f, Section::Own)?;
        write_words(f, "   ", &KEYS)?;
        self.grants(f)?;
        self.options(f, Section::Granted)?;
        f.write_str("\n")?;
        write_words(f, "", &FAMILIES)?;
        write_words(f, "", &TABLES)?;
        f.write_str(FILTER)?;
        f.write_str("\nRefused (the message tells the reason):\n")?;
        write_list(f, "  ", Section::Refused.flags().map(|flag| Spelling(flag).brief()))
    }
}

impl Help {
    fn options(&self, f: &mut fmt::Formatter<'_>, section: Section) -> fmt::Result {
        section.flags().try_for_each(|flag| self.option(f, flag))
    }

    /// Writes an option, and what it lacks in this host: behind it, or below where there is no room.
    fn option(&self, f: &mut fmt::Formatter<'_>, flag: &'static Flag) -> fmt::Result {
        let spelling = Spelling(flag).to_string();
        let line = format!("   {spelling:<width$} {}", flag.help, width = DESCRIPTION - 4);
        f.write_str(&line)?;
        if let Some(mark) = self.mark(flag) {
            let fits = line.len() + 1 + mark.len() <= WIDTH;
            let width = if fits { 0 } else { DESCRIPTION };
            write!(f, "{}{:width$}{mark}", if fits { " " } else { "\n" }, "")?;
        }
        f.write_str("\n")
    }

    /// Returns what the host says to an option that needs something of it.
    fn mark(&self, flag: &Flag) -> Option<String> {
        match flag.refusal() {
            Some(Refusal::Grant(grant)) if self.0.grants.contains(grant) => {
                Some(format!("[{grant}: granted, not built yet]"))
            }
            Some(Refusal::Grant(grant)) => Some(format!("[{grant}: refused]")),
            _ if let Some(grant) = flag.grant()
                && !self.0.grants.contains(grant) =>
            {
                let state = if flag.degrades() { "not granted" } else { "refused" };
                Some(format!("[{grant}: {state}]"))
            }
            _ if flag.needs_sock_diag() && self.0.tables == Tables::Text => {
                Some("[refused without sock_diag]".to_owned())
            }
            _ => flag.grant().map(|grant| format!("[{grant}: granted]")),
        }
    }

    fn grants(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let granted: Vec<_> = self.0.grants.iter().map(Grant::name).collect();
        let granted = if granted.is_empty() {
            "nothing, so that no socket is listed".to_owned()
        } else {
            granted.join(", ")
        };
        write!(f, "\nThis host grants {granted}.\nOptions that need a grant of their own:\n")
    }
}

/// Writes what a value is made of.
fn write_words(f: &mut fmt::Formatter<'_>, margin: &str, words: &WordList) -> fmt::Result {
    let head = format!("{margin}{}:", words.name);
    write_list(f, &head, words.all.iter().map(|word| (*word).to_owned()))
}

/// Writes words behind a head, in lines that fit.
fn write_list(
    f: &mut fmt::Formatter<'_>,
    head: &str,
    words: impl Iterator<Item = String>,
) -> fmt::Result {
    let mut line = head.to_owned();
    for word in words {
        if line.len() + 1 + word.len() > WIDTH {
            writeln!(f, "{line}")?;
            line = " ".repeat(head.len());
        }
        line.push(' ');
        line.push_str(&word);
    }
    writeln!(f, "{line}")
}

const FILTER: &str = "
FILTER: [ state STATE | exclude STATE ]... [ EXPRESSION ]
STATE: established syn-sent syn-recv fin-wait-1 fin-wait-2 time-wait unconnected
       close-wait last-ack listening closing bound-inactive all connected
       synchronized bucket big
EXPRESSION: { src | dst } [ = ] HOST           { sport | dport } [ OP ] PORT
            dev [ = | != ] INTERFACE           fwmark [ = | != ] MARK[/MASK]
            cgroup [ = | != ] PATH             autobound
            user [ = | != ] NAME|UID           not of iproute2, as the next two
            pid [ = | != ] N                   comm [ = | != ] PATTERN
            netns [ = | != ] NAME|INODE        with --all-namespaces only
            ( X )   not X   X and Y   X or Y   from the left, with equal weight
HOST: ADDRESS[/BITS][:PORT], [IPV6/BITS]:PORT, *, unix:PATTERN, link:, netlink:
OP: = != > < >= <=
";

/// An option as it is typed: `-f, --family=FAMILY`.
struct Spelling(&'static Flag);

impl Spelling {
    fn brief(&self) -> String {
        match self.0.short {
            Some(letter) => format!("-{}", char::from(letter)),
            None => format!("--{}", self.0.long),
        }
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.short {
            Some(letter) => write!(f, "-{}, ", char::from(letter))?,
            None => f.write_str("    ")?,
        }
        write!(f, "--{}", self.0.long)?;
        match self.0.value {
            FlagValue::None => Ok(()),
            FlagValue::Needed(value) => write!(f, "={value}"),
            FlagValue::OptionalNumber(value) => write!(f, "[={value}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use socket_query::GrantSet;

    use super::*;

    fn help(grants: GrantSet, tables: Tables) -> String {
        Help(Host { grants, tables }).to_string()
    }

    #[rstest]
    #[case::nothing(GrantSet::empty(), Tables::Text)]
    #[case::sockets(GrantSet::empty().with(Grant::Sockets), Tables::Live)]
    #[case::everything(Grant::ALL.into_iter().collect(), Tables::Text)]
    fn names_every_option_and_fits_a_terminal(#[case] grants: GrantSet, #[case] tables: Tables) {
        let help = help(grants, tables);
        for flag in flags() {
            let is_named = match Section::of(flag) {
                Section::Refused => help.contains(&Spelling(flag).brief()),
                _ => help.contains(&format!("{} ", Spelling(flag))),
            };
            assert!(is_named, "--{}", flag.long);
        }
        for line in help.lines() {
            assert!(line.len() <= WIDTH && !line.ends_with(' '), "{line:?}");
        }
    }

    #[rstest]
    #[case::refused(Grant::Sockets, "-r, --resolve print host names [resolve: not granted]")]
    #[case::behind(
        Grant::Sockets,
        "-p, --processes show the processes that have a socket open [processes: not granted]"
    )]
    #[case::granted(Grant::Resolve, "-r, --resolve print host names [resolve: granted]")]
    #[case::below(
        Grant::Sockets,
        "-N, --net=NAME list another network namespace [namespaces: refused]"
    )]
    #[case::grants(
        Grant::Events,
        "This host grants events. Options that need a grant of their own:"
    )]
    #[case::source(Grant::Sockets, "-b, --bpf show filters of packet sockets [refused without")]
    fn help_lists_what_the_host_grants(#[case] grant: Grant, #[case] text: &str) {
        let help = help(GrantSet::empty().with(grant), Tables::Text);
        let words: Vec<_> = help.split_whitespace().collect();
        assert!(words.join(" ").contains(text), "{help}");
    }

    #[test]
    fn options_of_this_project_stand_together() {
        let help = help(GrantSet::empty().with(Grant::Sockets), Tables::Live);
        let own = help.split("never abbreviated:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        insta::assert_snapshot!(own, @r"
               --json                   print one JSON array
               --json-lines             print one JSON object a line
               --sort=KEY[,...]         order by KEYs, -KEY backwards
               --limit=N                print N sockets at most
               --count[=N]              print the number of sockets; N ends -E, --every
               --every=DURATION         with --json-lines: list again at each tick
               --for=DURATION           end -E, --every after: 10s 500ms 5m 1h
           KEY: recv-q send-q local peer port uid inode state
        ");
    }

    #[test]
    fn a_host_that_grants_nothing_says_so() {
        let help = help(GrantSet::empty(), Tables::Live);
        assert!(help.contains("grants nothing, so that no socket is listed."), "{help}");
    }
}
