//! What a monitor knows: readings and closings in, events out. It knows no thread and no clock.

use std::time::SystemTime;

use procnetsocket::model::Cookie;

use crate::{
    Change, EventKind, History, Initial, Notice, Polled, Problem, ProblemKind, Subscription,
    Tracker,
    subscription::{Subscriber, channel},
};

pub(crate) struct Ledger {
    pub(crate) tracker: Tracker,
    pub(crate) history: History,
    /// How often readings were taken in.
    pub(crate) looks: u64,
    initial: Initial,
    subscribers: Vec<Subscriber>,
    /// Why owners could not be told the last time that they could not.
    ownerless: Option<ProblemKind>,
}

impl Ledger {
    pub(crate) fn new(initial: Initial, history: usize) -> Self {
        Self {
            tracker: Tracker::new(),
            history: History::new(history),
            looks: 0,
            initial,
            subscribers: Vec::new(),
            ownerless: None,
        }
    }

    pub(crate) fn subscribe(&mut self, capacity: usize) -> Subscription {
        let (subscriber, subscription) = channel(capacity);
        self.subscribers.push(subscriber);
        subscription
    }

    /// Takes in what one look came to.
    pub(crate) fn record(&mut self, polled: Polled, now: SystemTime) {
        self.tracker.attribute(&polled.changes);
        for turn in polled.turns {
            self.tell(&turn.into());
        }
        for change in polled.changes {
            self.event(change, now);
        }
        self.note_ownerless(polled.ownerless);
        self.looks = self.looks.saturating_add(1);
        self.subscribers.retain(Subscriber::is_heard);
    }

    /// Tells once that owners cannot be told, as long as the kind of the reason stays.
    fn note_ownerless(&mut self, problem: Option<Problem>) {
        let Some(problem) = problem else { return };
        if self.ownerless.replace(problem.kind()) != Some(problem.kind()) {
            self.tell(&Notice::Ownerless(problem));
        }
    }

    /// Takes in that a socket was closed.
    pub(crate) fn destroyed(&mut self, cookie: Cookie, now: SystemTime) {
        if let Some(change) = self.tracker.destroyed(cookie) {
            self.event(change, now);
        }
    }

    /// Takes in that the kernel does not tell of closings.
    pub(crate) fn deaf(&mut self, problem: Problem) {
        self.tell(&Notice::Deaf(problem));
    }

    /// Ends all subscriptions.
    pub(crate) fn close(&mut self) {
        self.subscribers.clear();
    }

    fn event(&mut self, change: Change, now: SystemTime) {
        if change.kind == EventKind::Initial && self.initial == Initial::Silent {
            return;
        }
        let event = self.history.push(change, now);
        self.tell(&Notice::Event(event));
    }

    fn tell(&self, notice: &Notice) {
        for subscriber in &self.subscribers {
            subscriber.send(notice.clone());
        }
    }
}
