//! Bounded channels to subscribers of events.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{event::Event, port::PortTable, problem::ReadProblem, tracker::Turn};

/// A message to a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A port opened or closed.
    Event(Event),
    /// This many notices were lost here, because the subscriber was too slow.
    Lost(u64),
    /// A table can no longer be read, or not completely. Its ports are kept until it can.
    Failed(PortTable, ReadProblem),
    /// A table can be read again.
    Recovered(PortTable),
    /// The kernel does not report closings, or stopped reporting them; they are found by looking.
    EventsOff(ReadProblem),
    /// The processes of ports were requested, but cannot be listed.
    ProcessesUnknown(ReadProblem),
}

impl From<Turn> for Notice {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Failed(table, problem) => Self::Failed(table, problem),
            Turn::Recovered(table) => Self::Recovered(table),
        }
    }
}

/// The receiving end of a subscription. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    queue: Arc<Queue>,
}

/// The sending end.
#[derive(Debug)]
pub(crate) struct Subscriber {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<ChannelState>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct ChannelState {
    notices: VecDeque<Notice>,
    capacity: usize,
    /// Number of notices that were lost since the last kept one.
    lost: u64,
    /// Whether the sending end is gone.
    is_closed: bool,
}

/// Returns both ends of a channel that keeps `capacity` notices, at least 1.
pub(crate) fn channel(capacity: usize) -> (Subscriber, Subscription) {
    let state = ChannelState { capacity: capacity.max(1), ..ChannelState::default() };
    let queue = Arc::new(Queue { state: Mutex::new(state), ..Queue::default() });
    (Subscriber { queue: Arc::clone(&queue) }, Subscription { queue })
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, ChannelState> {
        // OK because a panic cannot leave half of a notice.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChannelState {
    /// Keeps a notice, or counts it as lost. After the first lost one all are lost, until the kept
    /// ones were received. Then the count comes first.
    fn push(&mut self, notice: Notice) {
        if self.lost > 0 || self.notices.len() >= self.capacity {
            self.lost = self.lost.saturating_add(1);
        } else {
            self.notices.push_back(notice);
        }
    }

    fn pop(&mut self) -> Option<Notice> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        let lost = std::mem::take(&mut self.lost);
        (lost > 0).then_some(Notice::Lost(lost))
    }
}

impl Subscriber {
    /// Sends a notice without waiting.
    pub(crate) fn send(&self, notice: Notice) {
        self.queue.lock().push(notice);
        self.queue.arrived.notify_one();
    }

    /// Returns whether the subscription still exists.
    pub(crate) fn has_receiver(&self) -> bool {
        Arc::strong_count(&self.queue) > 1
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.arrived.notify_all();
    }
}

impl Subscription {
    /// Returns the next notice, or `None` when there is none now.
    pub fn try_next(&self) -> Option<Notice> {
        self.queue.lock().pop()
    }

    /// Waits at most `at_most` for the next notice. Returns `None` if there was none, or if the
    /// monitor is gone.
    pub fn next_timeout(&self, at_most: Duration) -> Option<Notice> {
        let begin = Instant::now();
        let mut state = self.queue.lock();
        loop {
            let left = at_most.saturating_sub(begin.elapsed());
            match state.pop() {
                Some(notice) => return Some(notice),
                None if state.is_closed || left.is_zero() => return None,
                None => {}
            }
            let waited = self.queue.arrived.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Returns whether the monitor is gone. Only the kept notices follow.
    pub fn is_closed(&self) -> bool {
        self.queue.lock().is_closed
    }
}

/// Waits for each notice, until the monitor is gone.
impl Iterator for Subscription {
    type Item = Notice;

    fn next(&mut self) -> Option<Notice> {
        let mut state = self.queue.lock();
        loop {
            match state.pop() {
                Some(notice) => return Some(notice),
                None if state.is_closed => return None,
                None => {}
            }
            let waited = self.queue.arrived.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ReadProblemKind;

    fn notice(number: u64) -> Notice {
        Notice::EventsOff(ReadProblem::new(ReadProblemKind::Unreadable, number))
    }

    fn received(subscription: &Subscription) -> Vec<Notice> {
        std::iter::from_fn(|| subscription.try_next()).collect()
    }

    #[test]
    fn slow_subscriber_receives_the_number_of_lost_notices() {
        let (sender, subscription) = channel(2);
        for number in 1..=5 {
            sender.send(notice(number));
        }
        assert_eq!(subscription.try_next(), Some(notice(1)));
        // There is room again, but the count of the three lost ones comes first.
        sender.send(notice(6));
        assert_eq!(received(&subscription), [notice(2), Notice::Lost(4)]);
        sender.send(notice(7));
        assert_eq!(received(&subscription), [notice(7)]);
    }

    #[test]
    fn channel_keeps_at_least_one_notice() {
        let (sender, subscription) = channel(0);
        sender.send(notice(1));
        sender.send(notice(2));
        assert_eq!(received(&subscription), [notice(1), Notice::Lost(1)]);
    }

    #[test]
    fn pending_events_are_received_after_the_end() {
        let (sender, subscription) = channel(2);
        sender.send(notice(1));
        assert!(!subscription.is_closed());
        drop(sender);
        assert!(subscription.is_closed());
        assert_eq!(subscription.next_timeout(Duration::MAX), Some(notice(1)));
        assert_eq!(subscription.next_timeout(Duration::MAX), None);
        assert_eq!(subscription.into_iter().count(), 0);
    }

    #[test]
    fn wait_ends_after_its_time_or_with_a_notice() {
        let (sender, subscription) = channel(1);
        assert_eq!(subscription.next_timeout(Duration::ZERO), None);
        let waiting = std::thread::spawn(move || subscription.next_timeout(Duration::MAX));
        sender.send(notice(1));
        assert_eq!(waiting.join().unwrap(), Some(notice(1)));
    }

    #[test]
    fn dropped_subscription_receives_nothing() {
        let (sender, subscription) = channel(1);
        assert!(sender.has_receiver());
        drop(subscription);
        assert!(!sender.has_receiver());
    }
}
