//! The only file of the shells in this workspace that uses ambient authority.
//!
//! Everything that a process opens by name is opened here, once, before any script runs and before
//! any thread starts: the directories of the command line, the script file, and the names of
//! services, protocols and users, which are read as a whole and passed on as bytes. After that
//! nothing opens a path. The file is longer than others because it is audited as a whole.
//!
//! # Ambient Authority
//!
//! [`Handles::open`], [`open`] and [`read_script`] use the authority of the user who started the
//! program.

use std::{
    fs::File,
    io::{self, PipeWriter, Read as _},
    os::{
        fd::{AsFd, AsRawFd as _, OwnedFd},
        unix::process::CommandExt as _,
    },
    path::{Component, Path},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use bstr::{BStr, BString};
use builtin_api::{Access, Registry, Sandbox};
use cap_std::{AmbientAuthority, ambient_authority, fs::Dir};
use host_confine::{
    Confinement, Duty,
    broker::{
        Broker, BrokerKind, NamespaceBroker, ProcessBroker, Procfs, Reports, Resolver,
        ResolverBroker, Service,
    },
};
use netstat_builtin::{MissingTool, Netstat, Tool};
use portwatch_builtin::PortWatch;
use procnetsocket::{NamespaceFinder, Pid, ProcRoot, SocketTables};
use rustix::{
    fs::{FileType, Mode, OFlags, fstat, openat},
    io::Errno,
};
use serde::{Deserialize, Serialize};
use socket_query::{
    Grant, Names, NamespaceScope, Policy, PolicyLayer, PolicyView, System, SystemHostNames,
};
use ss_builtin::Ss;

use crate::limits::MAX_SCRIPT_BYTES;

use super::{
    broker_links::{AskingEnds, BrokerLinks},
    error::CapabilityError,
    options::{BROKER, Directory, Namespace, Setup},
};

/// Bytes of a policy file: a hundred times the size of one with all settings. A larger one is an
/// error.
const MAX_POLICY_BYTES: u64 = 64 * 1024;

/// The capabilities of scripts and builtins.
#[non_exhaustive]
pub struct Capabilities {
    /// The granted directories.
    pub sandbox: Sandbox,
    /// The sockets that builtins may see; see [`registry`](super::registry).
    pub view: PolicyView,
    /// What the view allows.
    pub policy: Policy,
    /// The confinement that keeps what these need.
    pub confinement: Confinement,
    /// Where the socket tables come from.
    pub tables: TableOrigin,
    /// Which process finds the processes of sockets.
    pub processes: AnsweredBy,
    /// Which process looks up host names.
    pub hosts: AnsweredBy,
    /// Which process finds and opens the network namespaces of the machine.
    pub namespaces: AnsweredBy,
    /// The brokers, to ask for their confinement.
    pub brokers: Vec<NamedBroker>,
    /// Open while the brokers are needed, if a separate process manages them: it exits when this
    /// is closed.
    pub asks: Option<PipeWriter>,
}

/// A broker and its name.
pub type NamedBroker = (&'static str, Arc<dyn Reports>);

/// Where socket tables come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableOrigin {
    /// Nowhere: sockets are not granted, and no handle that lists them is open.
    Nowhere,
    /// sock_diag, and the verified `/proc` for tables that it does not serve.
    Diag,
    /// The verified `/proc` only: a sock_diag socket could not be opened.
    Proc,
    /// A directory in place of `/proc` (`--proc-root`).
    Fake,
    /// The text tables of process 1 of another procfs (`--host-proc`).
    Host,
}

/// Which process provides what a confined process cannot find out: the processes of sockets, host
/// names, and the network namespaces of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnsweredBy {
    /// None: it is not granted.
    Nowhere,
    /// This process: it is not confined, or its confinement allows this.
    Here,
    /// A broker.
    Broker,
}

#[expect(clippy::disallowed_methods, reason = "the one place that mints ambient authority")]
fn authority() -> AmbientAuthority {
    ambient_authority()
}

/// The paths of a [`Setup`], opened once. Every process in which scripts run has these handles, so
/// all of them use the same files even if the paths change.
#[derive(Debug)]
pub struct Handles {
    sandbox: Sandbox,
    /// Second handles on the granted directories, each with its access.
    places: Vec<(OwnedFd, Access)>,
    policy: Policy,
    namespaces: Vec<(BString, OwnedFd)>,
    proc_root: Option<Dir>,
    host_proc: Option<Dir>,
}

impl Handles {
    /// Opens the paths of the set-up.
    ///
    /// # Ambient Authority
    ///
    /// It opens the granted directories, the fake proc root and the other procfs, and the files of
    /// policies and network namespaces.
    pub(crate) fn open(setup: &Setup) -> Result<Self, CapabilityError> {
        let mut sandbox = Sandbox::empty();
        let directories = setup.directories.iter();
        let places = directories
            .map(|directory| Ok((grant(&mut sandbox, directory)?, directory.access)))
            .collect::<Result<_, CapabilityError>>()?;
        let proc_root = setup.proc_root.as_deref().map(open_directory).transpose()?;
        let host_proc = setup.host_proc.as_deref().map(open_directory).transpose()?;
        let policy = policy(setup)?;
        let namespaces = open_namespaces(setup, &policy)?;
        // Security: without the grant `sockets`, no handle that lists sockets stays open.
        let lists = policy.grants().contains(Grant::Sockets);
        let [proc_root, host_proc] = [proc_root, host_proc].map(|root| root.filter(|_| lists));
        let namespaces = if lists { namespaces } else { Vec::new() };
        Ok(Self { sandbox, places, policy, namespaces, proc_root, host_proc })
    }

    /// Returns the granted directories: the path at which scripts see each, and its access.
    pub fn directories(&self) -> impl Iterator<Item = (&BStr, Access)> {
        self.sandbox.grants()
    }

    /// Returns the policy that results from all policy files.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the other procfs.
    pub(super) fn host_proc(&self) -> Option<&Dir> {
        self.host_proc.as_ref()
    }

    /// Returns the handles without granted directories, for a process that lists sockets and runs
    /// no script.
    #[must_use]
    pub fn without_directories(self) -> Self {
        Self { sandbox: Sandbox::empty(), places: Vec::new(), ..self }
    }
}

/// Opens everything else that the set-up asks for, in the process that lists sockets.
///
/// # Ambient Authority
///
/// It opens `/etc/services`, `/etc/protocols` and `/etc/passwd`, and without a fake proc root the
/// system's `/proc`, sock_diag and `/sys/fs/cgroup`. It enters the network namespaces, on a
/// short-lived thread. Only with the grant `events` it opens sockets that receive destroy events,
/// and only with the grant `kill` the view can destroy sockets. Without the grant `sockets` nothing
/// is opened, and only directories stay open.
pub(crate) fn open(
    is_confined: bool,
    handles: Handles,
    links: BrokerLinks,
) -> Result<Capabilities, CapabilityError> {
    let Handles { sandbox, places, policy, namespaces, proc_root, host_proc } = handles;
    let mut confinement = Confinement::new(Duty::Scripts);
    for (place, access) in places {
        confinement.keep(place, access);
    }
    if !policy.grants().contains(Grant::Sockets) {
        return Ok(without_sockets(sandbox, policy, confinement));
    }
    let token = authority();
    let system = match (proc_root, &host_proc) {
        (Some(root), _) => System::with_tables(SocketTables::from_dir(root), token),
        (None, Some(host)) => System::with_tables(host_tables(host)?, token),
        (None, None) => System::open_ambient(token).map_err(CapabilityError::System)?,
    };
    for place in system.tables().reach().map_err(CapabilityError::Tables)? {
        confinement.keep(place, Access::Read);
    }
    if let Some(cgroups) = system.cgroups() {
        confinement.keep_listing(duplicate(cgroups).map_err(CapabilityError::Duplicate)?);
    }
    let source = match host_proc {
        Some(_) => TableOrigin::Host,
        None => source_of(system.tables()),
    };
    confinement.keep_sockets();
    if policy.net_admin() {
        confinement.keep_net_admin();
    }
    if policy.grants().contains(Grant::Events) {
        confinement.keep_events();
    }
    let system = with_namespaces(system, namespaces, &mut confinement)?;
    let host = host_proc.as_ref();
    let mut means =
        Means { policy: &policy, source, host, links, is_confined, brokers: Vec::new() };
    let (system, processes) = means.processes(system)?;
    let (system, hosts) = means.host_names(system)?;
    let (system, namespaces) = means.namespaces(system, &mut confinement)?;
    let (brokers, asks) = (means.brokers, means.links.into_asks());
    let view = system.view(policy.clone()).map_err(CapabilityError::System)?;
    let tables = source;
    Ok(Capabilities {
        sandbox,
        view,
        policy,
        confinement,
        tables,
        processes,
        hosts,
        namespaces,
        brokers,
        asks,
    })
}

/// Returns the capabilities without the grant `sockets`: `ss`, `netstat` and `portwatch` report
/// that it is missing.
fn without_sockets(sandbox: Sandbox, policy: Policy, confinement: Confinement) -> Capabilities {
    let tables = Arc::new(SocketTables::closed());
    Capabilities {
        sandbox,
        view: PolicyView::new(tables, policy.clone(), Names::default()),
        policy,
        confinement,
        tables: TableOrigin::Nowhere,
        processes: AnsweredBy::Nowhere,
        hosts: AnsweredBy::Nowhere,
        namespaces: AnsweredBy::Nowhere,
        brokers: Vec::new(),
        asks: None,
    }
}

/// Returns the tables of the namespace of process 1 of another procfs.
fn host_tables(host: &Dir) -> Result<SocketTables, CapabilityError> {
    SocketTables::of_process(host_procfs(host)?, Pid::INIT).map_err(CapabilityError::HostProc)
}

fn host_procfs(host: &Dir) -> Result<ProcRoot, CapabilityError> {
    let host = host.try_clone().map_err(CapabilityError::Duplicate)?;
    ProcRoot::from_procfs(host).map_err(|error| CapabilityError::HostProc(error.into()))
}

/// Returns the builtins over a view: `ss`, `netstat` and `portwatch`, and commands with the names
/// of similar tools, each of which prints the `ss` command to use instead.
pub(crate) fn registry(view: &PolicyView) -> Result<Registry, CapabilityError> {
    let mut registry = Registry::new();
    registry.register(Ss::new(view.clone()))?;
    registry.register(Netstat::new(view.clone()))?;
    registry.register(PortWatch::new(view.clone()))?;
    for tool in Tool::ALL {
        registry.register(MissingTool(tool))?;
    }
    Ok(registry)
}

/// Opens the network namespaces of the command line; without the grant this is an error.
#[expect(clippy::disallowed_methods, reason = "the paths that the user typed, once")]
fn open_namespaces(
    setup: &Setup,
    policy: &Policy,
) -> Result<Vec<(BString, OwnedFd)>, CapabilityError> {
    if setup.namespaces.is_empty() && !setup.every_namespace {
        return Ok(Vec::new());
    }
    if !policy.grants().contains(Grant::Namespaces) {
        return Err(CapabilityError::NamespaceNotGranted);
    }
    // Security: a fake root never makes anyone look at the live system.
    if setup.proc_root.is_some() {
        return Err(CapabilityError::NamespaceOfFakeRoot);
    }
    if setup.host_proc.is_some() && !setup.namespaces.is_empty() {
        return Err(CapabilityError::NamespaceOfHost);
    }
    let open = |Namespace { name, path }: &Namespace| {
        let file = std::fs::File::open(path)
            .map_err(|source| CapabilityError::NamespaceFile { path: path.clone(), source })?;
        Ok((name.clone(), file.into()))
    };
    setup.namespaces.iter().map(open).collect()
}

/// Opens the tables of network namespaces.
///
/// # Ambient Authority
///
/// It enters each namespace on a short-lived thread.
fn with_namespaces(
    system: System,
    namespaces: Vec<(BString, OwnedFd)>,
    confinement: &mut Confinement,
) -> Result<System, CapabilityError> {
    namespaces.into_iter().try_fold(system, |system, (name, file)| {
        let tables = SocketTables::open_ambient_in(authority(), file.as_fd())
            .map_err(|source| CapabilityError::Namespace { name: name.clone(), source })?;
        for place in tables.reach().map_err(CapabilityError::Tables)? {
            confinement.keep(place, Access::Read);
        }
        Ok(system.with_namespace(name, Arc::new(tables)))
    })
}

/// Connects a confined process to its brokers, or provides the same in an unconfined process.
struct Means<'a> {
    policy: &'a Policy,
    source: TableOrigin,
    host: Option<&'a Dir>,
    links: BrokerLinks,
    is_confined: bool,
    brokers: Vec<NamedBroker>,
}

impl Means<'_> {
    /// Returns an error if a broker that does not exist is needed.
    fn may_do_without(&self, is_kept_from_it: bool) -> Result<(), CapabilityError> {
        if self.is_confined && is_kept_from_it { Err(CapabilityError::NoBroker) } else { Ok(()) }
    }

    /// Adds the source of processes, if they are granted.
    fn processes(&mut self, system: System) -> Result<(System, AnsweredBy), CapabilityError> {
        if !self.policy.grants().contains(Grant::Processes) {
            return Ok((system, AnsweredBy::Nowhere));
        }
        let Some(ends) = self.links.take(|kind| matches!(kind, BrokerKind::Processes(..))) else {
            self.may_do_without(self.source != TableOrigin::Fake)?;
            return Ok((system, AnsweredBy::Here));
        };
        let broker = Arc::new(ProcessBroker::new(connected(ends)?));
        self.brokers.push(("broker of processes", Arc::<ProcessBroker>::clone(&broker)));
        Ok((system.with_processes(broker), AnsweredBy::Broker))
    }

    /// Adds host names, if they are granted.
    fn host_names(&mut self, system: System) -> Result<(System, AnsweredBy), CapabilityError> {
        if !self.policy.grants().contains(Grant::Resolve) {
            return Ok((system, AnsweredBy::Nowhere));
        }
        let Some(ends) = self.links.take(|kind| kind == BrokerKind::Resolver) else {
            self.may_do_without(true)?;
            return Ok((system.with_host_names(Arc::new(resolver())), AnsweredBy::Here));
        };
        let broker = Arc::new(ResolverBroker::new(connected(ends)?));
        self.brokers.push(("broker of host names", Arc::<ResolverBroker>::clone(&broker)));
        Ok((system.with_host_names(broker), AnsweredBy::Broker))
    }

    /// Adds all network namespaces, if they are granted.
    fn namespaces(
        &mut self,
        system: System,
        confinement: &mut Confinement,
    ) -> Result<(System, AnsweredBy), CapabilityError> {
        let is_granted = self.policy.grants().contains(Grant::Namespaces)
            && self.policy.namespaces() == NamespaceScope::All;
        if !is_granted || self.source == TableOrigin::Fake {
            return Ok((system, AnsweredBy::Nowhere));
        }
        let Some(ends) = self.links.take(|kind| matches!(kind, BrokerKind::Namespaces(..))) else {
            self.may_do_without(true)?;
            let finder = match self.host {
                Some(host) => NamespaceFinder::from_root(host_procfs(host)?),
                None => {
                    NamespaceFinder::open_ambient(authority()).map_err(CapabilityError::Tables)?
                }
            };
            return Ok((system.with_namespace_finder(finder), AnsweredBy::Here));
        };
        let [first, next] = ends;
        let broker = NamespaceBroker::with_successor(
            [first.requests, next.requests],
            [first.answers, next.answers],
            own_process()?,
        )
        .map_err(CapabilityError::Broker)?;
        broker.sockets().for_each(|socket| confinement.keep_receiving(socket));
        self.brokers.push(("broker of network namespaces", Arc::new(broker.clone())));
        let own = first.sockets.into_iter().chain(next.sockets);
        let system = system.with_namespace_finder(broker).without_sockets(own);
        Ok((system, AnsweredBy::Broker))
    }
}

/// Connects to a broker and its successor.
fn connected<S: Service>([first, next]: [AskingEnds; 2]) -> Result<Broker<S>, CapabilityError> {
    Broker::new(first.requests, first.answers)
        .and_then(|broker| broker.with_successor(next.requests, next.answers))
        .map_err(CapabilityError::Broker)
}

/// Starts this program again, as a broker.
///
/// # Ambient Authority
///
/// It starts `/proc/self/exe`, the program that is already running. The broker has an empty
/// environment, and the authority of the same user. Its working directory is the other procfs, if
/// there is one, so that it uses the one that was opened.
#[expect(clippy::disallowed_methods, reason = "the one start of a process, before confinement")]
pub(super) fn spawn_broker(
    kind: BrokerKind,
    requests: Stdio,
    answers: Stdio,
    host: Option<&Dir>,
) -> Result<Child, CapabilityError> {
    let directory = match host {
        Some(host) => format!("/proc/self/fd/{}", host.as_raw_fd()),
        None => "/".to_owned(),
    };
    Command::new("/proc/self/exe")
        .arg(BROKER)
        .args(kind.words())
        .env_clear()
        .current_dir(directory)
        .stdin(requests)
        .stdout(answers)
        // Ctrl-C is for the script of the shell. The broker ends with the shell.
        .process_group(0)
        .spawn()
        .map_err(CapabilityError::StartBroker)
}

/// Opens the procfs of a broker.
///
/// # Ambient Authority
///
/// It opens `/proc` or the working directory.
pub(crate) fn procfs(procfs: Procfs) -> Result<ProcRoot, CapabilityError> {
    match procfs {
        Procfs::System => own_process(),
        Procfs::WorkingDirectory => ProcRoot::from_procfs(open_directory(Path::new("."))?)
            .map_err(CapabilityError::OwnProcess),
    }
}

/// Returns the finder of the broker of namespaces.
///
/// # Ambient Authority
///
/// As [`procfs`]. With the system's procfs, threads of this process enter network namespaces.
pub(crate) fn finder(procfs: Procfs) -> Result<NamespaceFinder, CapabilityError> {
    match procfs {
        Procfs::System => {
            NamespaceFinder::open_ambient(authority()).map_err(CapabilityError::Tables)
        }
        Procfs::WorkingDirectory => self::procfs(procfs).map(NamespaceFinder::from_root),
    }
}

/// Returns a resolver that uses the one of the system.
///
/// # Ambient Authority
///
/// It reads the files of [`RESOLVER_FILES`], loads libraries, and connects to the servers that
/// these files name.
pub(crate) fn resolver() -> Resolver {
    Resolver::new(Arc::new(SystemHostNames::from_ambient(authority())))
}

/// Files that the C library reads to choose name services (`nsswitch.conf(5)`, `resolv.conf(5)`,
/// `gai.conf(5)`), and to find libraries.
const RESOLVER_FILES: [&str; 8] = [
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/hostname",
    "/etc/ld.so.cache",
];

/// Directories of libraries that the C library may load, and of the sockets of daemons that resolve
/// host names: `nscd`, `systemd-resolved`, `avahi-daemon`, `sssd`.
const RESOLVER_DIRECTORIES: [&str; 12] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/gnu/store",
    "/run/nscd",
    "/run/systemd/resolve",
    "/run/avahi-daemon",
    "/var/lib/sss/mc",
    "/var/lib/sss/pipes",
];

/// Returns the confinement of the broker of host names. Missing paths are skipped.
///
/// # Ambient Authority
///
/// It opens the paths of [`RESOLVER_FILES`] and [`RESOLVER_DIRECTORIES`].
#[expect(clippy::disallowed_methods, reason = "fixed paths, opened once before anything is asked")]
pub(crate) fn resolver_confinement() -> Confinement {
    let mut confinement = Confinement::new(Duty::Resolver);
    for path in RESOLVER_FILES.iter().chain(&RESOLVER_DIRECTORIES) {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        if let Ok(place) = rustix::fs::open(*path, flags, Mode::empty()) {
            confinement.keep(place, Access::Read);
        }
    }
    confinement
}

/// Opens `/proc` to read the state of this process.
///
/// # Ambient Authority
///
/// It opens `/proc`.
pub(crate) fn own_process() -> Result<ProcRoot, CapabilityError> {
    ProcRoot::open_ambient(authority()).map_err(CapabilityError::OwnProcess)
}

/// Returns the policy that results from all policy files, or the default without one. `--grant` is
/// applied last.
///
/// # Ambient Authority
///
/// It opens the files of `--policy`.
pub(crate) fn policy(setup: &Setup) -> Result<Policy, CapabilityError> {
    let mut all = PolicyLayer::default();
    for path in &setup.policies {
        all = all.intersection(read_policy(path)?);
    }
    let mut policy = Policy::from(all);
    if let Some(grants) = setup.grants {
        policy = policy.with_grants(grants);
    }
    if setup.every_namespace {
        policy = policy.with_namespaces(NamespaceScope::All);
    }
    Ok(policy)
}

#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
fn read_policy(path: &Path) -> Result<PolicyLayer, CapabilityError> {
    let failed = |source| CapabilityError::PolicyFile { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let bytes = read_bounded(file, MAX_POLICY_BYTES).map_err(failed)?;
    toml::from_slice(&bytes)
        .map_err(|source| CapabilityError::Policy { path: path.to_owned(), source })
}

fn source_of(tables: &SocketTables) -> TableOrigin {
    match (tables.is_live(), tables.diag()) {
        (false, _) => TableOrigin::Fake,
        (true, Some(_)) => TableOrigin::Diag,
        (true, None) => TableOrigin::Proc,
    }
}

fn duplicate(handle: &impl AsFd) -> io::Result<OwnedFd> {
    handle.as_fd().try_clone_to_owned()
}

/// Grants a directory, and returns a second handle to it.
#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
fn grant(sandbox: &mut Sandbox, directory: &Directory) -> Result<OwnedFd, CapabilityError> {
    let path = directory.path.clone();
    // Scripts see the directory at the path that was typed, so it is made absolute but its links
    // are not resolved. The meaning of `..` depends on links, so such paths are rejected.
    let mount = std::path::absolute(&directory.path)
        .map_err(|source| CapabilityError::Directory { path: path.clone(), source })?;
    if mount.components().any(|part| part == Component::ParentDir) {
        return Err(CapabilityError::Parent(path));
    }
    let dir = open_directory(&directory.path)?;
    let second = duplicate(&dir).map_err(CapabilityError::Duplicate)?;
    sandbox
        .grant(mount.as_os_str().as_encoded_bytes(), dir, directory.access)
        .map_err(|source| CapabilityError::Grant { path, source })?;
    Ok(second)
}

#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
fn open_directory(path: &Path) -> Result<Dir, CapabilityError> {
    Dir::open_ambient_dir(path, authority())
        .map_err(|source| CapabilityError::Directory { path: path.to_owned(), source })
}

/// Opens the file of an audit for appending. A missing file is created, readable only by its user.
///
/// Security: the last component must not be a link, the file must be a regular one, and scripts
/// must not be able to reach it in a granted directory.
///
/// # Ambient Authority
///
/// It opens that path, and the directories above it.
#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
pub(crate) fn open_audit(path: &Path, handles: &Handles) -> Result<File, CapabilityError> {
    let failed = |error: Errno| CapabilityError::Audit {
        path: path.to_owned(),
        source: io::Error::from(error),
    };
    let name = path.file_name().ok_or_else(|| CapabilityError::AuditFile(path.to_owned()))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = rustix::fs::open(parent.unwrap_or(Path::new(".")), flags, Mode::empty());
    let parent = parent.map_err(failed)?;
    let granted = handles.places.iter().map(|(place, _)| identity(place));
    let granted: Vec<_> = granted.collect::<Result<_, _>>().map_err(failed)?;
    if lies_in(&parent, &granted).map_err(failed)? {
        return Err(CapabilityError::AuditWithinReach(path.to_owned()));
    }
    // Opening a FIFO without a reader would block.
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW;
    let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = openat(&parent, name, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    let stat = fstat(&file).map_err(failed)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(CapabilityError::AuditFile(path.to_owned()));
    }
    Ok(file.into())
}

/// Returns whether a directory is one of `others` or below one.
#[expect(clippy::disallowed_methods, reason = "the directories above the path that the user typed")]
fn lies_in(directory: &OwnedFd, others: &[(u64, u64)]) -> Result<bool, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut place = openat(directory, ".", flags, Mode::empty())?;
    loop {
        let here = identity(&place)?;
        if others.contains(&here) {
            return Ok(true);
        }
        place = openat(&place, "..", flags, Mode::empty())?;
        if identity(&place)? == here {
            return Ok(false);
        }
    }
}

/// Returns the identity of a file: its device and inode.
fn identity(file: &impl AsFd) -> Result<(u64, u64), Errno> {
    let stat = fstat(file)?;
    Ok((stat.st_dev, stat.st_ino))
}

/// Reads the script file of the command line.
///
/// # Ambient Authority
///
/// It opens that path.
#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
pub(crate) fn read_script(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_SCRIPT_BYTES).unwrap_or(u64::MAX);
    read_bounded(std::fs::File::open(path)?, limit)
}

/// Reads to the end; more than `limit` bytes are an error.
pub(crate) fn read_bounded(stream: impl io::Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than the limit of {limit} bytes"),
        ));
    }
    Ok(bytes)
}
