//! Sets of states.

use std::fmt;

use super::state::TcpState;

/// A set of states, as sock_diag takes it: bit `n` is the state of number `n`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct StateMask(u16);

impl StateMask {
    /// No state.
    pub const EMPTY: Self = Self(0);
    /// Every state.
    pub const ALL: Self = Self(0x3ffe);

    /// Returns the set that holds one state.
    pub const fn of(state: TcpState) -> Self {
        Self(1 << state.number())
    }

    /// Returns the kernel's bits.
    pub const fn bits(self) -> u32 {
        // The widening that `u32::from` does, which is not const.
        #[allow(clippy::as_conversions, reason = "from 16 to 32 bits in a const function")]
        {
            self.0 as u32
        }
    }

    /// Returns the set of what is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the set of what is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the set without what is in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns whether `state` is in the set.
    pub const fn contains(self, state: TcpState) -> bool {
        self.0 & Self::of(state).0 != 0
    }

    /// Returns whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

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
