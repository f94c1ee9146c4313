//! Fake roots: a directory in place of `/proc`, with all files opened beneath it.

use std::{
    fs::File,
    io,
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
};

use cap_std::fs::{Dir, File as CapFile, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use super::{
    error::RootError,
    name::{BaseKind, ProcFile},
};

/// Opens a file of a fake root, for reading.
pub(super) fn open(dir: &Dir, base: BaseKind, file: ProcFile) -> Result<File, RootError> {
    open_path(dir, base, &path(base, file))
}

/// Opens a file of a process whose directory was opened before.
pub(super) fn open_below(process: &Dir, file: ProcFile) -> Result<File, RootError> {
    open_path(process, BaseKind::Root, file.name())
}

/// Opens a directory, to look up names below it.
pub(super) fn open_dir(dir: &Dir, path: &str) -> Result<Dir, RootError> {
    dir.open_dir(path).map_err(|source| refuse_directory(dir, path, source))
}

/// Opens a directory, to read its names.
pub(super) fn open_list(dir: &Dir, path: &str) -> Result<File, RootError> {
    let opened = dir.open_with(path, &options(OFlags::DIRECTORY));
    opened.map(CapFile::into_std).map_err(|source| refuse_directory(dir, path, source))
}

fn refuse_directory(dir: &Dir, path: &str, source: io::Error) -> RootError {
    match source.kind() {
        // A non-directory has the name of the directory.
        io::ErrorKind::NotADirectory => RootError::missing(path),
        _ => refuse(dir, BaseKind::Root, path, source),
    }
}

fn open_path(dir: &Dir, base: BaseKind, path: &str) -> Result<File, RootError> {
    let found = dir.metadata(path).map_err(|source| refuse(dir, base, path, source))?;
    // Security: opening a FIFO would block and opening a device may act, so the kind is checked
    // before the opening, and again after it on the opened file.
    if !found.is_file() {
        return Err(RootError::not_a_file(path));
    }
    let opened = dir
        .open_with(path, &options(OFlags::empty()))
        .map_err(|source| refuse(dir, base, path, source))?
        .into_std();
    match opened.metadata() {
        Ok(found) if found.is_file() => Ok(opened),
        Ok(_) => Err(RootError::not_a_file(path)),
        Err(source) => Err(RootError::io(path, source)),
    }
}

/// Returns the whole directory.
pub(super) fn reach(dir: &Dir) -> Result<Vec<OwnedFd>, RootError> {
    let dir = dir.as_fd().try_clone_to_owned().map_err(|source| RootError::io(".", source))?;
    Ok(vec![dir])
}

/// Returns the path of a file in the layout of a fake root.
///
/// A fake root does not contain our processes. Its tables are directly below it, and a process file
/// of `process()` or `thread()` is below `self`.
fn path(base: BaseKind, file: ProcFile) -> String {
    let name = file.name();
    match base {
        BaseKind::Pid(pid) => format!("{pid}/{name}"),
        BaseKind::Process | BaseKind::Thread if !file.is_table() => format!("self/{name}"),
        BaseKind::Root | BaseKind::Process | BaseKind::Thread => name.to_owned(),
    }
}

/// Reads only; `O_NONBLOCK` lets the opening of a FIFO return, `O_NOCTTY` leaves terminals alone.
fn options(flags: OFlags) -> OpenOptions {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true);
    // OK because the flags are small positive numbers on every architecture.
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    options
}

fn refuse(dir: &Dir, base: BaseKind, path: &str, source: io::Error) -> RootError {
    match source.kind() {
        io::ErrorKind::NotFound => absent(dir, base, path),
        // OK because cap-std makes the error of an escape itself, without an error number.
        io::ErrorKind::PermissionDenied if source.raw_os_error().is_none() => {
            RootError::outside(path)
        }
        io::ErrorKind::PermissionDenied => RootError::denied(path, source),
        _ => RootError::io(path, source),
    }
}

/// Returns the error of a missing file: only it, or its whole process, is absent.
fn absent(dir: &Dir, base: BaseKind, path: &str) -> RootError {
    match base {
        BaseKind::Pid(pid) if !dir.is_dir(Path::new(&pid.to_string())) => RootError::vanished(path),
        _ => RootError::missing(path),
    }
}
