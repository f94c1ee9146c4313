//! Durations, as users type them.
//!
//! ```text
//! DURATION := DIGITS [ "ms" | "s" | "m" | "h" ]      without a unit it is seconds
//! ```

use std::time::Duration;

use bstr::{BStr, ByteSlice};

/// The longest duration that an option accepts. Without the option there is no limit.
pub const MAX_DURATION: Duration = Duration::from_hours(30 * 24);

/// Reads a duration, such as `500ms`, `10`, `10s`, `5m` or `1h`; a number without a unit is in
/// seconds. Returns `None` for anything else, and for zero.
pub fn parse_duration(word: &BStr) -> Option<Duration> {
    let word = word.to_str().ok()?;
    let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let duration = match unit {
        "ms" => Duration::from_millis(number),
        "" | "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(60 * 60)?),
        _ => return None,
    };
    (!duration.is_zero()).then_some(duration)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("10", 10_000)]
    #[case::seconds_by_name("10s", 10_000)]
    #[case::milliseconds("500ms", 500)]
    #[case::minutes("5m", 300_000)]
    #[case::hours("1h", 3_600_000)]
    #[case::leading_zeros("007s", 7_000)]
    #[case::long("720h", 2_592_000_000)]
    fn reads(#[case] word: &str, #[case] milliseconds: u64) {
        assert_eq!(parse_duration(word.into()), Some(Duration::from_millis(milliseconds)));
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_number("s")]
    #[case::zero("0")]
    #[case::zero_of_a_unit("0ms")]
    #[case::unknown_unit("1d")]
    #[case::capitals("1H")]
    #[case::sign("+1")]
    #[case::negative("-1")]
    #[case::fraction("1.5s")]
    #[case::blank("1 s")]
    #[case::over_64_bits("18446744073709551616")]
    #[case::over_64_bits_of_seconds("18446744073709551615h")]
    #[case::digits_of_another_script("١s")]
    #[case::inside_a_character("1\u{fffd}")]
    fn refuses(#[case] word: &str) {
        assert_eq!(parse_duration(word.into()), None);
    }

    #[test]
    fn non_utf8_bytes_are_not_a_duration() {
        assert_eq!(parse_duration(b"1\xff".into()), None);
    }
}
