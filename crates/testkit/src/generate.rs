//! Random proc roots.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{
    Datagram, FIRST_FAKE_INTERFACE, FakeProc, Netlink, Packet, ProcTable, SockStat, SockStat6, Tcp,
    TcpTail, Unix, Xorshift,
};

/// Ports with names, at the ends of ranges, and without special meaning.
const PORTS: [u16; 16] =
    [0, 1, 22, 53, 69, 80, 443, 514, 3306, 8080, 32_767, 32_768, 50_000, 60_999, 61_000, 65_535];

/// Returns the root for `seed`: any number of rows, in every table, that a kernel could print and
/// for which this project and iproute2 print the same. The same seed returns the same root.
pub fn generate(seed: u64) -> FakeProc {
    let random = &mut Xorshift::new(seed);
    let mut root = FakeProc::new();
    for _ in 0..some(random) {
        root = root.tcp(tcp(random));
    }
    for _ in 0..some(random) {
        root = root.udp(datagram(random)).raw(raw(random)).icmp(datagram(random));
    }
    for _ in 0..some(random) {
        root = root.unix(unix(random));
    }
    for _ in 0..some(random) {
        root = root.packet(packet(random)).netlink(netlink(random));
    }
    let root = missing(random, root);
    counters(random, root)
}

/// Returns a number of rows: often few, sometimes none, rarely many.
fn some(random: &mut Xorshift) -> u64 {
    let end = *random.pick(&[1, 4, 12, 12, 60]);
    random.below(end)
}

fn missing(random: &mut Xorshift, mut root: FakeProc) -> FakeProc {
    // Without the IPv4 tables iproute2 does not read the IPv6 tables, so these are kept.
    for table in [
        ProcTable::Tcp6,
        ProcTable::Udp6,
        ProcTable::Raw6,
        ProcTable::Unix,
        ProcTable::Packet,
        ProcTable::Netlink,
    ] {
        if random.one_in(20) {
            root = root.without(table);
        }
    }
    match random.below(4) {
        0 => root.without_port_range(),
        1 => root.port_range(1024, 65_535),
        _ => root,
    }
}

fn number(random: &mut Xorshift) -> u32 {
    let bits = random.below(33);
    u32::try_from(random.below(1 << bits)).expect("2^32 - 1 is the largest")
}

fn tcp(random: &mut Xorshift) -> Tcp {
    let (local, remote) = ends(random);
    let state = u8::try_from(1 + random.below(11)).unwrap();
    let remote = if state == 7 || state == 10 { unspecified(local) } else { remote };
    let row = Tcp::new(state, local, remote)
        .queues(number(random), number(random))
        .timer(u8::try_from(random.below(6)).unwrap(), u64::from(number(random) % 4_294_968))
        .retransmits(number(random) % 16)
        .probes(number(random) % 16)
        .uid(number(random))
        .inode(number(random).into())
        .pointer(random.bits());
    if state == 3 || state == 6 { row } else { row.tail(tail(random)) }
}

fn tail(random: &mut Xorshift) -> TcpTail {
    TcpTail {
        timeout: u64::from(number(random) % 12_001),
        ack_timeout: u64::from(number(random) % 101),
        quick: number(random) % 34,
        congestion_window: number(random),
        slow_start_threshold: *random.pick(&[-1, -1, 0, 7, 65_535, i32::MAX]),
    }
}

fn datagram(random: &mut Xorshift) -> Datagram {
    let (local, remote) = ends(random);
    let row = if random.one_in(2) {
        Datagram::new(1, local, remote)
    } else {
        Datagram::new(7, local, unspecified(local))
    };
    row.queues(number(random), number(random))
        .uid(number(random))
        .inode(number(random).into())
        .pointer(random.bits())
        .drops(number(random))
}

fn raw(random: &mut Xorshift) -> Datagram {
    let (mut local, _) = ends(random);
    local.set_port(u16::try_from(random.below(256)).unwrap());
    Datagram::new(7, local, unspecified(local)).inode(number(random).into())
}

fn unspecified(local: SocketAddr) -> SocketAddr {
    match local {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

fn ends(random: &mut Xorshift) -> (SocketAddr, SocketAddr) {
    let address = if random.one_in(2) { ipv4 } else { ipv6 };
    let mut end = || (address(random), port(random)).into();
    (end(), end())
}

fn port(random: &mut Xorshift) -> u16 {
    if random.one_in(3) {
        u16::try_from(random.below(1 << 16)).unwrap()
    } else {
        *random.pick(&PORTS)
    }
}

fn ipv4(random: &mut Xorshift) -> IpAddr {
    Ipv4Addr::from_bits(number(random)).into()
}

/// Returns an address with runs of zeros, as real ones have.
fn ipv6(random: &mut Xorshift) -> IpAddr {
    if random.one_in(6) {
        return Ipv4Addr::from_bits(number(random)).to_ipv6_mapped().into();
    }
    let zeros = random.bits();
    let mut groups = [0; 8];
    for (index, group) in groups.iter_mut().enumerate() {
        if zeros >> index & 1 == 1 {
            *group = u16::try_from(number(random) & 0xffff).unwrap();
        }
    }
    Ipv6Addr::from(groups).into()
}

fn unix(random: &mut Xorshift) -> Unix {
    let row = Unix::new(*random.pick(&[1, 2, 5]))
        .state(u8::try_from(1 + random.below(4)).unwrap())
        .pointer(if random.one_in(3) { 0 } else { random.bits() })
        // Few inodes, so that some are equal and the order of equal rows is visible.
        .inode(u64::from(number(random) % 5000));
    let row = if random.one_in(4) { row.listening() } else { row };
    let name = name(random);
    match random.below(3) {
        0 => row,
        1 => row.path(format!("/{name}")),
        _ => row.abstract_name(name),
    }
}

fn name(random: &mut Xorshift) -> String {
    const LETTERS: [char; 12] =
        ['a', 'Z', '0', '/', '.', '-', '_', '@', ':', '\u{e9}', '\u{4e2d}', '['];
    let length = *random.pick(&[1, 3, 8, 30]);
    (0..length).map(|_| *random.pick(&LETTERS)).collect()
}

fn packet(random: &mut Xorshift) -> Packet {
    let protocol = *random.pick(&[0, 3, 3, 0x0800, 0x0806, 0x86dd, 0x88cc, 0x9999]);
    let interface = FIRST_FAKE_INTERFACE + number(random) % 1000;
    Packet::new(*random.pick(&[2, 3, 3, 10]), protocol)
        .interface(if random.one_in(2) { 0 } else { interface })
        .recv(number(random))
        .uid(number(random))
        .inode(number(random).into())
}

fn netlink(random: &mut Xorshift) -> Netlink {
    Netlink::new(number(random) % 32, *random.pick(&[0, 1, 4242, 0x8000_0001, u32::MAX]))
        .queues(number(random).cast_signed(), number(random).cast_signed())
        .groups(number(random))
        .dump(random.below(2))
        .inode(number(random).into())
        .drops(number(random))
}

fn counters(random: &mut Xorshift, root: FakeProc) -> FakeProc {
    let mut count = || i64::from(number(random) % 1_000_000);
    let stat = SockStat {
        used: count(),
        tcp_in_use: count(),
        tcp_orphaned: count(),
        tcp_time_wait: count(),
        tcp_allocated: count(),
        udp_in_use: count(),
        raw_in_use: count(),
        fragments: count(),
    };
    let stat6 = SockStat6 {
        tcp_in_use: count(),
        udp_in_use: count(),
        raw_in_use: count(),
        fragments: count(),
    };
    let established = count();
    root.sockstat(&stat, &stat6).snmp(established)
}
