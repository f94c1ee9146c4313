//! Why nothing could be collected at all.

use crate::{Grant, OwnersError, OwnersErrorKind};

/// The error of a [`PolicyView`](crate::PolicyView).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("{what} needs the grant \"{grant}\", which this host does not give", what = .0.activity(), grant = .0)]
    NotGranted(Grant),
    #[error(transparent)]
    Owners(OwnersError),
    #[error(transparent)]
    Source(procnetsocket::Error),
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The policy does not hold that grant.
    NotGranted(Grant),
    /// The caller asked for the end.
    Interrupted,
    /// The owners of sockets cannot be told.
    Owners(OwnersErrorKind),
    /// The tables could not be read.
    Source(procnetsocket::ErrorKind),
}

impl Error {
    pub(crate) fn not_granted(grant: Grant) -> Self {
        Self(Repr::NotGranted(grant))
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::NotGranted(grant) => ErrorKind::NotGranted(*grant),
            Repr::Owners(error) => match error.kind {
                OwnersErrorKind::Interrupted => ErrorKind::Interrupted,
                kind => ErrorKind::Owners(kind),
            },
            Repr::Source(error) => match error.kind() {
                procnetsocket::ErrorKind::Interrupted => ErrorKind::Interrupted,
                kind => ErrorKind::Source(kind),
            },
        }
    }
}

impl From<OwnersError> for Error {
    fn from(error: OwnersError) -> Self {
        Self(Repr::Owners(error))
    }
}

impl From<procnetsocket::Error> for Error {
    fn from(error: procnetsocket::Error) -> Self {
        Self(Repr::Source(error))
    }
}
