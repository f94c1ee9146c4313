//! The statistics of SCTP associations.

use std::net::SocketAddr;

#[cfg(feature = "serde")]
use super::form;

/// The state of an SCTP association (`enum sctp_state`, which is not that of TCP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum SctpState {
    /// Number 0.
    #[doc(alias = "SCTP_STATE_CLOSED")]
    Closed,
    /// Number 1: INIT was sent.
    #[doc(alias = "SCTP_STATE_COOKIE_WAIT")]
    CookieWait,
    /// Number 2: the cookie was sent back.
    #[doc(alias = "SCTP_STATE_COOKIE_ECHOED")]
    CookieEchoed,
    /// Number 3.
    #[doc(alias = "SCTP_STATE_ESTABLISHED")]
    Established,
    /// Number 4: this side ends, and sent data is not acknowledged yet.
    #[doc(alias = "SCTP_STATE_SHUTDOWN_PENDING")]
    ShutdownPending,
    /// Number 5: SHUTDOWN was sent.
    #[doc(alias = "SCTP_STATE_SHUTDOWN_SENT")]
    ShutdownSent,
    /// Number 6: SHUTDOWN was received.
    #[doc(alias = "SCTP_STATE_SHUTDOWN_RECEIVED")]
    ShutdownReceived,
    /// Number 7: SHUTDOWN ACK was sent.
    #[doc(alias = "SCTP_STATE_SHUTDOWN_ACK_SENT")]
    ShutdownAckSent,
}

impl SctpState {
    /// Returns the state of that kernel number, or `None` when there is none.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Closed,
            1 => Self::CookieWait,
            2 => Self::CookieEchoed,
            3 => Self::Established,
            4 => Self::ShutdownPending,
            5 => Self::ShutdownSent,
            6 => Self::ShutdownReceived,
            7 => Self::ShutdownAckSent,
            _ => return None,
        })
    }
}

/// The statistics of an SCTP socket and its association (`struct sctp_info`, `sctp_get_sctp_info`).
///
/// Times are in milliseconds. A field that the running kernel lacks is zero.
#[doc(alias = "sctp_info")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SctpInfo {
    /// The local tag.
    #[doc(alias = "sctpi_tag")]
    pub tag: u32,
    /// The state: 1 more than the number of [`SctpState`], and 0 without an association.
    #[doc(alias = "sctpi_state")]
    pub state: u32,
    /// The local receive window, in bytes.
    #[doc(alias = "sctpi_rwnd")]
    pub receive_window: u32,
    /// Unacknowledged data chunks.
    #[doc(alias = "sctpi_unackdata")]
    pub unacked_chunks: u16,
    /// Unread data chunks.
    #[doc(alias = "sctpi_penddata")]
    pub pending_chunks: u16,
    /// Inbound streams.
    #[doc(alias = "sctpi_instrms")]
    pub in_streams: u16,
    /// Outbound streams.
    #[doc(alias = "sctpi_outstrms")]
    pub out_streams: u16,
    /// The size above which messages are fragmented.
    #[doc(alias = "sctpi_fragmentation_point")]
    pub fragmentation_point: u32,
    /// Chunks in the inbound queue.
    #[doc(alias = "sctpi_inqueue")]
    pub in_queue: u32,
    /// Chunks in the outbound queue.
    #[doc(alias = "sctpi_outqueue")]
    pub out_queue: u32,
    /// Errors since the last success.
    #[doc(alias = "sctpi_overall_error")]
    pub overall_error: u32,
    /// The limit of a burst in packets.
    #[doc(alias = "sctpi_max_burst")]
    pub max_burst: u32,
    /// Largest segment, in bytes.
    #[doc(alias = "sctpi_maxseg")]
    pub max_segment: u32,
    /// The remote receive window, in bytes.
    #[doc(alias = "sctpi_peer_rwnd")]
    pub peer_receive_window: u32,
    /// The tag of the remote side.
    #[doc(alias = "sctpi_peer_tag")]
    pub peer_tag: u32,
    /// Capabilities of the remote side, as the kernel's bits.
    #[doc(alias = "sctpi_peer_capable")]
    pub peer_capable: u8,
    /// Whether the remote side needs an acknowledgement at once.
    #[doc(alias = "sctpi_peer_sack")]
    pub peer_sack: u8,
    /// Counters of the association.
    pub counters: SctpCounters,
    /// The primary path.
    pub primary: SctpPath,
    /// Seconds after which an idle association ends; 0 for never.
    #[doc(alias = "sctpi_s_autoclose")]
    pub autoclose_s: u32,
    /// The adaptation indication.
    #[doc(alias = "sctpi_s_adaptation_ind")]
    pub adaptation_indication: u32,
    /// Message size at which partial delivery begins.
    #[doc(alias = "sctpi_s_pd_point")]
    pub partial_delivery_point: u32,
    /// Whether small messages are sent at once.
    #[doc(alias = "sctpi_s_nodelay")]
    pub no_delay: u8,
    /// Whether messages are never fragmented.
    #[doc(alias = "sctpi_s_disable_fragments")]
    pub disable_fragments: u8,
    /// Whether IPv4 addresses are shown as mapped ones.
    #[doc(alias = "sctpi_s_v4mapped")]
    pub v4_mapped: u8,
    /// How fragments of messages may interleave: 0 to 2.
    #[doc(alias = "sctpi_s_frag_interleave")]
    pub fragment_interleave: u8,
    /// The style of the socket: 0 one-to-many, 1 one-to-one, 2 high bandwidth.
    #[doc(alias = "sctpi_s_type")]
    pub style: u32,
}

/// Counters of an SCTP association.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SctpCounters {
    /// Acknowledgements received.
    #[doc(alias = "sctpi_isacks")]
    pub sacks_in: u64,
    /// Acknowledgements sent.
    #[doc(alias = "sctpi_osacks")]
    pub sacks_out: u64,
    /// Packets sent.
    #[doc(alias = "sctpi_opackets")]
    pub packets_out: u64,
    /// Packets received.
    #[doc(alias = "sctpi_ipackets")]
    pub packets_in: u64,
    /// Chunks that were retransmitted.
    #[doc(alias = "sctpi_rtxchunks")]
    pub retransmitted_chunks: u64,
    /// Chunks that arrived out of order.
    #[doc(alias = "sctpi_outofseqtsns")]
    pub out_of_sequence: u64,
    /// Duplicates received.
    #[doc(alias = "sctpi_idupchunks")]
    pub duplicates_in: u64,
    /// Gaps that were acknowledged.
    #[doc(alias = "sctpi_gapcnt")]
    pub gaps: u64,
    /// Unordered chunks sent.
    #[doc(alias = "sctpi_ouodchunks")]
    pub unordered_out: u64,
    /// Unordered chunks received.
    #[doc(alias = "sctpi_iuodchunks")]
    pub unordered_in: u64,
    /// Ordered chunks sent.
    #[doc(alias = "sctpi_oodchunks")]
    pub ordered_out: u64,
    /// Ordered chunks received.
    #[doc(alias = "sctpi_iodchunks")]
    pub ordered_in: u64,
    /// Control chunks sent.
    #[doc(alias = "sctpi_octrlchunks")]
    pub control_out: u64,
    /// Control chunks received.
    #[doc(alias = "sctpi_ictrlchunks")]
    pub control_in: u64,
}

/// The primary path of an SCTP association.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SctpPath {
    /// The address; `None` without an association.
    #[doc(alias = "sctpi_p_address")]
    #[cfg_attr(feature = "serde", serde(with = "form::optional_endpoint"))]
    pub address: Option<SocketAddr>,
    /// The state of the path, as the kernel's number.
    #[doc(alias = "sctpi_p_state")]
    pub state: i32,
    /// The congestion window.
    #[doc(alias = "sctpi_p_cwnd")]
    pub congestion_window: u32,
    /// The smoothed round trip time.
    #[doc(alias = "sctpi_p_srtt")]
    pub rtt_ms: u32,
    /// The retransmission timeout.
    #[doc(alias = "sctpi_p_rto")]
    pub rto_ms: u32,
    /// The interval of heartbeats.
    #[doc(alias = "sctpi_p_hbinterval")]
    pub heartbeat_ms: u32,
    /// Retransmissions after which the path is given up.
    #[doc(alias = "sctpi_p_pathmaxrxt")]
    pub max_retransmissions: u32,
    /// The delay of acknowledgements.
    #[doc(alias = "sctpi_p_sackdelay")]
    pub sack_delay_ms: u32,
    /// Packets that are acknowledged together.
    #[doc(alias = "sctpi_p_sackfreq")]
    pub sack_frequency: u32,
    /// The slow start threshold.
    #[doc(alias = "sctpi_p_ssthresh")]
    pub ssthresh: u32,
    /// Bytes acknowledged towards the next growth of the window.
    #[doc(alias = "sctpi_p_partial_bytes_acked")]
    pub partial_bytes_acked: u32,
    /// Bytes in flight.
    #[doc(alias = "sctpi_p_flight_size")]
    pub flight_size: u32,
    /// Errors of the path.
    #[doc(alias = "sctpi_p_error")]
    pub error: u16,
}
