//! Errors of the sandbox.

use std::{fmt, io};

use builtin_cli::Escaped;

/// The longest path of a script, in bytes: Linux's `PATH_MAX` without its final NUL. A longer path
/// would fail in the kernel, too.
pub const MAX_PATH_BYTES: usize = 4095;

/// The error of an operation on a [`Sandbox`](crate::Sandbox).
///
/// The text contains the path of the script, escaped, and the cause; there is no source.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SandboxError(#[from] Repr);

/// The kinds of [`SandboxError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SandboxErrorKind {
    /// No directory with the path was granted.
    NotGranted,
    /// The directory was granted for reading only.
    ReadOnly,
    /// The path leads out of its grant, or a link would.
    Escapes,
    /// A change was requested, but the path names the granted directory itself, or no entry.
    Protected,
    /// There is nothing at the path.
    NotFound,
    /// There is something at the path already, or the path is granted already.
    Exists,
    /// It is not a regular file, but for example a FIFO, a device or a socket.
    NotAFile,
    /// It is a directory.
    IsADirectory,
    /// It is not a directory, or another component of the path is not.
    NotADirectory,
    /// The directory is not empty.
    NotEmpty,
    /// The two paths of a rename are in two grants or two file systems.
    CrossesGrants,
    /// The path contains too many links, or a magic link of the kernel.
    LinkLoop,
    /// The path is empty, relative or too long, or contains a NUL byte.
    InvalidPath,
    /// The mode contains other bits than the permissions of user, group and others.
    InvalidMode,
    /// The directories are nested deeper than the limit.
    TooDeep,
    /// The grant conflicts with another one.
    Conflict,
    /// The system does not permit it.
    Denied,
    /// The system failed in another way.
    Io,
}

/// A path in single quotes, escaped.
pub(super) struct QuotedPath(Box<[u8]>);

#[derive(Debug, thiserror::Error)]
pub(super) enum Repr {
    #[error("expected a path, but found an empty one")]
    Empty,
    #[error("expected a path of at most {MAX_PATH_BYTES} bytes, but found one of {bytes} bytes")]
    TooLong { bytes: usize },
    #[error("expected a path without NUL bytes, but found {path}")]
    Nul { path: QuotedPath },
    #[error("expected an absolute path, but found {path}")]
    Relative { path: QuotedPath },
    #[error("expected a path without '..' for a granted directory, but found {mount}")]
    MountParent { mount: QuotedPath },
    #[error("{mount} is granted already")]
    Granted { mount: QuotedPath },
    #[error("{inner} cannot be read-only inside {outer}, which is granted for writing")]
    Narrows { inner: QuotedPath, outer: QuotedPath },
    #[error("{path} is not available: no granted directory contains it")]
    NotGranted { path: QuotedPath },
    #[error("{path} cannot be changed: {mount} was granted for reading only")]
    ReadOnly { path: QuotedPath, mount: QuotedPath },
    #[error("{path} leads out of {mount}, the directory that was granted")]
    Escapes { path: QuotedPath, mount: QuotedPath },
    #[error("{path} cannot be a link to {target}: expected a relative target without '..'")]
    TargetEscapes { path: QuotedPath, target: QuotedPath },
    #[error("{path} does not name an entry of a granted directory that could be changed")]
    Protected { path: QuotedPath },
    #[error("{path} is not a regular file, and nothing else can be opened")]
    NotAFile { path: QuotedPath },
    #[error("{path} is a directory")]
    IsADirectory { path: QuotedPath },
    #[error("{from} and {to} are in two granted directories: copy it and remove the original")]
    CrossesGrants { from: QuotedPath, to: QuotedPath },
    #[error("expected a mode of at most 0777, but found {mode:#o}")]
    InvalidMode { mode: u32 },
    #[error("{path} holds directories nested deeper than the limit of {limit}")]
    TooDeep { path: QuotedPath, limit: usize },
    #[error("{path} cannot be {action}: {cause}")]
    System { path: QuotedPath, action: &'static str, kind: SandboxErrorKind, cause: io::Error },
}

impl SandboxError {
    /// Returns the kind.
    pub fn kind(&self) -> SandboxErrorKind {
        match &self.0 {
            Repr::Empty
            | Repr::TooLong { .. }
            | Repr::Nul { .. }
            | Repr::Relative { .. }
            | Repr::MountParent { .. } => SandboxErrorKind::InvalidPath,
            Repr::Granted { .. } => SandboxErrorKind::Exists,
            Repr::Narrows { .. } => SandboxErrorKind::Conflict,
            Repr::NotGranted { .. } => SandboxErrorKind::NotGranted,
            Repr::ReadOnly { .. } => SandboxErrorKind::ReadOnly,
            Repr::Escapes { .. } | Repr::TargetEscapes { .. } => SandboxErrorKind::Escapes,
            Repr::Protected { .. } => SandboxErrorKind::Protected,
            Repr::NotAFile { .. } => SandboxErrorKind::NotAFile,
            Repr::IsADirectory { .. } => SandboxErrorKind::IsADirectory,
            Repr::CrossesGrants { .. } => SandboxErrorKind::CrossesGrants,
            Repr::InvalidMode { .. } => SandboxErrorKind::InvalidMode,
            Repr::TooDeep { .. } => SandboxErrorKind::TooDeep,
            Repr::System { kind, .. } => *kind,
        }
    }
}

impl From<SandboxErrorKind> for io::ErrorKind {
    /// Paths that are not granted do not exist for a script, so their kind is `NotFound`.
    fn from(kind: SandboxErrorKind) -> Self {
        match kind {
            SandboxErrorKind::NotGranted | SandboxErrorKind::NotFound => Self::NotFound,
            SandboxErrorKind::ReadOnly
            | SandboxErrorKind::Escapes
            | SandboxErrorKind::Protected
            | SandboxErrorKind::Denied => Self::PermissionDenied,
            SandboxErrorKind::Exists | SandboxErrorKind::Conflict => Self::AlreadyExists,
            SandboxErrorKind::IsADirectory => Self::IsADirectory,
            SandboxErrorKind::NotADirectory => Self::NotADirectory,
            SandboxErrorKind::NotEmpty => Self::DirectoryNotEmpty,
            SandboxErrorKind::CrossesGrants => Self::CrossesDevices,
            SandboxErrorKind::NotAFile
            | SandboxErrorKind::InvalidPath
            | SandboxErrorKind::InvalidMode => Self::InvalidInput,
            SandboxErrorKind::LinkLoop | SandboxErrorKind::TooDeep | SandboxErrorKind::Io => {
                Self::Other
            }
        }
    }
}

impl From<SandboxError> for io::Error {
    fn from(error: SandboxError) -> Self {
        Self::new(error.kind().into(), error)
    }
}

impl Repr {
    pub(super) fn escapes(path: &[u8], mount: &[u8]) -> Self {
        Self::Escapes { path: path.into(), mount: mount.into() }
    }
}

/// Returns the kind of an error of cap-std or the system.
pub(super) fn kind_of(error: &io::Error) -> SandboxErrorKind {
    match error.kind() {
        // Without an error number this is cap-std's error for a path that leaves its directory;
        // errors of the kernel have a number.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
            SandboxErrorKind::Escapes
        }
        io::ErrorKind::PermissionDenied => SandboxErrorKind::Denied,
        io::ErrorKind::NotFound => SandboxErrorKind::NotFound,
        io::ErrorKind::AlreadyExists => SandboxErrorKind::Exists,
        io::ErrorKind::IsADirectory => SandboxErrorKind::IsADirectory,
        io::ErrorKind::NotADirectory => SandboxErrorKind::NotADirectory,
        io::ErrorKind::DirectoryNotEmpty => SandboxErrorKind::NotEmpty,
        io::ErrorKind::CrossesDevices => SandboxErrorKind::CrossesGrants,
        io::ErrorKind::InvalidFilename => SandboxErrorKind::InvalidPath,
        _ if rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP) => {
            SandboxErrorKind::LinkLoop
        }
        _ => SandboxErrorKind::Io,
    }
}

impl From<&[u8]> for QuotedPath {
    fn from(path: &[u8]) -> Self {
        Self(path.into())
    }
}

impl From<bstr::BString> for QuotedPath {
    fn from(path: bstr::BString) -> Self {
        Self(Vec::from(path).into())
    }
}

impl fmt::Display for QuotedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", Escaped::new(&self.0))
    }
}

impl fmt::Debug for QuotedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rstest::rstest;
    use rustix::io::Errno;

    use super::{SandboxErrorKind, kind_of};

    #[rstest]
    #[case::access(Errno::ACCESS, SandboxErrorKind::Denied)]
    #[case::not_permitted(Errno::PERM, SandboxErrorKind::Denied)]
    #[case::missing(Errno::NOENT, SandboxErrorKind::NotFound)]
    #[case::exists(Errno::EXIST, SandboxErrorKind::Exists)]
    #[case::directory(Errno::ISDIR, SandboxErrorKind::IsADirectory)]
    #[case::not_a_directory(Errno::NOTDIR, SandboxErrorKind::NotADirectory)]
    #[case::not_empty(Errno::NOTEMPTY, SandboxErrorKind::NotEmpty)]
    #[case::other_file_system(Errno::XDEV, SandboxErrorKind::CrossesGrants)]
    #[case::loop_of_links(Errno::LOOP, SandboxErrorKind::LinkLoop)]
    #[case::long_name(Errno::NAMETOOLONG, SandboxErrorKind::InvalidPath)]
    #[case::full(Errno::NOSPC, SandboxErrorKind::Io)]
    #[case::nobody_at_the_other_end(Errno::NXIO, SandboxErrorKind::Io)]
    fn maps_errors_of_the_kernel(#[case] errno: Errno, #[case] kind: SandboxErrorKind) {
        assert_eq!(kind_of(&errno.into()), kind);
    }

    #[test]
    fn maps_an_escape_without_error_number() {
        let error = io::Error::new(io::ErrorKind::PermissionDenied, "led outside");
        assert_eq!(kind_of(&error), SandboxErrorKind::Escapes);
    }

    #[rstest]
    #[case::not_granted(SandboxErrorKind::NotGranted, io::ErrorKind::NotFound)]
    #[case::read_only(SandboxErrorKind::ReadOnly, io::ErrorKind::PermissionDenied)]
    #[case::escapes(SandboxErrorKind::Escapes, io::ErrorKind::PermissionDenied)]
    #[case::protected(SandboxErrorKind::Protected, io::ErrorKind::PermissionDenied)]
    #[case::not_found(SandboxErrorKind::NotFound, io::ErrorKind::NotFound)]
    #[case::exists(SandboxErrorKind::Exists, io::ErrorKind::AlreadyExists)]
    #[case::not_a_file(SandboxErrorKind::NotAFile, io::ErrorKind::InvalidInput)]
    #[case::directory(SandboxErrorKind::IsADirectory, io::ErrorKind::IsADirectory)]
    #[case::not_a_directory(SandboxErrorKind::NotADirectory, io::ErrorKind::NotADirectory)]
    #[case::not_empty(SandboxErrorKind::NotEmpty, io::ErrorKind::DirectoryNotEmpty)]
    #[case::crosses(SandboxErrorKind::CrossesGrants, io::ErrorKind::CrossesDevices)]
    #[case::link_loop(SandboxErrorKind::LinkLoop, io::ErrorKind::Other)]
    #[case::invalid_path(SandboxErrorKind::InvalidPath, io::ErrorKind::InvalidInput)]
    #[case::invalid_mode(SandboxErrorKind::InvalidMode, io::ErrorKind::InvalidInput)]
    #[case::too_deep(SandboxErrorKind::TooDeep, io::ErrorKind::Other)]
    #[case::conflict(SandboxErrorKind::Conflict, io::ErrorKind::AlreadyExists)]
    #[case::denied(SandboxErrorKind::Denied, io::ErrorKind::PermissionDenied)]
    #[case::io(SandboxErrorKind::Io, io::ErrorKind::Other)]
    fn maps_to_a_kind_of_the_standard_library(
        #[case] kind: SandboxErrorKind,
        #[case] io_kind: io::ErrorKind,
    ) {
        assert_eq!(io::ErrorKind::from(kind), io_kind);
    }
}
