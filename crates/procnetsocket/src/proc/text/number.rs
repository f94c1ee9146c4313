//! Numbers and addresses as the kernel prints them.
//!
//! Nearly all of a table is digits, so eight of them are processed at a time, as the bytes of one
//! `u64`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The byte order of the machine whose kernel printed a table: addresses are printed as 32-bit
/// words in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// The least significant byte first (x86, arm64, riscv64).
    Little,
    /// The most significant byte first (s390x).
    Big,
}

impl Endian {
    /// The byte order of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "little") { Self::Little } else { Self::Big };

    /// Returns the address of one word, which the kernel printed in its own byte order.
    pub(super) fn ipv4_address(self, [word]: [u32; 1]) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(self.bytes(word)))
    }

    /// Returns the address of four words, each of which the kernel printed in its own byte order.
    ///
    /// An IPv4-mapped IPv6 address stays as it is: the socket is an IPv6 socket.
    pub(super) fn ipv6_address(self, words: [u32; 4]) -> IpAddr {
        let mut octets = [0; 16];
        for (place, word) in octets.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&self.bytes(word));
        }
        IpAddr::V6(Ipv6Addr::from(octets))
    }

    /// Returns the bytes of the word in the memory of the kernel that printed it.
    fn bytes(self, word: u32) -> [u8; 4] {
        match self {
            Self::Little => word.to_le_bytes(),
            Self::Big => word.to_be_bytes(),
        }
    }
}

/// Returns eight times the same byte.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Returns how many of the first bytes are spaces; the first byte is the lowest of the word.
pub(super) fn leading_spaces(bytes: [u8; 8]) -> usize {
    let differences = u64::from_le_bytes(bytes) ^ each(b' ');
    // OK because the number is 64 at most.
    usize::try_from(differences.trailing_zeros() / 8).unwrap_or_default()
}

/// The entry of [`DIGITS`] for a byte that is not a digit; its high bits survive combination with
/// others.
const INVALID: u8 = 0xFF;

/// The value of every byte as a hexadecimal digit, in upper or lower case.
const DIGITS: [u8; 256] = {
    let mut digits = [INVALID; 256];
    let mut value = 0;
    while value < 16 {
        let (lower, upper) = (b"0123456789abcdef", b"0123456789ABCDEF");
        // OK because a `u8` is always less than 256, and the compiler evaluates it.
        #[allow(
            clippy::as_conversions,
            clippy::indexing_slicing,
            reason = "compile time, in range"
        )]
        {
            digits[lower[value as usize] as usize] = value;
            digits[upper[value as usize] as usize] = value;
        }
        value += 1;
    }
    digits
};

fn digit(byte: u8) -> u8 {
    // OK because a `u8` is always less than 256: the check is compiled away.
    DIGITS.get(usize::from(byte)).copied().unwrap_or(INVALID)
}

/// Parses exactly `N` hexadecimal digits (at most 16) and returns the number and what follows them.
#[inline]
pub(super) fn hex_digits<const N: usize>(bytes: &[u8]) -> Option<(u64, &[u8])> {
    const { assert!(N <= 16, "more digits than 64 bits hold") };
    let (digits, rest) = bytes.split_first_chunk::<N>()?;
    let (mut number, mut combined) = (0, 0);
    for &byte in digits {
        let value = digit(byte);
        combined |= value;
        number = number << 4 | u64::from(value & 0xF);
    }
    (combined <= 0xF).then_some((number, rest))
}

/// Parses exactly 8 hexadecimal digits and returns the word and what follows them.
///
/// Most of a table is such words, so their digits are processed together: each step below works on
/// the eight bytes of one `u64`, which is faster than eight steps.
#[inline]
pub(super) fn hex_word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<8>()?;
    let text = u64::from_be_bytes(*digits);
    // `0` to `9` become 0 to 9, and letters 0x71 to 0x76 or 0x51 to 0x56.
    let values = text ^ each(b'0');
    // 1 for each byte above 9; the sum of ASCII has no carry, as 0x7F + 0x76 is a byte.
    let letters = (values.wrapping_add(each(0x76)) & each(0x80)) >> 7;
    // Letters of either case become 0 to 5, and then 10 to 15. Any other byte becomes more than 15
    // then, or was negative before: that sets its high bits, and at least the lowest such byte is
    // not affected by a borrow of another one.
    let low = (values | letters << 5).wrapping_sub(letters * 0x71);
    let values = low.wrapping_add(letters * 10);
    if (low | values) & each(0xF0) | text & each(0x80) != 0 {
        return None;
    }
    Some((join_hex(values.to_be_bytes()), rest))
}

/// Returns the word whose hexadecimal digits have these values, each below 16, the highest first.
#[inline]
pub(super) fn join_hex(digits: [u8; 8]) -> u32 {
    let values = u64::from_be_bytes(digits);
    let pairs = (values | values >> 4) & 0x00FF_00FF_00FF_00FF;
    let halves = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    let word = (halves | halves >> 16) & 0xFFFF_FFFF;
    // OK because the word was cut to 32 bits.
    u32::try_from(word).unwrap_or_default()
}

/// Parses 1 to 16 hexadecimal digits and returns the number and what follows them; a 17th digit is
/// an error.
#[inline]
pub(super) fn hex(bytes: &[u8]) -> Option<(u64, &[u8])> {
    // Kernels print 8 or 16 digits; other lengths are rare.
    match hex_word(bytes) {
        Some((high, rest)) if !begins_with_hex_digit(rest) => Some((high.into(), rest)),
        Some((high, rest)) => match hex_word(rest) {
            Some((low, rest)) if !begins_with_hex_digit(rest) => {
                Some((u64::from(high) << 32 | u64::from(low), rest))
            }
            _ => hex_of_any_length(bytes),
        },
        None => hex_of_any_length(bytes),
    }
}

fn begins_with_hex_digit(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&byte| digit(byte) != INVALID)
}

#[cold]
fn hex_of_any_length(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let count = bytes.iter().take_while(|&&byte| digit(byte) != INVALID).take(17).count();
    let (digits, rest) = bytes.split_at_checked(count)?;
    let number = digits.iter().fold(0, |number, &byte| number << 4 | u64::from(digit(byte)));
    (1..=16).contains(&count).then_some((number, rest))
}

/// Parses decimal digits to their end and returns the number and what follows them; a number of
/// more than 64 bits is `None`.
#[inline]
pub(crate) fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    match bytes {
        [b'0'..=b'9', b'0'..=b'9', ..] => many_digits(bytes),
        // Half of all numbers are one digit.
        [digit @ b'0'..=b'9', rest @ ..] => Some((u64::from(digit - b'0'), rest)),
        _ => None,
    }
}

/// Parses decimal digits with or without a minus sign before them.
#[inline]
pub(crate) fn signed(bytes: &[u8]) -> Option<(i64, &[u8])> {
    if let [b'-', digits @ ..] = bytes {
        let (number, rest) = unsigned(digits)?;
        return Some((0_i64.checked_sub_unsigned(number)?, rest));
    }
    let (number, rest) = unsigned(bytes)?;
    Some((i64::try_from(number).ok()?, rest))
}

fn many_digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    match short_decimal(bytes) {
        Some((number, digits)) => Some((number, bytes.get(digits..)?)),
        None => long_decimal(bytes),
    }
}

/// Parses 1 to 7 decimal digits within 8 bytes, and returns the number and how many digits there
/// are.
///
/// Nearly every number is such, so the bytes are processed together, as those of one `u64`: first
/// the end of the digits is found, then two, four and eight of them become one number.
#[inline]
pub(super) fn short_decimal(bytes: &[u8]) -> Option<(u64, usize)> {
    let eight = bytes.first_chunk::<8>()?;
    // The first byte is the lowest. Digits become 0 to 9.
    let values = u64::from_le_bytes(*eight) ^ each(b'0');
    // The high bit of each byte above 9; the sum has no carry, as 0x7F + 0x76 is a byte.
    let others = ((values & each(0x7F)).wrapping_add(each(0x76)) | values) & each(0x80);
    let digits = others.trailing_zeros() / 8;
    if !(1..8).contains(&digits) {
        return None;
    }
    // The digits move to the top, and zeros come before them.
    let number = values << (64 - 8 * digits);
    let pairs = number.wrapping_mul(10).wrapping_add(number >> 8);
    let odd = (pairs & LOW_BYTES).wrapping_mul(100 + (1_000_000 << 32));
    let even = (pairs >> 16 & LOW_BYTES).wrapping_mul(1 + (10_000 << 32));
    Some((odd.wrapping_add(even) >> 32, usize::try_from(digits).ok()?))
}

/// The lowest byte of each half.
const LOW_BYTES: u64 = 0x0000_00FF_0000_00FF;

fn long_decimal(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = (0_u64, bytes);
    while let [byte @ b'0'..=b'9', after @ ..] = rest {
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        rest = after;
    }
    (rest.len() < bytes.len()).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::zero(b"00000000", Some((0, &b""[..])))]
    #[case::upper_case(b"0100007F:1F90", Some((0x0100_007F, &b":1F90"[..])))]
    #[case::lower_case(b"deadbeef ", Some((0xDEAD_BEEF, &b" "[..])))]
    #[case::most(b"FFFFFFFFF", Some((u32::MAX, &b"F"[..])))]
    #[case::too_short(b"0100007", None)]
    #[case::empty(b"", None)]
    #[case::other_letter(b"0100007G", None)]
    #[case::sign(b"+100007F", None)]
    #[case::nul(b"0100\x00007F", None)]
    #[case::high_byte(b"0100007\xFF", None)]
    fn hexadecimal_words(#[case] bytes: &[u8], #[case] expected: Option<(u32, &[u8])>) {
        assert_eq!(hex_word(bytes), expected);
    }

    #[rstest]
    #[case::eight_digits(b"DEADbeef ", Some((0xDEAD_BEEF, &b" "[..])))]
    #[case::nine_digits(b"1DEADbeef:", Some((0x1_DEAD_BEEF, &b":"[..])))]
    #[case::one_digit(b"f:", Some((15, &b":"[..])))]
    #[case::sixteen_digits(b"FFFFFFFFFFFFFFFF", Some((u64::MAX, &b""[..])))]
    #[case::seventeen_digits(b"00000000000000001", None)]
    #[case::no_digit(b":", None)]
    fn hexadecimal_numbers_of_any_length(
        #[case] bytes: &[u8],
        #[case] expected: Option<(u64, &[u8])>,
    ) {
        assert_eq!(hex(bytes), expected);
    }

    #[test]
    fn hexadecimal_words_agree_with_single_digits() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"90aFAf07";
                bytes[place] = byte;
                let expected = hex_digits::<8>(&bytes).map(|(number, _)| number);
                assert_eq!(
                    hex_word(&bytes).map(|(number, _)| number.into()),
                    expected,
                    "{bytes:?}"
                );
            }
        }
    }

    #[test]
    fn accepts_exactly_the_hexadecimal_digits() {
        for byte in 0..=u8::MAX {
            let expected = char::from(byte).to_digit(16).map(u64::from);
            assert_eq!(hex_digits::<1>(&[byte]).map(|(value, _)| value), expected, "{byte:#x}");
        }
    }

    #[test]
    fn short_decimal_numbers_agree_with_long_ones() {
        for number in (0..10_000_000_u64).step_by(997).chain([9_999_999, 10_000_000, u64::MAX]) {
            for end in
                ["", " ", ":12345678", "x2345678", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"]
            {
                let text = format!("{number}{end}");
                let expected = Some((number, end.as_bytes()));
                assert_eq!(unsigned(text.as_bytes()), expected, "{text:?}");
                assert_eq!(long_decimal(text.as_bytes()), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn every_byte_but_a_digit_ends_a_decimal_number() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"12345678";
                bytes[place] = byte;
                assert_eq!(unsigned(&bytes), long_decimal(&bytes), "{bytes:?}");
            }
        }
    }
}
