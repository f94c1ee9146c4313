//! Counts the comparisons, by kind of condition.

use std::{collections::BTreeMap, fmt};

use super::kind::Kind;

/// How much of a listing a filter selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelectedPart {
    Nothing,
    Some,
    All,
}

impl SelectedPart {
    /// Classifies `selected` out of `all` rows.
    pub(crate) fn of(selected: usize, all: usize) -> Self {
        match selected {
            0 => Self::Nothing,
            _ if selected < all => Self::Some,
            _ => Self::All,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct KindCount {
    pairs: usize,
    nothing: usize,
    some: usize,
    all: usize,
}

impl KindCount {
    fn add(&mut self, selection: SelectedPart) {
        self.pairs += 1;
        *match selection {
            SelectedPart::Nothing => &mut self.nothing,
            SelectedPart::Some => &mut self.some,
            SelectedPart::All => &mut self.all,
        } += 1;
    }
}

/// Pairs that were compared, and what they selected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    total: KindCount,
    by_kind: BTreeMap<Kind, KindCount>,
}

impl Tally {
    pub(crate) fn add(&mut self, kinds: impl IntoIterator<Item = Kind>, selection: SelectedPart) {
        self.total.add(selection);
        for kind in kinds {
            self.by_kind.entry(kind).or_default().add(selection);
        }
    }

    /// Returns whether each of these kinds was compared often, with filters that select some
    /// sockets and not others.
    pub(crate) fn covers(&self, kinds: &[Kind], pairs: usize, selecting: usize) -> bool {
        self.rarest(kinds, pairs, selecting).is_none()
    }

    /// Asserts what [`covers`](Self::covers) returns.
    pub(crate) fn assert_covers(&self, kinds: &[Kind], pairs: usize, selecting: usize) {
        if let Some((kind, count)) = self.rarest(kinds, pairs, selecting) {
            panic!(
                "{kind:?}: {count:?}, but {pairs} pairs with {selecting} that distinguish sockets \
                 are expected\n{self}"
            );
        }
    }

    /// Returns a kind that was not compared often enough.
    fn rarest(&self, kinds: &[Kind], pairs: usize, selecting: usize) -> Option<(Kind, KindCount)> {
        let count = |kind: &Kind| (*kind, self.by_kind.get(kind).copied().unwrap_or_default());
        kinds.iter().map(count).find(|(_, count)| count.pairs < pairs || count.some < selecting)
    }

    /// Asserts that at least this percentage of all filters selects some sockets and not others.
    pub(crate) fn assert_selective(&self, percent: usize) {
        let KindCount { pairs, some, .. } = self.total;
        assert!(
            some * 100 >= pairs * percent,
            "too few filters select a part of the sockets:\n{self}"
        );
    }

    pub(crate) fn pairs(&self) -> usize {
        self.total.pairs
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14} {:>6} {:>6} {:>6} {:>6}", "filters", "pairs", "none", "some", "all")?;
        let rows = self.by_kind.iter().map(|(kind, count)| (format!("{kind:?}"), count));
        for (name, count) in rows.chain([("total".to_owned(), &self.total)]) {
            let KindCount { pairs, nothing, some, all } = count;
            writeln!(f, "{name:<14} {pairs:>6} {nothing:>6} {some:>6} {all:>6}")?;
        }
        Ok(())
    }
}
