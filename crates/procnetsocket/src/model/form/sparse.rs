//! The serde form of structures with many numbers, most of them zero.
//!
//! Zeros, and the numbers that mean "none" in the kernel, are left out, and read back as they were.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::end::OptionalEnd;
use crate::model::{
    mptcp_info::MptcpInfo,
    sctp_info::{SctpCounters, SctpInfo, SctpPath},
    tcp_info::{AccurateEcn, TcpInfo},
};

/// A number of 64 bits that is written as a string.
struct Decimal<'a>(&'a u64);

impl Serialize for Decimal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// Declares the serde form of a structure: the fields that differ from those of an empty one, some
/// of them in a wrapper. Leaving out a field of the structure is a compile error.
macro_rules! sparse {
    ($structure:ident, $empty:path, [$($field:ident $(in $wrapper:ident)?),* $(,)?]) => {
        impl Serialize for $structure {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self { $($field),* } = self;
                let empty = $empty();
                let mut map = serializer.serialize_map(None)?;
                $(if *$field != empty.$field {
                    map.serialize_entry(stringify!($field), sparse!(@ $field $(in $wrapper)?))?;
                })*
                map.end()
            }
        }
    };
    (@ $field:ident) => { $field };
    (@ $field:ident in $wrapper:ident) => { &$wrapper($field) };
}

impl TcpInfo {
    /// Returns the empty structure: zeros, and the kernel's numbers for "none".
    pub(in crate::model) fn absent() -> Self {
        Self {
            send_ssthresh: 0x7fff_ffff,
            pacing_rate: u64::MAX,
            max_pacing_rate: u64::MAX,
            min_rtt_us: u32::MAX,
            ..Self::default()
        }
    }
}

sparse!(
    TcpInfo,
    TcpInfo::absent,
    [
        kernel_bytes,
        state,
        ca_state,
        retransmits,
        probes,
        backoff,
        options,
        send_window_scale,
        receive_window_scale,
        delivery_rate_app_limited,
        fastopen_client_fail,
        rto_us,
        ato_us,
        send_mss,
        receive_mss,
        unacked,
        sacked,
        lost,
        retransmitted,
        fackets,
        last_data_sent_ms,
        last_ack_sent_ms,
        last_data_received_ms,
        last_ack_received_ms,
        path_mtu,
        receive_ssthresh,
        rtt_us,
        rtt_variance_us,
        send_ssthresh,
        congestion_window,
        advertised_mss,
        reordering,
        receive_rtt_us,
        receive_space,
        total_retransmitted,
        pacing_rate,
        max_pacing_rate,
        bytes_acked,
        bytes_received,
        segments_out,
        segments_in,
        not_sent_bytes,
        min_rtt_us,
        data_segments_in,
        data_segments_out,
        delivery_rate,
        busy_us,
        receive_window_limited_us,
        send_buffer_limited_us,
        delivered,
        delivered_ce,
        bytes_sent,
        bytes_retransmitted,
        dsack_duplicates,
        reorderings_seen,
        received_out_of_order,
        send_window,
        receive_window,
        rehashes,
        total_rto,
        total_rto_recoveries,
        total_rto_ms,
        accurate_ecn,
    ]
);
sparse!(
    AccurateEcn,
    AccurateEcn::default,
    [
        received_ce,
        delivered_e1_bytes,
        delivered_e0_bytes,
        delivered_ce_bytes,
        received_e1_bytes,
        received_e0_bytes,
        received_ce_bytes,
    ]
);
sparse!(
    MptcpInfo,
    MptcpInfo::default,
    [
        kernel_bytes,
        subflows,
        add_addr_signal,
        add_addr_accepted,
        subflows_max,
        add_addr_signal_max,
        add_addr_accepted_max,
        flags,
        token,
        write_seq in Decimal,
        send_unacked in Decimal,
        receive_next in Decimal,
        local_addr_used,
        local_addr_max,
        checksum_enabled,
        retransmits,
        bytes_retransmitted,
        bytes_sent,
        bytes_received,
        bytes_acked,
        subflows_total,
        laminar_max,
        fullmesh_max,
        last_data_sent_ms,
        last_data_received_ms,
        last_ack_received_ms,
    ]
);
sparse!(
    SctpInfo,
    SctpInfo::default,
    [
        tag,
        state,
        receive_window,
        unacked_chunks,
        pending_chunks,
        in_streams,
        out_streams,
        fragmentation_point,
        in_queue,
        out_queue,
        overall_error,
        max_burst,
        max_segment,
        peer_receive_window,
        peer_tag,
        peer_capable,
        peer_sack,
        counters,
        primary,
        autoclose_s,
        adaptation_indication,
        partial_delivery_point,
        no_delay,
        disable_fragments,
        v4_mapped,
        fragment_interleave,
        style,
    ]
);
sparse!(
    SctpCounters,
    SctpCounters::default,
    [
        sacks_in,
        sacks_out,
        packets_out,
        packets_in,
        retransmitted_chunks,
        out_of_sequence,
        duplicates_in,
        gaps,
        unordered_out,
        unordered_in,
        ordered_out,
        ordered_in,
        control_out,
        control_in,
    ]
);
sparse!(
    SctpPath,
    SctpPath::default,
    [
        address in OptionalEnd,
        state,
        congestion_window,
        rtt_ms,
        rto_ms,
        heartbeat_ms,
        max_retransmissions,
        sack_delay_ms,
        sack_frequency,
        ssthresh,
        partial_bytes_acked,
        flight_size,
        error,
    ]
);
