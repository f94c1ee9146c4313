//! Process tables: named ones and random ones.

use crate::{Datagram, FakeProc, Netlink, Packet, Process, Tcp, Unix, Xorshift};

/// Largest inode of the sockets in a generated root; some processes have a larger one open.
const INODES: u64 = 40;

/// Names that iproute2 prints unchanged. The last three are the longest that the kernel allows, a
/// blank, and an empty one.
pub const PROCESS_NAMES: [&str; 10] = [
    "sshd",
    "nginx",
    "tmux: server",
    "a(b",
    "{x}",
    "kworker/0:1-ev",
    "  lead",
    "fifteen-bytes-x",
    " ",
    "",
];

/// Returns roots with sockets that are open in several processes and descriptors, in threads, and
/// in processes that are partly gone.
pub fn process_fixtures() -> Vec<(&'static str, FakeProc)> {
    vec![
        ("processes-shared", shared()),
        ("processes-threads", threads()),
        ("processes-gone", gone()),
        ("processes-wide", wide()),
    ]
}

/// Returns the root of some services. Each socket is open once, so that the order in which a file
/// system lists a directory does not matter.
pub(crate) fn held_once() -> FakeProc {
    sockets()
        .process(Process::new(1, "init").socket(9, 21).link("0", "/dev/null"))
        .process(Process::new(612, "sshd").uid(0).socket(3, 1))
        .process(Process::new(613, "sshd").uid(1000).socket(4, 2))
        .process(
            Process::new(700, "tmux: server").socket(5, 11).link("7", "anon_inode:[eventpoll]"),
        )
        .process(Process::new(714, "dhcp client").socket(6, 31).link("8", "pipe:[31]"))
        .process(Process::new(4_194_303, "last").socket(1_048_575, 3))
        .netlink(Netlink::new(0, 714).inode(41))
        .netlink(Netlink::new(4, 999).inode(42))
}

/// Returns the root for `seed`: processes with open sockets of every table. The same seed returns
/// the same root.
pub fn generate_processes(seed: u64) -> FakeProc {
    let random = &mut Xorshift::new(seed);
    let mut root = sockets();
    for _ in 0..random.below(6) {
        let pid = u32::try_from(random.below(60)).unwrap();
        root = root.netlink(Netlink::new(0, pid).inode(1 + random.below(INODES)));
    }
    for pid in 1..=u32::try_from(random.below(25)).unwrap() {
        let mut process = task(random, pid);
        if random.one_in(4) {
            for index in 0..=u32::try_from(random.below(4)).unwrap() {
                process = process.thread(task(random, 100 * pid + 10_000 + index));
            }
        }
        if random.one_in(12) {
            process = process.mode(0);
        }
        root = root.process(process);
    }
    root
}

fn task(random: &mut Xorshift, id: u32) -> Process {
    let name = *random.pick(&PROCESS_NAMES);
    let mut task = Process::new(id, name);
    for fd in 0..u32::try_from(random.below(14)).unwrap() {
        task = match random.below(6) {
            0 => task.link(fd.to_string(), "/dev/null"),
            1 => task.link(fd.to_string(), format!("pipe:[{fd}]")),
            _ => task.socket(fd, random.below(INODES + 3)),
        };
    }
    match random.below(12) {
        0 => task.stat(None),
        1 => task.stat(Some(b"")),
        2 => task.stat(Some(b"garbage")),
        _ => task,
    }
}

/// Sockets of every table, with inodes from 1 on.
fn sockets() -> FakeProc {
    let mut root = FakeProc::new()
        .tcp(Tcp::time_wait("10.0.0.1:22", "10.0.0.2:40000"))
        .tcp(Tcp::listen("[::]:22").inode(4))
        .raw(Datagram::bound("0.0.0.0:1").inode(31))
        .packet(Packet::raw(3).inode(21))
        .packet(Packet::datagram(0x0806).inode(22));
    for inode in 1..4 {
        let remote = format!("10.0.0.2:{}", 40_000 + inode);
        root = root
            .tcp(Tcp::established("10.0.0.1:22", &remote).inode(inode))
            .udp(Datagram::connected("10.0.0.1:53", &remote).inode(10 + inode))
            .unix(Unix::stream().connected().inode(14 + inode))
            .unix(Unix::datagram().path("/run/log").inode(17 + inode));
    }
    root
}

fn shared() -> FakeProc {
    let worker = |pid| Process::new(pid, "worker").socket(5, 1).socket(6, 1).socket(7, 2);
    sockets()
        .processes((100..120).map(worker))
        .process(Process::new(99, "master").socket(5, 1).socket(3, 21).socket(4, 15))
}

fn threads() -> FakeProc {
    let main = (201..205).fold(Process::new(200, "main").socket(3, 1), |main, tid| {
        main.thread(Process::new(tid, format!("thread {tid}")).socket(3, 1).socket(tid, 11))
    });
    sockets().process(main).process(Process::new(300, "alone").socket(3, 11))
}

/// Processes with missing files.
fn gone() -> FakeProc {
    sockets()
        .process(Process::new(50, "no stat").stat(None).socket(3, 1))
        .process(Process::new(51, "empty stat").stat(Some(b"")).socket(3, 1))
        .process(Process::new(53, "closed").socket(3, 3).mode(0))
        .process(Process::new(54, "nothing open"))
        .process(Process::new(55, "no inode").socket(3, 0))
        .raw_file("56/cmdline", "gone")
        .raw_file("57", "no directory")
        .raw_file("58/fd", "no directory")
        .raw_file("59/task/60/stat", "60 (half) S")
}

/// Processes whose list is wider than every terminal.
fn wide() -> FakeProc {
    let many = (3..200).fold(Process::new(42, "many"), |process, fd| process.socket(fd, 1));
    sockets().process(many)
}
