//! The statistics of TCP connections.

use super::state::TcpState;

/// The statistics of a TCP connection (`struct tcp_info`, filled by `tcp_get_info`).
///
/// The kernel has extended it many times, always at its end. A field that the running kernel lacks
/// is zero; [`TcpInfo::kernel_bytes`] shows which these are.
///
/// Times are in the unit of the field's name, sizes in bytes and rates in bytes per second. In the
/// LISTEN state some fields have another meaning, which they document.
#[doc(alias = "tcp_info")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default = "TcpInfo::absent"))]
pub struct TcpInfo {
    /// The length of the kernel's structure in bytes; at least 104 on kernels of this century.
    pub kernel_bytes: u16,
    /// The state, as in the row; `None` for an unknown number.
    #[doc(alias = "tcpi_state")]
    pub state: Option<TcpState>,
    /// The state of congestion control: 0 open, 1 disorder, 2 CWR, 3 recovery, 4 loss.
    #[doc(alias = "tcpi_ca_state")]
    pub ca_state: u8,
    /// Retransmissions of the oldest unacknowledged segment.
    #[doc(alias = "tcpi_retransmits")]
    pub retransmits: u8,
    /// Unanswered probes.
    #[doc(alias = "tcpi_probes")]
    pub probes: u8,
    /// How often the retransmission timeout was doubled.
    #[doc(alias = "tcpi_backoff")]
    pub backoff: u8,
    /// The options that both sides agreed on.
    #[doc(alias = "tcpi_options")]
    pub options: TcpOptions,
    /// The shift of the windows that the remote side announces; 0 to 14.
    #[doc(alias = "tcpi_snd_wscale")]
    pub send_window_scale: u8,
    /// The shift of the windows that this side announces; 0 to 14.
    #[doc(alias = "tcpi_rcv_wscale")]
    pub receive_window_scale: u8,
    /// Whether the delivery rate was limited by the application.
    #[doc(alias = "tcpi_delivery_rate_app_limited")]
    pub delivery_rate_app_limited: bool,
    /// Why TCP Fast Open failed: 0 unknown, 1 no cookie, 2 no SYN data acknowledged, 3 retransmit.
    #[doc(alias = "tcpi_fastopen_client_fail")]
    pub fastopen_client_fail: u8,
    /// The retransmission timeout.
    #[doc(alias = "tcpi_rto")]
    pub rto_us: u32,
    /// The delayed acknowledgement timeout; 0 when none was measured.
    #[doc(alias = "tcpi_ato")]
    pub ato_us: u32,
    /// The segment size of sent segments.
    #[doc(alias = "tcpi_snd_mss")]
    pub send_mss: u32,
    /// The segment size of received segments, as estimated.
    #[doc(alias = "tcpi_rcv_mss")]
    pub receive_mss: u32,
    /// Unacknowledged segments; for a listener, connections that wait to be accepted.
    #[doc(alias = "tcpi_unacked")]
    pub unacked: u32,
    /// Selectively acknowledged segments; for a listener, the limit of its queue.
    #[doc(alias = "tcpi_sacked")]
    pub sacked: u32,
    /// Segments that count as lost.
    #[doc(alias = "tcpi_lost")]
    pub lost: u32,
    /// Segments that were retransmitted and are unacknowledged.
    #[doc(alias = "tcpi_retrans")]
    pub retransmitted: u32,
    /// Segments known to have arrived, of forward acknowledgement; 0 since Linux 4.15.
    #[doc(alias = "tcpi_fackets")]
    pub fackets: u32,
    /// Time since data was sent.
    #[doc(alias = "tcpi_last_data_sent")]
    pub last_data_sent_ms: u32,
    /// Always 0: the kernel does not record it.
    #[doc(alias = "tcpi_last_ack_sent")]
    pub last_ack_sent_ms: u32,
    /// Time since data was received.
    #[doc(alias = "tcpi_last_data_recv")]
    pub last_data_received_ms: u32,
    /// Time since an acknowledgement was received.
    #[doc(alias = "tcpi_last_ack_recv")]
    pub last_ack_received_ms: u32,
    /// The path MTU.
    #[doc(alias = "tcpi_pmtu")]
    pub path_mtu: u32,
    /// The size up to which the receive window may grow at once.
    #[doc(alias = "tcpi_rcv_ssthresh")]
    pub receive_ssthresh: u32,
    /// The smoothed round trip time; 0 when none was measured.
    #[doc(alias = "tcpi_rtt")]
    pub rtt_us: u32,
    /// The mean deviation of the round trip time.
    #[doc(alias = "tcpi_rttvar")]
    pub rtt_variance_us: u32,
    /// The slow start threshold in segments; `0x7fffffff` in initial slow start.
    #[doc(alias = "tcpi_snd_ssthresh")]
    pub send_ssthresh: u32,
    /// The congestion window in segments.
    #[doc(alias = "tcpi_snd_cwnd")]
    pub congestion_window: u32,
    /// The segment size that this side announced.
    #[doc(alias = "tcpi_advmss")]
    pub advertised_mss: u32,
    /// How many segments the order may differ by before a loss is assumed; 3 by default.
    #[doc(alias = "tcpi_reordering")]
    pub reordering: u32,
    /// The round trip time as the receiver estimates it; 0 when it was not estimated.
    #[doc(alias = "tcpi_rcv_rtt")]
    pub receive_rtt_us: u32,
    /// Bytes that the application reads per round trip, for the size of the receive buffer.
    #[doc(alias = "tcpi_rcv_space")]
    pub receive_space: u32,
    /// Segments that were retransmitted over the whole connection.
    #[doc(alias = "tcpi_total_retrans")]
    pub total_retransmitted: u32,
    /// The pacing rate; all ones when there is none.
    #[doc(alias = "tcpi_pacing_rate")]
    pub pacing_rate: u64,
    /// The limit of the pacing rate; all ones when there is none.
    #[doc(alias = "tcpi_max_pacing_rate")]
    pub max_pacing_rate: u64,
    /// Bytes that the remote side acknowledged.
    #[doc(alias = "tcpi_bytes_acked")]
    pub bytes_acked: u64,
    /// Bytes that were received in order.
    #[doc(alias = "tcpi_bytes_received")]
    pub bytes_received: u64,
    /// Segments that were sent.
    #[doc(alias = "tcpi_segs_out")]
    pub segments_out: u32,
    /// Segments that were received.
    #[doc(alias = "tcpi_segs_in")]
    pub segments_in: u32,
    /// Bytes in the send queue that were never sent.
    #[doc(alias = "tcpi_notsent_bytes")]
    pub not_sent_bytes: u32,
    /// The shortest round trip time; all ones when none was measured.
    #[doc(alias = "tcpi_min_rtt")]
    pub min_rtt_us: u32,
    /// Segments with data that were received.
    #[doc(alias = "tcpi_data_segs_in")]
    pub data_segments_in: u32,
    /// Segments with data that were sent.
    #[doc(alias = "tcpi_data_segs_out")]
    pub data_segments_out: u32,
    /// The recent rate of arrival at the remote side.
    #[doc(alias = "tcpi_delivery_rate")]
    pub delivery_rate: u64,
    /// Time with data to send.
    #[doc(alias = "tcpi_busy_time")]
    pub busy_us: u64,
    /// Time in which the remote side's window delayed data.
    #[doc(alias = "tcpi_rwnd_limited")]
    pub receive_window_limited_us: u64,
    /// Time in which the size of the send buffer delayed data.
    #[doc(alias = "tcpi_sndbuf_limited")]
    pub send_buffer_limited_us: u64,
    /// Segments that arrived at the remote side.
    #[doc(alias = "tcpi_delivered")]
    pub delivered: u32,
    /// Number of these with a congestion mark.
    #[doc(alias = "tcpi_delivered_ce")]
    pub delivered_ce: u32,
    /// Bytes that were sent, retransmissions included.
    #[doc(alias = "tcpi_bytes_sent")]
    pub bytes_sent: u64,
    /// Bytes that were retransmitted.
    #[doc(alias = "tcpi_bytes_retrans")]
    pub bytes_retransmitted: u64,
    /// Duplicates that the remote side reported.
    #[doc(alias = "tcpi_dsack_dups")]
    pub dsack_duplicates: u32,
    /// How often sent segments were seen out of order.
    #[doc(alias = "tcpi_reord_seen")]
    pub reorderings_seen: u32,
    /// Segments that were received out of order.
    #[doc(alias = "tcpi_rcv_ooopack")]
    pub received_out_of_order: u32,
    /// The window that the remote side announced.
    #[doc(alias = "tcpi_snd_wnd")]
    pub send_window: u32,
    /// The window that this side announced; Linux 6.2.
    #[doc(alias = "tcpi_rcv_wnd")]
    pub receive_window: u32,
    /// How often another flow label was tried to get another path; Linux 6.2.
    #[doc(alias = "tcpi_rehash")]
    pub rehashes: u32,
    /// Retransmission timeouts; Linux 6.7.
    #[doc(alias = "tcpi_total_rto")]
    pub total_rto: u16,
    /// Recoveries from such timeouts; Linux 6.7.
    #[doc(alias = "tcpi_total_rto_recoveries")]
    pub total_rto_recoveries: u16,
    /// Time spent in them; Linux 6.7.
    #[doc(alias = "tcpi_total_rto_time")]
    pub total_rto_ms: u32,
    /// Accurate ECN; Linux 6.18.
    pub accurate_ecn: AccurateEcn,
}

/// The options that both sides of a TCP connection agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpOptions(u8);

impl TcpOptions {
    /// Timestamps.
    #[doc(alias = "TCPI_OPT_TIMESTAMPS")]
    pub const TIMESTAMPS: Self = Self(1);
    /// Selective acknowledgements.
    #[doc(alias = "TCPI_OPT_SACK")]
    pub const SACK: Self = Self(2);
    /// Window scaling.
    #[doc(alias = "TCPI_OPT_WSCALE")]
    pub const WINDOW_SCALE: Self = Self(4);
    /// Explicit congestion notification.
    #[doc(alias = "TCPI_OPT_ECN")]
    pub const ECN: Self = Self(8);
    /// A packet that may be marked was received.
    #[doc(alias = "TCPI_OPT_ECN_SEEN")]
    pub const ECN_SEEN: Self = Self(16);
    /// Data in the SYN was acknowledged.
    #[doc(alias = "TCPI_OPT_SYN_DATA")]
    pub const SYN_DATA: Self = Self(32);
    /// Timestamps count microseconds; Linux 6.7.
    #[doc(alias = "TCPI_OPT_USEC_TS")]
    pub const MICROSECOND_TIMESTAMPS: Self = Self(64);
    /// The connection was accepted by TCP Fast Open; Linux 6.14.
    #[doc(alias = "TCPI_OPT_TFO_CHILD")]
    pub const FAST_OPEN_CHILD: Self = Self(128);
}

kernel_bits!(TcpOptions, u8);

/// Counters of accurate ECN; bytes wrap around at 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct AccurateEcn {
    /// Segments with a congestion mark that were received.
    #[doc(alias = "tcpi_received_ce")]
    pub received_ce: u32,
    /// Bytes delivered with ECT(1).
    #[doc(alias = "tcpi_delivered_e1_bytes")]
    pub delivered_e1_bytes: u32,
    /// Bytes delivered with ECT(0).
    #[doc(alias = "tcpi_delivered_e0_bytes")]
    pub delivered_e0_bytes: u32,
    /// Bytes delivered with a congestion mark.
    #[doc(alias = "tcpi_delivered_ce_bytes")]
    pub delivered_ce_bytes: u32,
    /// Bytes received with ECT(1).
    #[doc(alias = "tcpi_received_e1_bytes")]
    pub received_e1_bytes: u32,
    /// Bytes received with ECT(0).
    #[doc(alias = "tcpi_received_e0_bytes")]
    pub received_e0_bytes: u32,
    /// Bytes received with a congestion mark.
    #[doc(alias = "tcpi_received_ce_bytes")]
    pub received_ce_bytes: u32,
}
