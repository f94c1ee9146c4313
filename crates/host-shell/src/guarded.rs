//! A wrapper around every file system of the interpreter: granted directories and files in memory.
//!
//! It checks what can be seen only between the interpreter and its files:
//!
//! - the number of entries that a pattern (`*`) lists. The interpreter cuts them, and treats errors
//!   as an empty directory, so the script is ended;
//! - directories deeper than the longest path. `tree` and `**` leave them out, so the script is
//!   ended;
//! - the content of a file that `source` or `bash` runs;
//! - errors that would end the script although only one command failed ([`ENDING`]).

use std::{
    collections::BTreeSet,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use async_trait::async_trait;
use bashkit::{
    DirEntry, Error, FileSystem, FileSystemExt, FsLimits, FsUsage, Metadata, Result, SearchCapable,
    VfsSnapshot,
};
use builtin_cli::Escaped;

use crate::{
    brace::too_many_words,
    check::Checks,
    fs::WriteBudget,
    limits::{MAX_LISTED_ENTRIES, MAX_PATH_DEPTH},
    nesting::PREFIXES,
    output::Stop,
};

/// Commands that pass on an error of a file instead of reporting it. The interpreter then ends the
/// script, unless the error has the kind that [`GuardedFs::softened`] converts it to.
const ENDING: [&str; 13] = [
    "bunzip2", "bzcat", "bzip2", "du", "gunzip", "gzip", "join", "less", "patch", "split", "tar",
    "unzip", "zip",
];

/// Commands that run the text of a file.
const SOURCES: [&str; 4] = [".", "bash", "sh", "source"];

/// The state of the running script, shared by all file systems of a shell.
#[derive(Debug)]
pub(crate) struct ScriptWatch {
    budget: Arc<WriteBudget>,
    checks: Arc<Checks>,
    /// Entries listed since the start of the last command.
    listed: AtomicUsize,
    /// Whether the next file to be read is a script.
    is_script_next: AtomicBool,
    /// File names among the arguments of [`ENDING`] commands; `None` before the first such
    /// command.
    named: Mutex<Option<BTreeSet<OsString>>>,
}

impl ScriptWatch {
    pub(crate) fn new(budget: Arc<WriteBudget>, checks: Arc<Checks>) -> Self {
        Self {
            budget,
            checks,
            listed: AtomicUsize::new(0),
            is_script_next: AtomicBool::new(false),
            named: Mutex::new(None),
        }
    }

    /// Resets the state for a new script.
    pub(crate) fn begin(&self) {
        self.before_command("", &[]);
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Records a command before it runs.
    pub(crate) fn before_command(&self, name: &str, args: &[String]) {
        self.listed.store(0, Ordering::Relaxed);
        let is_source = SOURCES.contains(&name)
            || PREFIXES.contains(&name) && args.iter().any(|word| SOURCES.contains(&&**word));
        self.is_script_next.store(is_source, Ordering::Relaxed);
        if ENDING.contains(&name) {
            let names = args.iter().filter_map(|word| Path::new(word).file_name());
            let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
            named.get_or_insert_default().extend(names.map(ToOwned::to_owned));
        }
    }

    fn count(&self, entries: usize) -> Result<()> {
        let before = self.listed.fetch_add(entries, Ordering::Relaxed);
        if before.saturating_add(entries) <= MAX_LISTED_ENTRIES {
            return Ok(());
        }
        self.budget.end(Stop::TooManyEntries);
        Err(io::Error::other(format!("more than {MAX_LISTED_ENTRIES} entries")).into())
    }

    /// Looks at the text of a file, and returns it with checks of its expansions if it is a script.
    fn check_script(&self, content: Vec<u8>) -> Result<Vec<u8>> {
        if !self.is_script_next.swap(false, Ordering::Relaxed) {
            return Ok(content);
        }
        let text = String::from_utf8_lossy(&content);
        if let Some(words) = too_many_words(&text) {
            self.budget.end(Stop::TooManyWords(words));
            return Err(io::Error::other("too many words in braces").into());
        }
        match self.checks.add_to(&text) {
            Ok(checked) => Ok(checked.map_or(content, String::into_bytes)),
            Err(cut) => {
                self.budget.end(Stop::Cut(cut));
                Err(io::Error::other("expansions that cannot be checked").into())
            }
        }
    }

    /// Returns whether an error may belong to a command that passes it on.
    fn may_end_the_script(&self, path: &Path, error: &io::Error, access: EntryAccess) -> bool {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let is_named =
            |names: &BTreeSet<OsString>| path.file_name().is_some_and(|name| names.contains(name));
        // Other commands also look for missing files, and rely on this error kind.
        let is_looked_for = access == EntryAccess::Look && error.kind() == io::ErrorKind::NotFound;
        named.as_ref().is_some_and(|names| !is_looked_for || is_named(names))
    }
}

/// The operation of a command on an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EntryAccess {
    Look,
    Write,
}

/// One file system of the interpreter.
pub(crate) struct GuardedFs {
    inner: Arc<dyn FileSystem>,
    watch: Arc<ScriptWatch>,
    /// Where it is mounted.
    mount: PathBuf,
}

impl GuardedFs {
    pub(crate) fn new(inner: Arc<dyn FileSystem>, watch: Arc<ScriptWatch>, mount: PathBuf) -> Self {
        Self { inner, watch, mount }
    }

    /// Converts an error that would end the script to one that only fails the command.
    async fn softened<T>(&self, path: &Path, result: Result<T>, access: EntryAccess) -> Result<T> {
        let error = match result {
            Err(Error::Io(error)) if self.watch.may_end_the_script(path, &error, access) => error,
            result => return result,
        };
        // The interpreter follows links after errors of other kinds, so those must be kept.
        if error.kind() != io::ErrorKind::PermissionDenied && self.has_link(path).await {
            return Err(error.into());
        }
        Err(self.soft(path, &error))
    }

    async fn has_link(&self, path: &Path) -> bool {
        for part in path.ancestors() {
            if self.inner.stat(part).await.is_ok_and(|entry| entry.file_type.is_symlink()) {
                return true;
            }
        }
        false
    }

    fn soft(&self, path: &Path, error: &io::Error) -> Error {
        let path = self.mount.join(path.strip_prefix("/").unwrap_or(path));
        let path = Escaped::new(path.as_os_str().as_encoded_bytes());
        Error::Execution(format!("{path}: {error}"))
    }

    /// Ends the script at a directory that is too deep for a path of the interpreter.
    fn check_depth(&self, path: &Path, entries: &[DirEntry]) -> Result<()> {
        let levels = self.mount.components().count() + path.components().count();
        if levels <= MAX_PATH_DEPTH || !entries.iter().any(|it| it.metadata.file_type.is_dir()) {
            return Ok(());
        }
        self.watch.budget.end(Stop::TooDeepDirectory);
        Err(io::Error::other(format!("deeper than {MAX_PATH_DEPTH} levels")).into())
    }
}

#[async_trait]
impl FileSystemExt for GuardedFs {
    fn usage(&self) -> FsUsage {
        self.inner.usage()
    }

    async fn mkfifo(&self, path: &Path, mode: u32) -> Result<()> {
        self.inner.mkfifo(path, mode).await
    }

    fn limits(&self) -> FsLimits {
        self.inner.limits()
    }

    fn vfs_snapshot(&self) -> Option<VfsSnapshot> {
        self.inner.vfs_snapshot()
    }

    fn vfs_restore(&self, snapshot: &VfsSnapshot) -> Result<()> {
        self.inner.vfs_restore(snapshot)
    }

    fn backend_kind(&self) -> &'static str {
        self.inner.backend_kind()
    }
}

#[async_trait]
impl FileSystem for GuardedFs {
    async fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        let content =
            self.softened(path, self.inner.read_file(path).await, EntryAccess::Look).await?;
        self.watch.check_script(content)
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        let written = self.inner.write_file(path, content).await;
        // Redirections open a file by writing nothing, and report errors themselves.
        if content.is_empty() {
            written
        } else {
            self.softened(path, written, EntryAccess::Write).await
        }
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.inner.append_file(path, content).await
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        self.softened(path, self.inner.mkdir(path, recursive).await, EntryAccess::Write).await
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        self.softened(path, self.inner.remove(path, recursive).await, EntryAccess::Write).await
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        self.softened(path, self.inner.stat(path).await, EntryAccess::Look).await
    }

    async fn lstat(&self, path: &Path) -> Result<Metadata> {
        self.softened(path, self.inner.lstat(path).await, EntryAccess::Look).await
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let entries =
            self.softened(path, self.inner.read_dir(path).await, EntryAccess::Look).await?;
        self.watch.count(entries.len())?;
        self.check_depth(path, &entries)?;
        Ok(entries)
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        self.inner.exists(path).await
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.inner.rename(from, to).await
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        self.inner.copy(from, to).await
    }

    async fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        self.inner.symlink(target, link).await
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        self.softened(path, self.inner.read_link(path).await, EntryAccess::Look).await
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        self.inner.chmod(path, mode).await
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        self.inner.set_modified_time(path, time).await
    }

    fn as_search_capable(&self) -> Option<&dyn SearchCapable> {
        self.inner.as_search_capable()
    }
}
