//! The text of `-h`, made from the table of options.

use std::fmt;

use builtin_cli::{
    FlagDoc,
    help::{FlagLine, WIDTH, WordLines, write_words},
};
use socket_query::Grant;

use super::{
    flag::flags,
    plan::HostFeatures,
    word::{FAMILY_LIST, SORT_KEY_LIST, STATE_LIST, TABLE_LIST},
};

/// The output of `-V`.
pub(crate) const VERSION: &str =
    concat!("ss utility, ss-builtin-", env!("CARGO_PKG_VERSION"), " (as iproute2 7.x)");

/// The usage in a host, at most 80 columns wide.
pub(crate) struct Help(pub(crate) HostFeatures);

/// Column in which the descriptions begin.
const DESCRIPTION: usize = 32;

/// Column in which the options begin.
const INDENT: usize = 3;

/// The section of the help that lists an option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// The options of iproute2.
    Usual,
    /// The options that iproute2 lacks.
    Own,
    /// The options that need a further grant.
    Granted,
    /// The options that are refused, without a description.
    Refused,
}

impl Section {
    fn of(doc: &FlagDoc) -> Self {
        if doc.refusal.is_some() {
            Self::Refused
        } else if doc.grant.is_some() {
            Self::Granted
        } else if doc.is_exact {
            Self::Own
        } else {
            Self::Usual
        }
    }

    fn flags(self) -> impl Iterator<Item = &'static FlagDoc> {
        flags().filter(move |doc| Self::of(doc) == self)
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |list, indent| WordLines { indent, list };
        f.write_str("Usage: ss [ OPTIONS ] [ FILTER ]\n\n")?;
        self.options(f, Section::Usual)?;
        f.write_str("\nNot in iproute2, and never abbreviated:\n")?;
        self.options(f, Section::Own)?;
        write!(f, "{}", words(&SORT_KEY_LIST, 3))?;
        self.grants(f)?;
        self.options(f, Section::Granted)?;
        write!(f, "\n{}{}", words(&FAMILY_LIST, 0), words(&TABLE_LIST, 0))?;
        f.write_str("\nFILTER: [ state STATE | exclude STATE ]... [ EXPRESSION ]\n")?;
        write!(f, "{}{EXPRESSION}", words(&STATE_LIST, 0))?;
        f.write_str("\nRefused (the message gives the reason):\n")?;
        write_words(f, "  ", Section::Refused.flags().map(FlagDoc::brief))
    }
}

impl Help {
    fn options(&self, f: &mut fmt::Formatter<'_>, section: Section) -> fmt::Result {
        section.flags().try_for_each(|doc| self.option(f, doc))
    }

    /// Writes an option, followed by its note. The note begins a line if it does not fit.
    fn option(&self, f: &mut fmt::Formatter<'_>, doc: &'static FlagDoc) -> fmt::Result {
        let line = FlagLine { doc, indent: INDENT, width: DESCRIPTION - INDENT - 1 }.to_string();
        f.write_str(&line)?;
        if let Some(mark) = self.mark(doc) {
            let fits = line.len() + 1 + mark.len() <= WIDTH;
            let width = if fits { 0 } else { DESCRIPTION };
            write!(f, "{}{:width$}{mark}", if fits { " " } else { "\n" }, "")?;
        }
        f.write_str("\n")
    }

    /// Returns the note for an option that needs a grant or sock_diag.
    fn mark(&self, doc: &FlagDoc) -> Option<String> {
        let HostFeatures { grants, has_sock_diag } = self.0;
        let is_granted = |grant: &str| grants.iter().any(|granted| granted.name() == grant);
        match doc.grant {
            Some(grant) if !is_granted(grant) => {
                let state = if doc.degrades { "not granted" } else { "refused" };
                Some(format!("[{grant}: {state}]"))
            }
            _ if doc.source.is_some() && !has_sock_diag => {
                Some("[refused without sock_diag]".to_owned())
            }
            grant => grant.map(|grant| format!("[{grant}: granted]")),
        }
    }

    fn grants(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let granted: Vec<_> = self.0.grants.iter().map(Grant::name).collect();
        let granted = if granted.is_empty() {
            "nothing, so that no socket is listed".to_owned()
        } else {
            granted.join(", ")
        };
        write!(f, "\nThis host grants {granted}.\nOptions that need a further grant:\n")
    }
}

const EXPRESSION: &str = "\
EXPRESSION: { src | dst } [ = ] HOST           { sport | dport } [ OP ] PORT
            dev [ = | != ] INTERFACE           fwmark [ = | != ] MARK[/MASK]
            cgroup [ = | != ] PATH             autobound
            user [ = | != ] NAME|UID           not of iproute2, as the next six
            pid [ = | != ] N                   comm [ = | != ] PATTERN
            peer-pid [ = | != ] N              peer-comm [ = | != ] PATTERN
            container [ = | != ] ID-PREFIX     unit [ = | != ] PATTERN
            netns [ = | != ] NAME|INODE        with --all-namespaces only
            ( X )   not X   X and Y   X or Y   from the left, with equal weight
HOST: ADDRESS[/BITS][:PORT], [IPV6/BITS]:PORT, *, unix:PATTERN, link:, netlink:
OP: = != > < >= <=
";

#[cfg(test)]
mod tests {
    use builtin_cli::help::FlagUsage;
    use rstest::rstest;
    use socket_query::GrantSet;

    use super::*;

    fn help(grants: GrantSet, has_sock_diag: bool) -> String {
        Help(HostFeatures { grants, has_sock_diag }).to_string()
    }

    #[rstest]
    #[case::nothing(GrantSet::empty(), false)]
    #[case::sockets(GrantSet::empty().with(Grant::Sockets), true)]
    #[case::everything(Grant::ALL.into_iter().collect(), false)]
    fn names_every_option_and_fits_a_terminal(
        #[case] grants: GrantSet,
        #[case] has_sock_diag: bool,
    ) {
        let help = help(grants, has_sock_diag);
        for doc in flags() {
            let is_named = match Section::of(doc) {
                Section::Refused => help.contains(&doc.brief().to_string()),
                Section::Usual | Section::Own | Section::Granted => {
                    help.contains(&format!("{} ", FlagUsage(doc)))
                }
            };
            assert!(is_named, "--{}", doc.name());
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
    #[case::grants(Grant::Events, "This host grants events. Options that need a further grant:")]
    #[case::source(Grant::Sockets, "-b, --bpf show filters of packet sockets [refused without")]
    fn help_lists_what_the_host_grants(#[case] grant: Grant, #[case] text: &str) {
        let help = help(GrantSet::empty().with(grant), false);
        let words: Vec<_> = help.split_whitespace().collect();
        assert!(words.join(" ").contains(text), "{help}");
    }

    #[test]
    fn options_of_this_project_are_listed_together() {
        let help = help(GrantSet::empty().with(Grant::Sockets), true);
        let own = help.split("never abbreviated:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        insta::assert_snapshot!(own, @r"
               --peers                  show the other end of each connection
               --json                   print one JSON array
               --json-lines             print one JSON object per line
               --sort=KEY[,...]         order by KEYs, -KEY backwards
               --limit=N                print at most N sockets
               --count[=N]              print the number of sockets; N ends -E, --every
               --every=DURATION         with --json-lines: list again at each tick
               --for=DURATION           end -E, --every after: 10s 500ms 5m 1h
           KEY: recv-q send-q local peer port uid inode state
        ");
    }

    #[test]
    fn help_shows_a_host_without_grants() {
        let help = help(GrantSet::empty(), true);
        assert!(help.contains("grants nothing, so that no socket is listed."), "{help}");
    }
}
