//! Clippy finds every call that opens something ambient: the whole list of `clippy.toml` is tried.

#![expect(clippy::disallowed_methods, reason = "the test starts clippy")]

use std::{collections::BTreeSet, env, process::Command};

use crate::workspace;

/// Returns the paths that `clippy.toml` disallows.
fn listed() -> BTreeSet<String> {
    let text = String::from_utf8(workspace::read("clippy.toml")).unwrap();
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("{ path = \""));
    lines.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// Returns the paths that clippy finds in the package `openings`, or `None` where there is no
/// clippy.
fn found() -> Option<BTreeSet<String>> {
    let mut clippy = Command::new(env!("CARGO"));
    if !clippy.args(["clippy", "--version"]).output().unwrap().status.success() {
        assert!(!workspace::is_ci(), "there is no clippy to try the list with");
        eprintln!("*** NOTHING IS TESTED: there is no clippy. ***");
        return None;
    }
    let test = env::current_exe().unwrap();
    let target = test.ancestors().nth(3).expect("the test lies in a target directory");
    let mut clippy = Command::new(env!("CARGO"));
    clippy.args(["clippy", "--offline", "--quiet", "--message-format=short"]);
    clippy.args(["--package", "openings", "--target-dir"]).arg(target);
    clippy.args(["--", "--cfg", "fires"]).current_dir(workspace::path("."));
    let output = clippy.output().unwrap();
    assert!(!output.status.success(), "the list denies nothing");
    let lines = String::from_utf8(output.stderr).unwrap();
    let errors = lines.lines().filter_map(|line| {
        let (_, rest) = line.split_once("error: use of a disallowed method `")?;
        rest.split('`').next().map(str::to_owned)
    });
    Some(errors.collect())
}

#[test]
fn every_disallowed_call_exists_and_is_an_error() {
    let listed = listed();
    assert!(listed.len() > 100, "the list cannot be read");
    if let Some(found) = found() {
        let dead: Vec<_> = listed.difference(&found).collect();
        assert!(dead.is_empty(), "no error for {dead:?}");
        assert_eq!(listed, found);
    }
}
