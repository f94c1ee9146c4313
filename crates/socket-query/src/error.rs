//! Why nothing could be collected at all.

use std::time::Duration;

use crate::{Grant, Policy};

/// The error of a [`PolicyView`](crate::PolicyView).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("listing sockets needs the grant \"{0}\", which this host does not give")]
    NotGranted(Grant),
    #[error("counters of the whole machine are refused: this host shows only some of its sockets")]
    Narrowed,
    #[error("this host lists {0} sockets at most at a time: ask for fewer, with a filter")]
    MaxRows(u64),
    #[error("this host lists for {0:?} at most: ask for fewer sockets, or for fewer details")]
    MaxTime(Duration),
    #[error(transparent)]
    Source(procnetsocket::Error),
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The policy does not hold that grant.
    NotGranted(Grant),
    /// The policy hides some sockets, and the answer would count them.
    Narrowed,
    /// There are more rows than the policy lets one listing have. Those that came are not all.
    MaxRows,
    /// The listing took longer than the policy lets it. The rows that came are not all.
    MaxTime,
    /// The caller asked for the end.
    Interrupted,
    /// The tables could not be read.
    Source(procnetsocket::ErrorKind),
}

impl Error {
    pub(crate) fn not_granted(grant: Grant) -> Self {
        Self(Repr::NotGranted(grant))
    }

    pub(crate) fn narrowed() -> Self {
        Self(Repr::Narrowed)
    }

    pub(crate) fn max_rows(policy: &Policy) -> Self {
        Self(Repr::MaxRows(policy.max_rows().map_or(u64::MAX, std::num::NonZeroU64::get)))
    }

    pub(crate) fn max_time(policy: &Policy) -> Self {
        Self(Repr::MaxTime(policy.max_time().unwrap_or(Duration::MAX)))
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::NotGranted(grant) => ErrorKind::NotGranted(*grant),
            Repr::Narrowed => ErrorKind::Narrowed,
            Repr::MaxRows(_) => ErrorKind::MaxRows,
            Repr::MaxTime(_) => ErrorKind::MaxTime,
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
