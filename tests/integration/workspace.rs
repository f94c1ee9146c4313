//! Paths, reading and writing of files in the workspace.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read and record files of the workspace, and the machine's name tables"
)]

use std::{fs, path::PathBuf};

/// Returns a path below the top of the workspace.
pub(crate) fn path(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(below)
}

/// Returns the bytes of a file, by its path below the top of the workspace or by an absolute path.
pub(crate) fn read(below: &str) -> Vec<u8> {
    fs::read(path(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
}

/// Writes a file.
pub(crate) fn write(below: &str, bytes: &[u8]) {
    fs::write(path(below), bytes).unwrap_or_else(|error| panic!("{below}: {error}"));
}

/// Returns whether every check has to run here, so that nothing may be skipped.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}
