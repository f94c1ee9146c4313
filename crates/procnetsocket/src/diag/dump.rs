//! The messages of a reply, one after the other, with the checks for every reply.

use super::{
    both::KeptRows,
    decode::Decoder,
    error::{DiagError, of_dump, of_lookup},
    request::Request,
    uapi::AF_INET6,
    wire::{
        Message, Messages, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, SOCK_DIAG_BY_FAMILY,
        TCPDIAG_GETSOCK,
    },
};
use crate::{
    error::{Error, RowError},
    model::{Family, Socket, Table},
    table_query::Bounds,
    visit::{Interrupt, ReadReport, RowSource, Step, Visitor},
};

/// The progress in a reply.
#[derive(Debug)]
pub(super) enum DumpProgress {
    /// A socket was reached.
    Row,
    /// A message that is not a socket was reached.
    Malformed(Box<RowError>),
    /// The datagram has no more relevant messages.
    NextDatagram,
    /// The end was reached.
    Done,
}

/// The state of a reply while it is received.
pub(super) struct Dump<'a> {
    rows: DumpRows,
    /// The handling of rows of IPv6 among those of IPv4.
    ipv6: Option<Ipv6Rows>,
    /// The family of the current row, in a reply with both.
    reached: Family,
    sequence: u32,
    /// Whether one socket was requested, whose message ends the reply.
    is_lookup: bool,
    bounds: Bounds<'a>,
    /// Bytes of the datagram that were processed.
    taken: usize,
    /// Whether the end, or an error, was received.
    is_over: bool,
    report: ReadReport,
}

/// The rows of one table.
pub(super) struct DumpRows {
    table: Table,
    decoder: Decoder,
    messages: u64,
}

impl DumpRows {
    fn new(table: Table) -> Self {
        Self { table, decoder: Decoder::new(table), messages: 0 }
    }
}

/// The handling of rows of IPv6 among those of IPv4.
enum Ipv6Rows {
    /// They are kept until those of IPv4 were passed on.
    Kept(KeptRows),
    /// They are passed on as they come.
    Lent(Box<DumpRows>),
}

/// The order in which the rows of both families are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyOrder {
    /// IPv4 first.
    Ipv4First,
    /// As the kernel sends them.
    Any,
}

impl<'a> Dump<'a> {
    pub(super) fn new(request: &Request, bounds: Bounds<'a>) -> Self {
        Self {
            rows: DumpRows::new(request.table()),
            ipv6: None,
            reached: Family::V4,
            sequence: 0,
            is_lookup: !matches!(request, Request::Dump(_)),
            bounds,
            taken: 0,
            is_over: false,
            report: ReadReport::of_diag(),
        }
    }

    /// Expects the TCP sockets of both families.
    pub(super) fn of_both_families(self, order: FamilyOrder) -> Self {
        let ipv6 = match order {
            FamilyOrder::Ipv4First => Ipv6Rows::Kept(KeptRows::default()),
            FamilyOrder::Any => Ipv6Rows::Lent(Box::new(DumpRows::new(Table::Tcp6))),
        };
        Self { ipv6: Some(ipv6), ..self }
    }

    /// Returns the rows of IPv6 that are still to be passed on, if all of them were kept.
    pub(super) fn into_ipv6(self) -> Option<KeptRows> {
        match self.ipv6? {
            Ipv6Rows::Kept(kept) => kept.complete(),
            Ipv6Rows::Lent(_) => Some(KeptRows::default()),
        }
    }

    /// Passes on rows that were [kept](Self::into_ipv6) by another dump.
    pub(super) fn push_kept(
        &mut self,
        kept: KeptRows,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Error> {
        for (sequence, messages) in kept.into_datagrams() {
            self.begin(sequence);
            self.push(&messages, visitor)?;
            if self.report().stopped {
                break;
            }
        }
        Ok(())
    }

    /// Begins the reply to the request with this number. Rows, limits and totals continue.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.sequence = sequence;
        self.taken = 0;
        self.is_over = false;
    }

    /// Returns an error if the reading has to end.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.bounds.interrupt.is_interrupted() {
            return Err(DiagError::Interrupted(self.table()).into());
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
        self.rows.table
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
        match &self.ipv6 {
            Some(Ipv6Rows::Lent(rows)) if self.reached == Family::V6 => rows.decoder.row(),
            _ => self.rows.decoder.row(),
        }
    }

    /// Skips the remaining sockets; only the end is still expected.
    pub(super) fn stop(&mut self) {
        self.report.stopped = true;
    }

    /// Returns whether the end was received.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Advances to the next socket of a datagram. It has to be called with the same datagram until
    /// that has no more.
    ///
    /// The interrupt is polled for each datagram, which contains fewer than 1 000 sockets (32 KiB).
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
            let table = self.table();
            let message = message.map_err(|framing| DiagError::Framing { table, framing })?;
            self.taken = datagram.len() - messages.rest().len();
            if let Some(progress) = self.message(&message)? {
                return Ok(progress);
            }
        }
    }

    /// Processes a message; returns `None` if it is not relevant.
    #[inline]
    fn message(&mut self, message: &Message<'_>) -> Result<Option<DumpProgress>, Error> {
        // For example the end of a dump that was given up earlier.
        if message.sequence != self.sequence {
            return Ok(None);
        }
        self.report.inconsistent |= message.is_interrupted();
        match message.kind {
            SOCK_DIAG_BY_FAMILY => self.socket(message.payload),
            TCPDIAG_GETSOCK if self.ipv6.is_some() => self.either_family(message),
            NLMSG_DONE | NLMSG_ERROR => self.end(message),
            NLMSG_NOOP => Ok(None),
            NLMSG_OVERRUN => Err(DiagError::Overrun.into()),
            kind => Err(DiagError::UnknownType(kind).into()),
        }
    }

    /// Processes a TCP socket, whose message contains the family. An unknown family is reported as
    /// a malformed row of IPv4.
    #[inline]
    fn either_family(&mut self, message: &Message<'_>) -> Result<Option<DumpProgress>, Error> {
        let is_ipv6 = message.payload.first() == Some(&AF_INET6);
        self.reached = if is_ipv6 { Family::V6 } else { Family::V4 };
        match &mut self.ipv6 {
            Some(Ipv6Rows::Kept(kept)) if is_ipv6 => {
                if !self.report.stopped {
                    kept.push(message);
                }
                Ok(None)
            }
            _ => self.socket(message.payload),
        }
    }

    #[inline]
    fn socket(&mut self, payload: &[u8]) -> Result<Option<DumpProgress>, Error> {
        self.is_over |= self.is_lookup;
        if self.report.stopped {
            return Ok(None);
        }
        let limit = self.bounds.limits.total_lines;
        let rows = match &mut self.ipv6 {
            Some(Ipv6Rows::Lent(rows)) if self.reached == Family::V6 => rows,
            _ => &mut self.rows,
        };
        if rows.messages >= limit {
            return Err(DiagError::TooManyRows { table: rows.table, limit }.into());
        }
        rows.messages += 1;
        match rows.decoder.update(payload) {
            Ok(()) => {
                self.report.rows += 1;
                Ok(Some(DumpProgress::Row))
            }
            Err(fault) => {
                self.report.malformed += 1;
                let row = RowError::from_fault(rows.table, rows.messages, fault);
                Ok(Some(DumpProgress::Malformed(Box::new(row))))
            }
        }
    }

    fn end(&mut self, message: &Message<'_>) -> Result<Option<DumpProgress>, Error> {
        self.is_over = true;
        match message.errno() {
            None => Ok(Some(DumpProgress::Done)),
            Some(errno) if self.is_lookup => Err(of_lookup(self.table(), errno).into()),
            Some(errno) => Err(of_dump(self.table(), errno).into()),
        }
    }
}

/// The datagrams of a reply in memory: an earlier capture, or the bytes of a test.
///
/// Everything but the socket happens here: framing, sequence, errors, rows, limits.
pub struct Replies<'a>(Dump<'a>);

impl<'a> Replies<'a> {
    /// Expects the replies to the request with this number, read within the default limits.
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

    /// Passes the sockets of the datagrams to a visitor. Datagrams after the end are ignored; a
    /// missing end is not an error.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ErrorKind::Malformed) for bytes that are not netlink messages, the
    /// error that the datagrams contain, [`LimitExceeded`](crate::ErrorKind::LimitExceeded) and
    /// [`Interrupted`](crate::ErrorKind::Interrupted). A malformed message is not an error here: it
    /// is passed to [`Visitor::malformed`].
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
