//! The checks of a reply, beyond its rows.

use procnetsocket::{
    Bounds, ErrorKind, Limits, Source, Table, TableQuery,
    diag::{Replies, Request},
};
use rstest::rstest;

use crate::diag::{
    bytes::{Log, SEQUENCE, done, error, hex, message, read, row},
    fixture::{TCP_LISTENER, UDP},
};

fn listener() -> Vec<u8> {
    row(&hex(TCP_LISTENER))
}

#[test]
fn rows_of_several_datagrams_are_handed_over() {
    let mut log = Log::default();
    let datagrams = [[listener(), listener()].concat(), [listener(), done(0)].concat()];
    let report = read(Table::Tcp4, &datagrams, &mut log).unwrap();
    assert_eq!((report.rows, report.malformed, report.stopped), (3, 0, false));
    assert_eq!((report.source, report.inconsistent), (Source::SockDiag, false));
    assert_eq!(log.sockets.len(), 3);
}

#[test]
fn bytes_after_the_end_are_ignored() {
    let mut log = Log::default();
    let datagrams = [[listener(), done(0), vec![1, 2, 3]].concat(), vec![4]];
    assert_eq!(read(Table::Tcp4, &datagrams, &mut log).unwrap().rows, 1);
}

#[test]
fn bad_row_is_reported_and_the_others_follow() {
    let mut log = Log::default();
    let datagrams = [[listener(), row(&hex(TCP_LISTENER)[..71]), row(&hex(UDP)), done(0)].concat()];
    let report = read(Table::Tcp4, &datagrams, &mut log).unwrap();
    assert_eq!((report.rows, report.malformed), (2, 1));
    insta::assert_snapshot!(log.malformed[0], @"sock_diag tcp message 2, byte 1: expected 72 bytes (inet_diag_msg), but found 71 bytes");
}

#[rstest]
#[case::no_handler_for_the_protocol(done(-2), ErrorKind::NoHandler)]
#[case::no_handler_for_the_family(error(-2), ErrorKind::NoHandler)]
#[case::denied(error(-1), ErrorKind::Denied)]
#[case::denied_otherwise(done(-13), ErrorKind::Denied)]
#[case::unsupported(error(-95), ErrorKind::Unsupported)]
#[case::a_bad_filter(error(-22), ErrorKind::InvalidRequest)]
#[case::no_memory(done(-12), ErrorKind::Io)]
#[case::a_number_that_is_none(error(i32::MIN), ErrorKind::Io)]
#[case::a_number_above_zero(done(2), ErrorKind::NoHandler)]
#[case::overrun(message(4, 0, &[]), ErrorKind::Overrun)]
#[case::another_type(message(77, 0, &[]), ErrorKind::Malformed)]
#[case::a_header_that_is_cut(vec![16, 0, 0], ErrorKind::Malformed)]
#[case::a_length_that_is_too_short(vec![0; 16], ErrorKind::Malformed)]
#[case::a_length_that_is_too_long(
    hex("ffffffff 1400 0200 07000000 00000000"),
    ErrorKind::Malformed
)]
fn reply_that_ends_in_an_error_is_one(#[case] end: Vec<u8>, #[case] kind: ErrorKind) {
    let mut log = Log::default();
    let error = read(Table::Tcp4, &[listener(), end], &mut log).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(log.sockets.len(), 1);
}

#[rstest]
#[case::success(done(0))]
#[case::no_number(message(3, 2, &[]))]
#[case::nothing(Vec::new())]
#[case::an_acknowledgement(error(0))]
#[case::a_blank_message(message(1, 0, &[]))]
fn correctly_ended_reply_is_complete(#[case] end: Vec<u8>) {
    let mut log = Log::default();
    assert_eq!(read(Table::Tcp4, &[listener(), end], &mut log).unwrap().rows, 1);
}

#[test]
fn messages_for_another_request_are_dropped() {
    let mut other = listener();
    other[8] = 6;
    let mut end = done(-2);
    end[8] = 6;
    let mut log = Log::default();
    let datagrams = [[other, end, listener(), done(0)].concat()];
    assert_eq!(read(Table::Tcp4, &datagrams, &mut log).unwrap().rows, 1);
}

#[test]
fn table_changed_during_the_dump_is_reported() {
    let interrupted = message(20, 0x12, &hex(TCP_LISTENER));
    let mut log = Log::default();
    let report = read(Table::Tcp4, &[[interrupted, done(0)].concat()], &mut log).unwrap();
    assert!(report.inconsistent && report.rows == 1);
    let end = message(3, 0x12, &[0; 4]);
    let report = read(Table::Tcp4, &[[listener(), end].concat()], &mut Log::default()).unwrap();
    assert!(report.inconsistent);
}

#[test]
fn stopped_visitor_gets_no_more_rows() {
    let mut log = Log { enough: Some(2), ..Log::default() };
    let datagrams = [[listener(), listener(), listener(), done(0)].concat()];
    let report = read(Table::Tcp4, &datagrams, &mut log).unwrap();
    assert!(report.stopped && report.rows == 2 && log.sockets.len() == 2);
}

#[test]
fn reached_limit_is_an_error() {
    let datagrams = [listener(), listener(), listener(), done(0)].concat();
    let request = Request::Dump(TableQuery::new(Table::Tcp4));
    for (total_lines, is_reached) in [(2, true), (3, false)] {
        let limits = Limits { total_lines, ..Limits::default() };
        let mut log = Log::default();
        let datagrams = [datagrams.as_slice()];
        let read = Replies::new(&request, SEQUENCE).with_bounds(limits).visit(datagrams, &mut log);
        match read {
            Err(error) => {
                assert!(is_reached);
                insta::assert_snapshot!(error, @"expected at most 2 rows (total_lines), but sock_diag has more in tcp");
                assert_eq!((error.kind(), log.sockets.len()), (ErrorKind::LimitExceeded, 2));
            }
            Ok(report) => assert!(!is_reached && report.rows == 3),
        }
    }
}

#[test]
fn interrupt_ends_the_reading() {
    let request = Request::Dump(TableQuery::new(Table::Tcp4));
    let datagrams = [listener()];
    let datagrams = datagrams.iter().map(Vec::as_slice);
    let mut log = Log::default();
    let limits = Limits::streaming();
    let error = Replies::new(&request, SEQUENCE)
        .with_bounds(Bounds { limits, interrupt: &|| true })
        .visit(datagrams, &mut log);
    let error = error.unwrap_err();
    insta::assert_snapshot!(error, @"interrupted while reading tcp from sock_diag");
    assert_eq!((error.kind(), log.sockets.len()), (ErrorKind::Interrupted, 0));
}
