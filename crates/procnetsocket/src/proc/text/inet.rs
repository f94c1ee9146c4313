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
//! | `uid`, `timeout`, `inode` | `%5u %8d %lu` | uid, probes, inode |
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
//! Kernel: older versions print no `drops`, or print them with a sign. Pointers are hashed since
//! 4.15, and `(____ptrval____)` before the kernel has entropy to hash with.

use std::net::SocketAddr;

use bstr::BString;

use super::{
    RowParser, exact,
    field::{Expected, FieldEnd, Fields, LineProblem},
    number::{Endian, hex_digits, hex_word, unsigned},
};
use crate::model::{
    Family, InetProtocol, InetSocket, Inode, KernelPointer, Queues, Socket, Source, TcpDetail,
    TcpState, Timer,
};

/// The parser of an inet table.
pub(crate) struct InetRows {
    family: Family,
    endian: Endian,
    row: InetSocket,
}

impl InetRows {
    /// Returns the parser of that protocol's table.
    pub(crate) fn new(protocol: InetProtocol, family: Family, endian: Endian) -> Self {
        let row = InetSocket::blank(Source::ProcText, protocol);
        Self { family, endian, row }
    }
}

impl RowParser for InetRows {
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, LineProblem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row, self.family, self.endian) {
            Ok(()) => Ok(Socket::Inet(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }

    fn row(&self) -> Socket<'_> {
        Socket::Inet(&self.row)
    }
}

/// Parses a row: in the exact form of the kernel, which nearly every row has, or else column by
/// column.
fn parse_row(
    fields: &mut Fields<'_>,
    row: &mut InetSocket,
    family: Family,
    endian: Endian,
) -> Result<(), Expected> {
    match exact::parse(fields.rest(), row, family, endian) {
        Some(()) => Ok(()),
        None => parse_row_by_fields(fields, row, family, endian),
    }
}

/// Parses a row column by column. After a failure the next field is the malformed one.
#[cold]
pub(super) fn parse_row_by_fields(
    fields: &mut Fields<'_>,
    row: &mut InetSocket,
    family: Family,
    endian: Endian,
) -> Result<(), Expected> {
    fields.take(unsigned, FieldEnd::Colon, "a row number and a colon")?;
    fields.skip_blanks();
    // The order is that of the columns. Every field is overwritten, so nothing of an earlier row
    // remains.
    parse_head(fields, row, family, endian)?;
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

/// Parses the columns from the local address to the retransmissions.
fn parse_head(
    fields: &mut Fields<'_>,
    row: &mut InetSocket,
    family: Family,
    endian: Endian,
) -> Result<(), Expected> {
    row.local = parse_endpoint(fields, family, endian)?;
    row.remote = parse_endpoint(fields, family, endian)?;
    row.state = parse_state(fields)?;
    row.queues = parse_queues(fields)?;
    row.timer = parse_timer(fields)?;
    row.retransmits = fields.hex_word(FieldEnd::Blank, "hexadecimal retransmissions")?;
    Ok(())
}

fn parse_endpoint(
    fields: &mut Fields<'_>,
    family: Family,
    endian: Endian,
) -> Result<SocketAddr, Expected> {
    const IPV4: &str = "an IPv4 address of 8 hexadecimal digits and a colon";
    const IPV6: &str = "an IPv6 address of 32 hexadecimal digits and a colon";
    let ip = match family {
        Family::V4 => endian.ipv4_address(fields.take(words, FieldEnd::Colon, IPV4)?),
        Family::V6 => endian.ipv6_address(fields.take(words, FieldEnd::Colon, IPV6)?),
    };
    let port = fields.hex_half(FieldEnd::Blank, "a hexadecimal port of 4 digits")?;
    Ok(SocketAddr::new(ip, port))
}

fn parse_state(fields: &mut Fields<'_>) -> Result<TcpState, Expected> {
    let state = |bytes| {
        let (number, rest) = hex_digits::<2>(bytes)?;
        Some((TcpState::from_number(number)?, rest))
    };
    fields.take(state, FieldEnd::Blank, "a hexadecimal state from 01 to 0D")
}

fn parse_queues(fields: &mut Fields<'_>) -> Result<Queues, Expected> {
    let send = fields.hex_word(FieldEnd::Colon, "a hexadecimal send queue of 8 digits")?;
    let recv = fields.hex_word(FieldEnd::Blank, "a hexadecimal receive queue of 8 digits")?;
    Ok(Queues { recv, send })
}

fn parse_timer(fields: &mut Fields<'_>) -> Result<Option<Timer>, Expected> {
    let kind = fields.hex_byte(FieldEnd::Colon, "a hexadecimal timer of 2 digits")?;
    let expires = fields.hex("hexadecimal clock ticks")?;
    Ok(Timer::from_ticks(kind, expires))
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
    Ok((references, fields.pointer(FieldEnd::Blank)?))
}

/// Parses the last columns of a TCP row, which only full sockets have.
fn parse_tcp_detail(fields: &mut Fields<'_>) -> Result<Option<TcpDetail>, Expected> {
    if fields.is_at_end() {
        return Ok(None);
    }
    let retransmission_timeout = fields.decimal("a decimal retransmission timeout")?;
    let ack_timeout = fields.decimal("a decimal acknowledgement timeout")?;
    let acks = fields.decimal("decimal quick acknowledgements")?;
    let congestion_window = fields.decimal("a decimal congestion window")?;
    let threshold = fields.signed("a decimal slow start threshold")?;
    let timeouts = [retransmission_timeout, ack_timeout];
    Ok(Some(TcpDetail::from_columns(timeouts, acks, congestion_window, threshold)))
}

/// Parses the dropped datagrams, which kernels before 2.6.27 do not print.
fn parse_drops(fields: &mut Fields<'_>) -> Result<Option<u32>, Expected> {
    if fields.is_at_end() {
        return Ok(None);
    }
    fields.either_sign("a decimal number of drops").map(Some)
}

/// Parses what follows the last known column: text, or else it is not a row of a kernel.
fn parse_trailing(fields: &Fields<'_>, trailing: &mut BString) -> Result<(), Expected> {
    trailing.clear();
    let text = trim_blanks_end(fields.rest());
    if !text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Err("the end of the row");
    }
    trailing.extend_from_slice(text);
    Ok(())
}

fn trim_blanks_end(mut text: &[u8]) -> &[u8] {
    while let [before @ .., b' ' | b'\t'] = text {
        text = before;
    }
    text
}

fn words<const WORDS: usize>(bytes: &[u8]) -> Option<([u32; WORDS], &[u8])> {
    let (mut words, mut rest) = ([0; WORDS], bytes);
    for word in &mut words {
        (*word, rest) = hex_word(rest)?;
    }
    Some((words, rest))
}

#[cfg(test)]
mod tests;
