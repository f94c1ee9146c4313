//! The links, files and tests that documents name exist.

#![expect(clippy::disallowed_methods, reason = "the tests read the documents of the workspace")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::workspace;

/// Returns the documents: every file with this extension in these folders, which exclude `target`.
fn files(extension: &str) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for folder in ["crates", "docs", "hosts/brush", "hosts/mcp", "integrations", "tests"] {
        read(&workspace::path(folder), extension, &mut files);
    }
    for name in ["README.md", "CHANGELOG.md", "SECURITY.md", "hosts/README.md"] {
        if name.ends_with(extension) {
            let path = workspace::path(name);
            files.insert(path.clone(), fs::read_to_string(path).unwrap());
        }
    }
    files
}

fn read(folder: &Path, extension: &str, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            let text = fs::read_to_string(&path).unwrap();
            files.insert(path, text);
        }
    }
}

/// Returns the text without blocks of code, in which nothing is a link or a heading.
fn prose(text: &str) -> String {
    let pieces = text.split("\n```").step_by(2);
    let lines = pieces.flat_map(str::lines).filter(|line| !line.starts_with("    "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the anchor of each heading, the part of a link after `#`, as GitHub generates it.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let title = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let documents = files("md");
    assert!(documents.len() > 30, "{:?}", documents.keys());
    let mut wrong = Vec::new();
    for (path, text) in &documents {
        let prose = prose(text);
        let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let is_right = match fs::canonicalize(&target) {
                Err(_) => false,
                Ok(_) if anchor.is_empty() => true,
                Ok(target) => anchors(&fs::read_to_string(target).unwrap()).contains(anchor),
            };
            if !is_right {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn paths_exist() {
    let mut wrong = Vec::new();
    for (path, text) in files("md") {
        let words = text.split('`').skip(1).step_by(2);
        let tops = ["crates/", "tests/", "docs/", "scripts/", "benches/", "fuzz/", "integrations/"];
        let is_path = |word: &&str| {
            tops.iter().any(|top| word.starts_with(top))
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b))
        };
        // The README of a crate may name paths below the crate.
        let above = path.parent().unwrap();
        for word in words.filter(is_path) {
            let places = [workspace::path(word), above.join(word)];
            if !places.iter().any(|place| place.exists()) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The tables of these documents name the tests of their claims.
#[test]
fn tests_exist() {
    let sources: String = files("rs").into_values().collect();
    for name in ["docs/security-model.md", "docs/compatibility.md"] {
        let text = String::from_utf8(workspace::read(name)).unwrap();
        let tests: BTreeSet<_> = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|word| word.matches('_').count() > 2)
            .filter(|word| {
                word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
            })
            .collect();
        assert!(tests.len() > 30, "{name}: {tests:?}");
        let missing: Vec<_> =
            tests.iter().filter(|test| !sources.contains(&format!("{test}("))).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}
