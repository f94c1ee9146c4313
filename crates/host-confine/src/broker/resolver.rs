//! The broker that resolves host names.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bstr::BString;
use procnetsocket::{Interrupt, Uninterrupted};
use serde::{Deserialize, Serialize};
use socket_query::{BlockingHostNames, HostNameError, HostNames, TimedHostNames};

use super::{Broker, BrokerError, BrokerErrorKind, ConfinementReport, Reporting, Reports, Service};

/// The time limit of one lookup: 2 s. The C library waits longer for a name server that does not
/// answer.
const LOOK_UP: Duration = Duration::from_secs(2);

/// The longest wait for an answer: a lookup, and the exchange with the broker.
const PATIENCE: Duration = Duration::from_secs(3);

/// Longest host name that is looked up: 253 bytes, the limit of DNS (RFC 1035, 2.3.4, without the
/// lengths and the root).
const MAX_NAME_BYTES: usize = 253;

/// Most addresses returned for one host: 256, as many as a filter compares with.
const MAX_ADDRESSES: usize = 256;

/// Looks up host names, with a time limit.
#[derive(Debug)]
pub struct Resolver(TimedHostNames);

/// The requests to the broker of host names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ResolverRequest {
    /// Which addresses does the host with this name have?
    Addresses(String),
    /// What is the name of the host with this address?
    Name(IpAddr),
}

/// The answers, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ResolverAnswer {
    /// The addresses, or the error.
    Addresses(Result<Vec<IpAddr>, HostNameError>),
    /// The host name, if a PTR record exists. Whoever runs the name server chooses the bytes.
    Name(Option<BString>),
}

impl Resolver {
    /// Returns the service that looks up names by `hosts`, for at most 2 s each.
    pub fn new(hosts: Arc<dyn BlockingHostNames>) -> Self {
        Self(TimedHostNames::new(hosts, LOOK_UP))
    }
}

impl Service for Resolver {
    type Request = ResolverRequest;
    type Answer = ResolverAnswer;

    fn answer(&self, request: ResolverRequest) -> ResolverAnswer {
        match request {
            ResolverRequest::Addresses(name) => {
                ResolverAnswer::Addresses(self.addresses(&name, &Uninterrupted))
            }
            ResolverRequest::Name(address) => {
                ResolverAnswer::Name(self.name(address, &Uninterrupted))
            }
        }
    }

    /// Never sent: all answers of this service fit.
    fn too_long() -> ResolverAnswer {
        ResolverAnswer::Name(None)
    }
}

/// The same lookups in this process, without a broker.
impl HostNames for Resolver {
    fn addresses(
        &self,
        name: &str,
        interrupt: &dyn Interrupt,
    ) -> Result<Vec<IpAddr>, HostNameError> {
        // Security: the client may be compromised. Only valid host names reach the C library.
        if !is_host_name(name) {
            return Err(HostNameError::Unknown);
        }
        let mut addresses = self.0.addresses(name, interrupt)?;
        addresses.truncate(MAX_ADDRESSES);
        Ok(addresses)
    }

    fn name(&self, address: IpAddr, interrupt: &dyn Interrupt) -> Option<BString> {
        self.0.name(address, interrupt)
    }
}

fn is_host_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_part)
}

/// Host names, as a broker resolves them.
#[derive(Debug)]
pub struct ResolverBroker(Broker<Reporting<Resolver>>);

impl ResolverBroker {
    /// Wraps the connection to a broker.
    pub fn new(broker: Broker<Reporting<Resolver>>) -> Self {
        Self(broker)
    }
}

impl HostNames for ResolverBroker {
    fn addresses(
        &self,
        name: &str,
        interrupt: &dyn Interrupt,
    ) -> Result<Vec<IpAddr>, HostNameError> {
        let request = ResolverRequest::Addresses(name.to_owned());
        match self.0.ask_service(request, PATIENCE, interrupt) {
            Ok(ResolverAnswer::Addresses(addresses)) => addresses,
            Err(error) if is_late(&error) => Err(HostNameError::TimedOut),
            _ => Err(HostNameError::NoResolver),
        }
    }

    fn name(&self, address: IpAddr, interrupt: &dyn Interrupt) -> Option<BString> {
        match self.0.ask_service(ResolverRequest::Name(address), PATIENCE, interrupt) {
            Ok(ResolverAnswer::Name(name)) => name,
            // OK because an address without a name is printed as it is.
            _ => None,
        }
    }
}

impl Reports for ResolverBroker {
    fn report(&self) -> Result<ConfinementReport, BrokerError> {
        self.0.report()
    }
}

fn is_late(error: &BrokerError) -> bool {
    matches!(error.kind(), BrokerErrorKind::Timeout | BrokerErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Resolves every host, to one address more than the limit.
    struct Everybody;

    impl BlockingHostNames for Everybody {
        fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, HostNameError> {
            Ok(vec![IpAddr::from([127, 0, 0, 1]); MAX_ADDRESSES + 1])
        }

        fn name(&self, address: IpAddr) -> Option<BString> {
            Some(address.to_string().into())
        }
    }

    #[rstest]
    // usual
    #[case::name("www.example.org", true)]
    #[case::letters_digits_and_marks("_a-1.B", true)]
    // boundary
    #[case::longest(&"a".repeat(253), true)]
    #[case::too_long(&"a".repeat(254), false)]
    #[case::empty("", false)]
    // hostile
    #[case::nul("a\0b", false)]
    #[case::blank("a b", false)]
    #[case::newline("a\nnameserver", false)]
    #[case::not_ascii("größe", false)]
    #[case::path("../a", false)]
    fn only_host_names_are_looked_up(#[case] name: &str, #[case] is_name: bool) {
        let resolver = Resolver::new(Arc::new(Everybody));
        let answer = resolver.answer(ResolverRequest::Addresses(name.to_owned()));
        let ResolverAnswer::Addresses(addresses) = answer else { panic!("another answer") };
        let expected = if is_name { Ok(MAX_ADDRESSES) } else { Err(HostNameError::Unknown) };
        assert_eq!(addresses.map(|addresses| addresses.len()), expected);
    }
}
