//! Where owners of sockets come from.

use std::{error::Error as _, fmt::Write};

use bstr::BString;
use procnetsocket::{
    ErrorKind, Interrupt, OwnerLimits, OwnerQuery, OwnerReport, Pid, SocketTables,
};

/// Finds the processes that hold sockets. A host may give another one than the tables themselves to
/// a [`PolicyView`](crate::PolicyView): one that asks a process which may look into others, when
/// its own may not.
///
/// Question and answer are plain data.
pub trait OwnerSource: Send + Sync {
    /// Looks for owners.
    ///
    /// # Errors
    ///
    /// An [`OwnersError`] when there is no answer, or none that is complete. That processes are gone
    /// or closed is no error: the report tells.
    fn owners(
        &self,
        query: &OwnerQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<OwnerReport, OwnersError>;

    /// Returns the name of a process, if there is one that may be known.
    fn process_name(&self, pid: Pid) -> Option<BString>;
}

impl OwnerSource for SocketTables {
    /// Looks into the processes of the same `/proc`, within the default [`OwnerLimits`].
    fn owners(
        &self,
        query: &OwnerQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<OwnerReport, OwnersError> {
        Ok(Self::owners(self, query, &OwnerLimits::default(), interrupt)?)
    }

    fn process_name(&self, pid: Pid) -> Option<BString> {
        Self::process_name(self, pid)
    }
}

/// Why owners cannot be told. It is plain data, as it may come from another process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OwnersError {
    /// The kind.
    pub kind: OwnersErrorKind,
    /// What went wrong, for a person.
    pub message: String,
}

/// The kinds of [`OwnersError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnersErrorKind {
    /// The caller asked for the end.
    Interrupted,
    /// There are more processes, or more descriptors of sockets, than a bound allows.
    LimitExceeded,
    /// The processes cannot be looked at.
    Unavailable,
}

impl From<procnetsocket::Error> for OwnersError {
    fn from(error: procnetsocket::Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Interrupted => OwnersErrorKind::Interrupted,
            ErrorKind::LimitExceeded => OwnersErrorKind::LimitExceeded,
            _ => OwnersErrorKind::Unavailable,
        };
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            // OK because a string takes everything.
            let _ = write!(message, ": {error}");
            cause = error.source();
        }
        Self { kind, message }
    }
}
