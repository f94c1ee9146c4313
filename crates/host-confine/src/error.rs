//! Why a process is not confined.

use std::io;

/// The error of [`Confinement::apply`](crate::Confinement::apply).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ConfineError(#[from] pub(crate) Repr);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Repr {
    #[error("expected one thread, but found {0}: the others would stay unconfined")]
    Threads(u64),
    #[error("expected one thread, but found {0}: a copy of this process would miss the others")]
    ForkThreads(u64),
    #[error("the system does not start a process")]
    Fork(#[source] io::Error),
    #[error("cannot look at the state of this process")]
    Proc(#[from] procnetsocket::RootError),
    #[error("cannot read the state of this process")]
    Read(#[source] io::Error),
    #[error("expected {0} in the state of this process, but found no number there")]
    Field(&'static str),
    #[error("expected {field} to be {expected}, but found {found}")]
    NotInForce { field: &'static str, expected: u64, found: u64 },
    #[error("the kernel does not let this process give up capabilities")]
    Capabilities(#[source] io::Error),
    #[error("expected to have no capabilities but those that are needed, but found more")]
    MoreCapabilities,
    #[error("the kernel does not let this process give up privileges")]
    Privileges(#[source] rustix::io::Errno),
    #[error("Landlock refuses a rule")]
    Landlock(#[from] landlock::RulesetError),
    #[error("cannot tell the kind of a kept place")]
    Place(#[source] io::Error),
    #[error("the filter of system calls cannot be made")]
    Filter(#[from] seccompiler::BackendError),
    #[error("the filter of system calls cannot be installed")]
    Install(#[from] seccompiler::Error),
}

/// The kinds of [`ConfineError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfineErrorKind {
    /// The process has more than one thread.
    Threads,
    /// The kernel does not tell what is in force, or tells that it is not.
    State,
    /// Landlock is there, and refuses.
    Landlock,
    /// Filters of system calls are there, and this one is refused.
    Seccomp,
}

impl ConfineError {
    /// Returns the kind.
    pub fn kind(&self) -> ConfineErrorKind {
        match &self.0 {
            Repr::Threads(_) | Repr::ForkThreads(_) => ConfineErrorKind::Threads,
            Repr::Proc(_)
            | Repr::Read(_)
            | Repr::Fork(_)
            | Repr::Field(_)
            | Repr::Capabilities(_)
            | Repr::MoreCapabilities
            | Repr::NotInForce { .. } => ConfineErrorKind::State,
            Repr::Landlock(_) | Repr::Place(_) => ConfineErrorKind::Landlock,
            Repr::Privileges(_) | Repr::Filter(_) | Repr::Install(_) => ConfineErrorKind::Seccomp,
        }
    }
}
