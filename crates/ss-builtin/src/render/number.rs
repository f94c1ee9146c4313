//! Numbers as C's `printf` prints them.

/// Appends a number in decimal.
pub(crate) fn push_decimal(out: &mut Vec<u8>, mut number: u64) {
    // 20 digits hold any u64.
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for place in digits.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// Appends a number in decimal, with its sign if it is below zero.
pub(crate) fn push_signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_decimal(out, number.unsigned_abs());
}

/// Appends a number in lower case hexadecimal, with zeros in front up to `width` digits (`%0*x`).
pub(crate) fn push_hex(out: &mut Vec<u8>, number: u64, width: usize) {
    // 16 digits hold any u64, and no caller asks for more.
    let used = usize::try_from((u64::BITS - number.leading_zeros()).div_ceil(4)).unwrap_or(16);
    for place in (0..used.max(width)).rev() {
        let digit = u8::try_from((number >> (4 * place)) & 15).unwrap_or_default();
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

/// Appends a number in hexadecimal with its mark, and 0 without it (`%#x`).
pub(crate) fn push_marked_hex(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(if number == 0 { b"" } else { b"0x" });
    push_hex(out, number, 1);
}

/// Appends a number as `%g` does: six significant digits, without zeros at the end, in powers of ten
/// when it is very large or very small.
pub(crate) fn push_general(out: &mut Vec<u8>, number: f64) {
    push_significant(out, number, 6);
}

/// Appends a number as `%.3g` does: three significant digits.
pub(crate) fn push_coarse(out: &mut Vec<u8>, number: f64) {
    push_significant(out, number, 3);
}

fn push_significant(out: &mut Vec<u8>, number: f64, precision: u8) {
    let scientific = format!("{number:.*e}", usize::from(precision) - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..i32::from(precision)).contains(&exponent) {
        let decimals = usize::try_from(i32::from(precision) - 1 - exponent).unwrap_or_default();
        out.extend_from_slice(without_zeros(&format!("{number:.decimals$}")).as_bytes());
    } else {
        out.extend_from_slice(without_zeros(mantissa).as_bytes());
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        out.extend_from_slice(format!("{:02}", exponent.unsigned_abs()).as_bytes());
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
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
}
