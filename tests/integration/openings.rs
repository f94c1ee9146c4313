//! Clippy finds every call that uses ambient authority: the whole list of `clippy.toml` is tested.
//! The files that may make such calls are listed in docs/architecture.md.

#![expect(clippy::disallowed_methods, reason = "the tests start clippy and read the sources")]

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

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
    let target = test.ancestors().nth(3).expect("the test is in a target directory");
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

/// Adds the files below a folder that make a disallowed call outside of tests.
fn add_opening_files(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            add_opening_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && stem != "tests"
            && stem != "generated"
        {
            let text = fs::read_to_string(&path).unwrap();
            let is_test =
                |rest: &&str| rest.starts_with("mod tests") || rest.starts_with("#[expect");
            let parts = text.split("#[cfg(test)]\n");
            let code = parts.take_while(|part| !is_test(part)).flat_map(str::lines);
            let mut code = code.map(str::trim_start);
            if code.any(|line| !line.starts_with("//") && line.contains("disallowed_methods")) {
                let below = path.strip_prefix(workspace::path("")).unwrap();
                found.insert(below.to_str().unwrap().to_owned());
            }
        }
    }
}

#[test]
fn opening_files_are_those_of_the_document() {
    let page = String::from_utf8(workspace::read("docs/architecture.md")).unwrap();
    let (_, rest) = page.split_once("\n## Authority\n").unwrap();
    let list = rest.split("\n\n## ").next().unwrap();
    let (mut listed, mut folder) = (BTreeSet::new(), "");
    for name in list.split('`').filter(|word| word.strip_suffix(".rs").is_some()) {
        if let Some((above, _)) = name.rsplit_once('/') {
            folder = above;
            listed.insert(name.to_owned());
        } else {
            listed.insert(format!("{folder}/{name}"));
        }
    }
    let mut found = BTreeSet::new();
    for parent in ["crates", "hosts"] {
        for entry in fs::read_dir(workspace::path(parent)).unwrap() {
            let member = entry.unwrap();
            let source = member.path().join("src");
            if source.is_dir() && member.file_name() != "testkit" {
                add_opening_files(&source, &mut found);
            }
        }
    }
    assert_eq!(found, listed);
}
