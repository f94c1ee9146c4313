//! Errors that end a listing.

use std::{io, time::Duration};

use bstr::BStr;
use builtin_cli::Escaped;

use crate::{
    policy::{Grant, Policy},
    process_source::{ProcessSourceError, ProcessSourceErrorKind},
};

/// The error of a [`PolicyView`](crate::PolicyView).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("{what} needs the grant \"{grant}\", which this host does not give", what = .0.activity(), grant = .0)]
    NotGranted(Grant),
    #[error("expected the name of a network namespace that this host shows, but found \"{0}\"")]
    UnknownNamespace(String),
    #[error(
        "listing every network namespace needs namespaces = \"all\" in the policy of this host"
    )]
    OneNamespace,
    #[error("cannot open the network namespace \"{name}\"")]
    Namespace { name: String, source: io::Error },
    #[error("cannot read /etc/{file}")]
    Names { file: &'static str, source: io::Error },
    #[error("counters of the whole machine are refused: this host shows only some of its sockets")]
    Narrowed,
    #[error("this host lists {0} sockets at most at a time: ask for fewer, with a filter")]
    MaxRows(u64),
    #[error("this host lists for {0:?} at most: ask for fewer sockets, or for fewer details")]
    MaxTime(Duration),
    #[error("{what} is allowed, but this host gives no way to do it", what = .0.activity())]
    NoMeans(Grant),
    #[error("expected a filter for the sockets to destroy, but found none")]
    NoFilter,
    #[error("expected at most {0} sockets to destroy, but found more; none was destroyed")]
    TooMany(u64),
    #[error(
        "the names of unix sockets are hidden here, so they are listed by their inodes; expected at most {0} of them, but found more"
    )]
    TooManyToSort(usize),
    #[error("expected a table of TCP or UDP: the kernel sends no events for others")]
    NoEvents,
    #[error(
        "expected a filter of addresses and ports: the kernel does not report the process or user of a closed socket"
    )]
    EventsWithoutProcesses,
    #[error(
        "this host shows the sockets of one user, and the kernel does not report the user of a closed socket"
    )]
    EventsOfEveryone,
    #[error(
        "the processes of some sockets are unknown here, so a filter that excludes processes could close too many: name the processes that are meant"
    )]
    IncompleteProcessScan,
    #[error("expected a filter without peer-pid and peer-comm, which are for listings")]
    PeersWithoutListing,
    #[error("{0} calls follow events already")]
    Busy(usize),
    #[error(transparent)]
    Processes(ProcessSourceError),
    #[error(transparent)]
    Source(procnetsocket::Error),
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The policy does not contain the grant.
    NotGranted(Grant),
    /// The host has no network namespace with this name.
    UnknownNamespace,
    /// The policy does not allow listing every network namespace.
    OneNamespace,
    /// A network namespace cannot be opened.
    Namespace,
    /// A file of names of services, protocols or users cannot be read.
    Names,
    /// The policy hides some sockets, and the answer would count them.
    Narrowed,
    /// There are more rows than the policy allows in one listing. The rows passed on are
    /// incomplete.
    MaxRows,
    /// The listing took longer than the policy allows. The rows passed on are incomplete.
    MaxTime,
    /// The policy contains the grant, but the host provides no means for it.
    NoMeans(Grant),
    /// Destroying sockets needs a filter.
    NoFilter,
    /// More sockets than allowed would have to be kept at a time, to be destroyed or sorted.
    TooMany,
    /// The selected tables have no events.
    NoEvents,
    /// Events are to be selected or shown by processes or users, which they do not contain.
    EventsWithoutProcesses,
    /// The filter excludes processes, and not every process can be read.
    IncompleteProcessScan,
    /// Sockets are to be destroyed by their other ends, which are found only in listings.
    PeersWithoutListing,
    /// Every event socket is in use.
    Busy,
    /// The caller interrupted the call.
    Interrupted,
    /// The processes of sockets cannot be listed.
    Processes(ProcessSourceErrorKind),
    /// The tables could not be read.
    Source(procnetsocket::ErrorKind),
}

impl Error {
    pub(crate) fn not_granted(grant: Grant) -> Self {
        Self(Repr::NotGranted(grant))
    }

    pub(crate) fn unknown_namespace(name: &BStr) -> Self {
        Self(Repr::UnknownNamespace(Escaped::new(name).to_string()))
    }

    pub(crate) fn one_namespace() -> Self {
        Self(Repr::OneNamespace)
    }

    pub(crate) fn namespace(name: &BStr, source: io::Error) -> Self {
        Self(Repr::Namespace { name: Escaped::new(name).to_string(), source })
    }

    pub(crate) fn names(file: &'static str, source: io::Error) -> Self {
        Self(Repr::Names { file, source })
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

    pub(crate) fn no_means(grant: Grant) -> Self {
        Self(Repr::NoMeans(grant))
    }

    pub(crate) fn no_filter() -> Self {
        Self(Repr::NoFilter)
    }

    pub(crate) fn too_many(limit: u64) -> Self {
        Self(Repr::TooMany(limit))
    }

    pub(crate) fn too_many_to_sort(limit: usize) -> Self {
        Self(Repr::TooManyToSort(limit))
    }

    pub(crate) fn no_events() -> Self {
        Self(Repr::NoEvents)
    }

    pub(crate) fn events_without_processes() -> Self {
        Self(Repr::EventsWithoutProcesses)
    }

    pub(crate) fn events_of_everyone() -> Self {
        Self(Repr::EventsOfEveryone)
    }

    pub(crate) fn incomplete_process_scan() -> Self {
        Self(Repr::IncompleteProcessScan)
    }

    pub(crate) fn peers_without_listing() -> Self {
        Self(Repr::PeersWithoutListing)
    }

    pub(crate) fn busy(followers: usize) -> Self {
        Self(Repr::Busy(followers))
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::NotGranted(grant) => ErrorKind::NotGranted(*grant),
            Repr::UnknownNamespace(_) => ErrorKind::UnknownNamespace,
            Repr::OneNamespace => ErrorKind::OneNamespace,
            Repr::Namespace { .. } => ErrorKind::Namespace,
            Repr::Names { .. } => ErrorKind::Names,
            Repr::Narrowed => ErrorKind::Narrowed,
            Repr::MaxRows(_) => ErrorKind::MaxRows,
            Repr::MaxTime(_) => ErrorKind::MaxTime,
            Repr::NoMeans(grant) => ErrorKind::NoMeans(*grant),
            Repr::NoFilter => ErrorKind::NoFilter,
            Repr::TooMany(_) | Repr::TooManyToSort(_) => ErrorKind::TooMany,
            Repr::NoEvents => ErrorKind::NoEvents,
            Repr::EventsWithoutProcesses | Repr::EventsOfEveryone => {
                ErrorKind::EventsWithoutProcesses
            }
            Repr::IncompleteProcessScan => ErrorKind::IncompleteProcessScan,
            Repr::PeersWithoutListing => ErrorKind::PeersWithoutListing,
            Repr::Busy(_) => ErrorKind::Busy,
            Repr::Processes(error) => match error.kind {
                ProcessSourceErrorKind::Interrupted => ErrorKind::Interrupted,
                kind => ErrorKind::Processes(kind),
            },
            Repr::Source(error) => match error.kind() {
                procnetsocket::ErrorKind::Interrupted => ErrorKind::Interrupted,
                kind => ErrorKind::Source(kind),
            },
        }
    }
}

impl From<ProcessSourceError> for Error {
    fn from(error: ProcessSourceError) -> Self {
        Self(Repr::Processes(error))
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
    fn messages_name_missing_grants() {
        let errors = [
            Error::not_granted(Grant::Sockets),
            Error::not_granted(Grant::Events),
            Error::no_means(Grant::Kill),
            Error::one_namespace(),
            Error::no_filter(),
            Error::too_many(8),
            Error::too_many_to_sort(8),
            Error::no_events(),
            Error::events_without_processes(),
            Error::events_of_everyone(),
            Error::incomplete_process_scan(),
            Error::peers_without_listing(),
            Error::busy(4),
        ];
        let lines = errors.map(|error| format!("{:?}: {error}", error.kind()));
        insta::assert_snapshot!(lines.join("\n"), @r#"
        NotGranted(Sockets): listing sockets needs the grant "sockets", which this host does not give
        NotGranted(Events): following events needs the grant "events", which this host does not give
        NoMeans(Kill): destroying sockets is allowed, but this host gives no way to do it
        OneNamespace: listing every network namespace needs namespaces = "all" in the policy of this host
        NoFilter: expected a filter for the sockets to destroy, but found none
        TooMany: expected at most 8 sockets to destroy, but found more; none was destroyed
        TooMany: the names of unix sockets are hidden here, so they are listed by their inodes; expected at most 8 of them, but found more
        NoEvents: expected a table of TCP or UDP: the kernel sends no events for others
        EventsWithoutProcesses: expected a filter of addresses and ports: the kernel does not report the process or user of a closed socket
        EventsWithoutProcesses: this host shows the sockets of one user, and the kernel does not report the user of a closed socket
        IncompleteProcessScan: the processes of some sockets are unknown here, so a filter that excludes processes could close too many: name the processes that are meant
        PeersWithoutListing: expected a filter without peer-pid and peer-comm, which are for listings
        Busy: 4 calls follow events already
        "#);
    }
}
