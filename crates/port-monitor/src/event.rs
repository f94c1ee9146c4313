//! What happened to a port.

use std::time::SystemTime;

use crate::Port;

/// What happened to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It was there when the monitor first looked; told on request only.
    Initial,
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

impl EventKind {
    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }
}

/// A change that has no number and no time yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: EventKind,
    /// The port; of one that closed, as it was last seen.
    pub port: Port,
}

/// A change as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its number: 1 for the first, and one more for each that follows.
    pub sequence: u64,
    /// When it was noticed, by the clock of the system. No event has the time of the one before it:
    /// of events of one instant each is a nanosecond later.
    pub time: SystemTime,
    /// What happened.
    pub kind: EventKind,
    /// The port; of one that closed, as it was last seen.
    pub port: Port,
}
