//! Replies of sock_diag, as the kernel sends them for a machine, and for one without the hidden
//! sockets, give the same visible rows.

use std::ops::ControlFlow;

use procnetsocket::{
    Limits, SocketTables, Table, TableQuery,
    diag::{Replies, Request},
    model::Socket,
};
use testkit::{FakeProc, Xorshift};

use super::{Admit, BoundedTables};
use crate::{
    policy::{Policy, Redaction, Visibility, VisibleUsers},
    select::{AddressFamily, FamilySet, Selection, SocketTable},
    sink::{ListingProblem, Sink},
    view::UsageCounter,
};

const MACHINES: u64 = 200;
const USERS: [u32; 2] = [0, 7];
const NAMES: [&str; 4] = ["/run/a", "/run/bus", "/tmp/secret", "/x"];
const TABLES: [Table; 6] =
    [Table::Netlink, Table::Packet, Table::Unix, Table::Tcp4, Table::Tcp6, Table::Vsock];

#[derive(Clone)]
struct Made {
    table: Table,
    uid: u32,
    inode: u32,
    name: &'static str,
    is_listener: bool,
}

impl Made {
    fn some(random: &mut Xorshift) -> Self {
        Self {
            table: *random.pick(&TABLES),
            uid: *random.pick(&USERS),
            // A connection that is not accepted yet has none.
            inode: if random.one_in(4) {
                0
            } else {
                1 + u32::try_from(random.below(1000)).unwrap()
            },
            name: *random.pick(&NAMES),
            is_listener: random.one_in(2),
        }
    }

    fn family(&self) -> AddressFamily {
        match self.table {
            Table::Netlink => AddressFamily::Netlink,
            Table::Packet => AddressFamily::Packet,
            Table::Unix => AddressFamily::Unix,
            Table::Tcp4 => AddressFamily::Inet,
            Table::Tcp6 => AddressFamily::Inet6,
            _ => AddressFamily::Vsock,
        }
    }

    /// The uid, for a family that has one and a socket that a process has open.
    fn user(&self) -> Option<u32> {
        let is_known = match self.table {
            Table::Netlink | Table::Vsock => false,
            Table::Unix => true,
            _ => self.inode != 0,
        };
        is_known.then_some(self.uid)
    }

    /// The hash bucket of the kernel's table in which it is listed.
    fn bucket(&self) -> usize {
        self.name.bytes().fold(7, |hash, byte| (hash * 31 + usize::from(byte)) % 13)
    }

    /// Returns its message.
    fn message(&self, cookie: u32) -> Vec<u8> {
        let state = if self.is_listener { 10 } else { 1 };
        match self.table {
            Table::Netlink => {
                bstr::concat([vec![16, 3, 0, state], words(&[7, 0, 0, self.inode, cookie, 0])])
            }
            Table::Packet => bstr::concat([
                vec![17, 3, 3, 0],
                words(&[self.inode, cookie, 0]),
                attribute(5, &self.uid.to_ne_bytes()),
            ]),
            Table::Unix => bstr::concat([
                vec![1, 1, state, 0],
                words(&[self.inode, cookie, 0]),
                attribute(0, format!("{}\0", self.name).as_bytes()),
                attribute(7, &self.uid.to_ne_bytes()),
            ]),
            Table::Vsock => {
                bstr::concat([vec![40, 1, 1, 0], words(&[3, 1024, 2, 1024, self.inode, cookie, 0])])
            }
            table => bstr::concat([
                vec![if table == Table::Tcp4 { 2 } else { 10 }, state, 0, 0, 0, 80, 0, 0],
                vec![0; 32],
                words(&[0, cookie, 0, 0, 0, 0, self.uid, self.inode]),
            ]),
        }
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// Returns an attribute with its padding.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Returns a message of a dump: 20 is a socket, 3 the end.
fn netlink(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let kind = [kind.to_ne_bytes(), 2_u16.to_ne_bytes()].concat();
    let mut bytes = [length.to_ne_bytes().to_vec(), kind, words(&[1, 99]), body.to_vec()].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Records every field of each row, as a builtin could print it.
#[derive(Default)]
struct PrintedRows(Vec<String>);

impl Sink for PrintedRows {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.push(format!("{table:?} {socket:?}"));
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        panic!("{problem:?}")
    }
}

/// Lists a machine, whose sockets the kernel numbers as it sends them.
fn list(machine: &[Made], policy: &Policy) -> Vec<String> {
    let root = FakeProc::new().build();
    let tables = SocketTables::from_dir(root.dir());
    let (limits, usage) = (Limits::streaming(), UsageCounter::default());
    let source = BoundedTables {
        tables: &tables,
        policy,
        redaction: Redaction::new(policy),
        limits: &limits,
        sorted_rows: 100,
        own_sockets: &[],
        usage: &usage,
    };
    let (mut printed, selection) = (PrintedRows::default(), Selection::everything());
    let mut admit = Admit::new(&source, &selection, &mut printed);
    let mut cookie = 0;
    for table in TABLES {
        let mut rows: Vec<_> = machine.iter().filter(|made| made.table == table).collect();
        if table == Table::Unix {
            rows.sort_by_key(|made| made.bucket());
        }
        let mut datagram = Vec::new();
        for made in rows {
            cookie += 1;
            datagram.extend(netlink(20, &made.message(cookie)));
        }
        datagram.extend(netlink(3, &[0; 4]));
        let request = Request::Dump(TableQuery::new(table));
        let replies = Replies::new(&request, 1).with_bounds(Limits::streaming());
        replies.visit([datagram.as_slice()], &mut admit).unwrap();
        assert!(admit.flush_unix().is_continue());
    }
    printed.0
}

fn policy(random: &mut Xorshift) -> Policy {
    let families = AddressFamily::ALL.into_iter().filter(|_| !random.one_in(3));
    let families = families.map(FamilySet::of).fold(FamilySet::EMPTY, FamilySet::union);
    let policy = match random.below(3) {
        0 => Policy::default(),
        1 => Policy::default().with_families(families),
        _ => Policy::default().with_users(VisibleUsers::Uid(7)),
    };
    if random.one_in(2) { policy.with_unix_names(Visibility::Hidden) } else { policy }
}

#[test]
fn replies_look_like_those_of_machine_without_hidden_sockets() {
    let (mut hidden, mut shown, mut renamed) = (0, 0, 0);
    for seed in 1..=MACHINES {
        let random = &mut Xorshift::new(seed);
        let count = random.below(20);
        let machine: Vec<_> = (0..count).map(|_| Made::some(random)).collect();
        let policy = policy(random);
        let is_visible = |made: &&Made| {
            let is_users = match policy.users() {
                VisibleUsers::Uid(uid) => made.user() == Some(uid),
                VisibleUsers::All => true,
            };
            is_users && policy.families().contains(made.family())
        };
        let mut less: Vec<_> = machine.iter().filter(is_visible).cloned().collect();
        hidden += machine.len() - less.len();
        if policy.unix_names() == Visibility::Hidden {
            for made in &mut less {
                made.name = "another name";
                renamed += 1;
            }
        }
        let (found, expected) = (list(&machine, &policy), list(&less, &policy));
        assert_eq!(found, expected, "seed {seed}, under {policy:?}");
        assert_eq!(found.len(), less.len());
        shown += found.len();
    }
    assert!(hidden > 500 && shown > 500 && renamed > 200, "{hidden}, {shown}, {renamed}");
}
