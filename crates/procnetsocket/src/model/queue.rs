//! Bytes or connections that wait in a socket.

/// The two queues of a socket.
///
/// For a listening TCP socket `recv` counts connections that wait to be accepted; for all others
/// both count bytes. The kernel prints 32 bits without a sign, though some of its counters are
/// signed and may briefly be below zero: `recv.cast_signed()` gives that reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queues {
    /// What waits to be read, or to be accepted.
    pub recv: u32,
    /// What waits to be sent or acknowledged. Text tables show 0 here for a listener.
    pub send: u32,
}
