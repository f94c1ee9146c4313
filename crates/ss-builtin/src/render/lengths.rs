//! The lengths of cells.

use super::column::COLUMNS;

/// The bytes of each cell of a row; 0 for a column that is not shown.
pub(super) type Lengths = [u32; COLUMNS];

/// Returns a length as a number of bytes.
pub(super) fn bytes(length: u32) -> usize {
    // OK because `usize` has at least 32 bits on Linux.
    usize::try_from(length).unwrap_or_default()
}

/// The lengths of the cells of each row, in one byte each, because [`Lengths`] would use as much
/// memory as the text. A cell of 255 bytes or more is [`LONG`](Self::LONG), and its length is in
/// `long`.
#[derive(Default)]
pub(super) struct BatchRows {
    short: Vec<[u8; COLUMNS]>,
    /// The lengths of long cells.
    long: Vec<u32>,
}

impl BatchRows {
    /// In place of the length of a long cell.
    const LONG: u8 = u8::MAX;

    #[inline]
    pub(super) fn push(&mut self, lengths: &Lengths) {
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

    pub(super) fn iter(&self) -> impl Iterator<Item = Lengths> {
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

    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.short.clear();
        self.long.clear();
    }
}

#[cfg(test)]
mod tests {
    use testkit::Xorshift;

    use super::*;

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
}
