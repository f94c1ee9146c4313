//! What receives the sockets of a call, and the word of those that could not be listed.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use builtin_api::{Error, ExitCode};
use procnetsocket::model::Socket;
use socket_query::{EventSink, Problem, Sink, SocketTable};

use crate::{owners, printer::Printer, problem::Problems, render::Users};

/// Hands the sockets to a printer, and reports what is missing.
pub(crate) struct Listing<'a> {
    printer: Box<dyn Printer + 'a>,
    pub(crate) stderr: &'a mut dyn Write,
    problems: Problems,
    failed: Option<io::Error>,
    /// Why the filter may have missed owners.
    gaps: Vec<String>,
    /// What is known of the status before the first socket.
    code: ExitCode,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(
        printer: Box<dyn Printer + 'a>,
        stderr: &'a mut dyn Write,
        gaps: Vec<String>,
        code: ExitCode,
    ) -> Self {
        Self { printer, stderr, problems: Problems::default(), failed: None, gaps, code }
    }

    /// Returns the error with which the output could not be written, once.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        self.failed.take().map_or(Ok(()), |error| Err(write_failed(error)))
    }

    /// Ends a listing that has come to its end: writes what is left, and tells how many of its
    /// problems were not reported, as so many of `unreported`.
    pub(crate) fn finish(self, unreported: &str) -> Result<ExitCode, Error> {
        let code = self.problems.finish(self.stderr, unreported).max(self.code);
        let unowned = self.printer.users().and_then(Users::of_unowned);
        let gaps = match unowned {
            Some(owners) if self.gaps.is_empty() => owners.gaps(),
            _ => self.gaps,
        };
        owners::tell_of_gaps(self.stderr, &gaps);
        self.printer.finish().map_err(write_failed)?;
        Ok(code)
    }

    /// Ends a listing that has not come to its end.
    pub(crate) fn abort(self) -> Result<(), Error> {
        self.printer.abort().map_err(write_failed)
    }

    fn go_on(&mut self, written: io::Result<()>) -> ControlFlow<()> {
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

pub(crate) fn write_failed(error: io::Error) -> Error {
    Error::io("the listing could not be written", error)
}

impl Sink for Listing<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let written = self.printer.row(table, socket);
        self.go_on(written)
    }

    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
        self.problems.report(self.stderr, problem);
        ControlFlow::Continue(())
    }
}

impl EventSink for Listing<'_> {
    fn event_over(&mut self) -> ControlFlow<()> {
        let written = self.printer.flush();
        self.go_on(written)
    }
}
