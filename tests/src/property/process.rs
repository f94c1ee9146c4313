//! The directory of a process.
//!
//! ```text
//! stat 0xff status 0xff cmdline 0xff exe 0xff links      each link "DESCRIPTOR TARGET\n"
//! ```

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};
use procnetsocket::{
    ProcessDetails, ProcessLimits, ProcessQuery, SocketTables, Task, Uninterrupted,
};
use testkit::{Datagram, FakeProc, FakeRoot, Netlink, Process, Tcp};

use super::printed::{CallOutput, run};

/// The process id.
const PID: u32 = 42;
/// Bytes of the longest target that a link can have, and of the longest name.
const TARGET: usize = 4095;
const NAME: usize = 255;
/// Links of the process.
const LINKS: usize = 64;

/// The content of the directory, as far as a file system can store it.
struct ProcessFiles<'a> {
    stat: &'a [u8],
    status: &'a [u8],
    arguments: &'a [u8],
    executable: Option<&'a [u8]>,
    links: Vec<(&'a str, &'a [u8])>,
}

impl<'a> ProcessFiles<'a> {
    fn of(input: &'a [u8]) -> Self {
        let mut fields = input.splitn(5, |byte| *byte == 0xff);
        let mut field = || fields.next().unwrap_or_default();
        Self {
            stat: field(),
            status: field(),
            arguments: field(),
            executable: Some(field()).filter(|target| is_target(target)),
            links: links(field()),
        }
    }

    fn build(&self) -> FakeRoot {
        let process = Process::new(PID, "")
            .stat(Some(self.stat))
            .status(self.status)
            .arguments(self.arguments)
            .executable_bytes(self.executable);
        let process =
            self.links.iter().fold(process, |process, (name, target)| process.link(*name, *target));
        FakeProc::bare()
            .tcp(Tcp::listen("127.0.0.1:80").inode(1))
            .tcp(Tcp::established("127.0.0.1:80", "127.0.0.1:40000").inode(2))
            .udp(Datagram::bound("127.0.0.1:53").inode(3))
            .netlink(Netlink::new(0, PID).inode(4))
            .process(process)
            .build()
    }
}

fn is_target(target: &[u8]) -> bool {
    (1..=TARGET).contains(&target.len()) && !target.contains(&0)
}

/// Returns the links that a directory can have, each name once.
fn links(field: &[u8]) -> Vec<(&str, &[u8])> {
    let mut names = BTreeSet::new();
    let links = field.lines().filter_map(|line| {
        let (name, target) = line.split_once_str(" ")?;
        let name = name.to_str().ok()?;
        let is_name = (1..=NAME).contains(&name.len()) && !matches!(name, "." | "..");
        let is_link = is_name && !name.contains(['/', '\0']) && is_target(target);
        (is_link && names.insert(name)).then_some((name, target))
    });
    links.take(LINKS).collect()
}

/// With any content of a process's files, a listing with processes is printed and shows the same
/// sockets as one without, and no process name can forge other fields. Everything printed about the
/// process is in its files.
pub fn holds(input: &[u8]) {
    let files = ProcessFiles::of(input);
    let root = files.build();
    let [plain, owned, threads] =
        ["-tuanHO", "-tuanpHO", "-tuanpTHO"].map(|word| listed(&root, word));
    assert_eq!(listed(&root, "-tuanpHO"), owned);
    for with_processes in [&owned, &threads] {
        for (line, bare) in with_processes.stdout.lines().zip(plain.stdout.lines()) {
            has_processes(line, bare);
        }
        assert_eq!(with_processes.stdout.lines().count(), plain.stdout.lines().count());
    }
    // A netlink socket is named after its process.
    assert_eq!(listed(&root, "-apHO").stdout.lines().count(), 4);
    let json = run(&root, &["-anp".into(), "--json".into()]);
    assert_eq!(json.objects().len(), 4, "{json:?}");
    check_details(&files, &root);
}

fn listed(root: &FakeRoot, word: &str) -> CallOutput {
    let printed = run(root, &[word.into()]);
    assert!(matches!(printed.status, 0 | 1), "{printed:?}");
    printed
}

/// Checks that a line is that of the socket, followed only by processes, each with a name and
/// numbers.
fn has_processes(line: &[u8], bare: &[u8]) {
    let line = BString::from(line);
    let Some((socket, processes)) = line.split_once_str(" users:(") else {
        assert_eq!(words(&line), words(bare));
        return;
    };
    assert_eq!(words(socket), words(bare));
    let processes = processes.trim_ascii_end().strip_suffix(b")").expect("the list is closed");
    let mut rest = processes;
    loop {
        let process = rest.strip_prefix(b"(\"").unwrap_or_else(|| panic!("no process: {line}"));
        let (_name, numbers) = process.split_once_str("\"").expect("the name is closed");
        let (numbers, behind) = numbers.split_once_str(")").expect("the process is closed");
        assert!(numbers.starts_with(b",pid=42,"), "{line}");
        let is_number = |byte: &u8| byte.is_ascii_digit() || b",=pidtf".contains(byte);
        assert!(numbers.iter().all(is_number), "{line}");
        match behind.strip_prefix(b",") {
            Some(behind) => rest = behind,
            None => return assert!(behind.is_empty(), "{line}"),
        }
    }
}

fn words(line: &[u8]) -> Vec<&[u8]> {
    line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect()
}

/// Checks that everything printed about the process is in its files.
fn check_details(files: &ProcessFiles<'_>, root: &FakeRoot) {
    let tables = SocketTables::from_dir(root.dir());
    let query = ProcessQuery::all().with_details(ProcessDetails::Full);
    let report = tables
        .processes(&query, &ProcessLimits::default(), &Uninterrupted)
        .expect("the directory can be read");
    for task in report.tasks {
        task_is_of(files, task);
    }
}

fn task_is_of(files: &ProcessFiles<'_>, task: Task) {
    if let Some(name) = task.name.known() {
        assert!(files.stat.contains_str([b"(", name.as_slice(), b")"].concat()), "{name:?}");
    }
    if let Some(uid) = task.uid.known() {
        assert!(files.status.contains_str(uid.to_string()), "{uid}");
    }
    if let Some(executable) = task.executable.known() {
        assert_eq!(Some(executable.as_slice()), files.executable);
    }
    if let Some(words) = task.command_line.known() {
        let line = bstr::join("\0", words);
        assert_eq!(line, files.arguments.strip_suffix(b"\0").unwrap_or(files.arguments));
    }
    for held in task.sockets {
        let expected = (held.fd.to_string(), held.inode.get().to_string());
        assert!(
            files.links.iter().any(|link| numbers(link) == Some((&expected.0, &expected.1))),
            "{held:?}"
        );
    }
}

/// Returns the descriptor and the inode of the link of a socket.
fn numbers<'a>((name, target): &(&'a str, &'a [u8])) -> Option<(&'a str, &'a str)> {
    let inode = target.to_str().ok()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    Some((number(name), number(inode)))
}

/// A number without leading zeros, which the kernel never prints.
fn number(text: &str) -> &str {
    let digits = text.trim_start_matches('0');
    if digits.is_empty() { text.get(..1).unwrap_or_default() } else { digits }
}
