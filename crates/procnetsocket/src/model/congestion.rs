//! Congestion control of TCP.

use std::fmt;

use bstr::BStr;

#[cfg(feature = "serde")]
use super::form;

/// A short name that the kernel keeps in a fixed array, such as the name of a congestion control
/// algorithm (`TCP_CA_NAME_MAX`) or of an upper layer protocol (`TCP_ULP_NAME_MAX`): at most 16
/// bytes, and not always UTF-8.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ShortName {
    bytes: [u8; Self::MAX],
    length: u8,
}

impl ShortName {
    /// Longest name, in bytes.
    pub const MAX: usize = 16;

    /// Returns the name up to its first NUL, or `None` when it is longer than [`ShortName::MAX`].
    pub fn new(name: &[u8]) -> Option<Self> {
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        let name = name.get(..end)?;
        let mut bytes = [0; Self::MAX];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { bytes, length: u8::try_from(name.len()).ok()? })
    }

    /// Returns the bytes of the name.
    pub fn as_bytes(&self) -> &BStr {
        // OK because the length was checked when the name was made.
        BStr::new(self.bytes.get(..self.length.into()).unwrap_or_default())
    }
}

impl fmt::Debug for ShortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().fmt(f)
    }
}

/// The details of a congestion control algorithm (`tcp_cc_info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum CongestionInfo {
    /// Of vegas, and of others that measure round trips (illinois, westwood, yeah).
    Vegas(VegasInfo),
    /// Of dctcp.
    Dctcp(DctcpInfo),
    /// Of bbr.
    Bbr(BbrInfo),
}

/// The details of vegas and similar algorithms; times in microseconds.
#[doc(alias = "tcpvegas_info")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VegasInfo {
    /// Whether the algorithm is active.
    #[doc(alias = "tcpv_enabled")]
    pub enabled: bool,
    /// Round trips that were measured.
    #[doc(alias = "tcpv_rttcnt")]
    pub round_trips: u32,
    /// The round trip time, or `None` before one was measured (`0x7fffffff` in the kernel).
    #[doc(alias = "tcpv_rtt")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub rtt_us: Option<u32>,
    /// The shortest round trip time, or `None` before one was measured.
    #[doc(alias = "tcpv_minrtt")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub min_rtt_us: Option<u32>,
}

/// The details of dctcp.
#[doc(alias = "tcp_dctcp_info")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DctcpInfo {
    /// Whether it is active; otherwise it fell back to reno, because the remote side has no ECN.
    #[doc(alias = "dctcp_enabled")]
    pub enabled: bool,
    /// Whether the last segment had a congestion mark.
    #[doc(alias = "dctcp_ce_state")]
    pub ce_state: u16,
    /// The share of marked bytes, in units of 1/1024.
    #[doc(alias = "dctcp_alpha")]
    pub alpha: u32,
    /// Marked bytes that were acknowledged in this window.
    #[doc(alias = "dctcp_ab_ecn")]
    pub acked_ecn_bytes: u32,
    /// Bytes that were acknowledged in this window.
    #[doc(alias = "dctcp_ab_tot")]
    pub acked_total_bytes: u32,
}

/// The details of bbr.
#[doc(alias = "tcp_bbr_info")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BbrInfo {
    /// The estimated bandwidth, in bytes per second.
    #[doc(alias = "bbr_bw_lo")]
    #[doc(alias = "bbr_bw_hi")]
    pub bandwidth_bytes_per_s: u64,
    /// The shortest round trip time.
    #[doc(alias = "bbr_min_rtt")]
    pub min_rtt_us: u32,
    /// The gain of the pacing rate in units of 1/256.
    #[doc(alias = "bbr_pacing_gain")]
    pub pacing_gain: u32,
    /// The gain of the congestion window in units of 1/256.
    #[doc(alias = "bbr_cwnd_gain")]
    pub cwnd_gain: u32,
}
