//! Opens everything that a [`PolicyView`] needs, with one token.

use std::{io, sync::Arc};

use bstr::BString;
use cap_std::{
    AmbientAuthority,
    fs::{Dir, File},
};
use procnetsocket::{
    CgroupTree, ProcRoot, SocketTables,
    diag::{EventAuthority, KillAuthority},
    model::Inode,
};

use crate::{
    error::Error,
    events::EventSource,
    host_name::HostNames,
    names::Names,
    namespace_source::NamespaceSource,
    netns::NetnsDir,
    policy::{Grant, Policy},
    process_source::ProcessSource,
    view::PolicyView,
};

/// Largest of `/etc/services`, `/etc/protocols` and `/etc/passwd` that is read, in bytes: ten times
/// what distributions ship. A larger file is an error.
const MAX_NAMES_BYTES: u64 = 1024 * 1024;

/// The running system, as a host passes it to a [`PolicyView`].
///
/// Every part can be replaced before [`view`](Self::view) is called: a host that confines itself
/// gives its brokers for processes and host names.
///
/// # Ambient Authority
///
/// It opens `/proc`, sock_diag, `/sys/fs/cgroup`, and reads `/etc/services`, `/etc/protocols` and
/// `/etc/passwd`. Further resources are opened only for a policy with the grant:
///
/// | grant | what |
/// | --- | --- |
/// | `events` | sockets that receive the kernel's destroy events |
/// | `kill` | the right to destroy sockets |
/// | `resolve` | the resolver of the C library (feature `resolver`), or [`with_host_names`](Self::with_host_names) |
/// | `namespaces` | `/run/netns`, if [`with_netns_dir`](Self::with_netns_dir) is called; [`with_namespace`](Self::with_namespace) |
///
/// # Examples
///
/// The listening ports of the system:
///
/// ```no_run
/// use procnetsocket::{Uninterrupted, model::Socket};
/// use socket_query::{Policy, Selection, StateSet, System};
///
/// let view = System::open_ambient(cap_std::ambient_authority())?.view(Policy::default())?;
/// let listening = Selection { states: StateSet::LISTENING, ..Selection::everything() };
/// view.for_each(&listening, &Uninterrupted, |socket| {
///     if let Socket::Inet(socket) = socket {
///         println!("{:?} {}", socket.protocol, socket.local);
///     }
/// })?;
/// # Ok::<(), socket_query::Error>(())
/// ```
#[derive(Clone)]
pub struct System {
    token: AmbientAuthority,
    tables: Arc<SocketTables>,
    cgroups: Option<Arc<CgroupTree>>,
    names: Option<Names>,
    processes: Option<Arc<dyn ProcessSource>>,
    hosts: Option<Arc<dyn HostNames>>,
    namespaces: Vec<(BString, Arc<SocketTables>)>,
    netns_dir: bool,
    finder: Option<Arc<dyn NamespaceSource>>,
    own_sockets: Vec<Inode>,
}

impl System {
    /// Opens the system's tables: sock_diag, and `/proc` for the rest.
    ///
    /// # Ambient Authority
    ///
    /// See [`System`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Source`](crate::ErrorKind::Source) when `/proc` cannot be opened.
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        Ok(Self::with_tables(SocketTables::open_ambient(token)?, token))
    }

    /// Opens the system's text tables only, as on a machine without sock_diag.
    ///
    /// # Ambient Authority
    ///
    /// See [`System`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Source`](crate::ErrorKind::Source) when `/proc` cannot be opened.
    pub fn open_ambient_text(token: AmbientAuthority) -> Result<Self, Error> {
        let root = ProcRoot::open_ambient(token).map_err(procnetsocket::Error::from)?;
        Ok(Self::with_tables(SocketTables::from_root(root), token))
    }

    /// Returns the system with other tables, such as those of a fake root.
    ///
    /// With a fake root, only names of the live system are used: no control groups, no events, no
    /// namespaces, and nothing can be destroyed.
    ///
    /// # Ambient Authority
    ///
    /// See [`System`].
    pub fn with_tables(tables: SocketTables, token: AmbientAuthority) -> Self {
        let cgroups = if tables.is_live() { CgroupTree::open_ambient(token) } else { None };
        Self {
            token,
            tables: Arc::new(tables),
            cgroups: cgroups.map(Arc::new),
            names: None,
            processes: None,
            hosts: None,
            namespaces: Vec::new(),
            netns_dir: false,
            finder: None,
            own_sockets: Vec::new(),
        }
    }

    /// Uses these names of services, protocols and users instead of those in `/etc`.
    #[must_use]
    pub fn with_names(self, names: Names) -> Self {
        Self { names: Some(names), ..self }
    }

    /// Finds the processes of sockets with this source instead of a scan in this process.
    #[must_use]
    pub fn with_processes(self, processes: Arc<dyn ProcessSource>) -> Self {
        Self { processes: Some(processes), ..self }
    }

    /// Resolves host names with this instead of the C library.
    #[must_use]
    pub fn with_host_names(self, hosts: Arc<dyn HostNames>) -> Self {
        Self { hosts: Some(hosts), ..self }
    }

    /// Adds the tables of another network namespace, under a name.
    #[must_use]
    pub fn with_namespace(mut self, name: impl Into<BString>, tables: Arc<SocketTables>) -> Self {
        self.namespaces.push((name.into(), tables));
        self
    }

    /// Allows a view to open the namespaces in `/run/netns` by name, on demand. A confined process
    /// cannot do this, so a host that confines itself uses
    /// [`with_namespace`](Self::with_namespace).
    #[must_use]
    pub fn with_netns_dir(self) -> Self {
        Self { netns_dir: true, ..self }
    }

    /// Finds every network namespace of the machine with this, for a policy that allows all of
    /// them: a [`NamespaceFinder`](procnetsocket::NamespaceFinder), or a client of a broker.
    #[must_use]
    pub fn with_namespace_finder(self, finder: impl NamespaceSource + 'static) -> Self {
        Self { finder: Some(Arc::new(finder)), ..self }
    }

    /// Leaves the host's own sockets out of every listing.
    #[must_use]
    pub fn without_sockets(mut self, inodes: impl IntoIterator<Item = Inode>) -> Self {
        self.own_sockets.extend(inodes);
        self
    }

    /// Returns the tables.
    pub fn tables(&self) -> &Arc<SocketTables> {
        &self.tables
    }

    /// Returns the tree of control groups, which a host that confines itself has to keep open.
    pub fn cgroups(&self) -> Option<&CgroupTree> {
        self.cgroups.as_deref()
    }

    /// Returns the view that a policy allows, with everything that its grants need.
    ///
    /// # Ambient Authority
    ///
    /// See [`System`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Names`](crate::ErrorKind::Names) when a file of names cannot be read (one that
    /// does not exist, or that this user may not read, has no names),
    /// [`ErrorKind::Source`](crate::ErrorKind::Source) when event sockets cannot be opened.
    pub fn view(self, policy: Policy) -> Result<PolicyView, Error> {
        let Self { token, tables, cgroups, names, processes, hosts, namespaces, .. } = self;
        let Self { netns_dir, finder, own_sockets, .. } = self;
        let (is_live, has_diag) = (tables.is_live(), tables.diag().is_some());
        let grants = policy.grants();
        let names = names.map_or_else(|| read_names(token), Ok)?;
        let mut view = PolicyView::new(tables, policy, names).without_sockets(own_sockets);
        if let Some(cgroups) = cgroups {
            view = view.with_cgroups(cgroups);
        }
        if let Some(processes) = processes {
            view = view.with_processes(processes);
        }
        if is_live && has_diag && grants.contains(Grant::Events) {
            let right = EventAuthority::from_ambient(token);
            view = view.with_events(Arc::new(EventSource::open_ambient(&right)?));
        }
        if is_live && has_diag && grants.contains(Grant::Kill) {
            view = view.with_kill(KillAuthority::from_ambient(token));
        }
        if grants.contains(Grant::Resolve)
            && let Some(hosts) = hosts.or_else(|| system_host_names(token))
        {
            view = view.with_host_names(hosts);
        }
        if grants.contains(Grant::Namespaces) {
            if let Some(finder) = finder {
                view = view.with_namespace_finder(finder);
            }
            for (name, tables) in namespaces {
                view = view.with_namespace(name, tables);
            }
            if netns_dir
                && is_live
                && let Some(dir) = NetnsDir::open_ambient(token)
            {
                view = view.with_netns_dir(Arc::new(dir));
            }
        }
        Ok(view)
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("tables", &self.tables).finish_non_exhaustive()
    }
}

/// Returns the resolver of the C library, where it is compiled in.
#[cfg_attr(
    feature = "resolver",
    expect(clippy::unnecessary_wraps, reason = "without the feature there is no resolver")
)]
fn system_host_names(token: AmbientAuthority) -> Option<Arc<dyn HostNames>> {
    #[cfg(feature = "resolver")]
    return {
        /// Longest time for one lookup: 2 s.
        const LOOK_UP_TIME: std::time::Duration = std::time::Duration::from_secs(2);
        let resolver = Arc::new(crate::SystemHostNames::from_ambient(token));
        Some(Arc::new(crate::TimedHostNames::new(resolver, LOOK_UP_TIME)))
    };
    #[cfg(not(feature = "resolver"))]
    {
        let _ = token;
        None
    }
}

/// Reads the system's names of services, protocols and users.
#[expect(clippy::disallowed_methods, reason = "three fixed files, with the token of the host")]
fn read_names(token: AmbientAuthority) -> Result<Names, Error> {
    let etc = match Dir::open_ambient_dir("/etc", token) {
        Ok(etc) => etc,
        Err(error) if has_no_names(&error) => return Ok(Names::default()),
        Err(error) => return Err(Error::names("", error)),
    };
    let read = |name| match etc.open(name) {
        Ok(file) => read_bounded(file).map_err(|error| Error::names(name, error)),
        Err(error) if has_no_names(&error) => Ok(Vec::new()),
        Err(error) => Err(Error::names(name, error)),
    };
    Ok(Names::new(&read("services")?, &read("protocols")?).with_users(&read("passwd")?))
}

/// Compat: as for the C library, a file that this user may not read has no names.
fn has_no_names(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
}

fn read_bounded(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MAX_NAMES_BYTES + 1), &mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_NAMES_BYTES {
        let text = format!("larger than the limit of {MAX_NAMES_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use procnetsocket::Uninterrupted;
    use testkit::{FakeProc, FakeRoot, Tcp};

    use super::*;
    use crate::{
        error::ErrorKind,
        select::{Selection, TableSet},
    };

    fn token() -> AmbientAuthority {
        #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
        cap_std::ambient_authority()
    }

    fn fake_system() -> (FakeRoot, System) {
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).build();
        let system = System::with_tables(SocketTables::from_dir(root.dir()), token());
        (root, system)
    }

    #[test]
    fn fake_root_is_listed_without_access_to_live_system() {
        let all = Grant::ALL.into_iter().collect();
        let (_root, system) = fake_system();
        let view = system.with_netns_dir().view(Policy::new(all)).unwrap();
        let mut rows = 0;
        view.for_each(&Selection::everything(), &Uninterrupted, |_| rows += 1).unwrap();
        assert_eq!(rows, 1);
        assert!(view.cgroup_paths().is_empty());
        assert_eq!(view.events().unwrap_err().kind(), ErrorKind::NoMeans(Grant::Events));
        assert_eq!(view.kill().unwrap_err().kind(), ErrorKind::NoMeans(Grant::Kill));
        let namespace = view.namespace("any".into()).unwrap_err();
        assert_eq!(namespace.kind(), ErrorKind::UnknownNamespace);
    }

    #[test]
    fn means_are_absent_without_their_grants() {
        let view = fake_system().1.view(Policy::default()).unwrap();
        for grant in Grant::ALL.into_iter().filter(|grant| *grant != Grant::Sockets) {
            assert_eq!(view.granted(grant).unwrap_err().kind(), ErrorKind::NotGranted(grant));
        }
    }

    #[test]
    fn names_can_be_replaced() {
        let names = Names::new(b"mine 80/tcp\n", b"");
        let view = fake_system().1.with_names(names).view(Policy::default()).unwrap();
        let text = ["sport = :mine"].into_iter().collect();
        let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted);
        assert!(parsed.unwrap().expr.is_some());
    }

    #[test]
    fn larger_file_of_names_is_an_error() {
        let root = FakeProc::new().raw_file("names", vec![b'#'; 1024 * 1024 + 1]).build();
        let error = read_bounded(root.dir().open("names").unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
