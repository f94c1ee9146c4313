//! Bytes or connections that wait in a socket.

/// The two queues of a socket.
///
/// For a listening TCP socket `recv` counts connections that wait to be accepted; for all others
/// both count bytes. The kernel prints 32 bits without a sign, though some of its counters are
/// signed and may briefly be below zero: `recv.cast_signed()` gives that reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Queues {
    /// What waits to be read, or to be accepted.
    #[cfg_attr(feature = "serde", serde(rename = "recv_q"))]
    pub recv: u32,
    /// What waits to be sent or acknowledged. Text tables show 0 here for a listener.
    #[cfg_attr(feature = "serde", serde(rename = "send_q"))]
    pub send: u32,
}
