//! The pipeline over bytes: limits, interruption, malformed rows, hostile content.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is how a test fails"
)]

use std::{cell::Cell, io::Read, ops::ControlFlow};

use procnetsocket::{
    Bounds, Endian, Error, ErrorKind, Limits, ReadReport, RowError, Table, TextTable, Visitor,
    model::{Socket, UnixName, UnixSocket},
};
use rstest::rstest;

const TCP: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 32017 1 ffff9f3c8b3e0000 100 0 0 10 0";
const UNIX: &str = "ffff9f3c8b3e0000: 00000002 00000000 00010000 0001 01 31210 ";

/// Records what it receives, and may stop.
#[derive(Default)]
struct VisitLog {
    sockets: Vec<String>,
    unix: Vec<UnixSocket>,
    malformed: Vec<String>,
    stop_after: Option<usize>,
}

impl VisitLog {
    fn next(&self) -> ControlFlow<()> {
        match self.stop_after {
            Some(most) if self.sockets.len() + self.malformed.len() >= most => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

impl Visitor for VisitLog {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            Socket::Inet(row) => self.sockets.push(row.local.to_string()),
            Socket::Unix(row) => {
                self.sockets.push(String::new());
                self.unix.push(row.clone());
            }
            other => panic!("{other:?}"),
        }
        self.next()
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.malformed.push(row.to_string());
        self.next()
    }
}

fn visit(
    table: Table,
    text: impl AsRef<[u8]>,
    limits: &Limits,
    log: &mut VisitLog,
) -> Result<ReadReport, Error> {
    TextTable::new(table).with_endian(Endian::Little).with_bounds(*limits).visit(text.as_ref(), log)
}

fn visit_all(table: Table, text: impl AsRef<[u8]>) -> (ReadReport, VisitLog) {
    let mut log = VisitLog::default();
    let report = visit(table, text, &Limits::streaming(), &mut log).expect("a table");
    (report, log)
}

fn counts(report: ReadReport) -> (u64, u64, u64, bool) {
    (report.rows, report.malformed, report.repeated, report.stopped)
}

fn table_of(rows: usize) -> String {
    format!("header\n{}", format!("{TCP}\n").repeat(rows))
}

#[rstest]
#[case::empty_file(String::new(), (0, 0, 0, false))]
#[case::header("header\n".to_owned(), (0, 0, 0, false))]
#[case::header_without_newline("header".to_owned(), (0, 0, 0, false))]
#[case::rows(table_of(3), (3, 0, 0, false))]
#[case::last_row_without_newline(table_of(3).trim_end().to_owned(), (3, 0, 0, false))]
#[case::empty_lines("header\n\n\n".to_owned(), (0, 2, 0, false))]
#[case::nothing_but_nuls("\0\0\n\0\0\0".to_owned(), (0, 1, 0, false))]
#[case::cut_in_a_row(table_of(3)[..200].to_owned(), (1, 1, 0, false))]
fn reports_what_was_read(#[case] text: String, #[case] expected: (u64, u64, u64, bool)) {
    assert_eq!(counts(visit_all(Table::Tcp4, text).0), expected);
}

#[test]
fn every_table_has_a_header_that_is_skipped() {
    for table in Table::TEXT {
        assert_eq!(counts(visit_all(table, "not a row\n").0), (0, 0, 0, false));
    }
}

#[test]
fn malformed_rows_are_reported_and_the_others_follow() {
    let text = format!("header\n{TCP}\njunk\n{TCP}\n\n   3: xyz\n{TCP}\n");
    let (report, log) = visit_all(Table::Tcp4, text);
    assert_eq!(counts(report), (3, 3, 0, false));
    assert_eq!(log.sockets, ["127.0.0.1:8080"; 3]);
    insta::assert_snapshot!(log.malformed.join("\n"), @r#"
    net/tcp line 3, column 1: expected a row number and a colon, but found "junk"
    net/tcp line 5, column 1: expected a row number and a colon, but found the end of the line
    net/tcp line 6, column 7: expected an IPv4 address of 8 hexadecimal digits and a colon, but found "xyz"
    "#);
}

#[test]
fn repeated_rows_of_a_file_are_kept() {
    assert_eq!(counts(visit_all(Table::Tcp4, table_of(100)).0), (100, 0, 0, false));
}

#[rstest]
#[case::at_a_socket(table_of(5), 2, (2, 0, 0, true))]
#[case::at_a_malformed_row("header\n\n\n\n".to_owned(), 1, (0, 1, 0, true))]
#[case::at_the_last_row(table_of(2), 2, (2, 0, 0, true))]
fn visitor_ends_the_reading(
    #[case] text: String,
    #[case] most: usize,
    #[case] expected: (u64, u64, u64, bool),
) {
    let mut log = VisitLog { stop_after: Some(most), ..VisitLog::default() };
    let report = visit(Table::Tcp4, text, &Limits::default(), &mut log).expect("a table");
    assert_eq!(counts(report), expected);
}

#[rstest]
#[case::lines_at_the_limit(Limits { total_lines: 3, ..Limits::default() }, Ok(3))]
#[case::one_line_too_many(Limits { total_lines: 2, ..Limits::default() }, Err(2))]
#[case::no_lines(Limits { total_lines: 0, ..Limits::default() }, Err(0))]
#[case::line_at_the_limit(Limits { line_bytes: TCP.len(), ..Limits::default() }, Ok(3))]
#[case::line_too_long(Limits { line_bytes: TCP.len() - 1, ..Limits::default() }, Err(0))]
#[case::header_too_long(Limits { line_bytes: 5, ..Limits::default() }, Err(0))]
#[case::rows_do_not_count_when_none_is_kept(Limits { entries: 0, ..Limits::default() }, Ok(3))]
fn reaching_a_limit_is_an_error(#[case] limits: Limits, #[case] expected: Result<u64, usize>) {
    let mut log = VisitLog::default();
    let found = visit(Table::Tcp4, table_of(3), &limits, &mut log);
    match found {
        Ok(report) => assert_eq!(Ok(report.rows), expected),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::LimitExceeded);
            assert_eq!(Err(log.sockets.len()), expected, "rows before the error");
        }
    }
}

#[test]
fn error_names_the_limit() {
    let mut messages = Vec::new();
    for limits in [
        Limits { total_lines: 2, ..Limits::default() },
        Limits { line_bytes: 10, ..Limits::default() },
    ] {
        let error = visit(Table::Tcp4, table_of(3), &limits, &mut VisitLog::default()).unwrap_err();
        messages.push(error.to_string());
    }
    insta::assert_snapshot!(messages.join("\n"), @"
    expected at most 2 lines (total_lines), but net/tcp has more
    expected a line of at most 10 bytes (line_bytes), but line 2 of net/tcp is longer
    ");
}

#[test]
fn malformed_lines_count_as_lines() {
    let limits = Limits { total_lines: 2, ..Limits::default() };
    let error =
        visit(Table::Unix, "header\n\n\n\n", &limits, &mut VisitLog::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}

/// Interrupts itself at a row and counts the rows that follow nevertheless.
struct Impatient<'a> {
    rows: u64,
    since: u64,
    interrupted: &'a Cell<bool>,
}

impl Visitor for Impatient<'_> {
    fn socket(&mut self, _socket: Socket<'_>) -> ControlFlow<()> {
        self.rows += 1;
        self.since += u64::from(self.interrupted.get());
        if self.rows == 1_500 {
            self.interrupted.set(true);
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _row: &RowError) -> ControlFlow<()> {
        panic!("no row is malformed")
    }
}

#[test]
fn interruption_is_seen_within_a_thousand_rows() {
    let interrupted = Cell::new(false);
    let mut visitor = Impatient { rows: 0, since: 0, interrupted: &interrupted };
    let result = TextTable::new(Table::Tcp4)
        .with_endian(Endian::Little)
        .with_bounds(Bounds { limits: Limits::streaming(), interrupt: &|| interrupted.get() })
        .visit(table_of(10_000).as_bytes(), &mut visitor);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Interrupted);
    assert!(visitor.since < 1_000, "{} rows came", visitor.since);
}

#[test]
fn interrupted_call_reads_nothing() {
    let mut log = VisitLog::default();
    let error = TextTable::new(Table::Tcp4)
        .with_endian(Endian::Little)
        .with_bounds(Bounds { limits: Limits::default(), interrupt: &|| true })
        .visit(Unreadable, &mut log)
        .unwrap_err();
    assert_eq!((error.kind(), log.sockets.len()), (ErrorKind::Interrupted, 0));
    assert_eq!(error.to_string(), "interrupted while reading net/tcp");
}

#[test]
fn long_lines_do_not_delay_the_interrupt() {
    let asked = Cell::new(0);
    let long = format!("{UNIX}{}\n", "x".repeat((1 << 20) - UNIX.len()));
    let interrupt = || {
        asked.set(asked.get() + 1);
        false
    };
    TextTable::new(Table::Unix)
        .with_endian(Endian::Little)
        .with_bounds(Bounds { limits: Limits::default(), interrupt: &interrupt })
        .visit(format!("header\n{}", long.repeat(20)).as_bytes(), &mut VisitLog::default())
        .expect("a table");
    assert!(asked.get() >= 5, "asked {} times in 20 MiB", asked.get());
}

/// A file of a process that ended after it was opened.
struct Unreadable;

impl Read for Unreadable {
    fn read(&mut self, _room: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::from_raw_os_error(3))
    }
}

#[test]
fn table_that_vanishes_is_an_error() {
    let text = table_of(2);
    let mut log = VisitLog::default();
    let error = TextTable::new(Table::Tcp4)
        .with_endian(Endian::Little)
        .visit(text.as_bytes().chain(Unreadable), &mut log)
        .unwrap_err();
    assert_eq!((error.kind(), log.sockets.len()), (ErrorKind::Io, 2));
    assert_eq!(error.to_string(), "cannot read net/tcp");
}

#[test]
fn both_byte_orders_are_read_wherever_the_test_runs() {
    for (endian, expected) in [(Endian::Little, "127.0.0.1:8080"), (Endian::Big, "1.0.0.127:8080")]
    {
        let mut log = VisitLog::default();
        let limits = Limits::default();
        TextTable::new(Table::Tcp4)
            .with_endian(endian)
            .with_bounds(limits)
            .visit(table_of(1).as_bytes(), &mut log)
            .expect("a table");
        assert_eq!(log.sockets, [expected]);
    }
}

#[test]
fn newline_in_a_name_can_forge_a_row() {
    let text = format!("header\n{UNIX}/run/real\n{UNIX}/run/forged\nand the rest\n{UNIX}@next\n");
    let (report, log) = visit_all(Table::Unix, text);
    assert_eq!(counts(report), (3, 1, 0, false));
    let names: Vec<_> = log.unix.iter().filter_map(|row| row.name.bytes()).collect();
    assert_eq!(names, ["/run/real", "/run/forged", "next"]);
    insta::assert_snapshot!(log.malformed.join("\n"), @r#"net/unix line 4, column 1: expected a kernel pointer and a colon, but found "and""#);
}

#[test]
fn name_may_be_as_long_as_a_line() {
    let name = "x".repeat((1 << 20) - UNIX.len());
    let (_, log) = visit_all(Table::Unix, format!("header\n{UNIX}{name}"));
    assert_eq!(log.unix[0].name, UnixName::Pathname(name.into()));
}

#[test]
fn unix_table_of_a_patched_kernel_is_refused() {
    let text = format!("Peer     RcvQueue WndQueue\n{UNIX}/run/app\n");
    let error = visit(Table::Unix, text, &Limits::default(), &mut VisitLog::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    insta::assert_snapshot!(error, @r#"net/unix line 1, column 1: expected the header of a kernel that was not patched, but found "Peer""#);
}
