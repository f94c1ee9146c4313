//! The directories of a [`Sandbox`] as a file system of the interpreter.
//!
//! Every operation goes to the sandbox with the absolute path that the script sees: through the
//! same handle, and the same check by the kernel, as operations of builtins. This file makes no
//! access decisions itself.
//!
//! The operations block. This is fine, because the interpreter has its own thread and runs one
//! operation at a time, only regular files are opened, and the size of a read is bounded.
//!
//! # Links
//!
//! The interpreter follows links itself, in its own name space, where `/etc/passwd` is simulated:
//! it calls [`FileSystem::stat`], which must not follow links here, reads the link, and restarts
//! with the target. A link that leaves its grant must not lead into that name space, so
//! [`SandboxFs::read_link`] refuses links that the sandbox would not follow.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use async_trait::async_trait;
use bashkit::{DirEntry, FileSystem, FileSystemExt, FileType, FsLimits, Metadata, Result};
use bstr::{BString, ByteSlice as _, ByteVec as _};
use builtin_api::{Sandbox, SandboxError, SandboxErrorKind};
use cap_std::fs::PermissionsExt as _;

use crate::{
    limits::{ENTRY_BYTES, MAX_FILE_BYTES, MAX_LISTED_ENTRIES},
    output::{Reason, Stop},
    script::ScriptInterrupt,
};

/// One granted directory, to be mounted in the interpreter at its own path.
#[derive(Debug)]
pub(crate) struct SandboxFs {
    sandbox: Sandbox,
    mount: BString,
    budget: Arc<WriteBudget>,
}

/// Bytes that the running script may still write into all granted directories.
#[derive(Debug, Default)]
pub(crate) struct WriteBudget {
    left: AtomicU64,
    reason: Reason,
    /// Ends the script.
    interrupt: ScriptInterrupt,
}

impl WriteBudget {
    /// Returns an empty budget, which ends a script by `interrupt`.
    pub(crate) fn new(interrupt: ScriptInterrupt) -> Self {
        Self { interrupt, ..Self::default() }
    }

    /// Resets the budget for a new script, and returns where the reason for its end will be stored.
    pub(crate) fn begin(&self, bytes: u64) -> Reason {
        self.left.store(bytes, Ordering::Relaxed);
        self.reason.clear();
        self.reason.clone()
    }

    /// Ends the script.
    pub(crate) fn end(&self, stop: Stop) {
        self.reason.set(stop);
        self.interrupt.interrupt();
    }

    /// Takes bytes from the budget. If it has too few left, the script ends.
    fn spend(&self, bytes: u64) -> io::Result<()> {
        let take = |left: u64| left.checked_sub(bytes);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            return Ok(());
        }
        self.end(Stop::TooMuchWritten);
        let problem = "the limit of bytes for granted directories is reached";
        Err(io::Error::new(io::ErrorKind::QuotaExceeded, problem))
    }
}

impl SandboxFs {
    /// Returns the file system of the directory that `sandbox` grants at `mount`.
    pub(crate) fn new(sandbox: Sandbox, mount: BString, budget: Arc<WriteBudget>) -> Self {
        Self { sandbox, mount, budget }
    }

    /// Returns the path that the script sees, for one that starts at the mount.
    fn script_path(&self, path: &Path) -> BString {
        let beneath = path.as_os_str().as_encoded_bytes();
        let beneath = beneath.strip_prefix(b"/").unwrap_or(beneath);
        let mut whole = self.mount.clone();
        if !beneath.is_empty() && !whole.ends_with(b"/") {
            whole.push_byte(b'/');
        }
        whole.push_str(beneath);
        whole
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.sandbox.open(self.script_path(path)).map_err(reported)?;
        let mut content = Vec::new();
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content)?;
        check_size(content.len())?;
        Ok(content)
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        check_size(content.len())?;
        self.budget.spend(length(content).max(ENTRY_BYTES))?;
        let mut file = self.sandbox.create(self.script_path(path)).map_err(reported)?;
        file.write_all(content)
    }

    fn append(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = self.sandbox.append(self.script_path(path)).map_err(reported)?;
        let present = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        check_size(present.saturating_add(content.len()))?;
        // An empty file may have been created just now.
        self.budget.spend(length(content).max(if present == 0 { ENTRY_BYTES } else { 0 }))?;
        file.write_all(content)
    }

    fn remove_entry(&self, path: &Path, depth: Depth) -> io::Result<()> {
        let path = self.script_path(path);
        let metadata = self.sandbox.symlink_metadata(&path).map_err(reported)?;
        let removed = match depth {
            _ if !metadata.is_dir() => self.sandbox.remove_file(&path),
            Depth::Entry => self.sandbox.remove_dir(&path),
            Depth::Tree => self.sandbox.remove_dir_all(&path),
        };
        removed.map_err(reported)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let directory = self.script_path(path);
        let mut entries = Vec::new();
        for entry in self.sandbox.read_dir(&directory).map_err(reported)? {
            let entry = entry.map_err(reported)?;
            if entries.len() >= MAX_LISTED_ENTRIES {
                // The interpreter treats an error as no match, so the script has to end.
                self.budget.end(Stop::TooManyEntries);
                return Err(io::Error::other(format!("more than {MAX_LISTED_ENTRIES} entries")));
            }
            let mut path = directory.clone();
            path.push_byte(b'/');
            path.push_str(entry.name());
            match self.sandbox.symlink_metadata(&path) {
                // bashkit's names are text: one that is not UTF-8 is shown with U+FFFD, and cannot
                // be opened by what is shown.
                Ok(metadata) => entries.push(DirEntry {
                    name: entry.name().to_str_lossy().into_owned(),
                    metadata: translated(&metadata),
                }),
                // OK because an entry that was removed meanwhile is not there.
                Err(error) if error.kind() == SandboxErrorKind::NotFound => (),
                Err(error) => return Err(reported(error)),
            }
        }
        Ok(entries)
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        let path = self.script_path(path);
        let target = self.sandbox.read_link(&path).map_err(reported)?;
        match self.sandbox.metadata(&path) {
            Err(error) if error.kind() == SandboxErrorKind::Escapes => Err(reported(error)),
            // OK because the target is checked again when the link is followed.
            _ => Ok(OsString::from_vec(target.into()).into()),
        }
    }
}

/// Whether the content of a directory is removed too.
#[derive(Clone, Copy)]
enum Depth {
    Entry,
    Tree,
}

fn length(content: &[u8]) -> u64 {
    u64::try_from(content.len()).unwrap_or(u64::MAX)
}

fn check_size(bytes: usize) -> io::Result<()> {
    if u64::try_from(bytes).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        let problem = format!("the file is larger than the limit of {MAX_FILE_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(())
}

/// Returns the error as the interpreter prints it after the path.
///
/// Common kinds get the usual text of the system; a refusal keeps its reason.
fn reported(error: SandboxError) -> io::Error {
    let text = match error.kind() {
        SandboxErrorKind::NotFound | SandboxErrorKind::NotGranted => "No such file or directory",
        SandboxErrorKind::Denied => "Permission denied",
        SandboxErrorKind::IsADirectory => "Is a directory",
        SandboxErrorKind::NotADirectory => "Not a directory",
        SandboxErrorKind::NotEmpty => "Directory not empty",
        SandboxErrorKind::Exists => "File exists",
        SandboxErrorKind::LinkLoop => "Too many levels of symbolic links",
        _ => return error.into(),
    };
    io::Error::new(error.kind().into(), text)
}

fn translated(metadata: &cap_std::fs::Metadata) -> Metadata {
    // Other types (a device, a socket) are shown as a FIFO, so that they are not treated as files.
    // They cannot be opened in any case.
    let file_type = match metadata.file_type() {
        kind if kind.is_dir() => FileType::Directory,
        kind if kind.is_symlink() => FileType::Symlink,
        kind if kind.is_file() => FileType::File,
        _ => FileType::Fifo,
    };
    let modified =
        metadata.modified().map_or(SystemTime::UNIX_EPOCH, cap_std::time::SystemTime::into_std);
    let created = metadata.created().map_or(modified, cap_std::time::SystemTime::into_std);
    let mode = metadata.permissions().mode() & 0o7777;
    Metadata { file_type, size: metadata.len(), mode, modified, created }
}

#[async_trait]
impl FileSystemExt for SandboxFs {
    fn limits(&self) -> FsLimits {
        crate::limits::files()
    }

    fn backend_kind(&self) -> &'static str {
        "sandbox"
    }
}

#[async_trait]
impl FileSystem for SandboxFs {
    async fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        Ok(self.read(path)?)
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        Ok(self.write(path, content)?)
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        Ok(self.append(path, content)?)
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        self.budget.spend(ENTRY_BYTES)?;
        let path = self.script_path(path);
        let created = if recursive {
            self.sandbox.create_dir_all(path)
        } else {
            self.sandbox.create_dir(path)
        };
        Ok(created.map_err(reported)?)
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        let depth = if recursive { Depth::Tree } else { Depth::Entry };
        Ok(self.remove_entry(path, depth)?)
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        let metadata = self.sandbox.symlink_metadata(self.script_path(path)).map_err(reported)?;
        Ok(translated(&metadata))
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        Ok(self.list(path)?)
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        match self.sandbox.symlink_metadata(self.script_path(path)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == SandboxErrorKind::NotFound => Ok(false),
            Err(error) => Err(reported(error).into()),
        }
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (self.script_path(from), self.script_path(to));
        Ok(self.sandbox.rename(from, to).map_err(reported)?)
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let content = self.read(from)?;
        Ok(self.write(to, &content)?)
    }

    async fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        self.budget.spend(ENTRY_BYTES)?;
        let target = target.as_os_str().as_encoded_bytes();
        Ok(self.sandbox.symlink(target, self.script_path(link)).map_err(reported)?)
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        Ok(self.link_target(path)?)
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        Ok(self.sandbox.set_permissions(self.script_path(path), mode).map_err(reported)?)
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        // Opened for appending, because this checks that the grant allows writing.
        let file = self.sandbox.append(self.script_path(path)).map_err(reported)?;
        Ok(file.into_std().set_modified(time)?)
    }
}
