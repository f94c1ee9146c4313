//! Requests, as annotated bytes.

use std::net::SocketAddr;

use procnetsocket::{
    Details, Table, TableQuery,
    diag::{InetLookup, Request, UnixLookup},
    model::{Cookie, InetProtocol, Inode, StateMask, TcpState},
};
use rstest::rstest;

use crate::diag::bytes::hex;

fn encoded(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    request.encode(7, &mut out);
    out
}

fn dump(table: Table, states: StateMask, details: Details) -> Request {
    Request::Dump(TableQuery { states, details, ..TableQuery::new(table) })
}

const LISTEN: StateMask = StateMask::of(TcpState::Listen);

/// The identity of no socket.
const NOBODY: &str = "
    0000 0000
    00000000 00000000 00000000 00000000
    00000000 00000000 00000000 00000000
    00000000 00000000 00000000
";

#[rstest]
#[case::tcp_listeners(
    dump(Table::Tcp4, LISTEN, Details::NONE),
    "
    48000000 1400 0103 07000000 00000000    # 72 bytes, SOCK_DIAG_BY_FAMILY, REQUEST and DUMP, 7
    02 06 00 00                             # AF_INET, TCP, no extensions
    00040000                                # LISTEN
",
    NOBODY
)]
#[case::tcp6_with_everything(
    dump(Table::Tcp6, StateMask::ALL, Details::ALL),
    "
    48000000 1400 0103 07000000 00000000
    0a 06 7f 00                             # every extension but SHUTDOWN, which always comes
    7e3f0000                                # every state but CLOSE
",
    NOBODY
)]
#[case::info(
    dump(Table::Tcp4, LISTEN, Details::INFO),
    "
    48000000 1400 0103 07000000 00000000 02 06 0e 00 00040000
",
    NOBODY
)]
#[case::memory(
    dump(Table::Tcp4, LISTEN, Details::MEMORY),
    "
    48000000 1400 0103 07000000 00000000 02 06 41 00 00040000
",
    NOBODY
)]
#[case::traffic_class(
    dump(Table::Tcp4, LISTEN, Details::TRAFFIC_CLASS),
    "
    48000000 1400 0103 07000000 00000000 02 06 30 00 00040000
",
    NOBODY
)]
#[case::udp(
    dump(Table::Udp4, StateMask::ALL, Details::NONE),
    "
    48000000 1400 0103 07000000 00000000 02 11 00 00 82000000 # ESTABLISHED, CLOSE
",
    NOBODY
)]
#[case::udplite6(
    dump(Table::UdpLite6, StateMask::ALL, Details::NONE),
    "
    48000000 1400 0103 07000000 00000000 0a 88 00 00 82000000
",
    NOBODY
)]
#[case::raw(
    dump(Table::Raw4, StateMask::ALL, Details::NONE),
    "
    48000000 1400 0103 07000000 00000000 02 ff 00 00 82000000
",
    NOBODY
)]
#[case::icmp6(
    dump(Table::Icmp6, StateMask::ALL, Details::NONE),
    "
    48000000 1400 0103 07000000 00000000 0a 3a 00 00 82000000
",
    NOBODY
)]
#[case::sctp(
    dump(Table::Sctp4, StateMask::ALL, Details::NONE),
    "
    48000000 1400 0103 07000000 00000000 02 84 00 00 fe3f0000
",
    NOBODY
)]
#[case::mptcp(
    dump(Table::Mptcp4, StateMask::ALL, Details::NONE),
    "
    50000000 1400 0103 07000000 00000000 02 00 00 00 be0f0000
    0000 0000
    00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
    00000000 00000000 00000000
",
    "0800 0300 06010000                      # INET_DIAG_REQ_PROTOCOL, 262"
)]
#[case::a_filter(Request::Dump(TableQuery { states: LISTEN, filter: hex("0104 0800 0000 5000"), ..TableQuery::new(Table::Tcp4) }), "
    54000000 1400 0103 07000000 00000000 02 06 00 00 00040000
    0000 0000
    00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
    00000000 00000000 00000000
", "0c00 0100 0104 0800 0000 5000           # INET_DIAG_REQ_BYTECODE")]
#[case::unix(
    dump(Table::Unix, StateMask::ALL, Details::NONE),
    "
    28000000 1400 0103 07000000 00000000
    01 00 0000                              # AF_UNIX
    82040000                                # ESTABLISHED, CLOSE, LISTEN
    00000000                                # no inode
    55000000                                # NAME, PEER, RQLEN, UID
    ffffffff ffffffff                       # no cookie
",
    ""
)]
#[case::unix_with_everything(
    dump(Table::Unix, LISTEN, Details::ALL),
    "
    28000000 1400 0103 07000000 00000000 01 00 0000 00040000 00000000 7f000000 ffffffff ffffffff
",
    ""
)]
#[case::packet(
    dump(Table::Packet, StateMask::ALL, Details::NONE),
    "
    24000000 1400 0103 07000000 00000000
    11 00 0000 00000000 11000000 00000000 00000000 # AF_PACKET; INFO, MEMINFO
",
    ""
)]
#[case::packet_with_everything(
    dump(Table::Packet, StateMask::ALL, Details::ALL),
    "
    24000000 1400 0103 07000000 00000000 11 00 0000 00000000 3f000000 00000000 00000000
",
    ""
)]
#[case::netlink(
    dump(Table::Netlink, StateMask::ALL, Details::ALL),
    "
    24000000 1400 0103 07000000 00000000
    10 ff 0000 00000000 0b000000 00000000 00000000 # every family; MEMINFO, GROUPS, FLAGS
",
    ""
)]
#[case::vsock(
    dump(Table::Vsock, StateMask::ALL, Details::ALL),
    "
    28000000 1400 0103 07000000 00000000
    28 00 0000 860c0000 00000000 00000000 00000000 00000000
",
    ""
)]
#[case::xdp(
    dump(Table::Xdp, StateMask::ALL, Details::NONE),
    "
    24000000 1400 0103 07000000 00000000 2c 00 0000 00000000 01000000 00000000 00000000
",
    ""
)]
#[case::xdp_with_everything(
    dump(Table::Xdp, StateMask::ALL, Details::ALL),
    "
    24000000 1400 0103 07000000 00000000 2c 00 0000 00000000 1f000000 00000000 00000000
",
    ""
)]
fn dumps_are_encoded(#[case] request: Request, #[case] head: &str, #[case] tail: &str) {
    assert_eq!(encoded(&request), [hex(head), hex(tail)].concat());
}

fn lookup(protocol: InetProtocol, local: &str, remote: &str) -> InetLookup {
    let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
    InetLookup {
        protocol,
        local: address(local),
        remote: address(remote),
        interface: None,
        cookie: Cookie::new(0x22_0000_0011),
        details: Details::NONE,
    }
}

#[rstest]
#[case::tcp(
    lookup(InetProtocol::Tcp, "127.0.0.1:80", "127.0.0.2:5000"),
    "
    02 06 00 00 ffffffff
    0050 1388                               # this side, then the other
    7f000001 00000000 00000000 00000000
    7f000002 00000000 00000000 00000000
"
)]
#[case::tcp6(
    lookup(InetProtocol::Tcp, "[::1]:80", "[::2]:5000"),
    "
    0a 06 00 00 ffffffff
    0050 1388
    00000000 00000000 00000000 00000001
    00000000 00000000 00000000 00000002
"
)]
#[case::udp(
    lookup(InetProtocol::Udp, "127.0.0.1:80", "127.0.0.2:5000"),
    "
    02 11 00 00 ffffffff
    1388 0050                               # the other side first
    7f000002 00000000 00000000 00000000
    7f000001 00000000 00000000 00000000
"
)]
#[case::raw(
    lookup(InetProtocol::Raw, "0.0.0.0:58", "0.0.0.0:0"),
    "
    02 ff 00 3a ffffffff                    # the IP protocol in the padding
    003a 0000
    00000000 00000000 00000000 00000000
    00000000 00000000 00000000 00000000
"
)]
fn request_for_one_internet_socket_is_encoded(#[case] lookup: InetLookup, #[case] expected: &str) {
    let head = "48000000 1400 0100 07000000 00000000";
    let tail = "00000000 11000000 22000000         # no interface, the cookie";
    let expected = [hex(head), hex(expected), hex(tail)].concat();
    assert_eq!(encoded(&Request::Inet(lookup)), expected);
}

#[test]
fn request_for_one_unix_socket_is_encoded() {
    let inode = Inode::new(123).unwrap();
    let request = Request::Unix(UnixLookup { inode, cookie: None, details: Details::NONE });
    let expected = "
        28000000 1400 0100 07000000 00000000
        01 00 0000 ffffffff 7b000000 55000000 ffffffff ffffffff
    ";
    assert_eq!(encoded(&request), hex(expected));
}

#[test]
fn request_is_appended() {
    let mut out = vec![1, 2, 3];
    let request = dump(Table::Vsock, StateMask::ALL, Details::NONE);
    request.encode(7, &mut out);
    assert_eq!(out[3..], encoded(&request));
}

#[rstest]
#[case::tcp_that_is_closed(Table::Tcp4, TcpState::Close, true)]
#[case::tcp_that_is_bound(Table::Tcp4, TcpState::BoundInactive, false)]
#[case::udp_that_listens(Table::Udp4, TcpState::Listen, true)]
#[case::raw_that_waits(Table::Raw6, TcpState::TimeWait, true)]
#[case::mptcp_that_waits(Table::Mptcp4, TcpState::TimeWait, true)]
#[case::unix_that_waits(Table::Unix, TcpState::TimeWait, true)]
#[case::unix_that_listens(Table::Unix, TcpState::Listen, false)]
#[case::packet_that_is_connected(Table::Packet, TcpState::Established, true)]
#[case::netlink(Table::Netlink, TcpState::Close, false)]
#[case::xdp_that_listens(Table::Xdp, TcpState::Listen, true)]
#[case::sctp(Table::Sctp4, TcpState::TimeWait, false)]
fn impossible_state_is_not_requested(
    #[case] table: Table,
    #[case] state: TcpState,
    #[case] is_void: bool,
) {
    assert_eq!(dump(table, StateMask::of(state), Details::NONE).is_void(), is_void);
    assert!(dump(table, StateMask::EMPTY, Details::NONE).is_void());
    assert!(!dump(table, StateMask::ALL, Details::NONE).is_void());
}

#[test]
fn request_has_table() {
    for table in Table::ALL {
        assert_eq!(dump(table, StateMask::ALL, Details::NONE).table(), table);
    }
    let of = |lookup| Request::Inet(lookup).table();
    assert_eq!(of(lookup(InetProtocol::Udp, "[::1]:1", "[::]:0")), Table::Udp6);
    assert_eq!(of(lookup(InetProtocol::Tcp, "0.0.0.0:1", "0.0.0.0:0")), Table::Tcp4);
}

#[test]
fn debug_output_of_sets_lists_members() {
    let details = Details::INFO.union(Details::FILTER);
    assert_eq!(format!("{details:?} {:?}", Details::NONE), "{INFO, FILTER} {}");
    assert!(details.contains(Details::INFO) && !details.contains(Details::ALL));
    assert_eq!(format!("{LISTEN:?}"), "{Listen}");
    assert!(StateMask::ALL.without(LISTEN).intersection(LISTEN).is_empty());
}
