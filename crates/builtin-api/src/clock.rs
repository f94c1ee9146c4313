//! The clock of builtins, which tests can replace.

use std::time::SystemTime;

/// A source of wall-clock time.
pub trait Clock: Send + Sync {
    /// Returns the time of day now.
    fn now(&self) -> SystemTime;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{Clock, SystemClock};

    #[test]
    fn time_is_after_the_epoch() {
        assert!(SystemClock.now() > SystemTime::UNIX_EPOCH);
    }
}
