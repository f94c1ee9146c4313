//! Cells to columns.
//!
//! A column is as wide as its longest cell, so rows wait until their widths are known. They wait in
//! batches, so that memory stays bounded whatever the number of sockets. The size of a batch shows
//! in the output (columns may widen from one to the next), so it follows iproute2's buffer:
//! chunks of 1 MiB of which a cell takes two bytes and its length rounded up to an even number, and
//! a batch is written when a row begins while five chunks are in use.

use std::io::{self, Write};

use super::column::{Align, COLUMNS, Column, ColumnId, ColumnSet, Screen, TABLE, widths};

/// Bytes of a chunk that cells can use.
const CHUNK_BYTES: usize = 1_048_560;

/// Chunks in use at which the batch is written.
const CHUNKS_PER_BATCH: usize = 5;

/// Bytes that are handed to the output at once.
const WRITE_BYTES: usize = 64 * 1024;

/// Collects rows and writes them in columns.
pub(crate) struct TableWriter<'a> {
    out: &'a mut dyn Write,
    columns: ColumnSet,
    screen: Screen,
    /// The cells of the batch, one after the other.
    cells: Vec<u8>,
    /// Where each cell ends; one entry for each shown column of each row.
    ends: Vec<usize>,
    /// The longest cell of each column so far, over all batches.
    longest: [usize; COLUMNS],
    /// The last cell of the row before; iproute2 measures it only when another row begins.
    unmeasured: usize,
    chunks: Chunks,
}

/// How much of iproute2's buffer the batch would use.
struct Chunks {
    in_use: usize,
    used_bytes: usize,
}

impl Chunks {
    const EMPTY: Self = Self { in_use: 1, used_bytes: 0 };

    fn add(&mut self, cell_bytes: usize) {
        let bytes = 2 + cell_bytes.next_multiple_of(2);
        if self.used_bytes + bytes > CHUNK_BYTES {
            self.in_use += 1;
            self.used_bytes = 0;
        }
        self.used_bytes += bytes;
    }
}

impl<'a> TableWriter<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, columns: ColumnSet, screen: Screen) -> Self {
        Self {
            out,
            columns,
            screen,
            cells: Vec::new(),
            ends: Vec::new(),
            longest: [0; COLUMNS],
            unmeasured: 0,
            chunks: Chunks::EMPTY,
        }
    }

    /// Adds the row of headers.
    pub(crate) fn header(&mut self) -> io::Result<()> {
        self.row(|cells| {
            for column in &TABLE {
                cells.push(column.id, |out| out.extend_from_slice(column.header.as_bytes()));
            }
        })
    }

    /// Adds a row; `fill` pushes its cells in the order of the columns, and may leave some out.
    ///
    /// # Errors
    ///
    /// When the batch before it is full and cannot be written.
    pub(crate) fn row(&mut self, fill: impl FnOnce(&mut Cells<'_>)) -> io::Result<()> {
        let [.., last] = &mut self.longest;
        *last = self.unmeasured.max(*last);
        if self.chunks.in_use >= CHUNKS_PER_BATCH {
            self.write_batch()?;
        }
        let row = Row { start: self.cells.len(), first_end: self.ends.len() };
        let mut cells = Cells {
            bytes: &mut self.cells,
            ends: &mut self.ends,
            missing: TABLE.iter(),
            columns: self.columns,
        };
        fill(&mut cells);
        cells.finish();
        self.measure(&row);
        Ok(())
    }

    /// Writes the rows that wait, for whoever watches. Later rows may be wider.
    ///
    /// Compat: the last extra cell is then never measured.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.ends.is_empty() {
            return Ok(());
        }
        self.write_batch()?;
        self.unmeasured = 0;
        self.out.flush()
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.write_batch()
    }

    fn measure(&mut self, row: &Row) {
        let ends = self.ends.get(row.first_end..).unwrap_or_default();
        let mut start = row.start;
        let shown = TABLE.iter().zip(&mut self.longest);
        for ((column, longest), &end) in
            shown.filter(|(column, _)| self.columns.contains(column.id)).zip(ends)
        {
            let length = end - start;
            start = end;
            self.chunks.add(length);
            if column.id == ColumnId::Extra {
                self.unmeasured = length;
            } else {
                *longest = length.max(*longest);
            }
        }
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let layout = Layout::new(self.columns, &self.longest, self.screen);
        let mut lines = Vec::with_capacity(WRITE_BYTES);
        let mut start = 0;
        for ends in self.ends.chunks(layout.columns.len()) {
            start = layout.push_row(&mut lines, &self.cells, start, ends);
            if lines.len() >= WRITE_BYTES {
                self.out.write_all(&lines)?;
                lines.clear();
            }
        }
        self.out.write_all(&lines)?;
        self.cells.clear();
        self.ends.clear();
        self.chunks = Chunks::EMPTY;
        Ok(())
    }
}

/// Where a row begins in the cells and in their ends.
struct Row {
    start: usize,
    first_end: usize,
}

/// The row that is being filled.
pub(crate) struct Cells<'a> {
    bytes: &'a mut Vec<u8>,
    ends: &'a mut Vec<usize>,
    /// The columns that have no cell yet.
    missing: std::slice::Iter<'static, Column>,
    columns: ColumnSet,
}

impl Cells<'_> {
    /// Adds the cell of a column; columns that were passed over get an empty one, and a cell of a
    /// column that is not shown is dropped.
    pub(crate) fn push(&mut self, id: ColumnId, print: impl FnOnce(&mut Vec<u8>)) {
        for column in self.missing.by_ref() {
            let is_shown = self.columns.contains(column.id);
            if column.id == id {
                if is_shown {
                    print(self.bytes);
                    self.ends.push(self.bytes.len());
                }
                return;
            }
            if is_shown {
                self.ends.push(self.bytes.len());
            }
        }
    }

    fn finish(self) {
        let missing = self.missing.filter(|column| self.columns.contains(column.id)).count();
        let end = self.bytes.len();
        self.ends.extend(std::iter::repeat_n(end, missing));
    }
}

/// Columns with the widths of a batch.
struct Layout {
    columns: Vec<(&'static Column, usize, Padding)>,
}

/// Whether a left-aligned cell is followed by blanks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    Full,
    /// Compat: on a pipe the last of the fixed columns ends with its text, even where an extra
    /// column follows.
    None,
}

impl Layout {
    fn new(columns: ColumnSet, longest: &[usize; COLUMNS], screen: Screen) -> Self {
        let widths = widths(columns, longest, screen);
        let last = if columns.contains(ColumnId::Process) {
            ColumnId::Process
        } else {
            ColumnId::PeerPort
        };
        let padding = |id| match screen {
            Screen::Compact if id == last => Padding::None,
            _ => Padding::Full,
        };
        let shown = TABLE.iter().zip(widths).filter(|(column, _)| columns.contains(column.id));
        Self { columns: shown.map(|(column, width)| (column, width, padding(column.id))).collect() }
    }

    /// Appends a row whose cells lie in `cells` from `start` on; returns where the next row starts.
    fn push_row(&self, out: &mut Vec<u8>, cells: &[u8], start: usize, ends: &[usize]) -> usize {
        let mut start = start;
        for (index, (&(column, width, padding), &end)) in self.columns.iter().zip(ends).enumerate()
        {
            let cell = cells.get(start..end).unwrap_or_default();
            start = end;
            let delimiter = if index == 0 { "" } else { column.delimiter };
            let blanks = width.saturating_sub(delimiter.len() + cell.len());
            out.extend_from_slice(delimiter.as_bytes());
            if column.align == Align::Right {
                push_blanks(out, blanks);
            }
            out.extend_from_slice(cell);
            if column.align == Align::Left && padding == Padding::Full {
                push_blanks(out, blanks);
            }
        }
        out.push(b'\n');
        start
    }
}

fn push_blanks(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(screen: Screen, rows: &[[&str; 4]]) -> String {
        let mut out = Vec::new();
        let columns = ColumnSet::ALL.without(ColumnId::Netid).without(ColumnId::Process);
        let mut table = TableWriter::new(&mut out, columns, screen);
        table.header().unwrap();
        for [state, local, port, extra] in rows {
            table
                .row(|cells| {
                    cells.push(ColumnId::State, |out| out.extend_from_slice(state.as_bytes()));
                    cells.push(ColumnId::LocalAddress, |out| {
                        out.extend_from_slice(local.as_bytes());
                    });
                    cells.push(ColumnId::LocalPort, |out| out.extend_from_slice(port.as_bytes()));
                    cells.push(ColumnId::Extra, |out| out.extend_from_slice(extra.as_bytes()));
                })
                .unwrap();
        }
        table.finish().unwrap();
        String::from_utf8(out).unwrap().replace(' ', "·")
    }

    #[test]
    fn a_pipe_gets_columns_as_wide_as_they_must_be() {
        insta::assert_snapshot!(render(Screen::Compact, &[["LISTEN", "*:", "22", ""]]), @r"
        State··Recv-Q·Send-Q·Local·Address:Port·Peer·Address:Port
        LISTEN···························*:22················
        ");
    }

    #[test]
    fn the_last_extra_cell_widens_nothing() {
        insta::assert_snapshot!(
            render(Screen::Compact, &[["LISTEN", "*:", "22", " ino:1"], ["LISTEN", "*:", "22", " ino:12345"]]),
            @r"
        State··Recv-Q·Send-Q·Local·Address:Port·Peer·Address:Port······
        LISTEN···························*:22·················ino:1
        LISTEN···························*:22·················ino:12345
        "
        );
    }

    #[test]
    fn rows_that_are_shown_at_once_widen_what_comes_after_them() {
        let mut out = Vec::new();
        let columns = ColumnSet::ALL.without(ColumnId::Netid).without(ColumnId::Process);
        let mut table = TableWriter::new(&mut out, columns, Screen::Compact);
        table.header().unwrap();
        for (state, port, extra) in
            [("", "", ""), ("UNCONN", "1", " ino:12345"), ("ESTAB", "2", "")]
        {
            if !state.is_empty() {
                table
                    .row(|cells| {
                        cells.push(ColumnId::State, |out| out.extend_from_slice(state.as_bytes()));
                        cells
                            .push(ColumnId::PeerPort, |out| out.extend_from_slice(port.as_bytes()));
                        cells.push(ColumnId::Extra, |out| out.extend_from_slice(extra.as_bytes()));
                    })
                    .unwrap();
            }
            table.flush().unwrap();
            table.flush().unwrap();
        }
        table.finish().unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap().replace(' ', "·"), @r"
        State·Recv-Q·Send-Q·Local·Address:Port·Peer·Address:Port
        UNCONN···············································1·ino:12345
        ESTAB················································2
        ");
    }

    #[test]
    fn without_rows_and_header_nothing_is_written() {
        let mut out = Vec::new();
        TableWriter::new(&mut out, ColumnSet::ALL, Screen::Compact).finish().unwrap();
        assert!(out.is_empty());
    }
}
