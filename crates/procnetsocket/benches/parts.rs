//! Measures the parts of a reading: framing, rows of the text tables, messages of sock_diag.
//!
//! ```text
//! cargo bench -p procnetsocket -- --quick
//! ```
//!
//! `count newlines` is the minimum cost of the bytes of a table.

use std::{fmt::Write, hint::black_box, ops::ControlFlow};

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use procnetsocket::{
    Limits, RowError, Table, TableQuery, TextTable, Visitor,
    diag::{Messages, Replies, Request},
    model::{Inode, Socket},
};

/// Rows of a text table: few enough to stay in a cache.
const ROWS: u32 = 2_000;

/// Messages in a datagram of 32 KiB.
const MESSAGES: usize = 300;

/// The sequence number of the request that the messages answer.
const SEQUENCE: u32 = 7;

criterion_group!(benches, text, datagrams);
criterion_main!(benches);

/// Reads as little as possible of each row.
#[derive(Default)]
struct RowSum(u64);

impl Visitor for RowSum {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.0 += match socket {
            Socket::Inet(row) => row.inode.map_or(0, Inode::get),
            Socket::Unix(row) => row.inode.map_or(0, Inode::get),
            _ => 0,
        };
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

fn text(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text");
    group.throughput(Throughput::Elements(ROWS.into()));
    let tcp = tcp_table(" ");
    group.bench_function("count newlines", |bencher| {
        bencher.iter(|| memchr::memchr_iter(b'\n', black_box(&tcp)).count());
    });
    visit(&mut group, "tcp", Table::Tcp4, &tcp);
    // A row that is not exactly as the kernel prints it is parsed column by column.
    visit(&mut group, "tcp by columns", Table::Tcp4, &tcp_table("\t"));
    visit(&mut group, "tcp malformed", Table::Tcp4, &tcp_table("x"));
    visit(&mut group, "tcp6", Table::Tcp6, &tcp6_table());
    visit(&mut group, "udp", Table::Udp4, &udp_table());
    visit(&mut group, "unix", Table::Unix, &unix_table());
    group.finish();
}

fn visit(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, table: Table, bytes: &[u8]) {
    let limits = Limits::streaming();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut sum = RowSum::default();
            let bytes = black_box(bytes);
            let read = TextTable::new(table).with_bounds(limits).visit(bytes, &mut sum);
            black_box((read.is_ok(), sum.0))
        });
    });
}

fn table(row: impl Fn(u32) -> String) -> Vec<u8> {
    let mut text = "  sl  local_address rem_address   st ...\n".to_owned();
    for number in 0..ROWS {
        // OK because writing to a string cannot fail.
        let _ = writeln!(text, "{}", row(number));
    }
    text.into_bytes()
}

/// Returns a table with these bytes after the inode.
fn tcp_table(blank: &str) -> Vec<u8> {
    table(|n| {
        let row = format!(
            "{n:4}: 0100007F:1F90 {:08X}:{:04X} 01 00000000:00000000 02:000005DC 00000000  1000        0 {}{blank}2 ffff9f3c{n:08x} 20 4 30 10 -1",
            n.rotate_left(8),
            n & 0xFFFF,
            100_000 + n,
        );
        format!("{row:<149}")
    })
}

fn tcp6_table() -> Vec<u8> {
    table(|n| {
        let row = format!(
            "{n:4}: 00000000000000000000000001000000:1F90 000000000000000000000000{:08X}:{:04X} 01 00000000:00000000 02:000005DC 00000000  1000        0 {} 2 ffff9f3c{n:08x} 20 4 30 10 -1",
            n.rotate_left(8),
            n & 0xFFFF,
            100_000 + n,
        );
        format!("{row:<178}")
    })
}

fn udp_table() -> Vec<u8> {
    table(|n| {
        let row = format!(
            "{n:5}: 0100007F:{:04X} 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 {} 2 ffff9f3c{n:08x} 0",
            n & 0xFFFF,
            100_000 + n,
        );
        format!("{row:<127}")
    })
}

fn unix_table() -> Vec<u8> {
    table(|n| {
        format!(
            "ffff9f3c{n:08x}: 00000003 00000000 00000000 0001 03 {:5} /run/service/{n}.sock",
            100_000 + n
        )
    })
}

fn datagrams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sock_diag");
    group.throughput(Throughput::Elements(u64::try_from(MESSAGES).unwrap_or_default()));
    let tcp = message(&tcp_payload()).repeat(MESSAGES);
    group.bench_function("framing", |bencher| {
        bencher.iter(|| Messages::new(black_box(&tcp)).filter_map(Result::ok).count());
    });
    decode(&mut group, "tcp", Table::Tcp4, &tcp);
    let unix = message(&unix_payload()).repeat(MESSAGES);
    decode(&mut group, "unix", Table::Unix, &unix);
    group.finish();
}

fn decode(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, table: Table, datagram: &[u8]) {
    let request = Request::Dump(TableQuery::new(table));
    let limits = Limits::streaming();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut sum = RowSum::default();
            let datagrams = [black_box(datagram)];
            let read =
                Replies::new(&request, SEQUENCE).with_bounds(limits).visit(datagrams, &mut sum);
            black_box((read.is_ok(), sum.0))
        });
    });
}

/// Returns the message of a socket (type 20) around its payload.
fn message(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).unwrap_or_default();
    let header = [length.to_ne_bytes(), [0; 4], SEQUENCE.to_ne_bytes(), [0; 4]].concat();
    let mut message = [header.as_slice(), payload].concat();
    if let Some(kind) = message.get_mut(4..6) {
        kind.copy_from_slice(&20_u16.to_ne_bytes());
    }
    message
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap_or_default();
    let mut attribute = [&length.to_ne_bytes(), &kind.to_ne_bytes(), value].concat();
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

/// An established IPv4 connection, with the attributes that a dump always has.
fn tcp_payload() -> Vec<u8> {
    let header = [
        &[2, 1, 0, 0][..],
        &[0x1F, 0x90, 0xC3, 0x50],
        &[127, 0, 0, 1],
        &[0; 12],
        &[127, 0, 0, 2],
        &[0; 12],
        &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        &[0; 12],
        &1000_u32.to_ne_bytes(),
        &32_017_u32.to_ne_bytes(),
    ];
    let attributes = [attribute(8, &[0]), attribute(21, &[1; 8]), attribute(22, &[0; 2])];
    [header.concat(), attributes.concat()].concat()
}

/// A connected stream socket with a name, its peer and its queues.
fn unix_payload() -> Vec<u8> {
    let header = [&[1, 1, 1, 0][..], &32_017_u32.to_ne_bytes(), &[1, 0, 0, 0, 0, 0, 0, 0]];
    let attributes = [
        attribute(0, b"/run/service/socket\0"),
        attribute(2, &32_018_u32.to_ne_bytes()),
        attribute(4, &[0; 8]),
        attribute(6, &[0]),
    ];
    [header.concat(), attributes.concat()].concat()
}
