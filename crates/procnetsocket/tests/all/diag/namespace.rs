//! Runs a test again in separate user, network and mount namespaces, where it is root.

use std::{
    env,
    io::{self, Write},
    process::Command,
    sync::LazyLock,
};

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, netlink::SocketAddrNetlink, sendto,
    socket_with,
};

/// Set in the process that runs in the namespaces.
const INSIDE: &str = "DIAG_TEST_INSIDE";

/// Returns whether this process is in separate namespaces, and so has to run the test.
///
/// If it is not, it runs this one test in another process that is, and requires that it passes.
/// Where the machine does not permit that, it reports this, and fails in CI.
#[track_caller]
pub(crate) fn enter() -> bool {
    if is_set(INSIDE) {
        return true;
    }
    let name = std::thread::current().name().unwrap().to_owned();
    if !*IS_PERMITTED {
        skip(&name, "unshare is missing, or may not make namespaces here");
        return false;
    }
    let output = unshare()
        .arg(env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, errors) = (said(&output.stdout), said(&output.stderr));
    assert!(
        output.status.success(),
        "expected success in the namespace, but found\n{out}\n{errors}"
    );
    assert!(out.contains("1 passed"), "expected one test to run, but found\n{out}");
    false
}

static IS_PERMITTED: LazyLock<bool> =
    LazyLock::new(|| unshare().arg("true").output().is_ok_and(|output| output.status.success()));

fn unshare() -> Command {
    #[expect(clippy::disallowed_methods, reason = "namespaces need a separate process")]
    let mut command = Command::new("unshare");
    command.args(["-U", "-r", "-n", "-m"]);
    command
}

fn is_set(name: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the test's own environment")]
    env::var_os(name).is_some()
}

/// Reports loudly that a test did not run; in CI it fails.
#[track_caller]
fn skip(name: &str, reason: &str) {
    assert!(!is_set("CI"), "expected to run in CI, but {reason}");
    // The output of the macros is captured.
    #[expect(clippy::disallowed_methods, reason = "a skipped test must be seen")]
    let mut stderr = io::stderr();
    writeln!(stderr, "SKIPPED {name}: {reason}").unwrap();
}

/// Brings the loopback interface up, which is interface 1 and down at first.
pub(crate) fn loopback() {
    let flags = SocketFlags::CLOEXEC;
    #[expect(clippy::disallowed_methods, reason = "sets the namespace up")]
    // No protocol is number 0, which is rtnetlink.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None).unwrap();
    // RTM_NEWLINK with REQUEST; `struct ifinfomsg`: interface 1, IFF_UP, and the change mask.
    let words: [u32; 8] = [32, 16 | 1 << 16, 1, 0, 0, 1, 1, 1];
    let message: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    sendto(&socket, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).unwrap();
}
