//! The tables of another network namespace.

use std::{io, thread};

use cap_std::AmbientAuthority;
use rustix::{
    fd::BorrowedFd,
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use crate::{
    diag::{DiagSocket, Interfaces},
    error::{Error, Repr},
    proc::{port_range, root::ProcRoot},
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
        thread::scope(|scope| {
            thread::Builder::new()
                .spawn_scoped(scope, || enter(token, namespace, root))
                .map_err(Repr::Namespace)?
                .join()
                .unwrap_or_else(|_| Err(Repr::Namespace(io::ErrorKind::Other.into()).into()))
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the thread of open_ambient_in, which ends at once")]
fn enter(
    token: AmbientAuthority,
    namespace: BorrowedFd<'_>,
    root: ProcRoot,
) -> Result<SocketTables, Error> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
        .map_err(|error| Repr::Namespace(error.into()))?;
    let diag = DiagSocket::open_ambient(token)?;
    let interfaces = Interfaces::open_ambient(token);
    // OK because it is not told where the file is mounted over, here as elsewhere.
    let port_range = port_range::of_this_thread(&root).ok();
    Ok(SocketTables::of_namespace(root, interfaces, diag, Elsewhere { port_range }))
}
