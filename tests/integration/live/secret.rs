//! Keys of TCP connections: shown where the policy allows it, to a process that may see them.

#![expect(clippy::disallowed_methods, reason = "the test writes a policy")]

use std::fs;

use bstr::ByteSlice as _;

use super::{fixture::Fixture, line::words, namespace::inside, program::Program, shell::in_shell};

/// One of the keys of the fixture.
const KEY: &str = "for-a-network";

#[test]
fn keys_are_hidden_unless_the_policy_shows_them() {
    inside("live::secret::keys_are_hidden_unless_the_policy_shows_them", || {
        let fixture = Fixture::new();
        let policy = fixture.directory().join("policy.toml");
        fs::write(&policy, "secrets = \"shown\"\nnet-admin = true\n").unwrap();
        let shown = ["--policy", policy.to_str().unwrap()];
        if let Some(real) = Program::real() {
            let listed = real.run(&words("-tani"), None).stdout;
            assert!(listed.contains_str(KEY), "the fixture has keys");
        }
        for script in ["ss -tani", "ss -tani --json", "ss -aime", "ss -tane --json-lines"] {
            let hidden = in_shell(&[], script);
            assert_eq!(hidden.status, 0, "{}", hidden.stderr);
            assert!(!hidden.stdout.contains_str(KEY), "{script}");
            assert!(!hidden.stdout.contains_str("md5"), "{script}");
        }
        // Objects contain keys as hexadecimal digits, because a key may be any bytes.
        let digits =
            KEY.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        for (script, key) in [("ss -tani", KEY), ("ss -tani --json", &digits)] {
            let shown = in_shell(&shown, script);
            assert!(shown.stdout.contains_str(key), "{script}: {}", shown.stderr);
        }
    });
}
