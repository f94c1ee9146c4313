//! The prompt, at a terminal, in the confined program: its line editor needs the system while it
//! runs.

#![expect(clippy::disallowed_methods, reason = "the test starts the shell at a terminal")]

use std::process::{Command, Stdio};

use crate::{escape::program, workspace};

/// Types these lines, and returns the terminal output and the status.
fn typed(lines: &[&str]) -> Option<(String, i32)> {
    typed_to(&[], lines)
}

/// Types these lines to the program with these options.
fn typed_to(options: &[&str], lines: &[&str]) -> Option<(String, i32)> {
    let has_python = Command::new("python3").args(["-c", "import pty"]).output();
    if !has_python.is_ok_and(|output| output.status.success()) {
        assert!(!workspace::is_ci(), "there is no python3 to type at a terminal");
        eprintln!("*** THE PROMPT IS NOT TESTED: there is no python3. ***");
        return None;
    }
    let mut python = Command::new("python3");
    python.arg(workspace::path("tests/fixture/prompt.py")).arg(program::path());
    python.args(options).args(lines);
    let output = python.stdin(Stdio::null()).env("TERM", "xterm").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some((text, output.status.code().expect("the shell ends by itself")))
}

#[test]
fn lines_are_edited_and_run() {
    let lines = ["x=$((20 + 22))", "echo is $x", "ss -s | head -n 1 | wc -l", "exit 3"];
    let Some((text, status)) = typed(&lines) else { return };
    assert!(text.contains("is 42\r\n"), "{text:?}");
    assert!(text.contains("\r\n1\r\n"), "{text:?}");
    assert_eq!(status, 3, "{text:?}");
}

#[test]
fn files_stay_out_of_reach() {
    let Some((text, status)) = typed(&["cat /etc/shadow", "exit"]) else { return };
    assert!(text.contains("/etc/shadow: No such file or directory"), "{text:?}");
    assert_eq!(status, 1, "{text:?}");
}

#[test]
fn each_line_has_a_line_in_the_audit() {
    let directory = tempfile::tempdir().unwrap();
    let audit = directory.path().join("audit");
    let lines = ["true", "ss -V; (exit 3)", "exit 4"];
    let option = format!("--audit={}", audit.display());
    let Some((text, status)) = typed_to(&[&option], &lines) else { return };
    assert_eq!(status, 4, "{text:?}");
    let audit = std::fs::read_to_string(audit).unwrap();
    let has = |line: &str, part: &str| assert!(line.contains(part), "{line}");
    assert_eq!(audit.lines().count(), 3, "{audit}");
    for (line, status) in audit.lines().zip([0, 3, 4]) {
        has(line, &format!(r#""status":{status},"#));
    }
    has(audit.lines().nth(1).unwrap(), r#""ss":1"#);
}
