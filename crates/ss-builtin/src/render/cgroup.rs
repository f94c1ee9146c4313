//! Paths of control groups.

use std::{cell::RefCell, collections::BTreeMap};

use bstr::BString;
use socket_query::PolicyView;

use super::{escape::push_name, field::push_text, number::push_hex};

/// Control groups whose paths are kept. They are few in practice; where they are not, some are asked
/// for again.
const MOST_KNOWN: usize = 4096;

/// Asks for each path once in a listing.
pub(super) struct CgroupNames<'a> {
    view: &'a PolicyView,
    known: RefCell<BTreeMap<u64, Option<BString>>>,
}

impl<'a> CgroupNames<'a> {
    pub(super) fn new(view: &'a PolicyView) -> Self {
        Self { view, known: RefCell::default() }
    }

    /// Appends ` cgroup:` and the path, or the number of a group that cannot be found.
    pub(super) fn push(&self, out: &mut Vec<u8>, id: u64) {
        let mut known = self.known.borrow_mut();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        push_text(out, " cgroup:");
        if let Some(path) = known.entry(id).or_insert_with(|| self.view.cgroup_path(id)) {
            push_name(out, path);
        } else {
            push_text(out, "unreachable:");
            push_hex(out, id, 1);
        }
    }
}
