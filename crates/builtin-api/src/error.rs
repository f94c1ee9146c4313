//! Errors of builtins, and their exit statuses.

use std::{fmt, io};

use crate::{
    exit::ExitCode,
    sandbox::{SandboxError, SandboxErrorKind},
};

/// The error of a builtin call.
///
/// [`fmt::Display`] is the message for the user. The exit status depends only on the
/// [`kind`](Error::kind).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("{1}")]
    Message(ErrorKind, String),
    #[error("{context}")]
    Io { kind: ErrorKind, context: String, source: io::Error },
    #[error(transparent)]
    Sandbox(SandboxError),
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The builtin failed.
    Failed,
    /// The arguments are invalid.
    Usage,
    /// The host does not grant what the call needs.
    Denied,
    /// The host cancelled the call.
    Cancelled,
    /// The call's deadline passed.
    TimedOut,
    /// The reader of the output closed its end.
    BrokenPipe,
    /// Reading or writing failed.
    Io,
}

impl From<ErrorKind> for ExitCode {
    /// The exit status of each kind of error.
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Failed | ErrorKind::Denied | ErrorKind::Io => Self::FAILURE,
            ErrorKind::Usage => Self::USAGE,
            ErrorKind::Cancelled => Self::CANCELLED,
            ErrorKind::TimedOut => Self::TIMED_OUT,
            ErrorKind::BrokenPipe => Self::BROKEN_PIPE,
        }
    }
}

impl Error {
    /// Returns an error of this kind, with a message for the user: lower case, no full stop.
    pub fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self(Repr::Message(kind, message.to_string()))
    }

    /// Returns the error of an input or output operation, which `context` describes.
    pub fn io(context: impl fmt::Display, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::BrokenPipe => ErrorKind::BrokenPipe,
            _ => ErrorKind::Io,
        };
        Self(Repr::Io { kind, context: context.to_string(), source })
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::Message(kind, _) | Repr::Io { kind, .. } => *kind,
            Repr::Sandbox(error) => error.kind().into(),
        }
    }

    /// Returns the exit status that the kind maps to.
    pub fn exit_code(&self) -> ExitCode {
        self.kind().into()
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Self::io("input or output failed", source)
    }
}

impl From<SandboxError> for Error {
    fn from(error: SandboxError) -> Self {
        Self(Repr::Sandbox(error))
    }
}

impl From<SandboxErrorKind> for ErrorKind {
    fn from(kind: SandboxErrorKind) -> Self {
        match kind {
            SandboxErrorKind::NotGranted
            | SandboxErrorKind::ReadOnly
            | SandboxErrorKind::Escapes
            | SandboxErrorKind::Protected
            | SandboxErrorKind::Denied => Self::Denied,
            SandboxErrorKind::Io => Self::Io,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, io};

    use rstest::rstest;

    use super::{Error, ErrorKind};
    use crate::sandbox::{Sandbox, SandboxErrorKind};

    #[test]
    fn keeps_kind_and_message() {
        let error = Error::new(ErrorKind::Usage, format_args!("expected {}", 1));
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Usage, "expected 1"));
        assert!(error.source().is_none());
    }

    #[rstest]
    #[case::broken_pipe(io::ErrorKind::BrokenPipe, ErrorKind::BrokenPipe)]
    #[case::other(io::ErrorKind::StorageFull, ErrorKind::Io)]
    fn takes_its_kind_from_the_cause(#[case] cause: io::ErrorKind, #[case] kind: ErrorKind) {
        let error = Error::io("writing the report", cause.into());
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, "writing the report"));
        assert!(error.source().is_some());
    }

    #[rstest]
    #[case::not_granted("/x", ErrorKind::Denied)]
    #[case::invalid("x", ErrorKind::Failed)]
    fn takes_its_kind_from_the_sandbox(#[case] path: &str, #[case] kind: ErrorKind) {
        assert_eq!(Error::from(Sandbox::empty().open(path).unwrap_err()).kind(), kind);
    }

    #[rstest]
    #[case::read_only(SandboxErrorKind::ReadOnly, ErrorKind::Denied)]
    #[case::escapes(SandboxErrorKind::Escapes, ErrorKind::Denied)]
    #[case::protected(SandboxErrorKind::Protected, ErrorKind::Denied)]
    #[case::denied(SandboxErrorKind::Denied, ErrorKind::Denied)]
    #[case::io(SandboxErrorKind::Io, ErrorKind::Io)]
    #[case::not_found(SandboxErrorKind::NotFound, ErrorKind::Failed)]
    fn maps_kinds_of_the_sandbox(#[case] from: SandboxErrorKind, #[case] to: ErrorKind) {
        assert_eq!(ErrorKind::from(from), to);
    }
}
