//! Resolution without `openat2`: one component at a time, each of them checked.
//!
//! Old kernels lack `openat2` (Linux 5.6) and some seccomp filters forbid it. Then every component
//! is opened separately from the checked directory before it, with `O_PATH | O_NOFOLLOW`, and must
//! be on the mount of the root. There is no race between check and use: the descriptor that was
//! checked is the one that the next lookup starts from, and what is mounted over a directory later
//! does not affect its descriptor.

use std::{collections::VecDeque, os::fd::OwnedFd};

use rustix::{
    fd::{AsFd, BorrowedFd},
    fs::{FileType, Mode, OFlags},
    io::Errno,
};

use super::mount::ProcMount;

/// Symbolic links followed in one walk; procfs needs 2, for `net` → `self/net` and `self` → `42`.
const MAX_LINKS: usize = 4;

/// Components walked through; our longest path, with its links resolved, has 6.
const MAX_COMPONENTS: usize = 16;

/// Opens a path below the root; fails with `EXDEV` where it leaves the root's mount.
///
/// It replaces `openat2`, so it fails with the same error numbers.
pub(super) fn open(root: &ProcMount, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    resolve(root, root.as_fd(), MAX_LINKS, path, flags)
}

/// Opens a path below a directory of a process. There all links are magic, and none is followed.
pub(super) fn open_below(
    root: &ProcMount,
    directory: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    resolve(root, directory, 0, path, flags)
}

fn resolve(
    root: &ProcMount,
    start: BorrowedFd<'_>,
    max_links: usize,
    path: &str,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    // Security: without mount ids a bind of another part of the same procfs would not be noticed,
    // so there is no walk without them (`ENOSYS`, which becomes `Unsupported`).
    if !root.has_mount_id() {
        return Err(Errno::NOSYS);
    }
    let mut ahead: VecDeque<String> = path.split('/').map(str::to_owned).collect();
    let mut here: Option<OwnedFd> = None;
    let mut links = 0;
    for _ in 0..MAX_COMPONENTS {
        let name = ahead.pop_front().ok_or(Errno::INVAL)?;
        let parent = here.as_ref().map_or(start, AsFd::as_fd);
        let found = step(root, parent, &name, OFlags::PATH)?;
        let is_link = kind(found.as_fd())? == FileType::Symlink;
        match (is_link, ahead.is_empty()) {
            (false, true) => return step(root, parent, &name, flags),
            (false, false) => here = Some(found),
            // Security: a link is followed only at the top, where procfs has plain ones. Further
            // down are the magic ones (`cwd`, `root`, `fd/3`), which lead anywhere.
            (true, false) if here.is_none() && links < max_links => {
                links += 1;
                prepend(&mut ahead, &target(found.as_fd())?);
            }
            (true, true) if flags.contains(OFlags::PATH) => return Ok(found),
            (true, _) => return Err(Errno::LOOP),
        }
    }
    Err(Errno::LOOP)
}

/// Opens one component from its parent, and requires that it is on the root's mount.
fn step(
    root: &ProcMount,
    parent: BorrowedFd<'_>,
    name: &str,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    if !is_plain(name) {
        return Err(Errno::INVAL);
    }
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    #[expect(
        clippy::disallowed_methods,
        reason = "one plain component below a checked directory of the verified /proc"
    )]
    let found = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    if root.holds(found.as_fd())? { Ok(found) } else { Err(Errno::XDEV) }
}

/// Reads the text of a link at the top of procfs: `self`, `thread-self`, `net`, `mounts`.
#[expect(clippy::disallowed_methods, reason = "a link that is open, by an empty path")]
fn target(link: BorrowedFd<'_>) -> Result<String, Errno> {
    // Kernel: `proc_self_get_link` prints `42`, `proc_thread_self_get_link` `42/task/43`, and
    // `proc_net_init` makes the link `self/net`.
    let text = rustix::fs::readlinkat(link, "", Vec::new())?;
    // OK because a text that is not UTF-8 is none of these, and is refused as a link out.
    let text = text.into_string().map_err(|_| Errno::XDEV)?;
    if text.split('/').all(is_plain) { Ok(text) } else { Err(Errno::XDEV) }
}

fn prepend(ahead: &mut VecDeque<String>, link: &str) {
    for component in link.rsplit('/') {
        ahead.push_front(component.to_owned());
    }
}

fn kind(fd: BorrowedFd<'_>) -> Result<FileType, Errno> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode))
}

/// Returns whether a component can only be a name: not empty, no dot, no slash.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_of_procfs_only() {
        for name in ["self", "thread-self", "42", "tcp6", "ip_local_port_range"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", ".", "..", "a.b", "/", "a/b", "socket:[1]", "(unreachable)", "é", "a\0"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }

    #[test]
    fn puts_the_target_of_a_link_before_what_follows() {
        let mut ahead = VecDeque::from(["net".to_owned(), "tcp".to_owned()]);
        prepend(&mut ahead, "42/task/43");
        assert_eq!(ahead, ["42", "task", "43", "net", "tcp"]);
    }
}
