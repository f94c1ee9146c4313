//! Errors between this process and the kernel.

use std::{io, time::Duration};

use rustix::io::Errno;

use super::wire::FramingError;
use crate::model::Table;

/// The error of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiagError {
    #[error("cannot open a sock_diag socket")]
    Open(#[source] io::Error),
    #[error("expected a socket to sock_diag from another process, but found something else")]
    Foreign,
    #[error("cannot listen to sock_diag events")]
    Listen(#[source] io::Error),
    #[error("cannot ask sock_diag about {table}")]
    Send { table: Table, source: io::Error },
    #[error("cannot receive from sock_diag")]
    Receive(#[source] io::Error),
    #[error("sock_diag refused the request about {table}")]
    Refused { table: Table, source: io::Error },
    #[error("expected sock_diag to know {0}, but the kernel has no handler for it")]
    NoHandler(Table),
    #[error("expected the socket in {0}, but the kernel does not have it")]
    NotFound(Table),
    #[error("expected an answer of sock_diag within {0:?}, but there was none")]
    Silent(Duration),
    #[error(
        "expected a sock_diag socket to be free within {0:?}, but other listings hold all of them"
    )]
    Busy(Duration),
    #[error("expected sock_diag datagrams of at most {limit} bytes, but found one of {found}")]
    Truncated { limit: usize, found: usize },
    #[error("expected every reply of sock_diag, but the kernel dropped some")]
    Overrun,
    #[error("sock_diag about {table}: {framing}")]
    Framing { table: Table, framing: FramingError },
    #[error("expected a socket or the end in a reply of sock_diag, but found type {0}")]
    UnknownType(u16),
    #[error("expected at most {limit} rows (total_lines), but sock_diag has more in {table}")]
    TooManyRows { table: Table, limit: u64 },
    #[error("interrupted while reading {0} from sock_diag")]
    Interrupted(Table),
    #[error("cannot write the replies of sock_diag")]
    Copy(#[source] io::Error),
}

/// Returns the error for the kernel's answer to a dump.
pub(super) fn of_dump(table: Table, errno: i32) -> DiagError {
    if errno == Errno::NOENT.raw_os_error() {
        return DiagError::NoHandler(table);
    }
    DiagError::Refused { table, source: io::Error::from_raw_os_error(errno) }
}

/// Returns the error for the kernel's answer to a request for one socket.
///
/// Kernel: the same number means that there is no handler; the two cannot be distinguished.
pub(super) fn of_lookup(table: Table, errno: i32) -> DiagError {
    if errno == Errno::NOENT.raw_os_error() || errno == Errno::STALE.raw_os_error() {
        return DiagError::NotFound(table);
    }
    DiagError::Refused { table, source: io::Error::from_raw_os_error(errno) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diag::wire::Messages, error::Error};

    fn source() -> io::Error {
        io::Error::from_raw_os_error(Errno::PERM.raw_os_error())
    }

    #[test]
    fn every_error_has_its_message() {
        let framing = Messages::new(&[0; 5]).find_map(Result::err).unwrap();
        let (table, waited) = (Table::Tcp6, Duration::from_secs(5));
        let errors = [
            DiagError::Open(Errno::PROTONOSUPPORT.into()),
            DiagError::Listen(source()),
            DiagError::Send { table, source: source() },
            DiagError::Receive(Errno::NOBUFS.into()),
            of_dump(table, 22),
            of_dump(table, 2),
            of_lookup(table, 2),
            of_lookup(table, 116),
            of_lookup(table, 95),
            of_lookup(table, 5),
            DiagError::Silent(waited),
            DiagError::Busy(waited),
            DiagError::Truncated { limit: 32768, found: 40000 },
            DiagError::Overrun,
            DiagError::Framing { table, framing },
            DiagError::UnknownType(9),
            DiagError::TooManyRows { table, limit: 8 },
            DiagError::Interrupted(table),
            DiagError::Copy(source()),
        ];
        let lines = errors.map(Error::from).map(|error| format!("{:?}: {error}", error.kind()));
        insta::assert_snapshot!(lines.join("\n"), @r"
        Unsupported: cannot open a sock_diag socket
        Denied: cannot listen to sock_diag events
        Denied: cannot ask sock_diag about tcp6
        Overrun: cannot receive from sock_diag
        InvalidRequest: sock_diag refused the request about tcp6
        NoHandler: expected sock_diag to know tcp6, but the kernel has no handler for it
        NotFound: expected the socket in tcp6, but the kernel does not have it
        NotFound: expected the socket in tcp6, but the kernel does not have it
        Unsupported: sock_diag refused the request about tcp6
        Io: sock_diag refused the request about tcp6
        Timeout: expected an answer of sock_diag within 5s, but there was none
        Timeout: expected a sock_diag socket to be free within 5s, but other listings hold all of them
        Truncated: expected sock_diag datagrams of at most 32768 bytes, but found one of 40000
        Overrun: expected every reply of sock_diag, but the kernel dropped some
        Malformed: sock_diag about tcp6: expected a whole netlink message, but found 5 bytes that are none
        Malformed: expected a socket or the end in a reply of sock_diag, but found type 9
        LimitExceeded: expected at most 8 rows (total_lines), but sock_diag has more in tcp6
        Interrupted: interrupted while reading tcp6 from sock_diag
        Io: cannot write the replies of sock_diag
        ");
    }
}
