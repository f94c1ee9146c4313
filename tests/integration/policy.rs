//! Hidden data cannot be inferred: under a policy, a machine looks like one without the hidden
//! sockets.

use std::num::NonZeroU64;

use bstr::ByteSlice as _;

use socket_query::{
    AddressFamily, FamilySet, Grant, Names, Policy, ProcessVisibility, Visibility, VisibleUsers,
};
use testkit::{
    Datagram, FakeProc, FakeRoot, Netlink, Packet, Process, SockStat, SockStat6, Tcp, Unix,
    Xorshift,
};

use crate::{command, ours, outcome::Outcome};

/// Machines, each under some policies.
const MACHINES: u64 = 60;
const POLICIES: usize = 6;
/// Command lines for each machine and policy.
const LINES: usize = 12;
/// Users of the machines.
const USERS: [u32; 3] = [0, 7, 1000];

/// A row of a machine.
#[derive(Clone)]
enum MachineRow {
    Tcp(Tcp),
    Udp(Datagram),
    Raw(Datagram),
    Unix(Unix),
    Packet(Packet),
    Netlink(Netlink),
}

/// A row, and what a policy depends on.
#[derive(Clone)]
struct MadeSocket {
    row: MachineRow,
    family: AddressFamily,
    /// The uid, if the table has a real one.
    user: Option<u32>,
    inode: u64,
}

/// A process and its sockets, by descriptor.
struct MadeProcess {
    pid: u32,
    name: &'static str,
    held: Vec<(u32, u64)>,
}

/// A machine, complete or without the hidden sockets.
struct MadeMachine {
    sockets: Vec<MadeSocket>,
    processes: Vec<MadeProcess>,
}

/// Words that are added to a command line beside options of iproute2.
const MORE: [&[&str]; 33] = [
    &["-s"],
    &["-p"],
    &["-T"],
    &["--json", "-p"],
    &["--json-lines", "-T"],
    &["--json"],
    &["--json-lines"],
    &["--count"],
    &["--limit", "2"],
    &["--limit", "0"],
    &["--sort", "uid"],
    &["--sort", "-inode,local"],
    &["--sort", "state", "--limit", "1"],
    &["sport", "=", ":22"],
    &["sport != :22"],
    &["dport > :1000"],
    &["state", "established"],
    &["exclude", "listening"],
    &["src 10.0.0.0/8 or dst 10.0.0.0/8"],
    &["not autobound"],
    &["src unix:*a*"],
    &["-x", "src", "*a*"],
    &["( src = 10.0.0.1 )"],
    &["nonsense"],
    &["user = 7"],
    &["comm = sshd"],
    &["--peers"],
    &["--peers", "-t", "-u"],
    &["--peers", "-p", "-t"],
    &["--json-lines", "--peers", "-p"],
    &["peer-comm = sshd"],
    &["not peer-pid = 7"],
    &["-E"],
];

fn machine(random: &mut Xorshift) -> MadeMachine {
    let count = random.below(25);
    let sockets: Vec<_> = (0..count).map(|_| socket(random)).collect();
    let processes = [(7, "sshd"), (8, "sshd"), (1000, "a b"), (1001, "hidden")];
    let processes = processes.map(|(pid, name)| process(random, pid, name, &sockets));
    MadeMachine { sockets, processes: processes.into() }
}

/// Returns a process with some of the sockets.
fn process(
    random: &mut Xorshift,
    pid: u32,
    name: &'static str,
    sockets: &[MadeSocket],
) -> MadeProcess {
    let held = sockets.iter().filter(|socket| socket.inode != 0 && random.one_in(6));
    MadeProcess { pid, name, held: (3..).zip(held.map(|socket| socket.inode)).collect() }
}

fn socket(random: &mut Xorshift) -> MadeSocket {
    let uid = *random.pick(&USERS);
    // Sometimes a socket that no process has open.
    let inode = if random.one_in(4) { 0 } else { 1 + random.below(1000) };
    let user = (inode != 0).then_some(uid);
    let local = random.pick(&["10.0.0.1:22", "127.0.0.1:53", "[::1]:22", "[2001:db8::1]:8080"]);
    let local = (*local).parse::<std::net::SocketAddr>().unwrap();
    let family = if local.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let state = u8::try_from(1 + random.below(11)).unwrap();
    match random.below(6) {
        0 | 1 => MadeSocket {
            row: MachineRow::Tcp(Tcp::new(state, local, local).uid(uid).inode(inode)),
            family,
            user,
            inode,
        },
        2 => MadeSocket {
            row: MachineRow::Udp(Datagram::new(7, local, local).uid(uid).inode(inode)),
            family,
            user,
            inode,
        },
        3 => MadeSocket {
            row: MachineRow::Raw(Datagram::new(7, local, local).uid(uid).inode(inode)),
            family,
            user,
            inode,
        },
        4 => {
            let name = *random.pick(&["/run/a", "/run/b b", "x"]);
            let row = Unix::stream().path(name).inode(inode);
            let row = if random.one_in(2) { row.listening() } else { row.connected() };
            MadeSocket {
                row: MachineRow::Unix(row),
                family: AddressFamily::Unix,
                user: None,
                inode,
            }
        }
        _ if random.one_in(2) => {
            let row = Packet::raw(3).uid(uid).inode(inode);
            MadeSocket { row: MachineRow::Packet(row), family: AddressFamily::Packet, user, inode }
        }
        _ => {
            let row = Netlink::new(0, 7).inode(inode);
            MadeSocket {
                row: MachineRow::Netlink(row),
                family: AddressFamily::Netlink,
                user: None,
                inode,
            }
        }
    }
}

impl MachineRow {
    /// Returns the row of an object of the kernel at this address.
    fn at(self, pointer: u64) -> Self {
        match self {
            Self::Tcp(row) => Self::Tcp(row.pointer(pointer)),
            Self::Udp(row) => Self::Udp(row.pointer(pointer)),
            Self::Raw(row) => Self::Raw(row.pointer(pointer)),
            Self::Unix(row) => Self::Unix(row.pointer(pointer)),
            Self::Packet(row) => Self::Packet(row.pointer(pointer)),
            Self::Netlink(row) => Self::Netlink(row.pointer(pointer)),
        }
    }
}

/// Returns sockets whose objects are side by side in the kernel.
fn objects<'a>(sockets: impl Iterator<Item = &'a MadeSocket>) -> Vec<MadeSocket> {
    let pointers = (0xffff_9f3c_8b3e_0000..).step_by(0x800);
    let at = |(socket, pointer): (&MadeSocket, u64)| MadeSocket {
        row: socket.row.clone().at(pointer),
        ..socket.clone()
    };
    sockets.zip(pointers).map(at).collect()
}

/// Reverses the order of the unix sockets, as other names would.
fn with_other_names(sockets: Vec<MadeSocket>) -> Vec<MadeSocket> {
    let (unix, others): (Vec<_>, Vec<_>) =
        sockets.into_iter().partition(|socket| matches!(socket.row, MachineRow::Unix(_)));
    others.into_iter().chain(unix.into_iter().rev()).collect()
}

/// Builds a machine with these of its sockets, and the processes of one of them.
fn build(sockets: &[MadeSocket], processes: &[MadeProcess]) -> FakeRoot {
    let inodes: Vec<_> = sockets.iter().map(|socket| socket.inode).collect();
    let used = i64::try_from(sockets.len()).unwrap();
    let counters = SockStat { used, ..SockStat::default() };
    let root = sockets.iter().fold(FakeProc::new(), |root, socket| match &socket.row {
        MachineRow::Tcp(row) => root.tcp(row.clone()),
        MachineRow::Udp(row) => root.udp(row.clone()),
        MachineRow::Raw(row) => root.raw(row.clone()),
        MachineRow::Unix(row) => root.unix(row.clone()),
        MachineRow::Packet(row) => root.packet(row.clone()),
        MachineRow::Netlink(row) => root.netlink(row.clone()),
    });
    let root = processes.iter().fold(root, |root, process| {
        let held: Vec<_> =
            process.held.iter().filter(|(_, inode)| inodes.contains(inode)).collect();
        if held.is_empty() {
            return root;
        }
        let process = Process::new(process.pid, process.name);
        root.process(held.iter().fold(process, |process, (fd, inode)| process.socket(*fd, *inode)))
    });
    root.sockstat(&counters, &SockStat6::default()).snmp(used).build()
}

fn policy(random: &mut Xorshift) -> Policy {
    let mut grants = Policy::default().grants();
    for grant in Grant::ALL {
        if random.one_in(if grant == Grant::Processes { 2 } else { 4 }) {
            grants = grants.with(grant);
        }
    }
    let families = AddressFamily::ALL.into_iter().filter(|_| !random.one_in(3));
    let families = families.map(FamilySet::of).fold(FamilySet::EMPTY, FamilySet::union);
    let policy = Policy::new(grants).with_max_rows(match random.below(3) {
        0 => NonZeroU64::new(1 + random.below(6)),
        _ => None,
    });
    let policy = if random.one_in(3) { policy } else { policy.with_families(families) };
    let policy = if random.one_in(2) {
        policy.with_users(VisibleUsers::Uid(*random.pick(&USERS)))
    } else {
        policy
    };
    let policy =
        if random.one_in(2) { policy.with_processes(ProcessVisibility::Full) } else { policy };
    if random.one_in(3) { policy.with_unix_names(Visibility::Hidden) } else { policy }
}

fn is_visible(policy: &Policy, socket: &MadeSocket) -> bool {
    let whose = match policy.users() {
        VisibleUsers::Uid(uid) => socket.user == Some(uid),
        _ => true,
    };
    whose && policy.families().contains(socket.family)
}

fn line(random: &mut Xorshift) -> Vec<String> {
    let mut words = Vec::new();
    for flag in command::compared() {
        if random.one_in(8) {
            words.push(format!("--{}", flag.name()));
            let values = command::values(flag);
            if !values.is_empty() {
                words.push((*random.pick(values)).to_owned());
            }
        }
    }
    if random.one_in(2) {
        words.push("-a".to_owned());
    }
    if random.one_in(2) {
        words.extend(random.pick(&MORE).iter().map(|word| (*word).to_owned()));
    }
    words
}

fn run(root: &FakeRoot, policy: &Policy, line: &[String]) -> Outcome {
    ours::run_under(root, policy.clone(), Names::default(), line)
}

#[test]
fn machine_looks_like_one_without_hidden_sockets() {
    let mut hidden = 0;
    let mut shown = 0;
    let mut owned = 0;
    let mut paired = 0;
    for seed in 1..=MACHINES {
        let random = &mut Xorshift::new(seed);
        let MadeMachine { sockets, processes } = machine(random);
        let whole = build(&objects(sockets.iter()), &processes);
        for _ in 0..POLICIES {
            let policy = policy(random);
            let visible = || sockets.iter().filter(|socket| is_visible(&policy, socket));
            let less = match policy.unix_names() {
                Visibility::Shown => objects(visible()),
                Visibility::Hidden => with_other_names(objects(visible())),
            };
            let less = build(&less, &processes);
            hidden += sockets.len() - visible().count();
            for line in (0..LINES).map(|_| line(random)) {
                let found = run(&whole, &policy, &line);
                let expected = run(&less, &policy, &line);
                assert_eq!(found, expected, "seed {seed}: {line:?} under {policy:?}");
                shown += usize::from(found.stdout.lines().count() > 1);
                let processes = ["users:(", "\"pid\":"];
                owned += usize::from(processes.iter().any(|word| found.stdout.contains_str(word)));
                paired += usize::from(found.stdout.contains_str("peer:("));
            }
        }
    }
    // Makes sure that something was hidden, and something printed.
    assert!(hidden > 1000, "{hidden} sockets were hidden");
    assert!(shown > 500, "{shown} listings had rows");
    assert!(owned > 100, "{owned} listings had processes");
    assert!(paired > 10, "{paired} listings had other ends");
}
