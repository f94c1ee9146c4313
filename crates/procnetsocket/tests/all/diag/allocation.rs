//! A row of an internet socket needs no allocation.

use std::ops::ControlFlow;

use procnetsocket::{
    Limits, RowError, Table, TableQuery, Visitor,
    diag::{Replies, Request},
    model::Socket,
};
use rstest::rstest;

use crate::diag::{
    bytes::{SEQUENCE, attribute, done, hex, row},
    fixture::{
        NETLINK, TCP_LISTENER, UNIX, inet_attributes, netlink_attributes, subflow, unix_attributes,
    },
};

struct RowCount(u64);

impl Visitor for RowCount {
    fn socket(&mut self, _: Socket<'_>) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("expected only rows, but found {row}")
    }
}

#[rstest]
#[case::tcp(Table::Tcp4, [hex(TCP_LISTENER), inet_attributes(280, &subflow())].concat())]
#[case::mptcp(Table::Mptcp4, [hex(TCP_LISTENER), attribute(2, &[0; 96])].concat())]
#[case::unix(Table::Unix, [hex(UNIX), unix_attributes()].concat())]
#[case::netlink(Table::Netlink, [hex(NETLINK), netlink_attributes()].concat())]
fn more_rows_cost_no_more_allocations(#[case] table: Table, #[case] message: Vec<u8>) {
    let counted = |rows: usize| {
        let datagram = [row(&message).repeat(rows), done(0)].concat();
        let mut count = RowCount(0);
        let info = allocation_counter::measure(|| {
            let request = Request::Dump(TableQuery::new(table));
            let limits = Limits::streaming();
            let datagrams = [datagram.as_slice()];
            Replies::new(&request, SEQUENCE)
                .with_bounds(limits)
                .visit(datagrams, &mut count)
                .unwrap();
        });
        assert_eq!(count.0, u64::try_from(rows).unwrap());
        info.count_total
    };
    assert_eq!(counted(1), counted(1000));
}
