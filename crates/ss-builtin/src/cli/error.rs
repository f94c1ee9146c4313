//! What is wrong with a command line.

use std::fmt;

use bstr::BString;
use builtin_api::Escaped;

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
    /// An option or a word that is understood and refused.
    Refused(String, Refusal),
}

impl CliError {
    /// Returns whether the usage is printed behind the message, as for every error but a refusal.
    pub(crate) fn shows_usage(&self) -> bool {
        !matches!(self, Self::Refused(..))
    }

    /// Returns the exit status: 1 for a refusal, 255 for what iproute2 does not understand either.
    pub(crate) fn status(&self) -> u8 {
        if self.shows_usage() { 255 } else { 1 }
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
