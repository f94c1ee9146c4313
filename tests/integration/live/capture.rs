//! Initial inputs of the fuzzer, taken from live sockets.

#![expect(clippy::disallowed_methods, reason = "the test opens the namespace's own tables")]

use cap_std::ambient_authority;
use procnetsocket::{
    Details, Table, TableQuery, Uninterrupted,
    diag::{DiagSocket, Request},
};

use super::{fixture::Fixture, namespace::inside};
use crate::workspace;

/// The tables, in the order in which the first byte of an input counts them.
const TABLES: [Table; 6] =
    [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Unix, Table::Packet, Table::Netlink];

/// Writes the replies for each table into the corpus, without and with every detail.
#[test]
#[ignore = "writes inputs of the fuzzer; scripts/fuzz runs it when there are none"]
fn record() {
    inside("live::capture::record", || {
        let _fixture = Fixture::new();
        let diag = DiagSocket::open_ambient(ambient_authority()).unwrap();
        for (number, table) in (0..).zip(TABLES) {
            for (name, details) in [("plain", Details::NONE), ("detailed", Details::ALL)] {
                let request = Request::Dump(TableQuery { details, ..TableQuery::new(table) });
                let mut replies = vec![number];
                diag.copy_replies(&request, &Uninterrupted, &mut replies).unwrap();
                replies.truncate(6 * 1024);
                workspace::write(&format!("fuzz/corpus/datagram/{table}-{name}"), &replies);
            }
        }
    });
}
