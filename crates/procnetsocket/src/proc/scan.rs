//! The rows of a text table: lines, parser, repeated rows.

use std::io::Read;

use super::{
    dedup::Window,
    lines::Lines,
    root::name::ProcFile,
    text::{
        RowParser, inet::InetRows, netlink::NetlinkRows, number::Endian, packet::PacketRows,
        unix::UnixRows,
    },
};
use crate::{
    error::{Error, Repr, RowError},
    model::{RowForm, Socket, StateMask, Table},
    table_query::Bounds,
    visit::{Interrupt, ReadReport, RowSource, Step, Visitor},
};

/// Lines after which the interrupt is polled: 1 000, which take less than a millisecond to parse.
const INTERRUPT_LINES: usize = 1_000;

/// Bytes that count as one line for the interrupt, so that lines of 1 MiB do not delay it.
const INTERRUPT_BYTES: usize = 4 << 10;

/// A text table that is not read from `/proc`: a captured file of another machine, a test's bytes.
///
/// Rows are not deduplicated.
#[derive(Clone, Copy)]
pub struct TextTable<'a> {
    table: Table,
    endian: Endian,
    bounds: Bounds<'a>,
    /// The states of the rows that are wanted.
    states: StateMask,
    /// Whether repeated rows are dropped.
    is_deduplicated: bool,
}

impl<'a> TextTable<'a> {
    /// Returns a reader of that table, for a machine with the byte order of this one, within the
    /// default limits.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            endian: Endian::NATIVE,
            bounds: Bounds::default(),
            states: StateMask::ALL,
            is_deduplicated: false,
        }
    }

    /// Returns the reader for a machine with that byte order.
    #[must_use]
    pub fn with_endian(self, endian: Endian) -> Self {
        Self { endian, ..self }
    }

    /// Returns the reader with these bounds.
    #[must_use]
    pub fn with_bounds(self, bounds: impl Into<Bounds<'a>>) -> Self {
        Self { bounds: bounds.into(), ..self }
    }

    /// Returns the reader that drops rows in other states.
    pub(crate) fn with_states(self, states: StateMask) -> Self {
        Self { states, ..self }
    }

    /// Returns the reader that drops repeated rows.
    pub(crate) fn deduplicated(self) -> Self {
        Self { is_deduplicated: true, ..self }
    }

    /// Hands the rows in a reader to a visitor.
    ///
    /// # Errors
    ///
    /// [`Missing`](crate::ErrorKind::Missing) for a table without a text form,
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded),
    /// [`Interrupted`](crate::ErrorKind::Interrupted), [`Io`](crate::ErrorKind::Io), and
    /// [`Malformed`](crate::ErrorKind::Malformed) if the first line shows that the file has another
    /// form. A malformed row is not an error here: it goes to [`Visitor::malformed`].
    pub fn visit(self, reader: impl Read, mut visitor: impl Visitor) -> Result<ReadReport, Error> {
        self.rows(reader)?.push(&mut visitor)
    }

    pub(crate) fn rows<'r>(self, reader: impl Read + 'r) -> Result<Box<dyn RowSource + 'r>, Error>
    where
        'a: 'r,
    {
        match self.table.form() {
            RowForm::Inet(protocol, family) => {
                self.rows_by(InetRows::new(protocol, family, self.endian), reader)
            }
            RowForm::Unix => self.rows_by(UnixRows::new(), reader),
            RowForm::Packet => self.rows_by(PacketRows::new(), reader),
            RowForm::Netlink => self.rows_by(NetlinkRows::new(), reader),
            RowForm::Vsock | RowForm::Xdp => Err(Repr::NoText(self.table).into()),
        }
    }

    fn rows_by<'r>(
        self,
        parser: impl RowParser + 'r,
        reader: impl Read + 'r,
    ) -> Result<Box<dyn RowSource + 'r>, Error>
    where
        'a: 'r,
    {
        let Self { table, bounds, states, is_deduplicated, .. } = self;
        let file = ProcFile::of_table(table).ok_or(Repr::NoText(table))?;
        Ok(Box::new(TextRows {
            table,
            file,
            bounds,
            states,
            lines: Lines::new(reader, bounds.limits.line_bytes),
            parser,
            window: is_deduplicated.then(Window::new),
            patience: InterruptPolling { file, interrupt: bounds.interrupt, lines: 0 },
            is_begun: false,
            scanned: 0,
            report: ReadReport::default(),
        }))
    }
}

/// The rows of a text table.
struct TextRows<'a, R, P> {
    table: Table,
    file: ProcFile,
    bounds: Bounds<'a>,
    /// The states of the rows that are wanted.
    states: StateMask,
    lines: Lines<R>,
    parser: P,
    /// Finds repeated rows, if they are to be dropped.
    window: Option<Window>,
    patience: InterruptPolling<'a>,
    /// Whether the header was read.
    is_begun: bool,
    /// Lines after the header.
    scanned: u64,
    report: ReadReport,
}

impl<R: Read, P: RowParser> TextRows<'_, R, P> {
    #[cold]
    fn read_header(&mut self) -> Result<(), Error> {
        self.patience.check(0)?;
        self.is_begun = true;
        let (file, limit) = (self.file, self.bounds.limits.line_bytes);
        let header = self.lines.next_line();
        if let Some(header) = header.map_err(|error| Error::from_line(file, limit, error))? {
            self.parser.check_header(header).map_err(|problem| {
                Error::from(Repr::Header(RowError::new(self.table, 1, header, problem)))
            })?;
        }
        Ok(())
    }
}

impl<R: Read, P: RowParser> RowSource for TextRows<'_, R, P> {
    #[expect(clippy::inline_always, reason = "into `push`: 2 % of the instructions of a row")]
    #[inline(always)]
    fn advance(&mut self) -> Result<Step, Error> {
        if self.report.stopped {
            return Ok(Step::End);
        }
        if !self.is_begun {
            self.read_header()?;
        }
        let (file, limits) = (self.file, self.bounds.limits);
        loop {
            let line = self.lines.next_line();
            let Some(line) =
                line.map_err(|error| Error::from_line(file, limits.line_bytes, error))?
            else {
                return Ok(Step::End);
            };
            if self.scanned >= limits.total_lines {
                let (limit, bound) = (self.scanned, "total_lines");
                return Err(Repr::TooManyLines { file, limit, bound }.into());
            }
            self.scanned += 1;
            self.patience.check(line.len())?;
            match self.parser.parse(line) {
                Ok(socket) if is_repeated(&mut self.window, socket) => self.report.repeated += 1,
                Ok(socket) if !is_wanted(self.states, socket) => {}
                Ok(_) => {
                    self.report.rows += 1;
                    return Ok(Step::Row);
                }
                Err(problem) => {
                    self.report.malformed += 1;
                    // OK because the number of lines stays far below 64 bits; the header is line 1.
                    let row = RowError::new(self.table, self.scanned + 1, line, problem);
                    return Ok(Step::Malformed(Box::new(row)));
                }
            }
        }
    }

    #[inline]
    fn row(&self) -> Socket<'_> {
        self.parser.row()
    }

    fn stop(&mut self) {
        self.report.stopped = true;
    }

    fn report(&self) -> ReadReport {
        self.report
    }
}

#[inline]
fn is_repeated(window: &mut Option<Window>, socket: Socket<'_>) -> bool {
    match (window, socket) {
        (Some(window), Socket::Inet(row)) => window.is_repeated(row),
        _ => false,
    }
}

#[inline]
fn is_wanted(states: StateMask, socket: Socket<'_>) -> bool {
    states == StateMask::ALL || states.contains(socket.state())
}

/// Decides when the interrupt is polled.
struct InterruptPolling<'a> {
    file: ProcFile,
    interrupt: &'a dyn Interrupt,
    /// Lines until the interrupt is polled.
    lines: usize,
}

impl InterruptPolling<'_> {
    #[inline]
    fn check(&mut self, line_bytes: usize) -> Result<(), Error> {
        self.lines = self.lines.saturating_sub(1 + line_bytes / INTERRUPT_BYTES);
        if self.lines > 0 {
            return Ok(());
        }
        self.lines = INTERRUPT_LINES;
        if self.interrupt.is_interrupted() {
            return Err(Repr::Interrupted(self.file).into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{listing::Collect, model::InetSocket};

    fn row(inode: u64) -> String {
        format!(
            "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {inode}\n"
        )
    }

    #[rstest]
    #[case::different(&[1, 2, 3], (3, 0))]
    #[case::repeated(&[1, 2, 1, 2, 2], (2, 3))]
    #[case::no_inode(&[0, 0, 1, 0, 1], (4, 1))]
    fn deduplicated_table_counts_what_it_drops(
        #[case] inodes: &[u64],
        #[case] expected: (u64, u64),
    ) {
        let text: String =
            std::iter::once("header\n".to_owned()).chain(inodes.iter().copied().map(row)).collect();
        let limits = crate::limits::Limits::default();
        let mut collect = Collect::<InetSocket>::new(limits.entries);
        let report = TextTable::new(Table::Tcp4)
            .deduplicated()
            .visit(text.as_bytes(), &mut collect)
            .unwrap();
        assert_eq!((report.rows, report.repeated), expected);
        let listing = collect.finish(&report).unwrap();
        assert_eq!(
            (listing.len(), listing.repeated),
            (report.rows.try_into().unwrap(), expected.1)
        );
    }

    #[test]
    fn other_tables_are_not_deduplicated() {
        let row = "0: 00000002 00000000 00010000 0001 01 31210 /run/app.sock\n";
        let limits = crate::limits::Limits::default();
        let mut collect = Collect::<crate::model::UnixSocket>::new(limits.entries);
        let text = format!("header\n{row}{row}");
        let report = TextTable::new(Table::Unix)
            .deduplicated()
            .visit(text.as_bytes(), &mut collect)
            .unwrap();
        assert_eq!((report.rows, report.repeated), (2, 0));
    }
}
