//! Errors of setting up and running scripts.

use std::{io, path::PathBuf, time::Duration};

use bstr::BString;
use builtin_api::{ExitCode, RegistryError, SandboxError};
use builtin_cli::Chain;
use host_confine::{ConfineError, broker::BrokerError};

/// The status of POSIX shells for a command that was found but cannot be run.
const CANNOT_RUN: ExitCode = ExitCode::new(126);

/// The status when the process cannot be confined, so that nothing runs.
const CANNOT_CONFINE: ExitCode = CANNOT_RUN;

/// Scripts cannot be set up or read. The causes are in the text, not in `source()`.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SetupError(Box<Repr>);

#[derive(Debug, thiserror::Error)]
pub(super) enum Repr {
    #[error("{}", Chain(.0))]
    Capability(CapabilityError),
    #[error("{}", Chain(.0))]
    Shell(crate::Error),
    #[error("cannot confine this process: {}", Chain(.0))]
    Confine(ConfineError),
    #[error("{}", Chain(.0))]
    Broker(BrokerError),
    #[error("{name}: {error}")]
    Script { name: String, error: io::Error },
    #[error("standard input: {0}")]
    Input(io::Error),
    #[error("standard input did not end within {0:?}; give </dev/null to a script that needs none")]
    InputTimeout(Duration),
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Io(io::Error),
}

/// Something that the command line asks for could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CapabilityError {
    #[error("cannot open the directory {path:?}")]
    Directory { path: PathBuf, source: io::Error },
    #[error("expected a directory without `..`, but found {0:?}")]
    Parent(PathBuf),
    #[error("cannot grant the directory {path:?}")]
    Grant { path: PathBuf, source: SandboxError },
    #[error("cannot read the policy {path:?}")]
    PolicyFile { path: PathBuf, source: io::Error },
    #[error("expected a policy in {path:?}")]
    Policy { path: PathBuf, source: toml::de::Error },
    #[error("cannot list the system's sockets")]
    Tables(#[source] procnetsocket::Error),
    #[error("cannot open what the grants need")]
    System(#[source] socket_query::Error),
    #[error("cannot open this process in /proc, to confine it")]
    OwnProcess(#[source] procnetsocket::RootError),
    #[error("cannot start a broker")]
    StartBroker(#[source] io::Error),
    #[error("expected a broker for a grant, but found none")]
    NoBroker,
    #[error("cannot use the pipes of a broker")]
    Broker(#[source] BrokerError),
    #[error("--namespace needs the grant \"namespaces\", which is not given")]
    NamespaceNotGranted,
    #[error("--namespace is of the system, and --proc-root shows nothing of it")]
    NamespaceOfFakeRoot,
    #[error(
        "--host-proc shows network namespaces by their processes: expected --namespace all, but \
         found names of this system"
    )]
    NamespaceOfHost,
    #[error("cannot use the procfs of --host-proc")]
    HostProc(#[source] procnetsocket::Error),
    #[error("cannot open the network namespace {path:?}")]
    NamespaceFile { path: PathBuf, source: io::Error },
    #[error("cannot list the sockets of the network namespace {name:?}")]
    Namespace { name: BString, source: procnetsocket::Error },
    #[error("cannot open the audit {path:?}")]
    Audit { path: PathBuf, source: io::Error },
    #[error("expected an audit outside of the granted directories, but found {0:?}")]
    AuditWithinReach(PathBuf),
    #[error("expected a regular file for the audit, but found {0:?}")]
    AuditFile(PathBuf),
    #[error("cannot duplicate a handle")]
    Duplicate(#[source] io::Error),
    #[error("cannot register a builtin")]
    Register(#[from] RegistryError),
}

/// The kinds of [`SetupError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SetupErrorKind {
    /// Something that was asked for cannot be opened or granted.
    Capability,
    /// The interpreter cannot be set up.
    Shell,
    /// The process cannot be confined or forked.
    Confine,
    /// The script cannot be read.
    Script,
    /// Standard input cannot be read, or did not end in time.
    Input,
    /// Ctrl-C came before there was a script.
    Interrupted,
    /// The system refused something else.
    System,
}

impl SetupError {
    /// Returns the kind.
    pub fn kind(&self) -> SetupErrorKind {
        match &*self.0 {
            Repr::Capability(_) => SetupErrorKind::Capability,
            Repr::Shell(_) => SetupErrorKind::Shell,
            Repr::Confine(_) => SetupErrorKind::Confine,
            Repr::Script { .. } => SetupErrorKind::Script,
            Repr::Input(_) | Repr::InputTimeout(_) => SetupErrorKind::Input,
            Repr::Interrupted => SetupErrorKind::Interrupted,
            Repr::Broker(_) | Repr::Io(_) => SetupErrorKind::System,
        }
    }

    /// Returns the status of a program that ends with it.
    pub fn status(&self) -> ExitCode {
        match &*self.0 {
            Repr::Shell(error) if error.kind() == crate::ErrorKind::Runtime => ExitCode::FAILURE,
            Repr::Capability(_) | Repr::Shell(_) => ExitCode::USAGE,
            Repr::Script { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                ExitCode::NOT_FOUND
            }
            Repr::Script { .. } => CANNOT_RUN,
            Repr::InputTimeout(_) => ExitCode::TIMED_OUT,
            Repr::Interrupted => ExitCode::CANCELLED,
            Repr::Confine(_) => CANNOT_CONFINE,
            Repr::Broker(_) | Repr::Input(_) | Repr::Io(_) => ExitCode::FAILURE,
        }
    }
}

impl From<Repr> for SetupError {
    fn from(repr: Repr) -> Self {
        Self(Box::new(repr))
    }
}

impl From<CapabilityError> for SetupError {
    fn from(error: CapabilityError) -> Self {
        Repr::Capability(error).into()
    }
}

impl From<crate::Error> for SetupError {
    fn from(error: crate::Error) -> Self {
        Repr::Shell(error).into()
    }
}

impl From<ConfineError> for SetupError {
    fn from(error: ConfineError) -> Self {
        Repr::Confine(error).into()
    }
}

impl From<BrokerError> for SetupError {
    fn from(error: BrokerError) -> Self {
        Repr::Broker(error).into()
    }
}

impl From<io::Error> for SetupError {
    fn from(error: io::Error) -> Self {
        Repr::Io(error).into()
    }
}
