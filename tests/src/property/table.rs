//! Text tables of `/proc`.
//!
//! ```text
//! first byte: which table      the rest: the file
//! ```

use bstr::{BString, ByteSlice as _};
use procnetsocket::Table;
use testkit::{FakeProc, FakeRoot, Process};

use super::printed::{CallOutput, run};

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

/// A listing is printed for any content of the file, and is the same each time. Details, processes
/// and output form do not change which sockets are listed.
pub fn holds(input: &[u8]) {
    let Some((choice, file)) = input.split_first() else { return };
    let (_, path) = TABLES[usize::from(*choice) % TABLES.len()];
    let process = Process::new(42, "process").socket(3, 1).socket(4, 1675);
    let root = FakeProc::bare().raw_file(path, file).process(process).build();
    let plain = list(&root, &["-anH"]);
    assert_eq!(plain, list(&root, &["-anH"]));
    let detailed = list(&root, &["-aeiomOH", "--tos", "--cgroup"]);
    let owned = list(&root, &["-anpOH"]);
    for other in [detailed, owned] {
        assert_eq!((other.status, problems(&other)), (plain.status, plain.stderr.clone()));
        assert_eq!(lines(&other), lines(&plain));
    }
    let json = list(&root, &["-anp", "--json"]);
    assert_eq!((json.status, problems(&json)), (plain.status, plain.stderr.clone()));
    assert_eq!(json.objects().len(), lines(&plain));
}

fn list(root: &FakeRoot, words: &[&str]) -> CallOutput {
    let words: Vec<BString> = words.iter().map(|word| (*word).into()).collect();
    run(root, &words)
}

/// Returns standard error without the line about sockets that no process has open.
fn problems(printed: &CallOutput) -> BString {
    let lines = printed.stderr.lines_with_terminator();
    bstr::concat(lines.filter(|line| !line.contains_str(" open in no process: "))).into()
}

fn lines(printed: &CallOutput) -> usize {
    printed.stdout.lines().count()
}
