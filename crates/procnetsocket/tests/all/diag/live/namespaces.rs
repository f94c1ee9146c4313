//! The network namespaces of the machine, including some that the tests create.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

use procnetsocket::{
    Family, NamespaceFinder, NetNamespace, OpenedNamespace, Query, SocketTables, Source, Table,
    model::TcpState,
};

use super::token;
use crate::diag::namespace::enter;

/// A shell in a new network namespace, until this is dropped.
struct Inhabitant {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The inodes of its `net/tcp` and in nsfs.
    id: u64,
    inode: u64,
}

/// Listens on port 7 of every address, prints the two inodes of its namespace, and waits for the
/// end of its input.
const PROGRAM: &str = "
import os, socket, sys
listener = socket.create_server(('', 7))
print(os.stat('/proc/self/net/tcp').st_ino, os.stat('/proc/self/ns/net').st_ino, flush=True)
sys.stdin.read()
";

impl Inhabitant {
    fn new(flags: &[&str]) -> Self {
        let mut child = Command::new("unshare")
            .args(flags)
            .args(["-n", "python3", "-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap());
        let stdin = child.stdin.take();
        Self { child, stdin, id: numbers.next().unwrap(), inode: numbers.next().unwrap() }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn end(&mut self) {
        self.stdin = None;
        self.child.wait().unwrap();
    }
}

impl Drop for Inhabitant {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(script: &str) {
    let status = Command::new("sh").args(["-ec", script]).status().unwrap();
    assert!(status.success(), "{script}");
}

/// Hides the named namespaces of the machine.
fn hide_names() {
    run(
        "test -e /run/netns/.ours || { mount -t tmpfs none /run; mkdir /run/netns; : >/run/netns/.ours; }",
    );
}

/// Gives a namespace a name, as `ip netns attach` does.
fn name(name: &str, pid: u32) {
    hide_names();
    run(&format!(": >/run/netns/{name}; mount --bind /proc/{pid}/ns/net /run/netns/{name}"));
}

fn finder() -> NamespaceFinder {
    hide_names();
    NamespaceFinder::open_ambient(token()).unwrap()
}

fn find(finder: &NamespaceFinder) -> Vec<NetNamespace> {
    let found = finder.find(&procnetsocket::Uninterrupted).unwrap();
    assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
    found.namespaces
}

fn find_id(finder: &NamespaceFinder, id: u64) -> NetNamespace {
    let all = find(finder);
    let those: Vec<_> = all.iter().filter(|namespace| namespace.id.get() == id).collect();
    let [one] = *those else { panic!("expected {id} once, but found {all:?}") };
    one.clone()
}

/// Returns whether something listens on port 7 of the namespace.
fn listens(tables: &SocketTables) -> bool {
    let listing = tables.list(&Query::tcp().family(Family::V4)).unwrap();
    listing.rows.iter().any(|row| row.state == TcpState::Listen && row.local.port() == 7)
}

#[test]
fn anonymous_namespace_is_entered() {
    if !enter() {
        return;
    }
    let there = Inhabitant::new(&[]);
    let finder = finder();
    let found = find_id(&finder, there.id);
    let pids: Vec<_> = found.pids.iter().map(|pid| pid.get()).collect();
    assert_eq!((found.names.len(), pids), (0, vec![there.pid()]));
    assert_eq!(found.inode.map(procnetsocket::model::Inode::get), Some(there.inode));
    let OpenedNamespace::Full(tables) = finder.tables(&found).unwrap() else { panic!("{found:?}") };
    assert!(listens(&tables));
    // A table that sock_diag does not have is read from the process there.
    let udplite = Query::new(Table::UdpLite4).with_source(Source::ProcText);
    assert!(tables.list(&udplite).is_ok());
}

#[test]
fn own_namespace_is_first_and_is_not_entered() {
    if !enter() {
        return;
    }
    let _there = Inhabitant::new(&[]);
    let finder = finder();
    let all = find(&finder);
    let own: Vec<_> = all.iter().map(|namespace| namespace.is_own).collect();
    assert!(own[0] && own[1..].iter().all(|is_own| !is_own), "{all:?}");
    let OpenedNamespace::Full(tables) = finder.tables(&all[0]).unwrap() else { panic!("{all:?}") };
    assert!(!listens(&tables));
}

#[test]
fn named_namespace_has_every_name_with_and_without_a_process() {
    if !enter() {
        return;
    }
    let mut there = Inhabitant::new(&[]);
    name("web", there.pid());
    name("also", there.pid());
    let finder = finder();
    assert_eq!(find_id(&finder, there.id).names, ["also", "web"]);
    there.end();
    let found = find_id(&finder, there.id);
    assert_eq!(found.names, ["also", "web"]);
    assert_eq!(found.inode.map(procnetsocket::model::Inode::get), Some(there.inode));
    assert!(found.pids.is_empty() && !found.is_own);
    let OpenedNamespace::Full(tables) = finder.tables(&found).unwrap() else { panic!("{found:?}") };
    // Its socket was closed with the process.
    assert!(!listens(&tables));
    // A table that sock_diag does not have is read by a thread that enters it.
    let udplite = Query::new(Table::UdpLite4).with_source(Source::ProcText);
    assert!(tables.list(&udplite).is_ok());
}

#[test]
fn namespace_that_is_gone_is_not_another_one() {
    if !enter() {
        return;
    }
    let mut there = Inhabitant::new(&[]);
    let finder = finder();
    let found = find_id(&finder, there.id);
    there.end();
    // Its process id may be reused, but not by a process of this namespace.
    assert!(matches!(finder.tables(&found).unwrap(), OpenedNamespace::Gone));
}

#[test]
fn namespaces_are_opened_in_turn_on_one_thread() {
    if !enter() {
        return;
    }
    let (one, mut gone, two) = (Inhabitant::new(&[]), Inhabitant::new(&[]), Inhabitant::new(&[]));
    let finder = finder();
    let found = [one.id, gone.id, two.id].map(|id| find_id(&finder, id));
    let own = find(&finder).into_iter().find(|namespace| namespace.is_own).unwrap();
    gone.end();
    let wanted = [&found[0], &found[1], &own, &found[2]];
    let listening = finder.tables_in_turn(&wanted, |opened| {
        let listens = |opened| match opened {
            Ok(OpenedNamespace::Full(tables)) => Some(listens(&tables)),
            Ok(OpenedNamespace::Gone) => None,
            other => panic!("{other:?}"),
        };
        opened.map(listens).collect::<Vec<_>>()
    });
    assert_eq!(listening, [Some(true), None, Some(false), Some(true)]);
    // More than are opened ahead; only one is used.
    let many = [&found[0]; 100];
    assert!(
        finder.tables_in_turn(&many, |opened| opened.next().is_some_and(|first| first.is_ok()))
    );
    assert!(finder.tables_in_turn(&[], |opened| opened.next().is_none()));
    // This thread stays in its namespace.
    assert!(find_id(&finder, own.id.get()).is_own);
}

#[test]
fn namespace_of_a_stronger_user_is_read_as_text() {
    if !enter() {
        return;
    }
    // The process that started the test is outside, where this one has no rights.
    let finder = finder();
    let outside = find(&finder).into_iter().find(|namespace| !namespace.is_own).unwrap();
    let OpenedNamespace::Text(tables, Some(error)) = finder.tables(&outside).unwrap() else {
        panic!("{outside:?}")
    };
    assert_eq!(outside.inode, None);
    assert!(tables.diag().is_none(), "{error}");
    let listing = tables.list(&Query::tcp()).unwrap();
    assert_eq!((listing.malformed, listing.source), (0, procnetsocket::Source::ProcText));
}

#[test]
fn files_that_are_no_network_namespaces_have_no_name() {
    if !enter() {
        return;
    }
    let there = Inhabitant::new(&[]);
    name("web", there.pid());
    run(": >/run/netns/stale; : >/run/netns/mnt; mount --bind /proc/self/ns/uts /run/netns/mnt");
    let finder = finder();
    let names: Vec<_> = find(&finder).into_iter().flat_map(|namespace| namespace.names).collect();
    assert_eq!(names, ["web"]);
}

#[test]
fn namespace_of_a_weaker_user_is_entered() {
    if !enter() {
        return;
    }
    let there = Inhabitant::new(&["-U", "-r"]);
    let finder = finder();
    let found = find_id(&finder, there.id);
    let OpenedNamespace::Full(tables) = finder.tables(&found).unwrap() else { panic!("{found:?}") };
    assert!(listens(&tables));
}

#[test]
fn search_can_be_interrupted() {
    let finder = NamespaceFinder::open_ambient(token()).unwrap();
    let error = finder.find(&|| true).unwrap_err();
    assert_eq!(error.kind(), procnetsocket::ErrorKind::Interrupted);
}
