//! Measures the reading of tables of a million rows against counting their newlines.
//!
//! It prints and asserts nothing: `cargo bench -p procnetsocket`.
#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::{
    hint::black_box,
    io::{Read, Seek, Write},
    ops::ControlFlow,
    time::{Duration, Instant},
};

use procnetsocket::{
    Endian, Limits, RowError, Table, Uninterrupted, Visitor,
    model::{Inode, Socket},
    visit_table,
};

const ROWS: u32 = 1_000_000;
const REPETITIONS: u32 = 5;

fn main() -> std::io::Result<()> {
    println!("{:<16} {:>10} {:>9} {:>12} {:>7}", "table", "rows/s", "ns/row", "count/row", "ratio");
    measure("tcp, memory", Table::Tcp4, &tcp_table(), Vec::as_slice)?;
    measure("tcp6, memory", Table::Tcp6, &tcp6_table(), Vec::as_slice)?;
    measure("udp, memory", Table::Udp4, &udp_table(), Vec::as_slice)?;
    measure("unix, memory", Table::Unix, &unix_table(), Vec::as_slice)?;

    let mut file = tempfile::tempfile()?;
    file.write_all(&tcp_table())?;
    measure("tcp, file", Table::Tcp4, &file, |mut file: &std::fs::File| {
        file.rewind().map_or(file, |()| file)
    })
}

/// Prints the best of some readings of a table and of counting its newlines.
fn measure<T: Copy, R: Read>(
    name: &str,
    table: Table,
    source: T,
    open: impl Fn(T) -> R,
) -> std::io::Result<()> {
    let (mut count, mut visit) = (Duration::MAX, Duration::MAX);
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        black_box(count_newlines(open(source))?);
        count = count.min(start.elapsed());

        let start = Instant::now();
        let mut sum = Sum::default();
        let limits = Limits::streaming();
        visit_table(table, open(source), Endian::NATIVE, &limits, &Uninterrupted, &mut sum)
            .map_err(std::io::Error::other)?;
        visit = visit.min(start.elapsed());
        black_box(sum);
    }
    let nanos = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(ROWS);
    println!(
        "{name:<16} {:>10.0} {:>9.1} {:>12.1} {:>7.1}",
        f64::from(ROWS) / visit.as_secs_f64(),
        nanos(visit),
        nanos(count),
        nanos(visit) / nanos(count),
    );
    Ok(())
}

fn count_newlines(mut reader: impl Read) -> std::io::Result<usize> {
    let mut buffer = vec![0; 64 << 10];
    let mut newlines = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(newlines);
        }
        let read = buffer.get(..count).unwrap_or_default();
        newlines += memchr::memchr_iter(b'\n', read).count();
    }
}

/// Looks at the rows as little as a visitor can.
#[derive(Default)]
struct Sum(u64);

impl Visitor for Sum {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.0 += match socket {
            Socket::Inet(row) => row.inode.map_or(0, Inode::get),
            Socket::Unix(row) => row.inode.map_or(0, Inode::get),
            _ => 0,
        };
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        println!("{row}");
        ControlFlow::Break(())
    }
}

fn table(header: &str, row: impl Fn(u32) -> String) -> Vec<u8> {
    let mut text = format!("{header}\n").into_bytes();
    for number in 0..ROWS {
        text.extend_from_slice(row(number).as_bytes());
        text.push(b'\n');
    }
    text
}

fn tcp_table() -> Vec<u8> {
    table("  sl  local_address rem_address   st ...", |n| {
        let row = format!(
            "{:4}: 0100007F:1F90 {:08X}:{:04X} 01 00000000:00000000 02:000005DC 00000000  1000        0 {} 2 ffff9f3c{:08x} 20 4 30 10 -1",
            n,
            n.rotate_left(8),
            n & 0xFFFF,
            100_000 + n,
            n,
        );
        format!("{row:<149}")
    })
}

fn tcp6_table() -> Vec<u8> {
    table("  sl  local_address rem_address   st ...", |n| {
        let row = format!(
            "{:4}: 00000000000000000000000001000000:1F90 000000000000000000000000{:08X}:{:04X} 01 00000000:00000000 02:000005DC 00000000  1000        0 {} 2 ffff9f3c{:08x} 20 4 30 10 -1",
            n,
            n.rotate_left(8),
            n & 0xFFFF,
            100_000 + n,
            n,
        );
        format!("{row:<178}")
    })
}

fn udp_table() -> Vec<u8> {
    table("  sl  local_address rem_address   st ...", |n| {
        let row = format!(
            "{:5}: 0100007F:{:04X} 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 {} 2 ffff9f3c{:08x} 0",
            n,
            n & 0xFFFF,
            100_000 + n,
            n,
        );
        format!("{row:<127}")
    })
}

fn unix_table() -> Vec<u8> {
    table("Num       RefCount Protocol Flags    Type St Inode Path", |n| {
        format!(
            "ffff9f3c{n:08x}: 00000003 00000000 00000000 0001 03 {:5} /run/service/{n}.sock",
            100_000 + n
        )
    })
}
