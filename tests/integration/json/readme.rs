//! The examples of docs/options.md: `ss --json` over a fake root and the real `jq`, and both inside
//! the shell. The example of README.md for embedders.

#![expect(clippy::disallowed_methods, reason = "the examples are run as a person runs them")]

use std::{
    io::Write,
    net::Ipv4Addr,
    process::{Command, Stdio},
};

use bstr::ByteSlice as _;
use testkit::{FakeProc, FakeRoot, Tcp, Unix, cases};

use super::{run, words};
use crate::{escape::program::SHELL, outcome::Outcome, workspace};

/// If fewer examples are found, the search is broken.
const LEAST_EXAMPLES: usize = 4;

fn root() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:5432").uid(70).inode(11))
        .tcp(Tcp::listen("[::]:22").inode(12))
        .tcp(Tcp::established("192.0.2.1:22", "198.51.100.7:50000").queues(300, 0).inode(13))
        .tcp(Tcp::established("192.0.2.1:22", "198.51.100.7:50001").inode(14))
        .unix(Unix::stream().path("/run/app.sock").listening().inode(15))
}

/// Returns the options of `ss` and the arguments of `jq` of each example.
fn examples() -> Vec<(String, String)> {
    let page = String::from_utf8(workspace::read("docs/options.md")).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("    ss --json"));
    let examples = lines.filter_map(|line| line.split_once(" | jq "));
    examples.map(|(options, jq)| (format!("--json{options}"), jq.to_owned())).collect()
}

#[test]
fn examples_print_something() {
    let examples = examples();
    assert!(examples.len() >= LEAST_EXAMPLES, "{examples:?}");
    if Command::new("jq").arg("--version").output().is_err() {
        assert!(!workspace::is_ci(), "the examples of docs/options.md need jq");
        eprintln!("*** examples of docs/options.md: NOTHING IS TESTED, because this needs jq. ***");
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
        let inside = in_shell(&root, &format!("ss {options} | jq {jq}"));
        assert_eq!((inside.status, inside.stderr.as_slice()), (0, &b""[..]), "jq {jq}");
        assert_eq!(inside.stdout, output.stdout, "ss {options} | jq {jq}");
    }
}

/// Runs a script in the shell, over a fake root.
fn in_shell(root: &FakeRoot, script: &str) -> Outcome {
    let output = Command::new(&*SHELL)
        .args(["--proc-root".as_ref(), root.path().as_os_str(), "-c".as_ref(), script.as_ref()])
        .stdin(Stdio::null())
        .env_clear()
        .output()
        .unwrap();
    Outcome {
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        status: output.status.code().unwrap(),
    }
}

#[test]
fn large_listing_passes_jq_row_by_row_and_fails_by_name_as_one_array() {
    let rows: u32 = cases(2_000, 100_000);
    let row = |number: u32| {
        let remote = (Ipv4Addr::from_bits(0x0a00_0000 | number), 443);
        Tcp::new(1, (Ipv4Addr::LOCALHOST, 80).into(), remote.into()).inode(number.into())
    };
    let root = FakeProc::new().tcps((0..rows).map(row)).build();
    let lines = in_shell(&root, "ss --json-lines -tan | jq -r .peer.port | sort | uniq -c");
    assert_eq!((lines.status, lines.stderr.as_slice()), (0, &b""[..]));
    assert_eq!(lines.stdout.to_str_lossy().split_whitespace().next(), Some(&*rows.to_string()));
    let array = in_shell(&root, "ss --json -tan | jq length");
    if array.status == 0 {
        assert_eq!(array.stdout.to_str_lossy().trim(), rows.to_string());
    } else {
        assert_eq!(array.stdout, "", "nothing is printed that looks whole");
        assert!(array.stderr.contains_str("value size limit"), "{}", array.stderr);
    }
}

#[test]
fn embedding_example_is_one_that_is_compiled() {
    let [readme, docs] = ["README.md", "crates/ss-builtin/src/lib.rs"]
        .map(|path| String::from_utf8(workspace::read(path)).unwrap());
    let (_, rest) = readme.split_once("```rust\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let commented = |line: &str| format!("//! {line}").trim_end().to_owned() + "\n";
    let example: String = example.lines().map(commented).collect();
    assert!(docs.contains(&example), "not compiled:\n{example}");
}
