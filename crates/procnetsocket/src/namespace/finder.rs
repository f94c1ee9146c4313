//! Finds the network namespaces of the machine.

use std::{
    fmt,
    fs::File,
    os::fd::{AsFd as _, OwnedFd},
    path::PathBuf,
    sync::{Arc, mpsc::sync_channel},
    thread,
};

use bstr::{BString, ByteVec as _};
use cap_std::{AmbientAuthority, fs::Dir};

use super::{
    Inhabitants, NamespaceSocket, TextTables, enter, id_of_this_thread, inside,
    search::{FoundNamespaces, NetNamespace, PATIENCE, Search},
    socket_of_this_thread,
};
use crate::{
    error::{Error, ErrorKind, Repr},
    proc::root::{ProcFile, ProcRoot, RootErrorKind},
    process::{self, ProcessLimits},
    tables::SocketTables,
    visit::Interrupt,
};

/// Files that are tried to enter one namespace: 64. Those of some processes may be unreadable, and
/// other processes may be gone.
const MAX_ENTRANCES: usize = 64;

/// Namespaces that are opened ahead of being listed: 8. Each takes a descriptor.
const MAX_OPENED_AHEAD: usize = 8;

/// Finds the network namespaces of the machine, and opens their tables.
///
/// The identity of a namespace is the inode of the `net/tcp` of a process in it: procfs assigns it
/// when the namespace is created, does not reuse it while the namespace exists, and lets everyone
/// read it who can see the process. The inode in nsfs, which `lsns` and `ip netns` print, requires
/// the right to inspect a process; it is found where that is permitted.
///
/// # Trust
///
/// - A namespace without a process and without a name in `/run/netns` is not found: one that is
///   kept only by an open file, or by a thread outside of its process's namespace.
/// - Namespaces come and go: one that was found may be gone when it is opened, and its inodes may
///   be reused. [`tables`](Self::tables) checks the identity after entering.
/// - Names are those of this mount namespace, and may contain any bytes.
///
/// # Limits
///
/// [`MAX_NAMESPACES`](crate::MAX_NAMESPACES), and [`ProcessLimits::processes`] of the default limits.
#[derive(Debug)]
pub struct NamespaceFinder {
    root: Arc<ProcRoot>,
    /// Set if namespaces are entered, and not only read as text.
    enter: Option<Enter>,
}

#[derive(Clone, Copy)]
struct Enter(AmbientAuthority);

impl fmt::Debug for Enter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enter")
    }
}

impl Enter {
    /// Opens the directory in which `ip netns` mounts namespaces by name.
    ///
    /// It is opened for each search, because the first `ip netns add` mounts it over itself.
    #[expect(clippy::disallowed_methods, reason = "one fixed path, with the token of the host")]
    fn names(self) -> Option<Dir> {
        // OK because without the directory no namespace has a name.
        Dir::open_ambient_dir("/run/netns", self.0).ok()
    }
}

/// The means to read a namespace that was found.
#[derive(Debug)]
#[non_exhaustive]
pub enum NamespaceAccess {
    /// A socket that was opened inside: everything that the kernel shows.
    Socket(NamespaceSocket),
    /// The text tables of a process in it, because the namespace could not be entered; `None` if
    /// that was not tried.
    Text(Option<Error>),
    /// It is gone.
    Gone,
}

/// The tables of a namespace that was found.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenedNamespace {
    /// Everything that the kernel shows.
    Full(SocketTables),
    /// The text tables of a process in it, because the namespace could not be entered.
    Text(SocketTables, Option<Error>),
    /// It is gone.
    Gone,
}

impl NamespaceFinder {
    /// Opens `/proc`. Each search opens `/run/netns`, where it exists.
    ///
    /// # Ambient Authority
    ///
    /// The finder gives access to the sockets of every namespace of the machine, and threads of
    /// this process enter them. Entering takes `CAP_SYS_ADMIN` in the user namespaces of both.
    ///
    /// # Errors
    ///
    /// [`Root`](ErrorKind::Root) if there is no `/proc` that can be trusted.
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        let root = Arc::new(ProcRoot::open_ambient(token).map_err(Repr::Root)?);
        Ok(Self { root, enter: Some(Enter(token)) })
    }

    /// Returns a finder that reads the text tables of a procfs, and enters no namespaces.
    pub fn from_root(root: ProcRoot) -> Self {
        Self { root: Arc::new(root), enter: None }
    }

    /// Looks for the namespaces.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](ErrorKind::LimitExceeded), [`Interrupted`](ErrorKind::Interrupted),
    /// [`Root`](ErrorKind::Root) and [`Io`](ErrorKind::Io). A process or namespace that is gone or
    /// unreadable is not an error.
    pub fn find(&self, interrupt: &dyn Interrupt) -> Result<FoundNamespaces, Error> {
        let mut search = Search::default();
        let pids = process::pids(&self.root, &ProcessLimits::default())?;
        for (index, pid) in pids.into_iter().enumerate() {
            if index % PATIENCE == 0 && interrupt.is_interrupted() {
                return Err(Repr::NamespaceScanInterrupted.into());
            }
            search.process(&self.root, pid)?;
        }
        if let Some(enter) = self.enter {
            search.own(id_of_this_thread(&self.root)?)?;
            if let Some(names) = enter.names() {
                search.names(&self.root, &names, interrupt)?;
            }
        }
        Ok(search.finish())
    }

    /// Opens the tables of a namespace that was found.
    ///
    /// It is entered by one of its names or processes. Where that is not permitted, the text tables
    /// of a process are read, which needs no right.
    ///
    /// # Errors
    ///
    /// The error of reading the namespace if both ways fail.
    pub fn tables(&self, namespace: &NetNamespace) -> Result<OpenedNamespace, Error> {
        self.tables_of(namespace, self.access(namespace)?)
    }

    /// Calls `work` with the tables of namespaces that were found, in turn. A thread opens the next
    /// ones while `work` processes one, so that it rarely waits; without a thread, each is opened
    /// when it is needed.
    ///
    /// The iterator ends with the namespaces; its errors are those of [`tables`](Self::tables).
    pub fn tables_in_turn<R>(
        &self,
        namespaces: &[&NetNamespace],
        work: impl FnOnce(&mut dyn Iterator<Item = Result<OpenedNamespace, Error>>) -> R,
    ) -> R {
        if namespaces.is_empty() {
            return work(&mut std::iter::empty());
        }
        let finish = |(access, namespace): (Result<_, Error>, &&NetNamespace)| match access? {
            // An open socket keeps a namespace alive; whether a process is still in one that was
            // not entered is known only when it is needed.
            NamespaceAccess::Text(why) => self.tables_of(namespace, self.text(namespace, why)?),
            access => self.tables_of(namespace, access),
        };
        thread::scope(|scope| {
            let (sender, accesses) = sync_channel(MAX_OPENED_AHEAD);
            let ahead = move || {
                for namespace in namespaces {
                    // No more are needed when the receiver is gone.
                    if sender.send(self.access_on(EntryThread::Current, namespace)).is_err() {
                        break;
                    }
                }
            };
            match thread::Builder::new().spawn_scoped(scope, ahead) {
                Ok(_) => work(&mut accesses.into_iter().zip(namespaces).map(finish)),
                Err(_) => work(&mut namespaces.iter().map(|namespace| self.tables(namespace))),
            }
        })
    }

    fn tables_of(
        &self,
        namespace: &NetNamespace,
        access: NamespaceAccess,
    ) -> Result<OpenedNamespace, Error> {
        let root = Arc::clone(&self.root);
        match access {
            NamespaceAccess::Socket(socket) => {
                let text = self.text_tables(namespace);
                SocketTables::of_socket(root, socket, text).map(OpenedNamespace::Full)
            }
            NamespaceAccess::Text(why) => Ok(match self.text_tables(namespace) {
                Some(text) => OpenedNamespace::Text(SocketTables::of_text(root, text), why),
                None => OpenedNamespace::Gone,
            }),
            NamespaceAccess::Gone => Ok(OpenedNamespace::Gone),
        }
    }

    /// Opens the means to read a namespace that was found, for another process.
    ///
    /// # Errors
    ///
    /// As [`Self::tables`].
    pub fn access(&self, namespace: &NetNamespace) -> Result<NamespaceAccess, Error> {
        self.access_on(EntryThread::New, namespace)
    }

    fn access_on(
        &self,
        thread: EntryThread,
        namespace: &NetNamespace,
    ) -> Result<NamespaceAccess, Error> {
        let Some(enter) = self.enter else { return self.text(namespace, None) };
        if namespace.is_own && thread == EntryThread::New {
            let socket = socket_of_this_thread(enter.0, &self.root)?;
            return Ok(NamespaceAccess::Socket(socket));
        }
        let mut failed = None;
        let open = || socket_of_this_thread(enter.0, &self.root);
        for file in entrances(&self.root, enter, namespace).take(MAX_ENTRANCES) {
            match file.and_then(|file| enter_and(thread, &self.root, namespace, &file, open)) {
                Ok(Some(socket)) => return Ok(NamespaceAccess::Socket(socket)),
                // Gone, or another namespace now has its name or its process.
                Ok(None) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match (namespace.pids.is_empty(), failed) {
            (true, None) => Ok(NamespaceAccess::Gone),
            (true, Some(error)) => Err(error),
            (false, failed) => self.text(namespace, failed),
        }
    }

    /// Opens a text table of a process in a namespace that was found, for another process.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if no process is in it any more; any other kind if the
    /// file cannot be opened.
    pub fn text_table(&self, namespace: &NetNamespace, file: ProcFile) -> Result<File, Error> {
        self.text_tables(namespace).ok_or(Repr::Deserted)?.open(file)
    }

    /// Returns whether the text tables of the processes of a namespace can be read.
    fn text(&self, namespace: &NetNamespace, why: Option<Error>) -> Result<NamespaceAccess, Error> {
        match self.text_table(namespace, ProcFile::NetTcp) {
            Ok(_) => Ok(NamespaceAccess::Text(why)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(NamespaceAccess::Gone),
            Err(error) => Err(error),
        }
    }

    fn text_tables(&self, namespace: &NetNamespace) -> Option<Box<dyn TextTables>> {
        if namespace.pids.is_empty() && (namespace.names.is_empty() || self.enter.is_none()) {
            return None;
        }
        let namespace = namespace.clone();
        Some(Box::new(FoundText { root: Arc::clone(&self.root), enter: self.enter, namespace }))
    }
}

/// Opens the files by which a namespace can be entered, one after the other.
fn entrances<'a>(
    root: &'a ProcRoot,
    enter: Enter,
    namespace: &'a NetNamespace,
) -> impl Iterator<Item = Result<OwnedFd, Error>> + 'a {
    let by_process = namespace.pids.iter().filter_map(|pid| {
        let opened = root.open_process(*pid).and_then(|dir| dir.network_namespace());
        match opened {
            // OK because a process that is gone is not in the namespace.
            Err(error) if error.kind() == RootErrorKind::Vanished => None,
            opened => Some(opened.map_err(|error| Repr::Root(error).into())),
        }
    });
    entrances_by_name(enter, namespace).map(Ok).chain(by_process)
}

fn entrances_by_name(enter: Enter, namespace: &NetNamespace) -> impl Iterator<Item = OwnedFd> {
    let names = if namespace.names.is_empty() { None } else { enter.names() };
    namespace.names.iter().filter_map(move |name| {
        // OK because a name that was removed cannot be used.
        let file = names.as_ref()?.open(path_of(name)?).ok()?;
        Some(file.into_std().into())
    })
}

/// The thread that enters a namespace. It never leaves it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntryThread {
    /// A short-lived thread, started for it.
    New,
    /// The current one, which was started to enter one namespace after the other.
    Current,
}

/// Calls a function in a namespace; returns `None` if the file is of another namespace.
fn enter_and<T: Send>(
    thread: EntryThread,
    root: &ProcRoot,
    namespace: &NetNamespace,
    file: &OwnedFd,
    call: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<Option<T>, Error> {
    let call = || {
        // Security: checks that the thread is in the namespace that was found, whatever the file
        // was.
        if id_of_this_thread(root)? != namespace.id {
            return Ok(None);
        }
        call().map(Some)
    };
    match thread {
        EntryThread::New => inside(file.as_fd(), call),
        EntryThread::Current => enter(file.as_fd()).and_then(|()| call()),
    }
}

/// The text tables of a namespace that was found: those of a process in it, or of a thread that
/// enters it by its name.
#[derive(Debug)]
struct FoundText {
    root: Arc<ProcRoot>,
    enter: Option<Enter>,
    namespace: NetNamespace,
}

impl TextTables for FoundText {
    fn open(&self, file: ProcFile) -> Result<File, Error> {
        let Self { root, enter, namespace } = self;
        let (id, pids) = (namespace.id, namespace.pids.clone());
        let opened = Inhabitants { root: Arc::clone(root), id, pids }.open(file);
        let Err(deserted) = opened else { return opened };
        if deserted.kind() != ErrorKind::NotFound {
            return Err(deserted);
        }
        // Kernel: an open table stays in its namespace after the thread that opened it has ended.
        let open = || root.thread().open(file).map_err(|error| Error::from_root(file, error));
        for entrance in enter.iter().flat_map(|enter| entrances_by_name(*enter, namespace)) {
            if let Some(table) = enter_and(EntryThread::New, root, namespace, &entrance, open)? {
                return Ok(table);
            }
        }
        Err(deserted)
    }
}

/// Returns the path of a name below `/run/netns`, if it is a plain file name.
fn path_of(name: &BString) -> Option<PathBuf> {
    let path: PathBuf = Vec::from(name.clone()).into_path_buf().ok()?;
    (path.components().count() == 1).then_some(path)
}
