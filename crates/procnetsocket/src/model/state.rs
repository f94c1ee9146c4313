//! The states of internet sockets.

/// The state of a TCP socket, and of other internet sockets as far as they have one
/// (`include/net/tcp_states.h`).
///
/// A datagram or raw socket is [`Established`](Self::Established) when it is connected and
/// [`Close`](Self::Close) when it is not.
///
/// It is printed as the word of iproute2, and parsed from it in upper or lower case: `ESTAB`,
/// `SYN-SENT`, `TIME-WAIT`, `UNCONN` (for [`Close`](Self::Close)), `LISTEN` ... Words of filters
/// for several states (`connected`, `listening`) are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum TcpState {
    /// Connected.
    #[doc(alias = "TCP_ESTABLISHED")]
    Established = 1,
    /// A SYN was sent.
    #[doc(alias = "TCP_SYN_SENT")]
    SynSent = 2,
    /// A SYN was received.
    #[doc(alias = "TCP_SYN_RECV")]
    SynRecv = 3,
    /// This side closed; its FIN is unacknowledged.
    #[doc(alias = "TCP_FIN_WAIT1")]
    #[cfg_attr(feature = "serde", serde(rename = "fin-wait-1"))]
    FinWait1 = 4,
    /// This side closed; its FIN is acknowledged.
    #[doc(alias = "TCP_FIN_WAIT2")]
    #[cfg_attr(feature = "serde", serde(rename = "fin-wait-2"))]
    FinWait2 = 5,
    /// Both sides closed; the kernel keeps the addresses for a while.
    #[doc(alias = "TCP_TIME_WAIT")]
    TimeWait = 6,
    /// Not connected.
    #[doc(alias = "TCP_CLOSE")]
    Close = 7,
    /// The remote side closed.
    #[doc(alias = "TCP_CLOSE_WAIT")]
    CloseWait = 8,
    /// Both sides closed; this side's FIN is unacknowledged.
    #[doc(alias = "TCP_LAST_ACK")]
    LastAck = 9,
    /// Waiting for connections.
    #[doc(alias = "TCP_LISTEN")]
    Listen = 10,
    /// Both sides closed at the same time.
    #[doc(alias = "TCP_CLOSING")]
    Closing = 11,
    /// A connection request without a full socket yet; text tables show it as SYN-RECV.
    #[doc(alias = "TCP_NEW_SYN_RECV")]
    NewSynRecv = 12,
    /// Bound to a port and neither listening nor connected (since Linux 6.8, never in text tables).
    #[doc(alias = "TCP_BOUND_INACTIVE")]
    BoundInactive = 13,
}

impl TcpState {
    /// Every state, in the order of its number.
    pub const ALL: [Self; 13] = [
        Self::Established,
        Self::SynSent,
        Self::SynRecv,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Close,
        Self::CloseWait,
        Self::LastAck,
        Self::Listen,
        Self::Closing,
        Self::NewSynRecv,
        Self::BoundInactive,
    ];

    /// Returns the state of that kernel number, or `None` when there is none.
    pub fn from_number(number: u64) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Returns the kernel's number, 1 to 13.
    #[allow(clippy::as_conversions, reason = "the discriminants are the kernel's numbers")]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

// The words of `ss`, which has none for the last two and prints `UNDEF`.
words!(TcpState {
    Established = "ESTAB",
    SynSent = "SYN-SENT",
    SynRecv = "SYN-RECV",
    FinWait1 = "FIN-WAIT-1",
    FinWait2 = "FIN-WAIT-2",
    TimeWait = "TIME-WAIT",
    Close = "UNCONN",
    CloseWait = "CLOSE-WAIT",
    LastAck = "LAST-ACK",
    Listen = "LISTEN",
    Closing = "CLOSING",
    NewSynRecv = "NEW-SYN-RECV",
    BoundInactive = "BOUND-INACTIVE",
});
