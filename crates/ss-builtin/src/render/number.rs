//! Numbers as C's `printf` prints them.

use std::io::Write;

use bstr::ByteSlice;

/// Appends a number in decimal.
#[inline]
pub(crate) fn push_decimal(out: &mut Vec<u8>, number: u64) {
    match u32::try_from(number) {
        Ok(digit @ ..10) => out.push(b'0' + u8::try_from(digit).unwrap_or_default()),
        Ok(short @ ..EIGHT_DIGITS) => push_eight(out, short, Zeros::Dropped),
        _ => push_long(out, number),
    }
}

/// The smallest number of more than eight digits.
const EIGHT_DIGITS: u32 = 100_000_000;

/// Whether leading zeros of a number are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zeros {
    Kept,
    Dropped,
}

#[cold]
fn push_long(out: &mut Vec<u8>, number: u64) {
    let (high, low) = (number / u64::from(EIGHT_DIGITS), number % u64::from(EIGHT_DIGITS));
    let mut zeros = Zeros::Dropped;
    if high > 0 {
        push_decimal(out, high);
        zeros = Zeros::Kept;
    }
    // OK because a remainder is less than the divisor.
    push_eight(out, u32::try_from(low).unwrap_or_default(), zeros);
}

/// Appends a number of at most eight digits.
///
/// The digits are computed together, as the bytes of one `u64`: the number is cut into halves,
/// those into pairs and the pairs into digits, each by one multiplication for all of them. A loop
/// with one division per digit makes a listing of connections a tenth slower.
#[inline]
fn push_eight(out: &mut Vec<u8>, number: u32, zeros: Zeros) {
    // The first digit is put into the lowest byte. The factors are reciprocals, rounded up: exact
    // for numbers below 10 000 and below 100.
    let halves = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = (halves * 10_486) >> 20 & 0x0000_007F_0000_007F;
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = (pairs * 103) >> 10 & 0x000F_000F_000F_000F;
    let digits = tens | (pairs - tens * 10) << 8;
    let skipped = match zeros {
        Zeros::Kept => 0,
        // The last digit is printed even if it is zero.
        Zeros::Dropped => (digits.trailing_zeros() / 8).min(7),
    };
    let text = (digits | u64::from_le_bytes([b'0'; 8])) >> (8 * skipped);
    // OK because at most 7 are skipped.
    let shown = usize::try_from(8 - skipped).unwrap_or_default();
    push_start(out, &text.to_le_bytes(), shown);
}

/// Appends the first bytes of a text. It copies the whole text, which is faster than copying only
/// these.
#[inline]
pub(super) fn push_start<const N: usize>(out: &mut Vec<u8>, text: &[u8; N], length: usize) {
    let end = out.len() + length.min(N);
    out.extend_from_slice(text);
    out.truncate(end);
}

/// Appends a number in decimal, with a sign if it is negative.
pub(crate) fn push_signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_decimal(out, number.unsigned_abs());
}

/// Appends a number in lower case hexadecimal, with leading zeros up to `width` digits (`%0*x`).
pub(crate) fn push_hex(out: &mut Vec<u8>, number: u64, width: usize) {
    // 16 digits are enough for any u64, and no caller needs more.
    let used = usize::try_from((u64::BITS - number.leading_zeros()).div_ceil(4)).unwrap_or(16);
    for place in (0..used.max(width)).rev() {
        let digit = u8::try_from((number >> (4 * place)) & 15).unwrap_or_default();
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

/// Appends a number in hexadecimal with `0x`, and 0 without it (`%#x`).
pub(crate) fn push_marked_hex(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(if number == 0 { b"" } else { b"0x" });
    push_hex(out, number, 1);
}

/// Appends a number as `%g` does: six significant digits, without trailing zeros, with an exponent
/// when it is very large or very small.
pub(crate) fn push_general(out: &mut Vec<u8>, number: f64) {
    push_significant(out, number, 6);
}

/// Appends a number of thousandths, as [`push_general`] does.
pub(crate) fn push_thousandths(out: &mut Vec<u8>, thousandths: u32) {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    // Six digits are enough for these, so nothing is rounded.
    if rest == 0 && whole < 1_000_000 || whole < 1_000 {
        push_decimal(out, whole.into());
        push_fraction(out, rest.into(), 3);
    } else {
        push_general(out, f64::from(thousandths) / 1000.0);
    }
}

/// Appends a number as `%.3g` does: three significant digits.
pub(crate) fn push_coarse(out: &mut Vec<u8>, number: f64) {
    push_significant(out, number, 3);
}

/// Appends a number of at least 1 that has `precision` significant digits and needs no exponent.
/// Returns `false` for other numbers, and if rounding needs all digits.
fn push_common(out: &mut Vec<u8>, number: f64, precision: u8) -> bool {
    let mut decimals = u32::from(precision) - 1;
    let mut bound = 10.0;
    while number >= bound && decimals > 0 {
        decimals -= 1;
        bound *= 10.0;
    }
    if !(1.0..bound).contains(&number) {
        return false;
    }
    let scale = 10_u64.pow(decimals);
    let (Some(rounded), distance) = nearest(number * double(scale)) else { return false };
    // The product itself is rounded: near the middle between two digits only all digits of the
    // number decide. A number that gains a digit by rounding is printed in another way.
    if (distance - 0.5).abs() < 1e-6 || rounded >= 10_u64.pow(precision.into()) {
        return false;
    }
    push_decimal(out, rounded / scale);
    push_fraction(out, rounded % scale, decimals);
    true
}

/// Appends a number as `%.0f` does: without decimals, and exact however large it is.
pub(crate) fn push_whole(out: &mut Vec<u8>, number: f64) {
    if let (Some(rounded), _) = nearest(number) {
        push_decimal(out, rounded);
    } else {
        out.extend_from_slice(format!("{number:.0}").as_bytes());
    }
}

/// Returns the nearest double of a number, as C converts it.
#[allow(clippy::cast_precision_loss, clippy::as_conversions, reason = "as C converts it")]
pub(crate) fn double(number: u64) -> f64 {
    number as f64
}

/// Returns the nearest integer, the even one of two, if it is small enough to be exact; and the
/// distance of the number from it.
fn nearest(number: f64) -> (Option<u64>, f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let rounded = number.round_ties_even();
    if !(0.0..EXACT).contains(&rounded) {
        return (None, 0.0);
    }
    #[allow(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not below zero and less than 2^53, as was just checked"
    )]
    (Some(rounded as u64), (number - rounded).abs())
}

/// Appends a point and the decimals of a fraction, without trailing zeros; nothing for 0.
fn push_fraction(out: &mut Vec<u8>, mut fraction: u64, mut decimals: u32) {
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    while fraction != 0 {
        decimals -= 1;
        let unit = 10_u64.pow(decimals);
        out.push(b'0' + u8::try_from(fraction / unit).unwrap_or_default());
        fraction %= unit;
    }
}

/// Appends a number with `precision` significant digits, correctly rounded; 17 are enough for any.
fn push_significant(out: &mut Vec<u8>, number: f64, precision: u8) {
    if push_common(out, number, precision) {
        return;
    }
    let mut text = [0; 32];
    let mut rest = text.as_mut_slice();
    // OK because 17 digits, two signs, a point and an exponent fit.
    let _ = write!(rest, "{:.*e}", usize::from(precision) - 1, number.abs());
    let unused = rest.len();
    let text = text.get(..text.len() - unused).unwrap_or_default();
    let Some((mantissa, exponent)) = text.split_once_str("e") else { return };
    let exponent: i32 = exponent.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let digits = mantissa.iter().copied().filter(u8::is_ascii_digit);
    if number.is_sign_negative() {
        out.push(b'-');
    }
    match usize::try_from(exponent) {
        Ok(whole) if whole < precision.into() => push_pointed(out, digits, whole),
        Err(_) if exponent >= -4 => {
            out.extend_from_slice(b"0.");
            out.extend((exponent..-1).map(|_| b'0'));
            out.extend(digits);
            drop_zeros(out);
        }
        _ => {
            push_pointed(out, digits, 0);
            out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
            if exponent.unsigned_abs() < 10 {
                out.push(b'0');
            }
            push_decimal(out, exponent.unsigned_abs().into());
        }
    }
}

/// Appends digits with a point after the first and `whole` more of them, without trailing zeros.
fn push_pointed(out: &mut Vec<u8>, mut digits: impl Iterator<Item = u8>, whole: usize) {
    out.extend(digits.by_ref().take(whole + 1));
    out.push(b'.');
    out.extend(digits);
    drop_zeros(out);
}

/// Removes the trailing zeros of a fraction, and the point if nothing follows it.
fn drop_zeros(out: &mut Vec<u8>) {
    while out.last() == Some(&b'0') {
        out.pop();
    }
    if out.last() == Some(&b'.') {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[rstest]
    #[case(0, "0")]
    #[case(9, "9")]
    #[case(10, "10")]
    #[case(65535, "65535")]
    #[case(u64::MAX, "18446744073709551615")]
    fn prints_decimal(#[case] number: u64, #[case] shown: &str) {
        assert_eq!(text(|out| push_decimal(out, number)), shown);
    }

    #[test]
    fn prints_small_numbers_and_many_large_ones() {
        let few = 0..=100_000_u64;
        let many = (0..64).flat_map(|bits| (0..50).map(move |step| (1_u64 << bits) + step * 7919));
        let powers = (1..20).flat_map(|power| [10_u64.pow(power) - 1, 10_u64.pow(power)]);
        for number in few.chain(many).chain(powers) {
            assert_eq!(text(|out| push_decimal(out, number)), number.to_string());
        }
    }

    /// Each half of eight digits is divided by reciprocals, which this shows to be exact.
    #[test]
    fn prints_every_half_of_eight_digits() {
        for half in 0..10_000_u32 {
            let number = half * 10_000 + (9_999 - half);
            let expected = format!("{number:08}");
            assert_eq!(text(|out| push_eight(out, number, Zeros::Kept)), expected);
        }
    }

    #[rstest]
    #[case(-1, "-1")]
    #[case(0, "0")]
    #[case(i64::MIN, "-9223372036854775808")]
    fn prints_signed(#[case] number: i64, #[case] shown: &str) {
        assert_eq!(text(|out| push_signed(out, number)), shown);
    }

    #[rstest]
    #[case::zero(0, 1, "0")]
    #[case::without_zeros(0xab, 1, "ab")]
    #[case::with_zeros(0xab, 8, "000000ab")]
    #[case::longer_than_asked(0x12345, 4, "12345")]
    #[case::most(u64::MAX, 1, "ffffffffffffffff")]
    fn prints_hexadecimal(#[case] number: u64, #[case] width: usize, #[case] shown: &str) {
        assert_eq!(text(|out| push_hex(out, number, width)), shown);
    }

    #[rstest]
    #[case(0, "0")]
    #[case(16, "0x10")]
    fn marks_hexadecimal(#[case] number: u64, #[case] shown: &str) {
        assert_eq!(text(|out| push_marked_hex(out, number)), shown);
    }

    #[rstest]
    #[case::zero(0, "0")]
    #[case::fraction(43, "0.043")]
    #[case::without_zeros(13_500, "13.5")]
    #[case::whole(204_000, "204")]
    #[case::six_digits(999_999, "999.999")]
    #[case::seven_digits(1_234_567, "1234.57")]
    #[case::many_whole_digits(999_999_000, "999999")]
    #[case::power(u32::MAX, "4.29497e+06")]
    fn prints_thousandths(#[case] thousandths: u32, #[case] shown: &str) {
        assert_eq!(text(|out| push_thousandths(out, thousandths)), shown);
        assert_eq!(text(|out| push_general(out, f64::from(thousandths) / 1000.0)), shown);
    }

    #[rstest]
    #[case::to_even(2.5, "2")]
    #[case::up(0.75, "1")]
    #[case::beyond_a_double(9_007_199_254_740_994.0, "9007199254740994")]
    #[case::beyond_64_bits(73_786_976_294_838_206_464.0, "73786976294838206464")]
    fn prints_whole_numbers(#[case] number: f64, #[case] shown: &str) {
        assert_eq!(text(|out| push_whole(out, number)), shown);
    }

    #[test]
    fn short_and_long_rounding_agree() {
        for step in 0..100_000_u32 {
            let number = f64::from(step) / 200.0;
            assert_eq!(text(|out| push_coarse(out, number)), by_the_book(number, 3), "{number}");
            let number = f64::from(step) / 256.0;
            assert_eq!(text(|out| push_general(out, number)), by_the_book(number, 6), "{number}");
        }
    }

    #[rstest]
    #[case::rounds(98.765_424, "98.8")]
    #[case::rounds_up_to_four(999.9, "1e+03")]
    #[case::whole(8.0, "8")]
    #[case::large(8_000.0, "8e+03")]
    fn prints_three_digits(#[case] number: f64, #[case] shown: &str) {
        assert_eq!(text(|out| push_coarse(out, number)), shown);
    }

    #[rstest]
    #[case::fraction(0.2, "0.2")]
    #[case::whole(1.0, "1")]
    #[case::zero(0.0, "0")]
    #[case::six_digits(123_456.7, "123457")]
    #[case::two_decimals(0.22, "0.22")]
    #[case::rounds_up_to_seven(999_999.9, "1e+06")]
    #[case::large(42_949_672.95, "4.29497e+07")]
    #[case::small(0.000_01, "1e-05")]
    #[case::smallest_fixed(0.000_1, "0.0001")]
    #[case::drops_zeros_only_behind_the_point(120.0, "120")]
    fn prints_as_percent_g(#[case] number: f64, #[case] shown: &str) {
        assert_eq!(text(|out| push_general(out, number)), shown);
    }

    /// The slow way, as the C standard describes `printf`.
    fn by_the_book(number: f64, precision: i32) -> String {
        let digits = usize::try_from(precision - 1).unwrap();
        let scientific = format!("{number:.digits$e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        let trim = |text: &str| {
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text.to_owned()
            }
        };
        if (-4..precision).contains(&exponent) {
            let decimals = usize::try_from(precision - 1 - exponent).unwrap();
            trim(&format!("{number:.decimals$}"))
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trim(mantissa), exponent.unsigned_abs())
        }
    }

    #[test]
    fn agrees_with_printf_on_many_numbers() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let thousandths = u32::try_from(state >> (32 + state % 32)).unwrap();
            assert_eq!(
                text(|out| push_thousandths(out, thousandths)),
                by_the_book(f64::from(thousandths) / 1000.0, 6)
            );
            let number =
                f64::from(thousandths) * 10_f64.powi(i32::try_from(state % 30).unwrap() - 15);
            assert_eq!(text(|out| push_general(out, number)), by_the_book(number, 6));
            assert_eq!(text(|out| push_coarse(out, -number)), by_the_book(-number, 3));
        }
    }
}
