//! Statistics of connections: TCP, Multipath TCP, SCTP and congestion control.
//!
//! New kernels append fields to these structures, so they are read as far as they go.

use super::super::bytes::{Attribute, Fault, Prefix};
use crate::model::{
    AccurateEcn, BbrInfo, DctcpInfo, MptcpInfo, SctpCounters, SctpInfo, SctpPath, TcpInfo,
    TcpOptions, TcpState, VegasInfo,
};

/// Bytes of `tcp_info` up to and with `tcpi_options`; every kernel has far more.
const LEAST_TCP_INFO: usize = 8;

/// The number of vegas for a time that was not measured.
const NO_TIME: u32 = 0x7fff_ffff;

/// Reads `struct tcp_info`.
#[expect(clippy::too_many_lines, reason = "one line for each field of the kernel's structure")]
pub(super) fn decode_tcp(attribute: &Attribute<'_>) -> Result<TcpInfo, Fault> {
    let mut fields = attribute.prefix(LEAST_TCP_INFO, "statistics of TCP (INET_DIAG_INFO)")?;
    let fields = &mut fields;
    let state = TcpState::from_number(fields.u8().into());
    let [ca_state, retransmits, probes, backoff, options, scales, limits] = fields.array();
    // The initializers are in the order of the kernel's fields.
    Ok(TcpInfo {
        kernel_bytes: kernel_bytes(attribute),
        state,
        ca_state,
        retransmits,
        probes,
        backoff,
        options: TcpOptions::from_bits(options),
        send_window_scale: bits(scales, 0, 4),
        receive_window_scale: bits(scales, 4, 4),
        delivery_rate_app_limited: bits(limits, 0, 1) == 1,
        fastopen_client_fail: bits(limits, 1, 2),
        rto_us: fields.u32(),
        ato_us: fields.u32(),
        send_mss: fields.u32(),
        receive_mss: fields.u32(),
        unacked: fields.u32(),
        sacked: fields.u32(),
        lost: fields.u32(),
        retransmitted: fields.u32(),
        fackets: fields.u32(),
        last_data_sent_ms: fields.u32(),
        last_ack_sent_ms: fields.u32(),
        last_data_received_ms: fields.u32(),
        last_ack_received_ms: fields.u32(),
        path_mtu: fields.u32(),
        receive_ssthresh: fields.u32(),
        rtt_us: fields.u32(),
        rtt_variance_us: fields.u32(),
        send_ssthresh: fields.u32(),
        congestion_window: fields.u32(),
        advertised_mss: fields.u32(),
        reordering: fields.u32(),
        receive_rtt_us: fields.u32(),
        receive_space: fields.u32(),
        total_retransmitted: fields.u32(),
        pacing_rate: fields.u64(),
        max_pacing_rate: fields.u64(),
        bytes_acked: fields.u64(),
        bytes_received: fields.u64(),
        segments_out: fields.u32(),
        segments_in: fields.u32(),
        not_sent_bytes: fields.u32(),
        min_rtt_us: fields.u32(),
        data_segments_in: fields.u32(),
        data_segments_out: fields.u32(),
        delivery_rate: fields.u64(),
        busy_us: fields.u64(),
        receive_window_limited_us: fields.u64(),
        send_buffer_limited_us: fields.u64(),
        delivered: fields.u32(),
        delivered_ce: fields.u32(),
        bytes_sent: fields.u64(),
        bytes_retransmitted: fields.u64(),
        dsack_duplicates: fields.u32(),
        reorderings_seen: fields.u32(),
        received_out_of_order: fields.u32(),
        send_window: fields.u32(),
        receive_window: fields.u32(),
        rehashes: fields.u32(),
        total_rto: fields.u16(),
        total_rto_recoveries: fields.u16(),
        total_rto_ms: fields.u32(),
        accurate_ecn: AccurateEcn {
            received_ce: fields.u32(),
            delivered_e1_bytes: fields.u32(),
            delivered_e0_bytes: fields.u32(),
            delivered_ce_bytes: fields.u32(),
            received_e1_bytes: fields.u32(),
            received_e0_bytes: fields.u32(),
            received_ce_bytes: fields.u32(),
        },
    })
}

/// Reads `struct mptcp_info`.
pub(super) fn decode_mptcp(attribute: &Attribute<'_>) -> Result<MptcpInfo, Fault> {
    let mut fields = attribute.prefix(8, "statistics of Multipath TCP (INET_DIAG_INFO)")?;
    let fields = &mut fields;
    let [subflows, signal, accepted, subflows_max, signal_max, accepted_max] = fields.array();
    let _hole: [u8; 2] = fields.array();
    let mut info = MptcpInfo {
        kernel_bytes: kernel_bytes(attribute),
        subflows,
        add_addr_signal: signal,
        add_addr_accepted: accepted,
        subflows_max,
        add_addr_signal_max: signal_max,
        add_addr_accepted_max: accepted_max,
        flags: fields.u32(),
        token: fields.u32(),
        write_seq: fields.u64(),
        send_unacked: fields.u64(),
        receive_next: fields.u64(),
        local_addr_used: fields.u8(),
        local_addr_max: fields.u8(),
        checksum_enabled: fields.u8() != 0,
        ..MptcpInfo::default()
    };
    let _hole = fields.u8();
    info.retransmits = fields.u32();
    info.bytes_retransmitted = fields.u64();
    info.bytes_sent = fields.u64();
    info.bytes_received = fields.u64();
    info.bytes_acked = fields.u64();
    [info.subflows_total, info.laminar_max, info.fullmesh_max, _] = fields.array();
    info.last_data_sent_ms = fields.u32();
    info.last_data_received_ms = fields.u32();
    info.last_ack_received_ms = fields.u32();
    Ok(info)
}

/// Reads `struct sctp_info`.
pub(super) fn decode_sctp(attribute: &Attribute<'_>) -> Result<SctpInfo, Fault> {
    let mut fields = attribute.prefix(56, "statistics of SCTP (INET_DIAG_INFO)")?;
    let fields = &mut fields;
    let mut info = SctpInfo {
        tag: fields.u32(),
        state: fields.u32(),
        receive_window: fields.u32(),
        unacked_chunks: fields.u16(),
        pending_chunks: fields.u16(),
        in_streams: fields.u16(),
        out_streams: fields.u16(),
        fragmentation_point: fields.u32(),
        in_queue: fields.u32(),
        out_queue: fields.u32(),
        overall_error: fields.u32(),
        max_burst: fields.u32(),
        max_segment: fields.u32(),
        peer_receive_window: fields.u32(),
        peer_tag: fields.u32(),
        peer_capable: fields.u8(),
        peer_sack: fields.u8(),
        ..SctpInfo::default()
    };
    let _reserved = fields.u16();
    info.counters = take_sctp_counters(fields);
    info.primary = take_sctp_path(fields, attribute)?;
    let _reserved = fields.u16();
    info.autoclose_s = fields.u32();
    info.adaptation_indication = fields.u32();
    info.partial_delivery_point = fields.u32();
    info.no_delay = fields.u8();
    info.disable_fragments = fields.u8();
    info.v4_mapped = fields.u8();
    info.fragment_interleave = fields.u8();
    info.style = fields.u32();
    Ok(info)
}

fn take_sctp_counters(fields: &mut Prefix<'_>) -> SctpCounters {
    SctpCounters {
        sacks_in: fields.u64(),
        sacks_out: fields.u64(),
        packets_out: fields.u64(),
        packets_in: fields.u64(),
        retransmitted_chunks: fields.u64(),
        out_of_sequence: fields.u64(),
        duplicates_in: fields.u64(),
        gaps: fields.u64(),
        unordered_out: fields.u64(),
        unordered_in: fields.u64(),
        ordered_out: fields.u64(),
        ordered_in: fields.u64(),
        control_out: fields.u64(),
        control_in: fields.u64(),
    }
}

fn take_sctp_path(fields: &mut Prefix<'_>, attribute: &Attribute<'_>) -> Result<SctpPath, Fault> {
    Ok(SctpPath {
        address: fields.storage(attribute)?,
        state: fields.i32(),
        congestion_window: fields.u32(),
        rtt_ms: fields.u32(),
        rto_ms: fields.u32(),
        heartbeat_ms: fields.u32(),
        max_retransmissions: fields.u32(),
        sack_delay_ms: fields.u32(),
        sack_frequency: fields.u32(),
        ssthresh: fields.u32(),
        partial_bytes_acked: fields.u32(),
        flight_size: fields.u32(),
        error: fields.u16(),
    })
}

/// Reads `struct tcpvegas_info`.
pub(super) fn decode_vegas(attribute: &Attribute<'_>) -> Result<VegasInfo, Fault> {
    let mut fields = attribute.prefix(16, "16 bytes of vegas (INET_DIAG_VEGASINFO)")?;
    let measured = |time| (time != NO_TIME).then_some(time);
    Ok(VegasInfo {
        enabled: fields.u32() != 0,
        round_trips: fields.u32(),
        rtt_us: measured(fields.u32()),
        min_rtt_us: measured(fields.u32()),
    })
}

/// Reads `struct tcp_dctcp_info`.
pub(super) fn decode_dctcp(attribute: &Attribute<'_>) -> Result<DctcpInfo, Fault> {
    let mut fields = attribute.prefix(16, "16 bytes of dctcp (INET_DIAG_DCTCPINFO)")?;
    Ok(DctcpInfo {
        enabled: fields.u16() != 0,
        ce_state: fields.u16(),
        alpha: fields.u32(),
        acked_ecn_bytes: fields.u32(),
        acked_total_bytes: fields.u32(),
    })
}

/// Reads `struct tcp_bbr_info`.
pub(super) fn decode_bbr(attribute: &Attribute<'_>) -> Result<BbrInfo, Fault> {
    let mut fields = attribute.prefix(20, "20 bytes of bbr (INET_DIAG_BBRINFO)")?;
    let low = u64::from(fields.u32());
    Ok(BbrInfo {
        bandwidth_bytes_per_s: u64::from(fields.u32()) << 32 | low,
        min_rtt_us: fields.u32(),
        pacing_gain: fields.u32(),
        cwnd_gain: fields.u32(),
    })
}

fn kernel_bytes(attribute: &Attribute<'_>) -> u16 {
    // OK because the length of an attribute has 16 bits.
    u16::try_from(attribute.value.len()).unwrap_or(u16::MAX)
}

/// Returns `count` bits of a byte from a C bit field; the compiler numbers them from the end with
/// which the machine's byte order begins.
pub(super) const fn bits(byte: u8, first: u32, count: u32) -> u8 {
    let shift = if cfg!(target_endian = "little") { first } else { 8 - first - count };
    (byte >> shift) & ((1 << count) - 1)
}
