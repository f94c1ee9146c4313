//! A handle to `/proc` that cannot be redirected. Nothing else in this crate opens `/proc`.
//!
//! [`ProcRoot`] documents its guarantees. Its parts: `live` verifies the root and what is opened
//! beneath it, `mount` checks that a file is on the root's mount, `walk` resolves paths where
//! `openat2` is missing, `fake` opens the files of a directory in place of `/proc`, `task` opens
//! the files of a process, `numbers` reads directories whose names are numbers, and `name` lists
//! everything that can be opened.

pub(crate) mod error;
mod fake;
mod live;
mod mount;
pub(crate) mod name;
pub(crate) mod numbers;
pub(crate) mod task;
mod walk;

use std::{
    fs::File,
    os::fd::{BorrowedFd, OwnedFd},
    path::PathBuf,
};

use cap_std::{AmbientAuthority, fs::Dir};

pub use self::{
    error::{RootError, RootErrorKind},
    name::{Pid, ProcFile},
};
use self::{live::Live, name::BaseKind};
pub(crate) use self::{
    mount::is_procfs,
    numbers::{ListingBuffer, Numbers},
    task::TaskDir,
};

/// A verified `/proc`, or a directory in place of it.
///
/// `/proc` is a path like any other. Whoever may mount (a container runtime, a user in a user
/// namespace, a volume of a container image) can put something else there, and then a program that
/// opens `/proc/net/tcp` reads what an attacker wrote. [`Self::open_ambient`] returns a handle that
/// reads the kernel's own table or fails. It never reads something else, and never falls back to a
/// plain `open`. It is modelled on the safe procfs handles of libpathrs and filepath-securejoin,
/// which guard container runtimes.
///
/// There is no path parameter. What can be opened is a [`ProcFile`], a fixed name, below one of the
/// bases that [`Self::root`], [`Self::process`], [`Self::thread`] and [`Self::pid`] return; and
/// [`Self::fd_link`] returns the target of a descriptor of this process.
///
/// # Sandbox bypass
///
/// This reads the system, bypassing every sandbox, so it takes a token of
/// [`ambient_authority`](cap_std::ambient_authority) and belongs to the host, not to a script. A
/// [`ProcRoot`] gives access to the files of [`ProcFile`], for every process that the kernel shows
/// to this one, and within this crate to the texts of the links `exe` and `fd/<n>` of those
/// processes. It cannot write, and it cannot follow the magic links below `/proc/<pid>` that lead
/// out of procfs (`cwd`, `root`, `exe`, `fd`).
///
/// # Trust
///
/// Even if an attacker can mount in our mount namespace, before or while we read, the handle
/// guarantees that a file that it opened is
///
/// - in a procfs (`fstatfs`, `PROC_SUPER_MAGIC`), whose root was at `/proc` when the handle was
///   made (inode 1). A tmpfs with crafted files (CVE-2019-16884) and a part of procfs bound over
///   `/proc` are refused; later mounts over `/proc` have no effect.
/// - reached from that root without a crossing into another mount (`openat2` with
///   `RESOLVE_BENEATH`, `RESOLVE_NO_XDEV` and `RESOLVE_NO_MAGICLINKS`). Another file or directory
///   of the same procfs that is bound over the wanted one (CVE-2025-52881) is refused, and so is a
///   link mounted over `self`. There is no race, because the kernel looks up and opens in one call.
/// - a regular file of the same device and, where `statx` gives mount ids (Linux 5.8), of the same
///   mount. This is checked after the opening, on the descriptor that will be read.
///
/// Where `openat2` is missing (before Linux 5.6, `ENOSYS`) or a seccomp filter forbids it (`EPERM`
/// or `EACCES`; a probe distinguishes this from the permissions of a file), each component is
/// opened separately and must be on the root's mount, which gives the same guarantees. It needs
/// mount ids. Without either, opening is refused as [`RootErrorKind::Unsupported`].
///
/// `/proc/net` is a link to `self/net`, the network namespace of the thread group's leader. The
/// calling thread may be in another one, so a socket table is best read below
/// [`Self::thread`]. A file stays readable, and stays in its namespace, after the thread that
/// opened it has ended.
///
/// It does not guarantee
///
/// - that nothing is hidden. `hidepid` and `subset=pid` leave out processes and files. A file that
///   `subset=pid` leaves out is [`RootErrorKind::Hidden`]; a process that `hidepid=2` hides looks
///   like one that is gone.
/// - that the proc file system belongs to our own PID namespace. If it does not contain our
///   processes, `process()` and `thread()` are [`RootErrorKind::Hidden`]; process numbers are those
///   of the procfs, whichever namespace it was mounted for.
/// - anything if an attacker can attach a debugger to this process or load code into the kernel.
/// - anything about a fake root ([`Self::from_dir`]), which is as trustworthy as its directory. If
///   a user selects another procfs as a fake root, its `net` is the network namespace of the
///   reading process, not of the machine that it was mounted from.
/// - that it works on kernels that imitate Linux (gVisor, WSL 1). It was not tested there, and a
///   procfs whose root is not inode 1 is refused.
///
/// A seccomp filter must permit `openat2` (or `openat`), `fstat`, `fstatfs`, `statx` and, for
/// [`Self::fd_link`] and the search for processes, `readlinkat`; for the latter also `getdents64`.
///
/// # Errors
///
/// Each refusal has a separate kind, see [`RootErrorKind`]. None of them is an empty table.
///
/// # Concurrency
///
/// It holds one descriptor and no state, so threads can share it.
#[derive(Debug)]
pub struct ProcRoot {
    source: RootSource,
}

#[derive(Debug)]
enum RootSource {
    Live(Live),
    Fake(Dir),
    /// Nothing can be opened.
    Closed,
}

impl ProcRoot {
    /// Opens `/proc` and verifies that it is the root of a procfs.
    ///
    /// The path is fixed: neither an argument nor the environment changes it.
    ///
    /// # Ambient Authority
    ///
    /// The token is for reading the system.
    ///
    /// # Errors
    ///
    /// [`NotMounted`](RootErrorKind::NotMounted), [`NotProcfs`](RootErrorKind::NotProcfs) and
    /// [`NotRoot`](RootErrorKind::NotRoot) for a `/proc` that fails the check.
    ///
    /// # Examples
    ///
    /// ```
    /// use procnetsocket::{ProcFile, ProcRoot};
    ///
    /// # #[expect(clippy::disallowed_methods)]
    /// let proc = ProcRoot::open_ambient(cap_std::ambient_authority())?;
    /// let table = std::io::read_to_string(proc.thread().open(ProcFile::NetTcp)?)?;
    /// assert!(table.trim_start().starts_with("sl"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, RootError> {
        let _ = token;
        Ok(Self { source: RootSource::Live(Live::open_proc()?) })
    }

    /// Returns a fake root: a directory in place of `/proc`.
    ///
    /// Its tables are at `net/tcp` and so on, directly below it; the files of a process at
    /// `42/stat`; and those of `process()` and `thread()`, if it has any, at `self/stat`. It is
    /// opened beneath the directory (cap-std): links and `..` that lead out are refused. A FIFO,
    /// device or directory in place of a table is refused without blocking.
    ///
    /// # Trust
    ///
    /// It has none of the guarantees of a live handle: it need not be procfs, and is as trustworthy
    /// as the directory.
    pub fn from_dir(dir: Dir) -> Self {
        Self { source: RootSource::Fake(dir) }
    }

    /// Returns a root with nothing below it: every opening is
    /// [`Hidden`](RootErrorKind::Hidden). It holds no handle.
    pub fn closed() -> Self {
        Self { source: RootSource::Closed }
    }

    /// Returns the procfs mounted at a directory, verified as `/proc` by [`Self::open_ambient`]. It
    /// can be that of the host, mounted into a container.
    ///
    /// Its processes are those of the PID namespace that it was mounted for. `process()` and
    /// `thread()` show the namespace of the reader, if it is there at all; the tables of the host
    /// are below [`Self::pid`].
    ///
    /// # Errors
    ///
    /// As [`Self::open_ambient`].
    pub fn from_procfs(dir: Dir) -> Result<Self, RootError> {
        let directory = dir.into_std_file().into();
        Ok(Self { source: RootSource::Live(Live::from_dir(directory)?) })
    }

    /// Returns whether this is the machine's own `/proc`, not a fake root.
    pub fn is_live(&self) -> bool {
        matches!(self.source, RootSource::Live(_))
    }

    /// Returns the root itself; its `net` is that of [`Self::process`].
    pub fn root(&self) -> Base<'_> {
        self.base(BaseKind::Root)
    }

    /// Returns our own process (`self`).
    ///
    /// Its `net` is the network namespace of the thread group's leader.
    pub fn process(&self) -> Base<'_> {
        self.base(BaseKind::Process)
    }

    /// Returns the calling thread, at the time of each opening (`thread-self`).
    ///
    /// Before Linux 3.17, which had no `thread-self`, it is `self/task/<tid>`, and if this is not
    /// there either, `self`. A `thread-self` that is mounted over is refused, not skipped.
    pub fn thread(&self) -> Base<'_> {
        self.base(BaseKind::Thread)
    }

    /// Returns a process, by the number that this procfs gives it.
    ///
    /// Process ids are reused: two openings below the same id may read different processes.
    pub fn pid(&self, pid: Pid) -> Base<'_> {
        self.base(BaseKind::Pid(pid))
    }

    /// Opens the list of processes.
    pub(crate) fn processes(&self) -> Result<Numbers, RootError> {
        match &self.source {
            RootSource::Live(live) => live.open_listing().map(Numbers::new),
            RootSource::Fake(dir) => fake::open_list(dir, ".").map(Numbers::new),
            RootSource::Closed => Err(RootError::hidden(".")),
        }
    }

    /// Opens the directory of a process. What is opened below it later is of the same process, or
    /// [`Vanished`](RootErrorKind::Vanished): its id may be reused, but not the directory.
    pub(crate) fn open_process(&self, pid: Pid) -> Result<TaskDir<'_>, RootError> {
        match &self.source {
            RootSource::Live(live) => Ok(TaskDir::live(live, live.open_process(pid)?)),
            RootSource::Fake(dir) => Ok(TaskDir::fake(fake::open_dir(dir, &pid.to_string())?)),
            RootSource::Closed => Err(RootError::hidden("[pid]")),
        }
    }

    /// Reads the target of a descriptor of the calling thread (`thread-self/fd/<n>`).
    ///
    /// It is the kernel's own text: a path, with ` (deleted)` after it if the file is gone, or a
    /// word such as `socket:[4711]`. A path may be outdated, and may contain any byte except NUL:
    /// compare it, or show it escaped, but do not open it.
    ///
    /// # Errors
    ///
    /// [`Overmounted`](RootErrorKind::Overmounted) if another link was mounted over it, and
    /// [`Hidden`](RootErrorKind::Hidden) for a fake root, which does not contain our processes.
    pub fn fd_link(&self, fd: BorrowedFd<'_>) -> Result<PathBuf, RootError> {
        match &self.source {
            RootSource::Live(live) => live.fd_link(fd),
            RootSource::Fake(_) | RootSource::Closed => Err(RootError::hidden("thread-self/fd")),
        }
    }

    /// Returns handles to what socket tables are read from: the directory of this process's threads
    /// and the range of ports, or the whole of a fake root.
    ///
    /// This is for a host that confines itself (Landlock), because nothing else in `/proc` is
    /// needed, such as the files of other processes. The handles have to stay open for as long as
    /// the host is confined. Kernel: procfs creates a new inode when a directory that is not in use
    /// is looked up again, and rules of Landlock are attached to inodes.
    ///
    /// # Errors
    ///
    /// Any kind if our own directory cannot be opened or trusted. A range of ports that cannot be
    /// opened is left out, and counts as unknown.
    pub fn reach(&self) -> Result<Vec<OwnedFd>, RootError> {
        match &self.source {
            RootSource::Live(live) => live.reach(),
            RootSource::Fake(dir) => fake::reach(dir),
            RootSource::Closed => Ok(Vec::new()),
        }
    }

    fn base(&self, kind: BaseKind) -> Base<'_> {
        Base { source: &self.source, kind }
    }
}

/// A directory of `/proc`, below which files are opened by their fixed names.
///
/// Creating one does no lookup; each opening does.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    source: &'a RootSource,
    kind: BaseKind,
}

impl Base<'_> {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// [`Missing`](RootErrorKind::Missing) if the kernel has no such file, which for a table means
    /// that it lacks the protocol; [`Vanished`](RootErrorKind::Vanished) if the process is gone;
    /// any other kind if the file cannot be opened or trusted.
    pub fn open(&self, file: ProcFile) -> Result<File, RootError> {
        match self.source {
            RootSource::Live(live) => live.open(self.kind, file),
            RootSource::Fake(dir) => fake::open(dir, self.kind, file),
            RootSource::Closed => Err(RootError::hidden(file.name())),
        }
    }
}
