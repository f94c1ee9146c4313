//! The tables of other network namespaces.
//!
//! [`SocketTables::open_ambient_in`] opens those of one namespace, given as an open file, and
//! [`NamespaceFinder`] finds the namespaces of the machine.

mod finder;
mod search;
mod text;

use std::{
    io,
    ops::RangeInclusive,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    thread,
};

use cap_std::AmbientAuthority;
use rustix::{
    fd::BorrowedFd,
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use self::text::{Inhabitants, id_of};
pub use self::{
    finder::{NamespaceAccess, NamespaceFinder, OpenedNamespace},
    search::{FoundNamespaces, MAX_NAMESPACES, NetNamespace, UnreadableNamespace},
    text::{TextTables, received_text_table},
};
use crate::{
    diag::{DiagSocket, Interfaces, open_socket},
    error::{Error, Repr},
    model::Inode,
    proc::{
        port_range,
        root::{Pid, ProcFile, ProcRoot},
    },
    tables::{Elsewhere, SocketTables},
};

impl SocketTables {
    /// Opens the tables of the network namespace of an open file of `/run/netns` or
    /// `/proc/PID/ns/net`.
    ///
    /// A thread enters the namespace, opens the sockets there, and ends; the process itself does
    /// not enter it. There are no text tables: requests that sock_diag cannot answer fail with an
    /// error of kind [`Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// # Ambient Authority
    ///
    /// As [`SocketTables::open_ambient`], for that namespace. The kernel requires `CAP_SYS_ADMIN`
    /// in the user namespaces of both.
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without that capability,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the file is not a network namespace,
    /// and the errors of opening, including a missing sock_diag.
    pub fn open_ambient_in(
        token: AmbientAuthority,
        namespace: BorrowedFd<'_>,
    ) -> Result<Self, Error> {
        let root = Arc::new(ProcRoot::open_ambient(token).map_err(Repr::Root)?);
        inside(namespace, || {
            let diag = DiagSocket::open_ambient(token)?;
            Ok(Self::of_diag(root.clone(), diag, port_range_of_this_thread(&root), None))
        })
    }
}

impl SocketTables {
    /// Returns the text tables of a process's network namespace, as a procfs shows them, such as
    /// that of a container's host ([`ProcRoot::from_procfs`]).
    ///
    /// There is no sock_diag, so that details, filters of the kernel and names of interfaces are
    /// absent. [`processes`](Self::processes) are those of the same procfs.
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root) if the process does not exist or is unreadable.
    pub fn of_process(root: ProcRoot, pid: Pid) -> Result<Self, Error> {
        let id = root.open_process(pid).and_then(|dir| dir.network_namespace_id());
        let id = id.map_err(Repr::Root)?;
        let root = Arc::new(root);
        let text = Inhabitants { root: Arc::clone(&root), id, pids: vec![pid] };
        Ok(Self::of_text(root, Box::new(text)))
    }

    /// Returns the tables of a network namespace in which a socket was opened, perhaps by another
    /// process. `text` opens the tables that sock_diag does not have.
    ///
    /// `root` is used for [`protocols`](Self::protocols) and [`processes`](Self::processes).
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is not a sock_diag socket.
    pub fn of_socket(
        root: Arc<ProcRoot>,
        socket: NamespaceSocket,
        text: Option<Box<dyn TextTables>>,
    ) -> Result<Self, Error> {
        let NamespaceSocket { socket, port_range } = socket;
        Ok(Self::of_diag(root, DiagSocket::from_socket(socket)?, port_range, text))
    }

    /// Returns the tables of a network namespace of which only text tables are available.
    pub fn of_text(root: Arc<ProcRoot>, text: Box<dyn TextTables>) -> Self {
        Self::of_namespace(root, None, None, Elsewhere { port_range: None, text: Some(text) })
    }

    fn of_diag(
        root: Arc<ProcRoot>,
        diag: DiagSocket,
        port_range: Option<RangeInclusive<u16>>,
        text: Option<Box<dyn TextTables>>,
    ) -> Self {
        let interfaces = diag.any_socket().map(Interfaces::on);
        Self::of_namespace(root, interfaces, Some(diag), Elsewhere { port_range, text })
    }
}

/// A sock_diag socket that was opened in a network namespace, and the port range there.
#[derive(Debug)]
pub struct NamespaceSocket {
    /// The socket.
    pub socket: OwnedFd,
    /// The range of ports that the kernel assigns there, if it is known.
    pub port_range: Option<RangeInclusive<u16>>,
}

/// Calls a function on a short-lived thread that has entered a network namespace.
fn inside<T: Send>(
    namespace: BorrowedFd<'_>,
    call: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    on_thread(|| {
        enter(namespace)?;
        call()
    })
}

/// Calls a function in several network namespaces in turn, on one thread that ends afterwards.
fn inside_each<T: Send>(
    namespaces: &[BorrowedFd<'_>],
    call: impl Fn() -> Result<T, Error> + Sync,
) -> Result<Vec<Result<T, Error>>, Error> {
    on_thread(|| {
        Ok(namespaces.iter().map(|namespace| enter(*namespace).and_then(|()| call())).collect())
    })
}

fn on_thread<T: Send>(call: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    thread::scope(|scope| {
        thread::Builder::new()
            .spawn_scoped(scope, call)
            .map_err(Repr::Namespace)?
            .join()
            .unwrap_or_else(|_| Err(Repr::Namespace(io::ErrorKind::Other.into()).into()))
    })
}

fn enter(namespace: BorrowedFd<'_>) -> Result<(), Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "on a thread of `on_thread` or `tables_in_turn`, which ends"
    )]
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
        .map_err(|error| Repr::Namespace(error.into()).into())
}

/// Opens a socket in the network namespace that this thread is in, which is not that of the
/// process.
fn socket_of_this_thread(
    token: AmbientAuthority,
    root: &ProcRoot,
) -> Result<NamespaceSocket, Error> {
    let socket = open_socket(token)?;
    Ok(NamespaceSocket { socket, port_range: port_range_of_this_thread(root) })
}

fn port_range_of_this_thread(root: &ProcRoot) -> Option<RangeInclusive<u16>> {
    // OK because the range counts as unknown where the file is mounted over.
    port_range::of_this_thread(root).ok()
}

/// Returns the identity of the network namespace that this thread is in.
fn id_of_this_thread(root: &ProcRoot) -> Result<Inode, Error> {
    const FILE: ProcFile = ProcFile::NetTcp;
    let file = root.thread().open(FILE).map_err(|error| Error::from_root(FILE, error))?;
    id_of(&file)
}

/// Returns the inode of a namespace in nsfs, as `lsns` and `ip netns` print it.
fn nsfs_inode(namespace: impl AsFd) -> Option<Inode> {
    Inode::new(rustix::fs::fstat(namespace).ok()?.st_ino)
}
