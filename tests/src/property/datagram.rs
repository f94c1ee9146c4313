//! Replies of sock_diag.
//!
//! ```text
//! first byte: which table      the rest: one datagram
//! ```

use std::ops::ControlFlow;

use procnetsocket::{
    Limits, RowError, Table, TableQuery, Visitor,
    diag::{Replies, Request},
    model::Socket,
};

const TABLES: [Table; 8] = [
    Table::Tcp4,
    Table::Tcp6,
    Table::Udp4,
    Table::Unix,
    Table::Packet,
    Table::Netlink,
    Table::Vsock,
    Table::Xdp,
];

const MALFORMED: &str = "malformed";

/// Bytes of the smallest message: its header.
const MESSAGE: usize = 16;

/// Records a word for each row.
#[derive(Default, PartialEq, Eq, Debug)]
struct RowWords(Vec<String>);

impl Visitor for RowWords {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.push(format!("{socket:?}"));
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        assert!(row.to_string().starts_with("sock_diag "), "{row}");
        assert!(row.to_string().chars().all(|c| !builtin_cli::is_unsafe_to_show(c)), "{row}");
        self.0.push(MALFORMED.to_owned());
        ControlFlow::Continue(())
    }
}

/// The number of rows is bounded by the bytes, and rows depend only on the bytes; the rows of the
/// beginning of a reply do not depend on what follows.
pub fn holds(input: &[u8]) {
    let Some((choice, datagram)) = input.split_first() else { return };
    let table = TABLES[usize::from(*choice) % TABLES.len()];
    let (rows, ended) = decode(table, datagram);
    assert!(rows.0.len() <= datagram.len() / MESSAGE, "{rows:?}");
    assert_eq!((&rows, &ended), (&decode(table, datagram).0, &decode(table, datagram).1));
    let half = datagram.get(..datagram.len() / 2).unwrap_or_default();
    let (first, _) = decode(table, half);
    assert!(rows.0.starts_with(&first.0), "{first:?} is no beginning of {rows:?}");
}

fn decode(table: Table, datagram: &[u8]) -> (RowWords, String) {
    let request = Request::Dump(TableQuery::new(table));
    let mut rows = RowWords::default();
    let limits = Limits::default();
    // The request is the one that the first message answers.
    let sequence = datagram.get(8..12).and_then(|bytes| bytes.try_into().ok());
    let sequence = sequence.map_or(0, u32::from_ne_bytes);
    let ended = Replies::new(&request, sequence).with_bounds(limits).visit([datagram], &mut rows);
    let ended = match ended {
        Ok(report) => {
            let malformed = rows.0.iter().filter(|row| *row == MALFORMED).count();
            let seen = [rows.0.len() - malformed, malformed];
            let reported = [report.rows, report.malformed];
            assert_eq!(reported.map(usize::try_from), seen.map(Ok), "{report:?}");
            format!("{report:?}")
        }
        Err(error) => error.to_string(),
    };
    assert!(ended.chars().all(|c| !builtin_cli::is_unsafe_to_show(c)), "{ended}");
    (rows, ended)
}
