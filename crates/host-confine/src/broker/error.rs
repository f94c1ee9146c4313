//! The error of a request to a broker.

use std::{io, time::Duration};

/// The error of [`Broker::ask`](super::Broker::ask) and [`serve`](super::serve).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BrokerError(#[from] pub(super) Repr);

#[derive(Debug, thiserror::Error)]
pub(super) enum Repr {
    #[error("the broker is gone")]
    Gone,
    #[error("the broker ended and was replaced by another one")]
    Replaced,
    #[error("the broker ended twice: restart the program to get a new one")]
    GoneAgain,
    #[error("the broker did not answer within {0:?}")]
    Timeout(Duration),
    #[error("interrupted")]
    Interrupted,
    #[error("expected a frame of version {expected}, but found version {found}")]
    Version { expected: u8, found: u8 },
    #[error("expected a frame of at most {limit} bytes, but found one of {found}")]
    TooLong { limit: usize, found: u64 },
    #[error("expected the answer to the last request, but found another one")]
    Sequence,
    #[error("expected one descriptor with the answer, but found {0}")]
    Descriptors(usize),
    #[error("expected a message, but found other bytes")]
    Malformed(#[source] postcard::Error),
    #[error("cannot encode a message for the broker")]
    Unencodable(#[source] postcard::Error),
    #[error("cannot use the pipe of the broker")]
    Pipe(#[from] io::Error),
}

/// The kinds of [`BrokerError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BrokerErrorKind {
    /// The process at the other end has ended.
    Gone,
    /// The broker did not answer in time. A late answer is discarded.
    Timeout,
    /// The caller interrupted the request.
    Interrupted,
    /// Something is not a message of this protocol: what the other end sent, or what was to be sent.
    Protocol,
    /// The pipe failed.
    Io,
}

impl BrokerError {
    /// Returns whether the successor will get the next request.
    pub(super) fn is_replaced(&self) -> bool {
        matches!(self.0, Repr::Replaced)
    }

    /// Returns the kind.
    pub fn kind(&self) -> BrokerErrorKind {
        match &self.0 {
            Repr::Gone | Repr::Replaced | Repr::GoneAgain => BrokerErrorKind::Gone,
            Repr::Timeout(_) => BrokerErrorKind::Timeout,
            Repr::Interrupted => BrokerErrorKind::Interrupted,
            Repr::Version { .. }
            | Repr::TooLong { .. }
            | Repr::Sequence
            | Repr::Descriptors(_)
            | Repr::Malformed(_)
            | Repr::Unencodable(_) => BrokerErrorKind::Protocol,
            Repr::Pipe(_) => BrokerErrorKind::Io,
        }
    }
}

impl From<io::Error> for BrokerError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => Repr::Gone.into(),
            _ => Repr::Pipe(error).into(),
        }
    }
}
