//! Waiting for a condition.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Time limit of a condition. Even a very busy machine needs less, and a test that would hang fails
/// instead.
const DEADLINE: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_millis(1);

/// Returns when a condition holds.
///
/// # Panics
///
/// When it does not hold after 5 minutes; the message contains `condition`.
#[track_caller]
pub fn wait_until(condition: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain until {condition}");
        thread::sleep(PAUSE);
    }
}
