//! `-K`: of twin sockets, the real program destroys one and ours the other.

#![expect(clippy::disallowed_methods, reason = "the test takes the rights of a program away")]

use std::{
    fs, io,
    process::{Command, Stdio},
};

use bstr::{BString, ByteSlice};

use super::{
    fixture::Fixture,
    line::words,
    namespace::{inside, inside_as_root},
    program::Program,
    shell::in_shell,
};
use crate::outcome::Outcome;

/// Lines that destroy sockets; `B` is replaced by the first digit of the ports of one twin.
const LINES: [&str; 13] = [
    // The state that lasts only 60 s comes first.
    "-Ktan state fin-wait-2 sport = :B0006",
    "-Kan sport = :B9999",
    "-Kan sport = :B0001",
    "-Kan dport = :B0002 and src 127.0.0.1",
    "-KanHQ sport = :B0003",
    "-Kan state time-wait sport = :B0005",
    "-Ktan dport = :B0006",
    "-Ktln sport = :B0080",
    "-K6tan src [::1]:B0081",
    "-Kuan sport = :B0053",
    "-Kuan sport = :B0054",
    "-Ku6an sport = :B0055",
    // Destroyed before, or idle.
    "-Ktn sport = :B0001",
];

/// Both halves, as the program lists them.
const LEFT: &str = "-tuan sport >= :B0000 and sport <= :B9999";

fn of_twin(line: &str, digit: &str) -> Vec<String> {
    words(&line.replace('B', digit))
}

fn ours(line: &str) -> Outcome {
    Program::ours().run(&of_twin(line, "2"), None)
}

/// Runs ours in the shell, with only these grants.
fn granted(grants: &str, line: &str) -> Outcome {
    let line = of_twin(line, "2").join(" ");
    in_shell(&["--grant", grants], &format!("ss {line}"))
}

/// Returns a listing of the first twin with the ports of the second.
fn as_second(listing: &[u8]) -> BString {
    listing.replace(":10", ":20").into()
}

fn sorted(listing: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = listing.lines().collect();
    lines.sort_unstable();
    lines
}

/// Returns the errors that the processes of both twins got.
fn seen(fixture: &mut Fixture) -> (String, String) {
    let said = fixture.go();
    let (first, second) = said.split_once(" | ").unwrap();
    (first.to_owned(), second.to_owned())
}

#[test]
fn exactly_the_selected_sockets_are_destroyed() {
    inside("live::kill::exactly_the_selected_sockets_are_destroyed", || {
        let Some(real) = Program::real() else { return };
        let mut fixture = Fixture::start(&["victims"]);
        let (first, second) = seen(&mut fixture);
        assert_eq!(first, second);
        assert!(!first.contains("ECONNABORTED"), "{first}");
        for line in LINES {
            let theirs = real.run(&of_twin(line, "1"), None);
            assert_eq!(theirs.stderr, "", "{line}");
            let ours = ours(line);
            let printed = as_second(&theirs.stdout);
            assert_eq!(ours.stdout, printed, "{line}");
            let [theirs, ours] = ["1", "2"].map(|digit| real.run(&of_twin(LEFT, digit), None));
            let left = as_second(&theirs.stdout);
            assert_eq!(sorted(&ours.stdout), sorted(&left), "after {line}");
        }
        let (first, second) = seen(&mut fixture);
        assert_eq!(first, second);
        assert_eq!(second.matches("ECONNABORTED").count(), 9, "{second}");
    });
}

#[test]
fn undestroyed_sockets_are_reported() {
    inside("live::kill::undestroyed_sockets_are_reported", || {
        let _fixture = Fixture::start(&["victims"]);
        let unix = ours("-KxanH src *victimB0000");
        assert_eq!((unix.stdout.as_bstr(), unix.status), (b"".as_bstr(), 1));
        let reported = unix.stderr.to_str().unwrap();
        assert!(reported.starts_with("ss: u_str "), "{reported}");
        assert!(
            reported
                .ends_with(" was not closed: only internet sockets that sock_diag lists can be\n"),
            "{reported}"
        );
        let idle = ours("-KtanH sport = :B0099");
        assert_eq!((idle.stdout.as_bstr(), idle.status), (b"".as_bstr(), 1));
        assert_eq!(
            idle.stderr,
            "ss: tcp 127.0.0.1:20099 0.0.0.0:0 was not closed: expected the socket in tcp, but the \
             kernel does not have it\n"
        );
    });
}

#[test]
fn other_end_of_a_destroyed_connection_is_not_reported() {
    inside("live::kill::other_end_of_a_destroyed_connection_is_not_reported", || {
        let _fixture = Fixture::start(&["victims"]);
        let both = ours("-KtnH sport = :B0001 or dport = :B0001");
        assert_eq!((both.stdout.lines().count(), both.status), (1, 0), "{}", both.stderr);
        assert_eq!(both.stderr, "");
    });
}

/// Runs ours without any capability.
fn without_rights(line: &str) -> Outcome {
    let program = Program::ours().command(&[], None);
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-all", "--inh-caps", "-all"]).arg(program.get_program());
    command.args(of_twin(line, "2"));
    let output = command.output().unwrap();
    Outcome {
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        status: output.status.code().unwrap(),
    }
}

#[test]
fn destroying_needs_grant_filter_and_right() {
    inside("live::kill::destroying_needs_grant_filter_and_right", || {
        let mut fixture = Fixture::start(&["victims"]);
        let before = seen(&mut fixture);
        let no_filter =
            "ss: -K is refused: without a filter expression it would close every socket there is\n";
        let refused = [
            (
                granted("sockets,events", "-Kan sport = :B0001"),
                "ss: -K is refused: it needs the grant \"kill\", which this host does not give\n",
            ),
            (
                granted("kill", "-KanH sport = :B0001"),
                "ss: listing sockets needs the grant \"sockets\", which this host does not give\n",
            ),
            (ours("-Kan"), no_filter),
            (ours("-Ktan state established"), no_filter),
            (blank(), no_filter),
            (
                without_rights("-KanH sport = :B0001"),
                "ss: not every socket was closed: sock_diag refused the request about tcp: \
                 Operation not permitted (os error 1)\n",
            ),
        ];
        for (outcome, message) in refused {
            assert_eq!((outcome.stdout.as_bstr(), outcome.status), (b"".as_bstr(), 1), "{message}");
            assert_eq!(outcome.stderr, message);
        }
        assert_eq!(seen(&mut fixture), before);
    });
}

/// Runs ours with a filter of one blank.
fn blank() -> Outcome {
    let args = ["-Kan", " "].map(str::to_owned);
    Program::ours().run(&args, None)
}

/// Opens a connection that is not accepted, prints its process id, and ends with its input.
const SERVER: &str = "\
import os, socket, sys
listener = socket.create_server(('127.0.0.1', 9100))
client = socket.create_connection(('127.0.0.1', 9100))
print(os.getpid(), flush=True)
os.close(1)
sys.stdin.read()";

/// A filter may exclude a process only if every process can be read. That needs root, and a `/proc`
/// of the whole machine.
#[test]
fn excluded_process_keeps_its_sockets_and_their_queues() {
    inside_as_root("live::kill::excluded_process_keeps_its_sockets_and_their_queues", || {
        if !fs::read_to_string("/proc/2/comm").is_ok_and(|name| name == "kthreadd\n") {
            return eprintln!("*** NOTHING IS TESTED: this is a separate PID namespace. ***");
        }
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
        let mut python = Command::new("python3");
        let python = python.args(["-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = python.spawn().unwrap();
        let pid = io::read_to_string(server.stdout.take().unwrap()).unwrap();
        let ours = |line: &str| Program::ours().run(&words(line), None);
        let all = "-tanH sport = :9100 or dport = :9100";
        assert_eq!(ours(all).stdout.lines().count(), 3);
        let excluded = ours(&format!("-KtanH not pid = {} and sport = :9100", pid.trim()));
        assert_eq!(excluded.stdout, "");
        assert_eq!(ours(all).stdout.lines().count(), 3);
        if excluded.stderr.contains_str("is closed to this user") {
            assert_eq!(excluded.status, 1);
            eprintln!("*** NO MORE IS TESTED: root cannot read every process here. ***");
        } else {
            assert_eq!((excluded.stderr.as_bstr(), excluded.status), (b"".as_bstr(), 0));
            // A socket that another process has open is closed.
            let closed = ours("-KtlnH not pid = 1 and sport = :9100");
            assert_eq!((closed.stderr.as_bstr(), closed.status), (b"".as_bstr(), 0));
            assert!(closed.stdout.contains_str("127.0.0.1:9100"), "{}", closed.stdout);
        }
        drop(server.stdin.take());
        assert!(server.wait().unwrap().success());
    });
}
