//! What receives the sockets of a call, and the word of those that could not be listed.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use builtin_api::Chain;
use procnetsocket::model::Socket;
use socket_query::{Problem, Sink, SocketTable};

use crate::printer::Printer;

/// Problems that are reported one by one; of more, the number is.
const REPORTED_PROBLEMS: u64 = 10;

/// Prints one line on standard error.
pub(crate) fn complain(stderr: &mut dyn Write, problem: &dyn std::fmt::Display) {
    // OK because there is nobody left to tell when standard error cannot be written.
    let _ = writeln!(stderr, "ss: {problem}");
}

/// Hands the sockets to a printer, and reports what is missing.
pub(crate) struct Listing<'a> {
    pub(crate) printer: Box<dyn Printer + 'a>,
    pub(crate) stderr: &'a mut dyn Write,
    problems: u64,
    failed: Option<io::Error>,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(printer: Box<dyn Printer + 'a>, stderr: &'a mut dyn Write) -> Self {
        Self { printer, stderr, problems: 0, failed: None }
    }

    /// Returns why the output could not be written, once.
    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// Reports how many problems were not reported one by one; returns whether there were any.
    pub(crate) fn report_rest(&mut self) -> Completeness {
        if let Some(more @ 1..) = self.problems.checked_sub(REPORTED_PROBLEMS) {
            complain(self.stderr, &format_args!("{more} more rows were left out"));
        }
        if self.problems == 0 { Completeness::Whole } else { Completeness::RowsAreMissing }
    }
}

/// Whether a listing is all that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    Whole,
    RowsAreMissing,
}

impl Sink for Listing<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        match self.printer.row(table, socket) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
        self.problems += 1;
        if self.problems <= REPORTED_PROBLEMS {
            match problem {
                Problem::Row(row) => complain(self.stderr, row),
                Problem::Table(_, error) => complain(self.stderr, &Chain(error)),
                Problem::Changed(table) => complain(
                    self.stderr,
                    &format_args!(
                        "{table} changed while it was read: rows may be missing or there twice"
                    ),
                ),
                _ => complain(self.stderr, &"something could not be listed"),
            }
        }
        ControlFlow::Continue(())
    }
}
