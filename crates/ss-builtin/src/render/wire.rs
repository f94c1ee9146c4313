//! Rows from the bytes that the kernel sends, and the text that iproute2 7.2.0 prints for them.
//!
//! The test kernels lack some of these tables (raw, sctp, vsock, xdp) and options (TLS, md5), so
//! messages are given as bytes.

use std::sync::Arc;

use builtin_api::Cancel;
use procnetsocket::{
    SocketTables, Table,
    diag::Decoder,
    model::{OwnedSocket, PacketKind, Socket, UnixKind, VsockKind},
};
use rstest::rstest;
use socket_query::{Names as NameTables, Policy, PolicyView, Selection, SocketTable, TableSet};

use super::{ColumnSet, RowRenderer, Screen, TableWriter};
use crate::cli::{
    CounterDisplay, Detail, DetailSet, ListingKind, NameDisplay, Order, OutputFormat, Show,
    TextLayout,
};

/// Returns an attribute, with the padding after it.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// `struct inet_diag_msg` of 127.0.0.1:80 and 127.0.0.2:1000, bound to no interface unless one is
/// given.
fn inet(state: u8, timer: [u8; 2], interface: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![2, state, timer[0], timer[1], 0, 80, 0x03, 0xe8];
    for last in [1, 2] {
        bytes.extend([127, 0, 0, last, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    // Interface, cookie, expiry, queues, uid, inode.
    bytes.extend(words(&[interface, 0xab, 0, 1_752, 5, 6, 1000, 100]));
    bytes.extend(attributes.concat());
    bytes
}

/// `struct inet_diag_msg` of unspecified IPv6 addresses.
fn inet6(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![10, 10, 0, 0, 0x1f, 0x92, 0, 0];
    bytes.extend([0; 32]);
    bytes.extend(words(&[0, 0xab, 0, 0, 0, 5, 0, 100]));
    bytes.extend(attributes.concat());
    bytes
}

fn table_of(socket: &Socket<'_>, table: Table) -> SocketTable {
    match (socket, table) {
        (Socket::Unix(unix), _) if unix.kind == UnixKind::Stream => SocketTable::UnixStream,
        (Socket::Unix(_), _) => SocketTable::UnixDatagram,
        (Socket::Packet(packet), _) if packet.kind == PacketKind::Raw => SocketTable::PacketRaw,
        (Socket::Packet(_), _) => SocketTable::PacketDatagram,
        (Socket::Netlink(_), _) => SocketTable::Netlink,
        (Socket::Vsock(vsock), _) if vsock.kind == VsockKind::Stream => SocketTable::VsockStream,
        (Socket::Vsock(_), _) => SocketTable::VsockDatagram,
        (Socket::Xdp(_), _) => SocketTable::Xdp,
        (_, Table::Raw4) => SocketTable::Raw,
        (_, Table::Sctp4) => SocketTable::Sctp,
        (_, Table::Mptcp4) => SocketTable::Mptcp,
        (_, Table::Udp4) => SocketTable::Udp,
        _ => SocketTable::Tcp,
    }
}

fn view() -> PolicyView {
    let root = testkit::FakeProc::new().build();
    let tables = SocketTables::from_dir(root.dir());
    let services = NameTables::new(b"http 80/tcp\nwww 80/udp\nfirst 80/dccp\n", b"icmp 1\n");
    PolicyView::new(Arc::new(tables), Policy::default(), services)
}

fn text(rows: &RowRenderer<'_>, table: Table, socket: &Socket<'_>) -> String {
    let mut out = Vec::new();
    let mut writer = TableWriter::new(&mut out, ColumnSet::ALL, Screen::Compact);
    writer.row(|cells| rows.fill(cells, table_of(socket, table), socket)).unwrap();
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

/// Returns the row of a message with the details of these letters: `e`, `m`, `i`, `o`, `b`, `t`os,
/// `c`group, `s`ocket options; `n` for numbers, `O` for one line.
fn row(table: Table, letters: &str, message: &[u8]) -> String {
    let mut details = DetailSet::default();
    for letter in letters.chars() {
        let detail = match letter {
            'e' => Detail::Extended,
            'm' => Detail::Memory,
            'i' => Detail::Info,
            'o' => Detail::Timer,
            'b' => Detail::Filters,
            't' => Detail::TypeOfService,
            'c' => Detail::Cgroup,
            's' => Detail::SocketOptions,
            _ => continue,
        };
        details.insert(detail);
    }
    let selection = Selection::everything();
    let show = Show {
        namespace: crate::cli::NamespaceChoice::Own,
        resolves_hosts: false,
        action: crate::cli::Action::List,
        summary: CounterDisplay::None,
        details,
        processes: None,
        ungranted_processes: None,
        layout: TextLayout { one_line: letters.contains('O'), ..TextLayout::default() },
        names: if letters.contains('n') { NameDisplay::Numeric } else { NameDisplay::Resolved },
        filter: crate::cli::FilterSource::default(),
        output: OutputFormat::Text,
        answer: ListingKind::Sockets,
        order: Order::default(),
        selection: Ok(selection),
    };
    let (view, cancel) = (view(), Cancel::new());
    let rows = RowRenderer::new(&view, &show, TableSet::of(SocketTable::Udp), &cancel);
    let mut decoder = Decoder::new(table);
    let socket = decoder.decode(message).unwrap();
    let text = text(&rows, table, &socket);
    let object = serde_json::to_string(&rows.form(table_of(&socket, table), socket)).unwrap();
    let read: OwnedSocket = serde_json::from_str(&object).unwrap();
    assert_eq!(self::text(&rows, table, &read.as_socket()), text, "what {object} reads back as");
    let blanks = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    blanks.trim_end_matches('\n').to_owned()
}

/// Nine counters of `SK_MEMINFO_*`.
fn memory() -> Vec<u8> {
    words(&[1, 2, 3, 4, 5, 6, 7, 8, 9])
}

const TCP: &str = "tcp ESTAB 5 6 127.0.0.1:http 127.0.0.2:1000";

#[rstest]
#[case::nothing("", &[], "")]
#[case::uid("e", &[], " uid:1000 ino:100 sk:ab")]
#[case::mark("e", &[attribute(15, &words(&[0x20]))], " uid:1000 ino:100 sk:ab fwmark:0x20")]
#[case::no_mark("e", &[attribute(15, &words(&[0]))], " uid:1000 ino:100 sk:ab")]
#[case::cgroup(
    "e",
    &[attribute(21, &words(&[0x2d, 0]))],
    " uid:1000 ino:100 sk:ab cgroup:unreachable:2d"
)]
#[case::directions("e", &[attribute(8, &[2])], " uid:1000 ino:100 sk:ab <--")]
#[case::classes(
    "t",
    &[attribute(5, &[0x10]), attribute(6, &[0]), attribute(17, &words(&[5]))],
    " tos:0x10 tclass:0 class_id:0x5"
)]
#[case::cgroup_asked_for("c", &[attribute(21, &words(&[1, 0]))], " cgroup:unreachable:1")]
#[case::no_socket_options("s", &[attribute(22, &[0, 0])], "\n\tinet-sockopt: ()")]
#[case::socket_options(
    "sO",
    &[attribute(22, &[0xff, 7])],
    " inet-sockopt: ( recverr is_icsk freebind hdrincl mc_loop transparent mc_all nodefrag \
     bind_addr_no_port recverr_rfc4884 defer_connect)"
)]
#[case::memory("m", &[attribute(7, &memory())], "\n\t skmem:(r1,rb2,t3,tb4,f5,w6,o7,bl8,d9)")]
#[case::older_memory("mO", &[attribute(1, &words(&[1, 2, 3, 4]))], " mem:(r1,w2,f3,t4)")]
#[case::line_without_anything("i", &[], "\n\t")]
#[case::one_line_without_anything("iO", &[], "")]
fn tcp_shows(#[case] letters: &str, #[case] attributes: &[Vec<u8>], #[case] shown: &str) {
    let message = inet(1, [0, 0], 0, attributes);
    assert_eq!(row(Table::Tcp4, letters, &message), format!("{TCP}{shown}"));
}

#[rstest]
#[case::retransmission([1, 2], " timer:(on,1.752sec,2)")]
#[case::keepalive([2, 3], " timer:(keepalive,1.752sec,3)")]
#[case::end_of_time_wait([3, 0], " timer:(timewait,1.752sec,0)")]
#[case::zero_window([4, 9], " timer:(persist,1.752sec,9)")]
#[case::acknowledgement([5, 0], " timer:(delack,1.752sec,0)")]
#[case::unknown([6, 0], " timer:(unknown,1.752sec,0)")]
#[case::none([0, 7], "")]
fn timers_show_the_counts_of_the_kernel(#[case] timer: [u8; 2], #[case] shown: &str) {
    let message = inet(1, timer, 0, &[]);
    assert_eq!(row(Table::Tcp4, "o", &message), format!("{TCP}{shown}"));
}

#[rstest]
#[case::ipv6_alone(&[attribute(11, &[1])], "[::]:8082 [::]:* ino:100 sk:ab v6only:1")]
#[case::both_families(&[attribute(11, &[0])], "*:8082 *:* ino:100 sk:ab v6only:0")]
#[case::absent(&[], "*:8082 *:* ino:100 sk:ab")]
fn zeros_of_ipv6_are_distinguished(#[case] attributes: &[Vec<u8>], #[case] shown: &str) {
    let shown = format!("tcp LISTEN 0 5 {shown}");
    assert_eq!(row(Table::Tcp6, "e", &inet6(attributes)), shown);
}

#[rstest]
#[case::interface_of_an_idle_socket(
    Table::Tcp4,
    inet(7, [0, 0], 9, &[]),
    "tcp UNCONN 5 6 127.0.0.1%if9:http 127.0.0.2:1000\n\t"
)]
#[case::udp_needs_no_line(Table::Udp4, inet(7, [0, 0], 0, &[]), "udp UNCONN 5 6 127.0.0.1:www 127.0.0.2:1000")]
#[case::raw(Table::Raw4, inet(7, [0, 0], 0, &[attribute(10, &[0])]), "raw UNCONN 5 6 127.0.0.1:ipproto-80 127.0.0.2:ipproto-1000\n\t")]
#[case::raw_of_ipv6_icmp(Table::Raw4, inet(7, [0, 0], 0, &[attribute(10, &[58])]), "icmp6 UNCONN 5 6 127.0.0.1:ipproto-80 127.0.0.2:ipproto-1000\n\t")]
#[case::raw_of_another(Table::Raw4, inet(7, [0, 0], 0, &[attribute(10, &[1])]), "??? UNCONN 5 6 127.0.0.1:ipproto-80 127.0.0.2:ipproto-1000\n\t")]
#[case::mptcp_is_named_as_the_table_before(Table::Mptcp4, inet(1, [0, 0], 0, &[]), "mptcp ESTAB 5 6 127.0.0.1:www 127.0.0.2:1000\n\t")]
fn protocols_have_special_details(
    #[case] table: Table,
    #[case] message: Vec<u8>,
    #[case] shown: &str,
) {
    assert_eq!(row(table, "i", &message), shown);
}

/// `struct sockaddr_storage` of 10.0.0.1:80.
fn storage() -> Vec<u8> {
    let mut bytes = 2_u16.to_ne_bytes().to_vec();
    bytes.extend([0, 80, 10, 0, 0, 1]);
    bytes.resize(128, 0);
    bytes
}

#[test]
fn associations_are_listed_below_their_socket() {
    let listener = inet(10, [0, 0], 0, &[attribute(12, &storage())]);
    assert_eq!(
        row(Table::Sctp4, "i", &listener),
        "sctp LISTEN 5 6 127.0.0.1:www 127.0.0.2:1000\n\t locals:10.0.0.1"
    );
    let lists = [attribute(12, &[storage(), storage()].concat()), attribute(13, &storage())];
    let association = inet(7, [4, 2], 0, &lists);
    assert_eq!(
        row(Table::Sctp4, "ioO", &association),
        "`- ACK_SENT 5 6 127.0.0.1:www 127.0.0.2:1000 timer:(T3_RTX,1.752sec,2) \
         locals:10.0.0.1,10.0.0.1 peers:10.0.0.1"
    );
}

/// `struct unix_diag_msg`.
fn unix(kind: u8, state: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![1, kind, state, 0];
    bytes.extend(words(&[5, 7, 0]));
    bytes.extend(attributes.concat());
    bytes
}

#[rstest]
#[case::connected(
    unix(1, 1, &[
        attribute(0, b"/run/a b"),
        attribute(1, &words(&[123, 0x0fe0_0001])),
        attribute(2, &words(&[77])),
        attribute(4, &words(&[3, 4])),
        attribute(5, &memory()),
        attribute(6, &[1]),
    ]),
    "u_str ESTAB 3 4 /run/a\\x20b 5 * 77 skmem:(r1,rb2,t3,tb4,f5,w6,o7,bl8,d9) --> ino:123 dev:254/1"
)]
#[case::listening(
    unix(1, 10, &[attribute(0, b"\0a\0b"), attribute(3, &words(&[1, 0, 3])), attribute(4, &words(&[2, 128]))]),
    "u_str LISTEN 2 128 @a@b 5 * 0 peers: 1 0 3"
)]
#[case::empty_queue(unix(1, 10, &[attribute(3, &[])]), "u_str LISTEN 0 0 * 5 * 0 peers:")]
#[case::unconnected(unix(2, 7, &[]), "u_dgr UNCONN 0 0 * 5 * 0")]
#[case::hostile_name(unix(2, 7, &[attribute(0, b"/x\n\x1b")]), r"u_dgr UNCONN 0 0 /x\x0a\x1b 5 * 0")]
fn unix_shows(#[case] message: Vec<u8>, #[case] shown: &str) {
    assert_eq!(row(Table::Unix, "em", &message), shown);
}

/// `struct packet_diag_msg` with its memory.
fn packet(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![17, 3];
    bytes.extend(0x806_u16.to_ne_bytes());
    bytes.extend(words(&[6, 8, 1]));
    bytes.extend(attribute(6, &memory()));
    bytes.extend(attributes.concat());
    bytes
}

const PACKET: &str = "p_raw UNCONN 1 0 arp:* * ino:6 sk:100000008";

#[rstest]
#[case::memory("em", &[], " skmem:(r1,rb2,t3,tb4,f5,w6,o7,bl8,d9)")]
#[case::all_flags(
    "e",
    &[attribute(0, &words(&[0, 1, 2, 100, 3, 0x1f]))],
    "\n\tver:1 cpy_thresh:100 flags( running auxdata origdev vnethdr loss )"
)]
#[case::no_flags("eO", &[attribute(0, &words(&[0; 6]))], " ver:0 cpy_thresh:0 flags( 0 )")]
#[case::rings(
    "e",
    &[attribute(2, &words(&[1, 2, 3, 4, 5, 6, 7])), attribute(3, &words(&[8, 9, 10, 11, 12, 13, 14]))],
    "\n\tring_rx(blk_size:1,blk_nr:2,frm_size:3,frm_nr:4,tmo:5,features:0x7)\
     \n\tring_tx(blk_size:8,blk_nr:9,frm_size:10,frm_nr:11,tmo:12,features:0xe)"
)]
#[case::fanout("e", &[attribute(4, &words(&[1 << 16 | 9]))], "\n\tfanout(id:9,type:lb)")]
#[case::other_fanout("eO", &[attribute(4, &words(&[0x8001_ffff]))], " fanout(id:65535,type:0x8001)")]
#[case::filter_is_not_asked_for("e", &[attribute(7, &[0x28, 0, 1, 2, 255, 255, 255, 255])], "")]
#[case::filter(
    "eb",
    &[attribute(7, &[0x28, 0, 1, 2, 255, 255, 255, 255])],
    "\n\tbpf filter (1): 0x28 1 2 4294967295,"
)]
fn packet_shows(#[case] letters: &str, #[case] attributes: &[Vec<u8>], #[case] shown: &str) {
    assert_eq!(row(Table::Packet, letters, &packet(attributes)), format!("{PACKET}{shown}"));
}

#[rstest]
#[case::group("e", 0, " * sk=0 cb=0 groups=0x00000012")]
#[case::peer("n", 1, " 3:9")]
#[case::memory("m", 0, " *\t skmem:(r1,rb2,t3,tb4,f5,w6,o7,bl8,d9)")]
fn netlink_shows(#[case] letters: &str, #[case] state: u8, #[case] shown: &str) {
    let mut bytes = vec![16, 3, 15, state];
    bytes.extend(words(&[5, 9, 3, 70, 1, 2]));
    bytes.extend(attribute(0, &memory()));
    bytes.extend(attribute(1, &0x12_u64.to_ne_bytes()));
    let family = if letters.contains('n') { "15" } else { "uevent" };
    assert_eq!(row(Table::Netlink, letters, &bytes), format!("nl UNCONN 1 3 {family}:5{shown}"));
}

#[rstest]
#[case::stream(1, [2, 5, 3, 6], "v_str ESTAB 0 0 2:5 3:6")]
#[case::any(2, [u32::MAX, u32::MAX, 0, u32::MAX], "v_dgr ESTAB 0 0 *:* 0:*")]
#[case::packets_in_sequence(5, [1, 2, 3, 4], "??? ESTAB 0 0 1:2 3:4")]
fn vsock_shows(#[case] kind: u8, #[case] ends: [u32; 4], #[case] shown: &str) {
    let mut bytes = vec![40, kind, 1, 0];
    bytes.extend(words(&ends));
    bytes.extend(words(&[10, 3, 4]));
    assert_eq!(row(Table::Vsock, "em", &bytes), shown);
}

#[rstest]
#[case::many_lines(
    "e",
    "\n\trx(entries:2048)\n\ttx(entries:1024)\n\tumem(id:1,size:65536,num_pages:16,\
    chunk_size:2048,headroom:256,ifindex:9,qid:7,zc:1,refs:9)\n\tfr(entries:11)\n\tcr(entries:12)\n\t\
    stats(rx dropped:1,rx invalid:2,rx queue full:3,rx fill ring empty:4,tx invalid:5,\
    tx ring empty:6)"
)]
#[case::one_line(
    "eO",
    " rx(entries:2048) tx(entries:1024) tumem(id:1,size:65536,num_pages:16,\
    chunk_size:2048,headroom:256,ifindex:9,qid:7,zc:1,refs:9) fr(entries:11) cr(entries:12) \
    stats(rx dropped:1,rx invalid:2,rx queue full:3,rx fill ring empty:4,tx invalid:5,\
    tx ring empty:6)"
)]
fn xdp_shows(#[case] letters: &str, #[case] shown: &str) {
    let mut bytes = vec![44, 3, 0, 0];
    bytes.extend(words(&[11, 5, 6]));
    let mut umem = 65_536_u64.to_ne_bytes().to_vec();
    umem.extend(words(&[1, 16, 2048, 256, 9, 7, 1, 9]));
    let counters: Vec<u8> = (1..=6_u64).flat_map(u64::to_ne_bytes).collect();
    let values = [words(&[9, 3]), words(&[1000]), words(&[2048]), words(&[1024]), umem];
    for (kind, value) in (1..).zip(values) {
        bytes.extend(attribute(kind, &value));
    }
    for (kind, value) in [(6, words(&[11])), (7, words(&[12])), (8, memory()), (9, counters)] {
        bytes.extend(attribute(kind, &value));
    }
    let start = "xdp UNCONN 1 0 if9:q3 * uid:1000 ino:11 sk:600000005";
    assert_eq!(row(Table::Xdp, letters, &bytes), format!("{start}{shown}"));
}
