//! Text tables of `/proc`.
//!
//! ```text
//! first byte: which table      the rest: the file
//! ```

use bstr::{BString, ByteSlice as _};
use procnetsocket::Table;
use testkit::FakeProc;

use super::printed::run;

const TABLES: [(Table, &str); 8] = [
    (Table::Tcp4, "net/tcp"),
    (Table::Tcp6, "net/tcp6"),
    (Table::Udp4, "net/udp"),
    (Table::Udp6, "net/udp6"),
    (Table::Raw4, "net/raw"),
    (Table::Unix, "net/unix"),
    (Table::Packet, "net/packet"),
    (Table::Netlink, "net/netlink"),
];

/// A listing is printed whatever stands in the file, and is the same each time; the details do not
/// change which sockets there are.
pub fn holds(input: &[u8]) {
    let Some((choice, file)) = input.split_first() else { return };
    let (_, path) = TABLES[usize::from(*choice) % TABLES.len()];
    let root = FakeProc::new().raw_file(path, file).build();
    let plain = run(&root, &["-anH".into()]);
    assert_eq!(plain, run(&root, &["-anH".into()]));
    let detailed = run(&root, &["-aeiomOH".into(), "--tos".into(), "--cgroup".into()]);
    assert_eq!((detailed.status, &detailed.stderr), (plain.status, &plain.stderr));
    let lines = |text: &BString| text.lines().count();
    assert_eq!(lines(&detailed.stdout), lines(&plain.stdout));
}
