//! One process or thread: its sockets, and its details.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read},
    mem::MaybeUninit,
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
};

use bstr::BString;
use rustix::io::Errno;

use super::{
    parse::{has_ended, is_kernel_thread, parse_command_line, parse_link, parse_name, parse_uid},
    query::{MAX_COMMAND_LINE_BYTES, ProcessDetails},
    report::{Fact, ProcessSocket, Task},
};
use crate::{
    model::Inode,
    proc::root::{ListingBuffer, Numbers, Pid, ProcFile, RootError, RootErrorKind, TaskDir},
};

/// Longest part of a link that is read, in bytes: the longest link of a socket has 29.
const LINK_BYTES: usize = 40;

/// Longest part of `stat` and `status` that is read: 16 KiB, about ten times what a kernel prints.
const STATUS_BYTES: u64 = 16 * 1024;

/// Whether all links of a process could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProcessAccess {
    Open,
    /// Some links, or all of them, cannot be read.
    Closed,
}

/// The descriptors of a task.
pub(super) struct Descriptors {
    /// The sockets that are wanted.
    pub(super) held: Vec<ProcessSocket>,
    pub(super) access: ProcessAccess,
    /// Whether there is no descriptor at all.
    pub(super) is_empty: bool,
}

/// Result of opening a task's file.
pub(super) enum Opened<T> {
    Found(T),
    /// It is gone, or empty.
    Gone,
    Closed,
}

/// Classifies the result of an opening: a process that is gone, or that may not be read, is not an
/// error.
pub(super) fn looked<T>(opened: Result<T, RootError>) -> Result<Opened<T>, RootError> {
    match opened {
        Ok(found) => Ok(Opened::Found(found)),
        Err(error) => match error.kind() {
            RootErrorKind::Vanished | RootErrorKind::Missing => Ok(Opened::Gone),
            RootErrorKind::Denied | RootErrorKind::Outside => Ok(Opened::Closed),
            _ => Err(error),
        },
    }
}

/// Reads the sockets of descriptors; `is_wanted` returns which are kept, and `proceed` is called
/// now and then to learn whether to go on.
pub(super) fn read_sockets(
    descriptors: &Numbers,
    buffer: &mut ListingBuffer,
    is_wanted: &dyn Fn(Inode) -> bool,
    proceed: &dyn Fn() -> ControlFlow<()>,
) -> Result<ControlFlow<(), Descriptors>, Errno> {
    const PATIENCE: u32 = 1_000;
    let (mut held, mut access, mut patience) = (Vec::new(), ProcessAccess::Open, PATIENCE);
    let mut is_empty = true;
    let read = descriptors.read(buffer, |fd, name| {
        is_empty = false;
        match link(descriptors, name) {
            Ok(Some(inode)) if is_wanted(inode) => held.push(ProcessSocket { inode, fd }),
            // Security: Landlock permits listing the directory but not reading the links.
            Err(Errno::ACCESS | Errno::PERM) => access = ProcessAccess::Closed,
            // OK because a descriptor that was closed meanwhile has no link.
            Ok(_) | Err(_) => {}
        }
        patience -= 1;
        if patience > 0 {
            return ControlFlow::Continue(());
        }
        patience = PATIENCE;
        proceed()
    });
    match read {
        Ok(ControlFlow::Break(())) => Ok(ControlFlow::Break(())),
        // OK because a process that ends meanwhile has nothing open.
        Ok(ControlFlow::Continue(())) | Err(Errno::NOENT | Errno::SRCH) => {
            Ok(ControlFlow::Continue(Descriptors { held, access, is_empty }))
        }
        Err(Errno::ACCESS | Errno::PERM) => {
            Ok(ControlFlow::Continue(Descriptors { held, access: ProcessAccess::Closed, is_empty }))
        }
        Err(errno) => Err(errno),
    }
}

fn link(descriptors: &Numbers, name: &CStr) -> Result<Option<Inode>, Errno> {
    let mut text = [MaybeUninit::uninit(); LINK_BYTES];
    Ok(parse_link(descriptors.link(name, &mut text)?))
}

/// Reads the details of a process or thread. Executable, command line and user are those of the
/// process.
pub(super) fn describe(
    dir: &TaskDir<'_>,
    process: &TaskDir<'_>,
    (pid, tid): (Pid, Option<Pid>),
    (details, room): (ProcessDetails, &Room),
    sockets: Vec<ProcessSocket>,
) -> Task {
    let mut task = Task {
        pid,
        tid,
        name: read_name(dir),
        uid: Fact::NotAsked,
        executable: Fact::NotAsked,
        command_line: Fact::NotAsked,
        sockets,
    };
    if details >= ProcessDetails::User {
        task.uid = read(process, ProcFile::Status, STATUS_BYTES, parse_uid);
    }
    if details == ProcessDetails::Full {
        task.executable = room.keep(|| fact(process.executable()), |path| path.len());
        task.command_line = room.keep(
            || read(process, ProcFile::Cmdline, MAX_COMMAND_LINE_BYTES, parse_command_line),
            |words| words.iter().map(|word| word.len() + size_of::<BString>()).sum(),
        );
    }
    task
}

/// The remaining bytes for details, of which any process may have many.
pub(super) struct Room(AtomicU64);

impl Room {
    pub(super) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    /// Reads something and keeps it if there is room. Without room it is not even read.
    fn keep<T>(&self, read: impl FnOnce() -> Fact<T>, bytes: impl FnOnce(&T) -> usize) -> Fact<T> {
        if self.0.load(Ordering::Relaxed) == 0 {
            return Fact::TooLong;
        }
        let fact = read();
        let Fact::Known(found) = &fact else { return fact };
        let bytes = u64::try_from(bytes(found)).unwrap_or(u64::MAX);
        let left = |room: u64| Some(room.saturating_sub(bytes));
        // OK because the closure always has a value.
        let room = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        if room.is_ok_and(|room| room >= bytes) { fact } else { Fact::TooLong }
    }
}

/// Reads the name of a process or thread.
pub(super) fn read_name(dir: &TaskDir<'_>) -> Fact<BString> {
    read(dir, ProcFile::Stat, STATUS_BYTES, parse_name)
}

/// Returns whether a task is a kernel thread; `None` when it cannot be read or is gone.
pub(super) fn reads_as_kernel_thread(dir: &TaskDir<'_>) -> Option<bool> {
    read(dir, ProcFile::Stat, STATUS_BYTES, |stat| Some(is_kernel_thread(stat))).known()
}

/// Returns whether the first thread of a process has ended.
pub(super) fn reads_as_ended(dir: &TaskDir<'_>) -> bool {
    read(dir, ProcFile::Stat, STATUS_BYTES, |stat| Some(has_ended(stat))).known() == Some(true)
}

fn fact<T>(read: Result<T, RootError>) -> Fact<T> {
    match read {
        Ok(fact) => Fact::Known(fact),
        Err(error) if error.kind() == RootErrorKind::Denied => Fact::NotPermitted,
        // OK because what cannot be read for another reason is unknown, too.
        Err(_) => Fact::Absent,
    }
}

fn read<T>(
    dir: &TaskDir<'_>,
    file: ProcFile,
    limit: u64,
    parse: fn(&[u8]) -> Option<T>,
) -> Fact<T> {
    let mut file = match fact(dir.open(file)) {
        Fact::Known(file) => file,
        Fact::NotPermitted => return Fact::NotPermitted,
        _ => return Fact::Absent,
    };
    match read_bounded(&mut file, limit) {
        Ok(Some(text)) => parse(&text).map_or(Fact::Absent, Fact::Known),
        Ok(None) => Fact::TooLong,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Fact::NotPermitted,
        // OK because a file of a process that is gone cannot be read (`ESRCH`).
        Err(_) => Fact::Absent,
    }
}

/// Reads a file to its end, or returns `None` when it is longer than the limit.
fn read_bounded(file: &mut File, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut text)?;
    Ok(u64::try_from(text.len()).is_ok_and(|length| length <= limit).then_some(text))
}
