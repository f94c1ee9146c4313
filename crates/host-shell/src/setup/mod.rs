//! Opens what scripts are granted, and runs them in a process that can be killed.
//!
//! A [`Shell`](crate::Shell) alone cannot enforce a memory limit, and cannot be stopped while it
//! computes. This module adds what a program needs for that. `host-shell` and `ss-mcp` use it:
//!
//! ```text
//!  parent: sends requests, enforces the deadline ── confined by the program
//!    └── spawner: starts the next one of these, and ends it ── confined
//!          └── child: the interpreter, what scripts are granted ── confined, with a limit of memory
//! ```
//!
//! 1. A [`Setup`] contains what is granted. It is plain data, from a command line.
//! 2. [`start`] opens its paths, once, and forks the process. This has to happen before there is a
//!    second thread.
//! 3. A [`ScriptProcess`] sends one [`ScriptRequest`] after the other to the child, each with a
//!    deadline.
//!
//! # Example
//!
//! ```no_run
//! use std::time::Instant;
//!
//! use host_shell::setup::{self, Ended, Interrupts, Role, ScriptRequest, Setup};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut setup = Setup::default();
//! setup.directories.extend(setup::Directory::from_word(b"/srv/data"));
//! let parent = match setup::start(setup, 1, &Interrupts::receive()?)? {
//!     Role::Parent(parent) => parent,
//!     // This is one of the other processes, which has finished.
//!     Role::Done(_) => return Ok(()),
//! };
//! for mut session in parent.sessions {
//!     let request = ScriptRequest::Script { text: "ss -tln".to_owned(), name: None };
//!     if let Ended::Lost { message, .. } = session.ask_since(Instant::now(), &request) {
//!         eprint!("{message}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Ambient Authority
//!
//! All of it is used in one file, `capabilities.rs`: by [`start`], [`Setup::open_handles`],
//! [`Setup::open`], [`Setup::read_policy`], [`own_process`], [`read_script`] and [`serve_broker`].
//! Nothing else opens a path.

mod audit;
mod broker_links;
mod brokers;
mod capabilities;
mod child;
mod error;
mod grant;
mod link;
mod options;
mod session;
mod spawner;

use std::{
    io::{self, PipeReader},
    path::Path,
};

use builtin_api::{ExitCode, Registry};
use host_confine::{
    Confined, Confinement, Duty, Forked,
    broker::{BrokerErrorKind, BrokerKind, NamespaceService, ProcessService, Reporting, serve},
    fork,
};
use procnetsocket::{ProcRoot, SocketTables};
use rustix::stdio::{dup2_stdin, dup2_stdout};
use socket_query::{Policy, PolicyView};

pub use self::{
    audit::{Audit, AuditRecord, ScriptUsage},
    broker_links::BrokerLinks,
    capabilities::{AnsweredBy, Capabilities, Handles, NamedBroker, TableOrigin},
    error::{SetupError, SetupErrorKind},
    grant::{GRANT_LIST, parse_grants},
    link::{InForce, Printed, ScriptAnswer, ScriptRequest},
    options::{BROKER, Directory, Namespace, Setup, Streams},
    session::{Ended, Interrupts, ScriptProcess, print_message},
};
use self::{
    brokers::{Keeper, spawner_confinement, wanted},
    error::Repr,
    link::{ChildEnds, Link, SpawnerEnds},
};

impl Setup {
    /// Returns the policy that results from all policy files, or the default without one. Grants
    /// are applied last.
    ///
    /// # Ambient Authority
    ///
    /// It opens the files of policies.
    ///
    /// # Errors
    ///
    /// [`Capability`](SetupErrorKind::Capability) for a file that cannot be read or is not a
    /// policy.
    pub fn read_policy(&self) -> Result<Policy, SetupError> {
        Ok(capabilities::policy(self)?)
    }

    /// Opens the paths of the set-up.
    ///
    /// # Ambient Authority
    ///
    /// It opens the granted directories, the fake proc root, and the files of policies and network
    /// namespaces.
    ///
    /// # Errors
    ///
    /// [`Capability`](SetupErrorKind::Capability) for a path that cannot be opened or granted.
    pub fn open_handles(&self) -> Result<Handles, SetupError> {
        Ok(Handles::open(self)?)
    }

    /// Opens everything else, in the process that lists sockets. `brokers` is
    /// [`ParentProcess::brokers`].
    ///
    /// # Ambient Authority
    ///
    /// It opens `/etc/services`, `/etc/protocols` and `/etc/passwd`, and without a fake proc root
    /// the system's `/proc`, sock_diag and `/sys/fs/cgroup`. It enters network namespaces, on a
    /// short-lived thread. Without the grant `sockets` it opens nothing.
    ///
    /// # Errors
    ///
    /// [`Capability`](SetupErrorKind::Capability) for what cannot be opened.
    pub fn open(&self, handles: Handles, brokers: BrokerLinks) -> Result<Capabilities, SetupError> {
        Ok(capabilities::open(self.confine, handles, brokers)?)
    }

    /// Confines this process, unless confinement is disabled.
    ///
    /// # Errors
    ///
    /// [`Confine`](SetupErrorKind::Confine) when that is not possible.
    pub fn confine(
        &self,
        own: &ProcRoot,
        confinement: Confinement,
    ) -> Result<Option<Confined>, SetupError> {
        Ok(self.confine.then(|| confinement.apply(own)).transpose()?)
    }
}

impl Capabilities {
    /// Returns the builtins over the view.
    ///
    /// # Errors
    ///
    /// None, as long as the names of the builtins are different.
    pub fn registry(&self) -> Result<Registry, SetupError> {
        registry(&self.view)
    }
}

/// Returns the builtins over a view: `ss`, `netstat` and `portwatch`, and commands with the names
/// of similar tools, each of which prints the `ss` command to use instead.
///
/// # Errors
///
/// None, as long as the names of the builtins are different.
pub fn registry(view: &PolicyView) -> Result<Registry, SetupError> {
    Ok(capabilities::registry(view)?)
}

/// Opens `/proc` to read the state of this process.
///
/// # Ambient Authority
///
/// It opens `/proc`.
///
/// # Errors
///
/// [`Capability`](SetupErrorKind::Capability) when `/proc` is not a procfs.
pub fn own_process() -> Result<ProcRoot, SetupError> {
    Ok(capabilities::own_process()?)
}

/// Reads a script file.
///
/// # Ambient Authority
///
/// It opens that path.
///
/// # Errors
///
/// [`Script`](SetupErrorKind::Script) when it cannot be read, is too large, or is not UTF-8.
pub fn read_script(path: &Path) -> Result<String, SetupError> {
    let name = path.display().to_string();
    match capabilities::read_script(path) {
        Ok(bytes) => decode_script(bytes, &name),
        Err(error) => Err(Repr::Script { name, error }.into()),
    }
}

fn decode_script(bytes: Vec<u8>, name: &str) -> Result<String, SetupError> {
    String::from_utf8(bytes).map_err(|error| {
        let error = io::Error::new(io::ErrorKind::InvalidData, error.utf8_error());
        Repr::Script { name: name.to_owned(), error }.into()
    })
}

/// Which process this is after [`start`].
pub enum Role {
    /// The parent.
    Parent(Box<ParentProcess>),
    /// Another process, which has finished: the program has to exit with this status.
    Done(ExitCode),
}

/// The resources of the parent.
#[non_exhaustive]
pub struct ParentProcess {
    /// The set-up that it was started with.
    pub setup: Setup,
    /// The opened paths. A parent that does not list sockets itself drops them.
    pub handles: Handles,
    /// The sessions, each with its processes.
    pub sessions: Vec<ScriptProcess>,
    /// The audit. The sessions also write to it, unless their streams are
    /// [captured](Streams::Captured).
    pub audit: Option<Audit>,
    /// The brokers of the parent, if it lists sockets itself: where the streams of scripts are
    /// [captured](Streams::Captured). A separate process manages them.
    pub brokers: BrokerLinks,
}

/// Opens the paths of a set-up, and starts the processes of `count` sessions.
///
/// This does not confine the parent, which has to have one thread.
///
/// # Ambient Authority
///
/// As [`Setup::open_handles`], and the file of the audit. Each child does what [`Setup::open`]
/// does.
///
/// # Errors
///
/// [`Capability`](SetupErrorKind::Capability) for what cannot be had,
/// [`Confine`](SetupErrorKind::Confine) when there is a second thread,
/// [`System`](SetupErrorKind::System) when a pipe or process cannot be created.
pub fn start(setup: Setup, count: usize, interrupts: &Interrupts) -> Result<Role, SetupError> {
    let handles = setup.open_handles()?;
    let audit = setup.audit.as_deref().map(|path| capabilities::open_audit(path, &handles));
    let audit = audit.transpose()?.map(Audit::new);
    let own = own_process()?;
    let mut sessions = Vec::new();
    for _ in 0..count {
        let Link { parent, spawner, child } = Link::new()?;
        if fork(&own)? == Forked::Child {
            // Security: no other process has the handles that only the parent needs.
            drop((parent, sessions, audit, own));
            return Ok(Role::Done(spawn(&setup, handles, spawner, child)?));
        }
        let kept = audit.clone().filter(|_| setup.streams != Streams::Captured);
        sessions.push(ScriptProcess::new(parent, interrupts.clone(), setup.limits, kept)?);
    }
    let mut brokers = BrokerLinks::default();
    let kinds = wanted(&setup, handles.policy());
    if setup.streams == Streams::Captured && !kinds.is_empty() {
        let (end, held) = io::pipe()?;
        let (links, keeper) = Keeper::new(&kinds)?;
        if fork(&own)? == Forked::Child {
            drop((held, links, sessions, audit, own));
            return Ok(Role::Done(keep_brokers(&setup, &handles, &kinds, keeper, &end)?));
        }
        brokers = links.kept_while(held);
    }
    Ok(Role::Parent(Box::new(ParentProcess { setup, handles, sessions, audit, brokers })))
}

/// Continues as the process that manages the brokers of the parent, until the parent ends.
fn keep_brokers(
    setup: &Setup,
    handles: &Handles,
    kinds: &[BrokerKind],
    mut keeper: Keeper,
    end: &PipeReader,
) -> Result<ExitCode, SetupError> {
    // Security: brokers must not use the standard streams of the program.
    let (nothing, unread) = io::pipe()?;
    dup2_stdin(&nothing).and_then(|()| dup2_stdout(&unread)).map_err(io::Error::from)?;
    let _confined = setup.confine(&own_process()?, spawner_confinement(handles.policy(), kinds))?;
    keeper.begin(handles.host_proc())?;
    while spawner::wait(end, None, &keeper)? == spawner::Ready::Broker {
        keeper.renew(handles.host_proc());
    }
    keeper.end();
    Ok(ExitCode::SUCCESS)
}

/// Continues as the spawner, and in each process that it starts as a child.
fn spawn(
    setup: &Setup,
    handles: Handles,
    ends: SpawnerEnds,
    child: ChildEnds,
) -> Result<ExitCode, SetupError> {
    if setup.streams == Streams::Captured {
        // Security: scripts must not use the standard streams, which carry the protocol of the
        // program.
        let (nothing, _) = io::pipe()?;
        dup2_stdin(&nothing).and_then(|()| dup2_stdout(&child.notes)).map_err(io::Error::from)?;
    }
    let kinds = wanted(setup, handles.policy());
    let confinement = spawner_confinement(handles.policy(), &kinds);
    let confined = setup.confine(&own_process()?, confinement)?;
    let starts = spawner::Starts { kinds: &kinds, host: handles.host_proc() };
    match spawner::run(&starts, &ends, child, setup.streams != Streams::Captured)? {
        spawner::SpawnerRole::Child(child, brokers, _alive) => {
            drop(ends);
            child::run(setup, handles, child, brokers, confined.as_ref())?;
        }
        spawner::SpawnerRole::Done => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves as a broker for the shell that started this process, until that shell ends. Its kind
/// comes from the words after [`BROKER`].
///
/// # Ambient Authority
///
/// It opens `/proc`, and for host names what the C library needs to look them up.
///
/// # Errors
///
/// [`Confine`](SetupErrorKind::Confine) when the process cannot be confined,
/// [`System`](SetupErrorKind::System) for a malformed request.
pub fn serve_broker(kind: BrokerKind) -> Result<(), SetupError> {
    let own = own_process()?;
    let (input, output) = (&mut stdin().lock(), &mut stdout().lock());
    let served = match kind {
        BrokerKind::Processes(bounds, procfs) => {
            let tables = SocketTables::from_root(capabilities::procfs(procfs)?);
            let confined = Confinement::new(Duty::Processes).apply(&own)?;
            serve(&Reporting::new(ProcessService::new(tables, bounds), &confined), input, output)
        }
        BrokerKind::Namespaces(details, procfs) => {
            let finder = capabilities::finder(procfs)?;
            let confined = Confinement::new(Duty::Namespaces).apply(&own)?;
            let service = NamespaceService::new(finder, details, stdin());
            serve(&Reporting::new(service, &confined), input, output)
        }
        BrokerKind::Resolver => {
            let confined = capabilities::resolver_confinement().apply(&own)?;
            // Security: the process that talks to name servers keeps no handle to `/proc`.
            drop(own);
            serve(&Reporting::new(capabilities::resolver(), &confined), input, output)
        }
        _ => return Err(io::Error::from(io::ErrorKind::Unsupported).into()),
    };
    match served {
        // OK because a shell that has ended needs no answer.
        Err(error) if error.kind() != BrokerErrorKind::Gone => Err(error.into()),
        _ => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the program's own standard input")]
fn stdin() -> io::Stdin {
    io::stdin()
}

#[expect(clippy::disallowed_methods, reason = "the program's own standard output")]
fn stdout() -> io::Stdout {
    io::stdout()
}

#[expect(clippy::disallowed_methods, reason = "the program's own standard error")]
fn stderr() -> io::Stderr {
    io::stderr()
}
