//! Lays cells out in columns.
//!
//! A column is as wide as its longest cell, so rows are kept until the widths are known. They are
//! kept in batches, which bounds the memory. The size of a batch affects the output (columns may
//! widen from one to the next), so it follows iproute2's buffer of 1 MiB chunks: a cell uses two
//! bytes and its length, rounded up to an even number, and a batch is written when a row begins and
//! five chunks are in use.

use std::io::{self, Write};

use super::{
    column::{COLUMNS, ColumnId, ColumnSet, Screen, TABLE},
    layout::{Layout, Page},
    lengths::{BatchRows, Lengths, bytes},
};

/// Bytes of a chunk that cells can use.
const CHUNK_BYTES: usize = 1_048_560;

/// Chunks in use when the batch is written.
const CHUNKS_PER_BATCH: usize = 5;

/// Collects rows and writes them in columns.
pub(crate) struct TableWriter<'a> {
    out: &'a mut dyn Write,
    columns: ColumnSet,
    screen: Screen,
    /// The cells of the batch, one after the other.
    cells: Vec<u8>,
    /// The rows of the batch.
    rows: BatchRows,
    /// The longest cell of each column so far, over all batches.
    longest: Lengths,
    /// Length of the last cell of the row before, which iproute2 measures only when another row
    /// begins.
    unmeasured: u32,
    chunks: Chunks,
}

/// The chunks of iproute2's buffer that the batch would use.
struct Chunks {
    in_use: usize,
    used_bytes: usize,
}

impl Chunks {
    const EMPTY: Self = Self { in_use: 1, used_bytes: 0 };

    /// Adds the cells of a row, each of which is in one chunk.
    #[inline]
    fn add_row(&mut self, columns: ColumnSet, lengths: &Lengths) {
        let shown = usize::from(columns.len());
        let bytes = 2 * shown + lengths.iter().map(|&length| even(length)).sum::<usize>();
        if self.used_bytes + bytes <= CHUNK_BYTES {
            self.used_bytes += bytes;
        } else {
            self.add_cells(columns, lengths);
        }
    }

    #[cold]
    fn add_cells(&mut self, columns: ColumnSet, lengths: &Lengths) {
        for (column, &length) in TABLE.iter().zip(lengths) {
            if !columns.contains(column.id) {
                continue;
            }
            let bytes = 2 + even(length);
            if self.used_bytes + bytes > CHUNK_BYTES {
                self.in_use += 1;
                self.used_bytes = 0;
            }
            self.used_bytes += bytes;
        }
    }
}

/// Returns the bytes of a cell in a chunk, without its length: an even number.
fn even(length: u32) -> usize {
    bytes(length) + bytes(length & 1)
}

impl<'a> TableWriter<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, columns: ColumnSet, screen: Screen) -> Self {
        Self {
            out,
            columns,
            screen,
            cells: Vec::new(),
            rows: BatchRows::default(),
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
    #[inline]
    pub(crate) fn row(&mut self, fill: impl FnOnce(&mut Cells<'_>)) -> io::Result<()> {
        let [.., last] = &mut self.longest;
        *last = self.unmeasured.max(*last);
        if self.chunks.in_use >= CHUNKS_PER_BATCH {
            self.write_batch()?;
        }
        let mut cells =
            Cells { bytes: &mut self.cells, columns: self.columns, lengths: [0; COLUMNS] };
        fill(&mut cells);
        let lengths = cells.lengths;
        self.measure(&lengths);
        self.chunks.add_row(self.columns, &lengths);
        self.rows.push(&lengths);
        Ok(())
    }

    /// Writes the kept rows, to show them at once. Later rows may be wider.
    ///
    /// Compat: the last extra cell is then never measured.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.write_batch()?;
        self.unmeasured = 0;
        self.out.flush()
    }

    /// Writes the remaining rows.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.write_batch()
    }

    fn measure(&mut self, lengths: &Lengths) {
        let [fixed @ .., extra] = lengths;
        for (longest, &length) in self.longest.iter_mut().zip(fixed) {
            *longest = length.max(*longest);
        }
        self.unmeasured = *extra;
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let layout = Layout::new(self.columns, &self.longest.map(bytes), self.screen);
        let mut page = Page::new();
        let mut cells = self.cells.as_slice();
        for lengths in self.rows.iter() {
            if let Some(rest) = page.lay_out(&layout, cells, &lengths) {
                cells = rest;
                continue;
            }
            page.write(self.out)?;
            cells = match page.lay_out(&layout, cells, &lengths) {
                Some(rest) => rest,
                None => page.write_line(&layout, cells, &lengths, self.out)?,
            };
        }
        page.write(self.out)?;
        self.cells.clear();
        self.rows.clear();
        self.chunks = Chunks::EMPTY;
        Ok(())
    }
}

/// The row that is being filled.
pub(crate) struct Cells<'a> {
    bytes: &'a mut Vec<u8>,
    columns: ColumnSet,
    lengths: Lengths,
}

impl Cells<'_> {
    /// Adds the cell of a column. Cells are added from left to right: skipped columns get an empty
    /// cell, and the cell of a column that is not shown is dropped.
    #[inline]
    pub(crate) fn push(&mut self, id: ColumnId, print: impl FnOnce(&mut Vec<u8>)) {
        if !self.columns.contains(id) {
            return;
        }
        let start = self.bytes.len();
        print(self.bytes);
        if let Some(length) = self.lengths.get_mut(id.index()) {
            // OK because a cell has at most a few lines.
            *length = u32::try_from(self.bytes.len() - start).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::Xorshift;

    use super::{super::layout::WRITE_BYTES, *};

    fn render(screen: Screen, rows: &[[&str; 4]]) -> String {
        let mut out = Vec::new();
        let columns = ColumnSet::ALL
            .without(ColumnId::Netns)
            .without(ColumnId::Netid)
            .without(ColumnId::Process);
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
    fn columns_are_as_wide_as_their_cells_on_a_pipe() {
        insta::assert_snapshot!(render(Screen::Compact, &[["LISTEN", "*:", "22", ""]]), @r"
        State··Recv-Q·Send-Q·Local·Address:Port·Peer·Address:Port
        LISTEN···························*:22················
        ");
    }

    #[test]
    fn last_extra_cell_widens_nothing() {
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
    fn lines_fill_pages_in_order() {
        let long = "x".repeat(300);
        let rows: Vec<_> = (0..2_000)
            .map(|n| match n % 100 {
                99 => ["LISTEN", long.as_str(), "22", ""],
                _ => ["ESTAB", "127.0.0.1:", "8080", ""],
            })
            .collect();
        let text = render(Screen::Compact, &rows);
        let lines: Vec<_> = text.lines().map(|line| line.trim_end_matches('·')).collect();
        assert_eq!(lines.len(), 1 + rows.len());
        for (line, [state, local, port, _]) in lines[1..].iter().zip(&rows) {
            assert!(line.starts_with(state) && line.ends_with(&format!("{local}{port}")), "{line}");
        }
    }

    #[test]
    fn line_longer_than_a_page_is_written_by_itself() {
        let long = "x".repeat(WRITE_BYTES + 1);
        let rows = ["22", &long, "80"].map(|port| ["LISTEN", "*:", port, ""]);
        let text = render(Screen::Compact, &rows);
        let ports = text.lines().skip(1).map(|line| line.trim_end_matches('·').split_once(':'));
        let ports: Vec<_> = ports.map(|split| split.unwrap().1).collect();
        assert_eq!(ports, ["22", &long, "80"]);
    }

    /// Compat: the buffer of iproute2 decides when a batch ends, and so do chunks that are filled
    /// cell by cell.
    #[test]
    fn chunks_are_filled_by_rows_as_by_cells() {
        let mut random = Xorshift::new(3);
        let (mut by_rows, mut by_cells) = (Chunks::EMPTY, Chunks::EMPTY);
        for _ in 0..50_000 {
            let lengths = std::array::from_fn(|_| u32::try_from(random.below(2_000)).unwrap());
            by_rows.add_row(ColumnSet::ALL, &lengths);
            by_cells.add_cells(ColumnSet::ALL, &lengths);
            assert_eq!(
                (by_rows.in_use, by_rows.used_bytes),
                (by_cells.in_use, by_cells.used_bytes)
            );
        }
        assert!(by_rows.in_use > 100);
    }

    #[test]
    fn flushed_rows_widen_later_ones() {
        let mut out = Vec::new();
        let columns = ColumnSet::ALL
            .without(ColumnId::Netns)
            .without(ColumnId::Netid)
            .without(ColumnId::Process);
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
