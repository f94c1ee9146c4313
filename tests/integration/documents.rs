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
fn published_crates_contain_the_licences() {
    for entry in fs::read_dir(workspace::path("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        if manifest.contains("publish = false") {
            continue;
        }
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let text = fs::read(folder.join(name)).unwrap_or_default();
            assert!(text == workspace::read(name), "{}: {name}", folder.display());
        }
    }
}

#[test]
fn merges_are_complete() {
    for (path, text) in files("md") {
        let is_marker = |line: &&str| ["<<<<<<< ", ">>>>>>> "].iter().any(|m| line.starts_with(m));
        assert_eq!(text.lines().find(is_marker), None, "{}", path.display());
    }
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

/// Modules that docs/architecture.md leaves out, because their names are descriptive.
const UNLISTED_MODULES: [&str; 5] = ["lib", "error", "problem", "limits", "word"];

/// Returns the words in backticks.
fn code_words(text: &str) -> BTreeSet<&str> {
    let words = text.split('`').skip(1).step_by(2);
    words.flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect()
}

#[test]
fn architecture_lists_every_module() {
    let page = String::from_utf8(workspace::read("docs/architecture.md")).unwrap();
    let (_, rest) = page.split_once("## Where things are").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let listed = code_words(section);
    let first_cells: String =
        section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    let mut modules = BTreeSet::new();
    let mut missing = BTreeSet::new();
    for (path, _) in files("rs") {
        let in_workspace = path.strip_prefix(workspace::path("crates")).unwrap_or(Path::new(""));
        let parts: Vec<_> = in_workspace.iter().map(|part| part.to_str().unwrap()).collect();
        let [name, "src", below @ ..] = &*parts else { continue };
        modules.insert(name.replace('-', "_"));
        modules.extend(below.iter().map(|part| part.trim_end_matches(".rs").to_owned()));
        let top = below.first().map_or("", |part| part.trim_end_matches(".rs"));
        let is_listed = listed.contains(top) || UNLISTED_MODULES.contains(&top);
        if !is_listed && !["testkit", "ss-cli"].contains(name) && top != "bin" {
            missing.insert(format!("{name}: {top}"));
        }
    }
    assert_eq!(missing, BTreeSet::new(), "modules that the page does not list");
    let gone: Vec<_> = code_words(&first_cells)
        .into_iter()
        .filter(|word| !word.is_empty() && !modules.contains(*word))
        .collect();
    assert_eq!(gone, Vec::<&str>::new(), "modules that do not exist");
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
