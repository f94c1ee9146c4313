//! The messages of a reply, one after the other: what every reply is checked for.

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
    rows: TableRows,
    /// What becomes of the rows of IPv6, where they come among those of IPv4.
    ipv6: Option<Ipv6Rows>,
    /// The family of the row that was reached, where both come.
    reached: Family,
    sequence: u32,
    /// Whether one socket was asked for, whose message is the last.
    is_lookup: bool,
    bounds: Bounds<'a>,
    /// Bytes of the datagram that were taken.
    taken: usize,
    /// Whether the end was received, which may be an error.
    is_over: bool,
    report: ReadReport,
}

/// The rows of one table.
pub(super) struct TableRows {
    table: Table,
    decoder: Decoder,
    messages: u64,
}

impl TableRows {
    fn new(table: Table) -> Self {
        Self { table, decoder: Decoder::new(table), messages: 0 }
    }
}

/// What becomes of rows of IPv6 among those of IPv4.
enum Ipv6Rows {
    /// They are kept until those of IPv4 are handed over.
    Kept(KeptRows),
    /// They are handed over as they come.
    Lent(Box<TableRows>),
}

/// In which order the rows of both families are handed over.
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
            rows: TableRows::new(request.table()),
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
            FamilyOrder::Any => Ipv6Rows::Lent(Box::new(TableRows::new(Table::Tcp6))),
        };
        Self { ipv6: Some(ipv6), ..self }
    }

    /// Returns the rows of IPv6 that are still to be handed over, if all of them were kept.
    pub(super) fn into_ipv6(self) -> Option<KeptRows> {
        match self.ipv6? {
            Ipv6Rows::Kept(kept) => kept.complete(),
            Ipv6Rows::Lent(_) => Some(KeptRows::default()),
        }
    }

    /// Hands over rows that were [kept](Self::into_ipv6) by another dump.
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

    /// Begins with the reply to the request of that number. Rows, limits and totals go on.
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
            let table = self.table();
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
            TCPDIAG_GETSOCK if self.ipv6.is_some() => self.either_family(message),
            NLMSG_DONE | NLMSG_ERROR => self.end(message),
            NLMSG_NOOP => Ok(None),
            NLMSG_OVERRUN => Err(DiagError::Overrun.into()),
            kind => Err(DiagError::UnknownType(kind).into()),
        }
    }

    /// Takes a TCP socket, of which the message says the family. One of no family is reported as
    /// one of IPv4.
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
