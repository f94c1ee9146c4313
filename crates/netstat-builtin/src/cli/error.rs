//! Errors of the command line.

use bstr::BString;
use builtin_api::ExitCode;
use builtin_cli::{ArgError, Escaped};

/// The status of net-tools for unknown options.
const BAD_OPTION: ExitCode = ExitCode::new(3);

/// An error of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CliError {
    Arg(ArgError),
    UnknownFamily(BString),
    /// The option, as typed, and the reason.
    Refused(String, &'static str),
}

impl From<ArgError> for CliError {
    fn from(error: ArgError) -> Self {
        Self::Arg(error)
    }
}

impl CliError {
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::UnknownFamily(_) => ExitCode::FAILURE,
            Self::Arg(_) | Self::Refused(..) => BAD_OPTION,
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
            Self::Arg(error) => error.fmt(f),
            Self::UnknownFamily(name) => {
                write!(f, "unknown address family '{}'", Escaped::new(name))
            }
            Self::Refused(option, reason) => write!(f, "{option} is not available: {reason}"),
        }
    }
}
