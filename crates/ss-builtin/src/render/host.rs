//! Host names.

use builtin_cli::Escaped;
use std::net::{IpAddr, Ipv6Addr};

use bstr::BString;
use builtin_api::Cancel;
use socket_query::{HostNameCache, PolicyView};

use super::addr::{Unspecified, push_address};

/// Prints hosts by name, where names are wanted and known.
pub(super) struct HostNamesOfCall<'a> {
    hosts: HostNameCache<'a>,
    cancel: &'a Cancel,
}

impl<'a> HostNamesOfCall<'a> {
    pub(super) fn new(view: &'a PolicyView, is_wanted: bool, cancel: &'a Cancel) -> Self {
        let hosts = if is_wanted { view.resolver().ok() } else { None };
        Self { hosts: HostNameCache::new(hosts), cancel }
    }

    /// Appends the name of a host, or the address if it has none. A name with a colon is put in
    /// brackets, like an address.
    ///
    /// Compat: an IPv4-mapped IPv6 address is looked up as the IPv4 address.
    pub(super) fn push(&self, out: &mut Vec<u8>, address: IpAddr, unspecified: Unspecified) {
        let is_any =
            address == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && unspecified == Unspecified::Any;
        match if is_any { None } else { self.name(address) } {
            None => push_address(out, address, unspecified),
            Some(name) if name.contains(&b':') => {
                out.push(b'[');
                Escaped::column(&name).push_to(out);
                out.push(b']');
            }
            Some(name) => Escaped::column(&name).push_to(out),
        }
    }

    fn name(&self, address: IpAddr) -> Option<BString> {
        self.hosts.name(address, &|| self.cancel.is_cancelled())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use procnetsocket::Interrupt;
    use rstest::rstest;
    use socket_query::{HostNameError, HostNames};

    use super::*;

    /// Resolves the addresses of the tests, and counts the lookups.
    #[derive(Default)]
    struct Few(AtomicU64);

    impl HostNames for Few {
        fn addresses(&self, _: &str, _: &dyn Interrupt) -> Result<Vec<IpAddr>, HostNameError> {
            Err(HostNameError::Unknown)
        }

        fn name(&self, address: IpAddr, _: &dyn Interrupt) -> Option<BString> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let name = match address.to_string().as_str() {
                "127.0.0.1" => "localhost",
                "::" | "0.0.0.0" => "any.example",
                "10.0.0.1" => "evil\n\u{1b}[2J x",
                "10.0.0.2" => "",
                "10.0.0.3" => "a:b",
                _ => return None,
            };
            Some(name.into())
        }
    }

    fn of<'a>(hosts: &'a dyn HostNames, cancel: &'a Cancel) -> HostNamesOfCall<'a> {
        HostNamesOfCall { hosts: HostNameCache::new(Some(hosts)), cancel }
    }

    #[rstest]
    #[case::name("127.0.0.1", "localhost")]
    #[case::mapped("::ffff:127.0.0.1", "localhost")]
    #[case::unknown("192.0.2.1", "192.0.2.1")]
    #[case::unknown_ipv6("::1", "[::1]")]
    #[case::any_of_both("::", "*")]
    #[case::any4("0.0.0.0", "any.example")]
    #[case::hostile("10.0.0.1", "evil\\x0a\\x1b[2J\\x20x")]
    #[case::empty("10.0.0.2", "10.0.0.2")]
    #[case::colon("10.0.0.3", "[a:b]")]
    fn prints_names_of_hosts(#[case] address: &str, #[case] shown: &str) {
        let (few, mut out) = (Few::default(), Vec::new());
        of(&few, &Cancel::new()).push(&mut out, address.parse().unwrap(), Unspecified::Any);
        assert_eq!(BString::from(out), shown);
    }

    #[test]
    fn each_address_is_looked_up_once() {
        let (few, mut out) = (Few::default(), Vec::new());
        let cancel = Cancel::new();
        let hosts = of(&few, &cancel);
        for address in ["127.0.0.1", "192.0.2.1", "::ffff:127.0.0.1", "192.0.2.1"] {
            hosts.push(&mut out, address.parse().unwrap(), Unspecified::Any);
        }
        assert_eq!(few.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn cancelled_call_resolves_nothing() {
        let (few, mut out) = (Few::default(), Vec::new());
        let cancel = Cancel::new();
        cancel.cancel();
        of(&few, &cancel).push(&mut out, "127.0.0.1".parse().unwrap(), Unspecified::Any);
        assert_eq!((out.as_slice(), few.0.load(Ordering::Relaxed)), (&b"127.0.0.1"[..], 0));
    }
}
