//! Which rows of text tables satisfy which filters.

use std::{ops::ControlFlow, sync::Arc};

use procnetsocket::{SocketTables, Uninterrupted, model::Socket};
use rstest::rstest;
use testkit::{Datagram, FakeProc, Netlink, Packet, Tcp, Unix};

use super::*;
use crate::{
    policy::Policy,
    select::Selection,
    sink::{ListingProblem, Sink},
    view::PolicyView,
};

/// Keeps the inodes of the rows.
#[derive(Default)]
pub(super) struct Inodes(pub(super) Vec<u64>);

impl Sink for Inodes {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let inode = match socket {
            Socket::Inet(socket) => socket.inode,
            Socket::Unix(socket) => socket.inode,
            Socket::Packet(socket) => socket.inode,
            Socket::Netlink(socket) => socket.inode,
            _ => None,
        };
        self.0.push(inode.map_or(0, procnetsocket::model::Inode::get));
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        panic!("{problem:?}")
    }
}

/// A root in which every row has another inode: 10 to 19 IPv4, 20 to 29 IPv6, 30 to 39 unix, 40 to
/// 49 packet, 50 to 59 netlink.
fn root() -> FakeProc {
    FakeProc::new()
        .port_range(32768, 60999)
        .tcp(Tcp::listen("0.0.0.0:22").inode(10))
        .tcp(Tcp::established("10.0.0.1:80", "10.2.3.4:40000").inode(11))
        .tcp(Tcp::established("127.0.0.1:40001", "1.2.3.4:443").inode(12))
        .udp(Datagram::bound("127.0.0.1:53").inode(13))
        .tcp(Tcp::listen("[::]:22").inode(20))
        .tcp(Tcp::established("[::ffff:10.0.0.1]:82", "[::ffff:10.9.9.9]:443").inode(21))
        .tcp(Tcp::established("[fe80::1]:83", "[a00::2]:85").inode(22))
        .unix(Unix::stream().inode(30).path("/run/Foo.sock"))
        .unix(Unix::stream().inode(31))
        .unix(Unix::stream().inode(32).abstract_name("0abcd"))
        .unix(Unix::stream().inode(33).abstract_name("0ABCD"))
        .packet(Packet::raw(3).interface(1).inode(40))
        .packet(Packet::datagram(0x800).interface(0).inode(41))
        .packet(Packet::datagram(0).interface(0).inode(42))
        .netlink(Netlink::new(0, 0).inode(50))
        .netlink(Netlink::new(16, 123).inode(51))
        .netlink(Netlink::new(0, 4_294_963_111).inode(52))
}

const ALL: [u64; 17] = [50, 51, 52, 40, 41, 42, 30, 31, 32, 33, 13, 10, 11, 12, 20, 21, 22];

fn admitted(text: &str) -> Vec<u64> {
    let root = root().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let view = PolicyView::new(tables, Policy::default(), Names::default());
    let text: FilterText = [text].into_iter().collect();
    let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
    let selection = Selection { filter: view.filter(parsed.expr), ..Selection::everything() };
    let mut inodes = Inodes::default();
    view.collect(&selection, &Uninterrupted, &mut inodes).unwrap();
    inodes.0
}

#[rstest]
// usual
#[case::address("src 10.0.0.1", &[11, 21])]
#[case::network("src 10/8", &[11, 21])]
#[case::remote("dst 10/8", &[11, 21])]
#[case::address_and_port("src 10.0.0.1:82", &[21])]
#[case::v6("src [fe80::1]", &[22])]
#[case::v6_network("src fe80::/10", &[22])]
#[case::port("sport 22", &[10, 20])]
#[case::remote_port("dport 443", &[12, 21])]
#[case::port_range("sport >= 80 sport <= 82", &[11, 21])]
#[case::or("sport 22 or dport 443", &[10, 12, 20, 21])]
#[case::not("not src 10/8 and dport 443", &[12])]
// boundary: families do not mix
#[case::unspecified_v4("src 0.0.0.0", &[10])]
#[case::unspecified_v6("src [::]", &[20])]
#[case::mapped_is_v6("src [::ffff:10.0.0.1]", &[21])]
#[case::mapped_network("src [::ffff:0.0.0.0/96]", &[21])]
#[case::no_bits_are_the_family(
    "src 0.0.0.0/0",
    &[50, 51, 52, 40, 41, 42, 30, 31, 32, 33, 13, 10, 11, 12, 21]
)]
#[case::same_first_bits("dst 10.0.0.2", &[])]
// boundary: what is compared with a port
#[case::port_zero("sport 0", &[50, 41, 42, 30, 31, 32, 33])]
#[case::port_id("sport 123", &[51])]
#[case::interface("sport 1", &[40])]
#[case::negative("sport < 0", &[52])]
#[case::no_other_side("dport < 0", &[50, 51, 52])]
#[case::beyond_all_ports("sport >= 65536", &[])]
#[case::below_beyond("sport < 99999 dport 443", &[12, 21])]
#[case::equals_any("sport = *", &ALL)]
#[case::differs_from_any("sport != *", &[])]
#[case::above_any("sport > *", &[50, 51, 40, 41, 42, 30, 31, 32, 33, 13, 10, 11, 12, 20, 21, 22])]
#[case::below_any("sport < *", &[52])]
// other families
#[case::name("src unix:/run/foo*", &[30])]
#[case::every_name("src unix:*", &[30, 31, 32, 33])]
#[case::no_name("src unix:", &[31])]
#[case::abstract_name("src unix:@*", &[32, 33])]
#[case::other_side_has_no_name("dst unix:", &[30, 31, 32, 33])]
#[case::ethertype("src link:ip", &[41])]
#[case::any_ethertype_and_interface("src link:*:1", &[40])]
#[case::ethertype_of_the_other_side("dst link:ip", &[])]
#[case::netlink_family("src netlink:rtnl", &[50, 52])]
#[case::netlink_port("src netlink:*:123", &[51])]
#[case::kernel("src netlink:rtnl:kernel", &[50])]
#[case::netlink_other_side("dst netlink:rtnl", &[50, 51, 52])]
#[case::vsock("src vsock:2", &[])]
#[case::nothing_is_asked("src vsock:*", &ALL)]
// what text tables lack
#[case::device("dev 1", &[40])]
#[case::no_device("dev 0 sport 22", &[10, 20])]
#[case::mark("fwmark 1", &[])]
#[case::no_mark("fwmark 0", &ALL)]
#[case::part_of_a_mark("fwmark 0/0xff", &ALL)]
#[case::never("fwmark 1/0", &[])]
#[case::autobound("autobound", &[52, 42, 31, 32, 12])]
fn rows_are_admitted(#[case] text: &str, #[case] inodes: &[u64]) {
    assert_eq!(admitted(text), inodes);
}

#[test]
fn empty_filter_admits_every_socket() {
    assert_eq!(admitted(""), ALL);
}
