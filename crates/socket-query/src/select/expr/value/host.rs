//! Hosts and ports, whose grammar is at the head of [`expr`](super::super).

use std::net::IpAddr;

use bstr::{BStr, ByteSlice as _};

use super::{
    Hosts, PortValue, ValueScope, interface,
    network::{parse_loose_v4, parse_network},
    number::{parse_number, parse_unsigned},
    service,
};
use crate::{
    host_name::HostNameError,
    policy::{Grant, Visibility},
    select::{
        AddressFamily,
        expr::{
            ast::{HostPattern, Network, PortNumber},
            error::FilterProblem,
        },
    },
    wire_name::{ethertype_number, netlink_family_number},
};

const ADDRESS: &str = "an address";

/// Returns the family that a word names, and what follows its prefix.
pub(super) fn split_family(word: &[u8]) -> Option<(AddressFamily, &[u8])> {
    let prefixes: [(&[u8], AddressFamily); 6] = [
        (b"inet:", AddressFamily::Inet),
        (b"inet6:", AddressFamily::Inet6),
        (b"unix:", AddressFamily::Unix),
        (b"link:", AddressFamily::Packet),
        (b"netlink:", AddressFamily::Netlink),
        (b"vsock:", AddressFamily::Vsock),
    ];
    prefixes.into_iter().find_map(|(prefix, family)| Some((family, word.strip_prefix(prefix)?)))
}

/// Parses a host, without the prefix that names its family; a name can have many addresses.
pub(super) fn host(scope: &ValueScope<'_>, word: &[u8]) -> Result<Hosts, FilterProblem> {
    match scope.family {
        Some(AddressFamily::Unix) => unix(scope, word).map(Hosts::from),
        Some(AddressFamily::Packet) => link(scope, word).map(Hosts::from),
        Some(AddressFamily::Netlink) => netlink(word).map(Hosts::from),
        Some(AddressFamily::Vsock) => vsock(word).map(Hosts::from),
        _ => inet(scope, word),
    }
}

/// Parses a port, without the prefix that names its family.
pub(super) fn port(scope: &ValueScope<'_>, word: &[u8]) -> Result<PortValue, FilterProblem> {
    let behind_colon = || word.strip_prefix(b":").unwrap_or(word);
    let number = match scope.family {
        Some(AddressFamily::Unix) => {
            return unix(scope, word).map(PortValue::Unix);
        }
        Some(AddressFamily::Packet) => link_interface(scope, behind_colon())?,
        Some(AddressFamily::Netlink) => port_id(behind_colon())?,
        Some(AddressFamily::Vsock) => vsock_port(behind_colon())?,
        _ => match bracketed(word)? {
            Some((port, _)) => service::port(scope, port)?,
            None => service::port(scope, word)?,
        },
    };
    Ok(PortValue::Number(number))
}

/// Parses a pattern for the name of a unix socket.
///
/// Security: where names are hidden, only the empty pattern is accepted.
fn unix(scope: &ValueScope<'_>, word: &[u8]) -> Result<HostPattern, FilterProblem> {
    match scope.machine.unix_names() {
        Visibility::Hidden if word != b"*" => Err(FilterProblem::NamesHidden),
        _ => Ok(HostPattern::Unix(word.into())),
    }
}

/// Two parts of a word.
type Parts<'a> = (&'a [u8], &'a [u8]);

/// Returns what is between brackets, and what follows them.
fn bracketed(word: &[u8]) -> Result<Option<Parts<'_>>, FilterProblem> {
    let Some(word) = word.strip_prefix(b"[") else { return Ok(None) };
    word.split_once_str("]").map(Some).ok_or(FilterProblem::OpenBracket)
}

/// Returns address and port.
///
/// Compat: without brackets the last colon begins the port, also in an IPv6 address; but colons
/// before a slash are ignored. After a bracket and after `*` the colon may be missing.
fn split_port(word: &[u8]) -> Result<Parts<'_>, FilterProblem> {
    if let Some(parts) = bracketed(word)? {
        return Ok(parts);
    }
    if let [b'*', port @ ..] = word {
        return Ok((b"*", port));
    }
    let slash = word.find_byte(b'/').unwrap_or_default();
    let (begin, rest) = word.split_at_checked(slash).unwrap_or((word, b""));
    let Some(colon) = rest.rfind_byte(b':') else { return Ok((word, b"")) };
    let at = begin.len().saturating_add(colon);
    Ok(word.split_at_checked(at).unwrap_or((word, b"")))
}

fn inet(scope: &ValueScope<'_>, word: &[u8]) -> Result<Hosts, FilterProblem> {
    let (address, port) = split_port(word)?;
    let port = service::port(scope, port)?;
    let with = |network| HostPattern::Inet { network, port };
    if is_any(address) {
        return Ok(with(None).into());
    }
    let (first, more) = networks(scope, word, address)?;
    let more = more.into_iter().map(|network| with(Some(network))).collect();
    Ok(Hosts { first: with(Some(first)), more })
}

fn is_any(address: &[u8]) -> bool {
    address.starts_with(b"*") || matches!(address, b"" | b"any" | b"all" | b"default")
}

/// Parses an address, or a name with one address or more.
fn networks(
    scope: &ValueScope<'_>,
    word: &[u8],
    address: &[u8],
) -> Result<(Network, Vec<Network>), FilterProblem> {
    let network = parse_network(address).or_else(|| parse_loose_v4(address));
    match (network, host_name(address)) {
        (Some(network), _) if is_of(scope.family, network.address) => Ok((network, Vec::new())),
        (None, Some(name)) if may_have_names(scope.family) => resolve(scope, name),
        _ => Err(no_address(scope, word)),
    }
}

/// Returns whether an address has the family that was named, if one was.
fn is_of(family: Option<AddressFamily>, address: IpAddr) -> bool {
    match family {
        None => true,
        Some(AddressFamily::Inet) => address.is_ipv4(),
        Some(AddressFamily::Inet6) => address.is_ipv6(),
        Some(_) => false,
    }
}

fn may_have_names(family: Option<AddressFamily>) -> bool {
    matches!(family, None | Some(AddressFamily::Inet | AddressFamily::Inet6))
}

fn no_address(scope: &ValueScope<'_>, word: &[u8]) -> FilterProblem {
    let expected = match scope.family {
        Some(AddressFamily::Inet) => "an IPv4 address",
        Some(AddressFamily::Inet6) => "an IPv6 address",
        _ => ADDRESS,
    };
    let found = word.into();
    if !word.starts_with(b"[") && word.find_byte(b':') < word.rfind_byte(b':') {
        return FilterProblem::Brackets { expected, found };
    }
    FilterProblem::Value { expected, found }
}

/// Returns the word if it can be a host name. Only such words are passed to a resolver.
fn host_name(word: &[u8]) -> Option<&str> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let has_letter = word.iter().any(u8::is_ascii_alphabetic);
    let is_name = has_letter && word.first()?.is_ascii_alphanumeric() && word.iter().all(is_part);
    // The C library takes a word that ends in a number for an address in a special form.
    let is_number = word.rsplit(|byte| *byte == b'.').next().and_then(parse_number).is_some();
    word.to_str().ok().filter(|_| is_name && !is_number)
}

/// Returns the addresses of a host, of the family that was named.
fn resolve(scope: &ValueScope<'_>, name: &str) -> Result<(Network, Vec<Network>), FilterProblem> {
    // More likely a misplaced keyword than a host.
    let is_state = matches!(name, "state" | "exclude" | "excl");
    if !scope.machine.is_granted(Grant::Resolve) {
        let problem =
            if is_state { FilterProblem::State } else { FilterProblem::ResolveNotGranted };
        return Err(problem(name.into()));
    }
    let failed = |error| match error {
        HostNameError::Unknown if is_state => FilterProblem::State(name.into()),
        error => FilterProblem::Unresolved(name.into(), error),
    };
    let mut networks = scope
        .machine
        .addresses(name, scope.interrupt)
        .map_err(failed)?
        .into_iter()
        .filter(|address| is_of(scope.family, *address))
        .take(MAX_ADDRESSES)
        .map(|address| Network { address, bits: if address.is_ipv4() { 32 } else { 128 } });
    let first = networks.next().ok_or(failed(HostNameError::Unknown))?;
    Ok((first, networks.collect()))
}

/// Addresses of one host name that a filter compares with: 256. The C library has no such limit,
/// but host names have at most tens of addresses.
const MAX_ADDRESSES: usize = 256;

fn link(scope: &ValueScope<'_>, word: &[u8]) -> Result<HostPattern, FilterProblem> {
    let (protocol, interface) = word.split_once_str(":").unwrap_or((word, b""));
    let expected = "the name or number of an ethertype";
    let protocol = match protocol {
        b"" | b"*" => None,
        name => Some(
            ethertype_number(name)
                .or_else(|| parse_unsigned(name))
                .ok_or_else(|| FilterProblem::Value { expected, found: name.into() })?,
        ),
    };
    Ok(HostPattern::Link { protocol, interface: link_interface(scope, interface)? })
}

fn link_interface(scope: &ValueScope<'_>, word: &[u8]) -> Result<PortNumber, FilterProblem> {
    match word {
        b"" | b"*" => Ok(PortNumber::Any),
        word => interface::index(scope, word).map(PortNumber::of),
    }
}

fn netlink(word: &[u8]) -> Result<HostPattern, FilterProblem> {
    let (protocol, port) = word.split_once_str(":").unwrap_or((word, b""));
    let expected = "the name or number of a netlink family";
    let protocol = match protocol {
        b"" | b"*" => None,
        name => Some(
            netlink_family_number(name)
                // Compat: the kernel has 32 families, and iproute2 accepts 256.
                .or_else(|| parse_unsigned::<u8>(name).map(u32::from))
                .ok_or_else(|| FilterProblem::Value { expected, found: name.into() })?,
        ),
    };
    Ok(HostPattern::Netlink { protocol, port_id: port_id(port)? })
}

fn port_id(word: &[u8]) -> Result<PortNumber, FilterProblem> {
    let expected = "a netlink port id or \"kernel\"";
    match word {
        b"" | b"*" => Ok(PortNumber::Any),
        b"kernel" => Ok(PortNumber::Number(0)),
        word => number(word, expected),
    }
}

fn vsock(word: &[u8]) -> Result<HostPattern, FilterProblem> {
    let (cid, port) = match word.rsplit_once_str(":") {
        Some((cid, port)) => (cid, vsock_port(port)?),
        None => (word, PortNumber::Any),
    };
    let expected = "the number of a vsock context";
    let cid = match cid {
        b"" | b"*" => None,
        cid => Some(
            parse_unsigned(cid)
                .ok_or_else(|| FilterProblem::Value { expected, found: cid.into() })?,
        ),
    };
    Ok(HostPattern::Vsock { cid, port })
}

fn vsock_port(word: &[u8]) -> Result<PortNumber, FilterProblem> {
    if word == b"*" {
        return Ok(PortNumber::Any);
    }
    let port: Option<u32> = parse_unsigned(word);
    let expected = "a vsock port";
    let port = port.ok_or_else(|| FilterProblem::Value { expected, found: word.into() })?;
    Ok(PortNumber::Number(port.into()))
}

fn number(word: &[u8], expected: &'static str) -> Result<PortNumber, FilterProblem> {
    let number = parse_number(word);
    let number =
        number.ok_or_else(|| FilterProblem::Value { expected, found: BStr::new(word).into() });
    number.map(PortNumber::of)
}
