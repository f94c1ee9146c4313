//! Mutated rows: nothing panics, and no result depends on earlier rows.
//!
//! The generator has a constant seed, so every run has the same rows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::ops::ControlFlow;

use procnetsocket::{
    Endian, Limits, RowError, Table, TextTable, Visitor,
    model::{InetSocket, NetlinkSocket, PacketSocket, Socket, UnixSocket},
};
use testkit::Xorshift;

/// For every change, and at full size.
const ROWS: [usize; 2] = [20_000, 100_000];

/// Rows in the kernel's format, one for each table.
fn sample(table: Table) -> &'static [u8] {
    match table {
        Table::Tcp4 => b"   0: 0100007F:1F90 0200007F:C350 01 0000002A:00000007 02:000005DC 00000003  1000        4 32018 2 ffff9f3c8b3e0880 20 4 31 10 -1       ",
        Table::Tcp6 => b"   0: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 999 1 0000000000000000 20 4 30 10 7",
        Table::Udp4 | Table::UdpLite4 | Table::Raw4 | Table::Icmp4 => b" 1234: 3500007F:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 20113 2 ffff9f3c8b3e2200 17         ",
        Table::Udp6 | Table::UdpLite6 | Table::Raw6 | Table::Icmp6 => b"   58: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4242 2 0000000000000000 0",
        Table::Unix => b"ffff9f3c8b3e0000: 00000002 00000000 00010000 0001 01 31210 @/tmp/.X11-unix/X0",
        Table::Packet => b"ffff9f3c8b3e0000 3      3    0003   2     1 0      0      31210 ",
        Table::Netlink => b"ffff9f3c8b3e0000 0   1234       00000551 0        0        0     2        0        31210   ",
        other => panic!("no sample of {other}"),
    }
}

/// Bytes that have a meaning for a parser.
const BYTES: &[u8] = b"0123456789abcdefABCDEFxg:- \t\n\0\r@()\"\\\x7f\x80\xff";

/// Changes, removes, doubles or inserts some bytes.
fn mutate(random: &mut Xorshift, row: &mut Vec<u8>) {
    for _ in 0..=below(random, 4) {
        let place = below(random, row.len() + 1);
        let byte = *random.pick(BYTES);
        match random.below(6) {
            0 => row.truncate(place),
            1 => row.insert(place, byte),
            2 => drop(row.drain(place..(place + below(random, 9)).min(row.len()))),
            3 => row.extend_from_within(..place),
            _ if place < row.len() => row[place] = byte,
            _ => row.push(byte),
        }
    }
}

fn below(random: &mut Xorshift, end: usize) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap())).unwrap()
}

/// The result for a line.
#[derive(PartialEq)]
enum RowResult {
    Inet(InetSocket),
    Unix(UnixSocket),
    Packet(PacketSocket),
    Netlink(NetlinkSocket),
    /// The report, with line 0: the number is that of the table.
    Malformed(RowError),
}

impl RowResult {
    fn report(&self) -> Option<&RowError> {
        match self {
            Self::Malformed(row) => Some(row),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Transcript(Vec<RowResult>);

impl Visitor for Transcript {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.push(match socket {
            Socket::Inet(row) => RowResult::Inet(row.clone()),
            Socket::Unix(row) => RowResult::Unix(row.clone()),
            Socket::Packet(row) => RowResult::Packet(row.clone()),
            Socket::Netlink(row) => RowResult::Netlink(row.clone()),
            other => panic!("{other:?}"),
        });
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        let mut row = row.clone();
        row.line = 0;
        self.0.push(RowResult::Malformed(row));
        ControlFlow::Continue(())
    }
}

fn transcript(table: Table, rows: &[Vec<u8>], endian: Endian) -> Vec<RowResult> {
    let mut text = b"header\n".to_vec();
    for row in rows {
        text.extend_from_slice(row);
        text.push(b'\n');
    }
    let (limits, mut transcript) = (Limits::streaming(), Transcript::default());
    TextTable::new(table)
        .with_endian(endian)
        .with_bounds(limits)
        .visit(&*text, &mut transcript)
        .expect("a table");
    transcript.0
}

#[test]
fn any_row_is_parsed_or_reported_independently() {
    let count = testkit::cases(ROWS[0], ROWS[1]);
    let mut random = Xorshift::new(1);
    for table in Table::TEXT {
        let endian = *random.pick(&[Endian::Little, Endian::Big]);
        let rows: Vec<Vec<u8>> = (0..count / Table::TEXT.len())
            .map(|_| {
                let mut row = sample(table).to_vec();
                mutate(&mut random, &mut row);
                row
            })
            .collect();
        let together = transcript(table, &rows, endian);
        // Each row has the same result as in a table of only a few.
        let apart: Vec<RowResult> =
            rows.chunks(10).flat_map(|rows| transcript(table, rows, endian)).collect();
        assert!(together == apart, "{table}");
        let reports: Vec<_> = together.iter().filter_map(RowResult::report).collect();
        for text in reports.iter().step_by(10).map(ToString::to_string) {
            assert!(text.chars().all(|c| c == '…' || (' '..='~').contains(&c)), "{text:?}");
        }
        let malformed = reports.len();
        let understood = together.len() - malformed;
        assert!(understood > 100 && malformed > 100, "{table}: {understood}, {malformed}");
    }
}
