//! Truncated messages: an error or a row, never a panic or an endless loop. The property `datagram`
//! of the fuzz targets reads mutated ones.

use std::ops::ControlFlow;

use procnetsocket::{
    ErrorKind, Limits, RowError, Table, TableQuery, Visitor,
    diag::{Decoder, Replies, Request},
    model::Socket,
};

use crate::diag::{
    bytes::{SEQUENCE, done, row},
    fixture::messages,
};

/// The longest message of the fixtures has fewer rows in it than this.
const MOST_ROWS: u64 = 64;

#[test]
fn every_fixture_is_decoded() {
    for (table, message) in messages() {
        let decoded = Decoder::new(table).decode(&message).map(|_| ());
        assert_eq!(decoded, Ok(()), "{table}");
    }
}

#[test]
fn every_truncation_is_a_fault_or_a_row() {
    for (table, message) in messages() {
        let mut decoder = Decoder::new(table);
        for length in 0..message.len() {
            if let Err(fault) = decoder.decode(&message[..length]) {
                let column = usize::try_from(fault.column()).unwrap();
                assert!(column <= length + 1, "{table}: {fault} at {column} of {length}");
            }
        }
    }
}

#[test]
fn every_truncated_datagram_is_an_error_or_rows() {
    for (table, message) in messages() {
        let datagram = [row(&message), row(&message), done(0)].concat();
        for length in 0..datagram.len() {
            check(table, &datagram[..length]);
        }
    }
}

/// Reads a datagram, and requires that the result is possible.
#[track_caller]
fn check(table: Table, datagram: &[u8]) {
    let request = Request::Dump(TableQuery::new(table));
    let limits = Limits::streaming();
    let mut tally = RowTally::default();
    match Replies::new(&request, SEQUENCE).with_bounds(limits).visit([datagram], &mut tally) {
        Ok(report) => {
            assert!(report.rows + report.malformed <= MOST_ROWS, "{report:?}");
            assert_eq!((report.rows, report.malformed), (tally.rows, tally.malformed));
        }
        Err(error) => {
            assert!(!matches!(error.kind(), ErrorKind::Missing | ErrorKind::Root(_)));
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Counts what it receives.
#[derive(Default)]
struct RowTally {
    rows: u64,
    malformed: u64,
}

impl Visitor for RowTally {
    fn socket(&mut self, _: Socket<'_>) -> ControlFlow<()> {
        self.rows += 1;
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.malformed += 1;
        assert!(row.to_string().starts_with("sock_diag "));
        ControlFlow::Continue(())
    }
}
