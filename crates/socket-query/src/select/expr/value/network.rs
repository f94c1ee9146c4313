//! Internet addresses with or without a prefix.
//!
//! ```text
//! network := (v4 | v6) ("/" (BITS | v4mask))?
//! v4      := PART ("." PART){0,3}              what is missing at the end is 0
//! ```
//!
//! Parts and bits are numbers of any base. A mask has its ones before its zeros.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bstr::ByteSlice as _;

use super::{
    super::ast::Network,
    number::{parse_number, parse_unsigned},
};

/// Parses an address with or without a prefix.
pub(super) fn parse_network(word: &[u8]) -> Option<Network> {
    let (address, prefix) = match word.split_once_str("/") {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (word, None),
    };
    let address = parse_address(address)?;
    let bits = match (prefix, address) {
        (None, IpAddr::V4(_)) => 32,
        (None, IpAddr::V6(_)) => 128,
        (Some(prefix), IpAddr::V4(_)) => parse_bits(prefix, 32).or_else(|| parse_mask(prefix))?,
        (Some(prefix), IpAddr::V6(_)) => parse_bits(prefix, 128).or_else(|| parse_mask(prefix))?,
    };
    Some(Network { address, bits })
}

/// Parses an IPv4 address in the form that the C library's resolver accepts: up to four numbers, of
/// which the last fills the remaining bytes.
///
/// Compat: iproute2 passes what it does not understand itself, such as `256`, to the resolver.
pub(super) fn parse_loose_v4(word: &[u8]) -> Option<Network> {
    if !word.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    let (leading, last) = word.rsplit_once_str(".").map_or((None, word), |(a, b)| (Some(a), b));
    let mut octets = [0; 4];
    let mut places = octets.iter_mut();
    for part in leading.into_iter().flat_map(|parts| parts.split_str(".")) {
        *places.next()? = parse_unsigned(part)?;
    }
    let left = places.into_slice();
    let last = u32::try_from(parse_number(last)?).ok()?.to_be_bytes();
    let (above, bytes) = last.split_at_checked(last.len().checked_sub(left.len())?)?;
    if left.is_empty() || above.iter().any(|byte| *byte != 0) {
        return None;
    }
    left.copy_from_slice(bytes);
    Some(Network { address: Ipv4Addr::from(octets).into(), bits: 32 })
}

fn parse_address(word: &[u8]) -> Option<IpAddr> {
    if word.contains(&b':') {
        return word.to_str().ok()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    parse_v4(word).map(IpAddr::V4)
}

fn parse_v4(word: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut places = octets.iter_mut();
    for part in word.split_str(".") {
        *places.next()? = parse_unsigned(part)?;
    }
    Some(octets.into())
}

/// Parses a count of bits. Compat: a word for every address is a mask of 0 bits.
fn parse_bits(prefix: &[u8], most: u8) -> Option<u8> {
    if matches!(prefix, b"any" | b"all" | b"default") {
        return Some(0);
    }
    parse_unsigned(prefix).filter(|bits| *bits <= most)
}

/// Parses a mask. A number alone is a count of bits, never a mask.
fn parse_mask(prefix: &[u8]) -> Option<u8> {
    let mask = u32::from(parse_v4(prefix).filter(|_| prefix.contains(&b'.'))?);
    let ones = mask.leading_ones();
    if ones.checked_add(mask.trailing_zeros()) < Some(u32::BITS) {
        return None;
    }
    u8::try_from(ones).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn shown(network: Option<Network>) -> String {
        network.map_or("none".into(), |network| format!("{}/{}", network.address, network.bits))
    }

    #[rstest]
    // usual
    #[case::address("10.0.0.1", "10.0.0.1/32")]
    #[case::prefix("10.0.0.0/8", "10.0.0.0/8")]
    #[case::bits_behind_the_prefix("10.1.2.3/8", "10.1.2.3/8")]
    #[case::mask("10.0.0.0/255.0.0.0", "10.0.0.0/8")]
    #[case::v6("fe80::1", "fe80::1/128")]
    #[case::v6_prefix("fe80::/10", "fe80::/10")]
    #[case::mapped("::ffff:10.0.0.1/104", "::ffff:10.0.0.1/104")]
    // boundary
    #[case::one_part("10", "10.0.0.0/32")]
    #[case::one_part_and_prefix("10/8", "10.0.0.0/8")]
    #[case::two_parts("10.1", "10.1.0.0/32")]
    #[case::bases("012.0x0a.+1.0b1/0x8", "10.10.1.1/8")]
    #[case::no_bits("10/0", "10.0.0.0/0")]
    #[case::short_mask("10/255.255", "10.0.0.0/16")]
    #[case::empty_mask("10/0.0.0.0", "10.0.0.0/0")]
    #[case::full_mask("10/255.255.255.255", "10.0.0.0/32")]
    #[case::v6_no_bits("::/0", "::/0")]
    #[case::any_mask("10/any", "10.0.0.0/0")]
    #[case::all_mask("10.0.0.1/all", "10.0.0.1/0")]
    #[case::default_mask_v6("::1/default", "::1/0")]
    #[case::case_of_a_mask("10/ANY", "none")]
    // hostile
    #[case::nothing("", "none")]
    #[case::prefix_alone("/8", "none")]
    #[case::no_prefix("10/", "none")]
    #[case::too_many_bits("10/33", "none")]
    #[case::too_many_bits_v6("::/129", "none")]
    #[case::a_number_is_no_mask("10/255", "none")]
    #[case::holes_in_the_mask("10/255.0.255.0", "none")]
    #[case::v6_mask("::/ffff::", "none")]
    #[case::v6_with_v4_mask("::/255.0.0.0", "::/8")]
    #[case::negative("10/-1", "none")]
    #[case::large_part("256", "none")]
    #[case::five_parts("1.2.3.4.5", "none")]
    #[case::empty_part("10..1", "none")]
    #[case::dot_at_the_end("10.", "none")]
    #[case::zone("fe80::1%lo", "none")]
    #[case::not_utf8("\u{ff}:", "none")]
    #[case::word("localhost", "none")]
    fn networks_are_those_of_iproute2(#[case] word: &str, #[case] network: &str) {
        assert_eq!(shown(parse_network(word.as_bytes())), network);
    }

    #[rstest]
    #[case::one_part("256", "0.0.1.0/32")]
    #[case::whole_address("167772161", "10.0.0.1/32")]
    #[case::last_part_fills("192.168.263", "192.168.1.7/32")]
    #[case::two_parts("1.65536", "1.1.0.0/32")]
    #[case::largest("4294967295", "255.255.255.255/32")]
    #[case::too_large("4294967296", "none")]
    #[case::last_part_too_large("10.0.0.256", "none")]
    #[case::five_parts("10.0.0.1.1", "none")]
    #[case::dot_at_the_end("10.", "none")]
    #[case::dot_before(".10", "none")]
    #[case::hexadecimal("0x0a000001", "none")]
    #[case::nothing("", "none")]
    fn resolver_accepts_more_forms(#[case] word: &str, #[case] network: &str) {
        assert_eq!(shown(parse_loose_v4(word.as_bytes())), network);
    }
}
