//! Lengths of time, as a person types them.
//!
//! ```text
//! DURATION := DIGITS [ "ms" | "s" | "m" | "h" ]      without a unit it is seconds
//! ```

use std::time::Duration;

use bstr::{BStr, ByteSlice};

/// The longest: 30 days. What is to go on for longer goes on without an end.
pub(crate) const MAX_DURATION: Duration = Duration::from_hours(30 * 24);

/// Reads a length of time that is not zero and not longer than [`MAX_DURATION`].
pub(crate) fn parse_duration(word: &BStr) -> Option<Duration> {
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
    (!duration.is_zero() && duration <= MAX_DURATION).then_some(duration)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // usual
    #[case::seconds("10", Some(10_000))]
    #[case::seconds_by_name("10s", Some(10_000))]
    #[case::milliseconds("500ms", Some(500))]
    #[case::minutes("5m", Some(300_000))]
    #[case::hours("1h", Some(3_600_000))]
    // boundary
    #[case::longest("720h", Some(2_592_000_000))]
    #[case::longer_than_the_longest("2592001", None)]
    #[case::zero("0ms", None)]
    #[case::empty("", None)]
    // hostile
    #[case::no_number("s", None)]
    #[case::unknown_unit("1d", None)]
    #[case::negative("-1", None)]
    #[case::sign("+1", None)]
    #[case::fraction("1.5s", None)]
    #[case::over_64_bits("18446744073709551616", None)]
    #[case::over_64_bits_of_seconds("18446744073709551615h", None)]
    #[case::digits_of_another_script("١s", None)]
    fn reads_lengths_of_time(#[case] word: &str, #[case] milliseconds: Option<u64>) {
        assert_eq!(parse_duration(word.into()), milliseconds.map(Duration::from_millis));
    }

    #[test]
    fn bytes_that_are_no_text_are_no_duration() {
        assert_eq!(parse_duration(b"1\xff".into()), None);
    }
}
