//! The choices of options.

/// The choice of an option without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Tcp,
    Udp,
    Raw,
    Unix,
    Ipv4,
    Ipv6,
    All,
    Listening,
    NumericHosts,
    NumericPorts,
    NumericUsers,
    Programs,
    Extended,
    Timers,
    Wide,
}

impl Choice {
    const fn bit(self) -> u16 {
        match self {
            Self::Tcp => 1,
            Self::Udp => 1 << 1,
            Self::Raw => 1 << 2,
            Self::Unix => 1 << 3,
            Self::Ipv4 => 1 << 4,
            Self::Ipv6 => 1 << 5,
            Self::All => 1 << 6,
            Self::Listening => 1 << 7,
            Self::NumericHosts => 1 << 8,
            Self::NumericPorts => 1 << 9,
            Self::NumericUsers => 1 << 10,
            Self::Programs => 1 << 11,
            Self::Extended => 1 << 12,
            Self::Timers => 1 << 13,
            Self::Wide => 1 << 14,
        }
    }
}

/// A set of choices. The order of options has no meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choices(u16);

impl Choices {
    pub(crate) const fn contains(self, choice: Choice) -> bool {
        self.0 & choice.bit() != 0
    }
}

impl Extend<Choice> for Choices {
    fn extend<I: IntoIterator<Item = Choice>>(&mut self, choices: I) {
        for choice in choices {
            self.0 |= choice.bit();
        }
    }
}

impl FromIterator<Choice> for Choices {
    fn from_iter<I: IntoIterator<Item = Choice>>(choices: I) -> Self {
        let mut set = Self::default();
        set.extend(choices);
        set
    }
}
