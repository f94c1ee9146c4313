//! A message of each kind, with every attribute that it can have.

use procnetsocket::Table;

use crate::diag::bytes::{attribute, hex};

/// The memory of a socket (`SK_MEMINFO`).
pub(crate) const MEMORY: &str = "
    01000000    # rmem_alloc
    02000000    # rcvbuf
    03000000    # wmem_alloc
    04000000    # sndbuf
    ffffffff    # fwd_alloc, -1
    06000000    # wmem_queued
    07000000    # optmem
    08000000    # backlog
    09000000    # drops
";

/// A listener on 127.0.0.1:8080.
pub(crate) const TCP_LISTENER: &str = "
    02 0a 00 00                         # AF_INET, LISTEN, no timer, no retransmissions
    1f90 0000                           # ports
    7f000001 00000000 00000000 00000000 # address on this side
    00000000 00000000 00000000 00000000 # and on the other
    03000000                            # interface
    11000000 22000000                   # cookie
    00000000                            # no timer expires
    01000000 05000000                   # one connection waits, of five
    e8030000                            # uid 1000
    7b000000                            # inode 123
";

/// A connection between link-local addresses, with a timer.
pub(crate) const TCP6_CONNECTION: &str = "
    0a 01 01 02                         # AF_INET6, ESTABLISHED, retransmission timer, 2
    0016 c000                           # ports 22 and 49152
    fe800000 00000000 00000000 00000001
    fe800000 00000000 00000000 00000002
    02000000                            # interface
    01000000 00000000                   # cookie
    c8000000                            # 200 ms
    0a000000 14000000                   # queues
    00000000 4e200000                   # uid 0, inode
";

/// A UDP socket that is not connected.
pub(crate) const UDP: &str = "
    02 07 00 00 0035 0000
    7f000035 00000000 00000000 00000000
    00000000 00000000 00000000 00000000
    00000000 05000000 00000000 00000000
    00000000 00000000 65000000 09000000
";

/// A raw socket for ICMP: its port is the IP protocol.
pub(crate) const RAW: &str = "
    02 07 00 00 0001 0000
    00000000 00000000 00000000 00000000
    00000000 00000000 00000000 00000000
    00000000 06000000 00000000 00000000
    00000000 00000000 00000000 0a000000
";

/// An SCTP association that is established, with its timer.
pub(crate) const SCTP: &str = "
    02 03 04 01                         # AF_INET, SCTP_STATE_ESTABLISHED, T3-rtx, 1
    1389 138a
    0a000001 00000000 00000000 00000000
    0a000002 00000000 00000000 00000000
    00000000 07000000 00000000
    e8030000                            # 1 s
    00000000 00000000 00000000 0b000000
";

/// A unix listener.
pub(crate) const UNIX: &str = "
    01 01 0a 00         # AF_UNIX, SOCK_STREAM, LISTEN
    7b000000            # inode 123
    11000000 00000000   # cookie
";

/// A packet socket.
pub(crate) const PACKET: &str = "
    11 03               # AF_PACKET, SOCK_RAW
    0300                # ETH_P_ALL, in host order
    7b000000            # inode 123
    12000000 00000000   # cookie
";

/// A netlink socket of a process.
pub(crate) const NETLINK: &str = "
    10 03 00 01         # AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, NETLINK_CONNECTED
    d2040000            # port id 1234
    02000000 03000000   # connected to port id 2, group 3
    7b000000            # inode 123
    13000000 00000000   # cookie
";

/// A vsock connection.
pub(crate) const VSOCK: &str = "
    28 01 01 02         # AF_VSOCK, SOCK_STREAM, ESTABLISHED, SEND_SHUTDOWN
    03000000 00040000   # context 3, port 1024
    02000000 ffffffff   # the host, any port
    7b000000            # inode 123
    14000000 00000000   # cookie
";

/// An XDP socket.
pub(crate) const XDP: &str = "
    2c 03 0000          # AF_XDP, SOCK_RAW
    7b000000            # inode 123
    15000000 00000000   # cookie
";

/// Bytes that count up, so that each field of a structure has a different number.
pub(crate) fn counting(length: usize) -> Vec<u8> {
    (0..length).map(|byte| u8::try_from(byte % 256).unwrap()).collect()
}

/// `struct sockaddr_storage` of `10.0.0.1:5001`.
pub(crate) fn storage4() -> Vec<u8> {
    let mut bytes = hex("0200 1389 0a000001");
    bytes.resize(128, 0);
    bytes
}

/// `struct sockaddr_storage` of `[2001:db8::1]:5002`.
pub(crate) fn storage6() -> Vec<u8> {
    let mut bytes = hex("0a00 138a 00000000 20010db8 00000000 00000000 00000001 00000000");
    bytes.resize(128, 0);
    bytes
}

/// `struct tcp_diag_md5sig` of 10.0.0.0/8 with the key "secret".
pub(crate) fn md5_key() -> Vec<u8> {
    let mut bytes = hex("02 08 0600 0a000000 00000000 00000000 00000000 736563726574");
    bytes.resize(100, 0);
    bytes
}

/// The upper layer protocol TLS, as `tls_get_info` writes it.
pub(crate) fn tls() -> Vec<u8> {
    let info = [
        attribute(1, &hex("0403")), // TLS 1.3
        attribute(2, &hex("3400")), // AES-GCM-256
        attribute(3, &hex("0300")), // sent by the interface
        attribute(4, &hex("0200")), // received in software
        attribute(5, &[]),
        attribute(6, &[]),
    ];
    [attribute(1, b"tls\0"), attribute(2 | 0x8000, &info.concat())].concat()
}

/// The upper layer protocol MPTCP, as `subflow_get_info` writes it.
pub(crate) fn subflow() -> Vec<u8> {
    let info = [
        attribute(1, &hex("01000000")),         // remote token
        attribute(2, &hex("02000000")),         // local token
        attribute(3, &hex("03000000")),         // relative write sequence
        attribute(4, &hex("0400000000000000")), // map sequence
        attribute(5, &hex("05000000")),         // map subflow sequence
        attribute(6, &hex("06000000")),         // offset
        attribute(7, &hex("0700")),             // map length
        attribute(8, &hex("83010000")),         // capable on both sides, connected, map valid
        attribute(9, &hex("09")),               // remote id
        attribute(10, &hex("0a")),              // local id
    ];
    [attribute(1, b"mptcp\0"), attribute(3 | 0x8000, &info.concat())].concat()
}

/// Every attribute of an internet socket, with the statistics and the upper layer protocol given.
pub(crate) fn inet_attributes(info: usize, ulp: &[u8]) -> Vec<u8> {
    let mut all = vec![
        attribute(1, &hex("01000000 02000000 03000000 04000000")),
        attribute(2, &counting(info)),
        attribute(4, b"cubic\0"),
        attribute(5, &[0x10]),
        attribute(6, &[0x20]),
        attribute(7, &hex(MEMORY)),
        attribute(8, &[3]),
        attribute(10, &[6]),
        attribute(11, &[1]),
        attribute(14, &[]),
        attribute(15, &hex("2a000000")),
        attribute(16, &hex("00e1f505 01000000 f4010000 e4020000 00020000")),
        attribute(17, &hex("01001000")),
        attribute(18, &md5_key()),
        attribute(19, ulp),
        attribute(21, &hex("0100000001000000")),
        attribute(22, &hex("5204")),
    ];
    // Of a newer kernel.
    all.push(attribute(99, &[1, 2, 3]));
    all.concat()
}

/// Every attribute of a packet socket.
pub(crate) fn packet_attributes() -> Vec<u8> {
    let address = [hex("02000000 01000000 0000 0600 01005e000001"), vec![0; 26]].concat();
    let ring = hex("00100000 04000000 00080000 08000000 40000000 00000000 01000000");
    [
        attribute(0, &hex("02000000 02000000 00000000 00010000 00000000 13000000")),
        attribute(1, &address),
        attribute(2, &ring),
        attribute(3, &ring),
        attribute(4, &hex("07000110")),
        attribute(5, &hex("e8030000")),
        attribute(6, &hex(MEMORY)),
        attribute(7, &hex("2800 00 00 0c000000  1500 00 01 00080000  0600 00 00 00000000")),
    ]
    .concat()
}

/// Every attribute of a netlink socket.
pub(crate) fn netlink_attributes() -> Vec<u8> {
    [
        attribute(0, &hex(MEMORY)),
        attribute(1, &hex("05000000 00000080 01000000 00000000")),
        attribute(4, &hex("03000000")),
    ]
    .concat()
}

/// Every attribute of a unix socket.
pub(crate) fn unix_attributes() -> Vec<u8> {
    [
        attribute(0, b"/run/app.sock\0"),
        attribute(1, &hex("39300000 0100e00f")),
        attribute(2, &hex("7c000000")),
        attribute(3, &hex("7d000000 00000000 7e000000")),
        attribute(4, &hex("02000000 80000000")),
        attribute(5, &hex(MEMORY)),
        attribute(6, &[2]),
        attribute(7, &hex("e8030000")),
    ]
    .concat()
}

/// Every attribute of an XDP socket.
pub(crate) fn xdp_attributes() -> Vec<u8> {
    [
        attribute(1, &hex("02000000 05000000")),
        attribute(2, &hex("e8030000")),
        attribute(3, &hex("00080000")),
        attribute(4, &hex("00040000")),
        attribute(5, &counting(40)),
        attribute(6, &hex("00100000")),
        attribute(7, &hex("00200000")),
        attribute(8, &hex(MEMORY)),
        attribute(9, &counting(48)),
    ]
    .concat()
}

/// A complete message of each table.
pub(crate) fn messages() -> Vec<(Table, Vec<u8>)> {
    let message = |header: &str, attributes: Vec<u8>| [hex(header), attributes].concat();
    let sctp = [
        attribute(2, &[vec![1; 168], storage6(), vec![2; 72]].concat()),
        attribute(12, &[storage4(), storage6()].concat()),
        attribute(13, &storage4()),
    ];
    let vegas = attribute(3, &hex("01000000 05000000 64000000 ffffff7f"));
    let dctcp = attribute(9, &hex("0100 0000 00040000 05000000 0a000000"));
    vec![
        (Table::Tcp4, message(TCP_LISTENER, inet_attributes(280, &subflow()))),
        (Table::Tcp6, message(TCP6_CONNECTION, inet_attributes(104, &tls()))),
        (Table::Tcp6, message(TCP6_CONNECTION, [vegas, dctcp].concat())),
        (Table::Mptcp4, message(TCP_LISTENER, inet_attributes(96, &[]))),
        (Table::Udp4, message(UDP, attribute(7, &hex(MEMORY)))),
        (Table::UdpLite4, message(UDP, Vec::new())),
        (Table::Raw4, message(RAW, attribute(10, &[1]))),
        (Table::Sctp4, message(SCTP, sctp.concat())),
        (Table::Unix, message(UNIX, unix_attributes())),
        (Table::Packet, message(PACKET, packet_attributes())),
        (Table::Netlink, message(NETLINK, netlink_attributes())),
        (Table::Vsock, hex(VSOCK)),
        (Table::Xdp, message(XDP, xdp_attributes())),
    ]
}
