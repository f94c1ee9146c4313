//! What is wrong with a command line.

use bstr::BString;
use builtin_api::{Escaped, ExitCode};

/// The status of net-tools for options that it does not understand.
const BAD_OPTION: ExitCode = ExitCode::new(3);

/// What is wrong with a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CliError {
    UnknownShort(u8),
    UnknownLong(BString),
    Ambiguous(BString, Vec<&'static str>),
    /// The option, as typed.
    MissingValue(String),
    UnwantedValue(&'static str),
    UnknownFamily(BString),
    /// The option, as typed, and the reason.
    Refused(String, &'static str),
}

impl CliError {
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::UnknownFamily(_) => ExitCode::FAILURE,
            _ => BAD_OPTION,
        }
    }

    /// Returns whether the help follows, as in net-tools.
    pub(crate) fn shows_usage(&self) -> bool {
        !matches!(self, Self::UnknownFamily(_) | Self::Refused(..))
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownShort(byte) => write!(f, "invalid option -- '{}'", Escaped(&[*byte])),
            Self::UnknownLong(name) => write!(f, "unrecognized option '--{}'", Escaped(name)),
            Self::Ambiguous(name, names) => {
                write!(f, "option '--{}' is ambiguous; possibilities:", Escaped(name))?;
                names.iter().try_for_each(|name| write!(f, " '--{name}'"))
            }
            Self::MissingValue(option) => write!(f, "option '{option}' requires an argument"),
            Self::UnwantedValue(name) => write!(f, "option '--{name}' doesn't allow an argument"),
            Self::UnknownFamily(name) => write!(f, "unknown address family '{}'", Escaped(name)),
            Self::Refused(option, reason) => write!(f, "{option} is not available: {reason}"),
        }
    }
}
