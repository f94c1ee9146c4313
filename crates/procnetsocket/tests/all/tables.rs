//! `SocketTables` over a fake root, and over the live system where no result depends on its
//! sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::{
    num::NonZeroU32,
    ops::{ControlFlow, Range},
};

use cap_std::fs::Dir;
use procnetsocket::{
    ErrorKind, Family, Limits, MAX_ROW_ERRORS, Query, RootErrorKind, RowError, SocketTables,
    Source, Table, Visitor,
    model::{InetProtocol, Inode, Socket},
};
use rstest::rstest;
use tempfile::TempDir;

const TCP: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 32017 1 ffff9f3c8b3e0000 100 0 0 10 0";
const TCP6: &str = "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 999 1 0000000000000000 100 0 0 10 0";
const UNIX: &str = "0000000000000000: 00000002 00000000 00010000 0001 01 31210 /run/app.sock";
const PACKET: &str = "0000000000000000 3      3    0003   2     1 0      0      31211 ";
const NETLINK: &str =
    "0000000000000000 0   1234       00000551 0        0        0     2        0        31212   ";

/// A fake root, and the tables in it.
struct Fake {
    dir: TempDir,
    tables: SocketTables,
}

impl Fake {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let tables = SocketTables::from_dir(open(&dir));
        Self { dir, tables }
    }

    fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let dir = open(&self.dir);
        let parent = path.rsplit_once('/').expect("a path in a directory").0;
        dir.create_dir_all(parent).expect("a directory");
        dir.write(path, text).expect("a file");
        self
    }
}

#[expect(clippy::disallowed_methods, reason = "a test opens its own temporary directory")]
fn open(dir: &TempDir) -> Dir {
    Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).expect("a directory")
}

#[expect(clippy::disallowed_methods, reason = "a test of what the authority gives")]
fn live() -> SocketTables {
    SocketTables::open_ambient(cap_std::ambient_authority()).expect("a proc file system")
}

fn table_of(rows: usize) -> String {
    format!("header\n{}", format!("{TCP}\n").repeat(rows))
}

#[rstest]
#[case::tcp("tcp", TCP, Family::V4, InetProtocol::Tcp)]
#[case::tcp6("tcp6", TCP6, Family::V6, InetProtocol::Tcp)]
#[case::udp("udp", TCP, Family::V4, InetProtocol::Udp)]
#[case::udp6("udp6", TCP6, Family::V6, InetProtocol::Udp)]
#[case::udplite("udplite", TCP, Family::V4, InetProtocol::UdpLite)]
#[case::udplite6("udplite6", TCP6, Family::V6, InetProtocol::UdpLite)]
#[case::raw("raw", TCP, Family::V4, InetProtocol::Raw)]
#[case::raw6("raw6", TCP6, Family::V6, InetProtocol::Raw)]
#[case::icmp("icmp", TCP, Family::V4, InetProtocol::Icmp)]
#[case::icmp6("icmp6", TCP6, Family::V6, InetProtocol::Icmp)]
fn reads_inet_tables(
    #[case] file: &str,
    #[case] row: &str,
    #[case] family: Family,
    #[case] protocol: InetProtocol,
) {
    let fake = Fake::new().with(&format!("net/{file}"), format!("header\n{row}\n"));
    let listing = fake.tables.list(&Query::inet(protocol).family(family)).expect("a table");
    assert_eq!((listing.len(), listing.malformed), (1, 0));
    assert_eq!(listing[0].protocol, protocol);
    assert_eq!(listing[0].local.is_ipv6(), file.ends_with('6'));
}

#[test]
fn reads_the_other_tables() {
    let fake = Fake::new()
        .with("net/unix", format!("header\n{UNIX}\n"))
        .with("net/packet", format!("header\n{PACKET}\n"))
        .with("net/netlink", format!("header\n{NETLINK}\n"));
    let inodes = [
        fake.tables.list(&Query::unix()).unwrap().into_vec().unwrap()[0].inode,
        fake.tables.list(&Query::packet()).unwrap().into_vec().unwrap()[0].inode,
        fake.tables.list(&Query::netlink()).unwrap().into_vec().unwrap()[0].inode,
    ];
    assert_eq!(inodes.map(|inode| inode.unwrap().get()), [31210, 31211, 31212]);
}

#[test]
fn listing_reports_malformed_rows_and_keeps_the_others() {
    let text = format!("header\n{TCP}\n{}{TCP}\n", "junk\n".repeat(MAX_ROW_ERRORS + 5));
    let fake = Fake::new().with("net/tcp", text);
    let listing = fake.tables.list(&Query::tcp()).unwrap();
    assert_eq!((listing.rows.len(), listing.malformed), (2, 21));
    assert_eq!(listing.row_errors.len(), MAX_ROW_ERRORS);
    assert_eq!((&listing).into_iter().count(), 2);
    let error = listing.into_vec().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    insta::assert_snapshot!(error, @r#"net/tcp line 3, column 1: expected a row number and a colon, but found "junk" (malformed rows: 21)"#);
}

#[rstest]
#[case::at_the_limit(3, Some(3))]
#[case::one_row_too_many(2, None)]
#[case::none(0, None)]
fn listing_is_never_cut(#[case] entries: u64, #[case] expected: Option<usize>) {
    let fake = Fake::new().with("net/tcp", table_of(3));
    let found =
        fake.tables.list(&Query::tcp().with_limits(Limits { entries, ..Limits::default() }));
    match found {
        Ok(listing) => assert_eq!(Some(listing.len()), expected),
        Err(error) => {
            assert_eq!((error.kind(), expected), (ErrorKind::LimitExceeded, None));
            let text = format!("expected at most {entries} rows (entries), but net/tcp has more");
            assert_eq!(error.to_string(), text);
        }
    }
}

#[test]
fn repeated_rows_of_a_fake_root_are_kept() {
    let fake = Fake::new().with("net/tcp", table_of(5));
    let listing = fake.tables.list(&Query::tcp()).unwrap();
    assert_eq!((listing.len(), listing.repeated), (5, 0));
}

/// Long tables, of which the second is partly read ahead by a thread: over 1 MiB each, with rows
/// that differ by their inode.
fn long_tables() -> Fake {
    let table = |row: &str, inode: &str, inodes: Range<u64>| {
        let rows = inodes.map(|number| format!("{}\n", row.replace(inode, &format!(" {number} "))));
        format!("header\n{}", rows.collect::<String>())
    };
    Fake::new()
        .with("net/tcp", table(TCP, " 32017 ", 1..9_000))
        .with("net/tcp6", table(TCP6, " 999 ", 9_000..17_000))
}

#[test]
fn long_tables_are_read_to_the_end_and_in_their_order() {
    let fake = long_tables();
    let mut inodes = Vec::new();
    let read = |socket: Socket<'_>| inodes.extend(socket.inode());
    let report = fake.tables.visit(&Query::tcp(), read).unwrap();
    assert_eq!(report.rows, 16_999);
    assert!(inodes.into_iter().map(Inode::get).eq(1..17_000));
}

#[test]
fn second_table_need_not_be_read() {
    let fake = long_tables();
    let read = |socket: Socket<'_>| match socket.inode().map(Inode::get) {
        Some(8_999) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let report = fake.tables.visit(&Query::tcp(), read).unwrap();
    assert!(report.stopped);
    assert_eq!(report.rows, 8_999);
}

#[test]
fn table_that_the_kernel_lacks_is_missing() {
    let fake = Fake::new().with("net/tcp", "header\n");
    let error = fake.tables.list(&Query::new(Table::Icmp6)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert_eq!(error.to_string(), "expected net/icmp6, but the kernel does not have it");
}

#[test]
fn directory_in_place_of_a_table_is_refused() {
    let fake = Fake::new().with("net/tcp/x", "");
    let error = fake.tables.list(&Query::tcp()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Root(RootErrorKind::NotAFile));
}

#[test]
fn reads_counters_one_by_one() {
    let fake = Fake::new()
        .with("net/sockstat", "sockets: used 292\nTCP: inuse 12\n")
        .with("net/snmp", "Tcp: CurrEstab\nTcp: 18\n")
        .with("sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    assert_eq!(fake.tables.sockstat().unwrap().used, Some(292));
    assert_eq!(fake.tables.curr_estab().unwrap(), 18);
    assert_eq!(fake.tables.local_port_range().unwrap(), 32768..=60999);
    assert_eq!(fake.tables.sockstat6().unwrap_err().kind(), ErrorKind::Missing);
}

#[test]
fn interfaces_of_a_fake_root_have_no_names() {
    let fake = Fake::new();
    assert!(!fake.tables.is_live());
    assert_eq!(fake.tables.interface_name(NonZeroU32::MIN), None);
}

/// Fails at a malformed row of a live kernel.
struct Strict;

impl Visitor for Strict {
    fn socket(&mut self, _socket: Socket<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}")
    }
}

#[test]
fn every_row_of_live_system_is_parsed() {
    let tables = live();
    assert!(tables.is_live());
    // Names in the unix table may contain newlines, which make malformed rows.
    for table in Table::TEXT.into_iter().filter(|&table| table != Table::Unix) {
        match tables.visit_with(
            &Query::new(table).with_source(Source::ProcText).with_limits(Limits::streaming()),
            &mut Strict,
        ) {
            Ok(report) => assert_eq!(report.malformed, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Missing, "{error}"),
        }
    }
}

#[test]
fn counters_of_live_system_are_parsed() {
    let tables = live();
    assert!(tables.sockstat().expect("counters").used.is_some());
    tables.curr_estab().expect("a counter");
}
