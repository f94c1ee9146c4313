//! The only thing that a builtin holds.

use std::{
    collections::BTreeMap, fmt, net::IpAddr, num::NonZeroU32, ops::RangeInclusive, sync::Arc,
};

use bstr::{BStr, BString};
use procnetsocket::{Interrupt, Limits, SockStat, SockStat6, SocketTables};

use crate::{
    AddressFamily, CgroupPaths, Collected, Error, Filter, Grant, GrantSet, HostNameError,
    HostNames, Names, Policy, Selection, Sink, TableSet, collect,
    expr::{self, FilterError, FilterText, Machine, Parsed, Scope},
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
    hosts: Option<Arc<dyn HostNames>>,
    limits: Limits,
}

impl PolicyView {
    /// Returns the view of `tables` that `policy` allows.
    pub fn new(tables: Arc<SocketTables>, policy: Policy, names: Names) -> Self {
        let names = Arc::new(names);
        Self { tables, policy, names, cgroups: None, hosts: None, limits: Limits::streaming() }
    }

    /// Returns the view with a way to find the paths of control groups. Without one they are
    /// numbers.
    #[must_use]
    pub fn with_cgroups(self, cgroups: Arc<dyn CgroupPaths>) -> Self {
        Self { cgroups: Some(cgroups), ..self }
    }

    /// Returns the view with a way to resolve host names. It is used under the grant
    /// [`Resolve`](Grant::Resolve) only.
    #[must_use]
    pub fn with_host_names(self, hosts: Arc<dyn HostNames>) -> Self {
        Self { hosts: Some(hosts), ..self }
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

    /// Understands a filter of `ss` over these tables. `family` is the last one that an option
    /// chose; it is that of values that do not name one.
    ///
    /// # Errors
    ///
    /// A [`FilterError`] that says what is wrong and where. To resolve a host name takes the grant
    /// `resolve`.
    pub fn parse_filter(
        &self,
        text: &FilterText,
        tables: TableSet,
        family: Option<AddressFamily>,
    ) -> Result<Parsed, FilterError> {
        expr::parse(text, Scope::new(self, tables, family))
    }

    /// Returns the filter that admits what satisfies an expression; none admits every socket.
    pub fn filter(&self, expr: Option<expr::Expr>) -> Filter {
        match expr {
            None => Filter::All,
            Some(expr) => {
                let local_ports = self.local_port_range().unwrap_or(Filter::USUAL_LOCAL_PORTS);
                Filter::Expr { expr, local_ports }
            }
        }
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

    /// Returns the index of the network interface of that name, or `None` when there is none (in a
    /// fake root there is none).
    pub fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        self.sockets().ok()?.interface_index(name)
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

impl Machine for PolicyView {
    fn grants(&self) -> GrantSet {
        self.grants()
    }

    fn names(&self) -> &Names {
        self.names()
    }

    fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        self.interface_index(name)
    }

    fn cgroup_id(&self, path: &BStr) -> Option<u64> {
        self.cgroup_paths().into_iter().find(|(_, known)| known == path).map(|(id, _)| id)
    }

    fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, HostNameError> {
        match &self.hosts {
            Some(hosts) if self.grants().contains(Grant::Resolve) => hosts.addresses(name),
            _ => Err(HostNameError::NoResolver),
        }
    }
}

impl fmt::Debug for PolicyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyView").field("policy", &self.policy).finish_non_exhaustive()
    }
}
