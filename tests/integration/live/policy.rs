//! A narrow policy reveals nothing about the live sockets that it hides.

#![expect(clippy::disallowed_methods, reason = "the tests open sockets and write policies")]

use std::{
    fs,
    net::UdpSocket,
    os::unix::net::{UnixDatagram, UnixStream},
};

use bstr::{BString, ByteSlice as _};
use tempfile::TempDir;

use super::{
    fixture::Fixture, line::words, mask::Motion, namespace::inside, program::Program,
    shell::in_shell,
};

/// Only IPv4 sockets.
const NARROW: &str = "grants = [\"sockets\"]\nfamilies = [\"inet\"]\n";

/// Returns what a script prints in the shell under a policy.
fn under(policy: &str, script: &str) -> BString {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("policy.toml");
    fs::write(&file, policy).unwrap();
    let outcome = in_shell(&["--policy", file.to_str().unwrap()], script);
    assert_eq!((outcome.stderr.as_bstr(), outcome.status), ("".into(), 0), "{script}");
    outcome.stdout
}

/// Returns the words of a listing without inodes, which the kernel counts for every kind of file.
fn without_inodes(listing: &[u8]) -> Vec<&[u8]> {
    let words = listing.split(|byte| b" ,{\n".contains(byte));
    words.filter(|word| !word.starts_with(b"ino:") && !word.starts_with(b"\"inode\":")).collect()
}

#[test]
fn hidden_sockets_leave_no_gap_between_visible_ones() {
    inside("live::policy::hidden_sockets_leave_no_gap_between_visible_ones", || {
        let ours = Program::ours();
        for script in ["ss -uanOe", "ss -uan --json-lines"] {
            let listings = [0, 7, 40].map(|gap| {
                let _first = UdpSocket::bind("0.0.0.0:7001").unwrap();
                under(NARROW, script);
                let hidden: Vec<_> = (0..gap).map(|_| UnixDatagram::unbound().unwrap()).collect();
                // The kernel numbers a socket when it is first listed.
                ours.run(&words("-xan"), None);
                let _second = UdpSocket::bind("0.0.0.0:7002").unwrap();
                let listing = under(NARROW, script);
                assert_eq!(hidden.len(), gap);
                listing
            });
            let [none, ..] = &listings;
            assert!(none.contains_str("7001") && none.contains_str("7002"), "{none}");
            for listing in &listings {
                assert_eq!(without_inodes(listing), without_inodes(none), "{script}");
            }
        }
    });
}

#[test]
fn listings_do_not_change_when_hidden_sockets_appear() {
    inside("live::policy::listings_do_not_change_when_hidden_sockets_appear", || {
        let _fixture = Fixture::start(&["stay", "5"]);
        let scripts = [
            "ss -an",
            "ss -anOe",
            "ss -anOemoi",
            "ss -tuwanH",
            "ss -an --json-lines",
            "ss -an --count",
            "ss -tan --cgroup",
            "ss -xan; ss -4an; ss -6an",
            "netstat -ane",
        ];
        let list = || scripts.map(|script| under(NARROW, script));
        let before = list();
        let mut hidden = Vec::new();
        for _ in 0..40 {
            hidden.push(UnixStream::pair().unwrap());
        }
        let _others: Vec<_> = (0..7).map(|_| UdpSocket::bind("[::]:0").unwrap()).collect();
        Program::ours().run(&words("-an"), None);
        for ((script, before), after) in scripts.into_iter().zip(before).zip(list()) {
            assert!(before.lines().count() > 0, "{script}");
            // Times differ, and counters that the kernel updates.
            assert!(
                Motion::between(&before, &after).is_some(),
                "{script}\nbefore:\n{before}\nafter:\n{after}"
            );
        }
        assert_eq!(hidden.len(), 40);
    });
}

#[test]
fn only_control_groups_of_visible_sockets_are_known() {
    inside("live::policy::only_control_groups_of_visible_sockets_are_known", || {
        let _udp = UdpSocket::bind("0.0.0.0:7001").unwrap();
        let listed = under(NARROW, "ss -uanH --cgroup");
        let (_, own) = listed.trim_end().split_once_str("cgroup:").expect("the kernel reports it");
        let own = own.to_str().unwrap();
        if own.starts_with("unreachable:") {
            return eprintln!("*** NOTHING IS TESTED: control groups are mounted elsewhere. ***");
        }
        let script = format!("ss -uanH 'cgroup = {own}'");
        assert_eq!(under(NARROW, &script).lines().count(), 1);
        // There is no socket of IPv6.
        let other = NARROW.replace("inet", "inet6");
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("policy.toml");
        fs::write(&file, other).unwrap();
        let outcome = in_shell(&["--policy", file.to_str().unwrap()], &script);
        assert_eq!((outcome.stdout.as_bstr(), outcome.status), ("".into(), 1));
        assert!(outcome.stderr.contains_str("there is no control group"), "{}", outcome.stderr);
    });
}
