//! The state of a monitor, which turns readings and closings into events. It has no thread and no
//! clock.

use std::time::SystemTime;

use procnetsocket::model::Cookie;

use crate::{
    event::{Change, EventKind},
    history::History,
    poll::Polled,
    problem::{ReadProblem, ReadProblemKind},
    subscription::{Notice, Subscriber, Subscription, channel},
    tracker::Tracker,
};

pub(crate) struct Ledger {
    pub(crate) tracker: Tracker,
    pub(crate) history: History,
    /// Number of readings that were recorded.
    pub(crate) looks: u64,
    has_initial: bool,
    subscribers: Vec<Subscriber>,
    /// Why processes could not be listed the last time.
    processes_unknown: Option<ReadProblemKind>,
}

impl Ledger {
    pub(crate) fn new(has_initial: bool, history: usize) -> Self {
        Self {
            tracker: Tracker::new(),
            history: History::new(history),
            looks: 0,
            has_initial,
            subscribers: Vec::new(),
            processes_unknown: None,
        }
    }

    pub(crate) fn subscribe(&mut self, capacity: usize) -> Subscription {
        let (subscriber, subscription) = channel(capacity);
        self.subscribers.push(subscriber);
        subscription
    }

    /// Records the result of one look.
    pub(crate) fn record(&mut self, polled: Polled, now: SystemTime) {
        self.tracker.attribute(&polled.changes);
        for turn in polled.turns {
            self.send(&turn.into());
        }
        for change in polled.changes {
            self.event(change, now);
        }
        self.note_processes_unknown(polled.processes_unknown);
        self.looks = self.looks.saturating_add(1);
        self.subscribers.retain(Subscriber::has_receiver);
    }

    /// Reports that processes cannot be listed, once for each change of the kind of the problem.
    fn note_processes_unknown(&mut self, problem: Option<ReadProblem>) {
        let Some(problem) = problem else { return };
        if self.processes_unknown.replace(problem.kind()) != Some(problem.kind()) {
            self.send(&Notice::ProcessesUnknown(problem));
        }
    }

    /// Records that a socket was closed.
    pub(crate) fn destroyed(&mut self, cookie: Cookie, now: SystemTime) {
        if let Some(change) = self.tracker.destroyed(cookie) {
            self.event(change, now);
        }
    }

    /// Records that the kernel does not report closings.
    pub(crate) fn events_off(&mut self, problem: ReadProblem) {
        self.send(&Notice::EventsOff(problem));
    }

    /// Ends all subscriptions.
    pub(crate) fn close(&mut self) {
        self.subscribers.clear();
    }

    fn event(&mut self, change: Change, now: SystemTime) {
        if change.kind == EventKind::Initial && !self.has_initial {
            return;
        }
        let event = self.history.push(change, now);
        self.send(&Notice::Event(event));
    }

    fn send(&self, notice: &Notice) {
        for subscriber in &self.subscribers {
            subscriber.send(notice.clone());
        }
    }
}
