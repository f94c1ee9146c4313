//! Finds the network namespaces of the machine.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    os::fd::{AsFd as _, OwnedFd},
    path::PathBuf,
    sync::{Arc, mpsc::sync_channel},
    thread,
};

use bstr::{BString, ByteVec as _};
use cap_std::{AmbientAuthority, fs::Dir};
use rustix::fs::FsWord;

use super::{
    Inhabitants, NamespaceSocket, TextTables, enter, id_of_this_thread, inside, inside_each,
    nsfs_inode, socket_of_this_thread,
};
use crate::{
    error::{Error, ErrorKind, Repr},
    model::Inode,
    proc::root::{Pid, ProcFile, ProcRoot, RootError, RootErrorKind, TaskDir},
    process::{self, ProcessLimits},
    tables::SocketTables,
    visit::Interrupt,
};

/// Network namespaces of one search: 4 096.
///
/// A machine that is full of containers has some hundreds.
pub const MAX_NAMESPACES: usize = 4_096;

/// Kernel: `NSFS_MAGIC`.
const NSFS_MAGIC: FsWord = 0x6e73_6673;

/// Files by which it is tried to enter one namespace: 64. Of some of its processes the file may be
/// closed, and others may be gone.
const MAX_ENTRANCES: usize = 64;

/// Namespaces that are open and wait to be listed: 8. Each takes a descriptor.
const MAX_OPENED_AHEAD: usize = 8;

/// Processes after which the interrupt is asked.
const PATIENCE: usize = 100;

/// Finds the network namespaces of the machine, and opens their tables.
///
/// The identity of a namespace is the inode of the `net/tcp` that a process sees which lives in it:
/// procfs numbers it when the namespace is made and gives the number to no other as long as it
/// lives, and whoever sees the process may read it. The inode of nsfs, by which `lsns` and `ip
/// netns` know a namespace, takes the right to look into a process; it is found where there is one.
///
/// # Trust
///
/// - A namespace in which no process lives, and which has no name in `/run/netns`, is not found:
///   one that only an open file keeps, or a thread that left its process's namespace.
/// - Namespaces come and go: what was found may be gone when it is opened, and its numbers may be
///   those of a new one. [`tables`](Self::tables) checks the identity after entering.
/// - Names are those of this mount namespace, and any bytes may stand in them.
///
/// # Limits
///
/// [`MAX_NAMESPACES`], and [`ProcessLimits::processes`] of the default limits.
#[derive(Debug)]
pub struct NamespaceFinder {
    root: Arc<ProcRoot>,
    /// Set where namespaces are entered, and not only read as text.
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
    /// Opens the directory in which `ip netns` keeps names.
    ///
    /// It is opened for each search, because the first `ip netns add` mounts it over itself.
    #[expect(clippy::disallowed_methods, reason = "one fixed path, with the token of the host")]
    fn names(self) -> Option<Dir> {
        // OK because without the directory no namespace has a name.
        Dir::open_ambient_dir("/run/netns", self.0).ok()
    }
}

/// A network namespace that was alive when it was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NetNamespace {
    /// The inode of its `net/tcp`.
    pub id: Inode,
    /// Its inode in nsfs, where it may be read.
    pub inode: Option<Inode>,
    /// Its names in `/run/netns`, in order.
    pub names: Vec<BString>,
    /// The processes that live in it, in the order of the kernel.
    pub pids: Vec<Pid>,
    /// Whether it is the namespace of the process that looked.
    pub is_own: bool,
}

/// A namespace that has a name and cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnreadableNamespace {
    /// Its name in `/run/netns`.
    pub name: BString,
    /// Why it cannot be read.
    pub error: Error,
}

/// Result of one search.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct FoundNamespaces {
    /// The namespaces: the own one first, then those with a name in the order of their names, then
    /// by identity.
    pub namespaces: Vec<NetNamespace>,
    /// Named ones that cannot be entered. One of them may be listed among the others without its
    /// name, where a process lives in it.
    pub unreadable: Vec<UnreadableNamespace>,
    /// Processes of which it cannot be known where they live (`hidepid=1`).
    pub closed: u64,
}

impl UnreadableNamespace {
    /// Returns the report on the namespace of a name.
    pub fn new(name: BString, error: Error) -> Self {
        Self { name, error }
    }
}

/// What there is to read a namespace by that was found.
#[derive(Debug)]
#[non_exhaustive]
pub enum NamespaceAccess {
    /// A socket that was opened inside: all that the kernel shows.
    Socket(NamespaceSocket),
    /// The text tables of a process that lives there, because the namespace cannot be entered for
    /// this reason; without one it was not tried.
    Text(Option<Error>),
    /// It is gone.
    Gone,
}

/// The tables of a namespace that was found.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenedNamespace {
    /// All that the kernel shows.
    Full(SocketTables),
    /// The text tables of a process that lives there, because the namespace cannot be entered for
    /// this reason.
    Text(SocketTables, Option<Error>),
    /// It is gone.
    Gone,
}

impl NetNamespace {
    /// Returns how a listing calls it: by its first name, by its inode in nsfs, or by its identity.
    pub fn label(&self) -> String {
        match (self.names.first(), self.inode) {
            (Some(name), _) => name.escape_ascii().to_string(),
            (None, inode) => inode.unwrap_or(self.id).to_string(),
        }
    }

    /// Returns whether a word is one of its names or the number of one of its inodes.
    ///
    /// Kernel: both numbers come from one sequence (`proc_alloc_inum`), so that one of them is
    /// never the other one of another namespace.
    pub fn answers_to(&self, word: &[u8]) -> bool {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
        let inode = number.and_then(Inode::new);
        self.names.iter().any(|name| name == word)
            || (inode.is_some() && (inode == Some(self.id) || inode == self.inode))
    }
}

impl NamespaceFinder {
    /// Opens `/proc`. Each search opens `/run/netns`, where it exists.
    ///
    /// # Ambient Authority
    ///
    /// Whoever passes the token decides that the holder sees the sockets of every namespace of the
    /// machine, and that threads of this process enter them. To enter takes `CAP_SYS_ADMIN` in the
    /// user namespaces of both.
    ///
    /// # Errors
    ///
    /// [`Root`](ErrorKind::Root) if there is no `/proc` that can be trusted.
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        let root = Arc::new(ProcRoot::open_ambient(token).map_err(Repr::Root)?);
        Ok(Self { root, enter: Some(Enter(token)) })
    }

    /// Returns the finder that reads the text tables of a procfs, and enters no namespace.
    pub fn from_root(root: ProcRoot) -> Self {
        Self { root: Arc::new(root), enter: None }
    }

    /// Looks for the namespaces.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](ErrorKind::LimitExceeded), [`Interrupted`](ErrorKind::Interrupted),
    /// [`Root`](ErrorKind::Root) and [`Io`](ErrorKind::Io). That a process or a namespace is gone
    /// or closed is no error.
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
    /// It is entered, by its names and then by its processes; where that is not permitted, the text
    /// tables of a process are read, for which no right is needed.
    ///
    /// # Errors
    ///
    /// Why the namespace cannot be read, neither so nor so.
    pub fn tables(&self, namespace: &NetNamespace) -> Result<OpenedNamespace, Error> {
        self.tables_of(namespace, self.access(namespace)?)
    }

    /// Calls `work` with the tables of namespaces that were found, in turn. A thread opens the next
    /// ones while `work` is busy with one, so that it seldom waits; without a thread each is opened
    /// when it is wanted.
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
            // What was opened keeps a namespace alive; whether a process still lives in one that
            // was not entered is known only when it is wanted.
            NamespaceAccess::Text(why) => self.tables_of(namespace, self.text(namespace, why)?),
            access => self.tables_of(namespace, access),
        };
        thread::scope(|scope| {
            let (sender, accesses) = sync_channel(MAX_OPENED_AHEAD);
            let ahead = move || {
                for namespace in namespaces {
                    // Nobody wants more when the receiver is gone.
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

    /// Opens what a namespace that was found can be read by, for another process.
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
                // Gone, or another one that has its name or its process by now.
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

    /// Opens a text table of a process that lives in a namespace that was found, for another
    /// process.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if none does any more; any other kind if the file cannot
    /// be had.
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
            // OK because a process that is gone is none.
            Err(error) if error.kind() == RootErrorKind::Vanished => None,
            opened => Some(opened.map_err(|error| Repr::Root(error).into())),
        }
    });
    entrances_by_name(enter, namespace).map(Ok).chain(by_process)
}

fn entrances_by_name(enter: Enter, namespace: &NetNamespace) -> impl Iterator<Item = OwnedFd> {
    let names = if namespace.names.is_empty() { None } else { enter.names() };
    namespace.names.iter().filter_map(move |name| {
        // OK because a name that is gone leads nowhere.
        let file = names.as_ref()?.open(path_of(name)?).ok()?;
        Some(file.into_std().into())
    })
}

/// Which thread enters a namespace. It never leaves it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntryThread {
    /// One that is started for it, and ends at once.
    New,
    /// The current one, which was started to enter one namespace after the other.
    Current,
}

/// Calls a function in a namespace; `None` when the file leads to another one.
fn enter_and<T: Send>(
    thread: EntryThread,
    root: &ProcRoot,
    namespace: &NetNamespace,
    file: &OwnedFd,
    call: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<Option<T>, Error> {
    let call = || {
        // Security: whatever the file was, it is the namespace that was found.
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

/// The text tables of a namespace that was found: those of a process that lives there, or of a
/// thread that enters it by its name.
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
        // Kernel: a table stays in its namespace when the thread that opened it has ended.
        let open = || root.thread().open(file).map_err(|error| Error::from_root(file, error));
        for entrance in enter.iter().flat_map(|enter| entrances_by_name(*enter, namespace)) {
            if let Some(table) = enter_and(EntryThread::New, root, namespace, &entrance, open)? {
                return Ok(table);
            }
        }
        Err(deserted)
    }
}

/// Returns the path of a name below `/run/netns`; no name leads elsewhere.
fn path_of(name: &BString) -> Option<PathBuf> {
    let path: PathBuf = Vec::from(name.clone()).into_path_buf().ok()?;
    (path.components().count() == 1).then_some(path)
}

/// A namespace that has a name, and of which no process is known.
struct NamedNamespace {
    name: BString,
    inode: Option<Inode>,
    file: OwnedFd,
}

/// A search that is under way.
#[derive(Default)]
struct Search {
    found: BTreeMap<Inode, NetNamespace>,
    unreadable: Vec<UnreadableNamespace>,
    closed: u64,
}

impl Search {
    /// Looks where a process lives.
    fn process(&mut self, root: &ProcRoot, pid: Pid) -> Result<(), Error> {
        let dir = match root.open_process(pid) {
            Ok(dir) => dir,
            Err(error) => return self.closed_to(error),
        };
        match dir.network_namespace_id() {
            Ok(id) => {
                let namespace = self.namespace(id)?;
                namespace.pids.push(pid);
                if namespace.inode.is_none() {
                    namespace.inode = nsfs_inode_of(&dir);
                }
                Ok(())
            }
            Err(error) => self.closed_to(error),
        }
    }

    fn closed_to(&mut self, error: RootError) -> Result<(), Error> {
        match error.kind() {
            // Kernel: a process that has ended and was not waited for lives in no namespace.
            RootErrorKind::Vanished | RootErrorKind::Missing => Ok(()),
            RootErrorKind::Denied | RootErrorKind::Hidden => {
                self.closed += 1;
                Ok(())
            }
            _ => Err(Repr::Root(error).into()),
        }
    }

    /// Marks the namespace of the process that looks.
    fn own(&mut self, id: Inode) -> Result<(), Error> {
        self.namespace(id)?.is_own = true;
        Ok(())
    }

    /// Takes the names of a directory.
    fn names(
        &mut self,
        root: &ProcRoot,
        dir: &Dir,
        interrupt: &dyn Interrupt,
    ) -> Result<(), Error> {
        let list = |source| Repr::List { what: "/run/netns", source };
        let mut unknown = Vec::new();
        for (index, entry) in dir.entries().map_err(list)?.enumerate() {
            if index % PATIENCE == 0 {
                self.enter_named(root, &mut unknown)?;
                if interrupt.is_interrupted() {
                    return Err(Repr::NamespaceScanInterrupted.into());
                }
            }
            if index >= MAX_NAMESPACES {
                return Err(too_many());
            }
            let entry = entry.map_err(list)?;
            let name = BString::from(Vec::from_os_string(entry.file_name()).unwrap_or_default());
            // OK because a name that is gone, or that is not a namespace, has no sockets.
            let Ok(file) = entry.open() else { continue };
            if !rustix::fs::fstatfs(&file).is_ok_and(|found| found.f_type == NSFS_MAGIC) {
                continue;
            }
            let inode = nsfs_inode(&file);
            let mut found = self.found.values_mut();
            match found.find(|known| known.inode.is_some() && known.inode == inode) {
                Some(known) => known.names.push(name),
                None => unknown.push(NamedNamespace { name, inode, file: file.into_std().into() }),
            }
        }
        self.enter_named(root, &mut unknown)
    }

    /// Enters namespaces that have a name, to know which they are.
    fn enter_named(
        &mut self,
        root: &ProcRoot,
        unknown: &mut Vec<NamedNamespace>,
    ) -> Result<(), Error> {
        if unknown.is_empty() {
            return Ok(());
        }
        let files: Vec<_> = unknown.iter().map(|named| named.file.as_fd()).collect();
        let ids = inside_each(&files, || id_of_this_thread(root))?;
        for (NamedNamespace { name, inode, .. }, id) in unknown.drain(..).zip(ids) {
            match id {
                Ok(id) => {
                    let namespace = self.namespace(id)?;
                    namespace.inode = inode;
                    namespace.names.push(name);
                }
                // Another kind of namespace.
                Err(error) if error.kind() == ErrorKind::InvalidRequest => {}
                Err(error) => self.unreadable.push(UnreadableNamespace { name, error }),
            }
        }
        Ok(())
    }

    fn namespace(&mut self, id: Inode) -> Result<&mut NetNamespace, Error> {
        if self.found.len() >= MAX_NAMESPACES && !self.found.contains_key(&id) {
            return Err(too_many());
        }
        Ok(self.found.entry(id).or_insert_with(|| NetNamespace {
            id,
            inode: None,
            names: Vec::new(),
            pids: Vec::new(),
            is_own: false,
        }))
    }

    fn finish(mut self) -> FoundNamespaces {
        let mut namespaces: Vec<_> = self.found.into_values().collect();
        for namespace in &mut namespaces {
            namespace.names.sort_unstable();
        }
        namespaces.sort_by(|one, two| {
            let key = |namespace: &NetNamespace| (!namespace.is_own, namespace.names.is_empty());
            key(one)
                .cmp(&key(two))
                .then_with(|| one.names.cmp(&two.names))
                .then_with(|| one.id.cmp(&two.id))
        });
        self.unreadable.sort_by(|one, two| one.name.cmp(&two.name));
        FoundNamespaces { namespaces, unreadable: self.unreadable, closed: self.closed }
    }
}

fn too_many() -> Error {
    let limit = MAX_NAMESPACES.try_into().unwrap_or(u64::MAX);
    Repr::TooManyProcesses { what: "network namespaces", limit, bound: "MAX_NAMESPACES" }.into()
}

/// Returns the inode in nsfs of the namespace in which a process lives, if it may be looked into.
fn nsfs_inode_of(dir: &TaskDir<'_>) -> Option<Inode> {
    let text = dir.network_namespace_link().ok()?;
    let number = text.strip_prefix(b"net:[")?.strip_suffix(b"]")?;
    Inode::new(std::str::from_utf8(number).ok()?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_namespaces_than_the_bound_are_an_error() {
        let mut search = Search::default();
        let ids = || (1..).filter_map(Inode::new);
        for id in ids().take(MAX_NAMESPACES) {
            search.namespace(id).unwrap();
        }
        // One that is known takes no room.
        assert!(search.namespace(Inode::new(1).unwrap()).is_ok());
        let error = search.namespace(ids().nth(MAX_NAMESPACES).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert_eq!(
            error.to_string(),
            "expected at most 4096 network namespaces (MAX_NAMESPACES), but there are more"
        );
        assert_eq!(search.finish().namespaces.len(), MAX_NAMESPACES);
    }
}
