//! Hexadecimal digits, upper and lower case.

/// The entry of [`DIGITS`] for a byte that is not a digit; its high bits survive combination with
/// others.
const INVALID: u8 = 0xFF;

/// The value of every byte as a digit.
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

/// Parses exactly `N` digits (at most 16) and returns the number and what follows them.
#[inline]
pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Option<(u64, &[u8])> {
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

/// Parses exactly 8 digits and returns the word and what follows them.
///
/// Most of a table is such words, so their digits are processed together: each step below works on
/// the eight bytes of one `u64`, which is faster than eight steps.
#[inline]
pub(super) fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
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
    Some((join(values.to_be_bytes()), rest))
}

/// Returns the word whose digits have these values, each below 16, the highest first.
#[inline]
pub(super) fn join(digits: [u8; 8]) -> u32 {
    let values = u64::from_be_bytes(digits);
    let pairs = (values | values >> 4) & 0x00FF_00FF_00FF_00FF;
    let halves = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    let word = (halves | halves >> 16) & 0xFFFF_FFFF;
    // OK because the word was cut to 32 bits.
    u32::try_from(word).unwrap_or_default()
}

/// Returns eight times the same byte.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Parses 1 to 16 digits and returns the number and what follows them; a 17th digit is an error.
#[inline]
pub(super) fn leading(bytes: &[u8]) -> Option<(u64, &[u8])> {
    // Kernels print 8 or 16 digits; other lengths are rare.
    match word(bytes) {
        Some((high, rest)) if !begins_with_digit(rest) => Some((high.into(), rest)),
        Some((high, rest)) => match word(rest) {
            Some((low, rest)) if !begins_with_digit(rest) => {
                Some((u64::from(high) << 32 | u64::from(low), rest))
            }
            _ => leading_of_any_length(bytes),
        },
        None => leading_of_any_length(bytes),
    }
}

fn begins_with_digit(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&byte| digit(byte) != INVALID)
}

#[cold]
fn leading_of_any_length(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let count = bytes.iter().take_while(|&&byte| digit(byte) != INVALID).take(17).count();
    let (digits, rest) = bytes.split_at_checked(count)?;
    let number = digits.iter().fold(0, |number, &byte| number << 4 | u64::from(digit(byte)));
    (1..=16).contains(&count).then_some((number, rest))
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
    fn words(#[case] bytes: &[u8], #[case] expected: Option<(u32, &[u8])>) {
        assert_eq!(word(bytes), expected);
    }

    #[rstest]
    #[case::eight_digits(b"DEADbeef ", Some((0xDEAD_BEEF, &b" "[..])))]
    #[case::nine_digits(b"1DEADbeef:", Some((0x1_DEAD_BEEF, &b":"[..])))]
    #[case::one_digit(b"f:", Some((15, &b":"[..])))]
    #[case::sixteen_digits(b"FFFFFFFFFFFFFFFF", Some((u64::MAX, &b""[..])))]
    #[case::seventeen_digits(b"00000000000000001", None)]
    #[case::no_digit(b":", None)]
    fn numbers_of_any_length(#[case] bytes: &[u8], #[case] expected: Option<(u64, &[u8])>) {
        assert_eq!(leading(bytes), expected);
    }

    #[test]
    fn words_agree_with_single_digits() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"90aFAf07";
                bytes[place] = byte;
                let expected = fixed::<8>(&bytes).map(|(number, _)| number);
                assert_eq!(word(&bytes).map(|(number, _)| number.into()), expected, "{bytes:?}");
            }
        }
    }

    #[test]
    fn accepts_exactly_the_digits() {
        for byte in 0..=u8::MAX {
            let expected = char::from(byte).to_digit(16).map(u64::from);
            assert_eq!(fixed::<1>(&[byte]).map(|(value, _)| value), expected, "{byte:#x}");
        }
    }
}
