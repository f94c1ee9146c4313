//! Runs the probe in separate user and mount namespaces.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

/// The report of the probe: a line for each thing that it opened.
pub(crate) struct ProbeReport(String);

impl ProbeReport {
    /// Requires the outcome (the first word) of a line of the report.
    #[track_caller]
    pub(crate) fn expect(&self, line: &str, outcome: &str) {
        assert!(self.says(line, outcome), "expected {line}: {outcome}, but found\n{}", self.0);
    }

    /// Returns whether a line of the report has that outcome.
    pub(crate) fn says(&self, line: &str, outcome: &str) -> bool {
        let found = self.0.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(": "));
        found.and_then(|found| found.split(' ').next()) == Some(outcome)
    }

    /// Requires that nothing read through the handle is forged or another process's.
    #[track_caller]
    pub(crate) fn expect_no_lie(&self) {
        for line in self.0.lines().filter(|line| !line.starts_with("plain ")) {
            let lies = line.ends_with(": FAKE") || line.ends_with(": OTHER");
            assert!(!lies, "expected no lie, but found {line}, of\n{}", self.0);
        }
    }
}

/// The requirements of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A user and a mount namespace.
    Mounts,
    /// These, a PID namespace, and a `/proc` without mounts over it, which the kernel requires for
    /// mounting a new procfs.
    Procfs,
    /// Root, for a second user.
    Root,
}

impl Need {
    fn unshare(self) -> &'static [&'static str] {
        match self {
            Self::Mounts => &["-U", "-r", "-m"],
            Self::Procfs => &["-U", "-r", "-m", "-p", "-f", "--kill-child", "--mount-proc"],
            Self::Root => &["-m", "-p", "-f", "--kill-child", "--mount-proc"],
        }
    }

    fn is_met(self) -> bool {
        static MOUNTS: LazyLock<bool> = LazyLock::new(|| tried(Need::Mounts));
        static PROCFS: LazyLock<bool> = LazyLock::new(|| tried(Need::Procfs));
        static ROOT: LazyLock<bool> = LazyLock::new(|| tried(Need::Root));
        match self {
            Self::Mounts => *MOUNTS,
            Self::Procfs => *PROCFS,
            Self::Root => *ROOT && rustix::process::geteuid().is_root(),
        }
    }
}

/// Runs a shell script in new namespaces, which ends by executing the probe.
///
/// Returns `None` with a message where the machine does not permit it. In CI this fails.
#[track_caller]
pub(crate) fn run(need: Need, script: &str, steps: &[&str]) -> Option<ProbeReport> {
    run_script(need, &format!("{script}\nexec \"$PROBE\" \"$@\""), steps)
}

/// Runs a shell script that starts the probe itself, with its steps in `"$@"`.
#[track_caller]
pub(crate) fn run_script(need: Need, script: &str, steps: &[&str]) -> Option<ProbeReport> {
    if !need.is_met() {
        skip(&format!("unshare is missing, or may not make namespaces ({need:?}) here"));
        return None;
    }
    let output = unshare(need, &format!("set -eu\n{FAKES}\n{script}"), steps).unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "expected success, but found {}\n{errors}", output.status);
    assert!(!report.starts_with("probe failed"), "expected a report, but found {report}{errors}");
    Some(ProbeReport(report))
}

/// Reports loudly that a test did not run; in CI it fails.
#[track_caller]
pub(crate) fn skip(reason: &str) {
    #[expect(clippy::disallowed_methods, reason = "the test's own environment")]
    let in_ci = env::var_os("CI").is_some();
    assert!(!in_ci, "expected to run in CI, but {reason}");
    note(reason);
}

/// Reports loudly that a test did not run, for a reason that is valid even in CI.
pub(crate) fn note(reason: &str) {
    // The output of the macros is captured.
    #[expect(clippy::disallowed_methods, reason = "a skipped test must be seen")]
    let mut stderr = io::stderr();
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(stderr, "SKIPPED {name}: {reason}").unwrap();
}

/// A directory of crafted files, `$FAKE`, whose tables contain the marker that the probe looks for.
const FAKES: &str = r#"
FAKE=$SCRATCH/fake
mount -t tmpfs fake "$SCRATCH"
mkdir -p "$FAKE/net" "$FAKE/self/net" "$FAKE/thread-self/net" "$FAKE/sys/net/ipv4"
for net in net self/net thread-self/net; do
    printf '  sl  local_address rem_address   st\n   0: EFBEADDE:DEAD 00000000:0000 0A\n' \
        > "$FAKE/$net/tcp"
done
echo '1 (forged) S 1' | tee "$FAKE/stat" "$FAKE/self/stat" > "$FAKE/thread-self/stat"
echo 'forged' > "$FAKE/sys/net/ipv4/ip_local_port_range"
"#;

fn tried(need: Need) -> bool {
    unshare(need, "mount -t tmpfs tried \"$SCRATCH\"", &[])
        .is_ok_and(|output| output.status.success())
}

fn unshare(need: Need, script: &str, steps: &[&str]) -> io::Result<Output> {
    let scratch = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "namespaces need a separate process")]
    Command::new("unshare")
        .args(need.unshare())
        .args(["--propagation", "private", "sh", "-c", script, "sh"])
        .args(steps)
        .env("PROBE", PROBE.as_path())
        .env("SCRATCH", scratch.path())
        .output()
}

/// The example program, in the build directory of this test.
///
/// A plain `cargo test` has built it. `cargo test --test all` and `--all-targets` have not.
static PROBE: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    let probe = profile.join("examples/proc_root_probe");
    if is_stale(&probe) {
        build(profile);
    }
    probe
});

/// Returns whether a program is missing, or older than what it is built from.
fn is_stale(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified());
    let Ok(built) = changed(program) else { return true };
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let module =
        package.join("src/proc/root").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut sources = module.chain([package.join("examples/proc_root_probe.rs")]);
    sources.any(|source| changed(&source).unwrap() > built)
}

fn build(profile: &Path) {
    #[expect(clippy::disallowed_methods, reason = "cargo has not built the example")]
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--example", "proc_root_probe"]);
    cargo.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "expected the example to be built");
}
