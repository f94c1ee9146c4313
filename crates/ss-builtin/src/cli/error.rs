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
    /// `state` or `exclude` without a word behind it.
    NoState(&'static str),
    UnknownState(BString),
    TwoFilterFiles,
    /// The file of a filter and why it cannot be read.
    FilterFile(BString, String),
    Filter(FilterError),
    /// An option or a word that is understood and refused.
    Refused(String, Refusal),
}

/// The names of states, but for second names.
const STATES: &str = "established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, \
    unconnected, close-wait, last-ack, listening, closing, bound-inactive, all, connected, \
    synchronized, bucket or big";

impl CliError {
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
            Self::NoState(word) => write!(f, "expected the name of a state behind \"{word}\""),
            Self::UnknownState(word) => {
                write!(f, "\"{}\" is no state; expected {STATES}", Escaped(word))
            }
            Self::TwoFilterFiles => write!(f, "-F was given more than once"),
            Self::FilterFile(path, reason) => {
                write!(f, "the filter in \"{}\" cannot be read: {reason}", Escaped(path))
            }
            Self::Filter(error) => error.fmt(f),
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
