//! The only file of this program that mints ambient authority.
//!
//! All that is opened by name is opened here, before the process confines itself and before its
//! second thread: directories, policy files, the audit file, and what `socket_query::System` needs.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::{fd::AsFd as _, fd::OwnedFd, unix::process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use builtin_api::{Access, Registry, RegistryError, Sandbox, SandboxError};
use cap_std::{AmbientAuthority, ambient_authority, fs::Dir};
use host_confine::{
    Confinement, Duty,
    broker::{Bounds, Broker, BrokerError, Kind, ProcessBroker, Reach},
};
use netstat_builtin::{MissingTool, Netstat, Tool};
use portwatch_builtin::PortWatch;
use procnetsocket::{ProcRoot, ProcessDetails, SocketTables};
use socket_query::{Grant, Policy, PolicyLayer, ProcessVisibility, System};
use ss_builtin::Ss;

use crate::args::{Args, Directory};

/// The first word of the command line of a broker.
pub(crate) const BROKER: &str = "--broker";

/// Bytes of a policy file, as in host-shell.
const MAX_POLICY_BYTES: u64 = 64 * 1024;

/// What tools are given.
pub(crate) struct Capabilities {
    pub(crate) sandbox: Sandbox,
    pub(crate) registry: Registry,
    pub(crate) policy: Policy,
    pub(crate) confinement: Confinement,
    pub(crate) audit: Option<File>,
}

/// Why something that the command line names cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CapabilityError {
    #[error("cannot open {path:?}")]
    Open { path: PathBuf, source: io::Error },
    #[error("cannot grant the directory {path:?}")]
    Grant { path: PathBuf, source: SandboxError },
    #[error("expected a policy in {path:?}")]
    Policy { path: PathBuf, source: toml::de::Error },
    #[error("the grant \"resolve\" is not for this host: it looks up no host names")]
    Resolve,
    #[error("cannot open what the grants need")]
    System(#[from] socket_query::Error),
    #[error("cannot list the system's sockets")]
    Tables(#[source] procnetsocket::Error),
    #[error("cannot look at this process in /proc, to confine it")]
    OwnProcess(#[source] procnetsocket::RootError),
    #[error("cannot start a broker")]
    StartBroker(#[source] io::Error),
    #[error("cannot use the pipes of a broker")]
    Broker(#[from] BrokerError),
    #[error("cannot duplicate a handle")]
    Duplicate(#[source] io::Error),
    #[error("cannot register a builtin")]
    Register(#[from] RegistryError),
}

#[expect(clippy::disallowed_methods, reason = "the one place that mints ambient authority")]
fn authority() -> AmbientAuthority {
    ambient_authority()
}

/// Opens all that the command line names.
///
/// # Ambient Authority
///
/// It opens the directories and files of the command line and what [`System`] says; with the grant
/// `processes` it starts a broker.
pub(crate) fn open(args: &Args) -> Result<Capabilities, CapabilityError> {
    let mut sandbox = Sandbox::empty();
    let mut confinement = Confinement::new(Duty::Scripts);
    for directory in &args.allow_path {
        confinement.keep(grant(&mut sandbox, directory)?, directory.access);
    }
    let audit = args.audit.as_deref().map(open_audit).transpose()?;
    let policy = policy(args)?;
    if policy.grants().contains(Grant::Resolve) {
        return Err(CapabilityError::Resolve);
    }
    let system = match &args.proc_root {
        Some(path) => System::with_tables(SocketTables::from_dir(open_dir(path)?), authority()),
        None => System::open_ambient(authority())?,
    };
    for place in system.tables().reach().map_err(CapabilityError::Tables)? {
        confinement.keep(place, Access::Read);
    }
    if let Some(cgroups) = system.cgroups() {
        let cgroups = cgroups.as_fd().try_clone_to_owned();
        confinement.keep_listing(cgroups.map_err(CapabilityError::Duplicate)?);
    }
    if policy.grants().contains(Grant::Sockets) {
        confinement.keep_sockets();
    }
    if policy.grants().contains(Grant::Events) {
        confinement.keep_events();
    }
    let is_live = args.proc_root.is_none();
    let system = if policy.grants().contains(Grant::Processes) && is_live && !args.no_confine {
        system.with_processes(Arc::new(ProcessBroker::new(start_broker(&policy)?)))
    } else {
        system
    };
    let view = system.view(policy.clone())?;
    let mut registry = Registry::new();
    registry.register(Ss::new(view.clone()))?;
    registry.register(Netstat::new(view.clone()))?;
    registry.register(PortWatch::new(view))?;
    for tool in Tool::ALL {
        registry.register(MissingTool(tool))?;
    }
    Ok(Capabilities { sandbox, registry, policy, confinement, audit })
}

/// Opens `/proc` for the look at this process's own state.
///
/// # Ambient Authority
///
/// It opens `/proc`.
pub(crate) fn own_process() -> Result<ProcRoot, CapabilityError> {
    ProcRoot::open_ambient(authority()).map_err(CapabilityError::OwnProcess)
}

/// Starts this program again, as a broker of processes: a confined process cannot see them.
#[expect(clippy::disallowed_methods, reason = "the one start of a process, before confinement")]
fn start_broker<S: host_confine::broker::Service>(
    policy: &Policy,
) -> Result<Broker<S>, CapabilityError> {
    let details = match policy.processes() {
        Some(ProcessVisibility::Full) => ProcessDetails::Full,
        _ => ProcessDetails::User,
    };
    let reach = if policy.narrows() { Reach::Named } else { Reach::All };
    let mut child = Command::new("/proc/self/exe")
        .arg(BROKER)
        .args(Kind::Processes(Bounds { details, reach }).words())
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(CapabilityError::StartBroker)?;
    let gone = || CapabilityError::StartBroker(io::ErrorKind::BrokenPipe.into());
    let requests = child.stdin.take().ok_or_else(gone)?;
    let answers = child.stdout.take().ok_or_else(gone)?;
    Ok(Broker::new(requests.into(), answers.into())?)
}

fn policy(args: &Args) -> Result<Policy, CapabilityError> {
    let layers: Result<Vec<_>, _> = args.policy.iter().map(|path| read_policy(path)).collect();
    let policy = match layers?.into_iter().reduce(PolicyLayer::intersection) {
        Some(layer) => Policy::from(layer),
        None => Policy::default(),
    };
    Ok(match args.grant {
        Some(grants) => policy.with_grants(grants),
        None => policy,
    })
}

#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
fn read_policy(path: &Path) -> Result<PolicyLayer, CapabilityError> {
    let failed = |source| CapabilityError::Open { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_POLICY_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_POLICY_BYTES {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    toml::from_slice(&bytes)
        .map_err(|source| CapabilityError::Policy { path: path.to_owned(), source })
}

#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
fn open_audit(path: &Path) -> Result<File, CapabilityError> {
    let mut options = File::options();
    options
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.flush().map(|()| file))
        .map_err(|source| CapabilityError::Open { path: path.to_owned(), source })
}

/// Grants a directory at the path that was typed, and returns a second handle on it.
#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
fn grant(sandbox: &mut Sandbox, directory: &Directory) -> Result<OwnedFd, CapabilityError> {
    let path = directory.path.clone();
    let mount = std::path::absolute(&path)
        .map_err(|source| CapabilityError::Open { path: path.clone(), source })?;
    let dir = open_dir(&path)?;
    let second = dir.as_fd().try_clone_to_owned().map_err(CapabilityError::Duplicate)?;
    sandbox
        .grant(mount.as_os_str().as_encoded_bytes(), dir, directory.access)
        .map_err(|source| CapabilityError::Grant { path, source })?;
    Ok(second)
}

#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
fn open_dir(path: &Path) -> Result<Dir, CapabilityError> {
    Dir::open_ambient_dir(path, authority())
        .map_err(|source| CapabilityError::Open { path: path.to_owned(), source })
}
