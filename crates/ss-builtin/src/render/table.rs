//! Lays cells out in columns.
//!
//! A column is as wide as its longest cell, so rows are kept until the widths are known. They are
//! kept in batches, which bounds the memory. The size of a batch affects the output (columns may
//! widen from one to the next), so it follows iproute2's buffer of 1 MiB chunks: a cell uses two
//! bytes and its length, rounded up to an even number, and a batch is written when a row begins and
//! five chunks are in use.

use std::io::{self, Write};

use super::column::{Align, COLUMNS, Column, ColumnId, ColumnSet, Screen, TABLE, widths};

/// Bytes of a chunk that cells can use.
const CHUNK_BYTES: usize = 1_048_560;

/// Chunks in use when the batch is written.
const CHUNKS_PER_BATCH: usize = 5;

/// Bytes of one write.
const WRITE_BYTES: usize = 64 * 1024;

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

/// The bytes of each cell of a row; 0 for a column that is not shown.
type Lengths = [u32; COLUMNS];

/// The lengths of the cells of each row, in one byte each, because [`Lengths`] would use as much
/// memory as the text. A cell of 255 bytes or more is [`LONG`](Self::LONG), and its length is in
/// `long`.
#[derive(Default)]
struct BatchRows {
    short: Vec<[u8; COLUMNS]>,
    /// The lengths of long cells.
    long: Vec<u32>,
}

impl BatchRows {
    /// In place of the length of a long cell.
    const LONG: u8 = u8::MAX;

    #[inline]
    fn push(&mut self, lengths: &Lengths) {
        // Below 255 all together, so each is: a test for many lengths at once.
        let all = lengths.iter().fold(0, |all, length| all | length);
        if all < Self::LONG.into() {
            self.short.push(lengths.map(|length| length.to_le_bytes()[0]));
        } else {
            self.push_long(lengths);
        }
    }

    fn push_long(&mut self, lengths: &Lengths) {
        let short = lengths.map(|length| u8::try_from(length).unwrap_or(Self::LONG));
        self.long.extend(lengths.iter().filter(|&&length| length >= u32::from(Self::LONG)));
        self.short.push(short);
    }

    fn iter(&self) -> impl Iterator<Item = Lengths> {
        let mut long = self.long.iter();
        self.short.iter().map(move |short| {
            let mut lengths = short.map(u32::from);
            if short.iter().fold(0, |all, length| all | length) == Self::LONG {
                for length in lengths.iter_mut().filter(|length| **length == u32::from(Self::LONG))
                {
                    *length = long.next().copied().unwrap_or_default();
                }
            }
            lengths
        })
    }

    fn is_empty(&self) -> bool {
        self.short.is_empty()
    }

    fn clear(&mut self) {
        self.short.clear();
        self.long.clear();
    }
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

/// Returns a length as a number of bytes.
fn bytes(length: u32) -> usize {
    // OK because `usize` has at least 32 bits on Linux.
    usize::try_from(length).unwrap_or_default()
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

/// The columns that are shown, with the widths of a batch.
struct Layout {
    slots: Vec<CellSlot>,
}

/// A column in a line.
struct CellSlot {
    /// Index of its cell in a row.
    index: usize,
    /// Blanks between it and the column before.
    delimiter: usize,
    width: usize,
    fill: Fill,
}

/// Where a cell is padded to the width of its column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Before,
    Behind,
    /// Compat: on a pipe the last of the fixed columns is not padded, even if an extra column
    /// follows.
    Nowhere,
}

impl Layout {
    fn new(columns: ColumnSet, longest: &[usize; COLUMNS], screen: Screen) -> Self {
        let widths = widths(columns, longest, screen);
        let last = if columns.contains(ColumnId::Process) {
            ColumnId::Process
        } else {
            ColumnId::PeerPort
        };
        let fill = |column: &Column| match (column.align, screen) {
            (Align::Right, _) => Fill::Before,
            (Align::Left, Screen::Compact) if column.id == last => Fill::Nowhere,
            (Align::Left, _) => Fill::Behind,
        };
        let shown = TABLE.iter().zip(widths).filter(|(column, _)| columns.contains(column.id));
        let slots = shown.enumerate().map(|(place, (column, width))| CellSlot {
            index: column.id.index(),
            delimiter: if place == 0 { 0 } else { column.delimiter.len() },
            width,
            fill: fill(column),
        });
        Self { slots: slots.collect() }
    }

    /// Writes a row, whose cells come first in `cells`, into `room`, if there is enough room.
    /// Returns the length of the line and the cells of the other rows.
    ///
    /// For a short cell, and for the blanks before it, a fixed number of bytes is copied, and the
    /// next cell overwrites the surplus. That takes a few instructions; copying a variable number
    /// takes a call.
    fn lay_out<'c>(
        &self,
        room: &mut [u8],
        cells: &'c [u8],
        lengths: &Lengths,
    ) -> Option<(usize, &'c [u8])> {
        let (mut at, mut rest, mut blanks) = (0, cells, 0);
        for slot in &self.slots {
            let length = bytes(*lengths.get(slot.index)?);
            let (before, behind) = slot.blanks(length);
            at = put_blanks(room, at, blanks + before)?;
            at = put_cell(room, at, rest, length)?;
            rest = rest.get(length..)?;
            blanks = behind;
        }
        at = put_blanks(room, at, blanks)?;
        *room.get_mut(at)? = b'\n';
        Some((at + 1, rest))
    }

    /// Appends a row, whose cells come first in `cells`. Returns the cells of the other rows.
    fn push_line<'c>(&self, out: &mut Vec<u8>, cells: &'c [u8], lengths: &Lengths) -> &'c [u8] {
        let mut rest = cells;
        for slot in &self.slots {
            let length = bytes(lengths.get(slot.index).copied().unwrap_or_default());
            let (before, behind) = slot.blanks(length);
            let (cell, others) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            out.resize(out.len() + before, b' ');
            out.extend_from_slice(cell);
            out.resize(out.len() + behind, b' ');
            rest = others;
        }
        out.push(b'\n');
        rest
    }
}

/// Writes blanks into `room` at `at`. Returns where they end.
#[inline]
fn put_blanks(room: &mut [u8], at: usize, count: usize) -> Option<usize> {
    const BLANKS: [u8; 48] = [b' '; 48];
    if count > BLANKS.len() {
        return put_many_blanks(room, at, count);
    }
    *room.get_mut(at..)?.first_chunk_mut()? = BLANKS;
    Some(at + count)
}

#[inline(never)]
fn put_many_blanks(room: &mut [u8], at: usize, count: usize) -> Option<usize> {
    room.get_mut(at..at + count)?.fill(b' ');
    Some(at + count)
}

/// Writes the first bytes of `cells` into `room` at `at`. Returns where they end.
#[inline]
fn put_cell(room: &mut [u8], at: usize, cells: &[u8], length: usize) -> Option<usize> {
    let place = room.get_mut(at..)?;
    let is_put = match length {
        0..=16 => put_start::<16>(place, cells),
        // An IPv6 address with its brackets and a separator has 42 bytes at most.
        17..=48 => put_start::<48>(place, cells),
        _ => false,
    };
    if is_put { Some(at + length) } else { put_long_cell(room, at, cells, length) }
}

/// Copies `N` bytes, if there are so many on both sides.
#[inline]
fn put_start<const N: usize>(place: &mut [u8], cells: &[u8]) -> bool {
    match (place.first_chunk_mut::<N>(), cells.first_chunk()) {
        (Some(place), Some(cell)) => {
            *place = *cell;
            true
        }
        _ => false,
    }
}

#[inline(never)]
fn put_long_cell(room: &mut [u8], at: usize, cells: &[u8], length: usize) -> Option<usize> {
    room.get_mut(at..at + length)?.copy_from_slice(cells.get(..length)?);
    Some(at + length)
}

/// The lines of one write.
struct Page {
    bytes: Box<[u8]>,
    used: usize,
}

impl Page {
    fn new() -> Self {
        Self { bytes: vec![0; WRITE_BYTES].into(), used: 0 }
    }

    /// Adds a row, if there is enough room. Returns the cells of the other rows.
    #[inline]
    fn lay_out<'c>(
        &mut self,
        layout: &Layout,
        cells: &'c [u8],
        lengths: &Lengths,
    ) -> Option<&'c [u8]> {
        let room = self.bytes.get_mut(self.used..)?;
        let (line, rest) = layout.lay_out(room, cells, lengths)?;
        self.used += line;
        Some(rest)
    }

    /// Writes a row that is longer than a page. Returns the cells of the other rows.
    #[cold]
    fn write_line<'c>(
        &self,
        layout: &Layout,
        cells: &'c [u8],
        lengths: &Lengths,
        out: &mut dyn Write,
    ) -> io::Result<&'c [u8]> {
        debug_assert_eq!(self.used, 0, "lines are written in their order");
        let mut line = Vec::new();
        let rest = layout.push_line(&mut line, cells, lengths);
        out.write_all(&line)?;
        Ok(rest)
    }

    fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let text = self.bytes.get(..self.used).unwrap_or_default();
        self.used = 0;
        out.write_all(text)
    }
}

impl CellSlot {
    /// Returns the blanks before and after a cell.
    #[inline]
    fn blanks(&self, length: usize) -> (usize, usize) {
        let missing = self.width.saturating_sub(self.delimiter + length);
        match self.fill {
            Fill::Before => (self.delimiter + missing, 0),
            Fill::Behind => (self.delimiter, missing),
            Fill::Nowhere => (self.delimiter, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use testkit::Xorshift;

    use super::*;

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

    /// Returns the result of [`Layout::push_line`] for each row of random cells, and that of
    /// [`Layout::lay_out`] with this much room.
    fn both_ways(
        random: &mut Xorshift,
        layout: &Layout,
        room: usize,
    ) -> (Vec<u8>, Option<Vec<u8>>) {
        let lengths: Lengths = std::array::from_fn(|_| {
            let most = *random.pick(&[1, 8, 17, 50, 300]);
            u32::try_from(random.below(most)).unwrap()
        });
        let shown = layout.slots.iter().map(|slot| bytes(lengths[slot.index])).sum::<usize>();
        let spare = usize::try_from(random.below(100)).unwrap();
        let cells: Vec<u8> =
            (0..shown + spare).map(|n| b'a' + u8::try_from(n % 26).unwrap()).collect();
        let mut slow = Vec::new();
        let rest = layout.push_line(&mut slow, &cells, &lengths);
        assert_eq!(rest.len(), spare);
        let mut page = vec![0; room];
        let fast = layout.lay_out(&mut page, &cells, &lengths).map(|(used, fast_rest)| {
            assert_eq!(fast_rest, rest);
            page[..used].to_vec()
        });
        (slow, fast)
    }

    #[test]
    fn short_rows_are_laid_out_like_long_ones() {
        let mut random = Xorshift::new(7);
        let (mut agreed, mut left_over) = (0, 0);
        for round in 0..6_000_usize {
            let longest = std::array::from_fn(|_| usize::try_from(random.below(60)).unwrap());
            let screen = match round % 3 {
                0 => Screen::Compact,
                _ => {
                    Screen::Width(NonZeroU16::new(u16::try_from(round % 300 + 1).unwrap()).unwrap())
                }
            };
            let columns = if round % 2 == 0 {
                ColumnSet::ALL
            } else {
                ColumnSet::ALL.without(ColumnId::Netns).without(ColumnId::Netid)
            };
            let layout = Layout::new(columns, &longest, screen);
            let (slow, fast) = both_ways(&mut random, &layout, round % 1_000);
            match fast {
                Some(fast) => {
                    assert_eq!(fast, slow);
                    agreed += 1;
                }
                None => left_over += 1,
            }
        }
        assert!(agreed > 300 && left_over > 300, "{agreed} {left_over}");
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

    #[test]
    fn lengths_of_long_cells_are_kept() {
        let mut random = Xorshift::new(5);
        let mut rows = BatchRows::default();
        let pushed: Vec<Lengths> = (0..1_000)
            .map(|_| {
                std::array::from_fn(|_| {
                    let most = *random.pick(&[2, 254, 255, 256, 257, 70_000]);
                    u32::try_from(random.below(most)).unwrap()
                })
            })
            .collect();
        for lengths in &pushed {
            rows.push(lengths);
        }
        assert_eq!(rows.iter().collect::<Vec<_>>(), pushed);
        rows.clear();
        assert!(rows.is_empty() && rows.iter().next().is_none());
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
