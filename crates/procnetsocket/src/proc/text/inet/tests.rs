use std::{fmt::Write, time::Duration};

use rstest::rstest;

use super::*;
use crate::{
    model::{Table, TimerKind},
    proc::text::complaint,
};

const LISTEN: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 32017 1 ffff9f3c8b3e0000 100 0 0 10 0                     ";
const ESTABLISHED: &str = "  12: 0100007F:1F90 0200007F:C350 01 0000002A:00000007 02:000005DC 00000003  1000        4 32018 2 ffff9f3c8b3e0880 20 4 31 10 -1";
const TIME_WAIT: &str = "   1: 0100007F:1F90 0100007F:C350 06 00000000:00000000 03:00000176 00000000     0        0 0 3 ffff9f3c8b3e1100                                      ";
const SYN_RECV: &str = "   2: 0100007F:1F90 0100007F:C351 03 00000000:00000000 01:00000064 00000001     0        0 0 0 ffff9f3c8b3e1980                                      ";
const TCP6: &str = "   0: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 999 1 0000000000000000 20 4 30 10 7";
const UDP: &str = " 1234: 3500007F:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 20113 2 ffff9f3c8b3e2200 17         ";
const RAW6: &str = "   58: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4242 2 0000000000000000 0";

fn parse_as(table: Table, endian: Endian, line: &str) -> InetSocket {
    let mut rows = rows(table, endian);
    match rows.parse(line.as_bytes()) {
        Ok(Socket::Inet(row)) => row.clone(),
        other => panic!("{other:?} from {line:?}"),
    }
}

fn parse(table: Table, line: &str) -> InetSocket {
    parse_as(table, Endian::Little, line)
}

fn rows(table: Table, endian: Endian) -> InetRows {
    match table.form() {
        crate::model::RowForm::Inet(protocol, family) => InetRows::new(protocol, family, endian),
        form => panic!("{form:?}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line for each field")]
fn every_column_of_a_tcp_row_is_parsed() {
    insta::assert_debug_snapshot!(parse(Table::Tcp4, ESTABLISHED), @r#"
    InetSocket {
        source: ProcText,
        protocol: Tcp,
        local: 127.0.0.1:8080,
        remote: 127.0.0.2:50000,
        state: Established,
        queues: Queues {
            recv: 7,
            send: 42,
        },
        timer: Some(
            Timer {
                kind: Keepalive,
                expires: 15s,
            },
        ),
        retransmits: 3,
        probes: 4,
        uid: 1000,
        inode: Some(
            Inode(
                32018,
            ),
        ),
        references: 2,
        pointer: KernelPointer(
            18446637681115793536,
        ),
        cookie: None,
        interface: None,
        tcp: Some(
            TcpDetail {
                retransmission_timeout: 200ms,
                ack_timeout: 40ms,
                quick_acks: 15,
                pingpong: true,
                congestion_window: 10,
                slow_start_threshold: None,
            },
        ),
        drops: None,
        detail: InetDetail {
            info: None,
            congestion: None,
            congestion_info: None,
            tos: None,
            traffic_class: None,
            class_id: None,
            memory: None,
            short_memory: None,
            shutdown: None,
            ip_protocol: None,
            v6_only: None,
            mark: None,
            cgroup_id: None,
            options: None,
            ulp: None,
            md5_keys: [],
            sctp_state: None,
            locals: [],
            peers: [],
        },
        trailing: "",
    }
    "#);
}

#[test]
fn every_column_of_a_udp_row_is_parsed() {
    insta::assert_debug_snapshot!(parse(Table::Udp4, UDP), @r#"
    InetSocket {
        source: ProcText,
        protocol: Udp,
        local: 127.0.0.53:53,
        remote: 0.0.0.0:0,
        state: Close,
        queues: Queues {
            recv: 768,
            send: 0,
        },
        timer: None,
        retransmits: 0,
        probes: 0,
        uid: 101,
        inode: Some(
            Inode(
                20113,
            ),
        ),
        references: 2,
        pointer: KernelPointer(
            18446637681115800064,
        ),
        cookie: None,
        interface: None,
        tcp: None,
        drops: Some(
            17,
        ),
        detail: InetDetail {
            info: None,
            congestion: None,
            congestion_info: None,
            tos: None,
            traffic_class: None,
            class_id: None,
            memory: None,
            short_memory: None,
            shutdown: None,
            ip_protocol: None,
            v6_only: None,
            mark: None,
            cgroup_id: None,
            options: None,
            ulp: None,
            md5_keys: [],
            sctp_state: None,
            locals: [],
            peers: [],
        },
        trailing: "",
    }
    "#);
}

#[rstest]
#[case::tcp(Table::Tcp4, LISTEN, "127.0.0.1:8080", "0.0.0.0:0")]
#[case::tcp6_loopback_and_mapped(Table::Tcp6, TCP6, "[::1]:80", "[::ffff:127.0.0.1]:50000")]
#[case::udp(Table::Udp4, UDP, "127.0.0.53:53", "0.0.0.0:0")]
#[case::udplite(Table::UdpLite4, UDP, "127.0.0.53:53", "0.0.0.0:0")]
#[case::icmp(Table::Icmp4, UDP, "127.0.0.53:53", "0.0.0.0:0")]
#[case::raw6(Table::Raw6, RAW6, "[::]:58", "[::]:0")]
fn addresses(#[case] table: Table, #[case] line: &str, #[case] local: &str, #[case] remote: &str) {
    let row = parse(table, line);
    assert_eq!((row.local.to_string(), row.remote.to_string()), (local.into(), remote.into()));
}

#[rstest]
#[case::little_endian("0100007F:1F90", Endian::Little, "127.0.0.1:8080")]
#[case::big_endian("7F000001:1F90", Endian::Big, "127.0.0.1:8080")]
#[case::read_with_the_wrong_order("0100007F:1F90", Endian::Big, "1.0.0.127:8080")]
#[case::all_ones("FFFFFFFF:FFFF", Endian::Little, "255.255.255.255:65535")]
fn ipv4_byte_orders(#[case] text: &str, #[case] endian: Endian, #[case] expected: &str) {
    let row = parse_as(Table::Tcp4, endian, &LISTEN.replace("0100007F:1F90", text));
    assert_eq!(row.local.to_string(), expected);
}

#[rstest]
#[case::little_endian("B80D0120000000000000000001000000", Endian::Little)]
#[case::big_endian("20010DB8000000000000000000000001", Endian::Big)]
fn ipv6_byte_orders(#[case] text: &str, #[case] endian: Endian) {
    let line = TCP6.replace("00000000000000000000000001000000", text);
    assert_eq!(parse_as(Table::Tcp6, endian, &line).local.to_string(), "[2001:db8::1]:80");
}

#[rstest]
#[case::none("00:00000000", None)]
#[case::retransmit("01:00000064", Some((TimerKind::Retransmit, 1_000)))]
#[case::keepalive("02:000005DC", Some((TimerKind::Keepalive, 15_000)))]
#[case::time_wait("03:00000000", Some((TimerKind::TimeWait, 0)))]
#[case::probe("04:00000001", Some((TimerKind::Probe, 10)))]
#[case::delayed_ack("05:00000004", Some((TimerKind::DelayedAck, 40)))]
#[case::unknown("FF:00000001", Some((TimerKind::Other(255), 10)))]
#[case::nine_digits("02:100000000", Some((TimerKind::Keepalive, 42_949_672_960)))]
#[case::saturates("02:FFFFFFFFFFFFFFFF", Some((TimerKind::Keepalive, u64::MAX)))]
fn timers(#[case] text: &str, #[case] expected: Option<(TimerKind, u64)>) {
    let row = parse(Table::Tcp4, &ESTABLISHED.replace("02:000005DC", text));
    let found = row.timer.map(|timer| (timer.kind, timer.expires));
    assert_eq!(found, expected.map(|(kind, ms)| (kind, Duration::from_millis(ms))));
}

#[test]
fn every_state_has_its_number() {
    for state in TcpState::ALL {
        let line = LISTEN.replace(" 0A ", &format!(" {:02X} ", state.number()));
        assert_eq!(parse(Table::Tcp4, &line).state, state);
    }
}

#[rstest]
#[case::listening(LISTEN, Some(0))]
#[case::slow_start(ESTABLISHED, None)]
#[case::a_number(TCP6, Some(7))]
fn slow_start_thresholds(#[case] line: &str, #[case] expected: Option<u32>) {
    let table = if line == TCP6 { Table::Tcp6 } else { Table::Tcp4 };
    let detail = parse(table, line).tcp.expect("a full socket");
    assert_eq!(detail.slow_start_threshold, expected);
}

#[rstest]
#[case::time_wait(TIME_WAIT, TcpState::TimeWait)]
#[case::syn_recv(SYN_RECV, TcpState::SynRecv)]
fn rows_without_a_full_socket(#[case] line: &str, #[case] state: TcpState) {
    let row = parse(Table::Tcp4, line);
    assert_eq!((row.state, row.inode, row.tcp, row.drops), (state, None, None, None));
}

#[rstest]
#[case::no_reference_count("", 0, 0)]
#[case::no_pointer(" 3", 3, 0)]
#[case::pointer(" 3 c1a2b3d4", 3, 0xC1A2_B3D4)]
#[case::reference_count_below_zero(" -1 0000000000000000", -1, 0)]
#[case::no_entropy(" 1 (____ptrval____)", 1, 0)]
fn rows_of_older_kernels(#[case] end: &str, #[case] references: i32, #[case] pointer: u64) {
    let to_the_inode = LISTEN.split_once(" 1 ffff").expect("an inode").0;
    for table in [Table::Tcp4, Table::Udp4] {
        let row = parse(table, &format!("{to_the_inode}{end}"));
        assert_eq!((row.references, row.pointer), (references, KernelPointer(pointer)));
        assert_eq!((row.tcp, row.drops), (None, None));
    }
}

#[rstest]
#[case::none("", "")]
#[case::padding("      ", "")]
#[case::one_word(" 7", "7")]
#[case::words_keep_their_blanks("   a  b\tc ~  ", "a  b\tc ~")]
fn trailing_words(#[case] end: &str, #[case] expected: &str) {
    for (table, line) in [(Table::Tcp4, ESTABLISHED), (Table::Udp4, UDP.trim_end())] {
        assert_eq!(parse(table, &format!("{line}{end}")).trailing, expected);
    }
}

#[rstest]
#[case::tcp(Table::Tcp4, ESTABLISHED, " 01 0000002A")]
#[case::tcp6(Table::Tcp6, TCP6, " 01 00000000")]
#[case::udp(Table::Udp4, UDP, " 07 00000000")]
fn columns_are_parsed_the_same_together_and_one_by_one(
    #[case] table: Table,
    #[case] line: &str,
    #[case] columns: &str,
) {
    // Two blanks do not fit the template.
    let apart = line.replace(columns, &columns.replace(' ', "  "));
    assert_ne!(apart, line);
    for endian in [Endian::Little, Endian::Big] {
        assert_eq!(parse_as(table, endian, &apart), parse_as(table, endian, line));
    }
}

#[test]
fn row_leaves_nothing_in_the_next() {
    let lines = [LISTEN, &format!("{ESTABLISHED} trailing"), TIME_WAIT, "junk", SYN_RECV];
    let mut reused = rows(Table::Tcp4, Endian::Little);
    for line in lines.iter().cycle().take(15) {
        let mut fresh = rows(Table::Tcp4, Endian::Little);
        assert_eq!(reused.parse(line.as_bytes()), fresh.parse(line.as_bytes()));
    }
}

#[test]
fn numbers_may_be_as_large_as_their_columns() {
    let line = "4294967295: FFFFFFFF:FFFF FFFFFFFF:FFFF 0D FFFFFFFF:FFFFFFFF FF:FFFFFFFF FFFFFFFF 4294967295 4294967295 18446744073709551615 2147483647 ffffffffffffffff 18446744073709551615 18446744073709551615 4294967295 4294967295 -2147483648";
    let row = parse(Table::Tcp4, line);
    assert_eq!((row.uid, row.probes, row.retransmits), (u32::MAX, u32::MAX, u32::MAX));
    assert_eq!(row.queues, Queues { recv: u32::MAX, send: u32::MAX });
    assert_eq!(row.inode, Inode::new(u64::MAX));
    let detail = row.tcp.expect("a full socket");
    assert_eq!(detail.retransmission_timeout, Duration::from_millis(u64::MAX));
    assert_eq!((detail.quick_acks, detail.pingpong), (u32::MAX >> 1, true));
    assert_eq!(detail.slow_start_threshold, Some(0x8000_0000));
}

#[rstest]
#[case::empty("", "column 1: expected a row number and a colon, but found the end of the line")]
#[case::blanks(
    "        ",
    "column 9: expected a row number and a colon, but found the end of the line"
)]
#[case::header(
    "  sl  local_address rem_address   st",
    "column 3: expected a row number and a colon, but found \"sl\""
)]
#[case::no_colon_behind_the_row_number(
    "0 0100007F:1F90",
    "column 1: expected a row number and a colon, but found \"0\""
)]
#[case::odd_length_address(
    "0: 100007F:1F90 00000000:0000 0A",
    "column 4: expected an IPv4 address of 8 hexadecimal digits and a colon, but found \"100007F:1F90\""
)]
#[case::an_ipv6_address_in_an_ipv4_table(
    TCP6,
    "column 7: expected an IPv4 address of 8 hexadecimal digits and a colon, but found \"00000000000000000000000001000000:0050\""
)]
#[case::no_port(
    "0: 0100007F 00000000:0000 0A",
    "column 4: expected an IPv4 address of 8 hexadecimal digits and a colon, but found \"0100007F\""
)]
#[case::blank_before_the_port(
    "0: 0100007F: 1F90 00000000:0000 0A",
    "column 13: expected a hexadecimal port of 4 digits, but found \" \""
)]
#[case::five_digits_of_port(
    "0: 0100007F:11F90 00000000:0000 0A",
    "column 13: expected a hexadecimal port of 4 digits, but found \"11F90\""
)]
#[case::state_zero(
    "0: 0100007F:1F90 00000000:0000 00 ",
    "column 32: expected a hexadecimal state from 01 to 0D, but found \"00\""
)]
#[case::state_fourteen(
    "0: 0100007F:1F90 00000000:0000 0E ",
    "column 32: expected a hexadecimal state from 01 to 0D, but found \"0E\""
)]
#[case::nul_in_the_state(
    "0: 0100007F:1F90 00000000:0000 0\0 ",
    "column 32: expected a hexadecimal state from 01 to 0D, but found \"0\\x00\""
)]
#[case::ends_before_the_inode(
    "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0",
    "column 88: expected a decimal inode, but found the end of the line"
)]
#[case::uid_of_33_bits(
    "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 4294967296 0 1",
    "column 74: expected a decimal user id, but found \"4294967296\""
)]
#[case::inode_of_65_bits(
    "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 18446744073709551616",
    "column 78: expected a decimal inode, but found \"18446744073709551616\""
)]
#[case::ticks_of_68_bits(
    "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:10000000000000000 00000000 0 0 1",
    "column 56: expected hexadecimal clock ticks, but found \"10000000000000000\""
)]
#[case::carriage_return(
    "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1\r",
    "column 78: expected a decimal inode, but found \"1\\x0d\""
)]
#[case::carriage_return_behind_all_columns(
    "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 0000000000000000 1 2 3 4 5 \r",
    "column 109: expected the end of the row, but found \"\\x0d\""
)]
#[case::escape_sequence(
    "0: \x1b[2J\"\\",
    "column 4: expected an IPv4 address of 8 hexadecimal digits and a colon, but found \"\\x1b[2J\\x22\\x5c\""
)]
fn reports_malformed_rows(#[case] line: &str, #[case] expected: &str) {
    let rows = &mut rows(Table::Tcp4, Endian::Little);
    let message = complaint(Table::Tcp4, rows, line.as_bytes()).expect("a malformed row");
    assert_eq!(message.strip_prefix("net/tcp line 7, "), Some(expected));
}

/// Replaces each word of a row in turn, and cuts the row before it.
fn complaints(table: Table, line: &str) -> String {
    let mut text = String::new();
    let words: Vec<&str> = line.split_whitespace().collect();
    for place in 0..words.len() {
        let mut broken = words.clone();
        broken[place] = "x\0\u{e9}\"y";
        for line in [broken.join(" "), words[..place].join(" ")] {
            let found = complaint(table, &mut rows(table, Endian::Little), line.as_bytes());
            writeln!(text, "{}", found.as_deref().unwrap_or("well formed")).unwrap();
        }
    }
    text
}

#[test]
fn reports_every_column_of_tcp() {
    insta::assert_snapshot!(complaints(Table::Tcp4, ESTABLISHED), @r#"
    net/tcp line 7, column 1: expected a row number and a colon, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 1: expected a row number and a colon, but found the end of the line
    net/tcp line 7, column 5: expected an IPv4 address of 8 hexadecimal digits and a colon, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 4: expected an IPv4 address of 8 hexadecimal digits and a colon, but found the end of the line
    net/tcp line 7, column 19: expected an IPv4 address of 8 hexadecimal digits and a colon, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 18: expected an IPv4 address of 8 hexadecimal digits and a colon, but found the end of the line
    net/tcp line 7, column 33: expected a hexadecimal state from 01 to 0D, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 32: expected a hexadecimal state from 01 to 0D, but found the end of the line
    net/tcp line 7, column 36: expected a hexadecimal send queue of 8 digits, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 35: expected a hexadecimal send queue of 8 digits, but found the end of the line
    net/tcp line 7, column 54: expected a hexadecimal timer of 2 digits, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 53: expected a hexadecimal timer of 2 digits, but found the end of the line
    net/tcp line 7, column 66: expected hexadecimal retransmissions, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 65: expected hexadecimal retransmissions, but found the end of the line
    net/tcp line 7, column 75: expected a decimal user id, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 74: expected a decimal user id, but found the end of the line
    net/tcp line 7, column 80: expected a decimal number of probes, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 79: expected a decimal number of probes, but found the end of the line
    net/tcp line 7, column 82: expected a decimal inode, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 81: expected a decimal inode, but found the end of the line
    net/tcp line 7, column 88: expected a decimal reference count, but found "x\x00\xc3\xa9\x22y"
    well formed
    net/tcp line 7, column 90: expected a kernel pointer, but found "x\x00\xc3\xa9\x22y"
    well formed
    net/tcp line 7, column 107: expected a decimal retransmission timeout, but found "x\x00\xc3\xa9\x22y"
    well formed
    net/tcp line 7, column 110: expected a decimal acknowledgement timeout, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 109: expected a decimal acknowledgement timeout, but found the end of the line
    net/tcp line 7, column 112: expected decimal quick acknowledgements, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 111: expected decimal quick acknowledgements, but found the end of the line
    net/tcp line 7, column 115: expected a decimal congestion window, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 114: expected a decimal congestion window, but found the end of the line
    net/tcp line 7, column 118: expected a decimal slow start threshold, but found "x\x00\xc3\xa9\x22y"
    net/tcp line 7, column 117: expected a decimal slow start threshold, but found the end of the line
    "#);
}

#[test]
fn reports_every_column_of_udp6() {
    insta::assert_snapshot!(complaints(Table::Udp6, RAW6), @r#"
    net/udp6 line 7, column 1: expected a row number and a colon, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 1: expected a row number and a colon, but found the end of the line
    net/udp6 line 7, column 5: expected an IPv6 address of 32 hexadecimal digits and a colon, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 4: expected an IPv6 address of 32 hexadecimal digits and a colon, but found the end of the line
    net/udp6 line 7, column 43: expected an IPv6 address of 32 hexadecimal digits and a colon, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 42: expected an IPv6 address of 32 hexadecimal digits and a colon, but found the end of the line
    net/udp6 line 7, column 81: expected a hexadecimal state from 01 to 0D, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 80: expected a hexadecimal state from 01 to 0D, but found the end of the line
    net/udp6 line 7, column 84: expected a hexadecimal send queue of 8 digits, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 83: expected a hexadecimal send queue of 8 digits, but found the end of the line
    net/udp6 line 7, column 102: expected a hexadecimal timer of 2 digits, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 101: expected a hexadecimal timer of 2 digits, but found the end of the line
    net/udp6 line 7, column 114: expected hexadecimal retransmissions, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 113: expected hexadecimal retransmissions, but found the end of the line
    net/udp6 line 7, column 123: expected a decimal user id, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 122: expected a decimal user id, but found the end of the line
    net/udp6 line 7, column 125: expected a decimal number of probes, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 124: expected a decimal number of probes, but found the end of the line
    net/udp6 line 7, column 127: expected a decimal inode, but found "x\x00\xc3\xa9\x22y"
    net/udp6 line 7, column 126: expected a decimal inode, but found the end of the line
    net/udp6 line 7, column 132: expected a decimal reference count, but found "x\x00\xc3\xa9\x22y"
    well formed
    net/udp6 line 7, column 134: expected a kernel pointer, but found "x\x00\xc3\xa9\x22y"
    well formed
    net/udp6 line 7, column 151: expected a decimal number of drops, but found "x\x00\xc3\xa9\x22y"
    well formed
    "#);
}
