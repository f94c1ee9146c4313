//! Filters at the edges of the language, written by hand.
//!
//! Intended differences are in `filter::decided`.

mod inet;
mod language;
mod other;

use testkit::{Datagram, FIRST_FAKE_INTERFACE, FakeProc, Netlink, Packet, Tcp, Unix};

use self::{
    inet::{FAMILIES, HOSTS, PORTS},
    language::{GRAMMAR, STATES, WHOLE},
    other::{LINK, NETLINK, OTHER, UNIX},
};

/// Returns a root in which every odd filter can select some sockets and not others.
pub(crate) fn root() -> FakeProc {
    let mut root = FakeProc::new();
    for state in 1..=11 {
        let local = format!("10.0.0.{state}:{}", 100 + state).parse().unwrap();
        let remote = if matches!(state, 7 | 10) { "0.0.0.0:0" } else { "10.9.0.1:22" };
        root = root.tcp(Tcp::new(state, local, remote.parse().unwrap()));
    }
    unix(inet(root))
        .packet(Packet::raw(3).inode(601))
        .packet(Packet::raw(0x800).interface(FIRST_FAKE_INTERFACE).inode(602))
        .packet(Packet::datagram(0x806).inode(603))
        .packet(Packet::raw(0).inode(604))
        .packet(Packet::datagram(0).inode(605))
        .packet(Packet::raw(0x86dd).interface(FIRST_FAKE_INTERFACE + 1).inode(606))
        .packet(Packet::raw(0x9999).inode(607))
        .packet(Packet::datagram(0).interface(FIRST_FAKE_INTERFACE + 1).inode(608))
        .netlink(Netlink::new(0, 0))
        .netlink(Netlink::new(0, 714))
        .netlink(Netlink::new(4, 0))
        .netlink(Netlink::new(15, 4_026_531_841))
        .netlink(Netlink::new(16, 0))
        .netlink(Netlink::new(9, 77))
        .netlink(Netlink::new(31, 5))
        .netlink(Netlink::new(0, 0x7fff_ffff))
        .netlink(Netlink::new(15, 1))
}

fn inet(root: FakeProc) -> FakeProc {
    root.tcp(Tcp::listen("0.0.0.0:80"))
        .tcp(Tcp::established("127.0.0.1:443", "127.0.0.1:40000"))
        .tcp(Tcp::established("127.0.0.1:40000", "127.0.0.1:443"))
        .tcp(Tcp::established("192.168.1.7:22", "1.2.3.4:5"))
        .tcp(Tcp::listen("[::]:22"))
        .tcp(Tcp::established("[fe80::1]:2", "[fe80::1]:33000"))
        .tcp(Tcp::established("[2001:db8::1]:443", "[2001:db8::2]:1023"))
        .tcp(Tcp::established("[::ffff:10.0.0.1]:80", "[::ffff:10.9.0.1]:50000"))
        .tcp(Tcp::listen("[::ffff:127.0.0.1]:631"))
        .tcp(Tcp::time_wait("[::1]:25", "[::1]:50001"))
        .udp(Datagram::bound("127.0.0.53:53"))
        .udp(Datagram::connected("10.0.0.1:68", "10.0.0.254:67"))
        .udp(Datagram::bound("0.0.0.0:5353"))
        .udp(Datagram::bound("0.0.0.0:33333"))
        .udp(Datagram::bound("[::]:69"))
        .udp(Datagram::bound("[fe80::1]:546"))
        .raw(Datagram::bound("0.0.0.0:1"))
        .raw(Datagram::connected("10.0.0.1:6", "10.0.0.9:0"))
        .raw(Datagram::bound("[::]:58"))
}

fn unix(root: FakeProc) -> FakeProc {
    const NAMES: [&str; 11] = [
        "/run/systemd/journal/dev-log",
        "/tmp/[x]",
        "/tmp/a*b",
        "/tmp/a\\b",
        "/tmp/UPPER",
        "relative",
        "/with:80",
        "*",
        "/run/b\u{fc}cher",
        "sport",
        "!bang",
    ];
    const ABSTRACT: [&str; 12] = [
        "00001",
        "0000f",
        "0000F",
        "abcde",
        "fffff",
        "abcdef",
        "0001",
        "0001g",
        "00001x",
        "ab-de",
        "/tmp/.X11-unix/X0",
        "",
    ];
    let mut root = root
        .unix(Unix::stream().path("/run/dbus/socket").listening().inode(501))
        .unix(Unix::stream().path("/run/dbus/socket").connected().inode(502))
        .unix(Unix::stream().connected().inode(503))
        .unix(Unix::seqpacket().path("/run/udev/control").listening().inode(504));
    for (name, inode) in NAMES.iter().zip(510..) {
        root = root.unix(Unix::datagram().path(*name).inode(inode));
    }
    for (name, inode) in ABSTRACT.iter().zip(530..) {
        root = root.unix(Unix::datagram().abstract_name(*name).inode(inode));
    }
    root
}

/// Returns the command lines.
pub(crate) fn cases() -> Vec<Vec<String>> {
    let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
    let split = [STATES, GRAMMAR, PORTS, HOSTS, FAMILIES, UNIX, LINK, NETLINK, OTHER];
    let whole = WHOLE.iter().map(|(options, arguments)| {
        words(options).into_iter().chain(arguments.iter().map(ToString::to_string)).collect()
    });
    split.into_iter().flatten().map(|line| words(line)).chain(whole).collect()
}
