//! The verified root of the real `/proc`, and opening beneath it.

use std::{
    fs::File,
    os::{fd::OwnedFd, unix::ffi::OsStringExt},
    path::PathBuf,
};

use rustix::{
    fd::{AsFd, AsRawFd, BorrowedFd},
    fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxAttributes, StatxFlags},
    io::Errno,
};

use super::{
    error::RootError,
    mount::{ProcMount, is_procfs},
    name::{BaseKind, Pid, ProcFile},
    walk,
};

/// The inode of the root of every procfs (`PROC_ROOT_INO`).
const PROC_ROOT_INO: u64 = 1;

/// Tries of one `openat2`; it fails with `EAGAIN` when mounts or names change under a lookup.
const MAX_TRIES: usize = 32;

/// Restrictions of a lookup below the root: no way out, no other mount, no magic link.
const RESOLVE: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_XDEV).union(ResolveFlags::NO_MAGICLINKS);

/// Files that exist below every process with tables. A `net` without content is shown for a zombie;
/// and on Linux 7.2 under `subset=pid`, if it was mounted in a user namespace that does not own the
/// network. Kernel: `dev_proc_net_init` makes `net/dev` in every network namespace.
const NET_WITNESSES: [&str; 2] = ["stat", "net/dev"];

/// The flags of a file that will be read.
///
/// `O_NONBLOCK` and `O_NOCTTY` change nothing for procfs; they keep an opening harmless in the
/// walk, which can refuse another file only after it has opened it.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOCTTY)
    .union(OFlags::NONBLOCK);

/// The flags of a file that will only be examined.
const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The flags of a directory whose names will be read.
const LIST: OFlags = READ.union(OFlags::DIRECTORY);

/// A descriptor that was verified to be the root of a procfs.
#[derive(Debug)]
pub(super) struct Live(ProcMount);

impl Live {
    /// Opens `/proc` and verifies that it is the root of a procfs.
    pub(super) fn open_proc() -> Result<Self, RootError> {
        let flags = LOOK.union(OFlags::DIRECTORY);
        #[expect(
            clippy::disallowed_methods,
            reason = "the one ambient opening of this crate: the hard-coded path /proc"
        )]
        let opened = rustix::fs::openat(CWD, "/proc", flags, Mode::empty());
        match opened {
            Ok(root) => Self::verify(root),
            Err(Errno::NOENT) => Err(RootError::not_mounted()),
            // It is a link or a file (`O_NOFOLLOW`, `O_DIRECTORY`).
            Err(Errno::NOTDIR | Errno::LOOP) => Err(RootError::not_procfs()),
            Err(errno) => Err(RootError::from_errno("/proc", errno)),
        }
    }

    fn verify(root: OwnedFd) -> Result<Self, RootError> {
        let failed = |errno| RootError::from_errno("/proc", errno);
        // Security: rejects a tmpfs with crafted files over /proc (CVE-2019-16884).
        if !is_procfs(root.as_fd()).map_err(failed)? {
            return Err(if is_mount_root(root.as_fd()) {
                RootError::not_procfs()
            } else {
                RootError::not_mounted()
            });
        }
        let stat = rustix::fs::fstat(&root).map_err(failed)?;
        // Security: rejects a part of procfs bound over /proc, such as /proc/tty.
        if stat.st_ino != PROC_ROOT_INO {
            return Err(RootError::not_root(stat.st_ino));
        }
        ProcMount::new(root, stat.st_dev).map(Self).map_err(failed)
    }

    /// Verifies that a directory is the root of a procfs.
    pub(super) fn from_dir(directory: OwnedFd) -> Result<Self, RootError> {
        Self::verify(directory)
    }

    /// Opens the network namespace of a process.
    ///
    /// Security: the link is verified and then followed, because it leads out of procfs. Something
    /// may be mounted over it in between; the caller detects this after entering.
    pub(super) fn open_network_namespace(
        &self,
        process: BorrowedFd<'_>,
    ) -> Result<OwnedFd, RootError> {
        self.open_below(process, "ns/net", OpenPurpose::Link)?;
        #[expect(clippy::disallowed_methods, reason = "a constant name below a process")]
        rustix::fs::openat(process, "ns/net", READ.difference(OFlags::NOFOLLOW), Mode::empty())
            .map_err(|errno| match errno {
                Errno::NOENT | Errno::SRCH => RootError::vanished("/proc/PID/ns/net"),
                errno => RootError::from_errno("/proc/PID/ns/net", errno),
            })
    }

    /// Opens a file for reading, and verifies it.
    pub(super) fn open(&self, base: BaseKind, file: ProcFile) -> Result<File, RootError> {
        let (path, fd) = self.find(base, file.name(), READ)?;
        self.expect_on_mount(&path, fd.as_fd())?;
        expect_kind(&path, fd.as_fd(), FileType::RegularFile)?;
        Ok(File::from(fd))
    }

    /// Reads the target of a descriptor of the calling thread.
    #[expect(clippy::disallowed_methods, reason = "a link that is open, by an empty path")]
    pub(super) fn fd_link(&self, fd: BorrowedFd<'_>) -> Result<PathBuf, RootError> {
        let name = format!("fd/{}", fd.as_raw_fd());
        // Kernel: `O_PATH | O_NOFOLLOW` opens the magic link itself even under
        // `RESOLVE_NO_MAGICLINKS` (openat2(2)); one that is mounted over fails with `EXDEV`.
        let (path, link) = self.find(BaseKind::Thread, &name, LOOK)?;
        self.expect_on_mount(&path, link.as_fd())?;
        expect_kind(&path, link.as_fd(), FileType::Symlink)?;
        let text = rustix::fs::readlinkat(&link, "", Vec::new())
            .map_err(|errno| RootError::from_errno(&shown(&path), errno))?;
        Ok(PathBuf::from(std::ffi::OsString::from_vec(text.into_bytes())))
    }

    /// Opens, without reading, every directory with socket tables below it.
    pub(super) fn reach(&self) -> Result<Vec<OwnedFd>, RootError> {
        let (path, threads) =
            self.find(BaseKind::Process, "task", LOOK.union(OFlags::DIRECTORY))?;
        self.expect_on_mount(&path, threads.as_fd())?;
        let ports = self.find(BaseKind::Root, ProcFile::IpLocalPortRange.name(), LOOK);
        // OK because without it the range is unknown, which is not an error when it is read either.
        let ports = ports.ok().filter(|(_, ports)| self.0.holds(ports.as_fd()) == Ok(true));
        Ok([Some(threads), ports.map(|(_, ports)| ports)].into_iter().flatten().collect())
    }

    /// Opens a name below a base.
    fn find(
        &self,
        base: BaseKind,
        name: &str,
        flags: OFlags,
    ) -> Result<(String, OwnedFd), RootError> {
        self.find_below_first(&base.directories(), base, name, flags)
    }

    /// Opens a name below the first of some directories that this kernel has.
    fn find_below_first(
        &self,
        directories: &[String],
        base: BaseKind,
        name: &str,
        flags: OFlags,
    ) -> Result<(String, OwnedFd), RootError> {
        for directory in directories {
            let path = join(directory, name);
            match self.lookup(&path, flags) {
                Ok(fd) => return Ok((path, fd)),
                // Security: a directory is skipped only if its own name is absent. One that is
                // mounted over, or whose link leads nowhere, is a refusal.
                Err(Errno::NOENT) if base == BaseKind::Thread && !self.has(directory) => {}
                Err(Errno::NOENT) => return Err(self.absent(base, directory, name)),
                Err(errno) => return Err(RootError::from_errno(&shown(&path), errno)),
            }
        }
        Err(RootError::hidden(&shown(name)))
    }

    /// Returns whether a name exists, even if it is a link that leads nowhere.
    fn has(&self, path: &str) -> bool {
        !matches!(self.lookup(path, LOOK), Err(Errno::NOENT))
    }

    /// Returns why a name is absent: if the witnesses exist, the process and the kernel's own part
    /// of procfs are shown, so the kernel lacks the file.
    fn absent(&self, base: BaseKind, directory: &str, name: &str) -> RootError {
        let path = join(directory, name);
        // Kernel: under `subset=pid` Linux 5.10 lists files that it does not open.
        if self.lookup(&path, LOOK).is_ok() {
            return RootError::hidden(&shown(&path));
        }
        // Kernel: `/proc/net` is the link `self/net`, and `subset=pid` leaves out both it and
        // `uptime`.
        let (first, process) = match base {
            BaseKind::Root => ("uptime".to_owned(), "self"),
            _ => (join(directory, "stat"), directory),
        };
        let net = name.starts_with("net/").then(|| NET_WITNESSES.map(|name| join(process, name)));
        for witness in std::iter::once(first).chain(net.into_iter().flatten()) {
            match (self.lookup(&witness, LOOK), base) {
                (Ok(_), _) => {}
                (Err(Errno::NOENT), BaseKind::Pid(_)) if witness.ends_with("/stat") => {
                    return RootError::vanished(&shown(&path));
                }
                (Err(Errno::NOENT), _) => return RootError::hidden(&shown(&path)),
                (Err(errno), _) => return RootError::from_errno(&shown(&witness), errno),
            }
        }
        RootError::missing(&shown(&path))
    }

    /// Resolves a path beneath the root: by `openat2`, or by the walk if there is none.
    fn lookup(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let opened = self.openat2(path, flags);
        if self.must_walk(&opened) { walk::open(&self.0, path, flags) } else { opened }
    }

    /// Resolves a path beneath a directory of a process, which was opened before.
    fn lookup_below(
        &self,
        directory: BorrowedFd<'_>,
        path: &str,
        flags: OFlags,
    ) -> Result<OwnedFd, Errno> {
        let opened = beneath(directory, path, flags);
        if self.must_walk(&opened) {
            walk::open_below(&self.0, directory, path, flags)
        } else {
            opened
        }
    }

    /// Returns whether an `openat2` failed because it is not available.
    fn must_walk(&self, opened: &Result<OwnedFd, Errno>) -> bool {
        match opened {
            Err(Errno::NOSYS) => true,
            // Kernel: a seccomp filter without `openat2` returns either. A filter can be installed
            // at any time, so the result is not kept.
            Err(Errno::PERM | Errno::ACCESS) => self.is_openat2_forbidden(),
            _ => false,
        }
    }

    /// Returns whether `openat2` fails even for the root, which is open already.
    fn is_openat2_forbidden(&self) -> bool {
        let root = self.openat2(".", LOOK.union(OFlags::DIRECTORY));
        matches!(root, Err(Errno::PERM | Errno::ACCESS))
    }

    fn openat2(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        beneath(self.0.as_fd(), path, flags)
    }

    /// Opens the root as a directory that can be listed.
    pub(super) fn open_listing(&self) -> Result<OwnedFd, RootError> {
        #[expect(clippy::disallowed_methods, reason = "the verified root of /proc itself")]
        let opened = rustix::fs::openat(&self.0, ".", LIST, Mode::empty());
        self.checked("", opened)
    }

    /// Opens the directory of a process, to look up names below it.
    pub(super) fn open_process(&self, pid: Pid) -> Result<OwnedFd, RootError> {
        let path = pid.to_string();
        self.checked(&path, self.lookup(&path, LOOK.union(OFlags::DIRECTORY)))
    }

    /// Opens a name below the directory of a process or thread.
    pub(super) fn open_below(
        &self,
        directory: BorrowedFd<'_>,
        name: &str,
        purpose: OpenPurpose,
    ) -> Result<OwnedFd, RootError> {
        let fd = self.checked(name, self.lookup_below(directory, name, purpose.flags()))?;
        expect_kind(name, fd.as_fd(), purpose.kind())?;
        Ok(fd)
    }

    /// Requires that what was opened is on the mount of the root. What is absent below a process is
    /// gone with it.
    fn checked(&self, path: &str, opened: Result<OwnedFd, Errno>) -> Result<OwnedFd, RootError> {
        match opened {
            Ok(fd) => self.expect_on_mount(path, fd.as_fd()).map(|()| fd),
            Err(Errno::NOENT) => Err(RootError::vanished(&shown(path))),
            Err(errno) => Err(RootError::from_errno(&shown(path), errno)),
        }
    }

    fn expect_on_mount(&self, path: &str, fd: BorrowedFd<'_>) -> Result<(), RootError> {
        match self.0.holds(fd) {
            Ok(true) => Ok(()),
            Ok(false) => Err(RootError::overmounted(&shown(path))),
            // Kernel: `proc_fd_getattr` counts the descriptors of a process, which may end before.
            Err(Errno::NOENT) => Err(RootError::vanished(&shown(path))),
            Err(errno) => Err(RootError::from_errno(&shown(path), errno)),
        }
    }
}

/// The purpose of opening something below a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenPurpose {
    /// To read a file.
    Read,
    /// To examine a file.
    Look,
    /// To list a directory.
    List,
    /// To look up names below a directory, or to examine it.
    Directory,
    /// To read the target of a link.
    Link,
}

impl OpenPurpose {
    fn flags(self) -> OFlags {
        match self {
            Self::Read => READ,
            Self::List => LIST,
            Self::Directory => LOOK.union(OFlags::DIRECTORY),
            Self::Link | Self::Look => LOOK,
        }
    }

    fn kind(self) -> FileType {
        match self {
            Self::Read | Self::Look => FileType::RegularFile,
            Self::List | Self::Directory => FileType::Directory,
            Self::Link => FileType::Symlink,
        }
    }
}

fn beneath(directory: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    retried(|| {
        #[expect(clippy::disallowed_methods, reason = "beneath the verified root of /proc")]
        rustix::fs::openat2(directory, path, flags, Mode::empty(), RESOLVE)
    })
}

/// Repeats a call that was disturbed, a limited number of times.
fn retried<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 1..MAX_TRIES {
        match call() {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
    call()
}

fn expect_kind(path: &str, fd: BorrowedFd<'_>, kind: FileType) -> Result<(), RootError> {
    match rustix::fs::fstat(fd) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == kind => Ok(()),
        Ok(_) => Err(RootError::not_a_file(&shown(path))),
        // Kernel: `proc_fd_getattr` counts the descriptors of a process, which may end before.
        Err(Errno::NOENT) => Err(RootError::vanished(&shown(path))),
        Err(errno) => Err(RootError::from_errno(&shown(path), errno)),
    }
}

/// Returns whether a descriptor is the root of a mount, if the kernel reports it (Linux 5.8).
#[expect(clippy::disallowed_methods, reason = "a descriptor, by an empty path")]
fn is_mount_root(fd: BorrowedFd<'_>) -> bool {
    rustix::fs::statx(fd, "", AtFlags::EMPTY_PATH, StatxFlags::empty())
        .is_ok_and(|stat| stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Returns a path below the root as messages show it.
fn shown(path: &str) -> String {
    format!("/proc/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(directories: &[&str], name: &str) -> Result<String, crate::proc::root::RootErrorKind> {
        let directories: Vec<_> = directories.iter().map(|&name| name.to_owned()).collect();
        Live::open_proc()
            .unwrap()
            .find_below_first(&directories, BaseKind::Thread, name, READ)
            .map(|(path, _)| path)
            .map_err(|error| error.kind())
    }

    #[test]
    fn skips_names_that_the_kernel_lacks() {
        let task = format!("self/task/{}", rustix::thread::gettid());
        let old = ["no-thread-self", task.as_str(), "self"];
        assert_eq!(found(&old, "stat"), Ok(format!("{task}/stat")));
        let older = ["no-thread-self", "self/no-task/1", "self"];
        assert_eq!(found(&older, "stat"), Ok("self/stat".to_owned()));
    }

    #[test]
    fn does_not_skip_an_existing_directory() {
        use crate::RootErrorKind::{Hidden, Missing};
        assert_eq!(found(&["thread-self", "self"], "no-file"), Err(Missing));
        assert_eq!(found(&["no-thread-self"], "stat"), Err(Hidden));
    }

    /// Otherwise a listing would look empty and complete.
    #[test]
    fn table_is_missing_only_where_others_exist() {
        use crate::RootErrorKind::{Hidden, Missing};
        let kind = |directory: &str| {
            let absent = Live::open_proc().unwrap().absent(BaseKind::Thread, directory, "net/none");
            absent.kind()
        };
        assert_eq!(kind("thread-self"), Missing);
        // A directory with a `stat` and no `net`.
        assert_eq!(kind("self/net"), Hidden);
    }

    /// A process may end between the opening of its descriptors and the check of what was opened.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test starts a process, and ends it")]
    fn process_that_ends_during_the_check_is_gone() {
        let live = Live::open_proc().unwrap();
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let fd = live.lookup(&format!("{}/fd", child.id()), LOOK).unwrap();
        assert!(live.expect_on_mount("fd", fd.as_fd()).is_ok());
        child.kill().unwrap();
        child.wait().unwrap();
        match live.expect_on_mount("fd", fd.as_fd()) {
            // Kernel: before Linux 6.2 descriptors are not counted.
            Ok(()) => {}
            Err(error) => assert_eq!(error.kind(), crate::RootErrorKind::Vanished, "{error}"),
        }
    }

    #[test]
    fn tries_again_when_disturbed() {
        let mut left = 3;
        let result = retried(|| {
            left -= 1;
            if left == 0 { Ok(()) } else { Err(Errno::AGAIN) }
        });
        assert_eq!((result, left), (Ok(()), 0));
    }

    #[test]
    fn gives_up_after_a_number_of_tries() {
        let mut tries = 0;
        let result = retried(|| {
            tries += 1;
            Err::<(), _>(Errno::AGAIN)
        });
        assert_eq!((result, tries), (Err(Errno::AGAIN), MAX_TRIES));
    }

    #[test]
    fn refuses_a_descriptor_of_another_file_system() {
        let live = Live::open_proc().unwrap();
        let (pipe, _writer) = std::io::pipe().unwrap();
        let error = live.expect_on_mount("self/stat", pipe.as_fd()).unwrap_err();
        assert_eq!(error.kind(), crate::RootErrorKind::Overmounted);
        let error = expect_kind("self/stat", pipe.as_fd(), FileType::RegularFile).unwrap_err();
        assert_eq!(error.kind(), crate::RootErrorKind::NotAFile);
    }

    #[test]
    fn reaches_the_threads_and_the_range_of_ports() {
        let live = Live::open_proc().unwrap();
        let inode = |fd: &OwnedFd| rustix::fs::fstat(fd).unwrap().st_ino;
        let reach: Vec<u64> = live.reach().unwrap().iter().map(inode).collect();
        let look = |path| inode(&live.lookup(path, LOOK).unwrap());
        assert_eq!(reach, [look("self/task"), look("sys/net/ipv4/ip_local_port_range")]);
    }

    #[test]
    fn walks_to_the_file_that_openat2_opens() {
        let live = Live::open_proc().unwrap();
        let inode = |fd: OwnedFd| rustix::fs::fstat(fd).unwrap().st_ino;
        for path in ["self/stat", "thread-self/stat", "net/tcp", "thread-self/net/udp", "uptime"] {
            let walked = walk::open(&live.0, path, READ).unwrap();
            assert_eq!(inode(walked), inode(live.openat2(path, READ).unwrap()), "{path}");
        }
    }

    #[test]
    fn walks_below_a_process_as_openat2_does() {
        let live = Live::open_proc().unwrap();
        let process = live.open_process(Pid::new(std::process::id()).unwrap()).unwrap();
        let inode = |fd: OwnedFd| rustix::fs::fstat(fd).unwrap().st_ino;
        for name in ["stat", "fd", "task", "exe"] {
            let walked = walk::open_below(&live.0, process.as_fd(), name, LOOK).unwrap();
            let opened = beneath(process.as_fd(), name, LOOK).unwrap();
            assert_eq!(inode(walked), inode(opened), "{name}");
        }
        for name in ["cwd/x", "root/proc", "exe/x", "fd/0/x", "no"] {
            let walked = walk::open_below(&live.0, process.as_fd(), name, LOOK).map(drop);
            assert_eq!(walked, beneath(process.as_fd(), name, LOOK).map(drop), "{name}");
            assert!(walked.is_err(), "{name}");
        }
        for name in ["", ".", "..", "/", "../1"] {
            assert!(walk::open_below(&live.0, process.as_fd(), name, LOOK).is_err(), "{name}");
        }
    }

    #[test]
    fn walks_nowhere_that_openat2_does_not() {
        let live = Live::open_proc().unwrap();
        for path in ["self/cwd/x", "self/root/proc", "thread-self/fd/0", "self/exe", "self/no"] {
            let walked = walk::open(&live.0, path, READ).map(drop);
            assert_eq!(walked, live.openat2(path, READ).map(drop), "{path}");
            assert!(walked.is_err(), "{path}");
        }
        for path in ["", ".", "..", "self/..", "/", "/proc", "self//stat"] {
            assert!(walk::open(&live.0, path, READ).is_err(), "{path}");
        }
    }
}
