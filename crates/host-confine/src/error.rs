//! The error of confining or copying a process.

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
    #[error("cannot start a process")]
    Fork(#[source] io::Error),
    #[error("cannot open the state of this process")]
    Proc(#[from] procnetsocket::RootError),
    #[error("cannot read the state of this process")]
    Read(#[source] io::Error),
    #[error("expected {0} in the state of this process, but found no number there")]
    Field(&'static str),
    #[error("expected {field} to be {expected}, but found {found}")]
    NotInForce { field: &'static str, expected: u64, found: u64 },
    #[error("the kernel does not let this process give up capabilities")]
    Capabilities(#[source] io::Error),
    #[error("expected only the capabilities that are needed, but found more")]
    MoreCapabilities,
    #[error("the kernel does not let this process give up privileges")]
    Privileges(#[source] rustix::io::Errno),
    #[error("Landlock rejected a rule")]
    Landlock(#[from] landlock::RulesetError),
    #[error("cannot find out the type of a kept file")]
    Place(#[source] io::Error),
    #[error("cannot build the filter of system calls")]
    Filter(#[from] seccompiler::BackendError),
    #[error("cannot install the filter of system calls")]
    Install(#[from] seccompiler::Error),
}

/// The kinds of [`ConfineError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfineErrorKind {
    /// The process has more than one thread.
    Threads,
    /// The kernel does not report the state of the process, or reports that a restriction is not in
    /// force.
    State,
    /// The kernel has Landlock, and refuses to apply it.
    Landlock,
    /// The kernel has seccomp, and refuses this filter.
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
