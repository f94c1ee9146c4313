//! The first columns of an inet row, from the local address to the retransmissions, decoded
//! together.
//!
//! They have a fixed width, so the bytes of all of them can be compared with a template, and turned
//! into digits, many at a time: a table is mostly such digits. What does not fit the template is
//! left to the parser of single fields, which knows what is wrong with it.

use super::hex;

/// The columns as numbers; an address has one word or four.
pub(super) struct Head<const WORDS: usize> {
    pub(super) local: Endpoint<WORDS>,
    pub(super) remote: Endpoint<WORDS>,
    pub(super) state: u8,
    pub(super) send: u32,
    pub(super) recv: u32,
    pub(super) timer: u8,
    pub(super) ticks: u32,
    pub(super) retransmits: u32,
}

/// The words of an address, and a port.
pub(super) type Endpoint<const WORDS: usize> = ([u32; WORDS], u16);

/// Where a row of IPv4 has digits (`x`), and what stands between them. What comes behind the columns
/// is not looked at (`?`): it makes the template a round number of bytes, which is faster.
const IPV4: &[u8; 80] =
    b"xxxxxxxx:xxxx xxxxxxxx:xxxx xx xxxxxxxx:xxxxxxxx xx:xxxxxxxx xxxxxxxx???????????";

/// Bytes of [`IPV4`] that are columns.
const IPV4_BYTES: usize = 69;

/// The same for IPv6.
const IPV6: &[u8; 128] = b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:xxxx \
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:xxxx xx xxxxxxxx:xxxxxxxx xx:xxxxxxxx xxxxxxxx???????????";

/// Bytes of [`IPV6`] that are columns.
const IPV6_BYTES: usize = 117;

/// Parses the columns of a row of IPv4 and returns what follows them.
pub(super) fn ipv4(bytes: &[u8]) -> Option<(Head<1>, &[u8])> {
    let head = read(&digits(bytes.first_chunk()?, IPV4)?)?;
    Some((head, bytes.get(IPV4_BYTES..)?))
}

/// Parses the columns of a row of IPv6 and returns what follows them.
pub(super) fn ipv6(bytes: &[u8]) -> Option<(Head<4>, &[u8])> {
    let head = read(&digits(bytes.first_chunk()?, IPV6)?)?;
    Some((head, bytes.get(IPV6_BYTES..)?))
}

/// Returns the values of the digits, if the text is as the template says.
///
/// The loop has no branch, so that the compiler can make it handle many bytes at once.
#[inline]
fn digits<const N: usize>(text: &[u8; N], template: &[u8; N]) -> Option<[u8; N]> {
    let (mut digits, mut wrong) = ([0; N], 0);
    for ((digit, &byte), &expected) in digits.iter_mut().zip(text).zip(template) {
        let decimal = byte.wrapping_sub(b'0');
        let letter = (byte | 0x20).wrapping_sub(b'a');
        let is_digit = decimal < 10 || letter < 6;
        *digit = if decimal < 10 { decimal } else { letter.wrapping_add(10) };
        let fits = if expected == b'x' { is_digit } else { byte == expected || expected == b'?' };
        wrong |= u8::from(!fits);
    }
    (wrong == 0).then_some(digits)
}

/// Puts the digits together; between two columns, one byte is stepped over.
#[inline]
fn read<const WORDS: usize>(digits: &[u8]) -> Option<Head<WORDS>> {
    let (local, rest) = endpoint(digits)?;
    let (remote, rest) = endpoint(rest.get(1..)?)?;
    let (state, rest) = byte(rest.get(1..)?)?;
    let (send, rest) = word(rest.get(1..)?)?;
    let (recv, rest) = word(rest.get(1..)?)?;
    let (timer, rest) = byte(rest.get(1..)?)?;
    let (ticks, rest) = word(rest.get(1..)?)?;
    let (retransmits, _) = word(rest.get(1..)?)?;
    Some(Head { local, remote, state, send, recv, timer, ticks, retransmits })
}

#[inline]
fn endpoint<const WORDS: usize>(digits: &[u8]) -> Option<(Endpoint<WORDS>, &[u8])> {
    let (mut words, mut rest) = ([0; WORDS], digits);
    for place in &mut words {
        (*place, rest) = word(rest)?;
    }
    let (high, rest) = byte(rest.get(1..)?)?;
    let (low, rest) = byte(rest)?;
    Some(((words, u16::from_be_bytes([high, low])), rest))
}

#[inline]
fn word(digits: &[u8]) -> Option<(u32, &[u8])> {
    let (&eight, rest) = digits.split_first_chunk()?;
    Some((hex::join(eight), rest))
}

#[inline]
fn byte(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = digits.split_first_chunk()?;
    Some((high << 4 | low, rest))
}
