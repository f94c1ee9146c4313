//! The properties that the fuzzer asserts, over its corpus and a bounded number of changes to it.

#![expect(clippy::disallowed_methods, reason = "the test reads the corpus")]

use std::fs;

use rstest::rstest;
use ss_tests::property::{TARGETS, Target};
use testkit::Xorshift;

use crate::workspace;

/// Changed inputs for each target.
const CHANGES: u64 = 500;
/// Bytes of an input after changes.
const LONGEST: usize = 8 * 1024;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let directory = workspace::path(&format!("fuzz/corpus/{name}"));
    let mut paths: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", directory.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Changes some bytes, and now and then puts two inputs together.
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
fn properties_hold(#[values(0, 1, 2, 3)] target: usize) {
    let (name, holds): Target = TARGETS[target];
    let corpus = corpus(name);
    for input in &corpus {
        holds(input);
    }
    let random = &mut Xorshift::new(1 + u64::try_from(target).unwrap());
    for _ in 0..CHANGES {
        holds(&change(random, &corpus));
    }
}

#[test]
fn every_target_is_run_and_has_a_program() {
    assert_eq!(TARGETS.len(), 4, "add the new one to the values of `properties_hold`");
    for (name, _) in TARGETS {
        let program = workspace::read(&format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(!program.is_empty(), "{name}");
    }
}

/// Writes first inputs for the targets that need no live socket.
#[test]
#[ignore = "writes inputs of the fuzzer; scripts/fuzz runs it when there are none"]
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
    let lines =
        ["-tan", "-tlnp\0sport = :8080", "-A\0all,!tcp\0-eim", "--json\0-x\0src\0*a*", "-s"];
    for (number, line) in lines.iter().enumerate() {
        workspace::write(&format!("fuzz/corpus/option/{number}"), line.as_bytes());
    }
    let policy = "grants = [\"sockets\", \"processes\"]\nfamilies = [\"inet\"]\nowner = 7\n\
        processes = \"full\"\nunix-names = \"hidden\"\nsecrets = \"shown\"\nmax-rows = 5\n\
        max-time-ms = 10\n";
    workspace::write("fuzz/corpus/policy/everything", policy.as_bytes());
}
