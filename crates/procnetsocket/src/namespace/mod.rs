//! The tables of other network namespaces.
//!
//! [`SocketTables::open_ambient_in`] opens those of one namespace that the caller has open, and
//! [`NamespaceFinder`] finds the namespaces of the machine.

mod finder;

use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::MetadataExt},
    thread,
};

use cap_std::AmbientAuthority;
use rustix::{
    fd::BorrowedFd,
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

pub use self::finder::{
    FoundNamespaces, MAX_NAMESPACES, NamespaceFinder, NetNamespace, OpenedNamespace,
    UnreadableNamespace,
};
use crate::{
    diag::{DiagSocket, Interfaces},
    error::{Error, Repr},
    model::Inode,
    proc::{
        port_range,
        root::{Pid, ProcFile, ProcRoot},
    },
    tables::{Elsewhere, SocketTables},
};

impl SocketTables {
    /// Opens the tables of the network namespace that `namespace` stands for: an open file of
    /// `/run/netns` or of `/proc/PID/ns/net`.
    ///
    /// A thread enters the namespace, opens the sockets there, and ends; this process stays where it
    /// is. There are no text tables: what sock_diag cannot show is an error of kind
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// # Ambient Authority
    ///
    /// As [`SocketTables::open_ambient`], for that namespace. The kernel asks for `CAP_SYS_ADMIN` in
    /// the user namespaces of both.
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without that capability,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the file is no network namespace, and
    /// the errors of opening: here a missing sock_diag is one.
    pub fn open_ambient_in(
        token: AmbientAuthority,
        namespace: BorrowedFd<'_>,
    ) -> Result<Self, Error> {
        let root = ProcRoot::open_ambient(token).map_err(Repr::Root)?;
        inside(namespace, || of_this_thread(token, root, None))
    }
}

/// Calls a function on a thread that has entered a network namespace and ends at once.
fn inside<T: Send>(
    namespace: BorrowedFd<'_>,
    call: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let enter = || {
        #[expect(clippy::disallowed_methods, reason = "a thread that ends at once")]
        move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
            .map_err(|error| Repr::Namespace(error.into()))?;
        call()
    };
    thread::scope(|scope| {
        thread::Builder::new()
            .spawn_scoped(scope, enter)
            .map_err(Repr::Namespace)?
            .join()
            .unwrap_or_else(|_| Err(Repr::Namespace(io::ErrorKind::Other.into()).into()))
    })
}

/// Opens the tables of the network namespace that this thread is in, which is not that of the
/// process.
fn of_this_thread(
    token: AmbientAuthority,
    root: ProcRoot,
    process: Option<Inhabitants>,
) -> Result<SocketTables, Error> {
    let diag = DiagSocket::open_ambient(token)?;
    let interfaces = Interfaces::open_ambient(token);
    // OK because it is not told where the file is mounted over, here as elsewhere.
    let port_range = port_range::of_this_thread(&root).ok();
    let elsewhere = Elsewhere { port_range, process };
    Ok(SocketTables::of_namespace(root, interfaces, Some(diag), elsewhere))
}

/// Returns the identity of the network namespace that this thread is in.
fn id_of_this_thread(root: &ProcRoot) -> Result<Inode, Error> {
    const FILE: ProcFile = ProcFile::NetTcp;
    let file = root.thread().open(FILE).map_err(|error| Error::from_root(FILE, error))?;
    id_of(&file)
}

/// Returns the identity of the network namespace of an opened `net/tcp`.
fn id_of(file: &File) -> Result<Inode, Error> {
    let read = |source| Repr::Read { file: ProcFile::NetTcp, source };
    let inode = file.metadata().map_err(read)?.ino();
    // OK because procfs gives no file the inode 0.
    Inode::new(inode).ok_or_else(|| read(io::ErrorKind::InvalidData.into()).into())
}

/// Returns the inode of a namespace in nsfs, by which `lsns` and `ip netns` know it.
fn nsfs_inode(namespace: impl AsFd) -> Option<Inode> {
    Inode::new(rustix::fs::fstat(namespace).ok()?.st_ino)
}

/// The processes that lived in a network namespace when it was found: their text tables show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inhabitants {
    id: Inode,
    pids: Vec<Pid>,
}

impl Inhabitants {
    /// Opens a table of the first process that still lives there.
    ///
    /// Trust: a process may leave the namespace at any time, so its identity is read again after
    /// the table was opened. One that goes away and comes back in between is not noticed.
    pub(crate) fn open(&self, root: &ProcRoot, file: ProcFile) -> Result<File, Error> {
        const TRIES: usize = 64;
        for pid in self.pids.iter().take(TRIES) {
            let base = root.pid(*pid);
            let opened = base.open(file);
            let lives_there = base.open(ProcFile::NetTcp).ok().and_then(|tcp| id_of(&tcp).ok());
            if lives_there == Some(self.id) {
                return opened.map_err(|error| Error::from_root(file, error));
            }
        }
        Err(Repr::Deserted.into())
    }
}
