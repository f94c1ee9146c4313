//! Changes of ports.

use std::{fmt, str::FromStr, time::SystemTime};

use crate::{port::Port, word::UnknownPortWord};

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It was open at the first look; reported only on request.
    Initial,
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Opened, Self::Closed];

    /// Returns the word that is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for EventKind {
    type Err = UnknownPortWord;

    fn from_str(word: &str) -> Result<Self, UnknownPortWord> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == word);
        found.ok_or(UnknownPortWord("initial, opened or closed"))
    }
}

/// A change without a number and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The kind of the change.
    pub kind: EventKind,
    /// The port; after closing, as it was last seen.
    pub port: Port,
}

/// A change with its number and time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its number, which counts from 1.
    pub sequence: u64,
    /// When it was noticed, by the system's clock. Times are unique: each of several simultaneous
    /// events is a nanosecond later than the one before.
    pub time: SystemTime,
    /// The kind of the change.
    pub kind: EventKind,
    /// The port; after closing, as it was last seen.
    pub port: Port,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Protocol;

    #[test]
    fn displayed_word_is_parsed_to_the_same_value() {
        for kind in EventKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        for protocol in Protocol::ALL {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        assert_eq!("x".parse::<Protocol>().unwrap_err().to_string(), "expected tcp, udp or unix");
    }
}
