//! From the datagrams of a reply to a visitor: what every reply is checked for.

use std::ops::ControlFlow;

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
    limits::Limits,
    model::{Source, Table},
    visit::{Interrupt, ReadReport, Visitor},
};

/// How far a reply has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The kernel has more to say, though perhaps nobody wants it.
    More,
    /// The kernel said the last word.
    Done,
}

/// What is known of a reply while it comes.
pub(super) struct Dump<'a> {
    table: Table,
    sequence: u32,
    /// Whether one socket was asked for, whose message is the last.
    is_lookup: bool,
    limits: &'a Limits,
    interrupt: &'a dyn Interrupt,
    decoder: Decoder,
    messages: u64,
    /// Whether the kernel said the last word, which may be an error.
    is_over: bool,
    report: ReadReport,
}

impl<'a> Dump<'a> {
    pub(super) fn new(
        request: &Request,
        sequence: u32,
        limits: &'a Limits,
        interrupt: &'a dyn Interrupt,
    ) -> Self {
        let table = request.table();
        Self {
            table,
            sequence,
            is_lookup: !matches!(request, Request::Dump(_)),
            limits,
            interrupt,
            decoder: Decoder::new(table),
            messages: 0,
            is_over: false,
            report: ReadReport { source: Source::SockDiag, ..ReadReport::default() },
        }
    }

    /// Returns the totals so far.
    pub(super) fn report(&self) -> ReadReport {
        self.report
    }

    /// Returns whether the kernel said the last word.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Hands the sockets of a datagram to a visitor.
    ///
    /// The interrupt is asked for each datagram; one of 32 KiB holds less than 1 000 sockets.
    pub(super) fn datagram(
        &mut self,
        datagram: &[u8],
        visitor: &mut dyn Visitor,
    ) -> Result<Progress, Error> {
        if self.interrupt.is_interrupted() {
            return Err(DiagError::Interrupted(self.table).into());
        }
        for message in Messages::new(datagram) {
            let table = self.table;
            let message = message.map_err(|framing| DiagError::Framing { table, framing })?;
            if self.message(&message, visitor)? == Progress::Done {
                return Ok(Progress::Done);
            }
        }
        Ok(Progress::More)
    }

    #[inline]
    fn message(
        &mut self,
        message: &Message<'_>,
        visitor: &mut dyn Visitor,
    ) -> Result<Progress, Error> {
        // The end of a dump that was given up earlier, for example.
        if message.sequence != self.sequence {
            return Ok(Progress::More);
        }
        self.report.inconsistent |= message.is_interrupted();
        match message.kind {
            SOCK_DIAG_BY_FAMILY => self.row(message.payload, visitor),
            NLMSG_DONE | NLMSG_ERROR => self.end(message),
            NLMSG_NOOP => Ok(Progress::More),
            NLMSG_OVERRUN => Err(DiagError::Overrun.into()),
            kind => Err(DiagError::UnknownType(kind).into()),
        }
    }

    #[inline]
    fn row(&mut self, payload: &[u8], visitor: &mut dyn Visitor) -> Result<Progress, Error> {
        let then = if self.is_lookup { Progress::Done } else { Progress::More };
        self.is_over |= self.is_lookup;
        // After the visitor has enough, only the end is waited for.
        if self.report.stopped {
            return Ok(then);
        }
        if self.messages >= self.limits.total_lines {
            let (table, limit) = (self.table, self.limits.total_lines);
            return Err(DiagError::TooManyRows { table, limit }.into());
        }
        self.messages += 1;
        let flow = match self.decoder.decode(payload) {
            Ok(socket) => {
                self.report.rows += 1;
                visitor.socket(socket)
            }
            Err(fault) => {
                self.report.malformed += 1;
                visitor.malformed(&RowError::from_fault(self.table, self.messages, fault))
            }
        };
        self.report.stopped = flow == ControlFlow::Break(());
        Ok(then)
    }

    fn end(&mut self, message: &Message<'_>) -> Result<Progress, Error> {
        self.is_over = true;
        match message.errno() {
            None => Ok(Progress::Done),
            Some(errno) if self.is_lookup => Err(of_lookup(self.table, errno).into()),
            Some(errno) => Err(of_dump(self.table, errno).into()),
        }
    }
}

/// Reads the datagrams of a reply from memory: a capture of another time, a test's bytes.
///
/// Everything but the socket happens here: framing, sequence, errors, rows, limits. What comes behind
/// the end is not looked at; when the end is missing the datagrams are simply over.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) for bytes that are no netlink messages, the error that
/// the datagrams hold, [`LimitExceeded`](crate::ErrorKind::LimitExceeded) and
/// [`Interrupted`](crate::ErrorKind::Interrupted). A message that is not understood is no error here:
/// it goes to [`Visitor::malformed`].
#[expect(clippy::too_many_arguments, reason = "each is one independent choice of the caller")]
pub fn visit_datagrams<'d>(
    request: &Request,
    sequence: u32,
    datagrams: impl IntoIterator<Item = &'d [u8]>,
    limits: &Limits,
    interrupt: &dyn Interrupt,
    visitor: &mut dyn Visitor,
) -> Result<ReadReport, Error> {
    let mut dump = Dump::new(request, sequence, limits, interrupt);
    for datagram in datagrams {
        if dump.datagram(datagram, visitor)? == Progress::Done || dump.report.stopped {
            break;
        }
    }
    Ok(dump.report())
}
