//! The sockets that receive destroy events for a host.

use std::sync::{Mutex, PoisonError};

use procnetsocket::diag::{DestroyEvents, EventAuthority, EventGroups};

use crate::{
    error::Error,
    select::{FamilySet, SocketTable, TableSet},
};

/// Event sockets of one source: 4, which is the number of calls that may receive events at a time.
const FOLLOWERS: usize = 4;

/// Event sockets that a host opened, each for one call at a time.
///
/// They are opened before the host confines itself, and receive nothing until they are used.
#[derive(Debug)]
pub struct EventSource {
    idle: Mutex<Vec<DestroyEvents>>,
}

impl EventSource {
    /// Opens the sockets, in the network namespace of this thread.
    ///
    /// # Ambient Authority
    ///
    /// `right` is ambient authority, see [`EventAuthority::from_ambient`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Source`](crate::ErrorKind::Source) when a socket cannot be opened.
    pub fn open_ambient(right: &EventAuthority) -> Result<Self, Error> {
        let open = || DestroyEvents::open_ambient(right, EventGroups::NONE);
        let idle = (0..FOLLOWERS).map(|_| open()).collect::<Result<_, _>>()?;
        Ok(Self { idle: Mutex::new(idle) })
    }

    /// Takes a socket and subscribes it to these groups.
    pub(crate) fn follow(&self, groups: EventGroups) -> Result<Follower<'_>, Error> {
        let events = self.idle().pop().ok_or_else(|| Error::busy(FOLLOWERS))?;
        let mut follower = Follower { source: self, events: Some(events) };
        follower.events()?.subscribe(groups)?;
        Ok(follower)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<DestroyEvents>> {
        // OK because no panic can leave the vector half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event socket in use, given back when it is dropped.
pub(crate) struct Follower<'a> {
    source: &'a EventSource,
    /// `None` only while this is dropped.
    events: Option<DestroyEvents>,
}

impl Follower<'_> {
    pub(crate) fn events(&mut self) -> Result<&mut DestroyEvents, Error> {
        self.events.as_mut().ok_or_else(|| Error::busy(FOLLOWERS))
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        let Some(mut events) = self.events.take() else { return };
        // OK because the groups of a socket are set again before its next use.
        let _ = events.subscribe(EventGroups::NONE);
        self.source.idle().push(events);
    }
}

/// Returns the groups with the events of these tables and families.
pub(crate) fn groups(tables: TableSet, families: FamilySet) -> EventGroups {
    use crate::select::AddressFamily::{Inet, Inet6};
    let groups = [
        (SocketTable::Tcp, Inet, EventGroups::TCP4),
        (SocketTable::Udp, Inet, EventGroups::UDP4),
        (SocketTable::Tcp, Inet6, EventGroups::TCP6),
        (SocketTable::Udp, Inet6, EventGroups::UDP6),
    ];
    let chosen = groups.into_iter().filter(|(table, family, _)| {
        tables.contains(*table) && families.intersects(FamilySet::of(*family))
    });
    chosen.fold(EventGroups::NONE, |all, (_, _, group)| all.union(group))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::select::AddressFamily;

    const BOTH: FamilySet = FamilySet::ALL;
    const V4: FamilySet = FamilySet::of(AddressFamily::Inet);
    const V6: FamilySet = FamilySet::of(AddressFamily::Inet6);
    const TCP: TableSet = TableSet::of(SocketTable::Tcp);
    const UDP: TableSet = TableSet::of(SocketTable::Udp);

    #[rstest]
    #[case::everything(TableSet::ALL, BOTH, EventGroups::ALL)]
    #[case::tcp(TCP, BOTH, EventGroups::TCP4.union(EventGroups::TCP6))]
    #[case::udp_of_ipv6(UDP, V6, EventGroups::UDP6)]
    #[case::both_of_ipv4(TCP.union(UDP), V4, EventGroups::TCP4.union(EventGroups::UDP4))]
    #[case::beside_unix(TCP, V4.union(FamilySet::of(AddressFamily::Unix)), EventGroups::TCP4)]
    #[case::no_such_family(TCP, FamilySet::of(AddressFamily::Unix), EventGroups::NONE)]
    #[case::no_such_table(TableSet::of(SocketTable::Raw), BOTH, EventGroups::NONE)]
    #[case::nothing(TableSet::EMPTY, BOTH, EventGroups::NONE)]
    fn only_selected_groups_are_subscribed(
        #[case] tables: TableSet,
        #[case] families: FamilySet,
        #[case] expected: EventGroups,
    ) {
        assert_eq!(groups(tables, families), expected);
    }
}
