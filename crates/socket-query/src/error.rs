//! Why nothing could be collected at all.

use crate::Grant;

/// The error of a [`PolicyView`](crate::PolicyView).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("{what} needs the grant \"{grant}\", which this host does not give", what = .0.activity(), grant = .0)]
    NotGranted(Grant),
    #[error("{what} is allowed, but this host gives no way to do it", what = .0.activity())]
    NoMeans(Grant),
    #[error("expected a filter that says which sockets to destroy, but found none")]
    NoFilter,
    #[error("expected at most {0} sockets to destroy, but found more; none was destroyed")]
    TooMany(u64),
    #[error("expected a table of TCP or UDP, for the kernel tells no events of others")]
    NoEvents,
    #[error("{0} calls follow events already")]
    Busy(usize),
    #[error(transparent)]
    Source(procnetsocket::Error),
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The policy does not hold that grant.
    NotGranted(Grant),
    /// The policy holds that grant, but the host gave nothing to use it with.
    NoMeans(Grant),
    /// Sockets are destroyed by a filter, and there is none.
    NoFilter,
    /// More sockets are to be destroyed than are held at a time.
    TooMany,
    /// There are no events of the tables that are selected.
    NoEvents,
    /// Every event socket is in use.
    Busy,
    /// The caller asked for the end.
    Interrupted,
    /// The tables could not be read.
    Source(procnetsocket::ErrorKind),
}

impl Error {
    pub(crate) fn not_granted(grant: Grant) -> Self {
        Self(Repr::NotGranted(grant))
    }

    pub(crate) fn no_means(grant: Grant) -> Self {
        Self(Repr::NoMeans(grant))
    }

    pub(crate) fn no_filter() -> Self {
        Self(Repr::NoFilter)
    }

    pub(crate) fn too_many(limit: u64) -> Self {
        Self(Repr::TooMany(limit))
    }

    pub(crate) fn no_events() -> Self {
        Self(Repr::NoEvents)
    }

    pub(crate) fn busy(followers: usize) -> Self {
        Self(Repr::Busy(followers))
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::NotGranted(grant) => ErrorKind::NotGranted(*grant),
            Repr::NoMeans(grant) => ErrorKind::NoMeans(*grant),
            Repr::NoFilter => ErrorKind::NoFilter,
            Repr::TooMany(_) => ErrorKind::TooMany,
            Repr::NoEvents => ErrorKind::NoEvents,
            Repr::Busy(_) => ErrorKind::Busy,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_is_missing() {
        let errors = [
            Error::not_granted(Grant::Sockets),
            Error::not_granted(Grant::Events),
            Error::no_means(Grant::Kill),
            Error::no_filter(),
            Error::too_many(8),
            Error::no_events(),
            Error::busy(4),
        ];
        let lines = errors.map(|error| format!("{:?}: {error}", error.kind()));
        insta::assert_snapshot!(lines.join("\n"), @r#"
        NotGranted(Sockets): listing sockets needs the grant "sockets", which this host does not give
        NotGranted(Events): following events needs the grant "events", which this host does not give
        NoMeans(Kill): destroying sockets is allowed, but this host gives no way to do it
        NoFilter: expected a filter that says which sockets to destroy, but found none
        TooMany: expected at most 8 sockets to destroy, but found more; none was destroyed
        NoEvents: expected a table of TCP or UDP, for the kernel tells no events of others
        Busy: 4 calls follow events already
        "#);
    }
}
