//! Removing.

use std::{ffi::OsStr, io};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;

use super::{GrantedPath, Sandbox, SandboxError, error::Repr, listing::file_type};

/// The deepest nesting of directories that [`Sandbox::remove_dir_all`] removes. It opens two
/// descriptors for each level, and the default limit of a process is about a thousand.
pub const MAX_TREE_DEPTH: usize = 128;

/// Why a tree was not removed.
enum TreeError {
    TooDeep,
    Io(io::Error),
}

impl Sandbox {
    /// Removes a file, or a link itself.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::ReadOnly`](crate::SandboxErrorKind::ReadOnly) in a read-only grant,
    /// [`SandboxErrorKind::IsADirectory`](crate::SandboxErrorKind::IsADirectory) for a directory.
    pub fn remove_file(&self, path: impl AsRef<[u8]>) -> Result<(), SandboxError> {
        let granted = self.writable(path.as_ref())?;
        let entry = granted.entry()?;
        granted.grant.dir.remove_file(entry.path_as_typed()).map_err(granted.failed("removed"))
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::ReadOnly`](crate::SandboxErrorKind::ReadOnly) in a read-only grant,
    /// [`SandboxErrorKind::NotEmpty`](crate::SandboxErrorKind::NotEmpty) when something is in it.
    pub fn remove_dir(&self, path: impl AsRef<[u8]>) -> Result<(), SandboxError> {
        let granted = self.writable(path.as_ref())?;
        let entry = granted.entry()?;
        granted.grant.dir.remove_dir(entry.path()).map_err(granted.failed("removed"))
    }

    /// Removes a directory and everything in it. Links are removed, not followed.
    ///
    /// It stops at the first entry that cannot be removed; entries before it are removed.
    ///
    /// # Limits
    ///
    /// Directories nested deeper than [`MAX_TREE_DEPTH`] are an error.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::ReadOnly`](crate::SandboxErrorKind::ReadOnly) in a read-only grant,
    /// [`SandboxErrorKind::NotADirectory`](crate::SandboxErrorKind::NotADirectory) for a file or a
    /// link, [`SandboxErrorKind::TooDeep`](crate::SandboxErrorKind::TooDeep) past the limit.
    pub fn remove_dir_all(&self, path: impl AsRef<[u8]>) -> Result<(), SandboxError> {
        let granted = self.writable(path.as_ref())?;
        let entry = granted.entry()?;
        let parent =
            granted.grant.dir.open_dir(&entry.parent).map_err(granted.failed("removed"))?;
        remove_tree(&parent, &entry.name, MAX_TREE_DEPTH)
            .map_err(|error| granted.tree_failed(error))
    }
}

impl GrantedPath<'_> {
    fn tree_failed(&self, error: TreeError) -> SandboxError {
        match error {
            TreeError::TooDeep => {
                Repr::TooDeep { path: self.script_path.into(), limit: MAX_TREE_DEPTH }.into()
            }
            TreeError::Io(cause) => self.failed("removed")(cause),
        }
    }
}

impl From<io::Error> for TreeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Removes the directory `name` of `parent`. It uses only handles, because paths would be wrong if
/// the directory is moved meanwhile.
fn remove_tree(parent: &Dir, name: &OsStr, levels: usize) -> Result<(), TreeError> {
    let levels = levels.checked_sub(1).ok_or(TreeError::TooDeep)?;
    let dir = open_dir_itself(parent, name)?;
    for entry in dir.entries()? {
        let entry = entry?;
        if file_type(&entry)?.is_dir() {
            remove_tree(&dir, &entry.file_name(), levels)?;
        } else {
            dir.remove_file(entry.file_name())?;
        }
    }
    Ok(parent.remove_dir(name)?)
}

/// Opens a directory, but not a link to one.
///
/// Without `openat2`, cap-std follows a link despite the flag; it still cannot lead out of
/// `parent`.
fn open_dir_itself(parent: &Dir, name: &OsStr) -> io::Result<Dir> {
    let mut options = OpenOptions::new();
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    options.read(true).custom_flags(flags.bits().cast_signed());
    Ok(Dir::from_std_file(parent.open_with(name, &options)?.into_std()))
}
