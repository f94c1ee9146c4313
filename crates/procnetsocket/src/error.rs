//! Errors of reading a table.

use std::{fmt, io};

use rustix::io::Errno;

use crate::{
    diag::{DiagError, Fault},
    model::{Source, Table},
    proc::{
        lines::LineError,
        root::{ProcFile, RootError, RootErrorKind},
        text::{field::LineProblem, mismatch::Mismatch},
    },
};

/// The error of a reading, which returns no rows, or no further ones.
///
/// Its [`Display`](std::fmt::Display) is a message for a person, and [`Error::kind`] the kind.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Repr);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Repr {
    #[error("expected {}, but the kernel does not have it", file.name())]
    Missing { file: ProcFile },
    #[error(transparent)]
    Root(RootError),
    #[error(
        "expected a line of at most {limit} bytes (line_bytes), but line {line} of {} is longer",
        file.name()
    )]
    LineTooLong { file: ProcFile, line: u64, limit: usize },
    #[error("expected at most {limit} lines ({bound}), but {} has more", file.name())]
    TooManyLines { file: ProcFile, limit: u64, bound: &'static str },
    #[error("expected at most {limit} rows (entries), but {} has more", table_place(*table))]
    TooManyEntries { table: Table, limit: u64 },
    #[error("expected a text table, but the kernel shows {0} through sock_diag only")]
    NoText(Table),
    #[error("expected {} of another network namespace, but only sock_diag shows one", .0.name())]
    Elsewhere(ProcFile),
    #[error("expected a text table from another process, but found something else")]
    ForeignTable,
    #[error("no process lives in the network namespace any more")]
    Deserted,
    #[error("{message}")]
    Reported { kind: ErrorKind, message: String },
    #[error("interrupted while looking for network namespaces")]
    NamespaceScanInterrupted,
    #[error("cannot enter the network namespace")]
    Namespace(#[source] io::Error),
    #[error("expected sock_diag, but there is none")]
    NoSockDiag,
    #[error(transparent)]
    Diag(DiagError),
    #[error("interrupted while reading {}", .0.name())]
    Interrupted(ProcFile),
    #[error("interrupted while looking for the processes of sockets")]
    ProcessScanInterrupted,
    #[error("expected at most {limit} {what} ({bound}), but there are more")]
    TooManyProcesses { what: &'static str, limit: u64, bound: &'static str },
    #[error("cannot list {what}")]
    List { what: &'static str, source: io::Error },
    #[error("cannot read {}", file.name())]
    Read { file: ProcFile, source: io::Error },
    #[error(transparent)]
    Header(RowError),
    #[error("{first} (malformed rows: {count})")]
    MalformedRows { first: RowError, count: u64 },
    #[error("{} line {line}, column {}: {mismatch}", file.name(), mismatch.column())]
    Counter { file: ProcFile, line: u64, mismatch: Mismatch },
    #[error("expected {what} in {}, but found none", file.name())]
    NoCounter { file: ProcFile, what: &'static str },
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ErrorKind {
    /// The kernel has no such table: the family is not built in, or its module is not loaded.
    Missing,
    /// The verified `/proc` refused; see the [`RootErrorKind`].
    Root(RootErrorKind),
    /// A bound of [`Limits`](crate::Limits) was reached.
    LimitExceeded,
    /// The caller's [`Interrupt`](crate::Interrupt) asked for the end.
    Interrupted,
    /// The file could not be read to its end.
    Io,
    /// The file is not in the kernel's format, or malformed rows are missing from a listing that
    /// was required to be complete.
    Malformed,
    /// The kernel has no sock_diag handler for the table: it is not built in, or its module is not
    /// loaded.
    NoHandler,
    /// The kernel has no sock_diag, or does not know the operation (gVisor, or an old kernel).
    Unsupported,
    /// The kernel refuses it to this process.
    Denied,
    /// The kernel has no such socket, or no longer.
    NotFound,
    /// The kernel rejects the request, such as a malformed filter program.
    InvalidRequest,
    /// The kernel did not answer in time, or another listing held the sock_diag socket too long.
    Timeout,
    /// A reply was longer than any that a kernel sends, and was truncated.
    Truncated,
    /// The kernel dropped replies or events because they were not received in time.
    Overrun,
}

impl Error {
    /// Returns the error of another process that reads on behalf of this one.
    pub fn reported(kind: ErrorKind, message: String) -> Self {
        Self(Repr::Reported { kind, message })
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::Missing { .. } | Repr::NoText(_) => ErrorKind::Missing,
            Repr::Elsewhere(_) | Repr::NoSockDiag => ErrorKind::Unsupported,
            Repr::ForeignTable => ErrorKind::InvalidRequest,
            Repr::Deserted => ErrorKind::NotFound,
            Repr::Namespace(error) => kind_of(error),
            Repr::Reported { kind, .. } => *kind,
            Repr::Diag(error) => error.kind(),
            Repr::Root(error) => ErrorKind::Root(error.kind()),
            Repr::LineTooLong { .. }
            | Repr::TooManyLines { .. }
            | Repr::TooManyEntries { .. }
            | Repr::TooManyProcesses { .. } => ErrorKind::LimitExceeded,
            Repr::Interrupted(_)
            | Repr::ProcessScanInterrupted
            | Repr::NamespaceScanInterrupted => ErrorKind::Interrupted,
            Repr::Read { .. } | Repr::List { .. } => ErrorKind::Io,
            Repr::Header(_)
            | Repr::MalformedRows { .. }
            | Repr::Counter { .. }
            | Repr::NoCounter { .. } => ErrorKind::Malformed,
        }
    }

    /// Returns whether sock_diag cannot answer, for this table or at all.
    pub(crate) fn has_no_answer(&self) -> bool {
        matches!(self.kind(), ErrorKind::NoHandler | ErrorKind::Unsupported | ErrorKind::Denied)
    }

    /// Returns whether the kernel lacks the table.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self.kind(), ErrorKind::Missing | ErrorKind::NoHandler)
    }

    /// Returns whether sock_diag might answer without the filter.
    pub(crate) fn may_be_about_filter(&self) -> bool {
        matches!(self.kind(), ErrorKind::InvalidRequest | ErrorKind::Denied)
    }

    /// Returns the error of opening a file.
    pub(crate) fn from_root(file: ProcFile, error: RootError) -> Self {
        match error.kind() {
            RootErrorKind::Missing => Self(Repr::Missing { file }),
            _ => Self(Repr::Root(error)),
        }
    }

    /// Returns the error of reading a line of a file.
    pub(crate) fn from_line(file: ProcFile, limit: usize, error: LineError) -> Self {
        Self(match error {
            LineError::TooLong(line) => Repr::LineTooLong { file, line, limit },
            LineError::Read(source) => Repr::Read { file, source },
        })
    }
}

impl DiagError {
    /// Returns the kind.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Foreign => ErrorKind::InvalidRequest,
            Self::Open(source)
            | Self::Listen(source)
            | Self::Send { source, .. }
            | Self::Receive(source)
            | Self::Refused { source, .. } => kind_of(source),
            Self::NoHandler(_) => ErrorKind::NoHandler,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Silent(_) | Self::Busy(_) => ErrorKind::Timeout,
            Self::Truncated { .. } => ErrorKind::Truncated,
            Self::Overrun => ErrorKind::Overrun,
            Self::Framing { .. } | Self::UnknownType(_) => ErrorKind::Malformed,
            Self::TooManyRows { .. } => ErrorKind::LimitExceeded,
            Self::Interrupted(_) => ErrorKind::Interrupted,
            Self::Copy(_) => ErrorKind::Io,
        }
    }
}

/// Returns the kind of an error of the kernel.
fn kind_of(error: &io::Error) -> ErrorKind {
    match Errno::from_io_error(error) {
        Some(Errno::PERM | Errno::ACCESS) => ErrorKind::Denied,
        Some(
            Errno::PROTONOSUPPORT
            | Errno::AFNOSUPPORT
            | Errno::OPNOTSUPP
            | Errno::NOSYS
            | Errno::SOCKTNOSUPPORT,
        ) => ErrorKind::Unsupported,
        Some(Errno::INVAL) => ErrorKind::InvalidRequest,
        Some(Errno::NOBUFS) => ErrorKind::Overrun,
        _ => ErrorKind::Io,
    }
}

impl From<RootError> for Error {
    fn from(error: RootError) -> Self {
        Self(Repr::Root(error))
    }
}

impl From<DiagError> for Error {
    fn from(error: DiagError) -> Self {
        Self(Repr::Diag(error))
    }
}

/// Returns the name of a table in messages: that of its file, if it has one.
fn table_place(table: Table) -> &'static str {
    ProcFile::of_table(table).map_or_else(|| table.name(), ProcFile::name)
}

/// A row that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", ErrorLocation(self))]
#[non_exhaustive]
pub struct RowError {
    /// The table.
    pub table: Table,
    /// The source of the row.
    pub origin: Source,
    /// The line in the file, counted from 1, including the header. For sock_diag, the message in
    /// the dump, counted from 1.
    pub line: u64,
    /// The byte within the line or message, counted from 1, at which the malformed field begins.
    pub column: u64,
    what: What,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Line(Mismatch),
    Message(Fault),
}

/// Shows where a row is malformed, and how.
struct ErrorLocation<'a>(&'a RowError);

impl fmt::Display for ErrorLocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RowError { table, line, column, what, .. } = self.0;
        match what {
            What::Line(mismatch) => {
                write!(f, "net/{table} line {line}, column {column}: {mismatch}")
            }
            What::Message(fault) => {
                write!(f, "sock_diag {table} message {line}, byte {column}: {fault}")
            }
        }
    }
}

impl RowError {
    /// Returns the report of a malformed line.
    pub(crate) fn new(table: Table, number: u64, line: &[u8], problem: LineProblem) -> Self {
        let mismatch = Mismatch::new(line, problem);
        let column = mismatch.column();
        Self { table, origin: Source::ProcText, line: number, column, what: What::Line(mismatch) }
    }

    /// Returns the report of a malformed message of sock_diag.
    pub(crate) fn from_fault(table: Table, number: u64, fault: Fault) -> Self {
        let column = fault.column();
        Self { table, origin: Source::SockDiag, line: number, column, what: What::Message(fault) }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    const FILE: ProcFile = ProcFile::NetTcp;

    fn row_error() -> RowError {
        let problem = LineProblem { offset: 4, expected: "a hexadecimal port" };
        RowError::new(Table::Tcp4, 7, b"abc xyz", problem)
    }

    fn source() -> io::Error {
        io::Error::from_raw_os_error(3)
    }

    #[test]
    fn every_error_has_its_message() {
        let problem = LineProblem { offset: 4, expected: "a hexadecimal port" };
        let mismatch = Mismatch::new(b"abc xyz", problem);
        let errors = [
            Repr::Missing { file: FILE },
            Repr::LineTooLong { file: FILE, line: 7, limit: 8 },
            Repr::TooManyLines { file: FILE, limit: 8, bound: "total_lines" },
            Repr::TooManyEntries { table: Table::Tcp4, limit: 8 },
            Repr::TooManyEntries { table: Table::Vsock, limit: 8 },
            Repr::NoText(Table::Xdp),
            Repr::Elsewhere(FILE),
            Repr::ForeignTable,
            Repr::Deserted,
            Repr::Reported { kind: ErrorKind::Denied, message: "no: because".to_owned() },
            Repr::NamespaceScanInterrupted,
            Repr::NoSockDiag,
            Repr::Namespace(io::Error::from_raw_os_error(1)),
            Repr::Namespace(io::Error::from_raw_os_error(22)),
            Repr::Interrupted(FILE),
            Repr::ProcessScanInterrupted,
            Repr::TooManyProcesses { what: "processes", limit: 8, bound: "processes" },
            Repr::List { what: "processes", source: source() },
            Repr::Read { file: FILE, source: source() },
            Repr::Header(row_error()),
            Repr::MalformedRows { first: row_error(), count: 3 },
            Repr::Counter { file: ProcFile::NetSnmp, line: 2, mismatch },
            Repr::NoCounter { file: ProcFile::NetSnmp, what: "CurrEstab of Tcp" },
        ];
        let lines = errors.map(Error).map(|error| format!("{:?}: {error}", error.kind()));
        insta::assert_snapshot!(lines.join("\n"), @r#"
        Missing: expected net/tcp, but the kernel does not have it
        LimitExceeded: expected a line of at most 8 bytes (line_bytes), but line 7 of net/tcp is longer
        LimitExceeded: expected at most 8 lines (total_lines), but net/tcp has more
        LimitExceeded: expected at most 8 rows (entries), but net/tcp has more
        LimitExceeded: expected at most 8 rows (entries), but vsock has more
        Missing: expected a text table, but the kernel shows xdp through sock_diag only
        Unsupported: expected net/tcp of another network namespace, but only sock_diag shows one
        InvalidRequest: expected a text table from another process, but found something else
        NotFound: no process lives in the network namespace any more
        Denied: no: because
        Interrupted: interrupted while looking for network namespaces
        Unsupported: expected sock_diag, but there is none
        Denied: cannot enter the network namespace
        InvalidRequest: cannot enter the network namespace
        Interrupted: interrupted while reading net/tcp
        Interrupted: interrupted while looking for the processes of sockets
        LimitExceeded: expected at most 8 processes (processes), but there are more
        Io: cannot list processes
        Io: cannot read net/tcp
        Malformed: net/tcp line 7, column 5: expected a hexadecimal port, but found "xyz"
        Malformed: net/tcp line 7, column 5: expected a hexadecimal port, but found "xyz" (malformed rows: 3)
        Malformed: net/snmp line 2, column 5: expected a hexadecimal port, but found "xyz"
        Malformed: expected CurrEstab of Tcp in net/snmp, but found none
        "#);
    }

    #[test]
    fn cause_is_a_source_and_not_in_the_text() {
        let error = Error(Repr::Read { file: FILE, source: source() });
        assert_eq!(error.source().map(ToString::to_string), Some(source().to_string()));
    }

    #[test]
    fn row_error_has_its_position() {
        let row = row_error();
        assert_eq!((row.table, row.line, row.column), (Table::Tcp4, 7, 5));
        insta::assert_snapshot!(row, @r#"net/tcp line 7, column 5: expected a hexadecimal port, but found "xyz""#);
    }
}
