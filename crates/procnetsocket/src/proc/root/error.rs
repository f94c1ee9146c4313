//! Errors of opening a file of `/proc`, with a separate kind for each refusal.

use std::io;

use rustix::io::Errno;

/// The error of [`ProcRoot`](crate::ProcRoot): a refusal, or a failed system call.
///
/// Its [`Display`](std::fmt::Display) is a message with what was expected and found, and
/// [`RootError::kind`] the kind.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RootError(#[from] Repr);

/// The kinds of [`RootError`]; more may come.
///
/// Only [`Missing`](Self::Missing) and [`Vanished`](Self::Vanished) mean that there is nothing to
/// read. Every other kind means that there may be something that cannot be read or trusted: a
/// caller that took it for an empty listing would report a falsehood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum RootErrorKind {
    /// There is no `/proc`, or nothing is mounted there.
    NotMounted,
    /// Another kind of file system is mounted at `/proc`.
    NotProcfs,
    /// A part of procfs is mounted at `/proc`, not its root.
    NotRoot,
    /// Something else is mounted over a part of `/proc` on the way or at its end.
    ///
    /// A container runtime does so too, without malice: it binds `/proc/sys` over itself to make it
    /// read-only.
    Overmounted,
    /// This `/proc` does not show it: it does not contain our processes (it belongs to another PID
    /// namespace, or is a fake root), or it was mounted with `subset=pid`.
    Hidden,
    /// The kernel does not permit it: file permissions, `hidepid=1`, Landlock or another security
    /// module.
    Denied,
    /// The checks are not possible on this kernel, or with this seccomp filter.
    Unsupported,
    /// The process or thread is gone, or `hidepid=2` hides it; the two cannot be distinguished.
    Vanished,
    /// The directory exists and the file does not: this kernel lacks it.
    Missing,
    /// There is something other than a regular file where a table was expected.
    NotAFile,
    /// A symbolic link in a fake root leads out of it.
    Outside,
    /// A system call failed for another reason.
    Io,
}

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("expected procfs at /proc, but found nothing mounted there")]
    NotMounted,
    #[error("expected procfs at /proc, but found another kind of file system")]
    NotProcfs,
    #[error("expected the root of procfs (inode 1) at /proc, but found its inode {0}")]
    NotRoot(u64),
    #[error("expected {0} itself, but found something else mounted over a part of it")]
    Overmounted(String),
    #[error("expected {0}, but this proc file system does not show it")]
    Hidden(String),
    #[error("expected {0}, but the process or thread is gone or hidden")]
    Vanished(String),
    #[error("expected {0}, but the kernel does not have it")]
    Missing(String),
    #[error("expected a regular file at {0}, but found another kind of file")]
    NotAFile(String),
    #[error("expected {0} inside the root, but a symbolic link leads out of it")]
    Outside(String),
    #[error("expected openat2 or the mount ids of statx to check {0}, but found neither")]
    Unsupported(String),
    #[error("no permission to open {0}")]
    Denied(String, #[source] io::Error),
    #[error("cannot open {0}")]
    Io(String, #[source] io::Error),
}

impl RootError {
    /// Returns the kind.
    pub fn kind(&self) -> RootErrorKind {
        match self.0 {
            Repr::NotMounted => RootErrorKind::NotMounted,
            Repr::NotProcfs => RootErrorKind::NotProcfs,
            Repr::NotRoot(_) => RootErrorKind::NotRoot,
            Repr::Overmounted(_) => RootErrorKind::Overmounted,
            Repr::Hidden(_) => RootErrorKind::Hidden,
            Repr::Vanished(_) => RootErrorKind::Vanished,
            Repr::Missing(_) => RootErrorKind::Missing,
            Repr::NotAFile(_) => RootErrorKind::NotAFile,
            Repr::Outside(_) => RootErrorKind::Outside,
            Repr::Unsupported(_) => RootErrorKind::Unsupported,
            Repr::Denied(..) => RootErrorKind::Denied,
            Repr::Io(..) => RootErrorKind::Io,
        }
    }

    pub(super) fn not_mounted() -> Self {
        Self(Repr::NotMounted)
    }

    pub(super) fn not_procfs() -> Self {
        Self(Repr::NotProcfs)
    }

    pub(super) fn not_root(inode: u64) -> Self {
        Self(Repr::NotRoot(inode))
    }

    pub(super) fn overmounted(path: &str) -> Self {
        Self(Repr::Overmounted(path.to_owned()))
    }

    pub(super) fn hidden(path: &str) -> Self {
        Self(Repr::Hidden(path.to_owned()))
    }

    pub(super) fn vanished(path: &str) -> Self {
        Self(Repr::Vanished(path.to_owned()))
    }

    pub(super) fn missing(path: &str) -> Self {
        Self(Repr::Missing(path.to_owned()))
    }

    pub(super) fn not_a_file(path: &str) -> Self {
        Self(Repr::NotAFile(path.to_owned()))
    }

    pub(super) fn outside(path: &str) -> Self {
        Self(Repr::Outside(path.to_owned()))
    }

    pub(super) fn unsupported(path: &str) -> Self {
        Self(Repr::Unsupported(path.to_owned()))
    }

    pub(super) fn denied(path: &str, source: io::Error) -> Self {
        Self(Repr::Denied(path.to_owned(), source))
    }

    pub(super) fn io(path: &str, source: io::Error) -> Self {
        Self(Repr::Io(path.to_owned(), source))
    }

    /// Returns the refusal for an error number of reading a link.
    pub(super) fn from_link_errno(path: &str, errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::missing(path),
            Errno::INVAL => Self::not_a_file(path),
            _ => Self::from_errno(path, errno),
        }
    }

    /// Returns the refusal for an error number of an opening.
    ///
    /// `ENOENT` is handled elsewhere, because its meaning depends on the base.
    pub(super) fn from_errno(path: &str, errno: Errno) -> Self {
        match errno {
            // Kernel: `openat2` fails with `EXDEV` at a crossed mount (`RESOLVE_NO_XDEV`) and at a
            // path that leads out (`RESOLVE_BENEATH`); none of our paths leads out by itself.
            Errno::XDEV => Self::overmounted(path),
            Errno::ACCESS | Errno::PERM => Self::denied(path, errno.into()),
            // Kernel: `fs/proc/base.c` answers `ESRCH` below the directory of a dead task.
            Errno::SRCH => Self::vanished(path),
            Errno::LOOP => Self::not_a_file(path),
            Errno::NOSYS => Self::unsupported(path),
            _ => Self::io(path, errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use rstest::rstest;

    use super::*;

    fn os(errno: Errno) -> io::Error {
        errno.into()
    }

    #[rstest]
    #[case::not_mounted(
        RootError::not_mounted(),
        RootErrorKind::NotMounted,
        "expected procfs at /proc, but found nothing mounted there"
    )]
    #[case::not_procfs(
        RootError::not_procfs(),
        RootErrorKind::NotProcfs,
        "expected procfs at /proc, but found another kind of file system"
    )]
    #[case::not_root(
        RootError::not_root(7),
        RootErrorKind::NotRoot,
        "expected the root of procfs (inode 1) at /proc, but found its inode 7"
    )]
    #[case::overmounted(
        RootError::overmounted("/proc/self/stat"),
        RootErrorKind::Overmounted,
        "expected /proc/self/stat itself, but found something else mounted over a part of it"
    )]
    #[case::hidden(
        RootError::hidden("/proc/self/stat"),
        RootErrorKind::Hidden,
        "expected /proc/self/stat, but this proc file system does not show it"
    )]
    #[case::vanished(
        RootError::vanished("/proc/42/stat"),
        RootErrorKind::Vanished,
        "expected /proc/42/stat, but the process or thread is gone or hidden"
    )]
    #[case::missing(
        RootError::missing("/proc/self/net/tcp6"),
        RootErrorKind::Missing,
        "expected /proc/self/net/tcp6, but the kernel does not have it"
    )]
    #[case::not_a_file(
        RootError::not_a_file("net/tcp"),
        RootErrorKind::NotAFile,
        "expected a regular file at net/tcp, but found another kind of file"
    )]
    #[case::outside(
        RootError::outside("net/tcp"),
        RootErrorKind::Outside,
        "expected net/tcp inside the root, but a symbolic link leads out of it"
    )]
    #[case::unsupported(
        RootError::unsupported("/proc/self/stat"),
        RootErrorKind::Unsupported,
        "expected openat2 or the mount ids of statx to check /proc/self/stat, but found neither"
    )]
    #[case::denied(
        RootError::denied("/proc/42/stat", os(Errno::ACCESS)),
        RootErrorKind::Denied,
        "no permission to open /proc/42/stat"
    )]
    #[case::io(
        RootError::io("/proc/42/stat", os(Errno::MFILE)),
        RootErrorKind::Io,
        "cannot open /proc/42/stat"
    )]
    fn says_what_was_expected(
        #[case] error: RootError,
        #[case] kind: RootErrorKind,
        #[case] text: &str,
    ) {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        let has_cause = matches!(kind, RootErrorKind::Denied | RootErrorKind::Io);
        assert_eq!(error.source().is_some(), has_cause);
    }

    #[rstest]
    #[case::another_mount(Errno::XDEV, RootErrorKind::Overmounted)]
    #[case::no_permission(Errno::ACCESS, RootErrorKind::Denied)]
    #[case::not_permitted(Errno::PERM, RootErrorKind::Denied)]
    #[case::dead_task(Errno::SRCH, RootErrorKind::Vanished)]
    #[case::link(Errno::LOOP, RootErrorKind::NotAFile)]
    #[case::no_call(Errno::NOSYS, RootErrorKind::Unsupported)]
    #[case::too_often(Errno::AGAIN, RootErrorKind::Io)]
    #[case::no_descriptors(Errno::MFILE, RootErrorKind::Io)]
    #[case::no_memory(Errno::NOMEM, RootErrorKind::Io)]
    fn maps_error_numbers(#[case] errno: Errno, #[case] kind: RootErrorKind) {
        assert_eq!(RootError::from_errno("/proc/self/stat", errno).kind(), kind);
    }
}
