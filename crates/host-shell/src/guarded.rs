//! What every file system of the interpreter goes through: granted directories, and files in memory.
//!
//! Some things can be seen only here, between the interpreter and its files:
//!
//! - how many entries a pattern (`*`) lists. The interpreter cuts it, and takes errors for an empty
//!   directory, so the script ends;
//! - directories that are deeper than a path may be. `tree` and `**` leave them out, so the same;
//! - the text of a file that `source` or `bash` runs;
//! - errors that would end the script although one command fails ([`ENDING`]).

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

/// Commands that hand on an error of a file instead of reporting it. The interpreter ends the
/// script then, but for errors of the kind that [`Watch::softened`] makes of them.
const ENDING: [&str; 13] = [
    "bunzip2", "bzcat", "bzip2", "du", "gunzip", "gzip", "join", "less", "patch", "split", "tar",
    "unzip", "zip",
];

/// Commands that run the text of a file.
const SOURCES: [&str; 4] = [".", "bash", "sh", "source"];

/// What the script that runs has done so far; all file systems of a shell share it.
#[derive(Debug)]
pub(crate) struct Watch {
    budget: Arc<WriteBudget>,
    checks: Arc<Checks>,
    /// Entries that were listed since the last command began.
    listed: AtomicUsize,
    /// Whether the next file that is read is a script.
    is_script_next: AtomicBool,
    /// Names that arguments of [`ENDING`] commands have; `None` before the first of them.
    named: Mutex<Option<BTreeSet<OsString>>>,
}

impl Watch {
    pub(crate) fn new(budget: Arc<WriteBudget>, checks: Arc<Checks>) -> Self {
        Self {
            budget,
            checks,
            listed: AtomicUsize::new(0),
            is_script_next: AtomicBool::new(false),
            named: Mutex::new(None),
        }
    }

    /// Begins with a script.
    pub(crate) fn begin(&self) {
        self.before_command("", &[]);
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sees a command before it runs.
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

    /// Returns whether an error of an entry may be of a command that hands it on.
    fn may_end_the_script(&self, path: &Path, error: &io::Error, access: Access) -> bool {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let is_named =
            |names: &BTreeSet<OsString>| path.file_name().is_some_and(|name| names.contains(name));
        // What is not found is looked for by others, too, which have to see this kind.
        let is_looked_for = access == Access::Look && error.kind() == io::ErrorKind::NotFound;
        named.as_ref().is_some_and(|names| !is_looked_for || is_named(names))
    }
}

/// What a command does with an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Look,
    Write,
}

/// One file system of the interpreter.
pub(crate) struct GuardedFs {
    inner: Arc<dyn FileSystem>,
    watch: Arc<Watch>,
    /// Where it is mounted.
    mount: PathBuf,
}

impl GuardedFs {
    pub(crate) fn new(inner: Arc<dyn FileSystem>, watch: Arc<Watch>, mount: PathBuf) -> Self {
        Self { inner, watch, mount }
    }

    /// Makes of an error that would end the script one that fails the command.
    async fn softened<T>(&self, path: &Path, result: Result<T>, access: Access) -> Result<T> {
        let error = match result {
            Err(Error::Io(error)) if self.watch.may_end_the_script(path, &error, access) => error,
            result => return result,
        };
        // The interpreter follows links after an error of another kind, so it has to see that one.
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

    /// Ends the script at a directory that no path of the interpreter reaches.
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
        let content = self.softened(path, self.inner.read_file(path).await, Access::Look).await?;
        self.watch.check_script(content)
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        let written = self.inner.write_file(path, content).await;
        // Redirections open a file by writing nothing, and report errors themselves.
        if content.is_empty() { written } else { self.softened(path, written, Access::Write).await }
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.inner.append_file(path, content).await
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        self.softened(path, self.inner.mkdir(path, recursive).await, Access::Write).await
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        self.softened(path, self.inner.remove(path, recursive).await, Access::Write).await
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        self.softened(path, self.inner.stat(path).await, Access::Look).await
    }

    async fn lstat(&self, path: &Path) -> Result<Metadata> {
        self.softened(path, self.inner.lstat(path).await, Access::Look).await
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let entries = self.softened(path, self.inner.read_dir(path).await, Access::Look).await?;
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
        self.softened(path, self.inner.read_link(path).await, Access::Look).await
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
