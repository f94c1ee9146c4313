//! Sorted sockets.

use std::{cmp::Ordering, collections::BinaryHeap, ops::ControlFlow, sync::Arc};

use procnetsocket::{
    PeerTable, ProcessTable,
    model::{OwnedSocket, Socket},
};
use socket_query::{ListedNamespace, ListingProblem, Sink, SocketTable};

use super::key::{Rank, rank};
use crate::cli::{Direction, Order, SortKey};

/// The host allows only this many sockets to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) usize);

/// Keeps sockets until all were received, and passes them on in order. Equal sockets keep the order
/// of an unsorted listing.
///
/// With a limit, at most that number is kept: a new socket replaces the last in order.
pub(crate) struct Sorted<'a> {
    sink: &'a mut dyn Sink,
    keys: &'a [(SortKey, Direction)],
    limit: u64,
    /// The number of sockets that may be kept.
    bound: usize,
    /// A heap whose top is the last in order.
    kept: BinaryHeap<SortedSocket>,
    seen: u64,
    /// Position of the first TCP socket of the current namespace.
    tcp: Option<u64>,
    too_many: Option<TooMany>,
    /// The namespace of the current sockets.
    namespace: Option<Arc<ListedNamespace>>,
}

/// A socket that is kept.
struct SortedSocket {
    rank: Vec<Rank>,
    place: ListingPosition,
    table: SocketTable,
    socket: OwnedSocket,
    namespace: Option<Arc<ListedNamespace>>,
}

/// The position of a socket in an unsorted listing. TCP sockets of IPv4 come before those of IPv6,
/// in whatever order they were received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListingPosition {
    /// The number of the first socket of its table and namespace.
    begin: u64,
    is_ipv6: bool,
    /// The number of the socket in the order of arrival.
    number: u64,
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
            tcp: None,
            too_many: None,
            namespace: None,
        }
    }

    /// Passes the sockets on, and returns how many were left out.
    ///
    /// # Errors
    ///
    /// When there were more sockets than the bound allows; nothing is passed on then.
    pub(crate) fn finish(self) -> Result<u64, TooMany> {
        if let Some(too_many) = self.too_many {
            return Err(too_many);
        }
        let left_out = self.seen.saturating_sub(count(&self.kept));
        for SortedSocket { table, socket, namespace, .. } in self.kept.into_sorted_vec() {
            if let Some(listed) = namespace {
                self.sink.namespace(&listed);
            }
            if self.sink.socket(table, socket.as_socket()).is_break() {
                break;
            }
        }
        Ok(left_out)
    }

    /// Returns the position of a new socket.
    fn place(&mut self, table: SocketTable, socket: &Socket<'_>) -> ListingPosition {
        let number = self.seen;
        self.seen += 1;
        if table != SocketTable::Tcp {
            self.tcp = None;
        }
        match socket {
            Socket::Inet(inet) if table == SocketTable::Tcp => {
                let begin = *self.tcp.get_or_insert(number);
                ListingPosition { begin, is_ipv6: inet.local.is_ipv6(), number }
            }
            _ => ListingPosition { begin: number, is_ipv6: false, number },
        }
    }

    fn keep(&mut self, kept: SortedSocket) -> ControlFlow<()> {
        if count(&self.kept) >= self.limit {
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

fn count(kept: &BinaryHeap<SortedSocket>) -> u64 {
    u64::try_from(kept.len()).unwrap_or(u64::MAX)
}

impl Sink for Sorted<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let place = self.place(table, &socket);
        let rank: Vec<_> = self.keys.iter().map(|key| rank(*key, &socket)).collect();
        // Most sockets of a long listing are not copied.
        let is_late = count(&self.kept) >= self.limit
            && self.kept.peek().is_none_or(|last| (&rank, place) >= (&last.rank, last.place));
        if is_late {
            return ControlFlow::Continue(());
        }
        let namespace = self.namespace.clone();
        self.keep(SortedSocket { rank, place, table, socket: socket.into(), namespace })
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.sink.problem(problem)
    }

    fn namespace(&mut self, listed: &ListedNamespace) {
        self.tcp = None;
        self.namespace = Some(Arc::new(listed.clone()));
    }

    fn processes(&mut self, found: Arc<ProcessTable>) {
        self.sink.processes(found);
    }

    fn peers(&mut self, found: Arc<PeerTable>) {
        self.sink.peers(found);
    }
}

impl Ord for SortedSocket {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank).then(self.place.cmp(&other.place))
    }
}

impl PartialOrd for SortedSocket {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortedSocket {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SortedSocket {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes the addresses of sockets.
    #[derive(Default)]
    struct Noted(Vec<String>);

    impl Sink for Noted {
        fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
            match socket {
                Socket::Inet(inet) => self.0.push(inet.local.to_string()),
                other => panic!("expected an internet socket, but found {other:?}"),
            }
            ControlFlow::Continue(())
        }

        fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
            panic!("expected no problem, but found {problem:?}")
        }
    }

    fn inet(address: &str, port: u16) -> OwnedSocket {
        let end = format!(r#"{{"address":"{address}","port":{port}}}"#);
        let text = format!(
            r#"{{"family":"inet","source":"sock_diag","protocol":"tcp","local":{end},"peer":{end},
            "kernel_state":"established","recv_q":0,"send_q":0,"uid":0}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn sorted(limit: Option<u64>) -> (Vec<String>, u64) {
        let order = Order { keys: vec![(SortKey::Uid, Direction::Up)], limit };
        let mut noted = Noted::default();
        let mut sorted = Sorted::new(&mut noted, &order, 100);
        let mut take = |table, address, port| {
            assert!(sorted.socket(table, inet(address, port).as_socket()).is_continue());
        };
        take(SocketTable::Udp, "::1", 1);
        take(SocketTable::Udp, "127.0.0.1", 2);
        // One walk of the kernel finds both families.
        take(SocketTable::Tcp, "::1", 3);
        take(SocketTable::Tcp, "127.0.0.1", 4);
        take(SocketTable::Tcp, "::1", 5);
        take(SocketTable::Tcp, "127.0.0.1", 6);
        let left_out = sorted.finish().unwrap();
        (noted.0, left_out)
    }

    #[test]
    fn equal_sockets_keep_the_order_of_an_unsorted_listing() {
        let all = ["[::1]:1", "127.0.0.1:2", "127.0.0.1:4", "127.0.0.1:6", "[::1]:3", "[::1]:5"];
        assert_eq!(sorted(None), (all.map(str::to_owned).into(), 0));
        for limit in 1..=all.len() {
            let (rows, left_out) = sorted(Some(limit.try_into().unwrap()));
            assert_eq!(rows, all[..limit], "{limit}");
            assert_eq!(left_out, u64::try_from(all.len() - limit).unwrap());
        }
    }
}
