//! Creating and changing.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

use bstr::ByteSlice as _;
use cap_std::fs::{
    File, Metadata, MetadataExt as _, OpenOptions, Permissions, PermissionsExt as _,
};
use rustix::{fs::OFlags, io::Errno};

use super::{
    GrantedPath, Sandbox, SandboxError,
    error::{Repr, SandboxErrorKind},
    path::EntryPath,
};

/// Every bit that a script may set in a mode.
const PERMISSION_BITS: u32 = 0o777;

impl Sandbox {
    /// Opens a regular file for writing from its start. A missing file is created, an existing one
    /// is emptied. Links are followed within the grant.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::ReadOnly`] in a read-only grant, [`SandboxErrorKind::NotAFile`] and
    /// [`SandboxErrorKind::IsADirectory`] for all that is not a regular file.
    pub fn create(&self, path: impl AsRef<[u8]>) -> Result<File, SandboxError> {
        let granted = self.writable(path.as_ref())?;
        let file = granted.open_for_writing(OpenOptions::new().write(true).create(true))?;
        // Emptied only after the opened file was found to be a regular one.
        file.set_len(0).map_err(granted.failed("emptied"))?;
        Ok(file)
    }

    /// Opens a regular file for writing at its end. A missing file is created. Links are followed
    /// within the grant.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::create`].
    pub fn append(&self, path: impl AsRef<[u8]>) -> Result<File, SandboxError> {
        let granted = self.writable(path.as_ref())?;
        granted.open_for_writing(OpenOptions::new().append(true).create(true))
    }

    /// Creates a directory.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::ReadOnly`] in a read-only grant, [`SandboxErrorKind::Exists`] when there
    /// is something already.
    pub fn create_dir(&self, path: impl AsRef<[u8]>) -> Result<(), SandboxError> {
        let granted = self.writable(path.as_ref())?;
        let entry = granted.entry()?;
        granted.grant.dir.create_dir(entry.path()).map_err(granted.failed("created"))
    }

    /// Creates a directory and its missing parents. Existing directories are not an error.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::ReadOnly`] in a read-only grant, [`SandboxErrorKind::Exists`] when the
    /// path is there and not a directory, [`SandboxErrorKind::NotADirectory`] when something on the
    /// way is not a directory.
    pub fn create_dir_all(&self, path: impl AsRef<[u8]>) -> Result<(), SandboxError> {
        let granted = self.writable(path.as_ref())?;
        // The length of a path limits the number of steps.
        for step in granted.beneath.steps() {
            let created = granted.grant.dir.create_dir(step).map_err(granted.failed("created"));
            match created {
                Err(error) if error.kind() != SandboxErrorKind::Exists => return Err(error),
                _ => (),
            }
        }
        if granted.metadata("created")?.is_dir() {
            return Ok(());
        }
        // OK because the last step is the path itself, and creating it once more returns the
        // reason.
        let entry = granted.entry()?;
        granted.grant.dir.create_dir(entry.path()).map_err(granted.failed("created"))
    }

    /// Renames within one grant. A file at `to` is replaced.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::ReadOnly`] in a read-only grant, [`SandboxErrorKind::CrossesGrants`]
    /// when the two paths are in two grants, or in two file systems of one.
    pub fn rename(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<(), SandboxError> {
        let from = self.writable(from.as_ref())?;
        let to = self.writable(to.as_ref())?;
        if !std::ptr::eq(from.grant, to.grant) {
            let (from, to) = (from.script_path.into(), to.script_path.into());
            return Err(Repr::CrossesGrants { from, to }.into());
        }
        let dir = &from.grant.dir;
        let (old, new) = (from.entry()?, to.entry()?);
        // cap-std ignores a slash at the end of the new path and would replace a link there.
        if to.beneath.wants_directory() {
            let metadata = dir.symlink_metadata(old.path()).map_err(from.failed("renamed"))?;
            if !metadata.is_dir() {
                return Err(to.failed("replaced")(Errno::NOTDIR.into()));
            }
        }
        dir.rename(old.path_as_typed(), dir, new.path()).map_err(from.failed("renamed"))
    }

    /// Sets the permissions of a regular file or a directory. Links are followed within the grant.
    ///
    /// `mode` has only the nine permission bits: a script cannot make a program setuid.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::InvalidMode`] for other bits, [`SandboxErrorKind::ReadOnly`] in a
    /// read-only grant, [`SandboxErrorKind::Protected`] for the granted directory itself,
    /// [`SandboxErrorKind::Denied`] when the process may neither read nor write the file, because
    /// the mode is set through an opened handle.
    pub fn set_permissions(&self, path: impl AsRef<[u8]>, mode: u32) -> Result<(), SandboxError> {
        let granted = self.writable(path.as_ref())?;
        if mode & !PERMISSION_BITS != 0 {
            return Err(Repr::InvalidMode { mode }.into());
        }
        let file = granted.open_for_mode()?;
        granted.refuse_grant_itself(&file.metadata().map_err(granted.failed("examined"))?)?;
        // Security: through the handle, so that the checked file is changed and no other.
        file.set_permissions(Permissions::from_mode(mode)).map_err(granted.failed("changed"))
    }

    /// Makes `link` a symbolic link to `target`.
    ///
    /// The target is relative to the directory of the link, without `..`. The sandbox would confine
    /// `..`, but the link could be moved so that it leads out of the grant, and programs outside of
    /// the sandbox would follow it.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::Escapes`] for another target, [`SandboxErrorKind::ReadOnly`] in a
    /// read-only grant, [`SandboxErrorKind::Exists`] when there is something already.
    pub fn symlink(
        &self,
        target: impl AsRef<[u8]>,
        link: impl AsRef<[u8]>,
    ) -> Result<(), SandboxError> {
        let target = target.as_ref();
        let granted = self.writable(link.as_ref())?;
        if target.starts_with(b"/") || target.split_str("/").any(|part| part == b"..") {
            let (path, target) = (granted.script_path.into(), target.into());
            return Err(Repr::TargetEscapes { path, target }.into());
        }
        let link = granted.entry()?.path_as_typed();
        granted
            .grant
            .dir
            .symlink(OsStr::from_bytes(target), link)
            .map_err(granted.failed("created"))
    }
}

impl GrantedPath<'_> {
    /// Returns the entry to change.
    pub(super) fn entry(&self) -> Result<EntryPath, SandboxError> {
        let protected = || Repr::Protected { path: self.script_path.into() }.into();
        self.beneath.entry().ok_or_else(protected)
    }

    fn open_for_writing(&self, options: &OpenOptions) -> Result<File, SandboxError> {
        match self.metadata("opened") {
            Ok(metadata) => self.require_file(&metadata)?,
            Err(error) if error.kind() == SandboxErrorKind::NotFound => (),
            Err(error) => return Err(error),
        }
        self.open_file(options)
    }

    /// Opens a regular file or a directory in any way that the system permits.
    fn open_for_mode(&self) -> Result<File, SandboxError> {
        let mut read = OpenOptions::new();
        read.read(true);
        let metadata = self.metadata("changed")?;
        if metadata.is_dir() {
            return self.open_with(&read, OFlags::DIRECTORY).map_err(self.failed("changed"));
        }
        self.require_file(&metadata)?;
        match self.open_file(&read) {
            Err(error) if error.kind() == SandboxErrorKind::Denied => {
                self.open_file(OpenOptions::new().write(true))
            }
            opened => opened,
        }
    }

    /// Refuses to change the granted directory itself, by whatever path it is named.
    fn refuse_grant_itself(&self, metadata: &Metadata) -> Result<(), SandboxError> {
        let granted = self.grant.dir.dir_metadata().map_err(self.failed("examined"))?;
        if (granted.dev(), granted.ino()) == (metadata.dev(), metadata.ino()) {
            return Err(Repr::Protected { path: self.script_path.into() }.into());
        }
        Ok(())
    }
}
