//! Socket states as a set, and the state in which a socket of any family is listed.

use std::fmt;

use procnetsocket::model::{InetSocket, Socket, Source, StateMask, TcpState};

/// A set of socket states. Sockets of families other than TCP are listed in the nearest TCP state,
/// see [`state_of`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct StateSet(u16);

procnetsocket::bit_set!(StateSet, EMPTY);

impl StateSet {
    /// Every state. Bit 0 is not a state of the kernel, but `ss` counts it, so this set always has
    /// more than one member.
    pub const ALL: Self = Self((1 << 14) - 1);
    /// The bit that is not a state of the kernel: no socket is in it.
    pub const UNKNOWN: Self = Self(1);
    /// Every state except LISTEN, UNCONN, TIME-WAIT and SYN-RECV: what `ss` lists without options.
    pub const CONNECTED: Self = Self::ALL
        .without(Self::of(TcpState::Listen))
        .without(Self::of(TcpState::Close))
        .without(Self::of(TcpState::TimeWait))
        .without(Self::of(TcpState::SynRecv));
    /// LISTEN and UNCONN: what `ss -l` lists.
    pub const LISTENING: Self = Self::of(TcpState::Listen).union(Self::of(TcpState::Close));

    /// Returns the set with one state.
    pub const fn of(state: TcpState) -> Self {
        Self(1 << state.number())
    }

    /// Returns whether `state` is in the set.
    pub const fn contains(self, state: TcpState) -> bool {
        self.0 & Self::of(state).0 != 0
    }

    /// Returns the states of the kernel in the set.
    pub fn mask(self) -> StateMask {
        TcpState::ALL.into_iter().filter(|state| self.contains(*state)).collect()
    }
}

impl fmt::Debug for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(TcpState::ALL.into_iter().filter(|state| self.contains(*state)))
            .finish()
    }
}

/// Returns the state by which `ss` selects a socket; [`shown_state_of`] is what it prints.
pub fn state_of(socket: &Socket<'_>) -> TcpState {
    socket.state()
}

/// Returns the state in which `ss` shows a socket.
///
/// It is that of [`state_of`], except for TCP sockets that are bound and idle: sock_diag reports
/// them, and they are shown as unconnected. A text table never contains any.
pub fn shown_state_of(socket: &Socket<'_>) -> TcpState {
    match socket {
        Socket::Inet(InetSocket {
            state: TcpState::BoundInactive,
            source: Source::SockDiag,
            ..
        }) => TcpState::Close,
        socket => state_of(socket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_options_match_the_manual() {
        assert_eq!(StateSet::LISTENING.len(), 2);
        assert!(!StateSet::CONNECTED.contains(TcpState::Listen));
        assert!(!StateSet::CONNECTED.contains(TcpState::SynRecv));
        assert!(StateSet::CONNECTED.contains(TcpState::BoundInactive));
        for state in TcpState::ALL {
            assert!(StateSet::ALL.contains(state));
            assert_eq!(StateSet::of(state).len(), 1);
        }
    }
}
