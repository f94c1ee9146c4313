//! The messages of a reply, one after the other: what every reply is checked for.

use super::{
    decode::Decoder,
    error::{DiagError, of_dump, of_lookup},
    request::Request,
    wire::{
        Message, Messages, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, SOCK_DIAG_BY_FAMILY,
    },
};
use crate::{
    error::{Error, RowError},
    model::{Socket, Table},
    table_query::Bounds,
    visit::{Interrupt, ReadReport, RowSource, Step, Visitor},
};

/// How far a reply has come.
#[derive(Debug)]
pub(super) enum DumpProgress {
    /// A socket was reached.
    Row,
    /// A message that is no socket was reached.
    Malformed(Box<RowError>),
    /// The datagram has no more messages that count.
    NextDatagram,
    /// The end was reached.
    Done,
}

/// What is known of a reply while it comes.
pub(super) struct Dump<'a> {
    table: Table,
    sequence: u32,
    /// Whether one socket was asked for, whose message is the last.
    is_lookup: bool,
    bounds: Bounds<'a>,
    decoder: Decoder,
    /// Bytes of the datagram that were taken.
    taken: usize,
    messages: u64,
    /// Whether the end was received, which may be an error.
    is_over: bool,
    report: ReadReport,
}

impl<'a> Dump<'a> {
    pub(super) fn new(request: &Request, bounds: Bounds<'a>) -> Self {
        let table = request.table();
        Self {
            table,
            sequence: 0,
            is_lookup: !matches!(request, Request::Dump(_)),
            bounds,
            decoder: Decoder::new(table),
            taken: 0,
            messages: 0,
            is_over: false,
            report: ReadReport::of_diag(),
        }
    }

    /// Begins with the reply to the request of that number. Rows, limits and totals go on.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.sequence = sequence;
        self.taken = 0;
        self.is_over = false;
    }

    /// Returns an error if the reading has to end.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.bounds.interrupt.is_interrupted() {
            return Err(DiagError::Interrupted(self.table).into());
        }
        Ok(())
    }

    /// Hands the sockets of a datagram to a visitor.
    pub(super) fn push(&mut self, datagram: &[u8], visitor: &mut dyn Visitor) -> Result<(), Error> {
        loop {
            let flow = match self.advance(datagram)? {
                DumpProgress::Row => visitor.socket(self.row()),
                DumpProgress::Malformed(row) => visitor.malformed(&row),
                DumpProgress::NextDatagram | DumpProgress::Done => return Ok(()),
            };
            if flow.is_break() {
                self.stop();
            }
        }
    }

    /// Returns the table that is read.
    pub(super) fn table(&self) -> Table {
        self.table
    }

    /// Returns what ends the reading.
    pub(super) fn interrupt(&self) -> &'a dyn Interrupt {
        self.bounds.interrupt
    }

    /// Returns the totals so far.
    pub(super) fn report(&self) -> ReadReport {
        self.report
    }

    /// Returns the socket that was reached.
    #[inline]
    pub(super) fn row(&self) -> Socket<'_> {
        self.decoder.row()
    }

    /// Passes over the sockets that follow; only the end is still looked for.
    pub(super) fn stop(&mut self) {
        self.report.stopped = true;
    }

    /// Returns whether the end was received.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Goes to the next socket of a datagram, which has to be the same one until it has no more.
    ///
    /// The interrupt is asked for each datagram; one of 32 KiB holds less than 1 000 sockets.
    #[inline]
    pub(super) fn advance(&mut self, datagram: &[u8]) -> Result<DumpProgress, Error> {
        if self.is_over {
            return Ok(DumpProgress::Done);
        }
        if self.taken == 0 {
            self.check()?;
        }
        loop {
            let mut messages = Messages::new(datagram.get(self.taken..).unwrap_or_default());
            let Some(message) = messages.next() else {
                self.taken = 0;
                return Ok(DumpProgress::NextDatagram);
            };
            let table = self.table;
            let message = message.map_err(|framing| DiagError::Framing { table, framing })?;
            self.taken = datagram.len() - messages.rest().len();
            if let Some(progress) = self.message(&message)? {
                return Ok(progress);
            }
        }
    }

    /// Takes a message; `None` if it does not count.
    #[inline]
    fn message(&mut self, message: &Message<'_>) -> Result<Option<DumpProgress>, Error> {
        // The end of a dump that was given up earlier, for example.
        if message.sequence != self.sequence {
            return Ok(None);
        }
        self.report.inconsistent |= message.is_interrupted();
        match message.kind {
            SOCK_DIAG_BY_FAMILY => self.socket(message.payload),
            NLMSG_DONE | NLMSG_ERROR => self.end(message),
            NLMSG_NOOP => Ok(None),
            NLMSG_OVERRUN => Err(DiagError::Overrun.into()),
            kind => Err(DiagError::UnknownType(kind).into()),
        }
    }

    #[inline]
    fn socket(&mut self, payload: &[u8]) -> Result<Option<DumpProgress>, Error> {
        self.is_over |= self.is_lookup;
        if self.report.stopped {
            return Ok(None);
        }
        let limit = self.bounds.limits.total_lines;
        if self.messages >= limit {
            return Err(DiagError::TooManyRows { table: self.table, limit }.into());
        }
        self.messages += 1;
        match self.decoder.update(payload) {
            Ok(()) => {
                self.report.rows += 1;
                Ok(Some(DumpProgress::Row))
            }
            Err(fault) => {
                self.report.malformed += 1;
                let row = RowError::from_fault(self.table, self.messages, fault);
                Ok(Some(DumpProgress::Malformed(Box::new(row))))
            }
        }
    }

    fn end(&mut self, message: &Message<'_>) -> Result<Option<DumpProgress>, Error> {
        self.is_over = true;
        match message.errno() {
            None => Ok(Some(DumpProgress::Done)),
            Some(errno) if self.is_lookup => Err(of_lookup(self.table, errno).into()),
            Some(errno) => Err(of_dump(self.table, errno).into()),
        }
    }
}

/// The datagrams of a reply in memory: a capture of another time, a test's bytes.
///
/// Everything but the socket happens here: framing, sequence, errors, rows, limits.
pub struct Replies<'a>(Dump<'a>);

impl<'a> Replies<'a> {
    /// Means the replies to a request of that number, read within the default limits.
    pub fn new(request: &Request, sequence: u32) -> Self {
        let mut dump = Dump::new(request, Bounds::default());
        dump.begin(sequence);
        Self(dump)
    }

    /// Reads within these bounds.
    #[must_use]
    pub fn with_bounds(self, bounds: impl Into<Bounds<'a>>) -> Self {
        Self(Dump { bounds: bounds.into(), ..self.0 })
    }

    /// Hands the sockets of the datagrams to a visitor. What comes behind the end is not looked at;
    /// when the end is missing the datagrams are simply over.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ErrorKind::Malformed) for bytes that are no netlink messages, the error
    /// that the datagrams hold, [`LimitExceeded`](crate::ErrorKind::LimitExceeded) and
    /// [`Interrupted`](crate::ErrorKind::Interrupted). A message that is not understood is no error
    /// here: it goes to [`Visitor::malformed`].
    pub fn visit<'d>(
        self,
        datagrams: impl IntoIterator<Item = &'d [u8]>,
        mut visitor: impl Visitor,
    ) -> Result<ReadReport, Error> {
        let mut datagrams = datagrams.into_iter();
        let datagram = datagrams.next();
        MemoryRows { dump: self.0, datagrams, datagram }.push(&mut visitor)
    }
}

/// The rows of datagrams in memory.
struct MemoryRows<'a, 'd, I> {
    dump: Dump<'a>,
    datagrams: I,
    datagram: Option<&'d [u8]>,
}

impl<'d, I: Iterator<Item = &'d [u8]>> RowSource for MemoryRows<'_, 'd, I> {
    #[inline]
    fn advance(&mut self) -> Result<Step, Error> {
        while let Some(datagram) = self.datagram {
            match self.dump.advance(datagram)? {
                DumpProgress::Row => return Ok(Step::Row),
                DumpProgress::Malformed(row) => return Ok(Step::Malformed(row)),
                DumpProgress::NextDatagram if !self.dump.report().stopped => {
                    self.datagram = self.datagrams.next();
                }
                DumpProgress::NextDatagram | DumpProgress::Done => break,
            }
        }
        Ok(Step::End)
    }

    #[inline]
    fn row(&self) -> Socket<'_> {
        self.dump.row()
    }

    fn stop(&mut self) {
        self.dump.stop();
    }

    fn report(&self) -> ReadReport {
        self.dump.report()
    }
}
