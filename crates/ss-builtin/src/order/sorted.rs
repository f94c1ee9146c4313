//! Sorted sockets.

use std::{cmp::Ordering, collections::BinaryHeap, ops::ControlFlow, sync::Arc};

use procnetsocket::{
    PeerTable, ProcessTable,
    model::{OwnedSocket, Socket},
};
use socket_query::{ListedNamespace, ListingProblem, Sink, SocketTable};

use super::key::{Rank, rank};
use crate::cli::{Direction, Order, SortKey};

/// More sockets than the host allows would have to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) usize);

/// Keeps sockets until all were received, and passes them on in order; equal sockets stay in the
/// order in which they were received.
///
/// With a limit, at most that number is kept: the last in order is dropped for a new one.
pub(crate) struct Sorted<'a> {
    sink: &'a mut dyn Sink,
    keys: &'a [(SortKey, Direction)],
    limit: u64,
    /// The most sockets that may be kept.
    bound: usize,
    /// A heap with the last in order on top.
    kept: BinaryHeap<Kept>,
    seen: u64,
    too_many: Option<TooMany>,
    /// The namespace of the sockets that are being received.
    namespace: Option<Arc<ListedNamespace>>,
}

/// A socket that is kept, with its number in the order of arrival.
struct Kept {
    rank: Vec<Rank>,
    number: u64,
    table: SocketTable,
    socket: OwnedSocket,
    namespace: Option<Arc<ListedNamespace>>,
}

impl<'a> Sorted<'a> {
    pub(crate) fn new(sink: &'a mut dyn Sink, order: &'a Order, bound: usize) -> Self {
        Self {
            sink,
            keys: &order.keys,
            limit: order.limit.unwrap_or(u64::MAX),
            bound,
            kept: BinaryHeap::new(),
            seen: 0,
            too_many: None,
            namespace: None,
        }
    }

    /// Passes the sockets on, and returns how many were left out.
    ///
    /// # Errors
    ///
    /// When more sockets than the bound had to be kept; nothing is passed on then.
    pub(crate) fn finish(self) -> Result<u64, TooMany> {
        if let Some(too_many) = self.too_many {
            return Err(too_many);
        }
        let left_out = self.seen.saturating_sub(count(&self.kept));
        for Kept { table, socket, namespace, .. } in self.kept.into_sorted_vec() {
            if let Some(listed) = namespace {
                self.sink.namespace(&listed);
            }
            if self.sink.socket(table, socket.as_socket()).is_break() {
                break;
            }
        }
        Ok(left_out)
    }

    fn keep(&mut self, kept: Kept) -> ControlFlow<()> {
        if count(&self.kept) >= self.limit {
            // A later one of the same rank comes after it, and is dropped at once.
            if let Some(mut last) = self.kept.peek_mut()
                && kept < *last
            {
                *last = kept;
            }
            return ControlFlow::Continue(());
        }
        if self.kept.len() >= self.bound {
            self.too_many = Some(TooMany(self.bound));
            return ControlFlow::Break(());
        }
        self.kept.push(kept);
        ControlFlow::Continue(())
    }
}

fn count(kept: &BinaryHeap<Kept>) -> u64 {
    u64::try_from(kept.len()).unwrap_or(u64::MAX)
}

impl Sink for Sorted<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let number = self.seen;
        self.seen += 1;
        let rank: Vec<_> = self.keys.iter().map(|key| rank(*key, &socket)).collect();
        // Most sockets of a long listing are not copied.
        let is_late = count(&self.kept) >= self.limit
            && self.kept.peek().is_none_or(|last| rank >= last.rank);
        if is_late {
            return ControlFlow::Continue(());
        }
        let namespace = self.namespace.clone();
        self.keep(Kept { rank, number, table, socket: socket.into(), namespace })
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.sink.problem(problem)
    }

    fn namespace(&mut self, listed: &ListedNamespace) {
        self.namespace = Some(Arc::new(listed.clone()));
    }

    fn processes(&mut self, found: Arc<ProcessTable>) {
        self.sink.processes(found);
    }

    fn peers(&mut self, found: Arc<PeerTable>) {
        self.sink.peers(found);
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank).then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Kept {}
