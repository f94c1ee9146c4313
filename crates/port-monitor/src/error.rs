//! Errors of a monitor.

use std::io;

/// The error of a [`PortMonitor`](crate::PortMonitor).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Repr {
    #[error("expected a monitor that is stopped, but this one is running")]
    Running,
    #[error("the monitor's thread cannot be started")]
    Start(#[source] io::Error),
    #[error("the monitor's thread ended by a panic in its source")]
    Panicked,
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It is already running.
    Running,
    /// The system refuses a thread or a pipe.
    Start,
    /// Its source panicked.
    Panicked,
}

impl Error {
    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match self.0 {
            Repr::Running => ErrorKind::Running,
            Repr::Start(_) => ErrorKind::Start,
            Repr::Panicked => ErrorKind::Panicked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_message() {
        let errors = [Repr::Running, Repr::Start(io::Error::other("none")), Repr::Panicked];
        let lines = errors.map(Error).map(|error| format!("{:?}: {error}", error.kind()));
        insta::assert_snapshot!(lines.join("\n"), @"
        Running: expected a monitor that is stopped, but this one is running
        Start: the monitor's thread cannot be started
        Panicked: the monitor's thread ended by a panic in its source
        ");
    }
}
