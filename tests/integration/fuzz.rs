//! The properties that the fuzzer asserts, over its corpus and a bounded number of mutations.

#![expect(clippy::disallowed_methods, reason = "the test reads the corpus")]

use std::fs;

use rstest::rstest;
use ss_tests::property::{FuzzTarget, TARGETS};
use testkit::Xorshift;

use crate::workspace;

/// Mutated inputs for each target, for every change and at full size.
const CHANGES: [u64; 2] = [100, 500];
/// The same for `datagram`, which reads one reply where other targets run a whole command.
const CHANGED_DATAGRAMS: [u64; 2] = [20_000, 100_000];
/// Longest mutated input, in bytes.
const LONGEST: usize = 8 * 1024;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let directory = workspace::path(&format!("fuzz/corpus/{name}"));
    let mut paths: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", directory.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Changes some bytes, and sometimes joins two inputs.
fn change(random: &mut Xorshift, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = random.pick(corpus).clone();
    if random.one_in(4) {
        let other = random.pick(corpus);
        let from = place(random, other.len());
        let to = place(random, input.len());
        input.splice(to..to, other[from..].iter().copied());
    }
    for _ in 0..=random.below(5) {
        let at = place(random, input.len());
        let byte = u8::try_from(random.below(256)).unwrap();
        match random.below(4) {
            0 => input.truncate(at),
            1 => input.insert(at, byte),
            _ if at < input.len() && random.one_in(2) => input[at] = byte,
            _ if at < input.len() => input[at] ^= 1 << random.below(8),
            _ => input.push(byte),
        }
    }
    input.truncate(LONGEST);
    input
}

fn place(random: &mut Xorshift, length: usize) -> usize {
    usize::try_from(random.below(u64::try_from(length).unwrap() + 1)).unwrap()
}

#[rstest]
fn properties_hold(#[values(0, 1, 2, 3, 4, 5, 6)] target: usize) {
    let (name, holds): FuzzTarget = TARGETS[target];
    let corpus = corpus(name);
    for input in &corpus {
        holds(input);
    }
    let random = &mut Xorshift::new(1 + u64::try_from(target).unwrap());
    let [usual, full] = if name == "datagram" { CHANGED_DATAGRAMS } else { CHANGES };
    for _ in 0..testkit::cases(usual, full) {
        holds(&change(random, &corpus));
    }
}

#[test]
fn every_target_is_run_and_has_a_program() {
    assert_eq!(TARGETS.len(), 7, "add the new one to the values of `properties_hold`");
    for (name, _) in TARGETS {
        let program = workspace::read(&format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(!program.is_empty(), "{name}");
    }
}

/// Command lines, with NUL between words.
const OPTIONS: [&[u8]; 14] = [
    b"-tan",
    b"-tlnp\0sport = :8080",
    b"-A\0all,!tcp\0-eim",
    b"--json\0-x\0src\0*a*",
    b"-s",
    b"--json\0-anp",
    b"--json-lines\0-an\0--sort=-uid,port\0--limit=2",
    b"-an\0--sort\0family,local,remote,state\0-O",
    b"-a\0--count",
    b"--json\0--count\0-x",
    b"-E\0--for\x0010s\0--count=3",
    b"--limit=18446744073709551615\0--sort=recvq,sendq,inode\0-anH",
    b"-K\0dst\x0010.0.0.1\0--limit\x000",
    b"state\0connected\0exclude\0time-wait\0( sport = :22 or dport != 80 )",
];

/// The family that an option chose, and the text.
const FILTERS: [&[u8]; 12] = [
    b"\0sport = :22",
    b"\0( src 10.0.0.0/8:22 or dst [2001:db8::]/32 ) and not dport >= 1024",
    b"\0src unix:/run/* or dst link:ip:3 or src netlink:rtnl:7 or dst vsock:1:2",
    b"\x03src /run/a\\ b*",
    b"\x04src ip:*",
    b"\x05dst genl:0",
    b"\x06src 1:2",
    b"\0autobound or fwmark = 0x1/0xff or dev = 3 or dev != 0",
    b"\0cgroup = /a/b\\ c and ! cgroup != /a",
    b"\x02src inet:*:ssh or dst fe80::/10:3 dport < :65535",
    b"\0not ( not sport 22 or ( dport 1 and sport gt 2 ) ) src 127.0.0.1",
    b"\0sport eq 22 | dport neq 23 && src * dst *:* sport le -1",
];

/// `stat`, `status`, `cmdline`, the target of `exe`, and descriptors, with 0xff between.
const PROCESSES: [&[u8]; 7] = [
    b"42 (sshd) S 1 42 42 0 -1 4194560\n\xffName:\tsshd\nUid:\t0\t7\t0\t0\n\xffsshd\0-D\0\xff/usr/sbin/sshd\xff\
      3 socket:[1]\n4 socket:[2]\n5 /dev/null\n",
    b"42 (a) R 1 (b) S 1\n\xffUid:\t1\n\xffa\nb\0\0\xff/a (deleted)\xff0 socket:[3]\n1 socket:[4]\n2 pipe:[1]\n",
    b"42 (x\",pid=1,fd=2)) S\xff\xff\xff\xff3 socket:[2]\n",
    b"42 (\x1b[31m\xe2\x80\xae\n\x7f) S\xff\xfftitle\xff\n\xff7 socket:[1]\n7 socket:[2]\n07 socket:[2]\n",
    b"garbage\xffUid:\t4294967296\t4294967296\xff\0\xff\xff4294967295 socket:[1]\n4294967296 socket:[2]\n",
    b"42 () S\xff\xff\xff\xff-1 socket:[1]\nx socket:[18446744073709551615]\n9 socket:[18446744073709551616]\n8 [0000]:1",
    b"",
];

/// Frames of brokers: a version, a sequence number, a length, and a message.
const FRAMES: [&[u8]; 7] = [
    // A query for the processes of any socket.
    b"\x01\x01\0\0\0\x04\0\0\0\0\0\0\0",
    // A query for two sockets.
    b"\x01\x01\0\0\0\x08\0\0\0\0\x01\x02\x05\xac\x02\x01\x02",
    // A query for the name of process 300; the answer is `sshd`.
    b"\x01\x01\0\0\0\x03\0\0\0\x01\xac\x02\x01\x02\0\0\0\x07\0\0\0\x01\x01\x04sshd",
    // A query for the addresses of `a.b`; the answer is 127.0.0.1.
    b"\x01\x01\0\0\0\x05\0\0\0\0\x03a.b\x01\x01\0\0\0\x08\0\0\0\0\0\x01\0\x7f\0\0\x01",
    // A query for the name of 127.0.0.1; the answer is `a`.
    b"\x01\x01\0\0\0\x06\0\0\0\x01\0\x7f\0\0\x01\x01\x02\0\0\0\x04\0\0\0\x01\x01\x01a",
    // A length that exceeds the input.
    b"\x01\x01\0\0\0\xff\xff\xff\x07\0\xff\xff\xff\xff\x0f",
    b"\x02\0\0\0\0\0\0\0\0",
];

/// Forms and their depths.
const NESTINGS: [&[u8]; 8] = [
    b"",
    b"\x03\xff",
    b"\x03\x0a\x00\x0a\x03\x0a\x00\x0a",
    b"\x13\xff\x14\xff\x15\xff",
    b"\x17\xff\x00\x05",
    b"\x1a\xff\x02\x03\x0e\x05",
    b"\x20\xff\x01\x07\x0f\x02\x11\x02",
    b"\x04\x10\x06\x10\x08\x10\x05\x03\x0d\x02",
];

/// Writes the initial inputs for the targets that need no live socket.
#[test]
#[ignore = "writes initial inputs of the fuzzer into its corpus"]
fn record() {
    let files = ["tcp", "tcp6", "udp", "udp6", "raw", "unix", "packet", "netlink"];
    for (name, root) in testkit::fixtures() {
        let root = root.build();
        for (number, file) in (0..).zip(files) {
            let Ok(bytes) = fs::read(root.path().join("net").join(file)) else { continue };
            let input = [&[number], &bytes[..bytes.len().min(2048)]].concat();
            workspace::write(&format!("fuzz/corpus/table/{name}-{file}"), &input);
        }
    }
    write_each("option", &OPTIONS);
    write_each("filter", &FILTERS);
    write_each("process", &PROCESSES);
    let policy = "grants = [\"sockets\", \"processes\"]\nfamilies = [\"inet\"]\nuid = 7\n\
        processes = \"full\"\nunix-names = \"hidden\"\nsecrets = \"shown\"\nmax-rows = 5\n\
        max-time-ms = 10\n";
    workspace::write("fuzz/corpus/policy/everything", policy.as_bytes());
    write_each("policy", &FRAMES);
    write_each("nesting", &NESTINGS);
}

fn write_each(name: &str, inputs: &[&[u8]]) {
    for (number, input) in inputs.iter().enumerate() {
        workspace::write(&format!("fuzz/corpus/{name}/{number}"), input);
    }
}
