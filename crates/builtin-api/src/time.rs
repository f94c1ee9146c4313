//! Times of day in the format of RFC 3339, in UTC.

use std::{fmt, time::SystemTime};

use jiff::Timestamp;

/// A time in the form `2026-11-20T19:28:00.000000000Z`.
///
/// All nanoseconds are shown, because they may be the only difference between two events.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339(pub SystemTime);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // OK because `Timestamp` covers the years -9999 to 9999: a clock outside of them is wrong.
        let time = Timestamp::try_from(self.0).unwrap_or(Timestamp::MAX);
        write!(f, "{time:.9}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    #[rstest]
    // usual
    #[case::today(1_795_202_880, 123_456_789, "2026-11-20T19:28:00.123456789Z")]
    // boundary
    #[case::epoch(0, 0, "1970-01-01T00:00:00.000000000Z")]
    #[case::last_second_of_a_day(86_399, 999_999_999, "1970-01-01T23:59:59.999999999Z")]
    #[case::leap_day(1_709_164_800, 0, "2024-02-29T00:00:00.000000000Z")]
    #[case::after_a_leap_day(1_709_251_200, 0, "2024-03-01T00:00:00.000000000Z")]
    #[case::leap_day_of_400_years(951_782_400, 0, "2000-02-29T00:00:00.000000000Z")]
    #[case::no_leap_day_of_100_years(4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z")]
    #[case::last_day_of_a_leap_year(1_735_603_200, 0, "2024-12-31T00:00:00.000000000Z")]
    #[case::year_10000(253_402_300_800, 0, "9999-12-30T22:00:00.999999999Z")]
    fn shows_times(#[case] seconds: u64, #[case] nanos: u32, #[case] shown: &str) {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
        assert_eq!(Rfc3339(time).to_string(), shown);
    }

    #[test]
    fn clock_before_1970_is_shown() {
        let time = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Rfc3339(time).to_string(), "1969-12-31T23:59:59.000000000Z");
    }
}
