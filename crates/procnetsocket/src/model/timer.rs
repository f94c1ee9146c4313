//! Timers of internet sockets.

use std::time::Duration;

#[cfg(feature = "serde")]
use super::form;

/// A running timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timer {
    /// Which timer runs.
    pub kind: TimerKind,
    /// The remaining time. Text tables count it in clock ticks of 10 ms (`USER_HZ` is 100).
    #[cfg_attr(feature = "serde", serde(rename = "expires_ms", with = "form::milliseconds"))]
    pub expires: Duration,
}

impl Timer {
    /// Returns the timer of that kernel number, if one runs, and its clock ticks.
    pub(crate) fn from_ticks(kind: u8, expires: u64) -> Option<Self> {
        let kind = TimerKind::from_number(kind.into())?;
        Some(Self { kind, expires: ticks(expires) })
    }
}

/// Returns the time of that number of clock ticks; more than 64 bits of milliseconds are capped.
///
/// Kernel: `USER_HZ` is 100 on every architecture but alpha, so a tick is 10 ms.
pub(super) fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(10))
}

/// The kinds of timers that the kernel reports (`get_tcp4_sock`, `inet_sk_diag_fill`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimerKind {
    /// Number 1: retransmission, early retransmission or tail loss probe.
    Retransmit,
    /// Number 2: keepalive.
    Keepalive,
    /// Number 3: the end of TIME-WAIT.
    TimeWait,
    /// Number 4: zero window probe.
    Probe,
    /// Number 5: delayed acknowledgement (newer kernels).
    DelayedAck,
    /// An unknown number.
    Other(u32),
}

impl TimerKind {
    /// Returns the kind of that kernel number, or `None` for 0, which means that no timer runs.
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => return None,
            1 => Self::Retransmit,
            2 => Self::Keepalive,
            3 => Self::TimeWait,
            4 => Self::Probe,
            5 => Self::DelayedAck,
            other => Self::Other(other),
        })
    }
}
