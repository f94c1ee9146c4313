//! Host names, compared with the real `ss`: with a host table and a name server of the test, and
//! without a network.

#![expect(
    clippy::disallowed_methods,
    reason = "the test makes a host table and starts both programs"
)]

use std::{
    ffi::OsStr,
    fs,
    io::Read as _,
    process::{Child, Command, Stdio},
    thread,
};

use bstr::ByteSlice as _;
use tempfile::TempDir;

use super::{line::words, namespace::inside, program::Program, shell::in_shell};
use crate::{outcome::Outcome, workspace};

/// Listens on every kind of address, prints a line, and ends with its input.
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

/// Lines with names of the name server, beside those of the host table.
const DNS_LINES: [&str; 5] = [
    "-tlrnH src 127.0.0.20",
    "-tlnH src dns.example",
    "-tlrH sport = :8010 and not src 127.0.0.21 and not src 127.0.0.22",
    "-tlnH not src many.example",
    "-tlnH dst dns.example or sport = :8010",
];

/// Mounts files of the test over those of `/etc`.
fn mount_over(files: &[(&str, &str)]) -> TempDir {
    let tables = TempDir::new().unwrap();
    for (name, text) in files {
        let path = tables.path().join(name);
        fs::write(&path, text).unwrap();
        let mut mount = Command::new("mount");
        let mount = mount.arg("--bind").arg(path).arg(format!("/etc/{name}"));
        assert!(mount.status().unwrap().success(), "/etc/{name} can be mounted over");
    }
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().is_ok());
    tables
}

/// A server in Python, until this is dropped.
struct TestServer(Child);

impl TestServer {
    fn start(args: &[&OsStr]) -> Self {
        let mut python = Command::new("python3");
        let python = python.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        let ready = child.stdout.as_mut().unwrap().read_exact(&mut [0]);
        assert!(ready.is_ok(), "the server gets ready");
        Self(child)
    }

    /// The name server of the fixture.
    fn of_names() -> Self {
        Self::start(&[workspace::path("tests/fixture/nameserver.py").as_os_str()])
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let status = self.0.wait().unwrap();
        assert!(status.success() || thread::panicking());
    }
}

/// Runs a script in the shell, with the grant to resolve.
fn resolving(options: &[&str], script: &str) -> Outcome {
    in_shell(&[&["--grant", "sockets,resolve"], options].concat(), script)
}

/// Requires the output of the real one for each line, from the program, from the shell and from the
/// unconfined shell.
fn compare(lines: &[&str]) {
    let Some(real) = Program::real() else { return };
    let ours = Program::ours();
    for line in lines {
        let expected = real.run(&words(line), None);
        assert_eq!(ours.run(&words(line), None), expected, "ss {line}");
        assert!(expected.stdout.contains_str(":80"), "ss {line} lists nothing");
        // A parenthesis has a meaning in the shell.
        for options in [&[][..], &["--no-confine"]] {
            let found = resolving(options, &format!("ss {line}"));
            assert_eq!(found, expected, "{options:?} ss {line}");
        }
    }
}

#[test]
fn names_of_hosts_are_those_of_the_real_one() {
    inside("live::resolve::names_of_hosts_are_those_of_the_real_one", || {
        let _tables = mount_over(&[
            ("hosts", "127.0.0.1 localhost\n::1 six.example\n127.0.0.9 nine.example nine\n"),
            ("nsswitch.conf", "hosts: files\n"),
        ]);
        let _server = TestServer::start(&["-c".as_ref(), SERVER.as_ref()]);
        compare(&LINES);
    });
}

/// Tables that send everything except `localhost` to the name server of the fixture.
fn mount_dns() -> TempDir {
    mount_over(&[
        ("hosts", "127.0.0.1 localhost\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
        ("resolv.conf", "nameserver 127.0.0.1\n"),
    ])
}

#[test]
fn names_of_a_name_server_are_those_of_the_real_one() {
    inside("live::resolve::names_of_a_name_server_are_those_of_the_real_one", || {
        let _tables = mount_dns();
        let _server = TestServer::of_names();
        compare(&DNS_LINES);
    });
}

/// The answer comes by TCP, because it does not fit into a datagram.
#[test]
fn every_address_of_a_host_is_resolved() {
    inside("live::resolve::every_address_of_a_host_is_resolved", || {
        let _tables = mount_dns();
        let _server = TestServer::of_names();
        for options in [&[][..], &["--no-confine"]] {
            let found = resolving(options, "ss -tlnH src many.example");
            assert_eq!((found.stderr.as_bstr(), found.status), ("".into(), 0));
            assert_eq!(found.stdout, "LISTEN 0      128    127.1.0.60:8010 0.0.0.0:*\n");
        }
        // Compat: the real one finds it only in the text table. If that changes, remove this.
        let Some(real) = Program::real() else { return };
        assert_eq!(real.run(&words("-tlnH src many.example"), None).stdout, "");
    });
}

#[test]
fn name_server_without_an_answer_delays_a_bounded_time() {
    inside("live::resolve::name_server_without_an_answer_delays_a_bounded_time", || {
        let _tables = mount_dns();
        let _server = TestServer::of_names();
        for options in [&[][..], &["--no-confine"]] {
            let asked = resolving(options, "ss -tlnH src slow.example; ss -tlnH src dns.example");
            assert!(asked.stdout.starts_with_str("LISTEN"), "{}", asked.stdout);
            let message = asked.stderr.lines().next().unwrap().as_bstr();
            assert_eq!(
                message,
                "ss: the host \"slow.example\" cannot be resolved: no answer in time"
            );
            // The address is printed instead of the name that is not resolved.
            let listed = resolving(options, "ss -tlrnH sport = :8010 and not src 127.0.0.22");
            assert_eq!((listed.stderr.as_bstr(), listed.status), ("".into(), 0));
            for shown in [" 127.0.0.21:8010 ", " dns.example:8010 ", " 127.1.0.60:8010 "] {
                assert!(listed.stdout.contains_str(shown), "{shown}: {}", listed.stdout);
            }
        }
    });
}

#[test]
fn names_that_a_name_server_chooses_are_escaped() {
    inside("live::resolve::names_that_a_name_server_chooses_are_escaped", || {
        let _tables = mount_dns();
        let _server = TestServer::of_names();
        let listed = resolving(&[], "ss -tlrnH src 127.0.0.22");
        assert_eq!((listed.stdout.lines().count(), listed.status), (1, 0), "{}", listed.stdout);
        assert!(!listed.stdout.contains(&0x1b), "{}", listed.stdout);
    });
}

#[test]
fn resolver_is_not_asked_without_grant() {
    inside("live::resolve::resolver_is_not_asked_without_grant", || {
        let _tables = mount_dns();
        let _server = TestServer::of_names();
        let refused = in_shell(&[], "ss -tln src dns.example");
        assert_eq!((refused.stdout.as_bstr(), refused.status), ("".into(), 1));
        assert!(refused.stderr.contains_str("needs the grant \"resolve\""), "{refused:?}");
        let listed = in_shell(&[], "ss -tlr");
        assert_eq!((listed.stdout, listed.status), (in_shell(&[], "ss -tl").stdout, 0));
        assert!(listed.stderr.contains_str("needs the grant \"resolve\""));
    });
}
