//! Decimal numbers.

/// Parses digits to their end and returns the number and what follows them; a number of more than
/// 64 bits is `None`.
#[inline]
pub(crate) fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    match bytes {
        [b'0'..=b'9', b'0'..=b'9', ..] => many(bytes),
        // Half of all numbers are one digit.
        [digit @ b'0'..=b'9', rest @ ..] => Some((u64::from(digit - b'0'), rest)),
        _ => None,
    }
}

/// Parses digits with or without a minus sign before them.
#[inline]
pub(crate) fn signed(bytes: &[u8]) -> Option<(i64, &[u8])> {
    if let [b'-', digits @ ..] = bytes {
        let (number, rest) = unsigned(digits)?;
        return Some((0_i64.checked_sub_unsigned(number)?, rest));
    }
    let (number, rest) = unsigned(bytes)?;
    Some((i64::try_from(number).ok()?, rest))
}

fn many(bytes: &[u8]) -> Option<(u64, &[u8])> {
    match short(bytes) {
        Some((number, digits)) => Some((number, bytes.get(digits..)?)),
        None => long(bytes),
    }
}

/// Parses 1 to 7 digits within 8 bytes, and returns the number and how many digits there are.
///
/// Nearly every number is such, so the bytes are processed together, as those of one `u64`: first
/// the end of the digits is found, then two, four and eight of them become one number.
#[inline]
pub(super) fn short(bytes: &[u8]) -> Option<(u64, usize)> {
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

/// Returns eight times the same byte.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

fn long(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = (0_u64, bytes);
    while let [byte @ b'0'..=b'9', after @ ..] = rest {
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        rest = after;
    }
    (rest.len() < bytes.len()).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_agree_with_long_ones() {
        for number in (0..10_000_000_u64).step_by(997).chain([9_999_999, 10_000_000, u64::MAX]) {
            for end in
                ["", " ", ":12345678", "x2345678", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"]
            {
                let text = format!("{number}{end}");
                let expected = Some((number, end.as_bytes()));
                assert_eq!(unsigned(text.as_bytes()), expected, "{text:?}");
                assert_eq!(long(text.as_bytes()), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn every_byte_but_a_digit_ends_a_number() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"12345678";
                bytes[place] = byte;
                assert_eq!(unsigned(&bytes), long(&bytes), "{bytes:?}");
            }
        }
    }
}
