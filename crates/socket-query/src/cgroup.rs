//! Paths of control groups.

use bstr::BString;

/// Finds the paths of control groups (version 2). A host gives one to a
/// [`PolicyView`](crate::PolicyView), since it takes authority over a file system to find them.
pub trait CgroupPaths: Send + Sync {
    /// Returns the path of the control group of that id, beginning with `/` at the mount of the
    /// hierarchy, or `None` when it cannot be found.
    fn path(&self, id: u64) -> Option<BString>;
}
