//! `--every`: passes, their stamps and their ends.

use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bstr::BString;
use builtin_api::{CallContext, Cancel, Clock, ExitCode, invoke};
use procnetsocket::SocketTables;
use serde_json::{Value, json};
use socket_query::{Policy, PolicyView};
use ss_builtin::Ss;
use testkit::{FakeProc, FakeRoot, ProcTable, Tcp};

use super::{roots, run, schema::Schema, words};
use crate::ours;

/// A clock that always shows noon.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(12)
    }
}

const NOON: &str = "1970-01-01T12:00:00.000000000Z";

fn call(
    root: &FakeRoot,
    line: &str,
    cancel: &Cancel,
    stdout: &mut dyn Write,
) -> (ExitCode, String) {
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let ss = Ss::new(PolicyView::new(tables, Policy::default(), ours::recorded_names()));
    let args: Vec<BString> = words(line).into_iter().map(BString::from).collect();
    let (mut stdin, mut stderr) = (io::empty(), Vec::new());
    let mut context =
        CallContext::new(&mut stdin, stdout, &mut stderr).with_cancel(cancel).with_clock(&Noon);
    let status = invoke(&ss, &mut context, &args);
    (status, String::from_utf8(stderr).unwrap())
}

/// Returns the status and the objects of a call that prints nothing on standard error.
#[track_caller]
fn passes(root: &FakeRoot, line: &str) -> (u8, Vec<Value>) {
    let mut stdout = Vec::new();
    let (status, stderr) = call(root, line, &Cancel::new(), &mut stdout);
    assert_eq!(stderr, "");
    let objects = stdout.split_inclusive(|byte| *byte == b'\n');
    (status.code(), objects.map(|line| serde_json::from_slice(line).unwrap()).collect())
}

fn listeners(count: u16) -> FakeRoot {
    let ports = 1..=count;
    ports
        .fold(FakeProc::new(), |root, port| root.tcp(Tcp::listen(&format!("0.0.0.0:{port}"))))
        .build()
}

#[test]
fn pass_is_listing_with_stamp_and_end() {
    let schema = Schema::read();
    for (name, root) in roots() {
        let root = root.build();
        let once = run(&root, "--json-lines -ae");
        let listed: Vec<Value> = once
            .stdout
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        let mut stdout = Vec::new();
        let line = "--json-lines -ae --every 1ms --count 2";
        let (status, _) = call(&root, line, &Cancel::new(), &mut stdout);
        assert_eq!(i32::from(status.code()), once.status, "{name}");
        let mut objects = stdout.split_inclusive(|byte| *byte == b'\n').map(|line| {
            schema.check_line(line, &name);
            serde_json::from_slice::<Value>(line).unwrap()
        });
        for pass in 1..=2 {
            for socket in &listed {
                let mut stamped = json!({"pass": pass, "time": NOON});
                stamped.as_object_mut().unwrap().extend(socket.as_object().unwrap().clone());
                assert_eq!(objects.next().unwrap(), stamped, "{name}");
            }
            let end = objects.next().unwrap();
            assert_eq!((&end["pass"], &end["time"]), (&json!(pass), &json!(NOON)), "{name}");
            assert_eq!(end["sockets"], listed.len(), "{name}");
            assert_eq!(end["complete"], once.status == 0, "{name}");
            assert_eq!(end["problems"].is_array(), !once.stderr.is_empty(), "{name}");
        }
        assert_eq!(objects.next(), None, "{name}");
    }
}

#[test]
fn objects_begin_with_their_stamp() {
    let mut stdout = Vec::new();
    let line = "--json-lines -tl --every 1s --count 1";
    call(&listeners(1), line, &Cancel::new(), &mut stdout);
    let text = String::from_utf8(stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let stamp = format!(r#"{{"pass":1,"time":"{NOON}","#);
    assert!(lines[0].starts_with(&format!(r#"{stamp}"netid":"tcp","#)), "{text}");
    assert_eq!(lines[1..], [format!(r#"{stamp}"sockets":1,"complete":true}}"#)]);
}

#[test]
fn pass_that_is_cut_by_the_limit_is_not_complete() {
    let (status, objects) =
        passes(&listeners(3), "--json-lines -tl --every 1s --count 1 --limit 2");
    let end = json!({"pass": 1, "time": NOON, "sockets": 2, "complete": false, "left_out": 1});
    assert_eq!((status, &objects[2..]), (0, &[end][..]));
}

#[test]
fn problems_of_a_pass_are_in_its_end_and_bounded() {
    let mut root = FakeProc::new().tcp(Tcp::listen("0.0.0.0:22"));
    for _ in 0..12 {
        root = root.raw_line(ProcTable::Tcp, "malformed");
    }
    let (status, objects) = passes(&root.build(), "--json-lines -tl --every 1ms --count 2");
    assert_eq!((status, objects.len()), (1, 4));
    for end in [&objects[1], &objects[3]] {
        assert_eq!((&end["sockets"], &end["complete"]), (&json!(1), &json!(false)));
        let problems = end["problems"].as_array().unwrap();
        assert_eq!((problems.len(), &problems[10]), (11, &json!("2 more rows were left out")));
    }
}

#[test]
fn pass_that_fails_is_followed_by_the_next() {
    let root = listeners(3);
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let view = PolicyView::new(tables, Policy::default(), ours::recorded_names());
    let ss = Ss::new(view.with_sorted_rows(2));
    let outcome =
        ours::call(&ss, &words("--json-lines -tl --sort port --every 1ms --count 2"), None);
    let passes: Vec<Value> = (outcome.stdout.split_inclusive(|byte| *byte == b'\n'))
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!((outcome.status, outcome.stderr.as_slice(), passes.len()), (1, &b""[..], 2));
    for pass in passes {
        assert_eq!((&pass["sockets"], &pass["complete"]), (&json!(0), &json!(false)));
        let problem = "--sort keeps 2 sockets at most, and there are more: \
            select fewer, or print the first with --limit";
        assert_eq!(pass["problems"], json!([problem]));
    }
}

#[test]
fn passes_end_after_the_time() {
    let (status, objects) = passes(&listeners(0), "--json-lines -tl --every 1h --for 1ms");
    assert_eq!((status, objects.len()), (0, 1));
}

/// Cancels after the first pass.
struct CancelAtEnd<'a>(&'a Cancel, Vec<u8>);

impl Write for CancelAtEnd<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        self.0.cancel();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn host_ends_the_wait_for_the_next_tick() {
    let cancel = Cancel::new();
    let mut stdout = CancelAtEnd(&cancel, Vec::new());
    let (status, stderr) =
        call(&listeners(1), "--json-lines -tl --every 720h", &cancel, &mut stdout);
    assert_ne!(status, ExitCode::SUCCESS);
    assert!(stderr.contains("cancelled"), "{stderr}");
    assert!(stdout.1.ends_with(b"\"complete\":true}\n"));
}

/// An output whose reader is gone.
struct ClosedOutput;

impl Write for ClosedOutput {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn closed_output_ends_the_passes() {
    let line = "--json-lines -tl --every 1ms";
    let (status, _) = call(&listeners(1), line, &Cancel::new(), &mut ClosedOutput);
    assert_ne!(status, ExitCode::SUCCESS);
}
