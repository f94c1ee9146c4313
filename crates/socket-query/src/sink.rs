//! The receiver of a listing, and the problems that make a listing incomplete.

use std::{fmt, ops::ControlFlow, sync::Arc};

use builtin_cli::Chain;
use procnetsocket::{PeerTable, ProcessTable, RowError, Table, model::Socket};

use crate::{error::Error, select::SocketTable, view::ListedNamespace};

/// Receives the rows that a view and a selection admit.
pub trait Sink {
    /// Receives a row; [`ControlFlow::Break`] ends the listing.
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()>;

    /// Receives a problem; the listing continues.
    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()>;

    /// Receives the network namespace of the sockets that follow, in a listing of [all
    /// namespaces](crate::PolicyView::everywhere). Under a policy that hides sockets, print it only
    /// together with a socket.
    fn namespace(&mut self, listed: &ListedNamespace) {
        let _ = listed;
    }

    /// Receives the processes that were found, before the first socket, if the selection asks for
    /// them ([`Selection::processes`](crate::Selection::processes)). The default implementation
    /// drops them.
    fn processes(&mut self, found: Arc<ProcessTable>) {
        let _ = found;
    }

    /// Receives the other ends of connections, before the first socket, if the selection asks for
    /// them ([`Selection::peers`](crate::Selection::peers)). The default implementation drops them.
    fn peers(&mut self, found: Arc<PeerTable>) {
        let _ = found;
    }
}

/// Something that makes a listing incomplete.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ListingProblem<'a> {
    /// A row is malformed.
    Row(&'a RowError),
    /// A table could not be read, or not to its end.
    Table(Table, &'a procnetsocket::Error),
    /// Tables of a family were selected by name, and neither sock_diag nor `/proc` reports their
    /// sockets.
    Unreported(UnreportedTables<'a>),
    /// A table changed while it was read: rows may be missing or duplicated.
    Changed(Table),
    /// Events came faster than they were received, and the kernel dropped some.
    EventsLost,
    /// The processes to show could not be found.
    Processes(&'a Error),
    /// The filter has conditions on processes, and some could not be read: it may have omitted
    /// sockets, or admitted too many. Each reason is a text for a person.
    UnseenProcesses(&'a [String]),
    /// The network namespace with this name cannot be read.
    Namespace(&'a str, &'a procnetsocket::Error),
    /// This number of processes may not be read, and they may be in namespaces that are not listed.
    UnseenNamespaces(u64),
    /// This number of namespaces may not be entered and were read as text, which has fewer details.
    /// Every socket is listed.
    NamespacesAsText(u64),
    /// Other ends are shown, and there are unix sockets from the text table, which has none. Every
    /// socket is listed.
    UnixPeersUnknown,
    /// A socket was not destroyed.
    NotDestroyed(SocketTable, Socket<'a>, WhyKept<'a>),
}

/// The reason for which a socket was not destroyed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum WhyKept<'a> {
    /// It cannot be destroyed: it is not an internet socket, or sock_diag does not list it.
    NoWay,
    /// The kernel refused.
    Refused(&'a procnetsocket::Error),
}

/// Summary of one listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// Rows passed to the sink.
    pub rows: u64,
    /// Problems passed to the sink; a listing is complete if this is 0 and nothing stopped it.
    pub problems: u64,
    /// Whether the sink ended the listing.
    pub stopped: bool,
}

/// Tables of one family that were selected by name and that no source reports, although the kernel
/// has such sockets, or may have them. The text is for a person.
#[derive(Clone, Copy, Debug)]
pub struct UnreportedTables<'a> {
    pub(crate) word: &'static str,
    /// The error for which it is unknown whether the kernel has such sockets.
    pub(crate) unknown: Option<&'a procnetsocket::Error>,
}

impl fmt::Display for UnreportedTables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sockets cannot be listed: ", self.word)?;
        match self.unknown {
            None => {
                f.write_str("the kernel has them, but neither sock_diag nor /proc reports them")
            }
            Some(error) => write!(
                f,
                "neither sock_diag nor /proc reports them, and whether the kernel has them is not \
                 known: {}",
                Chain(error)
            ),
        }
    }
}
