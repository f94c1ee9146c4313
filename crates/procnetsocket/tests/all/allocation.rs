//! A row of an inet table needs no allocation.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

use std::ops::ControlFlow;

use procnetsocket::{Limits, RowError, Table, TextTable, Visitor, model::Socket};

struct Ignore;

impl Visitor for Ignore {
    fn socket(&mut self, _socket: Socket<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}")
    }
}

/// Returns how many allocations it takes to read this number of rows.
fn allocations(table: Table, row: &str, rows: u32) -> u64 {
    let text = format!(
        "header\n{}",
        format!("{row}\n").repeat(rows.try_into().expect("a number of rows"))
    );
    let limits = Limits::streaming();
    let info = allocation_counter::measure(|| {
        let report = TextTable::new(table).with_bounds(limits).visit(text.as_bytes(), &mut Ignore);
        assert_eq!(report.expect("a table").rows, u64::from(rows));
    });
    info.count_total
}

#[test]
fn row_costs_no_allocation() {
    let tcp = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 32017 1 ffff9f3c8b3e0000 100 0 0 10 0                     ";
    let udp6 = "    0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 999 2 ffff9f3c8b3e0000 0";
    for (table, row) in [(Table::Tcp4, tcp), (Table::Udp6, udp6)] {
        assert_eq!(allocations(table, row, 1), allocations(table, row, 10_000), "{table}");
    }
}
