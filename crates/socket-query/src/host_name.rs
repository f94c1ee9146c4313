//! Names of hosts.

use std::net::IpAddr;

use bstr::BString;

/// Resolves host names and addresses. A host gives one to a [`PolicyView`](crate::PolicyView), since
/// to ask a resolver takes authority; it is asked under the grant
/// [`Resolve`](crate::Grant::Resolve) only.
///
/// A call ends in bounded time: the deadline is the implementation's.
pub trait HostNames: Send + Sync {
    /// Returns the addresses of a host, IPv4 or IPv6. `name` has only letters, digits, dots, hyphens
    /// and underscores.
    ///
    /// # Errors
    ///
    /// A [`HostNameError`] that says why there are none.
    fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, HostNameError>;

    /// Returns the name of the host that has an address, or `None` when it has none or nobody
    /// answers. The bytes are chosen by whoever runs the name server.
    fn name(&self, address: IpAddr) -> Option<BString>;
}

/// Why a host has no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HostNameError {
    /// Nobody knows the name.
    #[error("no such host")]
    Unknown,
    /// There was no answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// There is nobody to ask.
    #[error("there is no resolver")]
    NoResolver,
}
