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
//! In `snmp` each name is in two lines, the keys in the first and the numbers in the second.
//!
//! Kernel: `sockstat_seq_show`, `sockstat6_seq_show` (`%d` and `%ld`) and `snmp_seq_show`. Lines
//! and keys differ between versions (`UDPLITE`, `orphan`), so everything is found by its name.

use std::io::Read;

use crate::{
    error::{Error, Repr},
    limits::{MAX_COUNTER_LINES, MAX_LINE_BYTES},
    proc::{
        lines::Lines,
        root::name::ProcFile,
        text::{
            field::{Expected, FieldEnd, Fields},
            mismatch::Mismatch,
            number::signed,
        },
    },
};

/// The counts of `net/sockstat`. A count that the kernel does not print is `None`; the kernel's
/// counters are signed, and may briefly be negative.
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
    /// Fragmented IPv4 packets that are being reassembled; `FRAG: inuse`.
    pub fragments_in_use: Option<i64>,
}

/// The line `TCP:` of `net/sockstat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpStat {
    /// Sockets over IPv4 that have a port, without those in TIME-WAIT; `inuse`.
    pub in_use: Option<i64>,
    /// Sockets that no process has open any more; `orphan`.
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
    /// Fragmented IPv6 packets that are being reassembled; `FRAG6: inuse`.
    pub fragments_in_use: Option<i64>,
}

/// Reads `net/sockstat`.
pub(crate) fn read_sockstat(reader: &mut dyn Read) -> Result<SockStat, Error> {
    let mut stat = SockStat::default();
    each_line(ProcFile::NetSockstat, reader, |fields| parse_sockstat(fields, &mut stat))?;
    match (stat.used, stat.tcp.in_use) {
        (None, _) => Err(no_counter(ProcFile::NetSockstat, "used of sockets")),
        (_, None) => Err(no_counter(ProcFile::NetSockstat, "inuse of TCP")),
        _ => Ok(stat),
    }
}

/// Reads `net/sockstat6`.
pub(crate) fn read_sockstat6(reader: &mut dyn Read) -> Result<SockStat6, Error> {
    let mut stat = SockStat6::default();
    each_line(ProcFile::NetSockstat6, reader, |fields| parse_sockstat6(fields, &mut stat))?;
    match stat.tcp_in_use {
        None => Err(no_counter(ProcFile::NetSockstat6, "inuse of TCP6")),
        Some(_) => Ok(stat),
    }
}

/// Reads the number of connections in ESTABLISHED or CLOSE-WAIT from `net/snmp`.
pub(crate) fn read_curr_estab(reader: &mut dyn Read) -> Result<i64, Error> {
    let mut tcp = TcpSnmp::default();
    each_line(ProcFile::NetSnmp, reader, |fields| tcp.parse(fields))?;
    tcp.curr_estab.ok_or_else(|| no_counter(ProcFile::NetSnmp, "CurrEstab of Tcp"))
}

/// Returns the error of a missing counter that every kernel prints: it is not 0.
fn no_counter(file: ProcFile, what: &'static str) -> Error {
    Repr::NoCounter { file, what }.into()
}

/// Reads a file line by line, within the limit.
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
            let (limit, bound) = (MAX_COUNTER_LINES, "MAX_COUNTER_LINES");
            return Err(Repr::TooManyLines { file, limit, bound }.into());
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
        let key = fields.take(word, FieldEnd::Blank, "a key")?;
        count(name, key, fields.take(signed, FieldEnd::Blank, "a decimal number")?);
    }
    Ok(())
}

/// What was read of the two `Tcp:` lines of `net/snmp`.
#[derive(Default)]
struct TcpSnmp {
    /// The column of `CurrEstab`, after the first line named it.
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
            fields.take(word, FieldEnd::Blank, "a number for each key")?;
        }
        self.curr_estab = Some(fields.take(signed, FieldEnd::Blank, "a decimal number")?);
        Ok(())
    }
}

/// Parses the name at the beginning of a line.
fn parse_name<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], Expected> {
    let name = fields.take(word, FieldEnd::Colon, "a name and a colon")?;
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const SOCKSTAT: &str = "\
sockets: used 292
TCP: inuse 12 orphan 1 tw 3 alloc 15 mem 4
UDP: inuse 4 mem 2
UDPLITE: inuse 0
RAW: inuse 5
FRAG: inuse 6 memory 0
";
    const SOCKSTAT6: &str = "\
TCP6: inuse 7
UDP6: inuse 3
UDPLITE6: inuse 0
RAW6: inuse 1
FRAG6: inuse 0 memory 0
";
    const SNMP: &str = "\
Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs
Tcp: 1 200 120000 -1 105 21 2 7 18 18446744073709551615
Udp: InDatagrams NoPorts
Udp: 9 0
";

    fn text<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_sockstat() {
        insta::assert_snapshot!(text(read_sockstat(&mut SOCKSTAT.as_bytes())), @"SockStat { used: Some(292), tcp: TcpStat { in_use: Some(12), orphaned: Some(1), time_wait: Some(3), allocated: Some(15), memory_pages: Some(4) }, udp_in_use: Some(4), raw_in_use: Some(5), fragments_in_use: Some(6) }");
    }

    #[test]
    fn reads_sockstat6() {
        insta::assert_snapshot!(text(read_sockstat6(&mut SOCKSTAT6.as_bytes())), @"SockStat6 { tcp_in_use: Some(7), udp_in_use: Some(3), raw_in_use: Some(1), fragments_in_use: Some(0) }");
    }

    #[rstest]
    #[case::usual(SNMP, "18")]
    #[case::another_place("Tcp: CurrEstab\nTcp: -3", "-3")]
    #[case::no_tcp(
        "Ip: Forwarding\nIp: 1\n",
        "expected CurrEstab of Tcp in net/snmp, but found none"
    )]
    #[case::no_counter(
        "Tcp: RtoMin\nTcp: 200\n",
        "expected CurrEstab of Tcp in net/snmp, but found none"
    )]
    #[case::no_numbers("Tcp: CurrEstab\n", "expected CurrEstab of Tcp in net/snmp, but found none")]
    #[case::too_few_numbers(
        "Tcp: RtoMin CurrEstab\nTcp: 200\n",
        "net/snmp line 2, column 9: expected a decimal number, but found the end of the line"
    )]
    #[case::no_number(
        "Tcp: CurrEstab\nTcp: many\n",
        "net/snmp line 2, column 6: expected a decimal number, but found \"many\""
    )]
    #[case::number_of_65_bits(
        "Tcp: CurrEstab\nTcp: 18446744073709551616\n",
        "net/snmp line 2, column 6: expected a decimal number, but found \"18446744073709551616\""
    )]
    #[case::no_name(
        "CurrEstab 1\n",
        "net/snmp line 1, column 1: expected a name and a colon, but found \"CurrEstab\""
    )]
    #[case::empty("", "expected CurrEstab of Tcp in net/snmp, but found none")]
    fn reads_curr_estab_by_its_name(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(Some(&*text(read_curr_estab(&mut file.as_bytes()))), Some(expected));
    }

    /// The lines that every kernel prints.
    const LEAST: &str = "sockets: used 1\nTCP: inuse 1\n";

    #[rstest]
    #[case::nothing("")]
    #[case::other_names("SCTP: inuse many of them\nMPTCP:\n")]
    #[case::other_keys("TCP: sleeping 7\n")]
    #[case::name_without_keys("UDP:\n")]
    fn unknown_counters_are_skipped(#[case] lines: &str) {
        let expected = read_sockstat(&mut LEAST.as_bytes()).unwrap();
        let file = format!("{LEAST}{lines}");
        assert_eq!(read_sockstat(&mut file.as_bytes()).unwrap(), expected);
    }

    #[rstest]
    #[case::empty("", "expected used of sockets in net/sockstat, but found none")]
    #[case::header_alone(
        "sockets:\nTCP:\nUDP:\n",
        "expected used of sockets in net/sockstat, but found none"
    )]
    #[case::no_tcp("sockets: used 7\n", "expected inuse of TCP in net/sockstat, but found none")]
    #[case::no_value(
        "sockets: used 7\nTCP:\n",
        "expected inuse of TCP in net/sockstat, but found none"
    )]
    fn counters_without_values_are_an_error(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(text(read_sockstat(&mut file.as_bytes())), expected);
    }

    #[rstest]
    #[case::empty("")]
    #[case::header_alone("TCP6:\nUDP6:\n")]
    fn counters_of_ipv6_without_values_are_an_error(#[case] file: &str) {
        assert_eq!(
            text(read_sockstat6(&mut file.as_bytes())),
            "expected inuse of TCP6 in net/sockstat6, but found none"
        );
    }

    #[rstest]
    #[case::below_zero("TCP: inuse -1", Some(-1))]
    #[case::least("TCP: inuse -9223372036854775808", Some(i64::MIN))]
    #[case::most("TCP: inuse 9223372036854775807", Some(i64::MAX))]
    #[case::the_last_counts("TCP: inuse 1 inuse 2\nTCP: inuse 3", Some(3))]
    fn counts(#[case] lines: &str, #[case] expected: Option<i64>) {
        let file = format!("{LEAST}{lines}");
        assert_eq!(read_sockstat(&mut file.as_bytes()).unwrap().tcp.in_use, expected);
    }

    #[rstest]
    #[case::no_number(
        "sockets: used 1\nTCP: inuse",
        "net/sockstat line 2, column 11: expected a decimal number, but found the end of the line"
    )]
    #[case::no_colon(
        "TCP inuse 1",
        "net/sockstat line 1, column 1: expected a name and a colon, but found \"TCP\""
    )]
    #[case::empty_line(
        "TCP: inuse 1\n\n",
        "net/sockstat line 2, column 1: expected a name and a colon, but found the end of the line"
    )]
    #[case::letters(
        "TCP: inuse x1",
        "net/sockstat line 1, column 12: expected a decimal number, but found \"x1\""
    )]
    #[case::nul(
        "TCP: inuse 1\0",
        "net/sockstat line 1, column 12: expected a decimal number, but found \"1\\x00\""
    )]
    #[case::number_of_64_bits(
        "TCP: inuse 9223372036854775808",
        "net/sockstat line 1, column 12: expected a decimal number, but found \"9223372036854775808\""
    )]
    fn reports_malformed_counts(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(Some(&*text(read_sockstat(&mut file.as_bytes()))), Some(expected));
    }

    #[test]
    fn file_of_too_many_lines_is_refused() {
        let file = LEAST.to_owned() + &"UDP: inuse 1\n".repeat(998);
        assert!(read_sockstat(&mut file.as_bytes()).is_ok());
        let error = read_sockstat(&mut format!("{file}x").as_bytes()).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::LimitExceeded);
        insta::assert_snapshot!(error, @"expected at most 1000 lines (MAX_COUNTER_LINES), but net/sockstat has more");
    }
}
