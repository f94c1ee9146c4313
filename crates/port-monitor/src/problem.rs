//! Problems with reading a table.

use std::{error::Error as _, fmt};

use procnetsocket::{ErrorKind, RowError};

/// Why a table could not be read, or not completely. Unlike an error, it can be copied and
/// compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadProblem {
    kind: ReadProblemKind,
    text: String,
}

/// The kinds of [`ReadProblem`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadProblemKind {
    /// The kernel has no such table.
    Missing,
    /// The caller interrupted the call.
    Interrupted,
    /// The table could not be read.
    Unreadable,
    /// Rows were read, but others may be missing: some were malformed, or the table changed while
    /// it was read.
    Incomplete,
}

impl ReadProblem {
    /// Returns a problem of this kind, with a text for the user: lower case, no full stop.
    pub fn new(kind: ReadProblemKind, text: impl fmt::Display) -> Self {
        Self { kind, text: text.to_string() }
    }

    /// Returns the problem of a malformed row.
    pub fn malformed(row: &RowError) -> Self {
        Self::new(ReadProblemKind::Incomplete, row)
    }

    /// Returns the problem of a table that changed while it was read.
    pub fn changed(table: impl fmt::Display) -> Self {
        let text = format_args!("{table} changed while it was read: rows may be missing");
        Self::new(ReadProblemKind::Incomplete, text)
    }

    /// Returns the kind.
    pub fn kind(&self) -> ReadProblemKind {
        self.kind
    }
}

impl fmt::Display for ReadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ReadProblem {}

impl From<&procnetsocket::Error> for ReadProblem {
    /// Keeps the kind, and the text with its causes.
    fn from(error: &procnetsocket::Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Missing | ErrorKind::NoHandler => ReadProblemKind::Missing,
            ErrorKind::Interrupted => ReadProblemKind::Interrupted,
            _ => ReadProblemKind::Unreadable,
        };
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Self { kind, text }
    }
}
