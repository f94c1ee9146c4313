//! `--audit`: one line for each script, which scripts can neither change nor prevent.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    process::Command,
};

use rstest::rstest;
use tempfile::TempDir;

use crate::program::{program, run};

/// An audit file that does not exist yet, and its directory.
struct AuditPath {
    dir: TempDir,
    path: String,
}

impl AuditPath {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl").to_str().unwrap().to_owned();
        Self { dir, path }
    }

    fn run(&self, args: &[&str]) -> (String, String, i32) {
        run(&[&["--audit", &self.path], args].concat())
    }

    /// Returns the lines without their times, and durations as 0.
    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.path).unwrap();
        let line = |line: &str| {
            let (time, rest) = line.split_once(r#"","duration_ms":"#).unwrap();
            let time = time.strip_prefix(r#"{"time":""#).unwrap();
            assert!(time.len() == 30 && time.starts_with("20") && time.ends_with('Z'), "{time}");
            let (duration, rest) = rest.split_once(',').unwrap();
            duration.parse::<u64>().unwrap();
            rest.strip_suffix('}').unwrap().to_owned()
        };
        text.lines().map(line).collect()
    }
}

/// A fake root with two sockets.
fn root() -> testkit::FakeRoot {
    testkit::FakeProc::new()
        .tcp(testkit::Tcp::listen("127.0.0.1:80").inode(1))
        .tcp(testkit::Tcp::listen("127.0.0.1:81").inode(2))
        .build()
}

#[test]
fn line_contains_numbers_and_names_of_builtins() {
    let (place, root) = (AuditPath::new(), root());
    let root = root.path().to_str().unwrap();
    let script = "ss -Htln | cat; ss -K 2>/dev/null; ss -Htlnp 2>/dev/null >/dev/null; echo secret; \
                  secret-name; portwatch --list >/dev/null; exit 3";
    let (stdout, _, status) = place.run(&["--proc-root", root, "-c", script]);
    assert_eq!((stdout.lines().count(), status), (3, 3));
    assert_eq!(
        place.lines(),
        [
            r#""status":3,"commands":{"ss":3,"portwatch":1,"unknown":4},"grants_used":["sockets"],"grants_refused":["processes","kill"],"rows":6"#
        ]
    );
    assert!(!fs::read_to_string(&place.path).unwrap().contains("secret"));
    assert_eq!(fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn every_run_appends_a_line() {
    let place = AuditPath::new();
    place.run(&["-c", "exit 7"]);
    let inode = fs::metadata(&place.path).unwrap().ino();
    place.run(&["-c", "if then"]);
    place.run(&["--timeout", "200ms", "-c", "sleep 600"]);
    place.run(&["--max-output", "1", "-c", "echo abc"]);
    let statuses: Vec<_> =
        place.lines().iter().map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(statuses, [7, 2, 124, 1].map(|status| format!(r#""status":{status}"#)));
    assert_eq!(fs::metadata(&place.path).unwrap().ino(), inode);
}

#[test]
fn registered_commands_are_counted_by_their_names() {
    let place = AuditPath::new();
    let script = "for c in ss netstat portwatch fuser ip lsof nstat; do $c --version; done; true";
    place.run(&["-c", script]);
    let line = place.lines().remove(0);
    let expected = r#""commands":{"ss":1,"netstat":1,"portwatch":1,"fuser":1,"ip":1,"lsof":1,"nstat":1,"unknown":1}"#;
    assert!(line.contains(expected), "{line}");
}

/// Without an audit file no script runs.
#[rstest]
#[case::no_directory("/nowhere/at/all", "cannot open the audit")]
#[case::device("/dev/full", "expected a regular file for the audit")]
#[case::directory("/tmp", "cannot open the audit")]
#[case::no_name("/", "expected a regular file for the audit")]
fn audit_that_cannot_be_opened_prevents_scripts(#[case] path: &str, #[case] message: &str) {
    let (stdout, stderr, status) = run(&["--audit", path, "-c", "echo ran"]);
    assert_eq!((stdout.as_str(), status), ("", 2));
    assert!(stderr.starts_with(&format!("host-shell: {message}")), "{stderr}");
}

#[test]
fn links_and_fifos_are_refused_without_blocking() {
    let place = AuditPath::new();
    let other = place.dir.path().join("other");
    fs::write(&other, "").unwrap();
    symlink(&other, &place.path).unwrap();
    assert_eq!(place.run(&["-c", "echo ran"]).2, 2);
    assert_eq!(fs::read(&other).unwrap(), b"");
    fs::remove_file(&place.path).unwrap();
    assert!(Command::new("mkfifo").arg(&place.path).status().unwrap().success());
    let (stdout, _, status) = place.run(&["-c", "echo ran"]);
    assert_eq!((stdout.as_str(), status), ("", 2));
}

#[test]
fn audit_in_granted_directory_is_refused() {
    let place = AuditPath::new();
    let sub = place.dir.path().join("sub");
    fs::create_dir(&sub).unwrap();
    let dir = place.dir.path().to_str().unwrap();
    let inner = sub.join("audit").to_str().unwrap().to_owned();
    for (path, granted) in [(&place.path, dir.to_owned()), (&inner, format!("{dir}:rw"))] {
        let args = ["--audit", path, "--allow-path", &granted, "-c", "echo ran"];
        let (stdout, stderr, status) = run(&args);
        assert_eq!((stdout.as_str(), status), ("", 2));
        assert!(stderr.contains("expected an audit outside"), "{stderr}");
        assert!(!fs::exists(path).unwrap());
    }
    // A granted directory below that of the audit is fine.
    let args = ["--audit", &place.path, "--allow-path", sub.to_str().unwrap(), "-c", "echo ran"];
    assert_eq!(run(&args).0, "ran\n");
}

/// A confined script cannot reach the file by its path, its descriptor or a link.
#[test]
fn script_cannot_reach_the_audit() {
    let place = AuditPath::new();
    let granted = tempfile::tempdir().unwrap();
    symlink(&place.path, granted.path().join("link")).unwrap();
    place.run(&["-c", "true"]);
    let before = fs::read_to_string(&place.path).unwrap();
    let script = format!(
        "P={path}; D={granted}
         cat $P; echo forged >> $P; rm -f $P; mv $P $D; truncate -s 0 $P; cp $P $D/copy
         cat $D/link; echo forged >> $D/link; ln $P $D/hard
         for n in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
             echo forged >&$n; cat <&$n; echo forged >> /proc/self/fd/$n; echo forged > /dev/fd/$n
         done",
        path = place.path,
        granted = granted.path().display(),
    );
    let granted = format!("{}:rw", granted.path().display());
    let (stdout, ..) = place.run(&["--allow-path", &granted, "-c", &script]);
    let after = fs::read_to_string(&place.path).unwrap();
    let added = after.strip_prefix(&before).unwrap();
    assert_eq!(added.lines().count(), 1, "{added}");
    assert!(!stdout.contains("duration_ms") && !after.contains("forged"), "{stdout}{after}");
}

/// A partly written line is reported after the script, with an error status.
#[test]
fn line_that_cannot_be_written_is_reported() {
    let place = AuditPath::new();
    fs::write(&place.path, "x".repeat(512)).unwrap();
    let shell = program(&[]);
    let output = Command::new("prlimit")
        .args(["--fsize=513", "--"])
        .arg(shell.get_program())
        .args(["--audit", &place.path, "-c", "echo ran"])
        .output()
        .unwrap();
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"ran\n"[..], Some(1)));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("the script ran, and the audit cannot be written"), "{stderr}");
}
