//! Paths of control groups.

use builtin_cli::Escaped;
use std::{cell::OnceCell, collections::BTreeMap};

use bstr::{BStr, BString, ByteSlice};
use socket_query::PolicyView;

use super::{field::push_text, number::push_hex};

/// Looks the paths up once per listing, when the first is shown.
pub(super) struct CgroupNames<'a> {
    view: &'a PolicyView,
    paths: OnceCell<BTreeMap<u64, BString>>,
}

impl<'a> CgroupNames<'a> {
    pub(super) fn new(view: &'a PolicyView) -> Self {
        Self { view, paths: OnceCell::new() }
    }

    /// Appends ` cgroup:` and the path, or the number of a group that cannot be found.
    pub(super) fn push(&self, out: &mut Vec<u8>, id: u64) {
        push_text(out, " cgroup:");
        if let Some(path) = self.path(id) {
            Escaped::column(path).push_to(out);
        } else {
            push_text(out, "unreachable:");
            push_hex(out, id, 1);
        }
    }

    /// Returns the path of a group, or `None` when it cannot be found.
    pub(super) fn path(&self, id: u64) -> Option<&BStr> {
        let paths = self.paths.get_or_init(|| self.view.cgroup_paths());
        paths.get(&id).map(|path| path.as_bstr())
    }
}
