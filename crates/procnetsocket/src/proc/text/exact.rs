//! Rows of internet sockets that are exactly as kernels print them since 4.15.
//!
//! # Format
//!
//! That of [`inet`](super::inet), without its variations: one space between columns and more only
//! where a column is padded, hexadecimal letters in the case that the kernel prints, eight digits
//! of clock ticks, a pointer of 8 or 16 digits, nothing but spaces after the last column.
//!
//! Nearly every row is so. Others are left to the parser of single fields, which accepts more and
//! reports what is wrong. Here the position and width of each column are fixed, and nothing has to
//! be kept for a report; a million rows take half the time.

use std::net::{IpAddr, SocketAddr};

use super::number::{Endian, hex_word, join_hex, leading_spaces, short_decimal, unsigned};
use crate::model::{
    Family, InetProtocol, InetSocket, Inode, KernelPointer, Queues, TcpDetail, TcpState, Timer,
};

/// Parses a row from its first word on. `None` means only that it is not such a row; `row` may be
/// half set then. Otherwise every field is overwritten.
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

/// Parses the columns from the local address to the retransmissions, and returns what follows them.
#[inline]
fn parse_head<'a>(
    columns: &'a [u8],
    row: &mut InetSocket,
    family: Family,
    endian: Endian,
) -> Option<&'a [u8]> {
    match family {
        Family::V4 => {
            let (head, rest) = ipv4_head(columns)?;
            set_head(row, &head, |words| endian.ipv4_address(words))?;
            Some(rest)
        }
        Family::V6 => {
            let (head, rest) = ipv6_head(columns)?;
            set_head(row, &head, |words| endian.ipv6_address(words))?;
            Some(rest)
        }
    }
}

/// Parses the last columns of a TCP row, which only full sockets have.
fn parse_tcp_detail(end: &[u8]) -> Option<TcpDetail> {
    let (retransmission_timeout, rest) = small(end.strip_prefix(b" ")?)?;
    let (ack_timeout, rest) = small(rest)?;
    let (acks, rest) = small(rest)?;
    let (window, rest) = small(rest)?;
    let (threshold, rest) = threshold(rest)?;
    let timeouts = [retransmission_timeout, ack_timeout];
    let (acks, window) = (u32::try_from(acks).ok()?, u32::try_from(window).ok()?);
    are_spaces(rest).then(|| TcpDetail::from_columns(timeouts, acks, window, threshold))
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

/// Takes up to seven digits and the byte after them.
#[inline]
fn decimal(bytes: &[u8], end: u8) -> Option<(u64, &[u8])> {
    let (number, digits) = short_decimal(bytes)?;
    let (next, rest) = bytes.get(digits..)?.split_first()?;
    (*next == end).then_some((number, rest))
}

/// Takes any number of digits and a space after them.
#[inline]
fn large(bytes: &[u8]) -> Option<(u64, &[u8])> {
    if let Some(taken) = decimal(bytes, b' ') {
        return Some(taken);
    }
    let (number, rest) = unsigned(bytes)?;
    Some((number, rest.strip_prefix(b" ")?))
}

/// Takes a number that nearly always has one or two digits, and a space after it.
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

/// Takes a number in a column of eight, which is nearly always zero, and a space after it.
#[inline]
fn padded(bytes: &[u8]) -> Option<(u64, &[u8])> {
    match bytes.strip_prefix(b"       0 ") {
        Some(rest) => Some((0, rest)),
        None => decimal(skip_spaces(bytes), b' '),
    }
}

/// Takes a kernel pointer of 16 digits, or of 8 on 32-bit machines.
#[inline]
fn pointer(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (high, rest) = hex_word(bytes)?;
    let Some((low, rest)) = hex_word(rest) else {
        return matches!(rest, [] | [b' ', ..]).then_some((high.into(), rest));
    };
    Some((u64::from(high) << 32 | u64::from(low), rest))
}

/// Skips spaces before a number, except in the last bytes of a line, where none are.
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
    // The last eight may be checked twice.
    match bytes.last_chunk::<8>() {
        Some(last) => {
            let (eights, _) = bytes.as_chunks::<8>();
            eights.iter().chain([last]).all(|eight| *eight == [b' '; 8])
        }
        None => bytes.iter().all(|byte| *byte == b' '),
    }
}

// The first columns have a fixed width, so the bytes of all of them can be compared with a
// template, and turned into digits, many at a time: most of a table is such digits.

/// The columns as numbers; an address has one word or four.
struct Head<const WORDS: usize> {
    local: AddressWords<WORDS>,
    remote: AddressWords<WORDS>,
    state: u8,
    send: u32,
    recv: u32,
    timer: u8,
    ticks: u32,
    retransmits: u32,
}

/// The words of an address, and a port.
type AddressWords<const WORDS: usize> = ([u32; WORDS], u16);

/// The columns of a row of IPv4.
static IPV4: Template<80> = Template::new(
    b"xxxxxxxx:xxxx xxxxxxxx:xxxx xx xxxxxxxx:xxxxxxxx xx:xxxxxxxx xxxxxxxx???????????",
);

/// Bytes of [`IPV4`] that are columns.
const IPV4_BYTES: usize = 69;

/// The same for IPv6.
static IPV6: Template<128> = Template::new(
    b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:xxxx xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:xxxx xx \
      xxxxxxxx:xxxxxxxx xx:xxxxxxxx xxxxxxxx???????????",
);

/// Bytes of [`IPV6`] that are columns.
const IPV6_BYTES: usize = 117;

/// Parses the columns of a row of IPv4 and returns what follows them.
fn ipv4_head(bytes: &[u8]) -> Option<(Head<1>, &[u8])> {
    let head = read_head(&IPV4.digits(bytes.first_chunk()?)?)?;
    Some((head, bytes.get(IPV4_BYTES..)?))
}

/// Parses the columns of a row of IPv6 and returns what follows them.
fn ipv6_head(bytes: &[u8]) -> Option<(Head<4>, &[u8])> {
    let head = read_head(&IPV6.digits(bytes.first_chunk()?)?)?;
    Some((head, bytes.get(IPV6_BYTES..)?))
}

/// The positions of hexadecimal digits and the bytes between them, in a form in which many bytes
/// can be compared at a time. A byte is combined with `zeros` by exclusive or.
struct Template<const N: usize> {
    /// `0` at the position of a digit, and elsewhere the byte that has to be there.
    zeros: [u8; N],
    /// The largest allowed result for a byte: 9 for a digit, and 0 for other bytes.
    most: [u8; N],
    /// How many letters are digits: 6 in upper case, as the kernel prints them, and 0 for other
    /// bytes.
    letters: [u8; N],
}

impl<const N: usize> Template<N> {
    /// Reads a picture of the text: `x` for a digit, `?` for a byte that is ignored (it makes the
    /// length a round number, which is faster), and all others for themselves.
    const fn new(picture: &[u8; N]) -> Self {
        let (mut zeros, mut most, mut letters) = ([0; N], [0; N], [0; N]);
        let mut place = 0;
        while place < N {
            // OK because the index is below the length, and the compiler evaluates it.
            #[allow(clippy::indexing_slicing, reason = "compile time, in range")]
            {
                (zeros[place], most[place], letters[place]) = match picture[place] {
                    b'x' => (b'0', 9, 6),
                    b'?' => (0, u8::MAX, 0),
                    byte => (byte, 0, 0),
                };
            }
            place += 1;
        }
        Self { zeros, most, letters }
    }

    /// Returns the values of the digits, if the text matches the template.
    ///
    /// The loop has no branch, so that the compiler can handle 16 bytes at a time.
    #[inline]
    fn digits(&self, text: &[u8; N]) -> Option<[u8; N]> {
        let (mut digits, mut wrong) = ([0; N], 0);
        let template = self.zeros.iter().zip(&self.most).zip(&self.letters);
        for ((digit, byte), ((zero, most), letters)) in digits.iter_mut().zip(text).zip(template) {
            let value = byte ^ zero;
            let is_letter = value.wrapping_sub(b'A' ^ b'0') < *letters;
            *digit = (value & 0xF) + if is_letter { 9 } else { 0 };
            wrong |= u8::from(!(value <= *most || is_letter));
        }
        (wrong == 0).then_some(digits)
    }
}

/// Joins the digits; between two columns, one byte is skipped.
#[inline]
fn read_head<const WORDS: usize>(digits: &[u8]) -> Option<Head<WORDS>> {
    let (local, rest) = endpoint(digits)?;
    let (remote, rest) = endpoint(rest.get(1..)?)?;
    let (state, rest) = byte_of(rest.get(1..)?)?;
    let (send, rest) = word_of(rest.get(1..)?)?;
    let (recv, rest) = word_of(rest.get(1..)?)?;
    let (timer, rest) = byte_of(rest.get(1..)?)?;
    let (ticks, rest) = word_of(rest.get(1..)?)?;
    let (retransmits, _) = word_of(rest.get(1..)?)?;
    Some(Head { local, remote, state, send, recv, timer, ticks, retransmits })
}

#[inline]
fn endpoint<const WORDS: usize>(digits: &[u8]) -> Option<(AddressWords<WORDS>, &[u8])> {
    let (mut words, mut rest) = ([0; WORDS], digits);
    for place in &mut words {
        (*place, rest) = word_of(rest)?;
    }
    let (high, rest) = byte_of(rest.get(1..)?)?;
    let (low, rest) = byte_of(rest)?;
    Some(((words, u16::from_be_bytes([high, low])), rest))
}

#[inline]
fn word_of(digits: &[u8]) -> Option<(u32, &[u8])> {
    let (&eight, rest) = digits.split_first_chunk()?;
    Some((join_hex(eight), rest))
}

#[inline]
fn byte_of(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = digits.split_first_chunk()?;
    Some((high << 4 | low, rest))
}

/// Sets the columns of a row; returns `None` for an unknown state.
#[inline]
fn set_head<const WORDS: usize>(
    row: &mut InetSocket,
    head: &Head<WORDS>,
    ip: impl Fn([u32; WORDS]) -> IpAddr,
) -> Option<()> {
    let address = |(words, port)| SocketAddr::new(ip(words), port);
    row.local = address(head.local);
    row.remote = address(head.remote);
    row.state = TcpState::from_number(head.state.into())?;
    row.queues = Queues { recv: head.recv, send: head.send };
    row.timer = Timer::from_ticks(head.timer, head.ticks.into());
    row.retransmits = head.retransmits;
    Some(())
}

#[cfg(test)]
mod tests {
    use testkit::Xorshift;

    use super::*;
    use crate::{
        model::Source,
        proc::text::{
            field::{Expected, Fields, LineProblem},
            inet::parse_row_by_fields,
        },
    };

    const TCP: InetProtocol = InetProtocol::Tcp;
    const UDP: InetProtocol = InetProtocol::Udp;

    /// Rows as the kernel prints them: with each length of number, and each kind of end.
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

    /// Parses a row by its fields and, if it is exact, by columns; both begin with a filled row.
    fn both(
        protocol: InetProtocol,
        family: Family,
        line: &[u8],
    ) -> (Result<InetSocket, LineProblem>, Option<InetSocket>) {
        let dirty = || {
            let mut row = InetSocket::blank(Source::ProcText, protocol);
            row.uid = 7;
            row.drops = Some(7);
            row.tcp = Some(TcpDetail::from_columns([1, 2], 3, 4, 5));
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
    fn exact_rows_are_parsed_as_by_their_fields() {
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
