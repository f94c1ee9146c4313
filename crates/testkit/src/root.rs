//! The builder of proc roots, and the directory that it creates.

#![expect(
    clippy::disallowed_methods,
    reason = "makes a temporary directory; nothing outside it is opened"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use cap_std::{ambient_authority, fs::Dir};
use tempfile::TempDir;

use crate::{
    Datagram, Netlink, Packet, ProcTable, Process, SockStat, SockStat6, Tcp, Unix, counter,
};

const PORT_RANGE: &str = "sys/net/ipv4/ip_local_port_range";

/// Builds a proc root.
#[derive(Clone, Debug, Default)]
pub struct FakeProc {
    /// The lines of each table that exists, without the header.
    tables: BTreeMap<ProcTable, Vec<Vec<u8>>>,
    /// Other files, and tables whose bytes were set.
    files: BTreeMap<PathBuf, Vec<u8>>,
    processes: Vec<Process>,
}

impl FakeProc {
    /// Returns the root of a machine without sockets: every table exists and has its header, all
    /// counters are zero, ports 32768 to 60999 are ephemeral.
    pub fn new() -> Self {
        let mut new = Self::bare();
        new.tables = ProcTable::ALL.map(|table| (table, Vec::new())).into();
        new.sockstat(&SockStat::default(), &SockStat6::default()).snmp(0).port_range(32768, 60999)
    }

    /// Returns a root without any file.
    pub fn bare() -> Self {
        Self::default()
    }

    /// Adds a TCP row to the table of its address family.
    #[must_use]
    pub fn tcp(self, row: Tcp) -> Self {
        self.tcps([row])
    }

    /// Adds TCP rows.
    #[must_use]
    pub fn tcps(mut self, rows: impl IntoIterator<Item = Tcp>) -> Self {
        for row in rows {
            let lines = self.tables.entry(row.table()).or_default();
            lines.push(row.line(lines.len()));
        }
        self
    }

    /// Adds a row to `net/udp` or `net/udp6`.
    #[must_use]
    pub fn udp(self, row: Datagram) -> Self {
        self.datagram([ProcTable::Udp, ProcTable::Udp6], &row)
    }

    /// Adds a row to `net/udplite` or `net/udplite6`.
    #[must_use]
    pub fn udplite(self, row: Datagram) -> Self {
        self.datagram([ProcTable::UdpLite, ProcTable::UdpLite6], &row)
    }

    /// Adds a row to `net/raw` or `net/raw6`.
    #[must_use]
    pub fn raw(self, row: Datagram) -> Self {
        self.datagram([ProcTable::Raw, ProcTable::Raw6], &row)
    }

    /// Adds a row to `net/icmp` or `net/icmp6`.
    #[must_use]
    pub fn icmp(self, row: Datagram) -> Self {
        self.datagram([ProcTable::Icmp, ProcTable::Icmp6], &row)
    }

    fn datagram(mut self, [v4, v6]: [ProcTable; 2], row: &Datagram) -> Self {
        let table = if row.is_ipv4() { v4 } else { v6 };
        let lines = self.tables.entry(table).or_default();
        lines.push(row.line(table, lines.len()));
        self
    }

    /// Adds a row to `net/unix`.
    #[must_use]
    pub fn unix(self, row: Unix) -> Self {
        self.raw_line(ProcTable::Unix, row.line())
    }

    /// Adds a row to `net/packet`.
    #[must_use]
    pub fn packet(self, row: Packet) -> Self {
        self.raw_line(ProcTable::Packet, row.line())
    }

    /// Adds a row to `net/netlink`.
    #[must_use]
    pub fn netlink(self, row: Netlink) -> Self {
        self.raw_line(ProcTable::Netlink, row.line())
    }

    /// Adds any bytes as a line of a table.
    #[must_use]
    pub fn raw_line(mut self, table: ProcTable, line: impl Into<Vec<u8>>) -> Self {
        self.tables.entry(table).or_default().push(line.into());
        self
    }

    /// Removes a table, as for a kernel without the family.
    #[must_use]
    pub fn without(mut self, table: ProcTable) -> Self {
        self.tables.remove(&table);
        self
    }

    /// Removes the rows of a table, but not its header.
    #[must_use]
    pub fn without_rows(mut self, table: ProcTable) -> Self {
        self.tables.entry(table).and_modify(Vec::clear);
        self
    }

    /// Sets `net/sockstat` and `net/sockstat6`.
    #[must_use]
    pub fn sockstat(self, stat: &SockStat, stat6: &SockStat6) -> Self {
        self.raw_file("net/sockstat", stat.text()).raw_file("net/sockstat6", stat6.text())
    }

    /// Sets `net/snmp` with this number of established connections.
    #[must_use]
    pub fn snmp(self, established: i64) -> Self {
        self.raw_file("net/snmp", counter::snmp(established))
    }

    /// Sets the range of ephemeral ports, both ends included.
    #[must_use]
    pub fn port_range(self, low: u16, high: u16) -> Self {
        self.raw_file(PORT_RANGE, format!("{low}\t{high}\n"))
    }

    /// Removes the file of the port range.
    #[must_use]
    pub fn without_port_range(self) -> Self {
        self.without_file(PORT_RANGE)
    }

    /// Sets the bytes of a file, by its path below the root. A table that is set in this way has no
    /// other rows.
    #[must_use]
    pub fn raw_file(mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), bytes.into());
        self
    }

    /// Removes a file.
    #[must_use]
    pub fn without_file(mut self, path: impl AsRef<Path>) -> Self {
        self.files.remove(path.as_ref());
        self
    }

    /// Adds a process.
    #[must_use]
    pub fn process(self, process: Process) -> Self {
        self.processes([process])
    }

    /// Adds processes.
    #[must_use]
    pub fn processes(mut self, processes: impl IntoIterator<Item = Process>) -> Self {
        self.processes.extend(processes);
        self
    }

    /// Makes the directory.
    pub fn build(&self) -> FakeRoot {
        let dir = TempDir::with_prefix("fake-proc-").expect("a temporary directory can be made");
        self.write(dir.path());
        FakeRoot { dir }
    }

    fn write(&self, root: &Path) {
        for (&table, lines) in &self.tables {
            write(root, Path::new(table.path()), &print(table, lines));
        }
        for (path, bytes) in &self.files {
            write(root, path, bytes);
        }
        for process in &self.processes {
            process.write(root);
        }
    }
}

/// Prints a table with its header, each line padded as the kernel does.
fn print(table: ProcTable, lines: &[Vec<u8>]) -> Vec<u8> {
    let header = table.header().as_bytes();
    let mut text = Vec::new();
    for line in std::iter::once(header).chain(lines.iter().map(Vec::as_slice)) {
        text.extend_from_slice(line);
        text.resize(text.len() + table.width().saturating_sub(line.len()), b' ');
        text.push(b'\n');
    }
    text
}

fn write(root: &Path, path: &Path, bytes: &[u8]) {
    assert!(path.is_relative(), "{} is outside of the root", path.display());
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a file is in a directory")).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A fake proc root on disk. It is removed when this is dropped.
#[derive(Debug)]
pub struct FakeRoot {
    dir: TempDir,
}

impl FakeRoot {
    /// Returns its path, for programs that take one.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Replaces all files, to change the machine.
    pub fn replace(&self, next: &FakeProc) {
        for entry in fs::read_dir(self.path()).unwrap() {
            fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        next.write(self.path());
    }

    /// Returns a handle on it.
    pub fn dir(&self) -> Dir {
        Dir::open_ambient_dir(self.path(), ambient_authority()).expect("the directory exists")
    }
}

#[cfg(test)]
mod tests {
    use crate::*;

    fn table(root: &FakeProc, table: ProcTable) -> String {
        root.build().dir().read_to_string(table.path()).unwrap()
    }

    #[test]
    fn tcp_rows_are_padded_to_149_bytes_as_the_kernel_prints_them() {
        let tail = TcpTail { slow_start_threshold: 0, ..TcpTail::default() };
        let row = Tcp::listen("0.0.0.0:2024").inode(1675).pointer(0x1db4_2a7b).tail(tail);
        let text = table(&FakeProc::new().tcp(row), ProcTable::Tcp);
        assert!(text.lines().all(|line| line.len() == 149), "{text}");
        assert_eq!(
            text.lines().nth(1).unwrap().trim_end(),
            "   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1675 1 000000001db42a7b 100 0 0 10 0"
        );
    }

    #[test]
    fn datagram_rows_are_padded_to_127_bytes_over_ipv4_and_not_over_ipv6() {
        let root =
            FakeProc::new().udp(Datagram::bound("127.0.0.1:53")).udp(Datagram::bound("[::1]:53"));
        assert!(table(&root, ProcTable::Udp).lines().all(|line| line.len() == 127));
        assert_eq!(table(&root, ProcTable::Udp6).lines().next().unwrap().len(), 162);
    }

    #[test]
    fn other_tables_print_their_columns() {
        let root = FakeProc::bare()
            .unix(Unix::stream().path("/run/x").listening().inode(7))
            .packet(Packet::raw(3).inode(8).pointer(0))
            .netlink(Netlink::new(4, 0).inode(1583).pointer(0x3798_623e));
        assert_eq!(
            table(&root, ProcTable::Unix).lines().nth(1).unwrap(),
            "ffff9f3c8b3e0000: 00000002 00000000 00010000 0001 01     7 /run/x"
        );
        assert_eq!(
            table(&root, ProcTable::Packet).lines().nth(1).unwrap(),
            "0000000000000000 3      3    0003   0     1 0      0      8     "
        );
        assert_eq!(
            table(&root, ProcTable::Netlink).lines().nth(1).unwrap(),
            "000000003798623e 4   0          00000000 0        0        0     2        0        1583    "
        );
    }

    #[test]
    fn seeds_are_reproducible_and_names_are_unique() {
        let bytes = |seed| table(&generate(seed), ProcTable::Tcp);
        assert_eq!(bytes(7), bytes(7));
        let mut names: Vec<_> = fixtures().into_iter().map(|(name, _)| name).collect();
        names.extend(deliberate_differences().into_iter().map(|(name, _)| name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
