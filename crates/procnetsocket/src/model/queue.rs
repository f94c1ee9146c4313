//! Queues of a socket: bytes or connections that wait.

/// The two queues of a socket.
///
/// For a listening TCP socket `recv` counts connections that wait to be accepted; for all others
/// both count bytes. The kernel prints 32 bits as unsigned, though some of its counters are signed
/// and may briefly be negative: `recv.cast_signed()` gives the signed value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Queues {
    /// Bytes that wait to be read, or connections that wait to be accepted.
    #[cfg_attr(feature = "serde", serde(rename = "recv_q"))]
    pub recv: u32,
    /// Bytes that wait to be sent or acknowledged. Text tables contain 0 here for a listener.
    #[cfg_attr(feature = "serde", serde(rename = "send_q"))]
    pub send: u32,
}
