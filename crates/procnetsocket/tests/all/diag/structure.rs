//! Structures that grow with the kernel: each field at its offset, at every length.

use procnetsocket::{
    Table,
    model::{InetInfo, MptcpInfo, SctpInfo, TcpInfo},
};
use rstest::rstest;

use crate::diag::{
    bytes::{attribute, hex, inet},
    fixture::{TCP_LISTENER, counting, storage6},
};

#[track_caller]
fn info(table: Table, value: &[u8]) -> InetInfo {
    let row = inet(table, &[hex(TCP_LISTENER), attribute(2, value)].concat());
    row.detail.info.clone().unwrap()
}

#[track_caller]
fn tcp(value: &[u8]) -> TcpInfo {
    match info(Table::Tcp4, value) {
        InetInfo::Tcp(info) => info,
        other => panic!("expected statistics of TCP, but found {other:?}"),
    }
}

#[track_caller]
fn mptcp(value: &[u8]) -> MptcpInfo {
    match info(Table::Mptcp4, value) {
        InetInfo::Mptcp(info) => info,
        other => panic!("expected statistics of Multipath TCP, but found {other:?}"),
    }
}

#[track_caller]
fn sctp(value: &[u8]) -> SctpInfo {
    match info(Table::Sctp4, value) {
        InetInfo::Sctp(info) => *info,
        other => panic!("expected statistics of SCTP, but found {other:?}"),
    }
}

/// Returns the number at an offset in bytes that count up, or zero when it is incomplete.
fn number(bytes: &[u8], offset: usize, size: usize) -> u64 {
    let Some(field) = bytes.get(offset..offset + size) else { return 0 };
    field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The offsets of the fields in `struct tcp_info` (`include/uapi/linux/tcp.h`).
type TcpField = (usize, usize, fn(&TcpInfo) -> u64);

const TCP: &[TcpField] = &[
    (1, 1, |i| i.ca_state.into()),
    (2, 1, |i| i.retransmits.into()),
    (3, 1, |i| i.probes.into()),
    (4, 1, |i| i.backoff.into()),
    (5, 1, |i| i.options.bits().into()),
    (8, 4, |i| i.rto_us.into()),
    (12, 4, |i| i.ato_us.into()),
    (16, 4, |i| i.send_mss.into()),
    (20, 4, |i| i.receive_mss.into()),
    (24, 4, |i| i.unacked.into()),
    (28, 4, |i| i.sacked.into()),
    (32, 4, |i| i.lost.into()),
    (36, 4, |i| i.retransmitted.into()),
    (40, 4, |i| i.fackets.into()),
    (44, 4, |i| i.last_data_sent_ms.into()),
    (48, 4, |i| i.last_ack_sent_ms.into()),
    (52, 4, |i| i.last_data_received_ms.into()),
    (56, 4, |i| i.last_ack_received_ms.into()),
    (60, 4, |i| i.path_mtu.into()),
    (64, 4, |i| i.receive_ssthresh.into()),
    (68, 4, |i| i.rtt_us.into()),
    (72, 4, |i| i.rtt_variance_us.into()),
    (76, 4, |i| i.send_ssthresh.into()),
    (80, 4, |i| i.congestion_window.into()),
    (84, 4, |i| i.advertised_mss.into()),
    (88, 4, |i| i.reordering.into()),
    (92, 4, |i| i.receive_rtt_us.into()),
    (96, 4, |i| i.receive_space.into()),
    (100, 4, |i| i.total_retransmitted.into()),
    (104, 8, |i| i.pacing_rate),
    (112, 8, |i| i.max_pacing_rate),
    (120, 8, |i| i.bytes_acked),
    (128, 8, |i| i.bytes_received),
    (136, 4, |i| i.segments_out.into()),
    (140, 4, |i| i.segments_in.into()),
    (144, 4, |i| i.not_sent_bytes.into()),
    (148, 4, |i| i.min_rtt_us.into()),
    (152, 4, |i| i.data_segments_in.into()),
    (156, 4, |i| i.data_segments_out.into()),
    (160, 8, |i| i.delivery_rate),
    (168, 8, |i| i.busy_us),
    (176, 8, |i| i.receive_window_limited_us),
    (184, 8, |i| i.send_buffer_limited_us),
    (192, 4, |i| i.delivered.into()),
    (196, 4, |i| i.delivered_ce.into()),
    (200, 8, |i| i.bytes_sent),
    (208, 8, |i| i.bytes_retransmitted),
    (216, 4, |i| i.dsack_duplicates.into()),
    (220, 4, |i| i.reorderings_seen.into()),
    (224, 4, |i| i.received_out_of_order.into()),
    (228, 4, |i| i.send_window.into()),
    (232, 4, |i| i.receive_window.into()),
    (236, 4, |i| i.rehashes.into()),
    (240, 2, |i| i.total_rto.into()),
    (242, 2, |i| i.total_rto_recoveries.into()),
    (244, 4, |i| i.total_rto_ms.into()),
    (248, 4, |i| i.accurate_ecn.received_ce.into()),
    (252, 4, |i| i.accurate_ecn.delivered_e1_bytes.into()),
    (256, 4, |i| i.accurate_ecn.delivered_e0_bytes.into()),
    (260, 4, |i| i.accurate_ecn.delivered_ce_bytes.into()),
    (264, 4, |i| i.accurate_ecn.received_e1_bytes.into()),
    (268, 4, |i| i.accurate_ecn.received_e0_bytes.into()),
    (272, 4, |i| i.accurate_ecn.received_ce_bytes.into()),
];

#[test]
fn shorter_tcp_info_is_read() {
    for length in 8..=320 {
        let bytes = counting(length);
        let info = tcp(&bytes);
        assert_eq!(usize::from(info.kernel_bytes), length);
        for (offset, size, field) in TCP {
            assert_eq!(field(&info), number(&bytes, *offset, *size), "{offset} of {length}");
        }
    }
}

#[rstest]
#[case::scales(6, 0xa7, |i: &TcpInfo| format!("{} {}", i.send_window_scale, i.receive_window_scale), "7 10")]
#[case::limited(7, 0b0000_0001, |i: &TcpInfo| format!("{} {}", i.delivery_rate_app_limited, i.fastopen_client_fail), "true 0")]
#[case::failed(7, 0b0000_0110, |i: &TcpInfo| format!("{} {}", i.delivery_rate_app_limited, i.fastopen_client_fail), "false 3")]
#[case::state(0, 10, |i: &TcpInfo| format!("{:?}", i.state), "Some(Listen)")]
#[case::no_state(0, 99, |i: &TcpInfo| format!("{:?}", i.state), "None")]
fn bit_fields_of_tcp_info_begin_with_the_lowest(
    #[case] offset: usize,
    #[case] byte: u8,
    #[case] field: fn(&TcpInfo) -> String,
    #[case] expected: &str,
) {
    let mut bytes = vec![0; 104];
    bytes[offset] = byte;
    assert_eq!(field(&tcp(&bytes)), expected);
}

/// The offsets of the fields in `struct mptcp_info` (`include/uapi/linux/mptcp.h`).
type MptcpField = (usize, usize, fn(&MptcpInfo) -> u64);

const MPTCP: &[MptcpField] = &[
    (0, 1, |i| i.subflows.into()),
    (1, 1, |i| i.add_addr_signal.into()),
    (2, 1, |i| i.add_addr_accepted.into()),
    (3, 1, |i| i.subflows_max.into()),
    (4, 1, |i| i.add_addr_signal_max.into()),
    (5, 1, |i| i.add_addr_accepted_max.into()),
    (8, 4, |i| i.flags.into()),
    (12, 4, |i| i.token.into()),
    (16, 8, |i| i.write_seq),
    (24, 8, |i| i.send_unacked),
    (32, 8, |i| i.receive_next),
    (40, 1, |i| i.local_addr_used.into()),
    (41, 1, |i| i.local_addr_max.into()),
    (44, 4, |i| i.retransmits.into()),
    (48, 8, |i| i.bytes_retransmitted),
    (56, 8, |i| i.bytes_sent),
    (64, 8, |i| i.bytes_received),
    (72, 8, |i| i.bytes_acked),
    (84, 4, |i| i.last_data_sent_ms.into()),
    (88, 4, |i| i.last_data_received_ms.into()),
    (92, 4, |i| i.last_ack_received_ms.into()),
];

#[test]
fn shorter_mptcp_info_is_read() {
    for length in 8..=120 {
        let bytes = counting(length);
        let info = mptcp(&bytes);
        for (offset, size, field) in MPTCP {
            assert_eq!(field(&info), number(&bytes, *offset, *size), "{offset} of {length}");
        }
    }
    let info = mptcp(&counting(96));
    assert_eq!((info.subflows_total, info.laminar_max, info.fullmesh_max), (80, 81, 82));
    assert!(info.checksum_enabled);
}

#[test]
fn flags_of_mptcp_info_are_distinguished() {
    let mut bytes = vec![0; 48];
    bytes[8] = 2;
    let info = mptcp(&bytes);
    assert_eq!((info.is_fallback(), info.has_remote_key()), (false, true));
}

/// The offsets of the fields in `struct sctp_info` (`include/uapi/linux/sctp.h`).
type SctpField = (usize, usize, fn(&SctpInfo) -> u64);

const SCTP: &[SctpField] = &[
    (0, 4, |i| i.tag.into()),
    (4, 4, |i| i.state.into()),
    (8, 4, |i| i.receive_window.into()),
    (12, 2, |i| i.unacked_chunks.into()),
    (14, 2, |i| i.pending_chunks.into()),
    (16, 2, |i| i.in_streams.into()),
    (18, 2, |i| i.out_streams.into()),
    (20, 4, |i| i.fragmentation_point.into()),
    (24, 4, |i| i.in_queue.into()),
    (28, 4, |i| i.out_queue.into()),
    (32, 4, |i| i.overall_error.into()),
    (36, 4, |i| i.max_burst.into()),
    (40, 4, |i| i.max_segment.into()),
    (44, 4, |i| i.peer_receive_window.into()),
    (48, 4, |i| i.peer_tag.into()),
    (52, 1, |i| i.peer_capable.into()),
    (53, 1, |i| i.peer_sack.into()),
    (56, 8, |i| i.counters.sacks_in),
    (64, 8, |i| i.counters.sacks_out),
    (72, 8, |i| i.counters.packets_out),
    (80, 8, |i| i.counters.packets_in),
    (88, 8, |i| i.counters.retransmitted_chunks),
    (96, 8, |i| i.counters.out_of_sequence),
    (104, 8, |i| i.counters.duplicates_in),
    (112, 8, |i| i.counters.gaps),
    (120, 8, |i| i.counters.unordered_out),
    (128, 8, |i| i.counters.unordered_in),
    (136, 8, |i| i.counters.ordered_out),
    (144, 8, |i| i.counters.ordered_in),
    (152, 8, |i| i.counters.control_out),
    (160, 8, |i| i.counters.control_in),
    (300, 4, |i| i.primary.congestion_window.into()),
    (304, 4, |i| i.primary.rtt_ms.into()),
    (308, 4, |i| i.primary.rto_ms.into()),
    (312, 4, |i| i.primary.heartbeat_ms.into()),
    (316, 4, |i| i.primary.max_retransmissions.into()),
    (320, 4, |i| i.primary.sack_delay_ms.into()),
    (324, 4, |i| i.primary.sack_frequency.into()),
    (328, 4, |i| i.primary.ssthresh.into()),
    (332, 4, |i| i.primary.partial_bytes_acked.into()),
    (336, 4, |i| i.primary.flight_size.into()),
    (340, 2, |i| i.primary.error.into()),
    (344, 4, |i| i.autoclose_s.into()),
    (348, 4, |i| i.adaptation_indication.into()),
    (352, 4, |i| i.partial_delivery_point.into()),
    (356, 1, |i| i.no_delay.into()),
    (357, 1, |i| i.disable_fragments.into()),
    (358, 1, |i| i.v4_mapped.into()),
    (359, 1, |i| i.fragment_interleave.into()),
    (360, 4, |i| i.style.into()),
];

#[test]
fn shorter_sctp_info_is_read() {
    let mut whole = counting(368);
    whole[168..296].copy_from_slice(&storage6());
    for length in 56..=368 {
        let info = sctp(&whole[..length]);
        for (offset, size, field) in SCTP {
            let expected = number(&whole[..length], *offset, *size);
            assert_eq!(field(&info), expected, "{offset} of {length}");
        }
    }
    let primary = sctp(&whole).primary;
    assert_eq!(primary.address, Some("[2001:db8::1]:5002".parse().unwrap()));
}
