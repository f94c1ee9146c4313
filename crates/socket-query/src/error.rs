//! Why nothing could be collected at all.

use crate::Grant;

/// The error of a [`PolicyView`](crate::PolicyView).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("listing sockets needs the grant \"{0}\", which this host does not give")]
    NotGranted(Grant),
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
            Repr::Source(error) => match error.kind() {
                procnetsocket::ErrorKind::Interrupted => ErrorKind::Interrupted,
                kind => ErrorKind::Source(kind),
            },
        }
    }
}

impl From<procnetsocket::Error> for Error {
    fn from(error: procnetsocket::Error) -> Self {
        Self(Repr::Source(error))
    }
}
