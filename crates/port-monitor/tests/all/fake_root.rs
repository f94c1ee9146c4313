//! Tests exact lists of events with a fake proc root that changes between looks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "everything here is test code, which fails by a panic"
)]

use port_monitor::{Change, Polled, Poller, Port, PortTable, Protocol, Scope, Turn};
use procnetsocket::{SocketTables, Uninterrupted};
use testkit::{Datagram, FakeProc, FakeRoot, ProcTable, Tcp, Unix};

/// A proc root and a poller that watches it.
struct Watched {
    root: FakeRoot,
    poller: Poller<SocketTables>,
}

impl Watched {
    /// Returns the root after a first look.
    fn new(root: &FakeProc) -> Self {
        let root = root.build();
        let tables = SocketTables::from_dir(root.dir());
        let mut poller = Poller::new(tables, Scope::default());
        poller.poll(&Uninterrupted).unwrap();
        Self { root, poller }
    }

    /// Looks at the current root. Returns a line for each change.
    fn look(&mut self) -> Vec<String> {
        lines(&self.poller.poll(&Uninterrupted).unwrap())
    }

    fn replace(&mut self, next: &FakeProc) -> Vec<String> {
        self.root.replace(next);
        self.look()
    }
}

fn lines(polled: &Polled) -> Vec<String> {
    let turns = polled.turns.iter().map(|turn| match turn {
        Turn::Failed(table, problem) => format!("{table} failed: {problem}"),
        Turn::Recovered(table) => format!("{table} recovered"),
    });
    let changes = polled.changes.iter().map(|change| {
        let Port { protocol, local, inode, uid, .. } = &change.port;
        let inode = inode.map_or(0, procnetsocket::model::Inode::get);
        format!("{} {protocol} {local} inode {inode} uid {}", change.kind.name(), uid.unwrap())
    });
    turns.chain(changes).collect()
}

const NOTHING: [&str; 0] = [];

fn base() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("0.0.0.0:22").inode(1))
        .tcp(Tcp::listen("[::]:22").inode(2))
        .udp(Datagram::bound("127.0.0.53:53").inode(3))
}

#[test]
fn first_look_finds_what_is_open() {
    let watched = Watched::new(&base());
    let ports: Vec<_> =
        watched.poller.tracker().ports().map(|port| port.local.inet().unwrap()).collect();
    assert_eq!(ports, ["0.0.0.0:22", "[::]:22", "127.0.0.53:53"].map(|a| a.parse().unwrap()));
}

#[test]
fn added_and_removed_rows_are_reported() {
    let mut watched = Watched::new(&base());
    let more = base()
        .tcp(Tcp::listen("127.0.0.1:8080").inode(7).uid(1000))
        .tcp(Tcp::listen("[fe80::1]:8080").inode(8))
        .tcp(Tcp::listen("[::ffff:10.0.0.1]:81").inode(9))
        .udp(Datagram::bound("[2001:db8::1]:123").inode(10));
    assert_eq!(
        watched.replace(&more),
        [
            "opened tcp 127.0.0.1:8080 inode 7 uid 1000",
            "opened tcp [::ffff:10.0.0.1]:81 inode 9 uid 0",
            "opened tcp [fe80::1]:8080 inode 8 uid 0",
            "opened udp [2001:db8::1]:123 inode 10 uid 0",
        ]
    );
    assert_eq!(watched.look(), NOTHING);
    assert_eq!(
        watched.replace(&base()),
        [
            "closed tcp 127.0.0.1:8080 inode 7 uid 1000",
            "closed tcp [::ffff:10.0.0.1]:81 inode 9 uid 0",
            "closed tcp [fe80::1]:8080 inode 8 uid 0",
            "closed udp [2001:db8::1]:123 inode 10 uid 0",
        ]
    );
}

#[test]
fn sockets_without_a_port_are_not_reported() {
    let mut watched = Watched::new(&base());
    let next = base()
        .tcp(Tcp::established("127.0.0.1:9000", "127.0.0.1:9001").inode(20))
        .tcp(Tcp::time_wait("127.0.0.1:9000", "127.0.0.1:9002"))
        .tcp(Tcp::new(7, "127.0.0.1:9003".parse().unwrap(), "0.0.0.0:0".parse().unwrap()).inode(21))
        .udp(Datagram::connected("127.0.0.1:9004", "127.0.0.1:53").inode(22))
        .raw(Datagram::bound("0.0.0.0:1").inode(23));
    assert_eq!(watched.replace(&next), NOTHING);
}

#[test]
fn restarted_server_is_closed_and_opened() {
    let server = |inode| base().tcp(Tcp::listen("0.0.0.0:80").inode(inode));
    let mut watched = Watched::new(&server(5));
    assert_eq!(
        watched.replace(&server(6)),
        ["closed tcp 0.0.0.0:80 inode 5 uid 0", "opened tcp 0.0.0.0:80 inode 6 uid 0"]
    );
}

#[test]
fn sockets_that_share_a_number_are_distinguished() {
    let mut watched = Watched::new(&base());
    let one = base().tcp(Tcp::listen("0.0.0.0:80").inode(5));
    let group = one.clone().tcp(Tcp::listen("0.0.0.0:80").inode(6));
    let both = group
        .clone()
        .tcp(Tcp::listen("[::]:80").inode(7))
        .udp(Datagram::bound("0.0.0.0:80").inode(8));
    assert_eq!(watched.replace(&one), ["opened tcp 0.0.0.0:80 inode 5 uid 0"]);
    assert_eq!(watched.replace(&group), ["opened tcp 0.0.0.0:80 inode 6 uid 0"]);
    assert_eq!(
        watched.replace(&both),
        ["opened tcp [::]:80 inode 7 uid 0", "opened udp 0.0.0.0:80 inode 8 uid 0"]
    );
    let without_first = base()
        .tcp(Tcp::listen("0.0.0.0:80").inode(6))
        .tcp(Tcp::listen("[::]:80").inode(7))
        .udp(Datagram::bound("0.0.0.0:80").inode(8));
    assert_eq!(watched.replace(&without_first), ["closed tcp 0.0.0.0:80 inode 5 uid 0"]);
}

#[test]
fn changed_columns_make_no_events() {
    let mut watched = Watched::new(&base());
    let next = FakeProc::new()
        .tcp(Tcp::listen("0.0.0.0:22").inode(1).queues(5, 0).uid(1000).pointer(77))
        .tcp(Tcp::listen("[::]:22").inode(2).references(9))
        .udp(Datagram::bound("127.0.0.53:53").inode(3).drops(4));
    assert_eq!(watched.replace(&next), NOTHING);
    assert_eq!(watched.poller.tracker().ports().next().and_then(|port| port.uid), Some(1000));
}

#[test]
fn failing_table_is_reported_once_and_others_are_read() {
    let mut watched = Watched::new(&base());
    let broken = base()
        .udp(Datagram::bound("0.0.0.0:5353").inode(30))
        .without(ProcTable::Tcp)
        .raw_file("net/tcp/a-directory", "");
    assert_eq!(
        watched.replace(&broken),
        [
            "tcp failed: expected a regular file at net/tcp, but found another kind of file",
            "opened udp 0.0.0.0:5353 inode 30 uid 0",
        ]
    );
    assert_eq!(watched.look(), NOTHING);
    let problems: Vec<_> = watched.poller.tracker().problems().map(|(table, _)| table).collect();
    assert_eq!(problems, [PortTable::ALL[0]]);
    let next = base().tcp(Tcp::listen("0.0.0.0:80").inode(31));
    assert_eq!(
        watched.replace(&next),
        [
            "tcp recovered",
            "closed udp 0.0.0.0:5353 inode 30 uid 0",
            "opened tcp 0.0.0.0:80 inode 31 uid 0",
        ]
    );
}

#[test]
fn vanished_table_fails_and_closes_nothing() {
    let mut watched = Watched::new(&base());
    assert_eq!(
        watched.replace(&base().without(ProcTable::Tcp)),
        ["tcp failed: expected net/tcp, but the kernel does not have it"]
    );
    assert_eq!(watched.replace(&base()), ["tcp recovered"]);
}

#[test]
fn kernel_without_ipv6_has_no_ports_of_it() {
    let root = FakeProc::new().without(ProcTable::Tcp6).without(ProcTable::Udp6);
    let mut watched = Watched::new(&root);
    assert_eq!(watched.look(), NOTHING);
    let port = Tcp::listen("[::1]:80").inode(1);
    assert_eq!(watched.replace(&FakeProc::new().tcp(port)), ["opened tcp [::1]:80 inode 1 uid 0"]);
}

#[test]
fn malformed_row_neither_closes_nor_hides_ports() {
    let mut watched = Watched::new(&base());
    let torn = FakeProc::new()
        .raw_line(ProcTable::Tcp, "   0: 0000000")
        .tcp(Tcp::listen("0.0.0.0:80").inode(40))
        .tcp(Tcp::listen("[::]:22").inode(2))
        .udp(Datagram::bound("127.0.0.53:53").inode(3));
    let reported = watched.replace(&torn);
    assert!(reported[0].starts_with("tcp failed: net/tcp line 2, column"), "{reported:?}");
    assert_eq!(reported[1..], ["opened tcp 0.0.0.0:80 inode 40 uid 0"]);
    assert_eq!(watched.replace(&base()), ["tcp recovered", "closed tcp 0.0.0.0:80 inode 40 uid 0"]);
}

#[test]
fn unix_sockets_are_watched_on_request() {
    let with = |name: &str| {
        FakeProc::new()
            .tcp(Tcp::listen("0.0.0.0:80").inode(1))
            .unix(Unix::stream().listening().path(name).inode(40))
            .unix(Unix::stream().path("/run/connected").inode(41))
            .unix(Unix::datagram().path("/run/datagram").inode(42))
    };
    let root = with("/run/one").build();
    let tables = SocketTables::from_dir(root.dir());
    let scope = Scope { protocols: vec![Protocol::Unix], ..Scope::default() };
    let mut watched = Watched { root, poller: Poller::new(tables, scope) };
    let reported = |watched: &mut Watched| {
        let polled = watched.poller.poll(&Uninterrupted).unwrap();
        let word = |change: &Change| format!("{} {}", change.kind, change.port.local);
        polled.changes.iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(reported(&mut watched), ["initial /run/one"]);
    watched.root.replace(&with("@two"));
    assert_eq!(reported(&mut watched), ["closed /run/one", "opened @two"]);
}
