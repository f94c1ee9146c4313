//! Sets of states.

use std::{fmt, str::FromStr};

use super::{state::TcpState, words::UnknownWord};

/// A set of states, in the form of sock_diag: bit `n` is the state of number `n`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct StateMask(u16);

impl StateMask {
    /// Every state.
    pub const ALL: Self = Self(0x3ffe);

    /// Returns the set with one state.
    pub const fn of(state: TcpState) -> Self {
        Self(1 << state.number())
    }

    /// Returns the kernel's bits.
    pub const fn bits(self) -> u32 {
        // The same as `u32::from`, which is not const.
        #[allow(clippy::as_conversions, reason = "from 16 to 32 bits in a const function")]
        {
            self.0 as u32
        }
    }

    /// Returns whether `state` is in the set.
    pub const fn contains(self, state: TcpState) -> bool {
        self.0 & Self::of(state).0 != 0
    }
}

bit_set!(StateMask, EMPTY);

impl FromIterator<TcpState> for StateMask {
    fn from_iter<I: IntoIterator<Item = TcpState>>(states: I) -> Self {
        states.into_iter().fold(Self::EMPTY, |set, state| set.union(Self::of(state)))
    }
}

impl fmt::Debug for StateMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = TcpState::ALL.into_iter().filter(|state| self.contains(*state));
        f.debug_set().entries(held).finish()
    }
}

/// The words of the states, with commas between; empty for no state.
impl fmt::Display for StateMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = TcpState::ALL.into_iter().filter(|state| self.contains(*state));
        f.pad(&states.map(TcpState::name).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for StateMask {
    type Err = UnknownWord;

    fn from_str(words: &str) -> Result<Self, UnknownWord> {
        words.split(',').filter(|word| !word.is_empty()).map(str::parse::<TcpState>).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_set_are_read_back() {
        for bits in 0..0x2000 {
            let set = StateMask(bits << 1);
            assert_eq!(set.to_string().parse(), Ok(set));
        }
        assert_eq!(StateMask::EMPTY.to_string(), "");
        assert_eq!("listen,unconn".parse::<StateMask>().unwrap().to_string(), "UNCONN,LISTEN");
        assert!("LISTEN;ESTAB".parse::<StateMask>().is_err());
    }
}
