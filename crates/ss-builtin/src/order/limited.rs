//! The first sockets of a listing.

use std::{ops::ControlFlow, sync::Arc};

use procnetsocket::{PeerTable, ProcessTable, model::Socket};
use socket_query::{ListedNamespace, ListingProblem, Sink, SocketTable};

/// Passes on a limited number of sockets, and counts the others.
pub(crate) struct Limited<'a> {
    sink: &'a mut dyn Sink,
    room: u64,
    left_out: u64,
}

impl<'a> Limited<'a> {
    pub(crate) fn new(sink: &'a mut dyn Sink, limit: u64) -> Self {
        Self { sink, room: limit, left_out: 0 }
    }

    /// Returns how many sockets were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Sink for Limited<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let Some(room) = self.room.checked_sub(1) else {
            self.left_out += 1;
            return ControlFlow::Continue(());
        };
        self.room = room;
        self.sink.socket(table, socket)
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.sink.problem(problem)
    }

    fn namespace(&mut self, listed: &ListedNamespace) {
        self.sink.namespace(listed);
    }

    fn processes(&mut self, found: Arc<ProcessTable>) {
        self.sink.processes(found);
    }

    fn peers(&mut self, found: Arc<PeerTable>) {
        self.sink.peers(found);
    }
}
