//! Socket states as a set, and the state in which a socket of any family is listed.

use std::fmt;

use procnetsocket::model::{
    InetSocket, Socket, StateMask, TcpState, UnixKind, UnixSocket, UnixState,
};

use crate::word::bit_set;

/// A set of socket states. Sockets of families that are not TCP are listed in the TCP state that
/// comes nearest, see [`state_of`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct StateSet(u16);

bit_set!(StateSet);

impl StateSet {
    /// Every state. Bit 0 stands for no state of the kernel; `ss` counts it, so that this set has
    /// more than one member whatever is taken from it.
    pub const ALL: Self = Self((1 << 14) - 1);
    /// The bit that stands for no state of the kernel: no socket is in it.
    pub const UNKNOWN: Self = Self(1);
    /// Every state but LISTEN, UNCONN, TIME-WAIT and SYN-RECV: what `ss` lists without options.
    pub const CONNECTED: Self = Self::ALL
        .without(Self::of(TcpState::Listen))
        .without(Self::of(TcpState::Close))
        .without(Self::of(TcpState::TimeWait))
        .without(Self::of(TcpState::SynRecv));
    /// LISTEN and UNCONN: what `ss -l` lists.
    pub const LISTENING: Self = Self::of(TcpState::Listen).union(Self::of(TcpState::Close));

    /// Returns the set that holds one state.
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
///
/// Packet and netlink sockets have no states and are listed as unconnected. Unix sockets are listed
/// in the TCP state that comes nearest to theirs.
pub fn state_of(socket: &Socket<'_>) -> TcpState {
    match socket {
        Socket::Inet(socket) => socket.state,
        Socket::Unix(socket) => unix_state(socket),
        Socket::Vsock(socket) => socket.state,
        // Packet and netlink sockets, and what later versions of the model add.
        _ => TcpState::Close,
    }
}

/// Returns the state in which `ss` shows a socket.
///
/// It is that of [`state_of`], but for TCP sockets that are bound and idle: sock_diag tells of them, and
/// they are shown as unconnected. A text table never has any.
pub fn shown_state_of(socket: &Socket<'_>) -> TcpState {
    match socket {
        Socket::Inet(InetSocket { state: TcpState::BoundInactive, cookie: Some(_), .. }) => {
            TcpState::Close
        }
        socket => state_of(socket),
    }
}

/// Compat: `ss` takes the kernel pointer of the text table for a peer, so that an unconnected
/// datagram socket counts as connected wherever pointers are shown (32 bits of them).
fn unix_state(socket: &UnixSocket) -> TcpState {
    match socket.state {
        UnixState::Unconnected
            if socket.kind == UnixKind::Datagram && socket.pointer.0 & 0xffff_ffff != 0 =>
        {
            TcpState::Established
        }
        UnixState::Connecting => TcpState::SynSent,
        UnixState::Connected => TcpState::Established,
        UnixState::Disconnecting => TcpState::Closing,
        UnixState::Listening => TcpState::Listen,
        // Of sock_diag, which numbers the states of unix sockets as those of TCP.
        UnixState::Other(number) => TcpState::from_number(number.into()).unwrap_or(TcpState::Close),
        // Unconnected, and what later versions of the model add.
        _ => TcpState::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_options_hold_what_the_manual_says() {
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
