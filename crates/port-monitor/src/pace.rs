//! Intervals between looks.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The shortest interval. Shorter ones are raised to it.
pub const MIN_INTERVAL: Duration = Duration::from_millis(1);

/// The time between two looks is at least 10 times the time of a look, so that looking takes at
/// most a tenth of a core.
const SHARE: u32 = 10;

/// Lengthens the interval when looking is expensive: reading a text table of 100 000 connections
/// takes a hundred milliseconds, the answer of sock_diag less than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    interval: Duration,
}

impl Pace {
    /// Returns a pace with this interval.
    pub fn new(interval: Duration) -> Self {
        Self { interval: interval.max(MIN_INTERVAL) }
    }

    /// Returns the time from the start of a look that took `cost` of processor time to the start of
    /// the next.
    pub fn period(self, cost: Duration) -> Duration {
        self.interval.max(cost.saturating_mul(SHARE))
    }
}

/// The processor time of this thread; only differences are meaningful. Unlike the time of day it
/// does not jump, and it excludes time in which other programs run.
#[derive(Clone, Copy, Debug)]
pub struct Cost(Duration);

impl Cost {
    /// Returns the processor time up to now.
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        // OK because the kernel returns neither negative times nor more than 999 999 999 ns.
        let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
        Self(Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default()))
    }

    /// Returns the processor time since then. Must be called on the same thread.
    pub fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // usual
    #[case::cheap(50_000, 300, 50_000)]
    #[case::text_tables(50_000, 100_000, 1_000_000)]
    // boundary
    #[case::just_cheap(50_000, 5_000, 50_000)]
    #[case::free(50_000, 0, 50_000)]
    #[case::no_interval(0, 0, 1_000)]
    // hostile
    #[case::longer_than_time(50_000, u64::MAX, 184_467_440_737_095_516_150)]
    fn stretches_an_interval_to_ten_times_the_cost(
        #[case] interval: u64,
        #[case] cost: u64,
        #[case] period: u128,
    ) {
        let pace = Pace::new(Duration::from_micros(interval));
        assert_eq!(pace.period(Duration::from_micros(cost)).as_micros(), period);
    }

    #[test]
    fn cost_does_not_go_back() {
        let begin = Cost::now();
        assert!(begin.elapsed() <= begin.elapsed());
    }
}
