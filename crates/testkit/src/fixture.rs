//! Named proc roots that together contain every column value that a kernel can print.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{
    Datagram, FakeProc, Netlink, Packet, ProcTable, SockStat, SockStat6, Tcp, TcpTail, Unix,
    process_table,
};

/// The first interface index of the fixtures, so high that the machine that runs the tests does not
/// have it.
pub const FIRST_FAKE_INTERFACE: u32 = 40_000;

/// Returns the roots for which this project and iproute2 print the same.
pub fn fixtures() -> Vec<(&'static str, FakeProc)> {
    vec![
        ("host", host()),
        ("one-row", FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").uid(1000).inode(5))),
        ("empty", FakeProc::new()),
        ("no-tables", without(FakeProc::new(), &ProcTable::ALL)),
        ("no-ipv6", without(host(), &[ProcTable::Tcp6, ProcTable::Udp6, ProcTable::Raw6])),
        ("no-raw-packet-netlink", no_raw_packet_netlink()),
        ("tcp-states", tcp_states()),
        ("datagram-states", datagram_states()),
        ("timers", timers()),
        ("queues", queues()),
        ("processes-held", processes_held()),
        ("processes", process_table::held_once()),
        ("tcp-info", tcp_info()),
        ("addresses", addresses()),
        ("ports", ports()),
        ("ports-without-range", ports().without_port_range()),
        ("ports-mysql-ephemeral", ports().port_range(3306, 3306)),
        ("ports-all-ephemeral", ports().port_range(1, 65535)),
        ("raw", raw()),
        ("unix-states", unix_states()),
        ("unix-names", unix_names()),
        ("unix-order", unix_order(3000)),
        ("packet", packet()),
        ("netlink", netlink()),
        ("counters", counters()),
    ]
}

/// Returns large roots, for few comparisons.
pub fn large_fixtures() -> Vec<(&'static str, FakeProc)> {
    vec![("tcp-batches", tcp_batches(150_000))]
}

/// Returns roots for which this project deliberately differs from iproute2.
pub fn deliberate_differences() -> Vec<(&'static str, FakeProc)> {
    vec![
        ("unix-names-hostile", unix_names_hostile()),
        ("unix-names-with-blanks", unix_names_with_blanks()),
        ("packet-live-interface", FakeProc::new().packet(Packet::raw(3).interface(1).inode(9))),
        ("malformed", malformed()),
        ("tcp-words-behind", tcp_words_behind()),
        ("no-ipv4", without(host(), &[ProcTable::Tcp, ProcTable::Udp, ProcTable::Raw])),
        ("no-files", FakeProc::bare()),
        ("wide-inode", wide_inode()),
        ("long-timer", long_timer()),
        ("unterminated", unterminated()),
    ]
}

fn without(root: FakeProc, tables: &[ProcTable]) -> FakeProc {
    tables.iter().fold(root, |root, table| root.without(*table))
}

fn no_raw_packet_netlink() -> FakeProc {
    without(host(), &[ProcTable::Raw, ProcTable::Raw6, ProcTable::Packet, ProcTable::Netlink])
}

/// The sockets of a small server.
fn host() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:3306").uid(112).inode(18_201))
        .tcp(Tcp::listen("0.0.0.0:22").inode(17_022).queues(1, 0))
        .tcp(
            Tcp::established("192.0.2.10:22", "198.51.100.7:51514").inode(40_211).timer(2, 512_345),
        )
        .tcp(Tcp::established("192.0.2.10:44444", "203.0.113.5:443").uid(1000).inode(40_377))
        .tcp(Tcp::time_wait("192.0.2.10:44440", "203.0.113.5:443"))
        .tcp(Tcp::listen("[::]:22").inode(17_024))
        .tcp(Tcp::listen("[::1]:631").inode(17_999))
        .tcp(Tcp::established("[2001:db8::10]:443", "[2001:db8::beef]:60999").uid(33).inode(51_000))
        .tcp(Tcp::established("[::ffff:192.0.2.10]:80", "[::ffff:198.51.100.9]:32768").uid(33))
        .udp(Datagram::bound("127.0.0.53:53").uid(101).inode(16_100))
        .udp(Datagram::connected("192.0.2.10:37123", "192.0.2.1:123").uid(102).inode(16_900))
        .udp(Datagram::bound("[fe80::1]:546").inode(16_950).drops(3))
        .udplite(Datagram::bound("0.0.0.0:9").inode(3))
        .icmp(Datagram::bound("0.0.0.0:7").uid(1000).inode(4))
        .raw(Datagram::bound("0.0.0.0:1").inode(17_500))
        .raw(Datagram::bound("[::]:58").inode(17_501))
        .unix(Unix::stream().path("/run/systemd/private").listening().inode(15_001))
        .unix(Unix::stream().connected().inode(20_002))
        .unix(Unix::stream().connected().path("/run/dbus/system_bus_socket").inode(20_001))
        .unix(Unix::datagram().path("/run/systemd/journal/dev-log").inode(15_050))
        .unix(Unix::seqpacket().path("/run/udev/control").listening().inode(15_002))
        .unix(Unix::stream().abstract_name("/tmp/.X11-unix/X0").listening().inode(21_000))
        .packet(Packet::raw(3).interface(FIRST_FAKE_INTERFACE).recv(2176).inode(23_456))
        .packet(Packet::datagram(0x0806).uid(1000).inode(23_457))
        .netlink(Netlink::new(0, 0))
        .netlink(Netlink::new(0, 714).groups(0x11).inode(16_001))
        .netlink(Netlink::new(15, 4_026_531_841).groups(1).inode(16_002))
        .netlink(Netlink::new(16, 0).inode(2))
        .sockstat(
            &SockStat {
                used: 292,
                tcp_in_use: 4,
                tcp_time_wait: 1,
                tcp_allocated: 9,
                udp_in_use: 2,
                raw_in_use: 1,
                ..SockStat::default()
            },
            &SockStat6 { tcp_in_use: 4, udp_in_use: 1, raw_in_use: 1, fragments: 0 },
        )
        .snmp(4)
}

fn tcp_states() -> FakeProc {
    let mut root = FakeProc::new();
    for state in 1..=11 {
        let port = 5000 + u16::from(state);
        for local in [SocketAddr::from(([127, 0, 0, 1], port)), (Ipv6Addr::LOCALHOST, port).into()]
        {
            let remote = if state == 7 || state == 10 { nobody(local) } else { local };
            root = root.tcp(Tcp::new(state, local, remote).inode(u64::from(port)));
        }
    }
    root
}

fn nobody(local: SocketAddr) -> SocketAddr {
    if local.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    }
}

fn datagram_states() -> FakeProc {
    let mut root = FakeProc::new();
    for (port, drops) in [(53, 0), (40_000, 7), (123, u32::MAX)] {
        for ip in ["127.0.0.1", "[::1]"] {
            let local = format!("{ip}:{port}");
            let bound = Datagram::bound(&local).drops(drops).inode(7);
            let connected = Datagram::connected(&local, &format!("{ip}:53")).uid(8).inode(8);
            root = root
                .udp(bound.clone())
                .udp(connected.clone())
                .raw(bound.clone())
                .raw(connected.clone())
                .udplite(bound.clone())
                .udplite(connected.clone())
                .icmp(bound)
                .icmp(connected);
        }
    }
    root
}

/// Timers 0 to 5 with remaining times in every range that has a separate format.
fn timers() -> FakeProc {
    const TICKS: [u64; 22] = [
        0, 1, 9, 10, 50, 99, 100, 101, 110, 150, 999, 1000, 1001, 5999, 6000, 6001, 6100, 11_999,
        59_999, 60_000, 720_000, 4_294_967,
    ];
    let mut root = FakeProc::new();
    for timer in 0..=5 {
        for (port, ticks) in (1000..).zip(TICKS) {
            let local = SocketAddr::from(([10, 0, 0, timer], port));
            root = root.tcp(Tcp::new(1, local, local).timer(timer, ticks));
        }
        let local = SocketAddr::from((Ipv6Addr::LOCALHOST, 2000 + u16::from(timer)));
        for (retransmits, probes) in [(0, 0), (3, 0), (0, 4), (3, 4), (255, 15)] {
            let row = Tcp::new(1, local, local).timer(timer, 20);
            root = root.tcp(row.retransmits(retransmits).probes(probes));
        }
    }
    root.tcp(Tcp::time_wait("10.0.0.9:80", "10.0.0.9:81").timer(3, 6000))
}

fn queues() -> FakeProc {
    const SIZES: [u32; 7] = [0, 1, 123_456, 9_999_999, 0x7fff_ffff, 0x8000_0000, u32::MAX];
    let mut root = FakeProc::new();
    for recv in SIZES {
        for send in SIZES {
            root = root
                .tcp(Tcp::established("10.0.0.1:1", "10.0.0.1:2").queues(recv, send))
                .udp(Datagram::bound("10.0.0.1:1").queues(recv, send));
        }
        let signed = recv.cast_signed();
        root = root
            .raw(Datagram::bound("[::1]:1").queues(recv, 0))
            .tcp(Tcp::listen("[::1]:80").queues(recv, 0))
            .packet(Packet::raw(3).recv(recv))
            .netlink(Netlink::new(0, 1).queues(signed, 0))
            .netlink(Netlink::new(0, 2).queues(0, signed));
    }
    root
}

fn processes_held() -> FakeProc {
    let mut root = FakeProc::new();
    for uid in [0, 1, 1000, 65_534, 99_999, 0x8000_0000, u32::MAX] {
        for inode in [0, 1, 99_999, 0x8000_0000, u64::from(u32::MAX)] {
            root = root
                .tcp(Tcp::established("10.0.0.1:1", "10.0.0.1:2").uid(uid).inode(inode))
                .tcp(Tcp::listen("[::1]:80").uid(uid).inode(inode))
                .udp(Datagram::bound("10.0.0.1:1").uid(uid).inode(inode))
                .raw(Datagram::bound("[::1]:1").uid(uid).inode(inode))
                .packet(Packet::raw(3).uid(uid).inode(inode))
                .unix(Unix::stream().inode(inode))
                .netlink(Netlink::new(0, 1).inode(inode));
        }
    }
    for pointer in [0, 1, 0xdead_beef, 0x8000_0000_0000_0000, u64::MAX] {
        root = root
            .tcp(Tcp::established("10.0.0.2:1", "10.0.0.2:2").pointer(pointer).references(-1))
            .packet(Packet::raw(3).pointer(pointer))
            .netlink(Netlink::new(0, 1).pointer(pointer))
            .unix(Unix::stream().connected().pointer(pointer).inode(77));
    }
    root
}

fn tcp_info() -> FakeProc {
    let local = SocketAddr::from(([10, 0, 0, 1], 1));
    let tail = TcpTail::default;
    let tails = [0, 1, 20, 33, 100, 299, 300, 301, 12_000, 1_234_567, 10_000_000]
        .map(|timeout| TcpTail { timeout, ..tail() })
        .into_iter()
        .chain([1, 4, 50, 123_456].map(|ack_timeout| TcpTail { ack_timeout, ..tail() }))
        .chain([1, 2, 3, 4, 5, 6, 7, 30, 31, 32, 33].map(|quick| TcpTail { quick, ..tail() }))
        .chain(
            [0, 1, 2, 65_536, u32::MAX]
                .map(|congestion_window| TcpTail { congestion_window, ..tail() }),
        )
        .chain(
            [0, 1, 2, 65_534, 65_535, 65_536, i32::MAX]
                .map(|slow_start_threshold| TcpTail { slow_start_threshold, ..tail() }),
        );
    let mut root = FakeProc::new();
    for tail in tails {
        root = root.tcp(Tcp::new(1, local, local).tail(tail));
    }
    // Rows without the last columns, in all states with such rows, and with retransmits.
    for state in [3, 6] {
        root = root.tcp(Tcp::new(state, local, local).timer(1, 100).retransmits(2).probes(4));
    }
    root.tcp(Tcp::listen("[::1]:80"))
        .tcp(Tcp::established("[::1]:80", "[::1]:4").retransmits(9).probes(1))
        .tcp(Tcp::established("[::1]:80", "[::1]:5").timer(4, 1).retransmits(9).probes(1))
        .tcp(Tcp::established("[::1]:80", "[::1]:6").extra(" words behind"))
}

/// IPv4 and IPv6 addresses of every form that has a separate format.
fn addresses() -> FakeProc {
    const IPV4: [&str; 7] =
        ["0.0.0.0", "127.0.0.1", "255.255.255.255", "1.2.3.4", "224.0.0.1", "10.0.0.0", "0.0.0.1"];
    const IPV6: [&str; 42] = [
        "::",
        "::1",
        "::2",
        "::ffff",
        "::1:0",
        "::1:2",
        "::0.0.1.2",
        "::1.2.3.4",
        "::127.0.0.1",
        "::ffff:0.0.0.0",
        "::ffff:1.2.3.4",
        "::ffff:255.255.255.255",
        "::fffe:1.2.3.4",
        "::ffff:0:1.2.3.4",
        "64:ff9b::1.2.3.4",
        "fe80::1",
        "fe80::ff:fe00:1",
        "ff02::1",
        "ff02::fb",
        "1::",
        "1:2::",
        "1:2:3:4:5:6::",
        "1:2:3:4:5:6:7:0",
        "0:2:3:4:5:6:7:8",
        "::3:4:5:6:7:8",
        "1:0:3:4:5:6:7:8",
        "1:2:3:0:0:6:7:8",
        "1:0:0:4:5:0:0:8",
        "1:0:0:4:0:0:0:8",
        "1:0:0:0:5:0:0:8",
        "0:0:0:4:5:0:0:0",
        "0:0:3:4:5:6:0:0",
        "2001:db8::1",
        "2001:db8::",
        "2001:0:0:1::1",
        "2001:db8:0:1:1:1:1:1",
        "2001:db8:85a3::8a2e:370:7334",
        "::1:0:0:0",
        "::1:0:0:0:0",
        "1:2:3:4:5:6:7:8",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "abcd:ef01:2345:6789:abcd:ef01:2345:6789",
    ];
    let mut root = FakeProc::new();
    for ip in IPV4.map(String::from).into_iter().chain(IPV6.map(|ip| format!("[{ip}]"))) {
        let (local, remote) = (format!("{ip}:1"), format!("{ip}:65535"));
        root = root
            .tcp(Tcp::listen(&local))
            .tcp(Tcp::established(&local, &remote))
            .udp(Datagram::connected(&remote, &local))
            .raw(Datagram::bound(&local));
    }
    root
}

/// Ports with and without names, and around the ephemeral range.
fn ports() -> FakeProc {
    const PORTS: [u16; 34] = [
        0, 1, 7, 9, 22, 25, 53, 67, 69, 80, 111, 123, 161, 443, 512, 513, 514, 1023, 1024, 1080,
        3306, 4999, 5000, 5353, 5432, 6000, 8080, 10_000, 32_767, 32_768, 60_179, 60_999, 61_000,
        65_535,
    ];
    let mut root = FakeProc::new();
    for port in PORTS {
        for ip in ["10.0.0.1", "[2001:db8::1]"] {
            let end = format!("{ip}:{port}");
            root = root
                .tcp(Tcp::established(&end, &end))
                .tcp(Tcp::listen(&end))
                .udp(Datagram::connected(&end, &end))
                .udp(Datagram::bound(&end));
        }
    }
    root
}

/// Raw sockets, whose port is a protocol: known ones, unknown ones and those of the ICMP tables.
fn raw() -> FakeProc {
    const PROTOCOLS: [u16; 16] =
        [0, 1, 2, 6, 17, 41, 47, 58, 89, 103, 112, 132, 137, 143, 253, 255];
    let mut root = FakeProc::new();
    for protocol in PROTOCOLS {
        for ip in ["0.0.0.0", "[::]", "10.0.0.1", "[fe80::1]"] {
            root = root.raw(Datagram::bound(&format!("{ip}:{protocol}")).inode(6));
        }
        let connected = Datagram::connected(&format!("[::1]:{protocol}"), "[2001:db8::1]:0");
        root = root.raw(connected.uid(1000));
    }
    root
}

fn unix_states() -> FakeProc {
    let mut root = FakeProc::new();
    let mut inode = 1000;
    for kind in [5, 2, 1] {
        for state in 1..=4 {
            for pointer in [0, 0xffff_9f3c_8b3e_0000] {
                inode += 2;
                let row = Unix::new(kind).state(state).pointer(pointer);
                root = root
                    .unix(row.clone().path("/run/listens").listening().inode(inode))
                    .unix(row.clone().inode(inode + 1))
                    .unix(row.path("/run/named").inode(0));
            }
        }
    }
    root
}

fn unix_names() -> FakeProc {
    let long = |length: usize| format!("/run/{}", "n".repeat(length - 5));
    FakeProc::new()
        .unix(Unix::stream().inode(1))
        .unix(Unix::stream().path("/").inode(2))
        .unix(Unix::stream().path("relative").inode(3))
        .unix(Unix::stream().path("*").inode(4))
        .unix(Unix::stream().path(long(100)).inode(5))
        .unix(Unix::stream().path(long(107)).inode(6))
        .unix(Unix::stream().path(long(108)).inode(7))
        .unix(Unix::stream().path("/run/\u{fc}nicode/\u{4e2d}\u{6587}/\u{1f980}").inode(8))
        .unix(Unix::stream().path("/run/colon:in:it").inode(9))
        .unix(Unix::stream().path("/run/quote\"'`$").inode(10))
        .unix(Unix::stream().path("/run/back\\slash\\x1b").inode(20))
        .unix(Unix::stream().abstract_name("").inode(11))
        .unix(Unix::stream().abstract_name("plain").inode(12))
        .unix(Unix::stream().abstract_name("@twice").inode(13))
        .unix(Unix::stream().abstract_name("0a1b2").inode(14))
        .unix(Unix::stream().abstract_name("\0zeros\0within\0").inode(15))
        .unix(Unix::stream().abstract_name("a".repeat(107)).inode(16))
        .unix(Unix::stream().abstract_name([0; 107]).inode(17))
        .unix(Unix::stream().connected().path("/run/connected").inode(18))
        .unix(Unix::datagram().connected().abstract_name("connected").inode(19))
}

/// Rows of all types in turn, in descending order of inodes: `ss` sorts them in batches.
fn unix_order(rows: u64) -> FakeProc {
    let mut root = FakeProc::new();
    for inode in (1..=rows).rev() {
        let kind = [1, 2, 5, 1].into_iter().cycle().nth(usize::try_from(inode % 7).unwrap());
        let row = Unix::new(kind.expect("a cycle has no end")).inode(inode);
        root = root.unix(match inode % 5 {
            0 => row.path(format!("/run/{inode}")).listening(),
            1 => row.connected(),
            2 => row.abstract_name(format!("{inode}")),
            _ => row.pointer(0),
        });
    }
    root
}

fn packet() -> FakeProc {
    const ETHERTYPES: [u16; 16] = [
        0, 1, 2, 3, 4, 0x0c, 0x60, 0x0800, 0x0806, 0x8035, 0x8100, 0x86dd, 0x8863, 0x88cc, 0x9000,
        0xffff,
    ];
    let mut root = FakeProc::new();
    for (index, ethertype) in (FIRST_FAKE_INTERFACE..).zip(ETHERTYPES) {
        root = root
            .packet(Packet::raw(ethertype).inode(u64::from(index)))
            .packet(Packet::datagram(ethertype).interface(index).uid(1000).recv(index))
            .packet(Packet::new(10, ethertype).interface(index).stopped());
    }
    root.packet(Packet::raw(3).interface(i32::MAX.cast_unsigned()).inode(4_294_967_295))
}

/// A row from before Linux 3.9, when the column of dumps was a pointer.
const OLD_NETLINK: &str = "ffff8801a5b6c000 16  77     00000001 0        0        ffff8801deadbeef \
                           2        0        9       ";

fn netlink() -> FakeProc {
    let mut root = FakeProc::new();
    for protocol in (0..=23).chain([31, 255]) {
        root = root.netlink(Netlink::new(protocol, 0)).netlink(Netlink::new(protocol, 4321));
    }
    for port_id in [1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, u32::MAX] {
        root = root.netlink(
            Netlink::new(0, port_id).groups(port_id).dump(1).locks(9).drops(7).inode(1234),
        );
    }
    root.netlink(Netlink::new(16, 5).dump(1).queues(-5, 6).locks(-1))
        .raw_line(ProcTable::Netlink, OLD_NETLINK)
}

fn counters() -> FakeProc {
    FakeProc::new()
        .sockstat(
            &SockStat {
                used: 123_456_789,
                tcp_in_use: 1_000_001,
                tcp_orphaned: 7,
                tcp_time_wait: 33,
                tcp_allocated: 1_234_567,
                udp_in_use: 12,
                raw_in_use: 200_000_000,
                fragments: 4,
            },
            &SockStat6 { tcp_in_use: 5, udp_in_use: 123_456_789, raw_in_use: 6, fragments: 8 },
        )
        .snmp(999_999)
        .tcp(Tcp::listen("127.0.0.1:80"))
}

/// More rows than fit in one layout batch, with cells that grow from batch to batch.
fn tcp_batches(rows: u32) -> FakeProc {
    let row = |number: u32| {
        // From 10.0.0.0 up, and in the last third from 110.0.0.0, which is a digit wider.
        let base = if number < rows / 3 * 2 { 0x0a00_0000 } else { 0x6e00_0000 };
        let local = SocketAddr::from((Ipv4Addr::from_bits(base | number), 80));
        let remote = (Ipv4Addr::from_bits(0x0a00_0000 | (number << 3 & 0xff_ffff)), 443);
        Tcp::new(1, local, remote.into()).queues(number, 0).uid(number).inode(number.into())
    };
    FakeProc::new().tcps((0..rows).map(row))
}

fn unix_names_hostile() -> FakeProc {
    FakeProc::new()
        .unix(Unix::stream().path("/run/\x1b[31mred").inode(1))
        .unix(Unix::stream().path(b"/run/\xff\xfe").inode(2))
        .unix(Unix::stream().path("/run/tab\there").inode(3))
        .unix(Unix::stream().path("/run/\u{202e}rtl").inode(4))
        .unix(Unix::stream().path("/run/bell\x07\x7f").inode(6))
        .unix(Unix::stream().path("/run/cr\rhere").inode(7))
}

fn unix_names_with_blanks() -> FakeProc {
    FakeProc::new()
        .unix(Unix::stream().path("/run/a b  c").inode(1))
        .unix(Unix::stream().path(" leading").inode(2))
        .unix(Unix::stream().path("trailing ").inode(3))
        .unix(Unix::stream().abstract_name("a b").inode(4))
}

fn malformed() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(1))
        .raw_line(ProcTable::Tcp, "   1: 0100007F:0050 garbage")
        .tcp(Tcp::listen("127.0.0.1:81").inode(2))
        .udp(Datagram::bound("127.0.0.1:53"))
        .raw_line(ProcTable::Udp, "")
        .raw_line(ProcTable::Unix, "garbage")
        .unix(Unix::stream().path("/run/good").inode(3))
        .raw_line(ProcTable::Packet, "ffff 3 3")
        .raw_line(ProcTable::Netlink, "\x1b[2J")
}

/// Words after the columns of a padded table.
fn tcp_words_behind() -> FakeProc {
    FakeProc::new().tcp(Tcp::established("10.0.0.1:80", "10.0.0.1:7").inode(1).extra(" 1 2  3"))
}

/// A timer of a day: more than the 32 bits in which iproute2 counts its milliseconds.
fn long_timer() -> FakeProc {
    FakeProc::new().tcp(Tcp::established("10.0.0.1:1", "10.0.0.1:2").timer(2, 8_640_000))
}

/// A last line without its newline.
fn unterminated() -> FakeProc {
    let row = "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 \
               5 1 0000000000000000 100 0 0 10 0";
    FakeProc::new().raw_file(ProcTable::Tcp.path(), format!("{}\n{row}", ProcTable::Tcp.header()))
}

fn wide_inode() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(u64::MAX))
        .unix(Unix::stream().inode(1 << 32))
}
