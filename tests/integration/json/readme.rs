//! The examples of README.md: `ss --json` over a fake root, and the real `jq` behind it.

#![expect(clippy::disallowed_methods, reason = "the examples are run as a person runs them")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

use testkit::{FakeProc, Tcp, Unix};

use super::{run, words};
use crate::workspace;

/// Fewer examples than this were not found, but lost.
const LEAST_EXAMPLES: usize = 4;

fn root() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:5432").uid(70).inode(11))
        .tcp(Tcp::listen("[::]:22").inode(12))
        .tcp(Tcp::established("192.0.2.1:22", "198.51.100.7:50000").queues(300, 0).inode(13))
        .tcp(Tcp::established("192.0.2.1:22", "198.51.100.7:50001").inode(14))
        .unix(Unix::stream().path("/run/app.sock").listening().inode(15))
}

/// Returns the options of `ss` and the words behind `jq` of each example.
fn examples() -> Vec<(String, String)> {
    let readme = String::from_utf8(workspace::read("README.md")).unwrap();
    let lines = readme.lines().filter_map(|line| line.strip_prefix("    ss --json"));
    let examples = lines.filter_map(|line| line.split_once(" | jq "));
    examples.map(|(options, jq)| (format!("--json{options}"), jq.to_owned())).collect()
}

#[test]
fn examples_print_something() {
    let examples = examples();
    assert!(examples.len() >= LEAST_EXAMPLES, "{examples:?}");
    if Command::new("jq").arg("--version").output().is_err() {
        assert!(!workspace::is_ci(), "the examples of README.md need jq");
        eprintln!("*** examples of README.md: NOTHING IS TESTED, because this needs jq. ***");
        return;
    }
    let root = root().build();
    for (options, jq) in examples {
        let listing = run(&root, &words(&options).join(" "));
        assert_eq!(listing.status, 0, "ss {options}: {}", listing.stderr);
        let mut child = Command::new("sh")
            .args(["-c", &format!("jq {jq}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&listing.stdout).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "jq {jq}");
        assert!(output.stdout.len() > 5, "jq {jq} prints {:?}", output.stdout);
    }
}
