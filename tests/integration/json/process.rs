//! The processes of `-p` and `-T`, as objects.

use bstr::ByteSlice as _;
use rstest::rstest;
use serde_json::{Value, json};
use socket_query::{Grant, GrantSet, Policy, ProcessDetail};
use testkit::{Datagram, FakeProc, Process, Tcp, Unix};

use super::{agree, objects, roots, schema::Schema, words};
use crate::{ours, outcome::Outcome};

fn policy(processes: ProcessDetail) -> Policy {
    let grants = GrantSet::empty().with(Grant::Sockets).with(Grant::Processes);
    Policy::new(grants).with_processes(processes)
}

fn run(root: &FakeProc, processes: ProcessDetail, line: &str) -> Outcome {
    let names = ours::recorded_names().with_users(b"root:x:0:0::/:\nweb:x:33:33::/:\n");
    ours::run_under(&root.build(), policy(processes), names, &words(line))
}

fn root() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .tcp(Tcp::listen("127.0.0.1:81").inode(501))
        .process(Process::new(10, "httpd").uid(33).socket(3, 500).arguments("httpd\0-k\0\0"))
}

/// Returns the processes of each socket that a line lists.
#[track_caller]
fn processes(root: &FakeProc, processes: ProcessDetail, line: &str) -> Vec<Value> {
    let outcome = run(root, processes, line);
    Schema::read().check_whole(&outcome.stdout, line);
    objects(&outcome).into_iter().map(|object| object["processes"].clone()).collect()
}

#[rstest]
#[case::names(
    ProcessDetail::Names,
    "--json -tlp",
    json!({"pid": 10, "fd": 3, "name": "httpd", "uid": 33, "user": "web"})
)]
#[case::numeric(
    ProcessDetail::Names,
    "--json -tlpn",
    json!({"pid": 10, "fd": 3, "name": "httpd", "uid": 33})
)]
#[case::full(
    ProcessDetail::Full,
    "--json -tlpn",
    json!({
        "pid": 10, "fd": 3, "name": "httpd", "uid": 33, "executable": "/usr/bin/httpd",
        "command_line": ["httpd", "-k", ""]
    })
)]
#[case::threads(
    ProcessDetail::Names,
    "--json -tlTn",
    json!({"pid": 10, "tid": 10, "fd": 3, "name": "httpd", "uid": 33})
)]
fn owners_are_told_as_far_as_the_policy_goes(
    #[case] detail: ProcessDetail,
    #[case] line: &str,
    #[case] owner: Value,
) {
    assert_eq!(processes(&root(), detail, line), [json!([owner]), json!([])]);
}

#[test]
fn without_p_there_is_no_word_of_processes() {
    let found = processes(&root(), ProcessDetail::Full, "--json -tln");
    assert_eq!(found, [Value::Null, Value::Null]);
}

#[test]
fn what_is_not_utf8_is_there_as_bytes() {
    let process = Process::new(10, b"a\xff").arguments(b"x\0\xfe\0".as_slice());
    let root = FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .process(process.socket(3, 500).executable(None));
    assert_eq!(
        processes(&root, ProcessDetail::Full, "--json -tlpn"),
        [json!([{
            "pid": 10, "fd": 3, "name": "a\u{fffd}", "name_bytes": "61ff", "uid": 0,
            "command_line": ["x", "\u{fffd}"], "command_line_bytes": ["78", "fe"]
        }])]
    );
}

#[test]
fn what_is_too_long_is_named() {
    let process = Process::new(10, "long").arguments(vec![b'x'; 2 << 20]);
    let root =
        FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(500)).process(process.socket(3, 500));
    let found = processes(&root, ProcessDetail::Full, "--json -tlpn");
    assert_eq!(found[0][0]["too_long"], json!(["command_line"]));
    assert_eq!(found[0][0]["command_line"], Value::Null);
}

/// Adds processes that share sockets to the roots of the other tests.
fn with_processes(root: FakeProc) -> FakeProc {
    root.tcp(Tcp::listen("127.0.0.1:7001").inode(900_001))
        .udp(Datagram::bound("[::1]:7002").inode(900_002))
        .unix(Unix::stream().inode(900_003).path("/run/shared"))
        .process(Process::new(801, "one").socket(3, 900_001).socket(4, 900_001))
        .process(Process::new(802, "a \" b").socket(5, 900_001).socket(6, 900_002))
        .process(Process::new(803, b"c\x1b\xff").socket(7, 900_003).socket(8, 900_001))
}

#[test]
fn text_and_objects_tell_the_same_owners() {
    let mut compared = 0;
    for (name, root) in roots() {
        let root = with_processes(root);
        for line in ["-atunxpHO", "-atunxTHO"] {
            let text = run(&root, ProcessDetail::Names, line);
            let rows = objects(&run(&root, ProcessDetail::Names, &format!("--json {line}")));
            let lines: Vec<_> = text.stdout.lines().collect();
            assert_eq!(lines.len(), rows.len(), "root {name:?}: ss {line}");
            for (line_of_text, row) in lines.iter().zip(&rows) {
                let expected = agree::users(row);
                let found =
                    line_of_text.find(" users:(").map_or(&b""[..], |at| &line_of_text[at..]);
                assert_eq!(found.trim_ascii().as_bstr(), expected, "root {name:?}: {row}");
                compared += usize::from(!expected.is_empty());
            }
        }
    }
    assert!(compared > 100, "only {compared} rows had owners");
}
