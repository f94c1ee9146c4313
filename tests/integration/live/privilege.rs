//! Listings of root's shell without `CAP_NET_ADMIN`, compared with the real `ss` without it.

#![expect(clippy::disallowed_methods, reason = "the tests write programs and a policy")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use bstr::ByteSlice as _;

use super::{
    compare::{ProgramPair, compare_with},
    fixture::Fixture,
    line::words,
    namespace::inside,
    program::Program,
    shell::in_shell,
};
use crate::escape::program::SHELL;

/// Listings of everything that the kernel shows only with the capability.
const LINES: [&str; 9] =
    ["-tane", "-tab", "-tani", "-uane", "-uab", "-wabe", "-0abe", "-xae", "-Maei"];

/// Creates a program that runs this line.
fn wrapper(directory: &Path, name: &str, line: &str) -> Program {
    let path = directory.join(name);
    fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Program::at(&path)
}

#[test]
fn shell_without_net_admin_lists_the_same_as_the_real_ss() {
    inside("live::privilege::shell_without_net_admin_lists_the_same_as_the_real_ss", || {
        let Some(real) = Program::real() else { return };
        let _fixture = Fixture::new();
        let directory = tempfile::tempdir().unwrap();
        let real: Vec<_> = real.words().map(|word| word.into_string().unwrap()).collect();
        let without = "setpriv --bounding-set -net_admin --inh-caps -net_admin";
        let real = format!("exec {without} {} \"$@\"", real.join(" "));
        let pair = ProgramPair {
            real: wrapper(directory.path(), "real", &real),
            ours: wrapper(
                directory.path(),
                "ours",
                &format!("exec {} -c \"ss $*\"", SHELL.display()),
            ),
        };
        let lines = LINES.map(words);
        compare_with(&pair, "without CAP_NET_ADMIN", &lines, &[None]);
    });
}

#[test]
fn marks_and_packet_filters_are_shown_where_the_policy_keeps_net_admin() {
    inside(
        "live::privilege::marks_and_packet_filters_are_shown_where_the_policy_keeps_net_admin",
        || {
            let fixture = Fixture::new();
            let policy = fixture.directory().join("policy.toml");
            fs::write(&policy, "net-admin = true\n").unwrap();
            let kept = ["--policy", policy.to_str().unwrap()];
            let kill = ["--grant", "sockets,kill"];
            for (script, what) in [("ss -tane", "fwmark:0x1234"), ("ss -0ab", "bpf filter (1):")] {
                let shows = |options| in_shell(options, script).stdout.contains_str(what);
                assert!(shows(&kept) && shows(&kill) && !shows(&[]), "{script}");
            }
        },
    );
}
