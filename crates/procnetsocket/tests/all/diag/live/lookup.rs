//! One socket, and those that a filter program accepts.

use std::net::SocketAddr;

use procnetsocket::{
    Details, ErrorKind, Limits, Table, TableQuery,
    diag::{DiagSocket, InetLookup, Request},
    model::Cookie,
};

use super::{DumpedRows, LOCALHOST, LOCALHOST6, ask, connection, diag, dump, listener, udp};
use crate::diag::namespace::{enter, loopback};

/// Returns the lookup of the one socket with a local address.
#[track_caller]
pub(super) fn lookup(diag: &DiagSocket, table: Table, local: SocketAddr) -> InetLookup {
    let rows = dump(diag, TableQuery::new(table)).inet;
    InetLookup::of(rows.iter().find(|row| row.local == local).unwrap())
}

#[test]
fn one_socket_is_found_by_its_addresses_and_cookie() {
    if !enter() {
        return;
    }
    loopback();
    let diag = diag();
    let (tcp, tcp6) = (listener(LOCALHOST), listener(LOCALHOST6));
    let (_here, there) = connection(&tcp);
    let (alone, other) = (udp(LOCALHOST), udp(LOCALHOST));
    other.connect(alone.local_addr().unwrap()).unwrap();
    let wanted = [
        (Table::Tcp4, tcp.local_addr().unwrap()),
        (Table::Tcp4, there.local_addr().unwrap()),
        (Table::Tcp6, tcp6.local_addr().unwrap()),
        // Its request has the ends swapped, which matters only if they differ.
        (Table::Udp4, other.local_addr().unwrap()),
    ];
    for (table, local) in wanted {
        let lookup = InetLookup { details: Details::MEMORY, ..lookup(&diag, table, local) };
        let (rows, report) = ask(&diag, &Request::Inet(lookup));
        assert_eq!((rows.inet.len(), report.rows), (1, 1));
        assert_eq!((rows.inet[0].local, rows.inet[0].cookie), (local, lookup.cookie));
        assert!(rows.inet[0].detail.memory.is_some());
        let other = InetLookup { cookie: Cookie::new(1), ..lookup };
        let asked =
            diag.visit(&Request::Inet(other), Limits::default(), &mut DumpedRows::default());
        assert_eq!(asked.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

/// `sport == port`: from there on and up to there, and what is accepted ends at the last byte.
fn port_program(port: u16) -> Vec<u8> {
    let op = |code: u8, yes: u8, no: u16| [vec![code, yes], no.to_ne_bytes().to_vec()].concat();
    [op(2, 8, 20), op(0, 0, port), op(3, 8, 12), op(0, 0, port)].concat()
}

fn filtered(filter: Vec<u8>) -> TableQuery {
    TableQuery { filter, ..TableQuery::new(Table::Tcp4) }
}

#[test]
fn kernel_runs_a_filter_program() {
    if !enter() {
        return;
    }
    loopback();
    let (first, _second) = (listener(LOCALHOST), listener(LOCALHOST));
    let port = first.local_addr().unwrap().port();
    let diag = diag();
    let rows = dump(&diag, filtered(port_program(port))).inet;
    assert_eq!(rows.iter().map(|row| row.local.port()).collect::<Vec<_>>(), [port]);
    let bad = Request::Dump(filtered(vec![99; 8]));
    let error = diag.visit(&bad, Limits::default(), &mut DumpedRows::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    // The socket is usable after an error.
    assert_eq!(dump(&diag, TableQuery::new(Table::Tcp4)).inet.len(), 2);
}
