//! Paths of control groups (version 2).
//!
//! The kernel reports the id of a socket's control group. Kernel: the id is the inode number of its
//! directory (`cgroup_id`, 64 bits since Linux 5.5), so the tree of directories is the list of
//! names.

use std::{
    collections::BTreeMap,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::ffi::OsStrExt,
    },
};

use bstr::BString;
use cap_std::{
    AmbientAuthority,
    fs::{Dir, MetadataExt},
};
use rustix::fs::fstatfs;

/// Where the hierarchy is mounted: alone, or beside those of version 1.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// Kernel: `CGROUP2_SUPER_MAGIC`.
const CGROUP2_MAGIC: u64 = 0x6367_7270;

/// Control groups whose paths are kept: 100 000. A machine has hundreds.
pub const MAX_CGROUPS: usize = 100_000;

/// Depth to which the tree is walked: 64 levels. The limit of the kernel is a setting, by default
/// unlimited.
const MAX_DEPTH: usize = 64;

/// The hierarchy of control groups, as it is mounted in this process's mount namespace.
///
/// # Sandbox bypass
///
/// It shows the names of all control groups below the mount, bypassing every sandbox. Its path is
/// hard-coded; no request can change it.
#[derive(Debug)]
pub struct CgroupTree {
    root: Dir,
}

impl CgroupTree {
    /// Opens the hierarchy, or returns `None` when it is not mounted at one of the usual places.
    ///
    /// # Ambient Authority
    ///
    /// The token is for opening `/sys/fs/cgroup`.
    ///
    /// # Trust
    ///
    /// The type of the file system proves that it is the kernel's hierarchy. The process that
    /// mounted it chose which part of it is visible.
    pub fn open_ambient(token: AmbientAuthority) -> Option<Self> {
        MOUNTS.into_iter().find_map(|mount| {
            let root = open(mount, token)?;
            let kind = u64::try_from(fstatfs(&root).ok()?.f_type).ok()?;
            (kind == CGROUP2_MAGIC).then_some(Self { root })
        })
    }

    /// Returns the path of each control group by its id. Paths start with `/` at the mount.
    ///
    /// Unreadable directories are left out, with everything below them.
    ///
    /// # Limits
    ///
    /// In a tree with more than [`MAX_CGROUPS`] groups, the further ones have no paths.
    pub fn paths(&self) -> BTreeMap<u64, BString> {
        let mut paths = BTreeMap::new();
        if let Ok(metadata) = self.root.dir_metadata() {
            paths.insert(metadata.ino(), BString::from("/"));
        }
        walk(&self.root, &BString::default(), MAX_DEPTH, &mut paths);
        paths
    }
}

impl AsFd for CgroupTree {
    /// The directory of the mount, for a host that confines itself.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

#[expect(clippy::disallowed_methods, reason = "the only opening of the hierarchy, at fixed places")]
fn open(mount: &str, token: AmbientAuthority) -> Option<Dir> {
    Dir::open_ambient_dir(mount, token).ok()
}

/// Adds the directories below one whose path is `above`, without a slash at its end.
fn walk(dir: &Dir, above: &BString, depth: usize, paths: &mut BTreeMap<u64, BString>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let Ok(entries) = dir.entries() else { return };
    for entry in entries.flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(metadata) = entry.metadata() else { continue };
        if paths.len() >= MAX_CGROUPS {
            return;
        }
        let mut path = above.clone();
        path.push(b'/');
        path.extend_from_slice(entry.file_name().as_bytes());
        paths.insert(metadata.ino(), path.clone());
        if let Ok(below) = entry.open_dir() {
            walk(&below, &path, depth, paths);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a directory of the test's own")]
    fn directories_are_named_by_their_inodes() {
        let place = tempfile::tempdir().unwrap();
        let root = Dir::open_ambient_dir(place.path(), cap_std::ambient_authority()).unwrap();
        root.create_dir_all("a/b c").unwrap();
        root.write("a/cgroup.procs", "").unwrap();
        let inode = |path: &str| root.metadata(path).unwrap().ino();
        let (a, b) = (inode("a"), inode("a/b c"));
        let paths = CgroupTree { root }.paths();
        assert_eq!(paths.len(), 3, "{paths:?}");
        assert_eq!(paths.get(&a).unwrap(), "/a");
        assert_eq!(paths.get(&b).unwrap(), "/a/b c");
    }
}
