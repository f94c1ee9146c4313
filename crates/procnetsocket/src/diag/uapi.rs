//! Numbers of the kernel's interface, with the kernel's names.
//!
//! They are the same on every architecture, and never change. The headers are in
//! `include/uapi/linux/`.

/// `socket.h`: address families.
pub(super) const AF_UNIX: u8 = 1;
pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;
pub(super) const AF_NETLINK: u8 = 16;
pub(super) const AF_PACKET: u8 = 17;
pub(super) const AF_VSOCK: u8 = 40;
pub(super) const AF_XDP: u8 = 44;

/// `in.h` and `in6.h`: protocols.
pub(super) const IPPROTO_ICMP: u8 = 1;
pub(super) const IPPROTO_TCP: u8 = 6;
pub(super) const IPPROTO_UDP: u8 = 17;
pub(super) const IPPROTO_ICMPV6: u8 = 58;
pub(super) const IPPROTO_SCTP: u8 = 132;
pub(super) const IPPROTO_UDPLITE: u8 = 136;
pub(super) const IPPROTO_RAW: u8 = 255;
pub(super) const IPPROTO_MPTCP: u32 = 262;

/// `inet_diag.h`: attributes of a request.
pub(super) const INET_DIAG_REQ_BYTECODE: u16 = 1;
pub(super) const INET_DIAG_REQ_PROTOCOL: u16 = 3;

/// `inet_diag.h`: attributes of a socket. A request asks for the first eight by bit `number - 1`.
pub(super) const INET_DIAG_MEMINFO: u16 = 1;
pub(super) const INET_DIAG_INFO: u16 = 2;
pub(super) const INET_DIAG_VEGASINFO: u16 = 3;
pub(super) const INET_DIAG_CONG: u16 = 4;
pub(super) const INET_DIAG_TOS: u16 = 5;
pub(super) const INET_DIAG_TCLASS: u16 = 6;
pub(super) const INET_DIAG_SKMEMINFO: u16 = 7;
pub(super) const INET_DIAG_SHUTDOWN: u16 = 8;
pub(super) const INET_DIAG_DCTCPINFO: u16 = 9;
pub(super) const INET_DIAG_PROTOCOL: u16 = 10;
pub(super) const INET_DIAG_SKV6ONLY: u16 = 11;
pub(super) const INET_DIAG_LOCALS: u16 = 12;
pub(super) const INET_DIAG_PEERS: u16 = 13;
pub(super) const INET_DIAG_MARK: u16 = 15;
pub(super) const INET_DIAG_BBRINFO: u16 = 16;
pub(super) const INET_DIAG_CLASS_ID: u16 = 17;
pub(super) const INET_DIAG_MD5SIG: u16 = 18;
pub(super) const INET_DIAG_ULP_INFO: u16 = 19;
pub(super) const INET_DIAG_CGROUP_ID: u16 = 21;
pub(super) const INET_DIAG_SOCKOPT: u16 = 22;

/// `inet_diag.h`: attributes within `INET_DIAG_ULP_INFO`.
pub(super) const INET_ULP_INFO_NAME: u16 = 1;
pub(super) const INET_ULP_INFO_TLS: u16 = 2;
pub(super) const INET_ULP_INFO_MPTCP: u16 = 3;

/// `tls.h`: attributes within `INET_ULP_INFO_TLS`.
pub(super) const TLS_INFO_VERSION: u16 = 1;
pub(super) const TLS_INFO_CIPHER: u16 = 2;
pub(super) const TLS_INFO_TXCONF: u16 = 3;
pub(super) const TLS_INFO_RXCONF: u16 = 4;
pub(super) const TLS_INFO_ZC_RO_TX: u16 = 5;
pub(super) const TLS_INFO_RX_NO_PAD: u16 = 6;

/// `mptcp.h`: attributes within `INET_ULP_INFO_MPTCP`.
pub(super) const MPTCP_SUBFLOW_ATTR_TOKEN_REM: u16 = 1;
pub(super) const MPTCP_SUBFLOW_ATTR_TOKEN_LOC: u16 = 2;
pub(super) const MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ: u16 = 3;
pub(super) const MPTCP_SUBFLOW_ATTR_MAP_SEQ: u16 = 4;
pub(super) const MPTCP_SUBFLOW_ATTR_MAP_SFSEQ: u16 = 5;
pub(super) const MPTCP_SUBFLOW_ATTR_SSN_OFFSET: u16 = 6;
pub(super) const MPTCP_SUBFLOW_ATTR_MAP_DATALEN: u16 = 7;
pub(super) const MPTCP_SUBFLOW_ATTR_FLAGS: u16 = 8;
pub(super) const MPTCP_SUBFLOW_ATTR_ID_REM: u16 = 9;
pub(super) const MPTCP_SUBFLOW_ATTR_ID_LOC: u16 = 10;

/// `unix_diag.h`: what a request asks for, and attributes of a socket.
pub(super) const UDIAG_SHOW_NAME: u32 = 1;
pub(super) const UDIAG_SHOW_VFS: u32 = 2;
pub(super) const UDIAG_SHOW_PEER: u32 = 4;
pub(super) const UDIAG_SHOW_ICONS: u32 = 8;
pub(super) const UDIAG_SHOW_RQLEN: u32 = 0x10;
pub(super) const UDIAG_SHOW_MEMINFO: u32 = 0x20;
pub(super) const UDIAG_SHOW_UID: u32 = 0x40;
pub(super) const UNIX_DIAG_NAME: u16 = 0;
pub(super) const UNIX_DIAG_VFS: u16 = 1;
pub(super) const UNIX_DIAG_PEER: u16 = 2;
pub(super) const UNIX_DIAG_ICONS: u16 = 3;
pub(super) const UNIX_DIAG_RQLEN: u16 = 4;
pub(super) const UNIX_DIAG_MEMINFO: u16 = 5;
pub(super) const UNIX_DIAG_SHUTDOWN: u16 = 6;
pub(super) const UNIX_DIAG_UID: u16 = 7;

/// `packet_diag.h`: what a request asks for, and attributes of a socket.
pub(super) const PACKET_SHOW_INFO: u32 = 1;
pub(super) const PACKET_SHOW_MCLIST: u32 = 2;
pub(super) const PACKET_SHOW_RING_CFG: u32 = 4;
pub(super) const PACKET_SHOW_FANOUT: u32 = 8;
pub(super) const PACKET_SHOW_MEMINFO: u32 = 0x10;
pub(super) const PACKET_SHOW_FILTER: u32 = 0x20;
pub(super) const PACKET_DIAG_INFO: u16 = 0;
pub(super) const PACKET_DIAG_MCLIST: u16 = 1;
pub(super) const PACKET_DIAG_RX_RING: u16 = 2;
pub(super) const PACKET_DIAG_TX_RING: u16 = 3;
pub(super) const PACKET_DIAG_FANOUT: u16 = 4;
pub(super) const PACKET_DIAG_UID: u16 = 5;
pub(super) const PACKET_DIAG_MEMINFO: u16 = 6;
pub(super) const PACKET_DIAG_FILTER: u16 = 7;

/// `netlink_diag.h`: what a request asks for, and attributes of a socket.
pub(super) const NDIAG_PROTO_ALL: u8 = 255;
pub(super) const NDIAG_SHOW_MEMINFO: u32 = 1;
pub(super) const NDIAG_SHOW_GROUPS: u32 = 2;
pub(super) const NDIAG_SHOW_FLAGS: u32 = 8;
pub(super) const NETLINK_DIAG_MEMINFO: u16 = 0;
pub(super) const NETLINK_DIAG_GROUPS: u16 = 1;
pub(super) const NETLINK_DIAG_FLAGS: u16 = 4;

/// `xdp_diag.h`: what a request asks for, and attributes of a socket.
pub(super) const XDP_SHOW_INFO: u32 = 1;
pub(super) const XDP_SHOW_RING_CFG: u32 = 2;
pub(super) const XDP_SHOW_UMEM: u32 = 4;
pub(super) const XDP_SHOW_MEMINFO: u32 = 8;
pub(super) const XDP_SHOW_STATS: u32 = 0x10;
pub(super) const XDP_DIAG_INFO: u16 = 1;
pub(super) const XDP_DIAG_UID: u16 = 2;
pub(super) const XDP_DIAG_RX_RING: u16 = 3;
pub(super) const XDP_DIAG_TX_RING: u16 = 4;
pub(super) const XDP_DIAG_UMEM: u16 = 5;
pub(super) const XDP_DIAG_UMEM_FILL_RING: u16 = 6;
pub(super) const XDP_DIAG_UMEM_COMPLETION_RING: u16 = 7;
pub(super) const XDP_DIAG_MEMINFO: u16 = 8;
pub(super) const XDP_DIAG_STATS: u16 = 9;
