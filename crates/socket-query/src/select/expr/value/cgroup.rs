//! Control groups.

use bstr::{BString, ByteSlice as _};

use super::ValueScope;
use crate::select::expr::{ast::Cgroup, error::FilterProblem};

/// Where the hierarchy may be mounted.
const MOUNTS: [&[u8]; 2] = [b"/sys/fs/cgroup/unified", b"/sys/fs/cgroup"];

/// Parses the path of a control group: below the mount, or with the mount before it.
pub(super) fn cgroup(scope: &ValueScope<'_>, word: &[u8]) -> Result<Cgroup, FilterProblem> {
    let path = below_mount(word).unwrap_or_else(|| word.into());
    match scope.machine.cgroup_id(path.as_bstr()) {
        Some(id) => Ok(Cgroup { path, id }),
        None => Err(FilterProblem::UnknownCgroup(word.into())),
    }
}

/// Returns a path below the mount with one slash before each name, or `None` if it contains `..`.
fn below_mount(word: &[u8]) -> Option<BString> {
    let is_inside = |rest: &&[u8]| rest.is_empty() || rest.starts_with(b"/");
    let below = MOUNTS.iter().find_map(|mount| word.strip_prefix(*mount).filter(is_inside));
    let names = below.unwrap_or(word).split_str("/").filter(|name| !matches!(*name, b"" | b"."));
    let mut path = BString::default();
    for name in names {
        if name == b".." {
            return None;
        }
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::relative("a/b", Some("/a/b"))]
    #[case::as_it_is_printed("/a/b", Some("/a/b"))]
    #[case::with_the_mount("/sys/fs/cgroup/a", Some("/a"))]
    #[case::with_the_other_mount("/sys/fs/cgroup/unified/a", Some("/a"))]
    #[case::another_place("/sys/fs/cgroups", Some("/sys/fs/cgroups"))]
    #[case::root("/", Some("/"))]
    #[case::mount("/sys/fs/cgroup", Some("/"))]
    #[case::here(".", Some("/"))]
    #[case::slashes("a//b/./", Some("/a/b"))]
    #[case::upwards("a/../b", None)]
    fn paths_are_resolved_below_the_mount(#[case] word: &str, #[case] path: Option<&str>) {
        assert_eq!(below_mount(word.as_bytes()), path.map(BString::from));
    }
}
