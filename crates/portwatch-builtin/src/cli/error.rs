//! Errors of the command line.

use std::fmt;

use builtin_api::ExitCode;
use builtin_cli::ArgError;
use socket_query::expr::{FilterError, FilterErrorKind};

/// A command line that is not executed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CliError {
    Arg(ArgError),
    /// Two options that exclude each other.
    Exclusive(&'static str, &'static str),
    /// An option that is missing the one it needs.
    Needs(&'static str, &'static str),
    NoFilter(&'static str),
    Filter(FilterError),
    /// The filter selects sockets that are not watched.
    NotWatched,
    /// Names of unix sockets are hidden, so sockets cannot be found by name.
    HiddenNames,
    /// Not every network namespace may be listed, for this reason.
    Namespaces(String),
    /// The host cannot print events while the call runs, and the call has no end.
    Endless,
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arg(error) => error.fmt(f),
            Self::Exclusive(one, other) => write!(f, "--{one} and --{other} exclude each other"),
            Self::Needs(option, with) => write!(f, "--{option} goes with {with}"),
            Self::NoFilter(option) => write!(f, "--{option} needs a FILTER, such as :8080"),
            Self::Filter(error) => error.fmt(f),
            Self::NotWatched => f.write_str("the filter is about sockets that are not watched"),
            Self::HiddenNames => {
                f.write_str("names of unix sockets are hidden here, so none is found by its name")
            }
            Self::Namespaces(reason) => f.write_str(reason),
            Self::Endless => f.write_str(
                "this host prints what a command prints when it has ended, so --for, --count or \
                 --timeout is needed",
            ),
        }
    }
}

impl From<ArgError> for CliError {
    fn from(error: ArgError) -> Self {
        Self::Arg(error)
    }
}

impl CliError {
    /// Returns the status: failure for a missing grant, wrong usage for everything else.
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::HiddenNames | Self::Namespaces(_) => ExitCode::FAILURE,
            Self::Filter(error)
                if matches!(
                    error.kind(),
                    FilterErrorKind::NotGranted(_) | FilterErrorKind::Hidden
                ) =>
            {
                ExitCode::FAILURE
            }
            Self::Arg(_)
            | Self::Exclusive(..)
            | Self::Needs(..)
            | Self::NoFilter(_)
            | Self::Filter(_)
            | Self::NotWatched
            | Self::Endless => ExitCode::USAGE,
        }
    }
}
