//! Dumps the TCP sockets of both families by one walk of the kernel.
//!
//! Kernel: the reply to a request of the older interface (`TCPDIAG_GETSOCK`) contains IPv4 and IPv6
//! together, because `inet_diag_dump_compat` uses `AF_UNSPEC`. States, details and filter programs
//! work as in the newer one, and the rows and their order within a family are the same; the
//! families are interleaved. The kernel walks its tables once. With two requests, each walk skips
//! the sockets of the other family, and every bucket is visited twice.

use super::{
    request::{Request, encode_both_families},
    wire::{Message, SOCK_DIAG_BY_FAMILY},
};
use crate::{
    model::Table,
    table_query::{Details, TableQuery},
};

/// Bytes of rows that are kept until those of IPv4 were passed on: 2 MiB, about 16 000 sockets
/// without details.
const MAX_KEPT_BYTES: usize = 2 << 20;

/// Bytes after which a datagram of kept rows is full: the size of the kernel's datagrams.
const DATAGRAM_BYTES: usize = 32 << 10;

/// Largest size of a row in bytes, without details and with all of them.
const ROW_BYTES: usize = 160;
const DETAILED_ROW_BYTES: usize = 640;

/// A dump of one table, or of the TCP sockets of both families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    Table(TableQuery),
    /// The query for IPv4; the one for IPv6 is equal.
    BothFamilies(TableQuery),
}

impl Walk {
    pub(super) fn table(&self) -> Table {
        match self {
            Self::Table(query) | Self::BothFamilies(query) => query.table,
        }
    }

    /// Appends the request with that number to `out`.
    pub(super) fn encode(&self, sequence: u32, out: &mut Vec<u8>) {
        match self {
            Self::Table(query) => Request::Dump(query.clone()).encode(sequence, out),
            Self::BothFamilies(query) => encode_both_families(query, sequence, out),
        }
    }
}

/// Returns whether one walk can answer two consecutive queries.
pub(super) fn are_pair(first: &TableQuery, second: &TableQuery) -> bool {
    let second = TableQuery { table: Table::Tcp4, ..second.clone() };
    first.table == Table::Tcp4 && *first == second && !first.possible_states().is_empty()
}

/// Returns how many rows of a query can certainly be kept.
pub(crate) fn kept_rows(details: Details) -> usize {
    MAX_KEPT_BYTES / if details == Details::NONE { ROW_BYTES } else { DETAILED_ROW_BYTES }
}

/// Rows of IPv6 that came among those of IPv4, kept until these were passed on.
#[derive(Debug, Default)]
pub(super) struct KeptRows {
    datagrams: Vec<KeptDatagram>,
    bytes: usize,
    is_full: bool,
}

/// Messages in reply to one request.
#[derive(Debug)]
struct KeptDatagram {
    sequence: u32,
    messages: Vec<u8>,
}

impl KeptRows {
    /// Keeps a row. When there are too many, none is kept.
    pub(super) fn push(&mut self, message: &Message<'_>) {
        if self.is_full {
            return;
        }
        let sequence = message.sequence;
        let has_room = |last: &&mut KeptDatagram| {
            last.sequence == sequence && last.messages.len() < DATAGRAM_BYTES
        };
        let before = self.bytes;
        if let Some(last) = self.datagrams.last_mut().filter(has_room) {
            let length = last.messages.len();
            message.write_as(SOCK_DIAG_BY_FAMILY, &mut last.messages);
            self.bytes = before + last.messages.len() - length;
        } else {
            let mut messages = Vec::new();
            message.write_as(SOCK_DIAG_BY_FAMILY, &mut messages);
            self.bytes = before + messages.len();
            self.datagrams.push(KeptDatagram { sequence, messages });
        }
        if self.bytes > MAX_KEPT_BYTES {
            *self = Self { is_full: true, ..Self::default() };
        }
    }

    /// Returns the rows if all of them were kept.
    pub(super) fn complete(self) -> Option<Self> {
        (!self.is_full).then_some(self)
    }

    /// Returns the messages in their order, with the number of the request that they answer.
    pub(super) fn into_datagrams(self) -> impl Iterator<Item = (u32, Vec<u8>)> {
        self.datagrams.into_iter().map(|KeptDatagram { sequence, messages }| (sequence, messages))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::dump::Dump, *};
    use crate::{
        model::{Socket, StateMask, TcpState},
        table_query::Bounds,
        visit::Each,
    };

    fn query(table: Table) -> TableQuery {
        TableQuery::new(table)
    }

    fn in_state(table: Table, state: TcpState) -> TableQuery {
        TableQuery { states: StateMask::of(state), ..query(table) }
    }

    #[rstest]
    #[case::both_families(query(Table::Tcp4), query(Table::Tcp6), true)]
    #[case::other_order(query(Table::Tcp6), query(Table::Tcp4), false)]
    #[case::other_protocol(query(Table::Udp4), query(Table::Udp6), false)]
    #[case::other_states(query(Table::Tcp4), in_state(Table::Tcp6, TcpState::Listen), false)]
    #[case::other_filter(
        query(Table::Tcp4),
        TableQuery { filter: vec![1], ..query(Table::Tcp6) },
        false
    )]
    #[case::nothing_to_ask(
        in_state(Table::Tcp4, TcpState::Close),
        in_state(Table::Tcp6, TcpState::Close),
        false
    )]
    fn one_walk_answers_only_equal_queries(
        #[case] first: TableQuery,
        #[case] second: TableQuery,
        #[case] expected: bool,
    ) {
        assert_eq!(are_pair(&first, &second), expected);
    }

    fn visited(kept: KeptRows) -> u64 {
        let request = Request::Dump(query(Table::Tcp6));
        let mut dump = Dump::new(&request, Bounds::default());
        dump.push_kept(kept, &mut Each(|_: Socket<'_>| {})).unwrap();
        dump.report().rows
    }

    /// `struct inet_diag_msg` of an IPv6 (10) listener (10), without attributes.
    const ROW: [u8; 72] = [10; 72];

    #[test]
    fn rows_are_kept_up_to_a_bound() {
        let row = |sequence| Message { kind: 18, flags: 0, sequence, payload: &ROW };
        let bytes = 16 + ROW.len();
        let fit = MAX_KEPT_BYTES / bytes;
        let mut kept = KeptRows::default();
        for number in 0..fit {
            // Two requests, whose rows are distinguished by their numbers.
            kept.push(&row(if number < 1_000 { 1 } else { 2 }));
        }
        assert!(kept.datagrams.iter().all(|one| one.messages.len() < DATAGRAM_BYTES + bytes));
        assert_eq!(visited(kept.complete().unwrap()), u64::try_from(fit).unwrap());
        let mut kept = KeptRows::default();
        for _ in 0..=fit {
            kept.push(&row(1));
        }
        kept.push(&row(1));
        assert!(kept.datagrams.is_empty());
        assert!(kept.complete().is_none());
    }
}
