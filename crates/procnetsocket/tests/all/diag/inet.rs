//! Messages about internet sockets, and each attribute of them.

use std::time::Duration;

use procnetsocket::{
    Table,
    model::{InetDetail, InetProtocol, SctpState, Shutdown, TcpState, Timer, TimerKind},
};
use rstest::rstest;

use crate::diag::{
    bytes::{attribute, fault, hex, inet},
    fixture::{
        MEMORY, RAW, SCTP, TCP_LISTENER, TCP6_CONNECTION, UDP, md5_key, storage4, storage6,
        subflow, tls,
    },
};

#[test]
fn listener_has_a_queue_and_its_limit() {
    let row = inet(Table::Tcp4, &hex(TCP_LISTENER));
    assert_eq!((row.protocol, row.state), (InetProtocol::Tcp, TcpState::Listen));
    assert_eq!(row.local, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(row.remote, "0.0.0.0:0".parse().unwrap());
    assert_eq!((row.queues.recv, row.queues.send), (1, 5));
    assert_eq!((row.uid, row.inode.unwrap().get()), (1000, 123));
    assert_eq!(row.cookie.unwrap().get(), 0x22_0000_0011);
    assert_eq!(row.interface.unwrap().get(), 3);
    assert_eq!((row.timer, row.retransmits, row.probes), (None, 0, 0));
    assert_eq!((row.tcp, row.drops, row.references), (None, None, 0));
    assert_eq!(*row.detail, InetDetail::default());
}

#[test]
fn connection_has_addresses_and_a_timer() {
    let row = inet(Table::Tcp6, &hex(TCP6_CONNECTION));
    assert_eq!(row.local, "[fe80::1]:22".parse().unwrap());
    assert_eq!(row.remote, "[fe80::2]:49152".parse().unwrap());
    let expires = Duration::from_millis(200);
    assert_eq!(row.timer, Some(Timer { kind: TimerKind::Retransmit, expires }));
    assert_eq!((row.retransmits, row.probes), (2, 0));
}

/// Replaces bytes of a message.
fn with(header: &str, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut message = hex(header);
    message[offset..offset + bytes.len()].copy_from_slice(bytes);
    message
}

#[rstest]
#[case::none(0, None, (3, 0))]
#[case::retransmission(1, Some(TimerKind::Retransmit), (3, 0))]
#[case::keepalive(2, Some(TimerKind::Keepalive), (0, 3))]
#[case::time_wait(3, Some(TimerKind::TimeWait), (3, 0))]
#[case::probe(4, Some(TimerKind::Probe), (0, 3))]
#[case::delayed_ack(5, Some(TimerKind::DelayedAck), (3, 0))]
#[case::unknown(200, Some(TimerKind::Other(200)), (3, 0))]
fn timer_selects_retransmits_or_probes(
    #[case] number: u8,
    #[case] kind: Option<TimerKind>,
    #[case] counts: (u32, u32),
) {
    let row = inet(Table::Tcp4, &with(TCP_LISTENER, 2, &[number, 3]));
    assert_eq!(row.timer.map(|timer| timer.kind), kind);
    assert_eq!((row.retransmits, row.probes), counts);
}

#[rstest]
#[case::established(Table::Tcp4, 1, TcpState::Established)]
#[case::syn_received(Table::Tcp4, 3, TcpState::SynRecv)]
#[case::closing(Table::Tcp4, 11, TcpState::Closing)]
// The kernel reports a TCP socket that is only bound as closed.
#[case::tcp_closed(Table::Tcp4, 7, TcpState::BoundInactive)]
#[case::udp_closed(Table::Udp4, 7, TcpState::Close)]
#[case::mptcp_closed(Table::Mptcp4, 7, TcpState::Close)]
#[case::sctp_endpoint(Table::Sctp4, 10, TcpState::Listen)]
fn states_are_those_of_the_table(
    #[case] table: Table,
    #[case] number: u8,
    #[case] state: TcpState,
) {
    assert_eq!(inet(table, &with(TCP_LISTENER, 1, &[number])).state, state);
}

#[rstest]
#[case::no_state(1, &[0], "byte 2: expected a state from 1 to 13, but found 0")]
#[case::an_unknown_state(1, &[14], "byte 2: expected a state from 1 to 13, but found 14")]
#[case::another_family(0, &[10], "byte 1: expected a socket of the family that was asked for, but found 10")]
#[case::no_family(0, &[1], "byte 1: expected a family of IPv4 or IPv6, but found 1")]
fn malformed_headers_are_faults(
    #[case] offset: usize,
    #[case] bytes: &[u8],
    #[case] expected: &str,
) {
    assert_eq!(fault(Table::Tcp4, &with(TCP_LISTENER, offset, bytes)), expected);
}

#[test]
fn cookie_of_all_ones_is_none() {
    assert_eq!(inet(Table::Tcp4, &with(TCP_LISTENER, 44, &[0xff; 8])).cookie, None);
}

/// What the case tables compare.
type Field = fn(&InetDetail) -> String;

#[rstest]
#[case::memory(1, hex("01000000 02000000 ffffffff 04000000"), |d: &InetDetail| format!("{:?}", d.short_memory.unwrap()),
    "InetMemory { receive_allocated: 1, send_queued: 2, forward_allocated: -1, transmit_allocated: 4 }")]
#[case::vegas(3, hex("01000000 05000000 64000000 32000000"), |d: &InetDetail| format!("{:?}", d.congestion_info.unwrap()),
    "Vegas(VegasInfo { enabled: true, round_trips: 5, rtt_us: Some(100), min_rtt_us: Some(50) })")]
#[case::vegas_that_measured_nothing(3, hex("00000000 00000000 ffffff7f ffffff7f"), |d: &InetDetail| format!("{:?}", d.congestion_info.unwrap()),
    "Vegas(VegasInfo { enabled: false, round_trips: 0, rtt_us: None, min_rtt_us: None })")]
#[case::congestion(4, b"cubic\0".to_vec(), |d: &InetDetail| format!("{:?}", d.congestion.unwrap()), "\"cubic\"")]
#[case::congestion_of_16_bytes(4, b"0123456789abcdef".to_vec(), |d: &InetDetail| format!("{:?}", d.congestion.unwrap()), "\"0123456789abcdef\"")]
#[case::congestion_that_is_not_text(4, vec![0xff, 0x1b, 0], |d: &InetDetail| format!("{:?}", d.congestion.unwrap()), "\"\\xff\\x1b\"")]
#[case::tos(5, vec![0x10], |d: &InetDetail| format!("{:?}", d.tos), "Some(16)")]
#[case::traffic_class(6, vec![0x20], |d: &InetDetail| format!("{:?}", d.traffic_class), "Some(32)")]
#[case::skmem(7, hex(MEMORY), |d: &InetDetail| format!("{:?}", d.memory.unwrap()),
    "SocketMemory { receive_allocated: 1, receive_limit: 2, transmit_allocated: 3, send_limit: 4, forward_allocated: -1, send_queued: 6, options: 7, backlog: Some(8), drops: Some(9) }")]
#[case::skmem_of_an_old_kernel(7, hex(MEMORY)[..28].to_vec(), |d: &InetDetail| format!("{:?}", d.memory.unwrap()),
    "SocketMemory { receive_allocated: 1, receive_limit: 2, transmit_allocated: 3, send_limit: 4, forward_allocated: -1, send_queued: 6, options: 7, backlog: None, drops: None }")]
#[case::skmem_without_drops(7, hex(MEMORY)[..32].to_vec(), |d: &InetDetail| format!("{:?}", d.memory.unwrap().backlog.zip(d.memory.unwrap().drops)), "None")]
#[case::shutdown(8, vec![1], |d: &InetDetail| format!("{:?}", d.shutdown), "Some(RECEIVE)")]
#[case::shutdown_of_unknown_bits(8, vec![0xfe], |d: &InetDetail| format!("{:?}", d.shutdown), "Some(SEND)")]
#[case::dctcp(9, hex("0100 0100 00040000 05000000 0a000000"), |d: &InetDetail| format!("{:?}", d.congestion_info.unwrap()),
    "Dctcp(DctcpInfo { enabled: true, ce_state: 1, alpha: 1024, acked_ecn_bytes: 5, acked_total_bytes: 10 })")]
#[case::protocol(10, vec![58], |d: &InetDetail| format!("{:?}", d.ip_protocol), "Some(58)")]
#[case::v6_only(11, vec![1], |d: &InetDetail| format!("{:?}", d.v6_only), "Some(true)")]
#[case::not_v6_only(11, vec![0], |d: &InetDetail| format!("{:?}", d.v6_only), "Some(false)")]
#[case::locals(12, [storage4(), storage6()].concat(), |d: &InetDetail| format!("{:?}", d.locals), "[10.0.0.1:5001, [2001:db8::1]:5002]")]
#[case::no_peers(13, vec![0; 128], |d: &InetDetail| format!("{:?}", d.peers), "[]")]
#[case::mark(15, hex("2a000000"), |d: &InetDetail| format!("{:?}", d.mark), "Some(42)")]
#[case::bbr(16, hex("00e1f505 01000000 f4010000 e4020000 00020000"), |d: &InetDetail| format!("{:?}", d.congestion_info.unwrap()),
    "Bbr(BbrInfo { bandwidth_bytes_per_s: 4394967296, min_rtt_us: 500, pacing_gain: 740, cwnd_gain: 512 })")]
#[case::class_id(17, hex("01001000"), |d: &InetDetail| format!("{:?}", d.class_id), "Some(1048577)")]
#[case::keys(18, [md5_key(), md5_key()].concat(), |d: &InetDetail| format!("{:?} {:?}", d.md5_keys[1], std::str::from_utf8(d.md5_keys[1].key())),
    "Md5Key { network: 10.0.0.0, prefix_bits: 8, .. } Ok(\"secret\")")]
#[case::tls(19, tls(), |d: &InetDetail| format!("{:?}", d.ulp.unwrap()),
    "Ulp { name: \"tls\", info: Some(Tls(TlsInfo { version: Some(772), cipher: Some(52), transmit: Some(Hardware), receive: Some(Software), zero_copy_send: true, receive_no_padding: true })) }")]
#[case::subflow(19, subflow(), |d: &InetDetail| format!("{:?}", d.ulp.unwrap()),
    "Ulp { name: \"mptcp\", info: Some(Mptcp(MptcpSubflow { flags: MptcpSubflowFlags(387), remote_token: Some(1), local_token: Some(2), remote_id: Some(9), local_id: Some(10), relative_write_seq: Some(3), map_seq: Some(4), map_subflow_seq: Some(5), ssn_offset: Some(6), map_length: Some(7) })) }")]
#[case::subflow_without_numbers(19, [attribute(1, b"mptcp\0"), attribute(3, &attribute(8, &hex("81000000")))].concat(), |d: &InetDetail| format!("{:?}", d.ulp.unwrap()),
    "Ulp { name: \"mptcp\", info: Some(Mptcp(MptcpSubflow { flags: MptcpSubflowFlags(129), remote_token: None, local_token: None, remote_id: None, local_id: None, relative_write_seq: None, map_seq: None, map_subflow_seq: None, ssn_offset: None, map_length: None })) }")]
#[case::protocol_with_name_only(19, attribute(1, b"espintcp\0"), |d: &InetDetail| format!("{:?}", d.ulp.unwrap()), "Ulp { name: \"espintcp\", info: None }")]
#[case::cgroup(21, hex("0100000001000000"), |d: &InetDetail| format!("{:?}", d.cgroup_id), "Some(4294967297)")]
#[case::options(22, hex("5204"), |d: &InetDetail| format!("{:?}", d.options), "Some(InetOptions(1106))")]
#[case::options_of_a_newer_kernel(22, hex("fffff0"), |d: &InetDetail| format!("{:?}", d.options), "Some(InetOptions(2047))")]
#[case::unknown(99, vec![1, 2, 3], |d: &InetDetail| format!("{}", *d == InetDetail::default()), "true")]
fn attributes_are_read(
    #[case] kind: u16,
    #[case] value: Vec<u8>,
    #[case] field: Field,
    #[case] expected: &str,
) {
    let row = inet(Table::Tcp4, &[hex(TCP_LISTENER), attribute(kind, &value)].concat());
    assert_eq!(field(&row.detail), expected);
}

#[rstest]
#[case::memory(1, 15, "memory of 16 bytes (INET_DIAG_MEMINFO)")]
#[case::info(2, 7, "statistics of TCP (INET_DIAG_INFO)")]
#[case::vegas(3, 15, "16 bytes of vegas (INET_DIAG_VEGASINFO)")]
#[case::congestion(4, 17, "a name of at most 16 bytes (INET_DIAG_CONG)")]
#[case::tos(5, 0, "1 byte (INET_DIAG_TOS)")]
#[case::traffic_class(6, 0, "1 byte (INET_DIAG_TCLASS)")]
#[case::skmem(7, 27, "memory of 7 numbers (SK_MEMINFO)")]
#[case::shutdown(8, 0, "1 byte (INET_DIAG_SHUTDOWN)")]
#[case::dctcp(9, 15, "16 bytes of dctcp (INET_DIAG_DCTCPINFO)")]
#[case::protocol(10, 0, "1 byte (INET_DIAG_PROTOCOL)")]
#[case::v6_only(11, 0, "1 byte (INET_DIAG_SKV6ONLY)")]
#[case::locals(12, 127, "addresses of 128 bytes each")]
#[case::peers(13, 129, "addresses of 128 bytes each")]
#[case::mark(15, 3, "4 bytes (INET_DIAG_MARK)")]
#[case::bbr(16, 19, "20 bytes of bbr (INET_DIAG_BBRINFO)")]
#[case::class_id(17, 3, "4 bytes (INET_DIAG_CLASS_ID)")]
#[case::keys(18, 99, "keys of 100 bytes each (INET_DIAG_MD5SIG)")]
#[case::cgroup(21, 7, "8 bytes (INET_DIAG_CGROUP_ID)")]
#[case::options(22, 1, "2 bytes (INET_DIAG_SOCKOPT)")]
fn attribute_of_another_length_is_a_fault(
    #[case] kind: u16,
    #[case] length: usize,
    #[case] expected: &str,
) {
    let message = [hex(TCP_LISTENER), attribute(kind, &vec![b'x'; length])].concat();
    let expected = format!("byte 73: expected {expected}, but found {length} bytes");
    assert_eq!(fault(Table::Tcp4, &message), expected);
}

#[rstest]
#[case::an_address_of_another_family(12, [hex("0100"), vec![0; 126]].concat(), "byte 73: expected an address of IPv4 or IPv6, but found 1")]
#[case::a_key_of_another_family(18, [hex("01 08 0600"), vec![0; 96]].concat(), "byte 73: expected the family of a key, IPv4 or IPv6, but found 1")]
#[case::a_key_that_is_too_long(18, [hex("02 08 5100"), vec![0; 96]].concat(), "byte 73: expected a key of at most 80 bytes, but found 100 bytes")]
#[case::a_name_that_is_too_long(
    19,
    attribute(1, b"0123456789abcdefg"),
    "byte 77: expected a name of at most 16 bytes (INET_ULP_INFO_NAME), but found 17 bytes"
)]
#[case::tls_within(19, attribute(2, &attribute(1, &[3])), "byte 81: expected 2 bytes (TLS_INFO_VERSION), but found 1 bytes")]
#[case::a_subflow_within(19, attribute(3, &attribute(4, &[0; 7])), "byte 81: expected 8 bytes (MPTCP_SUBFLOW_ATTR_MAP_SEQ), but found 7 bytes")]
#[case::half_a_header(19, vec![1, 2], "byte 77: expected the header of an attribute, but found 2 bytes")]
fn faults_within_attributes_have_their_position(
    #[case] kind: u16,
    #[case] value: Vec<u8>,
    #[case] expected: &str,
) {
    let message = [hex(TCP_LISTENER), attribute(kind, &value)].concat();
    assert_eq!(fault(Table::Tcp4, &message), expected);
}

#[rstest]
#[case::too_short_for_its_header(
    "0300 0500",
    "byte 73: expected an attribute of 4 bytes or more, but found 4 bytes"
)]
#[case::longer_than_the_message(
    "0900 0500 10000000",
    "byte 73: expected a whole attribute, but found 8 bytes"
)]
#[case::half_a_header("0500", "byte 73: expected the header of an attribute, but found 2 bytes")]
fn malformed_attributes_are_faults(#[case] rest: &str, #[case] expected: &str) {
    assert_eq!(fault(Table::Tcp4, &[hex(TCP_LISTENER), hex(rest)].concat()), expected);
}

#[test]
fn fields_of_an_earlier_row_are_cleared() {
    let mut decoder = procnetsocket::diag::Decoder::new(Table::Tcp4);
    let whole = &crate::diag::fixture::messages()[0].1;
    decoder.decode(whole).unwrap();
    let plain = hex(TCP_LISTENER);
    let again = format!("{:?}", decoder.decode(&plain).unwrap());
    assert_eq!(again, format!("Inet({:?})", inet(Table::Tcp4, &plain)));
}

#[test]
fn datagram_sockets_have_drops() {
    let memory = attribute(7, &hex(MEMORY));
    let row = inet(Table::Udp4, &[hex(UDP), memory.clone()].concat());
    assert_eq!((row.protocol, row.drops, row.uid), (InetProtocol::Udp, Some(9), 101));
    assert_eq!(inet(Table::Udp4, &hex(UDP)).drops, None);
    assert_eq!(inet(Table::Tcp4, &[hex(TCP_LISTENER), memory].concat()).drops, None);
}

#[test]
fn port_of_a_raw_socket_is_its_protocol() {
    let row = inet(Table::Raw4, &[hex(RAW), attribute(10, &[1])].concat());
    assert_eq!((row.local.port(), row.detail.ip_protocol), (1, Some(1)));
}

#[rstest]
#[case::cookie_wait(1, SctpState::CookieWait, TcpState::SynSent)]
#[case::established(3, SctpState::Established, TcpState::Established)]
#[case::shutdown_ack_sent(7, SctpState::ShutdownAckSent, TcpState::LastAck)]
fn sctp_association_has_its_own_state(
    #[case] number: u8,
    #[case] state: SctpState,
    #[case] nearest: TcpState,
) {
    let peers = attribute(13, &storage4());
    let row = inet(Table::Sctp4, &[with(SCTP, 1, &[number]), peers].concat());
    assert_eq!((row.detail.sctp_state, row.state), (Some(state), nearest));
    assert_eq!(row.timer.unwrap().kind, TimerKind::Retransmit);
    assert_eq!((row.retransmits, row.probes), (1, 0));
}

#[test]
fn sctp_association_without_a_state_is_a_fault() {
    let message = [with(SCTP, 1, &[8]), attribute(13, &storage4())].concat();
    let expected = "byte 2: expected a state of SCTP from 0 to 7, but found 8";
    assert_eq!(fault(Table::Sctp4, &message), expected);
}

#[test]
fn shut_directions_are_distinguished() {
    assert!(Shutdown::BOTH.contains(Shutdown::SEND));
    assert!(!Shutdown::RECEIVE.contains(Shutdown::SEND));
}
