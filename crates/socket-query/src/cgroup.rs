//! Paths of control groups.

use std::collections::BTreeMap;

use bstr::BString;
use procnetsocket::CgroupTree;

/// Finds the paths of control groups (version 2). A host gives one to a
/// [`PolicyView`](crate::PolicyView), because finding them needs authority over a file system.
pub trait CgroupPaths: Send + Sync {
    /// Returns the path of each control group by its id. Paths start with `/` at the mount of the
    /// hierarchy.
    fn paths(&self) -> BTreeMap<u64, BString>;
}

impl CgroupPaths for CgroupTree {
    fn paths(&self) -> BTreeMap<u64, BString> {
        Self::paths(self)
    }
}
