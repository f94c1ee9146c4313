//! Rows of `tcp`, `tcp6`, `udp`, `udp6`, `udplite`, `udplite6`, `raw`, `raw6`, `icmp`, `icmp6`.
//!
//! # Format
//!
//! ```text
//!   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//!    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 32017 1 ffff9f3c8b3e0000 100 0 0 10 0
//! ```
//!
//! | columns | print format | meaning |
//! | --- | --- | --- |
//! | `sl` | `%4d:` or `%5d:` | the row or bucket, not used |
//! | addresses | `%08X:%04X`, IPv6 four `%08X` before the colon | words in host order, port |
//! | `st` | `%02X` | state 1 to 13 |
//! | queues | `%08X:%08X` | send, receive |
//! | `tr`, `tm->when` | `%02X:%08lX` | timer and its clock ticks, which may take more than 8 digits |
//! | `retrnsmt` | `%08X` | retransmissions, hexadecimal |
//! | `uid`, `timeout`, `inode` | `%5u %8d %lu` | owner, probes, inode |
//! | unnamed | `%d %pK` | references, kernel pointer |
//! | unnamed, TCP | `%lu %lu %u %u %d` | rto, ato, quick acks and pingpong, cwnd, ssthresh |
//! | `drops`, others | `%u` | datagrams dropped |
//!
//! Kernel: `tcp4_seq_show` and `tcp6_seq_show` with `get_tcp4_sock`, `get_timewait4_sock` and
//! `get_openreq4` (TIME-WAIT and SYN-RECV rows end after the pointer); `udp4_format_sock`,
//! `raw_sock_seq_show`, `ping_v4_format_sock` and, for their IPv6 tables,
//! `__ip6_dgram_sock_seq_show`. TCP rows are padded with blanks to 149 bytes (178 in `tcp6`), those
//! of `udp`, `udplite` and `icmp` to 127; the others are not padded.
//!
//! Kernel: `drops` came with 2.6.27 and was signed until 4.20; pointers are hashed since 4.15, and
//! `(____ptrval____)` before the kernel has entropy to hash with.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bstr::BString;

use super::{Endian, Expected, Fields, Problem, Rows, Until, decimal, hex};
use crate::model::{
    InetProtocol, InetSocket, Inode, KernelPointer, Queues, Socket, TcpDetail, TcpState, Timer,
    TimerKind,
};

/// The address family of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Addresses of one word.
    V4,
    /// Addresses of four words.
    V6,
}

/// The parser of an inet table.
pub(crate) struct InetRows {
    family: Family,
    endian: Endian,
    row: InetSocket,
}

impl InetRows {
    /// Returns the parser of that protocol's table.
    pub(crate) fn new(protocol: InetProtocol, family: Family, endian: Endian) -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let row = InetSocket {
            protocol,
            local: nowhere,
            remote: nowhere,
            state: TcpState::Close,
            queues: Queues::default(),
            timer: None,
            retransmits: 0,
            probes: 0,
            uid: 0,
            inode: None,
            references: 0,
            pointer: KernelPointer(0),
            tcp: None,
            drops: None,
            trailing: BString::default(),
        };
        Self { family, endian, row }
    }
}

impl Rows for InetRows {
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, Problem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row, self.family, self.endian) {
            Ok(()) => Ok(Socket::Inet(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }
}

fn parse_row(
    fields: &mut Fields<'_>,
    row: &mut InetSocket,
    family: Family,
    endian: Endian,
) -> Result<(), Expected> {
    fields.take(decimal, Until::Colon, "a row number and a colon")?;
    fields.skip_blanks();
    // The order is that of the columns. Every field is set anew, so nothing of an earlier row
    // shows through.
    row.local = parse_endpoint(fields, family, endian)?;
    row.remote = parse_endpoint(fields, family, endian)?;
    row.state = parse_state(fields)?;
    row.queues = parse_queues(fields)?;
    row.timer = parse_timer(fields)?;
    row.retransmits = fields.hex_word(Until::Blank, "hexadecimal retransmissions")?;
    row.uid = fields.decimal("a decimal user id")?;
    row.probes = fields.decimal("a decimal number of probes")?;
    row.inode = Inode::new(fields.decimal("a decimal inode")?);
    (row.references, row.pointer) = parse_object(fields)?;
    (row.tcp, row.drops) = match row.protocol {
        InetProtocol::Tcp => (parse_tcp_detail(fields)?, None),
        _ => (None, parse_drops(fields)?),
    };
    parse_trailing(fields, &mut row.trailing)?;
    Ok(())
}

fn parse_endpoint(
    fields: &mut Fields<'_>,
    family: Family,
    endian: Endian,
) -> Result<SocketAddr, Expected> {
    let ip = match family {
        Family::V4 => IpAddr::V4(parse_ipv4(fields, endian)?),
        Family::V6 => IpAddr::V6(parse_ipv6(fields, endian)?),
    };
    let port = fields.hex_half(Until::Blank, "a hexadecimal port of 4 digits")?;
    Ok(SocketAddr::new(ip, port))
}

fn parse_state(fields: &mut Fields<'_>) -> Result<TcpState, Expected> {
    let state = |bytes| {
        let (number, rest) = hex::fixed::<2>(bytes)?;
        Some((TcpState::from_number(number)?, rest))
    };
    fields.take(state, Until::Blank, "a hexadecimal state from 01 to 0D")
}

fn parse_queues(fields: &mut Fields<'_>) -> Result<Queues, Expected> {
    let send = fields.hex_word(Until::Colon, "a hexadecimal send queue of 8 digits")?;
    let recv = fields.hex_word(Until::Blank, "a hexadecimal receive queue of 8 digits")?;
    Ok(Queues { recv, send })
}

fn parse_timer(fields: &mut Fields<'_>) -> Result<Option<Timer>, Expected> {
    let kind = fields.hex_byte(Until::Colon, "a hexadecimal timer of 2 digits")?;
    let expires = fields.hex("hexadecimal clock ticks")?;
    let kind = TimerKind::from_number(kind.into());
    Ok(kind.map(|kind| Timer { kind, expires: ticks(expires) }))
}

/// Returns the time of so many clock ticks; one of more than 64 bits of milliseconds is cut there.
///
/// Kernel: `USER_HZ` is 100 on every architecture but alpha, so a tick is 10 ms.
fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(10))
}

/// Parses the references and the pointer; a row may end before either.
fn parse_object(fields: &mut Fields<'_>) -> Result<(i32, KernelPointer), Expected> {
    if fields.is_at_end() {
        return Ok((0, KernelPointer(0)));
    }
    let references = fields.signed("a decimal reference count")?;
    if fields.is_at_end() {
        return Ok((references, KernelPointer(0)));
    }
    Ok((references, fields.pointer(Until::Blank)?))
}

/// Parses the last columns of a TCP row, which are there for a full socket only.
fn parse_tcp_detail(fields: &mut Fields<'_>) -> Result<Option<TcpDetail>, Expected> {
    if fields.is_at_end() {
        return Ok(None);
    }
    let retransmission_timeout = ticks(fields.decimal("a decimal retransmission timeout")?);
    let ack_timeout = ticks(fields.decimal("a decimal acknowledgement timeout")?);
    // Kernel: `(icsk->icsk_ack.quick << 1) | inet_csk_in_pingpong_mode(sk)`.
    let acks: u32 = fields.decimal("decimal quick acknowledgements")?;
    let congestion_window = fields.decimal("a decimal congestion window")?;
    let threshold = fields.signed("a decimal slow start threshold")?;
    Ok(Some(TcpDetail {
        retransmission_timeout,
        ack_timeout,
        quick_acks: acks >> 1,
        pingpong: acks & 1 == 1,
        congestion_window,
        // Kernel: 32 bits without a sign are printed by `%d`; -1 stands for initial slow start.
        slow_start_threshold: (threshold != -1).then_some(threshold.cast_unsigned()),
    }))
}

/// Parses the dropped datagrams, which kernels before 2.6.27 do not print.
fn parse_drops(fields: &mut Fields<'_>) -> Result<Option<u32>, Expected> {
    if fields.is_at_end() {
        return Ok(None);
    }
    fields.either_sign("a decimal number of drops").map(Some)
}

/// Parses what is behind the last known column: text, or it is no row of a kernel.
fn parse_trailing(fields: &Fields<'_>, trailing: &mut BString) -> Result<(), Expected> {
    trailing.clear();
    let text = fields.rest().trim_ascii_end();
    if !text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Err("the end of the row");
    }
    trailing.extend_from_slice(text);
    Ok(())
}

/// Parses an address of one word, which the kernel prints in its own byte order.
fn parse_ipv4(fields: &mut Fields<'_>, endian: Endian) -> Result<Ipv4Addr, Expected> {
    let word = fields.hex_word(Until::Colon, "an IPv4 address of 8 hexadecimal digits")?;
    Ok(Ipv4Addr::from(network_bytes(word, endian)))
}

/// Parses an address of four words, each of which is printed in the kernel's byte order.
///
/// An IPv4 address mapped into IPv6 stays what it is: the socket is an IPv6 socket.
fn parse_ipv6(fields: &mut Fields<'_>, endian: Endian) -> Result<Ipv6Addr, Expected> {
    let words =
        fields.take(four_words, Until::Colon, "an IPv6 address of 32 hexadecimal digits")?;
    let mut octets = [0; 16];
    for (place, word) in octets.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&network_bytes(word, endian));
    }
    Ok(Ipv6Addr::from(octets))
}

fn four_words(bytes: &[u8]) -> Option<([u32; 4], &[u8])> {
    let (mut words, mut rest) = ([0; 4], bytes);
    for word in &mut words {
        (*word, rest) = hex::word(rest)?;
    }
    Some((words, rest))
}

/// Returns the bytes that the word has in the memory of the kernel that printed it.
fn network_bytes(word: u32, endian: Endian) -> [u8; 4] {
    match endian {
        Endian::Little => word.to_le_bytes(),
        Endian::Big => word.to_be_bytes(),
    }
}
