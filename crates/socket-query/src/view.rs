//! The only thing that a builtin holds.

use std::{collections::BTreeMap, fmt, num::NonZeroU32, ops::RangeInclusive, sync::Arc};

use bstr::BString;
use procnetsocket::{
    Interrupt, Limits, OwnerQuery, OwnerTable, Pid, SockStat, SockStat6, SocketTables,
};

use crate::{
    CgroupPaths, Collected, Error, Grant, GrantSet, Names, OwnerSource, Policy, Selection, Sink,
    collect,
};

/// Socket tables as far as a policy lets them be seen.
///
/// A host makes one of its tables, a policy and its names, and hands it to a builtin. There is no
/// way back to the tables.
#[derive(Clone)]
pub struct PolicyView {
    tables: Arc<SocketTables>,
    policy: Policy,
    names: Arc<Names>,
    cgroups: Option<Arc<dyn CgroupPaths>>,
    owners: Arc<dyn OwnerSource>,
    limits: Limits,
}

impl PolicyView {
    /// Returns the view of `tables` that `policy` allows.
    pub fn new(tables: Arc<SocketTables>, policy: Policy, names: Names) -> Self {
        let names = Arc::new(names);
        let owners: Arc<dyn OwnerSource> = Arc::<SocketTables>::clone(&tables);
        Self { tables, policy, names, cgroups: None, owners, limits: Limits::streaming() }
    }

    /// Returns the view with a way to find the paths of control groups. Without one they are
    /// numbers.
    #[must_use]
    pub fn with_cgroups(self, cgroups: Arc<dyn CgroupPaths>) -> Self {
        Self { cgroups: Some(cgroups), ..self }
    }

    /// Returns the view with another way to find the owners of sockets than to look for them in this
    /// process. It is used under the grant `processes` only.
    #[must_use]
    pub fn with_owners(self, owners: Arc<dyn OwnerSource>) -> Self {
        Self { owners, ..self }
    }

    /// Returns the view with the host's own bounds on what is read of one table. The default is
    /// [`Limits::streaming`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns what the host grants.
    pub fn grants(&self) -> GrantSet {
        self.policy.grants()
    }

    /// Returns whether the kernel tells more than the text tables: never with a fake root, and
    /// usually with the system's.
    pub fn has_sock_diag(&self) -> bool {
        self.tables.diag().is_some()
    }

    /// Returns the host's names of ports and protocols.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Lists the sockets that the policy and the selection admit, in the order of `ss`.
    ///
    /// What cannot be read or understood is reported to the sink as a [`Problem`](crate::Problem),
    /// and the rest is still listed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grant `sockets`,
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) when `interrupt` asks for the end.
    pub fn collect(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<Collected, Error> {
        collect::collect(self.sockets()?, &self.limits, selection, interrupt, sink)
    }

    /// Returns the machine's counters of IPv4 sockets (`/proc/net/sockstat`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or why the file cannot be read.
    pub fn sockstat(&self) -> Result<SockStat, Error> {
        Ok(self.sockets()?.sockstat()?)
    }

    /// Returns the machine's counters of IPv6 sockets (`/proc/net/sockstat6`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or why the file cannot be read.
    pub fn sockstat6(&self) -> Result<SockStat6, Error> {
        Ok(self.sockets()?.sockstat6()?)
    }

    /// Returns the number of established TCP connections (`CurrEstab` of `/proc/net/snmp`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or why the file cannot be read.
    pub fn established(&self) -> Result<i64, Error> {
        Ok(self.sockets()?.curr_estab()?)
    }

    /// Returns the ports that the kernel hands out by itself, or `None` when it does not tell.
    pub fn local_port_range(&self) -> Option<RangeInclusive<u16>> {
        self.sockets().ok()?.local_port_range().ok()
    }

    /// Returns the name of a network interface, or `None` when it is not known (in a fake root no
    /// name is).
    pub fn interface_name(&self, index: NonZeroU32) -> Option<BString> {
        self.sockets().ok()?.interface_name(index)
    }

    /// Looks for the processes that hold sockets. It looks into every process, so ask once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `processes`, [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) when `interrupt` asks
    /// for the end, [`ErrorKind::Owners`](crate::ErrorKind::Owners) when there is no answer.
    pub fn owners(
        &self,
        query: &OwnerQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<OwnerTable, Error> {
        Ok(OwnerTable::new(self.processes()?.owners(query, interrupt)?))
    }

    /// Returns the name of a process, or `None` when it is not known; none is without the grant
    /// `processes`.
    pub fn process_name(&self, pid: Pid) -> Option<BString> {
        self.processes().ok()?.process_name(pid)
    }

    /// Returns the paths of the control groups by their ids; none if the host gave no way to find
    /// them.
    pub fn cgroup_paths(&self) -> BTreeMap<u64, BString> {
        match (&self.cgroups, self.sockets()) {
            (Some(cgroups), Ok(_)) => cgroups.paths(),
            _ => BTreeMap::new(),
        }
    }

    /// Returns the tables if sockets are granted at all: the one gate to them.
    fn sockets(&self) -> Result<&SocketTables, Error> {
        self.granted(Grant::Sockets)?;
        Ok(&self.tables)
    }

    /// Returns the way to processes if they are granted: the one gate to them.
    fn processes(&self) -> Result<&dyn OwnerSource, Error> {
        self.granted(Grant::Sockets)?;
        self.granted(Grant::Processes)?;
        Ok(self.owners.as_ref())
    }

    fn granted(&self, grant: Grant) -> Result<(), Error> {
        if self.grants().contains(grant) { Ok(()) } else { Err(Error::not_granted(grant)) }
    }
}

impl fmt::Debug for PolicyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyView").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use procnetsocket::{OwnerReport, Uninterrupted, model::Inode};
    use rstest::rstest;
    use testkit::{FakeProc, Process};

    use super::*;
    use crate::{ErrorKind, OwnersError, OwnersErrorKind};

    fn view(grants: &[Grant]) -> (testkit::FakeRoot, PolicyView) {
        let root = FakeProc::new().process(Process::new(7, "seven").socket(3, 70)).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::new(grants.iter().copied().collect());
        (root, PolicyView::new(tables, policy, Names::default()))
    }

    fn seven() -> Pid {
        Pid::new(7).unwrap()
    }

    #[rstest]
    #[case::nothing(&[], Grant::Sockets)]
    #[case::the_default(&[Grant::Sockets], Grant::Processes)]
    #[case::all_but_processes(
        &[Grant::Sockets, Grant::Resolve, Grant::Events, Grant::Kill, Grant::Namespaces],
        Grant::Processes
    )]
    #[case::without_sockets(&[Grant::Processes], Grant::Sockets)]
    fn processes_have_one_gate(#[case] grants: &[Grant], #[case] missing: Grant) {
        let (_root, view) = view(grants);
        let error = view.owners(&OwnerQuery::all(), &Uninterrupted).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotGranted(missing));
        assert_eq!(view.process_name(seven()), None);
    }

    #[test]
    fn granted_processes_are_told() {
        let (_root, view) = view(&[Grant::Sockets, Grant::Processes]);
        let table = view.owners(&OwnerQuery::all(), &Uninterrupted).unwrap();
        let pids: Vec<_> = table.of(Inode::new(70).unwrap()).map(|owner| owner.task.pid).collect();
        assert_eq!(pids, [seven()]);
        assert_eq!(view.process_name(seven()).unwrap(), "seven");
    }

    /// Fails, in the words of another process.
    struct Broken(OwnersErrorKind);

    impl OwnerSource for Broken {
        fn owners(&self, _: &OwnerQuery, _: &dyn Interrupt) -> Result<OwnerReport, OwnersError> {
            Err(OwnersError { kind: self.0, message: "the broker is gone".to_owned() })
        }

        fn process_name(&self, _: Pid) -> Option<BString> {
            None
        }
    }

    #[rstest]
    #[case::interrupted(OwnersErrorKind::Interrupted, ErrorKind::Interrupted)]
    #[case::gone(OwnersErrorKind::Unavailable, ErrorKind::Owners(OwnersErrorKind::Unavailable))]
    fn another_source_answers_in_its_own_words(
        #[case] kind: OwnersErrorKind,
        #[case] expected: ErrorKind,
    ) {
        let (_root, view) = view(&[Grant::Sockets, Grant::Processes]);
        let view = view.with_owners(Arc::new(Broken(kind)));
        let error = view.owners(&OwnerQuery::all(), &Uninterrupted).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (expected, "the broker is gone"));
        assert_eq!(view.process_name(seven()), None);
    }

    #[test]
    fn an_interrupt_ends_the_looking() {
        let (_root, view) = view(&[Grant::Sockets, Grant::Processes]);
        let error = view.owners(&OwnerQuery::all(), &|| true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}
