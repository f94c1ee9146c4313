//! The kernel's own counts of sockets: `net/sockstat`, `net/sockstat6` and `net/snmp`.
//!
//! # Format
//!
//! ```text
//! sockets: used 292
//! TCP: inuse 12 orphan 0 tw 3 alloc 15 mem 4
//! UDP: inuse 4 mem 2
//! RAW: inuse 0
//! FRAG: inuse 0 memory 0
//! ```
//!
//! A name with a colon, then keys and numbers in turn. `sockstat6` has the names `TCP6` and so on.
//! In `snmp` each name stands in two lines, the keys in the first and the numbers in the second.
//!
//! Kernel: `sockstat_seq_show`, `sockstat6_seq_show` (`%d` and `%ld`) and `snmp_seq_show`. Lines and
//! keys come and go (`UDPLITE`, `orphan`), so everything is found by its name.

use std::io::Read;

use crate::{
    Error,
    error::Repr,
    limits::{MAX_COUNTER_LINES, MAX_LINE_BYTES},
    lines::Lines,
    mismatch::Mismatch,
    root::ProcFile,
    table::{Expected, Fields, Until, signed},
};

/// The counts of `net/sockstat`. A count that the kernel does not print is `None`; the kernel counts
/// with a sign, and may be below zero for a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SockStat {
    /// Sockets of every family in the network namespace; `sockets: used`.
    pub used: Option<i64>,
    /// TCP.
    pub tcp: TcpStat,
    /// UDP sockets over IPv4 that have a port; `UDP: inuse`.
    pub udp_in_use: Option<i64>,
    /// Raw sockets over IPv4; `RAW: inuse`.
    pub raw_in_use: Option<i64>,
    /// Fragmented IPv4 packets that are being put together; `FRAG: inuse`.
    pub fragments_in_use: Option<i64>,
}

/// The line `TCP:` of `net/sockstat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpStat {
    /// Sockets over IPv4 that have a port, those in TIME-WAIT not counted; `inuse`.
    pub in_use: Option<i64>,
    /// Sockets that no process holds any more; `orphan`.
    pub orphaned: Option<i64>,
    /// Sockets in TIME-WAIT; `tw`.
    pub time_wait: Option<i64>,
    /// All sockets, over IPv4 and IPv6, of the whole machine; `alloc`.
    pub allocated: Option<i64>,
    /// Pages of memory, of the whole machine; `mem`.
    pub memory_pages: Option<i64>,
}

/// The counts of `net/sockstat6`, as in [`SockStat`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SockStat6 {
    /// TCP sockets over IPv6; `TCP6: inuse`.
    pub tcp_in_use: Option<i64>,
    /// UDP sockets over IPv6; `UDP6: inuse`.
    pub udp_in_use: Option<i64>,
    /// Raw sockets over IPv6; `RAW6: inuse`.
    pub raw_in_use: Option<i64>,
    /// Fragmented IPv6 packets that are being put together; `FRAG6: inuse`.
    pub fragments_in_use: Option<i64>,
}

/// Reads `net/sockstat`.
pub(crate) fn read_sockstat(reader: &mut dyn Read) -> Result<SockStat, Error> {
    let mut stat = SockStat::default();
    each_line(ProcFile::NetSockstat, reader, |fields| parse_sockstat(fields, &mut stat))?;
    Ok(stat)
}

/// Reads `net/sockstat6`.
pub(crate) fn read_sockstat6(reader: &mut dyn Read) -> Result<SockStat6, Error> {
    let mut stat = SockStat6::default();
    each_line(ProcFile::NetSockstat6, reader, |fields| parse_sockstat6(fields, &mut stat))?;
    Ok(stat)
}

/// Reads the number of connections in ESTABLISHED or CLOSE-WAIT from `net/snmp`.
pub(crate) fn read_curr_estab(reader: &mut dyn Read) -> Result<i64, Error> {
    let mut tcp = TcpSnmp::default();
    each_line(ProcFile::NetSnmp, reader, |fields| tcp.parse(fields))?;
    let missing = Repr::NoCounter { file: ProcFile::NetSnmp, what: "CurrEstab of Tcp" };
    tcp.curr_estab.ok_or_else(|| missing.into())
}

/// Reads a file line by line, as many as it may have.
pub(crate) fn each_line(
    file: ProcFile,
    reader: &mut dyn Read,
    mut parse: impl FnMut(&mut Fields<'_>) -> Result<(), Expected>,
) -> Result<(), Error> {
    let mut lines = Lines::new(reader, MAX_LINE_BYTES);
    let mut number = 0;
    while let Some(line) =
        lines.next_line().map_err(|error| Error::from_line(file, MAX_LINE_BYTES, error))?
    {
        if number == MAX_COUNTER_LINES {
            return Err(Repr::TooManyLines { file, limit: MAX_COUNTER_LINES }.into());
        }
        number += 1;
        let mut fields = Fields::new(line);
        parse(&mut fields).map_err(|expected| {
            let mismatch = Mismatch::new(line, fields.problem(expected));
            Error::from(Repr::Counter { file, line: number, mismatch })
        })?;
    }
    Ok(())
}

fn parse_sockstat(fields: &mut Fields<'_>, stat: &mut SockStat) -> Result<(), Expected> {
    parse_counts(fields, &["sockets", "TCP", "UDP", "RAW", "FRAG"], |name, key, count| {
        let place = match (name, key) {
            (b"sockets", b"used") => &mut stat.used,
            (b"TCP", b"inuse") => &mut stat.tcp.in_use,
            (b"TCP", b"orphan") => &mut stat.tcp.orphaned,
            (b"TCP", b"tw") => &mut stat.tcp.time_wait,
            (b"TCP", b"alloc") => &mut stat.tcp.allocated,
            (b"TCP", b"mem") => &mut stat.tcp.memory_pages,
            (b"UDP", b"inuse") => &mut stat.udp_in_use,
            (b"RAW", b"inuse") => &mut stat.raw_in_use,
            (b"FRAG", b"inuse") => &mut stat.fragments_in_use,
            _ => return,
        };
        *place = Some(count);
    })
}

fn parse_sockstat6(fields: &mut Fields<'_>, stat: &mut SockStat6) -> Result<(), Expected> {
    parse_counts(fields, &["TCP6", "UDP6", "RAW6", "FRAG6"], |name, key, count| {
        let place = match (name, key) {
            (b"TCP6", b"inuse") => &mut stat.tcp_in_use,
            (b"UDP6", b"inuse") => &mut stat.udp_in_use,
            (b"RAW6", b"inuse") => &mut stat.raw_in_use,
            (b"FRAG6", b"inuse") => &mut stat.fragments_in_use,
            _ => return,
        };
        *place = Some(count);
    })
}

/// Parses a line of keys and numbers, if it has one of the names.
fn parse_counts(
    fields: &mut Fields<'_>,
    names: &[&str],
    mut count: impl FnMut(&[u8], &[u8], i64),
) -> Result<(), Expected> {
    let name = parse_name(fields)?;
    if !names.iter().any(|known| known.as_bytes() == name) {
        return Ok(());
    }
    while !fields.is_at_end() {
        let key = fields.take(word, Until::Blank, "a key")?;
        count(name, key, fields.take(signed, Until::Blank, "a decimal number")?);
    }
    Ok(())
}

/// What was seen of the two `Tcp:` lines of `net/snmp`.
#[derive(Default)]
struct TcpSnmp {
    /// The column of `CurrEstab`, once the first line named it.
    column: Option<usize>,
    curr_estab: Option<i64>,
}

impl TcpSnmp {
    fn parse(&mut self, fields: &mut Fields<'_>) -> Result<(), Expected> {
        let name = parse_name(fields)?;
        if name != b"Tcp" {
            return Ok(());
        }
        let Some(column) = self.column else {
            self.column = words(fields.rest()).position(|key| key == b"CurrEstab");
            return Ok(());
        };
        for _ in 0..column {
            fields.take(word, Until::Blank, "a number for each key")?;
        }
        self.curr_estab = Some(fields.take(signed, Until::Blank, "a decimal number")?);
        Ok(())
    }
}

/// Parses the name at the beginning of a line.
fn parse_name<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], Expected> {
    let name = fields.take(word, Until::Colon, "a name and a colon")?;
    fields.skip_blanks();
    Ok(name)
}

/// Parses bytes up to a blank or a colon.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = bytes.iter().take_while(|byte| !matches!(byte, b' ' | b'\t' | b':')).count();
    bytes.split_at_checked(length).filter(|_| length > 0)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty())
}
