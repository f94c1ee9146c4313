//! Data of the machine in addition to its sockets: names, counters, interfaces.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    num::NonZeroU32,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use bstr::{BStr, BString};
use builtin_cli::Escaped;
use procnetsocket::{Interrupt, SockStat, SockStat6, Uninterrupted, model::Socket};

use super::PolicyView;
use crate::{
    error::Error,
    host_name::HostNameError,
    names::Names,
    policy::{Grant, Visibility},
    select::{
        AddressFamily, Filter, TableSet,
        expr::{self, FilterError, FilterText, Parsed, ValueLookup, ValueScope},
    },
};

/// Time limit for looking up the host names of one filter: 10 s.
const LOOK_UPS: Duration = Duration::from_secs(10);

impl PolicyView {
    /// Parses a filter of `ss` over these tables. `family` is the last one that an option chose; it
    /// applies to values that do not name one.
    ///
    /// # Errors
    ///
    /// A [`FilterError`] with the problem and its position. Resolving a host name needs the grant
    /// `resolve`; a name that is not resolved before an interrupt, or within 10 s of the first word
    /// of the filter, is an error.
    pub fn parse_filter(
        &self,
        text: &FilterText,
        tables: TableSet,
        family: Option<AddressFamily>,
        interrupt: &dyn Interrupt,
    ) -> Result<Parsed, FilterError> {
        let begin = Instant::now();
        let is_over = || interrupt.is_interrupted() || begin.elapsed() >= LOOK_UPS;
        expr::parse(text, ValueScope::new(self, tables, family, &is_over))
    }

    /// Returns the filter for an expression; `None` admits every socket.
    pub fn filter(&self, expr: Option<expr::Expr>) -> Filter {
        match expr {
            None => Filter::All,
            Some(expr) => {
                let local_ports = self.local_port_range().unwrap_or(Filter::USUAL_LOCAL_PORTS);
                Filter::Expr { expr, local_ports, matches: None, namespace: None, peers: None }
            }
        }
    }

    /// Returns whether the kernel reports more than the text tables: never with a fake root, and
    /// usually with the system's. Without the grant `sockets` this is unknown and returns true,
    /// because the missing grant is reported instead.
    pub fn has_sock_diag(&self) -> bool {
        self.tables.diag().is_some() || !self.grants().contains(Grant::Sockets)
    }

    /// Returns the host's names of ports, protocols and users.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the machine's counters of IPv4 sockets (`/proc/net/sockstat`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or the error of reading the file.
    pub fn sockstat(&self) -> Result<SockStat, Error> {
        Ok(self.counters()?.sockstat()?)
    }

    /// Returns the machine's counters of IPv6 sockets (`/proc/net/sockstat6`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or the error of reading the file.
    pub fn sockstat6(&self) -> Result<SockStat6, Error> {
        Ok(self.counters()?.sockstat6()?)
    }

    /// Returns the number of established TCP connections (`CurrEstab` of `/proc/net/snmp`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or the error of reading the file.
    pub fn established(&self) -> Result<i64, Error> {
        Ok(self.counters()?.curr_estab()?)
    }

    /// Returns the ports that the kernel assigns by itself, or `None` when they are unknown.
    pub fn local_port_range(&self) -> Option<RangeInclusive<u16>> {
        self.sockets().ok()?.local_port_range().ok()
    }

    /// Returns the name of a network interface, or `None` when it is unknown (always in a fake
    /// root).
    pub fn interface_name(&self, index: NonZeroU32) -> Option<BString> {
        self.sockets().ok()?.interface_name(index)
    }

    /// Returns the index of the network interface of that name, or `None` when there is none
    /// (always in a fake root).
    pub fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        self.sockets().ok()?.interface_index(name)
    }

    /// Returns the paths of the control groups by their ids; empty if the host has no way to find
    /// them. Where the policy hides sockets, only those of shown sockets.
    pub fn cgroup_paths(&self) -> BTreeMap<u64, BString> {
        let (Some(cgroups), Ok(_)) = (&self.cgroups, self.sockets()) else {
            return BTreeMap::new();
        };
        let mut paths = cgroups.paths();
        if self.policy.narrows() {
            let shown = self.shown_cgroups();
            paths.retain(|id, _| shown.contains(id));
        }
        paths
    }

    /// Returns the ids of the control groups of the sockets that the policy shows.
    fn shown_cgroups(&self) -> BTreeSet<u64> {
        let mut ids = BTreeSet::new();
        let listed = self.for_each_shown(&Uninterrupted, |socket| {
            if let Socket::Inet(inet) = socket {
                ids.extend(inet.detail.cgroup_id);
            }
        });
        // OK because a group without a path is shown as a number.
        drop(listed);
        ids
    }
}

impl ValueLookup for PolicyView {
    fn is_granted(&self, grant: Grant) -> bool {
        self.granted(grant).is_ok()
    }

    fn unix_names(&self) -> Visibility {
        self.policy.unix_names()
    }

    fn names(&self) -> &Names {
        self.names()
    }

    fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        self.interface_index(name)
    }

    fn is_everywhere(&self) -> bool {
        self.is_everywhere()
    }

    fn cgroup_id(&self, path: &BStr) -> Option<u64> {
        let paths = self.cgroup_paths();
        let known = paths.iter().find(|(_, known)| *known == path);
        let printed = || paths.iter().find(|(_, known)| Escaped::column(known).is_shown_as(path));
        known.or_else(printed).map(|(id, _)| *id)
    }

    fn cgroups_where(&self, is_such: &dyn Fn(&BStr) -> bool) -> Option<Vec<u64>> {
        let paths = self.cgroup_paths();
        let ids = || paths.iter().filter(|(_, path)| is_such(BStr::new(path))).map(|(id, _)| *id);
        (!paths.is_empty()).then(|| ids().collect())
    }

    fn addresses(
        &self,
        name: &str,
        interrupt: &dyn Interrupt,
    ) -> Result<Vec<IpAddr>, HostNameError> {
        let hosts = self.resolver().map_err(|_| HostNameError::NoResolver)?;
        hosts.addresses(name, interrupt)
    }
}
