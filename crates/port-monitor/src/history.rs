//! The last events, with numbers and times.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use crate::event::{Change, Event};

/// Default number of events that are kept.
pub const DEFAULT_HISTORY: usize = 100;

/// A ring of the last events.
#[derive(Debug)]
pub struct History {
    ring: VecDeque<Event>,
    capacity: usize,
    /// Number of events so far, which is also the number of the last one.
    count: u64,
    /// The clock at the last event, and the time of the event.
    last: Option<(SystemTime, SystemTime)>,
    /// The latest time of the events that were dropped.
    dropped: Option<SystemTime>,
}

/// The events after a number or a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Since {
    /// The events, the oldest first.
    pub events: Vec<Event>,
    /// Number of these events that are no longer in the ring; for a time, an upper bound. If it is
    /// not 0, the reader missed events, and has to read the currently open ports.
    pub dropped: u64,
    /// The number of the last event so far, to continue from.
    pub last: u64,
}

impl History {
    /// Returns a history that keeps `capacity` events.
    pub fn new(capacity: usize) -> Self {
        Self { ring: VecDeque::new(), capacity, count: 0, last: None, dropped: None }
    }

    /// Assigns a number and a time to a change, and keeps it.
    pub fn push(&mut self, change: Change, now: SystemTime) -> Event {
        let time = self.stamp(now);
        self.last = Some((now, time));
        self.count = self.count.saturating_add(1);
        let event = Event { sequence: self.count, time, kind: change.kind, port: change.port };
        self.ring.push_back(event.clone());
        if self.ring.len() > self.capacity {
            let oldest = self.ring.pop_front().map(|event| event.time);
            self.dropped = self.dropped.max(oldest);
        }
        event
    }

    /// Returns the events after this number; 0 for all.
    pub fn since(&self, sequence: u64) -> Since {
        let events: Vec<_> =
            self.ring.iter().filter(|event| event.sequence > sequence).cloned().collect();
        // OK because a number is at least 1.
        let first = events.first().map_or(self.count, |event| event.sequence.saturating_sub(1));
        Since { events, dropped: first.saturating_sub(sequence), last: self.count }
    }

    /// Returns the events after this time.
    ///
    /// If an event has exactly this time, its successors are returned, so a reader can continue
    /// from the time of the last event that it read. Otherwise the first event with a later time
    /// and its successors are returned. If the clock was set back in between, some of these may
    /// have earlier times; none is left out.
    pub fn since_time(&self, time: SystemTime) -> Since {
        let known = self.ring.iter().find(|event| event.time == time);
        let later = self.ring.iter().find(|event| event.time > time);
        let sequence = match (known, later) {
            (Some(event), _) => event.sequence,
            // OK because a number is at least 1.
            (None, Some(event)) => event.sequence.saturating_sub(1),
            (None, None) => self.count,
        };
        let is_gone = known.is_none() && self.dropped.is_some_and(|dropped| dropped > time);
        if !is_gone {
            return self.since(sequence);
        }
        // Dropped events precede kept ones, whatever their times.
        self.since(0)
    }

    /// Returns a time that no event in the ring has, nor the last event: `now`, or some nanoseconds
    /// later.
    fn stamp(&self, now: SystemTime) -> SystemTime {
        let mut time = match self.last {
            // The clock did not go back, but is not past the assigned times.
            Some((clock, given)) if now >= clock && now <= given => next(given),
            _ => now,
        };
        // The clock went back to a time that was assigned before.
        while self.ring.iter().any(|event| event.time == time) && next(time) != time {
            time = next(time);
        }
        time
    }
}

/// Returns the next nanosecond, which always exists: `SystemTime` ends in billions of years.
fn next(time: SystemTime) -> SystemTime {
    time.checked_add(Duration::from_nanos(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        event::EventKind,
        port::{Port, Protocol},
    };

    fn at(nanos: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
    }

    /// Returns a history with an event at each of these times of the clock.
    fn history(capacity: usize, clock: &[u64]) -> History {
        let mut history = History::new(capacity);
        for &nanos in clock {
            let port = Port::new(Protocol::Tcp, ([127, 0, 0, 1], 80).into(), None);
            history.push(Change { kind: EventKind::Opened, port }, at(nanos));
        }
        history
    }

    fn shown(since: &Since) -> (Vec<u64>, u64, u64) {
        (since.events.iter().map(|event| event.sequence).collect(), since.dropped, since.last)
    }

    #[rstest]
    // usual
    #[case::all(5, 3, 0, &[1, 2, 3], 0)]
    #[case::some(5, 3, 2, &[3], 0)]
    #[case::none_new(5, 3, 3, &[], 0)]
    // boundary
    #[case::empty(5, 0, 0, &[], 0)]
    #[case::just_full(3, 3, 0, &[1, 2, 3], 0)]
    #[case::one_dropped(3, 4, 0, &[2, 3, 4], 1)]
    #[case::dropped_and_read_before(3, 4, 1, &[2, 3, 4], 0)]
    #[case::keeps_nothing(0, 4, 1, &[], 3)]
    // hostile
    #[case::a_number_that_is_to_come(3, 4, 9, &[], 0)]
    #[case::the_largest_number(3, 4, u64::MAX, &[], 0)]
    fn since_returns_the_events_after_a_number(
        #[case] capacity: usize,
        #[case] events: u64,
        #[case] sequence: u64,
        #[case] given: &[u64],
        #[case] dropped: u64,
    ) {
        let clock: Vec<_> = (1..=events).collect();
        let since = history(capacity, &clock).since(sequence);
        assert_eq!(shown(&since), (given.to_vec(), dropped, events));
    }

    #[rstest]
    // usual
    #[case::between(9, &[10, 20, 30], 15, &[2, 3], 0)]
    #[case::exactly(9, &[10, 20, 30], 20, &[3], 0)]
    #[case::before(9, &[10, 20], 0, &[1, 2], 0)]
    #[case::after(9, &[10, 20], 21, &[], 0)]
    // boundary
    #[case::the_first_of_one_instant(9, &[10, 10, 10], 10, &[2, 3], 0)]
    #[case::the_second_of_one_instant(9, &[10, 10, 10], 11, &[3], 0)]
    #[case::before_what_was_dropped(2, &[10, 20, 30], 5, &[2, 3], 1)]
    #[case::after_what_was_dropped(2, &[10, 20, 30], 15, &[2, 3], 0)]
    #[case::when_the_last_one_dropped_was(2, &[10, 20, 30], 10, &[2, 3], 0)]
    // hostile: clocks that jump
    #[case::back(9, &[50, 10, 20], 50, &[2, 3], 0)]
    #[case::back_and_asked_between(9, &[50, 10, 20], 15, &[1, 2, 3], 0)]
    #[case::back_and_gone(2, &[50, 10, 20], 40, &[2, 3], 1)]
    fn since_time_returns_the_events_after_a_time(
        #[case] capacity: usize,
        #[case] clock: &[u64],
        #[case] time: u64,
        #[case] given: &[u64],
        #[case] dropped: u64,
    ) {
        let history = history(capacity, clock);
        let last = u64::try_from(clock.len()).unwrap();
        assert_eq!(shown(&history.since_time(at(time))), (given.to_vec(), dropped, last));
    }

    #[rstest]
    #[case::one_instant(9, &[5, 5, 5], &[5, 6, 7])]
    #[case::one_instant_and_a_short_ring(1, &[5, 5, 5, 5], &[8])]
    #[case::slower_than_events(9, &[5, 5, 6, 9], &[5, 6, 7, 9])]
    #[case::back(9, &[9, 5, 6], &[9, 5, 6])]
    #[case::back_to_a_time_that_was(9, &[5, 9, 5], &[5, 9, 6])]
    fn times_of_events_are_unique(
        #[case] capacity: usize,
        #[case] clock: &[u64],
        #[case] stamps: &[u64],
    ) {
        let events = history(capacity, clock).since(0).events;
        let times: Vec<_> = events.iter().map(|event| event.time).collect();
        assert_eq!(times, stamps.iter().copied().map(at).collect::<Vec<_>>());
    }

    #[test]
    fn reader_by_time_reads_each_event_once() {
        let clock = [5, 5, 5, 2, 2, 5, 5, 100, 3];
        let (mut read, mut time) = (Vec::new(), SystemTime::UNIX_EPOCH);
        // After each event, and one more time.
        for length in 1..=clock.len() {
            let since = history(99, &clock[..length]).since_time(time);
            read.extend(since.events.iter().map(|event| event.sequence));
            time = since.events.last().map_or(time, |event| event.time);
        }
        assert_eq!(read, (1..=9).collect::<Vec<_>>());
        assert_eq!(history(99, &clock).since_time(time).events, []);
    }
}
