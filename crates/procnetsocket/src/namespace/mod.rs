//! The tables of other network namespaces.
//!
//! [`SocketTables::open_ambient_in`] opens those of one namespace that the caller has open, and
//! [`NamespaceFinder`] finds the namespaces of the machine.

mod finder;
pub(crate) mod inhabitants;

use std::{io, os::fd::AsFd, thread};

use cap_std::AmbientAuthority;
use rustix::{
    fd::BorrowedFd,
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

pub use self::finder::{
    FoundNamespaces, MAX_NAMESPACES, NamespaceFinder, NetNamespace, OpenedNamespace,
    UnreadableNamespace,
};
use self::inhabitants::{Inhabitants, id_of};
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

impl SocketTables {
    /// Returns the text tables of the network namespace that a process lives in, as a procfs shows
    /// them: [`ProcRoot::from_procfs`] is one of another machine's view, such as that of a
    /// container's host.
    ///
    /// There is no sock_diag, so that details, filters of the kernel and names of interfaces are
    /// absent. [`processes`](Self::processes) are those of the same procfs.
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root) if the process is not there or is closed.
    pub fn of_process(root: ProcRoot, pid: Pid) -> Result<Self, Error> {
        let id = root.open_process(pid).and_then(|dir| dir.network_namespace_id());
        let process = Some(Inhabitants { id: id.map_err(Repr::Root)?, pids: vec![pid] });
        let elsewhere = Elsewhere { port_range: None, process };
        Ok(Self::of_namespace(root, None, None, elsewhere))
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

/// Returns the inode of a namespace in nsfs, by which `lsns` and `ip netns` know it.
fn nsfs_inode(namespace: impl AsFd) -> Option<Inode> {
    Inode::new(rustix::fs::fstat(namespace).ok()?.st_ino)
}
