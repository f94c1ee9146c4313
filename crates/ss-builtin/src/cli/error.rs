//! Errors of the command line.

use std::fmt;

use bstr::BString;
use builtin_cli::{ArgError, Escaped};
use socket_query::{
    Grant,
    expr::{FilterError, FilterErrorKind},
};

use super::word::{FAMILY_LIST, SORT_KEY_LIST, STATE_LIST};

/// A command line that is not executed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CliError {
    Arg(ArgError),
    UnknownFamily(BString),
    UnknownTable(BString),
    UnknownKey(BString),
    UnknownState(BString),
    /// `state` or `exclude` as the last word.
    NoState(&'static str),
    /// An option that is missing the one it needs.
    Without(&'static str, &'static str),
    /// Options without an effect when another one is given.
    Together(&'static str, &'static str),
    /// `--count` with a number, but without `-E` or `--every`.
    CountOfNothing,
    TwoFilterFiles,
    /// The path of a filter, and why it cannot be read.
    FilterFile(BString, String),
    Filter(FilterError),
    /// A valid option or word that is refused here.
    Refused(String, Refusal),
}

/// Why an option or a word is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The host does not grant it.
    NotGranted(Grant),
    /// The reason, for a person.
    Because(&'static str),
}

/// Why `-K` needs a filter.
const NO_FILTER: Refusal =
    Refusal::Because("without a filter expression it would close every socket there is");

impl From<ArgError> for CliError {
    fn from(error: ArgError) -> Self {
        Self::Arg(error)
    }
}

impl CliError {
    /// Returns the refusal of `-K` without a filter.
    pub(crate) fn no_filter() -> Self {
        Self::Refused("-K".to_owned(), NO_FILTER)
    }

    /// Returns whether the usage is printed after the message. It does not help with a refusal or a
    /// filter.
    pub(crate) fn shows_usage(&self) -> bool {
        match self {
            Self::Arg(_)
            | Self::UnknownFamily(_)
            | Self::UnknownTable(_)
            | Self::UnknownKey(_)
            | Self::Without(..)
            | Self::Together(..)
            | Self::CountOfNothing => true,
            Self::UnknownState(_)
            | Self::NoState(_)
            | Self::TwoFilterFiles
            | Self::FilterFile(..)
            | Self::Filter(_)
            | Self::Refused(..) => false,
        }
    }

    /// Returns the exit status: 1 for a refusal and for a value that is invalid only here, 255 for
    /// what iproute2 rejects, too.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Refused(..) => 1,
            Self::Filter(error) => match error.kind() {
                FilterErrorKind::Grammar | FilterErrorKind::Limit => 255,
                _ => 1,
            },
            Self::Arg(_)
            | Self::UnknownFamily(_)
            | Self::UnknownTable(_)
            | Self::UnknownKey(_)
            | Self::UnknownState(_)
            | Self::NoState(_)
            | Self::Without(..)
            | Self::Together(..)
            | Self::CountOfNothing
            | Self::TwoFilterFiles
            | Self::FilterFile(..) => 255,
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arg(error) => error.fmt(f),
            Self::UnknownFamily(word) => {
                let known = FAMILY_LIST.alternatives();
                write!(f, "\"{}\" is not a family; expected {known}", Escaped::new(word))
            }
            Self::UnknownTable(word) => {
                let word = Escaped::new(word);
                write!(f, "\"{word}\" is not a socket table; the usage below names them")
            }
            Self::UnknownKey(word) => {
                let (word, known) = (Escaped::new(word), SORT_KEY_LIST.alternatives());
                write!(
                    f,
                    "\"{word}\" is not a key to sort by; expected {known}, or one of them after -"
                )
            }
            Self::UnknownState(word) => {
                let known = STATE_LIST.alternatives();
                write!(f, "\"{}\" is not a state; expected {known}", Escaped::new(word))
            }
            Self::NoState(word) => write!(f, "expected the name of a state after \"{word}\""),
            Self::Without(option, other) => {
                write!(f, "option {option} needs {other}")
            }
            Self::Together(options, other) => write!(f, "{options} have no effect with {other}"),
            Self::CountOfNothing => f.write_str(
                "--count takes a number with -E and --every only; --limit=N prints at most N sockets",
            ),
            Self::TwoFilterFiles => write!(f, "-F was given more than once"),
            Self::FilterFile(path, reason) => {
                write!(f, "the filter in \"{}\" cannot be read: {reason}", Escaped::new(path))
            }
            Self::Filter(error) => error.fmt(f),
            Self::Refused(what, Refusal::NotGranted(grant)) => write!(
                f,
                "{what} is refused: it needs the grant \"{grant}\", which this host does not give"
            ),
            Self::Refused(what, Refusal::Because(reason)) => {
                write!(f, "{what} is refused: {reason}")
            }
        }
    }
}
