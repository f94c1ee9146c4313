//! The pipeline of one table: lines, rows, visitor.

use std::{io::Read, ops::ControlFlow};

use crate::{
    error::{Error, Repr, RowError},
    limits::Limits,
    model::{RowForm, Socket, Table},
    proc::{
        dedup::Window,
        lines::{LineError, Lines},
        root::name::ProcFile,
        text::{
            Endian, RowParser, field::LineProblem, inet::InetRows, netlink::NetlinkRows,
            packet::PacketRows, unix::UnixRows,
        },
    },
    visit::{Interrupt, ReadReport, Visitor},
};

/// Lines after which the interrupt is asked: 1 000, which take less than a millisecond to parse.
const INTERRUPT_LINES: usize = 1_000;

/// Bytes that count as much as a line when it is decided whether to ask, so that lines of 1 MiB do
/// not put it off.
const INTERRUPT_BYTES: usize = 4 << 10;

/// Reads a table from any reader: a captured file of another machine, a test's bytes.
///
/// Everything but the opening of the file happens here. Rows are not deduplicated.
///
/// # Errors
///
/// [`Missing`](crate::ErrorKind::Missing) for a table that has no text form,
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded),
/// [`Interrupted`](crate::ErrorKind::Interrupted), [`Io`](crate::ErrorKind::Io), and
/// [`Malformed`](crate::ErrorKind::Malformed) if the first line shows that the file has another
/// form. A malformed row is not an error here: it goes to [`Visitor::malformed`].
#[expect(clippy::too_many_arguments, reason = "each is one independent choice of the caller")]
pub fn visit_table(
    table: Table,
    mut reader: impl Read,
    endian: Endian,
    limits: &Limits,
    interrupt: &dyn Interrupt,
    visitor: &mut dyn Visitor,
) -> Result<ReadReport, Error> {
    TableScan::new(table, endian, limits, interrupt)?.run(&mut reader, visitor)
}

/// The reading of one table.
pub(crate) struct TableScan<'a> {
    table: Table,
    file: ProcFile,
    endian: Endian,
    limits: &'a Limits,
    interrupt: &'a dyn Interrupt,
    /// What recognises repeated rows, if they are to be dropped.
    window: Option<Window>,
    /// Lines until the interrupt is asked.
    patience: usize,
    report: ReadReport,
}

impl<'a> TableScan<'a> {
    pub(crate) fn new(
        table: Table,
        endian: Endian,
        limits: &'a Limits,
        interrupt: &'a dyn Interrupt,
    ) -> Result<Self, Error> {
        let file = ProcFile::of_table(table).ok_or(Repr::NoText(table))?;
        let report = ReadReport::default();
        Ok(Self { table, file, endian, limits, interrupt, window: None, patience: 0, report })
    }

    /// Returns the file of the table.
    pub(crate) fn file(&self) -> ProcFile {
        self.file
    }

    /// Drops rows that the window recognises.
    pub(crate) fn deduplicated(self, window: Window) -> Self {
        Self { window: Some(window), ..self }
    }

    /// Reads to the end of the table, or until the visitor has enough.
    pub(crate) fn run(
        self,
        reader: &mut dyn Read,
        visitor: &mut dyn Visitor,
    ) -> Result<ReadReport, Error> {
        match self.table.form() {
            RowForm::Inet(protocol, family) => {
                let rows = InetRows::new(protocol, family, self.endian);
                self.read_rows(rows, reader, visitor)
            }
            RowForm::Unix => self.read_rows(UnixRows::new(), reader, visitor),
            RowForm::Packet => self.read_rows(PacketRows::new(), reader, visitor),
            RowForm::Netlink => self.read_rows(NetlinkRows::new(), reader, visitor),
            RowForm::Vsock | RowForm::Xdp => Err(Repr::NoText(self.table).into()),
        }
    }

    fn read_rows<R: RowParser>(
        mut self,
        mut rows: R,
        reader: &mut dyn Read,
        visitor: &mut dyn Visitor,
    ) -> Result<ReadReport, Error> {
        self.check_interrupt(0)?;
        let mut lines = Lines::new(reader, self.limits.line_bytes);
        if let Some(header) = lines.next_line().map_err(|error| self.failure(error))? {
            self.check_header(&rows, header)?;
        }
        let mut scanned = 0;
        while let Some(line) = lines.next_line().map_err(|error| self.failure(error))? {
            self.check_total(scanned)?;
            scanned += 1;
            self.check_interrupt(line.len())?;
            // OK because the number of lines stays far below 64 bits; the header is line 1.
            if self.row(rows.parse(line), line, scanned + 1, visitor).is_break() {
                self.report.stopped = true;
                break;
            }
        }
        Ok(self.report)
    }

    fn row(
        &mut self,
        parsed: Result<Socket<'_>, LineProblem>,
        line: &[u8],
        number: u64,
        visitor: &mut dyn Visitor,
    ) -> ControlFlow<()> {
        match parsed {
            Ok(socket) if self.is_repeated(socket) => {
                self.report.repeated += 1;
                ControlFlow::Continue(())
            }
            Ok(socket) => {
                self.report.rows += 1;
                visitor.socket(socket)
            }
            Err(problem) => {
                self.report.malformed += 1;
                visitor.malformed(&RowError::new(self.table, number, line, problem))
            }
        }
    }

    fn is_repeated(&mut self, socket: Socket<'_>) -> bool {
        match (&mut self.window, socket) {
            (Some(window), Socket::Inet(row)) => window.is_repeated(row),
            _ => false,
        }
    }

    fn check_header(&self, rows: &impl RowParser, header: &[u8]) -> Result<(), Error> {
        let checked = rows.check_header(header);
        checked.map_err(|problem| {
            Error::from(Repr::Header(RowError::new(self.table, 1, header, problem)))
        })
    }

    fn check_total(&self, scanned: u64) -> Result<(), Error> {
        if scanned < self.limits.total_lines {
            return Ok(());
        }
        let (file, limit) = (self.file, scanned);
        Err(Repr::TooManyLines { file, limit, bound: "total_lines" }.into())
    }

    fn check_interrupt(&mut self, line_bytes: usize) -> Result<(), Error> {
        self.patience = self.patience.saturating_sub(1 + line_bytes / INTERRUPT_BYTES);
        if self.patience > 0 {
            return Ok(());
        }
        self.patience = INTERRUPT_LINES;
        if self.interrupt.is_interrupted() {
            return Err(Repr::Interrupted(self.file).into());
        }
        Ok(())
    }

    fn failure(&self, error: LineError) -> Error {
        Error::from_line(self.file, self.limits.line_bytes, error)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{listing::Collect, model::InetSocket, visit::Uninterrupted};

    fn row(inode: u64) -> String {
        format!(
            "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {inode}\n"
        )
    }

    #[rstest]
    #[case::different(&[1, 2, 3], (3, 0))]
    #[case::repeated(&[1, 2, 1, 2, 2], (2, 3))]
    #[case::no_inode(&[0, 0, 1, 0, 1], (4, 1))]
    fn a_deduplicated_table_counts_what_it_drops(
        #[case] inodes: &[u64],
        #[case] expected: (u64, u64),
    ) {
        let text: String =
            std::iter::once("header\n".to_owned()).chain(inodes.iter().copied().map(row)).collect();
        let limits = Limits::default();
        let mut collect = Collect::<InetSocket>::new(limits.entries);
        let report = TableScan::new(Table::Tcp4, Endian::Little, &limits, &Uninterrupted)
            .unwrap()
            .deduplicated(Window::new())
            .run(&mut text.as_bytes(), &mut collect)
            .unwrap();
        assert_eq!((report.rows, report.repeated), expected);
        let listing = collect.finish(Table::Tcp4, &report).unwrap();
        assert_eq!(
            (listing.len(), listing.repeated),
            (report.rows.try_into().unwrap(), expected.1)
        );
    }

    #[test]
    fn other_tables_are_not_deduplicated() {
        let row = "0: 00000002 00000000 00010000 0001 01 31210 /run/app.sock\n";
        let limits = Limits::default();
        let mut collect = Collect::<crate::model::UnixSocket>::new(limits.entries);
        let report = TableScan::new(Table::Unix, Endian::Little, &limits, &Uninterrupted)
            .unwrap()
            .deduplicated(Window::new())
            .run(&mut format!("header\n{row}{row}").as_bytes(), &mut collect)
            .unwrap();
        assert_eq!((report.rows, report.repeated), (2, 0));
    }
}
