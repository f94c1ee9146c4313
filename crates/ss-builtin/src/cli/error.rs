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
    UnknownKey(BString),
    /// The value of `--limit` is no number.
    BadLimit(BString),
    /// A number behind `--count`, where nothing ends at a number.
    CountWithoutEvents,
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
            Self::UnknownKey(word) => write!(
                f,
                "\"{}\" is no key to sort by; expected {}",
                Escaped(word),
                super::output::SORT_KEYS
            ),
            Self::BadLimit(word) => {
                write!(f, "--limit needs a number of sockets, but found \"{}\"", Escaped(word))
            }
            Self::CountWithoutEvents => f.write_str(
                "--count takes a number with -E only; --limit=N prints N sockets at most",
            ),
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
