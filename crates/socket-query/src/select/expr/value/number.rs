//! Numbers as the C library reads them.

/// Parses a whole word as a number: decimal, hexadecimal after `0x`, binary after `0b`, octal after
/// `0`, with or without a sign.
///
/// Compat: `strtol` with base 0, as iproute2 uses it, including the blanks before the number.
pub(super) fn parse_number(word: &[u8]) -> Option<i64> {
    let digits = word.trim_ascii_start();
    let (is_negative, digits) = match digits {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let magnitude = parse_digits(digits)?;
    if is_negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Parses a number that is not negative and fits its type.
pub(super) fn parse_unsigned<T: TryFrom<i64>>(word: &[u8]) -> Option<T> {
    T::try_from(parse_number(word)?).ok()
}

fn parse_digits(digits: &[u8]) -> Option<u64> {
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', b'b' | b'B', digits @ ..] => (2, digits),
        [b'0', digits @ ..] if !digits.is_empty() => (8, digits),
        digits => (10, digits),
    };
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        number.checked_mul(base.into())?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // usual
    #[case::zero("0", Some(0))]
    #[case::decimal("22", Some(22))]
    #[case::hexadecimal("0x16", Some(22))]
    #[case::upper_case("0XfF", Some(255))]
    #[case::octal("026", Some(22))]
    #[case::binary("0b10110", Some(22))]
    #[case::plus("+22", Some(22))]
    #[case::minus("-22", Some(-22))]
    // boundary
    #[case::blank_before(" 22", Some(22))]
    #[case::largest("9223372036854775807", Some(i64::MAX))]
    #[case::smallest("-9223372036854775808", Some(i64::MIN))]
    #[case::zeros("0000", Some(0))]
    // hostile
    #[case::too_large("9223372036854775808", None)]
    #[case::much_too_large("99999999999999999999999", None)]
    #[case::nothing("", None)]
    #[case::sign_alone("-", None)]
    #[case::two_signs("--1", None)]
    #[case::no_hexadecimal_digits("0x", None)]
    #[case::no_octal_digit("08", None)]
    #[case::no_binary_digit("0b2", None)]
    #[case::letters_behind("22abc", None)]
    #[case::blank_behind("22 ", None)]
    #[case::sign_behind_the_base("0x-1", None)]
    fn numbers_are_those_of_the_c_library(#[case] word: &str, #[case] number: Option<i64>) {
        assert_eq!(parse_number(word.as_bytes()), number);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert_eq!(parse_unsigned::<u8>(b"255"), Some(255));
        assert_eq!(parse_unsigned::<u8>(b"256"), None);
        assert_eq!(parse_unsigned::<u32>(b"-1"), None);
    }
}
