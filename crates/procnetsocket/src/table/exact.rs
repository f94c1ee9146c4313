//! Rows of internet sockets that are exactly as kernels print them since 4.15.
//!
//! # Format
//!
//! That of [`inet`](super::inet), with all that it leaves open decided: one space between columns and
//! more only where a column is padded, hexadecimal letters in the case that the kernel prints, eight
//! digits of clock ticks, a pointer of 16 digits, nothing but spaces behind the last column.
//!
//! Nearly every row is so. What is not is left to the parser of single fields, which understands more
//! and knows what is wrong. Here it is known which column comes where and how wide it may be, and
//! nothing has to be remembered for a report; a million rows take half the time.

use super::{
    Endian, Family, decimal,
    fields::leading_spaces,
    head, hex,
    inet::{ipv4, ipv6, set_head, tcp_detail},
};
use crate::model::{InetProtocol, InetSocket, Inode, KernelPointer, TcpDetail};

/// Parses a row from its first word on. `None` says only that it is not such a row, which may be
/// half set then; otherwise every field is set anew.
pub(super) fn parse(
    line: &[u8],
    row: &mut InetSocket,
    family: Family,
    endian: Endian,
) -> Option<()> {
    let (_, rest) = decimal(line, b':')?;
    let rest = parse_head(rest.strip_prefix(b" ")?, row, family, endian)?;
    let (uid, rest) = decimal(skip_spaces(rest.strip_prefix(b" ")?), b' ')?;
    let (probes, rest) = padded(rest)?;
    let (inode, rest) = large(rest)?;
    let (references, rest) = small(rest)?;
    let (pointer, rest) = pointer(rest)?;
    row.uid = u32::try_from(uid).ok()?;
    row.probes = u32::try_from(probes).ok()?;
    row.inode = Inode::new(inode);
    row.references = i32::try_from(references).ok()?;
    row.pointer = KernelPointer(pointer);
    (row.tcp, row.drops) = (None, None);
    match row.protocol {
        InetProtocol::Tcp if are_spaces(rest) => {}
        InetProtocol::Tcp => row.tcp = Some(parse_tcp_detail(rest)?),
        _ => row.drops = Some(parse_drops(rest)?),
    }
    row.trailing.clear();
    Some(())
}

fn parse_head<'a>(
    columns: &'a [u8],
    row: &mut InetSocket,
    family: Family,
    endian: Endian,
) -> Option<&'a [u8]> {
    match family {
        Family::V4 => {
            let (head, rest) = head::ipv4(columns)?;
            set_head(row, &head, |words| ipv4(words, endian))?;
            Some(rest)
        }
        Family::V6 => {
            let (head, rest) = head::ipv6(columns)?;
            set_head(row, &head, |words| ipv6(words, endian))?;
            Some(rest)
        }
    }
}

/// Parses the last columns of a TCP row, which a socket does not have that is not a full one.
fn parse_tcp_detail(end: &[u8]) -> Option<TcpDetail> {
    let (retransmission_timeout, rest) = small(end.strip_prefix(b" ")?)?;
    let (ack_timeout, rest) = small(rest)?;
    let (acks, rest) = small(rest)?;
    let (window, rest) = small(rest)?;
    let (threshold, rest) = threshold(rest)?;
    let timeouts = [retransmission_timeout, ack_timeout];
    let (acks, window) = (u32::try_from(acks).ok()?, u32::try_from(window).ok()?);
    are_spaces(rest).then(|| tcp_detail(timeouts, acks, window, threshold))
}

fn threshold(bytes: &[u8]) -> Option<(i32, &[u8])> {
    if let Some(rest) = bytes.strip_prefix(b"-1 ") {
        return Some((-1, rest));
    }
    let (threshold, rest) = small(bytes)?;
    Some((i32::try_from(threshold).ok()?, rest))
}

/// Parses the last column of the other rows.
fn parse_drops(end: &[u8]) -> Option<u32> {
    let (drops, rest) = small(end.strip_prefix(b" ")?)?;
    if are_spaces(rest) { u32::try_from(drops).ok() } else { None }
}

/// Takes up to seven digits and the byte behind them.
#[inline]
fn decimal(bytes: &[u8], end: u8) -> Option<(u64, &[u8])> {
    let (number, digits) = decimal::short(bytes)?;
    let (next, rest) = bytes.get(digits..)?.split_first()?;
    (*next == end).then_some((number, rest))
}

/// Takes any number of digits and a space behind them.
#[inline]
fn large(bytes: &[u8]) -> Option<(u64, &[u8])> {
    if let Some(taken) = decimal(bytes, b' ') {
        return Some(taken);
    }
    let (number, rest) = decimal::unsigned(bytes)?;
    Some((number, rest.strip_prefix(b" ")?))
}

/// Takes a number that nearly always has one digit or two, and a space behind it.
#[inline]
fn small(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let value = |digit: &u8| u64::from(digit & 0xF);
    match bytes {
        [one @ b'0'..=b'9', b' ', rest @ ..] => Some((value(one), rest)),
        [ten @ b'0'..=b'9', one @ b'0'..=b'9', b' ', rest @ ..] => {
            Some((value(ten) * 10 + value(one), rest))
        }
        _ => decimal(bytes, b' '),
    }
}

/// Takes a number in a column of eight, which is nearly always zero, and a space behind it.
#[inline]
fn padded(bytes: &[u8]) -> Option<(u64, &[u8])> {
    match bytes.strip_prefix(b"       0 ") {
        Some(rest) => Some((0, rest)),
        None => decimal(skip_spaces(bytes), b' '),
    }
}

/// Takes a kernel pointer of 16 digits.
#[inline]
fn pointer(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (high, rest) = hex::word(bytes)?;
    let (low, rest) = hex::word(rest)?;
    Some((u64::from(high) << 32 | u64::from(low), rest))
}

/// Skips spaces that come before a number, except in the last bytes of a line, where none is.
#[inline]
fn skip_spaces(mut bytes: &[u8]) -> &[u8] {
    while let Some(eight) = bytes.first_chunk::<8>() {
        let spaces = leading_spaces(*eight);
        bytes = bytes.get(spaces..).unwrap_or_default();
        if spaces < 8 {
            break;
        }
    }
    bytes
}

/// Returns whether there are only spaces.
#[inline]
fn are_spaces(bytes: &[u8]) -> bool {
    // The last eight may be looked at twice.
    match bytes.last_chunk::<8>() {
        Some(last) => {
            let (eights, _) = bytes.as_chunks::<8>();
            eights.iter().chain([last]).all(|eight| *eight == [b' '; 8])
        }
        None => bytes.iter().all(|byte| *byte == b' '),
    }
}

#[cfg(test)]
mod tests {
    use testkit::Xorshift;

    use super::*;
    use crate::table::{Expected, Fields, LineProblem, inet::parse_row_by_fields};

    const TCP: InetProtocol = InetProtocol::Tcp;
    const UDP: InetProtocol = InetProtocol::Udp;

    /// Rows as the kernel prints them: of each length of number, of each kind of end.
    const EXACT: [(InetProtocol, Family, &str); 8] = [
        (
            TCP,
            Family::V4,
            "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 32017 1 ffff9f3c8b3e0000 100 0 0 10 0                     ",
        ),
        (
            TCP,
            Family::V4,
            "12: 0100007F:1F90 0200007F:C350 01 0000002A:00000007 02:000005DC 00000003  1000        4 7 2 0000000000000000 20 4 31 10 -1 ",
        ),
        (
            TCP,
            Family::V4,
            "1234567: FFFFFFFF:FFFF ABCDEF01:0001 0D FFFFFFFF:FFFFFFFF FF:FFFFFFFF FFFFFFFF 1000000 1234567 18446744073709551615 12345 ffffffffffffffff 1234567 999 1 65535 2147483 ",
        ),
        (
            TCP,
            Family::V4,
            "1: 0100007F:1F90 0100007F:C350 06 00000000:00000000 03:00000176 00000000     0        0 0 3 ffff9f3c8b3e1100                                      ",
        ),
        (
            TCP,
            Family::V6,
            "0: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:C350 01 00000000:00000000 00:00000000 00000000 65534        0 999 1 0000000000000000 20 4 30 10 7         ",
        ),
        (
            TCP,
            Family::V6,
            "0: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:C350 03 00000000:00000000 00:00000000 00000000     0       10 0 1 0000000000000000",
        ),
        (
            UDP,
            Family::V4,
            "1234: 3500007F:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 20113 2 ffff9f3c8b3e2200 17         ",
        ),
        (
            UDP,
            Family::V6,
            "58: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4242 2 0000000000000000 0 ",
        ),
    ];

    /// Parses a row by its fields and, if it is exact, so; both begin with a row that holds something.
    fn both(
        protocol: InetProtocol,
        family: Family,
        line: &[u8],
    ) -> (Result<InetSocket, LineProblem>, Option<InetSocket>) {
        let dirty = || {
            let mut row = InetSocket::blank(protocol);
            row.uid = 7;
            row.drops = Some(7);
            row.tcp = Some(tcp_detail([1, 2], 3, 4, 5));
            row.trailing = "trailing".into();
            row
        };
        let (mut by_fields, mut exact) = (dirty(), dirty());
        let mut fields = Fields::new(line);
        let words = fields.rest();
        let parsed: Result<(), Expected> =
            parse_row_by_fields(&mut fields, &mut by_fields, family, Endian::Little);
        let parsed = parsed.map(|()| by_fields).map_err(|expected| fields.problem(expected));
        let exact = parse(words, &mut exact, family, Endian::Little).map(|()| exact);
        (parsed, exact)
    }

    #[test]
    fn rows_of_the_kernel_are_exact() {
        for (protocol, family, line) in EXACT {
            let (by_fields, exact) = both(protocol, family, line.as_bytes());
            assert_eq!(exact, by_fields.ok(), "{line}");
            assert!(exact.is_some(), "{line}");
        }
    }

    /// Changes, removes, doubles or inserts a few bytes.
    fn mutate(random: &mut Xorshift, line: &mut Vec<u8>) {
        let bytes = b"0123456789abcdefABCDEFg:-  \t\0\x7f\x80\xff";
        for _ in 0..=random.below(2) {
            let place = usize::try_from(random.below(u64::try_from(line.len()).unwrap())).unwrap();
            match random.below(6) {
                0 => line.insert(place, *random.pick(bytes)),
                1 => drop(line.remove(place)),
                2 => line.truncate(place.max(1)),
                3 => line.extend_from_within(place..),
                _ => line[place] = *random.pick(bytes),
            }
        }
    }

    #[test]
    fn exact_rows_are_understood_as_by_their_fields() {
        let mut random = Xorshift::new(11);
        let (mut exact_rows, mut other_rows) = (0, 0);
        for _ in 0..40_000 {
            let (protocol, family, line) = *random.pick(&EXACT);
            let mut line = line.as_bytes().to_vec();
            mutate(&mut random, &mut line);
            let (by_fields, exact) = both(protocol, family, &line);
            match exact {
                Some(exact) => {
                    assert_eq!(Ok(exact), by_fields, "{:?}", bstr::BString::from(line));
                    exact_rows += 1;
                }
                None => other_rows += 1,
            }
        }
        assert!(exact_rows > 2_000 && other_rows > 2_000, "{exact_rows} {other_rows}");
    }
}
