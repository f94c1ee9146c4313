//! Requests and their encoding.
//!
//! # Format
//!
//! A netlink header and a structure of the family; its first byte is the family, its second the
//! protocol. For internet sockets this is `struct inet_diag_req_v2`, 56 bytes: family, protocol,
//! extensions, padding, states, and the identity of one socket, which is zero in a dump. Bit `n -
//! 1` of the extensions asks for the attribute of number `n`. Attributes may follow: a filter
//! program (1), and the protocol (3), because that of Multipath TCP, 262, does not fit into a byte.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
};

use super::{
    uapi::{
        AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_VSOCK, AF_XDP, INET_DIAG_CONG,
        INET_DIAG_INFO, INET_DIAG_MEMINFO, INET_DIAG_REQ_BYTECODE, INET_DIAG_REQ_PROTOCOL,
        INET_DIAG_SKMEMINFO, INET_DIAG_TCLASS, INET_DIAG_TOS, INET_DIAG_VEGASINFO, IPPROTO_ICMP,
        IPPROTO_ICMPV6, IPPROTO_MPTCP, IPPROTO_RAW, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP,
        IPPROTO_UDPLITE, NDIAG_PROTO_ALL, NDIAG_SHOW_FLAGS, NDIAG_SHOW_GROUPS, NDIAG_SHOW_MEMINFO,
        PACKET_SHOW_FANOUT, PACKET_SHOW_FILTER, PACKET_SHOW_INFO, PACKET_SHOW_MCLIST,
        PACKET_SHOW_MEMINFO, PACKET_SHOW_RING_CFG, UDIAG_SHOW_ICONS, UDIAG_SHOW_MEMINFO,
        UDIAG_SHOW_NAME, UDIAG_SHOW_PEER, UDIAG_SHOW_RQLEN, UDIAG_SHOW_UID, UDIAG_SHOW_VFS,
        XDP_SHOW_INFO, XDP_SHOW_MEMINFO, XDP_SHOW_RING_CFG, XDP_SHOW_STATS, XDP_SHOW_UMEM,
    },
    wire::{
        HEADER, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, SOCK_DESTROY, SOCK_DIAG_BY_FAMILY,
        TCPDIAG_GETSOCK,
    },
};
use crate::{
    model::{Cookie, Family, InetProtocol, InetSocket, Inode, RowForm, StateMask, Table},
    table_query::{Details, TableQuery},
};

/// A request for sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// The sockets of a table.
    Dump(TableQuery),
    /// One internet socket. A TCP socket that listens answers for connections that do not exist.
    Inet(InetLookup),
    /// One unix socket.
    Unix(UnixLookup),
}

/// The identity of an internet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InetLookup {
    /// The protocol; Multipath TCP and ping sockets cannot be looked up.
    pub protocol: InetProtocol,
    /// The local address and port, which determine the family. For a raw socket, the port is its
    /// IP protocol.
    pub local: SocketAddr,
    /// The remote address and port, of the same family; unspecified and 0 for none.
    pub remote: SocketAddr,
    /// The interface to which the socket is bound, for the lookup.
    pub interface: Option<NonZeroU32>,
    /// The cookie; `None` takes whatever socket has the addresses.
    pub cookie: Option<Cookie>,
    /// The details to request.
    pub details: Details,
}

impl InetLookup {
    /// Returns the identity of a listed socket.
    pub fn of(socket: &InetSocket) -> Self {
        Self {
            protocol: socket.protocol,
            local: socket.local,
            remote: socket.remote,
            interface: socket.interface,
            cookie: socket.cookie,
            details: Details::NONE,
        }
    }

    fn family(&self) -> Family {
        if self.local.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// The identity of a unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixLookup {
    /// The inode.
    pub inode: Inode,
    /// The cookie; `None` takes whatever socket has the inode.
    pub cookie: Option<Cookie>,
    /// The details to request.
    pub details: Details,
}

impl Request {
    /// Returns the requested table.
    pub fn table(&self) -> Table {
        match self {
            Self::Dump(query) => query.table,
            Self::Inet(lookup) => Table::inet(lookup.protocol, lookup.family()),
            Self::Unix(_) => Table::Unix,
        }
    }

    /// Returns the states that are wanted.
    pub(crate) fn states(&self) -> StateMask {
        match self {
            Self::Dump(query) => query.states,
            Self::Inet(_) | Self::Unix(_) => StateMask::ALL,
        }
    }

    /// Returns whether no socket can match, so that no request is needed: the wanted states do not
    /// occur in the table.
    pub fn is_void(&self) -> bool {
        matches!(self, Self::Dump(query) if query.possible_states().is_empty())
    }

    /// Appends the request with that number to `out`.
    pub fn encode(&self, sequence: u32, out: &mut Vec<u8>) {
        let flags = match self {
            Self::Dump(_) => NLM_F_REQUEST | NLM_F_DUMP,
            Self::Inet(_) | Self::Unix(_) => NLM_F_REQUEST,
        };
        write_message(SOCK_DIAG_BY_FAMILY, flags, sequence, out, |out| match self {
            Self::Dump(query) => write_dump(query, out),
            Self::Inet(lookup) => write_inet_lookup(lookup, Purpose::Show, out),
            Self::Unix(lookup) => write_unix_lookup(lookup, out),
        });
    }
}

/// Writes the request for the TCP sockets of both families, in the older interface: `struct
/// inet_diag_req`, 60 bytes, which are family, lengths of two addresses, extensions, the identity
/// of one socket, states, and a number that is not used.
pub(super) fn encode_both_families(query: &TableQuery, sequence: u32, out: &mut Vec<u8>) {
    let flags = NLM_F_REQUEST | NLM_F_DUMP;
    write_message(TCPDIAG_GETSOCK, flags, sequence, out, |out| {
        out.extend([0, 0, 0, extensions(query.details)]);
        out.extend([0; 48]);
        put_words(out, &[query.possible_states().bits(), 0]);
        if !query.filter.is_empty() {
            put_attribute(out, INET_DIAG_REQ_BYTECODE, &query.filter);
        }
    });
}

/// Writes the request that destroys a socket.
pub(super) fn encode_destroy(lookup: &InetLookup, sequence: u32, out: &mut Vec<u8>) {
    let flags = NLM_F_REQUEST | NLM_F_ACK;
    write_message(SOCK_DESTROY, flags, sequence, out, |out| {
        write_inet_lookup(lookup, Purpose::Destroy, out);
    });
}

/// Writes a header, a body, and the length of both into the header.
fn write_message(
    kind: u16,
    flags: u16,
    sequence: u32,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend([0; 4]);
    out.extend(kind.to_ne_bytes());
    out.extend(flags.to_ne_bytes());
    put_words(out, &[sequence, 0]);
    debug_assert_eq!(out.len() - start, HEADER);
    body(out);
    // OK because a filter is a few KiB at most, and the kernel rejects longer ones.
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
        *place = length.to_ne_bytes();
    }
}

fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
}

/// Writes an attribute and its padding.
fn put_attribute(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    // OK because a filter that is too long for an attribute is one that the kernel rejects.
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    out.extend(length.to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
}

fn write_dump(query: &TableQuery, out: &mut Vec<u8>) {
    let states = query.possible_states().bits();
    let wants = |detail, bit| if query.details.contains(detail) { bit } else { 0 };
    match query.table.form() {
        RowForm::Inet(protocol, family) => write_inet_dump(query, protocol, family, out),
        RowForm::Unix => write_unix(states, 0, query.details, None, out),
        // `struct packet_diag_req`: inode, what to show, cookie.
        RowForm::Packet => {
            let show = PACKET_SHOW_ALWAYS
                | wants(Details::MULTICAST, PACKET_SHOW_MCLIST)
                | wants(Details::RINGS, PACKET_SHOW_RING_CFG)
                | wants(Details::FANOUT, PACKET_SHOW_FANOUT)
                | wants(Details::FILTER, PACKET_SHOW_FILTER);
            out.extend([AF_PACKET, 0, 0, 0]);
            put_words(out, &[0, show, 0, 0]);
        }
        // `struct netlink_diag_req`, alike.
        RowForm::Netlink => {
            out.extend([AF_NETLINK, NDIAG_PROTO_ALL, 0, 0]);
            put_words(out, &[0, NDIAG_SHOW_ALWAYS, 0, 0]);
        }
        // `struct vsock_diag_req`: states, inode, what to show, cookie.
        RowForm::Vsock => {
            out.extend([AF_VSOCK, 0, 0, 0]);
            put_words(out, &[states, 0, 0, 0, 0]);
        }
        // `struct xdp_diag_req`: inode, what to show, cookie.
        RowForm::Xdp => {
            let show = XDP_SHOW_INFO
                | wants(Details::RINGS, XDP_SHOW_RING_CFG)
                | wants(Details::UMEM, XDP_SHOW_UMEM)
                | wants(Details::MEMORY, XDP_SHOW_MEMINFO)
                | wants(Details::STATISTICS, XDP_SHOW_STATS);
            out.extend([AF_XDP, 0, 0, 0]);
            put_words(out, &[0, show, 0, 0]);
        }
    }
}

/// Always requested, whatever details are wanted.
const PACKET_SHOW_ALWAYS: u32 = PACKET_SHOW_INFO | PACKET_SHOW_MEMINFO;
const NDIAG_SHOW_ALWAYS: u32 = NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS | NDIAG_SHOW_FLAGS;
const UDIAG_SHOW_ALWAYS: u32 =
    UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID;

/// Writes `struct unix_diag_req`: states, inode, what to show, cookie.
fn write_unix(
    states: u32,
    inode: u32,
    details: Details,
    cookie: Option<Cookie>,
    out: &mut Vec<u8>,
) {
    let wants = |detail, bit| if details.contains(detail) { bit } else { 0 };
    let show = UDIAG_SHOW_ALWAYS
        | wants(Details::FILE, UDIAG_SHOW_VFS)
        | wants(Details::PENDING, UDIAG_SHOW_ICONS)
        | wants(Details::MEMORY, UDIAG_SHOW_MEMINFO);
    out.extend([AF_UNIX, 0, 0, 0]);
    put_words(out, &[states, inode, show]);
    put_cookie(out, cookie);
}

fn write_unix_lookup(lookup: &UnixLookup, out: &mut Vec<u8>) {
    // Kernel: an inode has 32 bits in sock_diag, because `get_next_ino` returns no more.
    let inode = u32::try_from(lookup.inode.get()).unwrap_or_default();
    write_unix(u32::MAX, inode, lookup.details, lookup.cookie, out);
}

/// Writes a cookie as two words, the lower first; the number of no cookie is all ones.
fn put_cookie(out: &mut Vec<u8>, cookie: Option<Cookie>) {
    let number = cookie.map_or(u64::MAX, Cookie::get);
    let half = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
    put_words(out, &[half(number), half(number >> 32)]);
}

fn write_inet_dump(query: &TableQuery, protocol: InetProtocol, family: Family, out: &mut Vec<u8>) {
    out.extend([
        family_number(family),
        protocol_byte(protocol, family),
        extensions(query.details),
        0,
    ]);
    put_words(out, &[query.possible_states().bits()]);
    // No particular socket: the ports are zero, and the rest is ignored.
    out.extend([0; 48]);
    if protocol == InetProtocol::Mptcp {
        put_attribute(out, INET_DIAG_REQ_PROTOCOL, &IPPROTO_MPTCP.to_ne_bytes());
    }
    if !query.filter.is_empty() {
        put_attribute(out, INET_DIAG_REQ_BYTECODE, &query.filter);
    }
}

const fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    }
}

const fn protocol_byte(protocol: InetProtocol, family: Family) -> u8 {
    match (protocol, family) {
        (InetProtocol::Tcp, _) => IPPROTO_TCP,
        (InetProtocol::Udp, _) => IPPROTO_UDP,
        (InetProtocol::UdpLite, _) => IPPROTO_UDPLITE,
        (InetProtocol::Raw, _) => IPPROTO_RAW,
        (InetProtocol::Icmp, Family::V4) => IPPROTO_ICMP,
        (InetProtocol::Icmp, Family::V6) => IPPROTO_ICMPV6,
        (InetProtocol::Sctp, _) => IPPROTO_SCTP,
        // The attribute contains the protocol. A kernel without the attribute finds no handler for
        // 0; for 6, the low byte of 262, it would show TCP sockets.
        (InetProtocol::Mptcp, _) => 0,
    }
}

/// Returns the bits that request attributes: bit `n - 1` for attribute number `n`.
fn extensions(details: Details) -> u8 {
    let wants = |detail, attributes: &[u16]| {
        if details.contains(detail) {
            attributes.iter().fold(0, |bits, attribute| bits | 1 << (attribute - 1))
        } else {
            0
        }
    };
    wants(Details::INFO, &[INET_DIAG_INFO, INET_DIAG_VEGASINFO, INET_DIAG_CONG])
        | wants(Details::MEMORY, &[INET_DIAG_MEMINFO, INET_DIAG_SKMEMINFO])
        | wants(Details::TRAFFIC_CLASS, &[INET_DIAG_TOS, INET_DIAG_TCLASS])
}

/// The purpose of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Show,
    Destroy,
}

fn write_inet_lookup(lookup: &InetLookup, purpose: Purpose, out: &mut Vec<u8>) {
    let family = lookup.family();
    // Kernel: `struct inet_diag_req_raw` has the IP protocol of a raw socket in the padding.
    let raw = match lookup.protocol {
        InetProtocol::Raw => u8::try_from(lookup.local.port()).unwrap_or_default(),
        _ => 0,
    };
    let protocol = protocol_byte(lookup.protocol, family);
    out.extend([family_number(family), protocol, extensions(lookup.details), raw]);
    put_words(out, &[u32::MAX]);
    let (first, second) = match (lookup.protocol, purpose) {
        // Kernel: "src and dst are swapped for historical reasons" (`udp_dump_one`).
        (InetProtocol::Udp | InetProtocol::UdpLite, Purpose::Show) => (lookup.remote, lookup.local),
        _ => (lookup.local, lookup.remote),
    };
    out.extend(first.port().to_be_bytes());
    out.extend(second.port().to_be_bytes());
    put_address(out, first.ip());
    put_address(out, second.ip());
    put_words(out, &[lookup.interface.map_or(0, NonZeroU32::get)]);
    put_cookie(out, lookup.cookie);
}

/// Writes an address into 16 bytes, of which IPv4 uses the first 4.
fn put_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            out.extend(address.octets());
            out.extend([0; 12]);
        }
        IpAddr::V6(address) => out.extend(address.octets()),
    }
}
