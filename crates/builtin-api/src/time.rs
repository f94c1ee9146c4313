//! Times of day as RFC 3339 writes them, in UTC.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// A time as `2026-11-20T19:28:00.000000000Z`.
///
/// Events of one instant differ in their nanoseconds, so all of them are shown.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339(pub SystemTime);

/// Days from 0000-03-01 to 1970-01-01, in the calendar of today.
const DAYS_TO_EPOCH: u64 = 719_468;
/// Days in 400 years, after which the calendar repeats.
const DAYS_OF_ERA: u64 = 146_097;

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A clock that was never set may stand before 1970; that is shown as its begin.
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let nanos = since.subsec_nanos();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

/// Returns year, month and day of a day since 1970-01-01.
///
/// Years are counted from March, so that the day that is sometimes there is the last of the year.
fn date(days: u64) -> (u64, u64, u64) {
    // OK because a time has fewer than 2^48 days.
    let days = days.saturating_add(DAYS_TO_EPOCH);
    let (era, day) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    // Leap days: one in 4 years, none in 100, one in 400.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March have 31 30 31 30 31 days, twice, and two more: 153 in five months.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // usual
    #[case::today(1_795_202_880, 123_456_789, "2026-11-20T19:28:00.123456789Z")]
    // boundary: values of date(1)
    #[case::epoch(0, 0, "1970-01-01T00:00:00.000000000Z")]
    #[case::last_second_of_a_day(86_399, 999_999_999, "1970-01-01T23:59:59.999999999Z")]
    #[case::leap_day(1_709_164_800, 0, "2024-02-29T00:00:00.000000000Z")]
    #[case::after_a_leap_day(1_709_251_200, 0, "2024-03-01T00:00:00.000000000Z")]
    #[case::leap_day_of_400_years(951_782_400, 0, "2000-02-29T00:00:00.000000000Z")]
    #[case::no_leap_day_of_100_years(4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z")]
    #[case::last_day_of_a_leap_year(1_735_603_200, 0, "2024-12-31T00:00:00.000000000Z")]
    #[case::year_10000(253_402_300_800, 0, "10000-01-01T00:00:00.000000000Z")]
    fn shows_times(#[case] seconds: u64, #[case] nanos: u32, #[case] shown: &str) {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
        assert_eq!(Rfc3339(time).to_string(), shown);
    }

    #[test]
    fn a_clock_before_1970_is_at_its_begin() {
        let time = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Rfc3339(time).to_string(), "1970-01-01T00:00:00.000000000Z");
    }

    #[test]
    fn each_day_is_the_day_after_the_one_before() {
        let mut before = date(0);
        for days in 1..200_000 {
            let (year, month, day) = date(days);
            let is_next = match (before, day) {
                ((y, m, d), day) if day > 1 => (y, m, d + 1) == (year, month, day),
                ((y, 12, 31), 1) => (y + 1, 1) == (year, month),
                ((y, m, d), _) => (y, m + 1) == (year, month) && d >= 28,
            };
            assert!(is_next, "{before:?} is followed by {year}-{month}-{day}");
            before = (year, month, day);
        }
    }
}
