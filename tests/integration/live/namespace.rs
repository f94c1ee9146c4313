//! Runs a test again in separate namespaces.

#![expect(
    clippy::disallowed_methods,
    reason = "the test starts itself in new namespaces, and knows by a variable that it did"
)]

use std::process::Command;

use crate::workspace;

/// Set in the second run. It allows nothing: a person who sets it sees tests fail.
const MARK: &str = "SS_TESTS_IN_NAMESPACE";
/// A user namespace with root, a network namespace without sockets, and a mount namespace.
const UNPRIVILEGED: &str = "-Urnm";
/// The same without a user namespace, which needs root.
const PRIVILEGED: &str = "-nm";

/// Runs `body` with an empty network namespace around this process: the test binary is started
/// again for the test of that name, its path below the crate.
///
/// Where namespaces or Python are missing, it reports this loudly, and fails if `CI` is set.
pub(crate) fn inside(test: &str, body: fn()) {
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    if let Some(missing) = missing() {
        assert!(!workspace::is_ci(), "live tests need {missing}");
        eprintln!("*** {test}: NOTHING IS TESTED, because this needs {missing}. ***");
        return;
    }
    again(test, UNPRIVILEGED);
}

/// Does the same with all the users of the machine, if this is run by root; otherwise it reports
/// that it is not.
pub(crate) fn inside_as_root(test: &str, body: fn()) {
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    if missing().is_some() || !works("unshare", &[PRIVILEGED, "true"]) {
        eprintln!("*** {test}: NOTHING IS TESTED, because this needs root. ***");
        return;
    }
    again(test, PRIVILEGED);
}

fn again(test: &str, namespaces: &str) {
    // Built once here instead of in each test that is started.
    let programs = testkit::built("");
    let program = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args([namespaces, "--"])
        .arg(program)
        .args(["--exact", test, "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .env(testkit::ALREADY_BUILT, programs)
        .output()
        .unwrap();
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    eprintln!("{}", stderr.trim_end());
    assert!(output.status.success(), "{test} failed in its namespace:\n{stdout}");
    assert!(stdout.contains("1 passed"), "there is no test {test:?}:\n{stdout}");
}

/// Returns what is missing, if anything.
fn missing() -> Option<&'static str> {
    if !works("python3", &["-c", "import socket"]) {
        return Some("python3");
    }
    if !works("unshare", &[UNPRIVILEGED, "true"]) {
        return Some("unshare of util-linux, and the permission to make user namespaces");
    }
    None
}

fn works(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}
