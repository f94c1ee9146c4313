//! What is wrong with a command line.

use std::fmt;

use bstr::BString;
use builtin_api::Escaped;

use socket_query::expr::{FilterError, FilterErrorKind};

use super::flags::Refusal;

/// A command line that is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CliError {
    UnknownLetter(u8),
    UnknownName(BString),
    Ambiguous(BString, Vec<&'static str>),
    NoValue(String),
    UnwantedValue(&'static str),
    UnknownFamily(BString),
    UnknownTable(BString),
    /// An option that makes sense with another alone.
    Without(&'static str, &'static str),
    /// A value that is not what the option takes; `None` when it is missing.
    Value {
        option: &'static str,
        expected: String,
        found: Option<BString>,
    },
    /// `state` or `exclude` without a word behind it.
    NoState(&'static str),
    UnknownState(BString),
    TwoFilterFiles,
    /// The file of a filter and why it cannot be read.
    FilterFile(BString, String),
    Filter(FilterError),
    UnknownKey(BString),
    /// The value of `--limit` is no number.
    BadLimit(BString),
    /// A number behind `--count`, where nothing ends at a number.
    CountOfNothing,
    /// Options that mean nothing beside another one.
    Together(&'static str, &'static str),
    /// An option or a word that is understood and refused.
    Refused(String, Refusal),
}

/// The names of states, but for second names.
const STATES: &str = "established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, \
    unconnected, close-wait, last-ack, listening, closing, bound-inactive, all, connected, \
    synchronized, bucket or big";

/// Why nothing is closed without a filter.
const NO_FILTER: Refusal =
    Refusal::Never("without a filter expression it would close every socket there is");

impl CliError {
    /// Returns the refusal of `-K` without a filter.
    pub(crate) fn no_filter() -> Self {
        Self::Refused("-K".to_owned(), NO_FILTER)
    }

    /// Returns whether the usage is printed behind the message: for wrong options. It does not help
    /// to understand a refusal or a filter.
    pub(crate) fn shows_usage(&self) -> bool {
        !matches!(
            self,
            Self::Refused(..)
                | Self::NoState(_)
                | Self::UnknownState(_)
                | Self::TwoFilterFiles
                | Self::FilterFile(..)
                | Self::Filter(_)
        )
    }

    /// Returns the exit status: 1 for a refusal and for a value that stands for nothing, 255 for what
    /// iproute2 does not understand either.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Refused(..) => 1,
            Self::Filter(error) => match error.kind() {
                FilterErrorKind::Grammar | FilterErrorKind::Limit => 255,
                _ => 1,
            },
            _ => 255,
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLetter(letter) => write!(f, "invalid option -- '{}'", Escaped(&[*letter])),
            Self::UnknownName(name) => write!(f, "unrecognized option '--{}'", Escaped(name)),
            Self::Ambiguous(name, names) => {
                write!(f, "option '--{}' is ambiguous: --{}", Escaped(name), names.join(", --"))
            }
            Self::NoValue(option) => write!(f, "option {option} needs a value"),
            Self::UnwantedValue(name) => write!(f, "option --{name} takes no value"),
            Self::UnknownFamily(word) => {
                write!(
                    f,
                    "\"{}\" is no family; expected inet, inet6, link, unix, netlink, vsock or xdp",
                    Escaped(word)
                )
            }
            Self::UnknownTable(word) => {
                write!(f, "\"{}\" is no socket table; the usage below names them", Escaped(word))
            }
            Self::Without(option, other) => {
                write!(f, "option {option} says nothing without {other}")
            }
            Self::Value { option, expected, found: Some(found) } => {
                write!(f, "option {option} needs {expected}, but found \"{}\"", Escaped(found))
            }
            Self::Value { option, expected, found: None } => {
                write!(f, "option {option} needs {expected}")
            }
            Self::NoState(word) => write!(f, "expected the name of a state behind \"{word}\""),
            Self::UnknownState(word) => {
                write!(f, "\"{}\" is no state; expected {STATES}", Escaped(word))
            }
            Self::TwoFilterFiles => write!(f, "-F was given more than once"),
            Self::FilterFile(path, reason) => {
                write!(f, "the filter in \"{}\" cannot be read: {reason}", Escaped(path))
            }
            Self::Filter(error) => error.fmt(f),
            Self::UnknownKey(word) => write!(
                f,
                "\"{}\" is no key to sort by; expected {}",
                Escaped(word),
                super::output::SORT_KEYS
            ),
            Self::BadLimit(word) => {
                write!(f, "--limit needs a number of sockets, but found \"{}\"", Escaped(word))
            }
            Self::CountOfNothing => f.write_str(
                "--count takes a number with -E and --every only; --limit=N prints N sockets at most",
            ),
            Self::Together(options, other) => write!(f, "{options} do nothing beside {other}"),
            Self::Refused(what, Refusal::Grant(grant)) => write!(
                f,
                "{what} is refused: it needs the grant \"{grant}\", which this host does not give"
            ),
            Self::Refused(what, Refusal::NotBuilt(reason)) => {
                write!(f, "{what} is refused by this version: {reason}")
            }
            Self::Refused(what, Refusal::NoSource(reason) | Refusal::Never(reason)) => {
                write!(f, "{what} is refused: {reason}")
            }
        }
    }
}
