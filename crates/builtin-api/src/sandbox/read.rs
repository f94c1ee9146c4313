//! Reading, listing and examining.

use std::{io, os::unix::ffi::OsStringExt as _};

use bstr::BString;
use cap_std::fs::{File, Metadata, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;

use super::{
    GrantedPath, ReadDir, Sandbox, SandboxError,
    error::{Repr, SandboxErrorKind, kind_of},
};

impl Sandbox {
    /// Opens a regular file for reading. Links are followed within the grant.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::NotAFile`] or [`SandboxErrorKind::IsADirectory`] if it is not a regular
    /// file.
    pub fn open(&self, path: impl AsRef<[u8]>) -> Result<File, SandboxError> {
        let granted = self.locate(path.as_ref())?;
        granted.require_file(&granted.metadata("opened")?)?;
        granted.open_file(OpenOptions::new().read(true))
    }

    /// Opens a directory and returns its entries, in the order of the file system, without `.` and
    /// `..`.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::NotADirectory`] when it is not a directory.
    pub fn read_dir(&self, path: impl AsRef<[u8]>) -> Result<ReadDir, SandboxError> {
        let granted = self.locate(path.as_ref())?;
        let entries = granted.grant.dir.read_dir(granted.beneath.lookup());
        Ok(ReadDir::new(granted.script_path, entries.map_err(granted.failed("listed"))?))
    }

    /// Returns the metadata of the path; links are followed within the grant.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::NotFound`] when there is nothing, also at the end of a link.
    pub fn metadata(&self, path: impl AsRef<[u8]>) -> Result<Metadata, SandboxError> {
        self.locate(path.as_ref())?.metadata("examined")
    }

    /// Returns the metadata of the path; a link at its end is not followed.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::NotFound`] when there is nothing.
    pub fn symlink_metadata(&self, path: impl AsRef<[u8]>) -> Result<Metadata, SandboxError> {
        let granted = self.locate(path.as_ref())?;
        if granted.beneath.wants_directory() {
            // A slash after a link follows it, but cap-std ignores the slash.
            return granted.metadata("examined");
        }
        let metadata = granted.grant.dir.symlink_metadata(granted.beneath.lookup());
        metadata.map_err(granted.failed("examined"))
    }

    /// Returns the target of a link, unchanged. The sandbox may refuse to follow it.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::Io`] when it is not a link.
    pub fn read_link(&self, path: impl AsRef<[u8]>) -> Result<BString, SandboxError> {
        let granted = self.locate(path.as_ref())?;
        let target = granted.grant.dir.read_link_contents(granted.beneath.lookup());
        let target = target.map_err(granted.failed("read as a link"))?;
        Ok(target.into_os_string().into_vec().into())
    }
}

impl GrantedPath<'_> {
    /// Returns the metadata of the location, without opening it. `action` is for the message.
    pub(super) fn metadata(&self, action: &'static str) -> Result<Metadata, SandboxError> {
        self.grant.dir.metadata(self.beneath.lookup()).map_err(self.failed(action))
    }

    /// Opens a file, and closes it again if it is not a regular file.
    pub(super) fn open_file(&self, options: &OpenOptions) -> Result<File, SandboxError> {
        // Security: the kind was checked before, but the entry may have been replaced since.
        // O_NONBLOCK prevents opening a FIFO from blocking, and O_NOCTTY a terminal from becoming
        // the controlling one; neither affects a regular file.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = self.open_with(options, flags).map_err(self.failed("opened"))?;
        let metadata = file.metadata().map_err(self.failed("examined"))?;
        self.require_file(&metadata)?;
        Ok(file)
    }

    /// Opens an entry of any kind.
    pub(super) fn open_with(&self, options: &OpenOptions, flags: OFlags) -> io::Result<File> {
        let mut options = options.clone();
        options.custom_flags(flags.bits().cast_signed());
        self.grant.dir.open_with(self.beneath.lookup(), &options)
    }

    pub(super) fn require_file(&self, metadata: &Metadata) -> Result<(), SandboxError> {
        let path = self.script_path.into();
        if metadata.is_dir() {
            return Err(Repr::IsADirectory { path }.into());
        }
        if !metadata.is_file() {
            return Err(Repr::NotAFile { path }.into());
        }
        Ok(())
    }

    /// Returns a function that adds the path to an error of the system.
    pub(super) fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> SandboxError {
        move |cause| match kind_of(&cause) {
            SandboxErrorKind::Escapes => Repr::escapes(self.script_path, &self.grant.mount).into(),
            kind => Repr::System { path: self.script_path.into(), action, kind, cause }.into(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test plays the host")]
mod tests {
    use cap_std::fs::{Dir, OpenOptions};
    use rstest::rstest;
    use rustix::fs::{FileType, Mode, mknodat};

    use crate::sandbox::{Access, Sandbox, SandboxErrorKind};

    /// Opens without the check, as if a FIFO had replaced the file after it. The test would hang if
    /// opening blocked.
    #[rstest]
    #[case::reading(OpenOptions::new().read(true).clone(), SandboxErrorKind::NotAFile)]
    #[case::both(OpenOptions::new().read(true).write(true).clone(), SandboxErrorKind::NotAFile)]
    // No process reads the FIFO, so the kernel returns ENXIO instead of waiting.
    #[case::writing(OpenOptions::new().write(true).create(true).clone(), SandboxErrorKind::Io)]
    fn opening_a_fifo_does_not_block(#[case] options: OpenOptions, #[case] kind: SandboxErrorKind) {
        let top = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(top.path(), cap_std::ambient_authority()).unwrap();
        mknodat(&dir, "fifo", FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let mut sandbox = Sandbox::empty();
        sandbox.grant("/", dir, Access::ReadWrite).unwrap();
        let granted = sandbox.locate(b"/fifo").unwrap();
        assert_eq!(granted.open_file(&options).unwrap_err().kind(), kind);
    }
}
