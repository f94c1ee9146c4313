//! Addresses as `inet_ntop(3)` and `ss` print them.

use std::{
    io::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::number::push_start;

/// How the unspecified IPv6 address is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unspecified {
    /// `*`: both families are possible.
    Any,
    /// `[::]`: IPv6 only.
    Ipv6,
}

/// Appends the address of a socket, IPv6 in brackets.
pub(crate) fn push_address(out: &mut Vec<u8>, address: IpAddr, unspecified: Unspecified) {
    match address {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) if unspecified == Unspecified::Any => out.push(b'*'),
        IpAddr::V4(address) => push_ipv4(out, address),
        IpAddr::V6(address) => {
            out.push(b'[');
            push_ipv6(out, address);
            out.push(b']');
        }
    }
}

/// Appends an address without brackets.
pub(crate) fn push_bare_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => push_ipv4(out, address),
        IpAddr::V6(address) => push_ipv6(out, address),
    }
}

fn push_ipv4(out: &mut Vec<u8>, address: Ipv4Addr) {
    for octet in address.octets() {
        let (text, length) = OCTETS.get(usize::from(octet)).copied().unwrap_or_default();
        push_start(out, &text, length);
    }
    // Removes the last dot.
    out.pop();
}

/// Every octet, followed by a dot, and its length.
///
/// Most of a listing is octets; looking them up takes half the time of dividing them into digits.
static OCTETS: [([u8; 4], usize); 256] = {
    let mut texts = [([0; 4], 0); 256];
    let mut octet: u8 = 0;
    loop {
        let (hundreds, tens, ones) =
            (b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10);
        // OK because it is less than 256, and the compiler evaluates it.
        #[allow(
            clippy::as_conversions,
            clippy::indexing_slicing,
            reason = "compile time, in range"
        )]
        {
            texts[octet as usize] = match octet {
                0..10 => ([ones, b'.', 0, 0], 2),
                10..100 => ([tens, ones, b'.', 0], 3),
                _ => ([hundreds, tens, ones, b'.'], 4),
            };
        }
        if octet == u8::MAX {
            break texts;
        }
        octet += 1;
    }
};

/// Rust prints as RFC 5952 does. `inet_ntop` differs in one form: it prints the last 32 bits as an
/// IPv4 address when exactly the first 96 are zero (the old "compatible" addresses, RFC 4291).
fn push_ipv6(out: &mut Vec<u8>, address: Ipv6Addr) {
    if let [0, 0, 0, 0, 0, 0, high, _] = address.segments()
        && high != 0
    {
        let [.., a, b, c, d] = address.octets();
        out.extend_from_slice(b"::");
        push_ipv4(out, Ipv4Addr::new(a, b, c, d));
        return;
    }
    // OK because writing to a vector cannot fail.
    let _ = write!(out, "{address}");
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::any4("0.0.0.0", "0.0.0.0")]
    #[case::ipv4("192.0.2.255", "192.0.2.255")]
    #[case::any6("::", "*")]
    #[case::loopback("::1", "[::1]")]
    #[case::low_bits_only("::ff", "[::ff]")]
    #[case::compatible("::102:304", "[::1.2.3.4]")]
    #[case::compatible_with_zeros("::100:0", "[::1.0.0.0]")]
    #[case::mapped("::ffff:1.2.3.4", "[::ffff:1.2.3.4]")]
    #[case::translated("::ffff:0:102:304", "[::ffff:0:102:304]")]
    #[case::first_of_two_equal_runs("1:0:0:2:0:0:3:4", "[1::2:0:0:3:4]")]
    #[case::longest_run("1:0:0:2:0:0:0:3", "[1:0:0:2::3]")]
    #[case::single_zero_stays("1:0:2:3:4:5:6:7", "[1:0:2:3:4:5:6:7]")]
    #[case::run_at_the_end("fe80::", "[fe80::]")]
    #[case::nothing_to_shorten("2001:db8:1:2:3:4:5:6", "[2001:db8:1:2:3:4:5:6]")]
    fn prints_as_inet_ntop(#[case] address: &str, #[case] shown: &str) {
        let mut out = Vec::new();
        push_address(&mut out, address.parse().unwrap(), Unspecified::Any);
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }

    #[test]
    fn prints_every_octet() {
        for octet in 0..=u8::MAX {
            let address = Ipv4Addr::new(octet, 0, octet, 255 - octet);
            let mut out = Vec::new();
            push_bare_address(&mut out, address.into());
            assert_eq!(String::from_utf8(out).unwrap(), address.to_string());
        }
    }

    #[test]
    fn zeros_of_ipv6_alone_are_an_address() {
        let mut out = Vec::new();
        push_address(&mut out, "::".parse().unwrap(), Unspecified::Ipv6);
        push_bare_address(&mut out, "fe80::1".parse().unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), "[::]fe80::1");
    }
}
