//! The columns of a listing and their widths.

use std::num::NonZeroU16;

/// Number of columns.
pub(crate) const COLUMNS: usize = 11;

/// A column, in the order of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnId {
    /// The network namespace, in a listing of all namespaces.
    Netns,
    Netid,
    State,
    RecvQ,
    SendQ,
    LocalAddress,
    LocalPort,
    PeerAddress,
    PeerPort,
    Process,
    Extra,
}

/// The side on which a cell is aligned in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// The layout of a column.
pub(crate) struct Column {
    pub(crate) id: ColumnId,
    pub(crate) header: &'static str,
    pub(crate) align: Align,
    /// The separator between this column and the one before it.
    pub(crate) delimiter: &'static str,
}

const fn column(
    id: ColumnId,
    header: &'static str,
    align: Align,
    delimiter: &'static str,
) -> Column {
    Column { id, header, align, delimiter }
}

/// Every column, in its order.
pub(crate) static TABLE: [Column; COLUMNS] = [
    column(ColumnId::Netns, "Netns", Align::Left, ""),
    column(ColumnId::Netid, "Netid", Align::Left, " "),
    column(ColumnId::State, "State", Align::Left, " "),
    column(ColumnId::RecvQ, "Recv-Q", Align::Left, " "),
    column(ColumnId::SendQ, "Send-Q", Align::Left, " "),
    column(ColumnId::LocalAddress, "Local Address:", Align::Right, " "),
    column(ColumnId::LocalPort, "Port", Align::Left, ""),
    column(ColumnId::PeerAddress, "Peer Address:", Align::Right, " "),
    column(ColumnId::PeerPort, "Port", Align::Left, ""),
    column(ColumnId::Process, "Process", Align::Left, ""),
    column(ColumnId::Extra, "", Align::Left, ""),
];

/// The columns that a listing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnSet(u16);

impl ColumnId {
    /// Returns the index of the column in [`TABLE`].
    #[allow(clippy::as_conversions, reason = "the discriminants are 0 to 10")]
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl ColumnSet {
    pub(crate) const ALL: Self = Self((1 << COLUMNS) - 1);

    #[must_use]
    pub(crate) fn without(self, id: ColumnId) -> Self {
        Self(self.0 & !Self::bit(id))
    }

    pub(crate) fn contains(self, id: ColumnId) -> bool {
        self.0 & Self::bit(id) != 0
    }

    /// Returns the number of columns in the set.
    pub(crate) fn len(self) -> u8 {
        // OK because it has 11 bits.
        u8::try_from(self.0.count_ones()).unwrap_or_default()
    }

    const fn bit(id: ColumnId) -> u16 {
        1 << id.index()
    }
}

/// The destination of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// A pipe or a file: every column is as wide as its longest cell.
    Compact,
    /// A terminal of this width: the lines are spread over it.
    Width(NonZeroU16),
}

/// Returns the widths of columns whose longest cells have `longest` bytes; 0 is an empty column.
/// The width includes the delimiter.
pub(crate) fn widths(
    columns: ColumnSet,
    longest: &[usize; COLUMNS],
    screen: Screen,
) -> [usize; COLUMNS] {
    let mut widths = [0; COLUMNS];
    let mut is_first = true;
    for ((width, column), longest) in widths.iter_mut().zip(&TABLE).zip(longest) {
        if *longest == 0 || !columns.contains(column.id) {
            continue;
        }
        *width = if is_first { *longest } else { longest + column.delimiter.len() };
        is_first = false;
    }
    if let Screen::Width(screen) = screen {
        let screen = usize::from(screen.get());
        for width in &mut widths {
            *width = screen.min(*width);
        }
        spread(&mut widths, screen);
    }
    widths
}

/// Breaks the columns into lines of the screen and widens them so that each line fills it. A column
/// that does not fit begins the next line.
fn spread(widths: &mut [usize; COLUMNS], screen: usize) {
    let mut visible: Vec<&mut usize> = widths.iter_mut().filter(|width| **width > 0).collect();
    let mut rest = visible.as_mut_slice();
    while !rest.is_empty() {
        let mut used = 0;
        let fitting = rest
            .iter()
            .take_while(|width| {
                used += ***width;
                used <= screen
            })
            .count()
            // A column is never wider than the screen, so at least one fits.
            .max(1);
        let (line, next) = rest.split_at_mut(fitting);
        fill(line, screen);
        rest = next;
    }
}

/// Distributes the free columns of a line among its cells; the remainder goes to the rightmost
/// ones.
fn fill(line: &mut [&mut usize], screen: usize) {
    let used: usize = line.iter().map(|width| **width).sum();
    let left = screen.saturating_sub(used);
    let (each, odd) = (left / line.len().max(1), left % line.len().max(1));
    let first_odd = line.len() - odd;
    for (index, width) in line.iter_mut().enumerate() {
        **width += each + usize::from(index >= first_odd);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const LONGEST: [usize; COLUMNS] = [0, 0, 5, 6, 6, 14, 4, 13, 4, 0, 0];

    fn screen(columns: u16) -> Screen {
        Screen::Width(NonZeroU16::new(columns).unwrap())
    }

    #[rstest]
    #[case::pipe(Screen::Compact, [0, 0, 5, 7, 7, 15, 4, 14, 4, 0, 0])]
    #[case::exactly_full(screen(56), [0, 0, 5, 7, 7, 15, 4, 14, 4, 0, 0])]
    #[case::rest_goes_to_the_right(screen(58), [0, 0, 5, 7, 7, 15, 4, 15, 5, 0, 0])]
    #[case::one_for_each(screen(63), [0, 0, 6, 8, 8, 16, 5, 15, 5, 0, 0])]
    #[case::last_column_on_a_separate_line(screen(55), [0, 0, 5, 7, 7, 16, 5, 15, 55, 0, 0])]
    #[case::narrower_than_a_column(screen(10), [0, 0, 10, 10, 10, 10, 10, 10, 10, 0, 0])]
    #[case::one_column_wide(screen(1), [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0])]
    fn spreads(#[case] screen: Screen, #[case] expected: [usize; COLUMNS]) {
        let columns = ColumnSet::ALL.without(ColumnId::Netns).without(ColumnId::Netid);
        assert_eq!(widths(columns, &LONGEST, screen), expected);
    }
}
