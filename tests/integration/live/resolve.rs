//! Names of hosts, beside the real `ss`: over a host table of the test's own, and without a network.

#![expect(
    clippy::disallowed_methods,
    reason = "the test makes a host table and starts both programs"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{line::words, namespace::inside, program::Program};

/// Listens on every kind of address, says so, and ends with its input.
const SERVER: &str = "\
import socket, sys
def listen(family, host, port):
    listener = socket.socket(family)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host == '::1')
    listener.bind((host, port))
    listener.listen()
    return listener
four, six = socket.AF_INET, socket.AF_INET6
held = [listen(four, '127.0.0.1', 8001), listen(six, '::1', 8002), listen(six, '::', 8003),
    listen(four, '', 8004), listen(six, '::ffff:127.0.0.1', 8005), listen(four, '127.0.0.9', 8006)]
print(flush=True)
sys.stdin.read()";

const LINES: [&str; 8] = [
    "-tlr",
    "-tlrn",
    "-tlr4H",
    "-tlr6",
    "-talrO",
    "-tlrn src localhost",
    "-tln src localhost",
    "-tlrn src 127.0.0.9 or sport = :8002",
];

#[test]
fn names_of_hosts_are_those_of_the_real_one() {
    inside("live::resolve::names_of_hosts_are_those_of_the_real_one", || {
        let Some(real) = Program::real() else { return };
        let tables = TempDir::new().unwrap();
        for (name, text) in [
            ("hosts", "127.0.0.1 localhost\n::1 six.example\n127.0.0.9 nine.example nine\n"),
            ("nsswitch.conf", "hosts: files\n"),
        ] {
            let path = tables.path().join(name);
            fs::write(&path, text).unwrap();
            let mut mount = Command::new("mount");
            let mount = mount.arg("--bind").arg(path).arg(format!("/etc/{name}"));
            assert!(mount.status().unwrap().success(), "/etc/{name} can be mounted over");
        }
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().is_ok());
        let mut server = Command::new("python3")
            .args(["-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let ours = Program::ours_resolving();
        for line in LINES {
            let (expected, found) = (real.run(&words(line), None), ours.run(&words(line), None));
            assert_eq!(found, expected, "ss {line}");
            assert!(expected.stdout.to_string().contains(":800"), "ss {line} lists nothing");
        }
        drop(server.stdin.take());
        assert!(server.wait().unwrap().success());
    });
}
