//! Lays rows out in lines, once the widths of the columns are known.

use std::io::{self, Write};

use super::{
    column::{Align, COLUMNS, Column, ColumnId, ColumnSet, Screen, TABLE, widths},
    lengths::{Lengths, bytes},
};

/// Bytes of one write.
pub(super) const WRITE_BYTES: usize = 64 * 1024;

/// The columns that are shown, with the widths of a batch.
pub(super) struct Layout {
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
    pub(super) fn new(columns: ColumnSet, longest: &[usize; COLUMNS], screen: Screen) -> Self {
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
pub(super) struct Page {
    bytes: Box<[u8]>,
    used: usize,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; WRITE_BYTES].into(), used: 0 }
    }

    /// Adds a row, if there is enough room. Returns the cells of the other rows.
    #[inline]
    pub(super) fn lay_out<'c>(
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
    pub(super) fn write_line<'c>(
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

    pub(super) fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
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
}
