//! The entries of a directory, one by one.

use std::{io, os::unix::ffi::OsStringExt as _};

use bstr::{BStr, BString};
use cap_std::fs::FileType;

use super::{
    SandboxError,
    error::{Repr, kind_of},
};

/// The entries of a directory; the iterator of [`Sandbox::read_dir`](crate::Sandbox::read_dir).
///
/// It reads lazily, and buffers only what the kernel returns at once.
#[derive(Debug)]
pub struct ReadDir {
    script_path: BString,
    entries: cap_std::fs::ReadDir,
}

/// One entry of a directory.
#[derive(Debug)]
pub struct DirEntry {
    name: BString,
    file_type: FileType,
}

impl ReadDir {
    pub(super) fn new(script_path: &[u8], entries: cap_std::fs::ReadDir) -> Self {
        Self { script_path: script_path.into(), entries }
    }
}

impl Iterator for ReadDir {
    type Item = Result<DirEntry, SandboxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?.and_then(|entry| {
            let name = entry.file_name().into_vec().into();
            Ok(DirEntry { name, file_type: file_type(&entry)? })
        });
        Some(entry.map_err(|cause| {
            let (path, kind) = (self.script_path.as_slice().into(), kind_of(&cause));
            Repr::System { path, action: "listed", kind, cause }.into()
        }))
    }
}

impl DirEntry {
    /// Returns the name: any bytes except `/` and NUL.
    pub fn name(&self) -> &BStr {
        BStr::new(&self.name)
    }

    /// Returns the kind of the entry itself; links are not followed.
    pub fn file_type(&self) -> FileType {
        self.file_type
    }
}

/// Returns the kind of an entry, which is looked up if the listing does not contain it.
pub(super) fn file_type(entry: &cap_std::fs::DirEntry) -> io::Result<FileType> {
    let listed = entry.file_type()?;
    if listed.is_file() || listed.is_dir() || listed.is_symlink() {
        return Ok(listed);
    }
    Ok(entry.metadata()?.file_type())
}
