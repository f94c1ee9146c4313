//! Cancellation of a running builtin.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use crate::error::{Error, ErrorKind};

/// A flag that the host sets, and an optional deadline. A builtin polls both.
///
/// Clones share the flag. Polling costs one atomic load and, with a deadline, one reading of the
/// monotonic clock: cheap enough for once in a thousand rows.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    shared: Arc<CancelState>,
    deadline: Option<Instant>,
}

/// The state that clones share.
#[derive(Debug, Default)]
struct CancelState {
    flag: AtomicBool,
    /// Locked while the flag is being set, so that no thread reads the flag before and begins to
    /// wait after the notification.
    setting: Mutex<()>,
    set: Condvar,
}

impl Cancel {
    /// Returns a `Cancel` that is not set and has no deadline.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a `Cancel` that shares this flag and has a deadline: the earlier one, if this has a
    /// deadline already.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        let earlier = self.deadline.map_or(deadline, |own| own.min(deadline));
        Self { shared: Arc::clone(&self.shared), deadline: Some(earlier) }
    }

    /// Sets the flag. Every clone is cancelled, and [`wait_until`](Self::wait_until) returns.
    pub fn cancel(&self) {
        // OK because a panic under a lock that guards no data breaks nothing.
        let _setting = self.shared.setting.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.flag.store(true, Ordering::Relaxed);
        self.shared.set.notify_all();
    }

    /// Returns the deadline, if there is one.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Returns whether the flag is set or the deadline has passed.
    pub fn is_cancelled(&self) -> bool {
        self.check().is_err()
    }

    /// Returns an error when the call has to end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cancelled`] when the flag is set, [`ErrorKind::TimedOut`] when the deadline has
    /// passed.
    pub fn check(&self) -> Result<(), Error> {
        if self.shared.flag.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "cancelled"));
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => {
                Err(Error::new(ErrorKind::TimedOut, "the time that the host allows is over"))
            }
            _ => Ok(()),
        }
    }

    /// Waits until this time, without polling.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), as soon as the call has to end.
    pub fn wait_until(&self, time: Instant) -> Result<(), Error> {
        let end = self.deadline.map_or(time, |deadline| deadline.min(time));
        let mut setting = self.shared.setting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            self.check()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return self.check();
            }
            let waited = self.shared.set.wait_timeout(setting, left);
            (setting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Cancels a call when it is dropped. A host keeps it while it waits for the call, so that the call
/// ends if the host stops waiting.
#[derive(Debug)]
pub struct CancelOnDrop(pub Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rstest::rstest;

    use super::{Cancel, CancelOnDrop};
    use crate::error::ErrorKind;

    const HOUR: Duration = Duration::from_hours(1);

    fn kind(cancel: &Cancel) -> Option<ErrorKind> {
        cancel.check().err().map(|error| error.kind())
    }

    #[test]
    fn new_cancel_is_not_cancelled() {
        let cancel = Cancel::new();
        assert_eq!((kind(&cancel), cancel.deadline()), (None, None));
        assert!(!cancel.with_deadline(Instant::now() + HOUR).is_cancelled());
    }

    #[test]
    fn flag_cancels_every_clone() {
        let cancel = Cancel::new();
        let (clone, limited) = (cancel.clone(), cancel.with_deadline(Instant::now() + HOUR));
        limited.cancel();
        assert_eq!(kind(&cancel), Some(ErrorKind::Cancelled));
        assert_eq!(kind(&clone), Some(ErrorKind::Cancelled));
        assert!(limited.is_cancelled());
    }

    #[test]
    fn ends_at_the_deadline() {
        let cancel = Cancel::new();
        assert_eq!(kind(&cancel.with_deadline(Instant::now())), Some(ErrorKind::TimedOut));
        assert_eq!(kind(&cancel), None);
    }

    #[test]
    fn cancelled_flag_precedes_deadline() {
        let cancel = Cancel::new().with_deadline(Instant::now());
        cancel.cancel();
        assert_eq!(kind(&cancel), Some(ErrorKind::Cancelled));
    }

    #[test]
    fn dropped_guard_cancels() {
        let cancel = Cancel::new();
        let guard = CancelOnDrop(cancel.clone());
        assert_eq!(kind(&cancel), None);
        drop(guard);
        assert_eq!(kind(&cancel), Some(ErrorKind::Cancelled));
    }

    #[test]
    fn waits_until_a_time() {
        let time = Instant::now() + Duration::from_millis(20);
        Cancel::new().wait_until(time).unwrap();
        assert!(Instant::now() >= time);
    }

    #[test]
    fn wait_ends_when_the_flag_is_set_or_the_deadline_passes() {
        let (cancel, hour) = (Cancel::new(), Instant::now() + HOUR);
        let deadline = Instant::now() + Duration::from_millis(20);
        let late = cancel.with_deadline(deadline).wait_until(hour).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        let waiting = cancel.clone();
        let waiter = std::thread::spawn(move || waiting.wait_until(hour).unwrap_err().kind());
        cancel.cancel();
        assert_eq!(waiter.join().unwrap(), ErrorKind::Cancelled);
    }

    #[rstest]
    #[case::later_last(1, 2)]
    #[case::earlier_last(2, 1)]
    fn keeps_the_earlier_deadline(#[case] first: u32, #[case] second: u32) {
        let now = Instant::now();
        let cancel = Cancel::new().with_deadline(now + HOUR * first);
        assert_eq!(cancel.with_deadline(now + HOUR * second).deadline(), Some(now + HOUR));
    }
}
