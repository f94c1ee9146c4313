//! Counts, for each unix socket, the sockets that have it as their peer.

use std::{collections::HashMap, ops::ControlFlow};

use procnetsocket::model::{Inode, Socket};
use socket_query::{ListingProblem, Sink, SocketTable};

/// The number of unix sockets that have a socket as their peer, by its inode.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    counts: HashMap<Inode, u32>,
    bound: usize,
    is_full: bool,
}

impl Peers {
    /// Returns an empty count of at most `bound` sockets.
    pub(crate) fn new(bound: usize) -> Self {
        Self { bound, ..Self::default() }
    }

    /// Returns whether there were more sockets than the bound.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    pub(crate) fn of(&self, inode: Option<Inode>) -> u32 {
        inode.and_then(|inode| self.counts.get(&inode)).copied().unwrap_or_default()
    }
}

impl Sink for Peers {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let Socket::Unix(unix) = socket else { return ControlFlow::Continue(()) };
        // A connection that waits to be accepted has no row. Its peer is its client.
        for inode in unix.detail.peer.iter().chain(unix.detail.pending.iter().flatten()) {
            if self.counts.len() >= self.bound && !self.counts.contains_key(inode) {
                self.is_full = true;
                return ControlFlow::Break(());
            }
            let count = self.counts.entry(*inode).or_default();
            *count = count.saturating_add(1);
        }
        ControlFlow::Continue(())
    }

    /// The listing reports problems.
    fn problem(&mut self, _: ListingProblem<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
