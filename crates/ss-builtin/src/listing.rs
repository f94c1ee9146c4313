//! The sink of a call: prints sockets, and reports what could not be listed.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    sync::Arc,
};

use builtin_api::{Error, ExitCode};
use procnetsocket::{PeerTable, ProcessTable, model::Socket};
use socket_query::{EventSink, ListedNamespace, ListingProblem, Sink, SocketTable};

use crate::{
    printer::Printer,
    problem::{ProblemLine, Problems, complain},
    render::missing_processes,
};

/// Passes the sockets to a printer, and reports what is missing.
pub(crate) struct ListingRun<'a> {
    printer: Box<dyn Printer + 'a>,
    pub(crate) stderr: &'a mut dyn Write,
    problems: Problems,
    failed: Option<io::Error>,
    /// Why the filter may have missed processes.
    gaps: Vec<String>,
}

impl<'a> ListingRun<'a> {
    pub(crate) fn new(printer: Box<dyn Printer + 'a>, stderr: &'a mut dyn Write) -> Self {
        Self { printer, stderr, problems: Problems::default(), failed: None, gaps: Vec::new() }
    }

    /// Returns the error of writing the output, once.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        self.failed.take().map_or(Ok(()), |error| Err(write_failed(error)))
    }

    /// Ends a complete listing: writes the buffered rows, and reports the number of further
    /// problems, described by `unreported`.
    pub(crate) fn finish(self, unreported: &str) -> Result<ExitCode, Error> {
        let code = self.problems.finish(self.stderr, unreported);
        for reason in &missing_processes(self.printer.users(), &self.gaps) {
            complain(self.stderr, reason);
        }
        self.printer.finish().map_err(write_failed)?;
        Ok(code)
    }

    /// Ends an incomplete listing.
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

impl Sink for ListingRun<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let written = self.printer.row(table, socket);
        self.go_on(written)
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        match problem {
            // Reported once, at the end, with the problems of the processes that are shown.
            ListingProblem::UnseenProcesses(gaps) => self.gaps = gaps.to_vec(),
            note @ (ListingProblem::NamespacesAsText(_) | ListingProblem::UnixPeersUnknown) => {
                complain(self.stderr, &ProblemLine(note));
            }
            problem => self.problems.report(self.stderr, problem),
        }
        ControlFlow::Continue(())
    }

    fn namespace(&mut self, listed: &ListedNamespace) {
        self.printer.show_namespace(listed);
    }

    fn processes(&mut self, found: Arc<ProcessTable>) {
        self.printer.show_processes(found);
    }

    fn peers(&mut self, found: Arc<PeerTable>) {
        self.printer.show_peers(found);
    }
}

impl EventSink for ListingRun<'_> {
    fn event_over(&mut self) -> ControlFlow<()> {
        let written = self.printer.flush();
        self.go_on(written)
    }
}
