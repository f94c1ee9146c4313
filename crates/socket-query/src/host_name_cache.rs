//! Host names for one call.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use bstr::BString;
use procnetsocket::Interrupt;

use crate::host_name::HostNames;

/// The time limit for all lookups of a call. After it addresses are printed as numbers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks each address up once per call, and none after 10 seconds.
pub struct HostNameCache<'a> {
    /// `None` when addresses are printed as numbers.
    hosts: Option<&'a dyn HostNames>,
    known: RefCell<BTreeMap<IpAddr, Option<BString>>>,
    begin: Instant,
}

impl<'a> HostNameCache<'a> {
    /// Returns the names of a call that begins now; without `hosts`, no address has a name.
    pub fn new(hosts: Option<&'a dyn HostNames>) -> Self {
        Self { hosts, known: RefCell::default(), begin: Instant::now() }
    }

    /// Returns the name of a host. An IPv4-mapped IPv6 address is looked up as the IPv4 address.
    #[inline]
    pub fn name(&self, address: IpAddr, interrupt: &dyn Interrupt) -> Option<BString> {
        self.look_up(self.hosts?, address, interrupt)
    }

    fn look_up(
        &self,
        hosts: &dyn HostNames,
        address: IpAddr,
        interrupt: &dyn Interrupt,
    ) -> Option<BString> {
        let address = address.to_canonical();
        let mut known = self.known.borrow_mut();
        if let Some(name) = known.get(&address) {
            return name.clone();
        }
        let is_over = || self.begin.elapsed() >= PATIENCE || interrupt.is_interrupted();
        // OK because an address that was not resolved in time is printed as a number.
        let name = if is_over() { None } else { hosts.name(address, &is_over) };
        // An empty name would hide the address.
        let name = name.filter(|name| !name.is_empty());
        known.insert(address, name.clone());
        name
    }
}
