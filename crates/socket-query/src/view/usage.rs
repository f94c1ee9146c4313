//! Counts of the use of a view, for its host.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::policy::{Grant, GrantSet};

/// Counts the use of a view and of the views made from it. A host gets it from
/// [`PolicyView::usage`](crate::PolicyView::usage), for an audit.
#[derive(Debug, Default)]
pub struct UsageCounter {
    grants: Mutex<Usage>,
    rows: AtomicU64,
}

/// The use of a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// The grants that were used.
    pub used: GrantSet,
    /// The grants that were refused.
    pub refused: GrantSet,
    /// Rows that were passed on, including those that a builtin did not print.
    pub rows: u64,
}

impl UsageCounter {
    /// Returns the counts since the last call.
    pub fn take(&self) -> Usage {
        let grants =
            std::mem::take(&mut *self.grants.lock().unwrap_or_else(PoisonError::into_inner));
        Usage { rows: self.rows.swap(0, Ordering::Relaxed), ..grants }
    }

    pub(super) fn note_used(&self, grant: Grant) {
        let mut usage = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        usage.used = usage.used.with(grant);
    }

    pub(super) fn note_refused(&self, grant: Grant) {
        let mut usage = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        usage.refused = usage.refused.with(grant);
    }

    pub(crate) fn add_row(&self) {
        self.rows.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use procnetsocket::{SocketTables, Uninterrupted};
    use testkit::{FakeProc, Tcp};

    use super::*;
    use crate::{
        names::Names,
        policy::Policy,
        select::{AddressFamily, FamilySet, Selection, expr::FilterText},
        view::PolicyView,
    };

    #[test]
    fn counts_what_is_used_refused_and_listed() {
        let root = FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:1"))
            .tcp(Tcp::listen("127.0.0.1:2"))
            .tcp(Tcp::listen("[::1]:3"))
            .build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::default().with_families(FamilySet::of(AddressFamily::Inet));
        let view = PolicyView::new(tables, policy, Names::default());
        let usage = view.usage();
        assert_eq!(usage.take(), Usage::default());
        let listed = view.clone().for_each(&Selection::everything(), &Uninterrupted, |_| {});
        assert_eq!(listed.unwrap().rows, 2);
        view.processes().unwrap_err();
        let filter = FilterText::from_iter(["pid = 1"]);
        let tables = crate::TableSet::ALL;
        view.parse_filter(&filter, tables, None, &Uninterrupted).unwrap_err();
        view.kill().unwrap_err();
        let set = |grants: &[Grant]| grants.iter().copied().collect::<GrantSet>();
        let expected = Usage {
            used: set(&[Grant::Sockets]),
            refused: set(&[Grant::Processes, Grant::Kill]),
            rows: 2,
        };
        assert_eq!(usage.take(), expected);
        view.clone().with_new_usage().kill().unwrap_err();
        assert_eq!(usage.take(), Usage::default());
    }
}
