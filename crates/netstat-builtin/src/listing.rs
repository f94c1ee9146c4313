//! The sinks of a call, which write rows.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use builtin_api::Error;
use procnetsocket::model::{InetSocket, Socket};
use socket_query::{ListingProblem, Sink, SocketTable};

use crate::{
    problem::Problems,
    render::{InetTable, UnixTable},
};

/// Bytes of one write.
const GATHERED_BYTES: usize = 64 * 1024;

/// Standard output, and its first error.
pub(crate) struct Output<'a> {
    out: &'a mut dyn Write,
    bytes: Vec<u8>,
    failed: Option<io::Error>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, bytes: Vec::new(), failed: None }
    }

    /// Writes a row or a heading.
    pub(crate) fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> ControlFlow<()> {
        if self.failed.is_some() {
            return ControlFlow::Break(());
        }
        fill(&mut self.bytes);
        if self.bytes.len() < GATHERED_BYTES {
            return ControlFlow::Continue(());
        }
        match self.flush() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        self.out.flush()
    }

    /// Writes the buffered bytes.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        let written = match self.failed.take() {
            Some(error) => Err(error),
            None => self.flush(),
        };
        written.map_err(|error| Error::io("the listing could not be written", error))
    }
}

/// The output and the problems of a call, for its sinks.
pub(crate) struct Reporter<'a> {
    pub(crate) stderr: &'a mut dyn Write,
    pub(crate) problems: Problems,
}

impl Reporter<'_> {
    fn report(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.problems.report(self.stderr, problem);
        ControlFlow::Continue(())
    }
}

/// Writes the rows of internet sockets.
pub(crate) struct InetListing<'l, 'a> {
    pub(crate) rows: &'l InetTable<'a>,
    pub(crate) output: &'l mut Output<'a>,
    pub(crate) reports: &'l mut Reporter<'a>,
    pub(crate) admits: &'l dyn Fn(&InetSocket) -> bool,
}

impl Sink for InetListing<'_, '_> {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            Socket::Inet(inet) if (self.admits)(inet) => {
                self.output.write(|out| self.rows.push(out, inet))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.reports.report(problem)
    }
}

/// Writes the rows of unix sockets.
pub(crate) struct UnixListing<'l, 'a> {
    pub(crate) rows: &'l UnixTable<'a>,
    pub(crate) output: &'l mut Output<'a>,
    pub(crate) reports: &'l mut Reporter<'a>,
}

impl Sink for UnixListing<'_, '_> {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            Socket::Unix(unix) => self.output.write(|out| self.rows.push(out, unix)),
            _ => ControlFlow::Continue(()),
        }
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.reports.report(problem)
    }
}
