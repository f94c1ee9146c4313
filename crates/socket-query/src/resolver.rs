//! The resolver of the C library.

use std::net::IpAddr;

use bstr::BString;
use cap_std::AmbientAuthority;
use dns_lookup::{AddrFamily, AddrInfoHints, SockType};

use crate::host_name::{BlockingHostNames, HostNameError};

/// The resolver of the C library. A lookup takes as long as the name servers take, so wrap it in a
/// [`TimedHostNames`](crate::TimedHostNames).
#[derive(Debug)]
pub struct SystemHostNames(());

impl SystemHostNames {
    /// Returns the resolver.
    ///
    /// # Ambient Authority
    ///
    /// A lookup reads the resolver's files in `/etc`, loads libraries, and connects to the servers
    /// in these files.
    pub fn from_ambient(_token: AmbientAuthority) -> Self {
        Self(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "made with a token; asks the resolver, as its docs say"
)]
impl BlockingHostNames for SystemHostNames {
    fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, HostNameError> {
        // Compat: a separate lookup per family. In one for both, the C library would not return an
        // IPv4 address for a name that the hosts file has for `::1` alone.
        let of = |family: AddrFamily| {
            let (socktype, address) = (SockType::Stream.into(), family.into());
            let hints = AddrInfoHints { socktype, address, ..AddrInfoHints::default() };
            let found = dns_lookup::getaddrinfo(Some(name), None, Some(hints));
            found.into_iter().flatten().filter_map(|info| Some(info.ok()?.sockaddr.ip()))
        };
        let addresses: Vec<_> = of(AddrFamily::Inet).chain(of(AddrFamily::Inet6)).collect();
        if addresses.is_empty() { Err(HostNameError::Unknown) } else { Ok(addresses) }
    }

    fn name(&self, address: IpAddr) -> Option<BString> {
        dns_lookup::lookup_addr(&address).ok().map(BString::from)
    }
}
