//! The only thing that a builtin holds.

use std::{collections::BTreeMap, fmt, num::NonZeroU32, ops::RangeInclusive, sync::Arc};

use bstr::BString;
use procnetsocket::{Interrupt, Limits, SockStat, SockStat6, SocketTables};

use crate::{
    CgroupPaths, Collected, Error, Grant, GrantSet, Names, Policy, Selection, Sink, collect,
};

/// Rows that a builtin may keep at one time to put them in order, unless the host says otherwise:
/// 250 000.
///
/// A row of sock_diag with all its details takes some 1 KiB, so this bounds memory to 250 MB.
pub const MAX_SORTED_ROWS: usize = 250_000;

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
    limits: Limits,
    sorted_rows: usize,
}

impl PolicyView {
    /// Returns the view of `tables` that `policy` allows.
    pub fn new(tables: Arc<SocketTables>, policy: Policy, names: Names) -> Self {
        let names = Arc::new(names);
        let limits = Limits::streaming();
        Self { tables, policy, names, cgroups: None, limits, sorted_rows: MAX_SORTED_ROWS }
    }

    /// Returns the view with a way to find the paths of control groups. Without one they are
    /// numbers.
    #[must_use]
    pub fn with_cgroups(self, cgroups: Arc<dyn CgroupPaths>) -> Self {
        Self { cgroups: Some(cgroups), ..self }
    }

    /// Returns the view with the host's own bounds on what is read of one table. The default is
    /// [`Limits::streaming`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns the view with the host's own bound on the rows that are kept to put them in order.
    /// The default is [`MAX_SORTED_ROWS`].
    #[must_use]
    pub fn with_sorted_rows(self, sorted_rows: usize) -> Self {
        Self { sorted_rows, ..self }
    }

    /// Returns how many rows a builtin may keep at one time to put them in order.
    pub fn sorted_rows(&self) -> usize {
        self.sorted_rows
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
        if self.grants().contains(Grant::Sockets) {
            Ok(&self.tables)
        } else {
            Err(Error::not_granted(Grant::Sockets))
        }
    }
}

impl fmt::Debug for PolicyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyView").field("policy", &self.policy).finish_non_exhaustive()
    }
}
