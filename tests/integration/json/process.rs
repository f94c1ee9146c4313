//! The processes of `-p` and `-T`, as objects.

use bstr::ByteSlice as _;
use rstest::rstest;
use serde_json::{Value, json};
use socket_query::{Grant, GrantSet, Policy, ProcessVisibility};
use testkit::{Datagram, FakeProc, Process, Tcp, Unix};

use super::{agree, objects, roots, schema::Schema, words};
use crate::{ours, outcome::Outcome};

fn policy(processes: ProcessVisibility) -> Policy {
    let grants = GrantSet::empty().with(Grant::Sockets).with(Grant::Processes);
    Policy::new(grants).with_processes(processes)
}

fn run(root: &FakeProc, processes: ProcessVisibility, line: &str) -> Outcome {
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
fn processes(root: &FakeProc, processes: ProcessVisibility, line: &str) -> Vec<Value> {
    let outcome = run(root, processes, line);
    Schema::read().check_whole(&outcome.stdout, line);
    objects(&outcome).into_iter().map(|object| object["processes"].clone()).collect()
}

#[rstest]
#[case::names(
    ProcessVisibility::Names,
    "--json -tlp",
    json!({"pid": 10, "fd": 3, "name": "httpd", "uid": 33, "user": "web"})
)]
#[case::numeric(
    ProcessVisibility::Names,
    "--json -tlpn",
    json!({"pid": 10, "fd": 3, "name": "httpd", "uid": 33})
)]
#[case::full(
    ProcessVisibility::Full,
    "--json -tlpn",
    json!({
        "pid": 10, "fd": 3, "name": "httpd", "uid": 33, "executable": "/usr/bin/httpd",
        "command_line": ["httpd", "-k", ""]
    })
)]
#[case::threads(
    ProcessVisibility::Names,
    "--json -tlTn",
    json!({"pid": 10, "tid": 10, "fd": 3, "name": "httpd", "uid": 33})
)]
fn process_details_follow_the_policy(
    #[case] detail: ProcessVisibility,
    #[case] line: &str,
    #[case] process: Value,
) {
    assert_eq!(processes(&root(), detail, line), [json!([process]), json!([])]);
}

#[test]
fn without_p_no_processes_are_printed() {
    let found = processes(&root(), ProcessVisibility::Full, "--json -tln");
    assert_eq!(found, [Value::Null, Value::Null]);
}

#[test]
fn invalid_utf8_is_printed_as_bytes() {
    let process = Process::new(10, b"a\xff").arguments(b"x\0\xfe\0".as_slice());
    let root = FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .process(process.socket(3, 500).executable(None));
    assert_eq!(
        processes(&root, ProcessVisibility::Full, "--json -tlpn"),
        [json!([{
            "pid": 10, "fd": 3, "name": "a\u{fffd}", "name_bytes": "61ff", "uid": 0,
            "command_line": ["x", "\u{fffd}"], "command_line_bytes": ["78", "fe"]
        }])]
    );
}

#[test]
fn too_long_details_are_named() {
    let process = Process::new(10, "long").arguments(vec![b'x'; 2 << 20]);
    let root =
        FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(500)).process(process.socket(3, 500));
    let found = processes(&root, ProcessVisibility::Full, "--json -tlpn");
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
fn text_and_json_list_the_same_processes() {
    let mut compared = 0;
    for (name, root) in roots() {
        let root = with_processes(root);
        for line in ["-atunxpHO", "-atunxTHO"] {
            let text = run(&root, ProcessVisibility::Names, line);
            let rows = objects(&run(&root, ProcessVisibility::Names, &format!("--json {line}")));
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
    assert!(compared > 100, "only {compared} rows had processes");
}
