//! In no crate does a module import one that imports it, directly or indirectly.
//!
//! A module is a file. An import is a path that begins with `crate`, `super`, `self` or a module
//! below, followed to the module that defines the name, as far as `pub use` shows it. Tests may
//! import anything.

#![expect(clippy::disallowed_methods, reason = "the test reads the sources of the workspace")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::workspace;

/// The names from the root of a crate to a module.
type Module = Vec<String>;

/// The modules of a crate with their code, without comments and tests.
type Sources = BTreeMap<Module, String>;

#[test]
fn modules_do_not_import_each_other_in_a_circle() {
    let mut crates = Vec::new();
    for parent in ["crates", "hosts"] {
        for entry in fs::read_dir(workspace::path(parent)).unwrap() {
            let source = entry.unwrap().path().join("src");
            if source.is_dir() {
                crates.extend(programs(&source));
                crates.push(source);
            }
        }
    }
    crates.push(workspace::path("tests/src"));
    let has = |name: &str| crates.iter().any(|root| root.ends_with(name));
    let expected = ["crates/procnetsocket/src", "host-shell/src/bin/host-shell", "hosts/mcp/src"];
    assert!(expected.into_iter().all(has), "{crates:?}");
    let cycles: Vec<String> = crates.iter().flat_map(|root| cycles(root)).collect();
    assert_eq!(cycles, Vec::<String>::new());
}

/// Returns the folders of programs that have modules.
fn programs(source: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(source.join("bin")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// Returns a line for each module that imports itself indirectly.
fn cycles(root: &Path) -> Vec<String> {
    let mut sources = Sources::new();
    read(root, &mut Vec::new(), &mut sources);
    let exports = exports(&sources);
    let imports: BTreeMap<&Module, BTreeSet<Module>> = sources
        .iter()
        .map(|(module, code)| {
            let found = paths(code).into_iter().filter_map(|path| resolve(&sources, module, &path));
            let found = found.map(|(at, name)| follow(&exports, at, name));
            (module, found.filter(|found| found != module).collect())
        })
        .collect();
    let is_reached = |from: &Module| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(module) = next.pop() {
            for imported in &imports[module] {
                if seen.insert(imported) {
                    next.push(imported);
                }
            }
        }
        seen.contains(from)
    };
    let members = sources.keys().filter(|module| is_reached(module));
    members
        .map(|module| format!("{} {} {:?}", root.display(), module.join("::"), imports[module]))
        .collect()
}

fn read(folder: &Path, module: &mut Module, sources: &mut Sources) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if stem == "tests" || stem == "bin" {
            continue;
        }
        let is_root = matches!(stem.as_str(), "mod" | "lib" | "main");
        if !is_root {
            module.push(stem);
        }
        if path.is_dir() {
            read(&path, module, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code.lines().map(|line| line.split("//").next().unwrap());
            let before = sources.insert(module.clone(), lines.collect::<Vec<_>>().join("\n"));
            assert_eq!(before, None, "two files are {module:?} of {}", folder.display());
        }
        if !is_root {
            module.pop();
        }
    }
}

/// Returns the module in which each re-exported name is to be looked up.
fn exports(sources: &Sources) -> BTreeMap<(Module, String), Module> {
    let mut exports = BTreeMap::new();
    for (module, code) in sources {
        for (at, name) in statements(code, true)
            .iter()
            .flat_map(|used| expand(used))
            .filter_map(|path| resolve(sources, module, &path))
        {
            if at != *module {
                exports.insert((module.clone(), name), at);
            }
        }
    }
    exports
}

fn follow(exports: &BTreeMap<(Module, String), Module>, mut at: Module, name: String) -> Module {
    let mut key = (at.clone(), name);
    while let Some(next) = exports.get(&key) {
        at.clone_from(next);
        key.0.clone_from(next);
    }
    at
}

/// Returns the paths that code imports or names from `crate` or `super`.
fn paths(code: &str) -> Vec<String> {
    let mut paths: Vec<String> =
        statements(code, false).iter().flat_map(|used| expand(used)).collect();
    for begin in ["crate::", "super::"] {
        for (at, _) in code.match_indices(begin) {
            let (before, rest) = code.split_at(at);
            let is_part = before.ends_with(|last: char| last.is_alphanumeric() || last == ':');
            let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let path = rest.split(|c| !is_inside(c)).next().unwrap();
            // A tree of paths is a statement.
            if !is_part && !path.ends_with(':') {
                paths.push(path.to_owned());
            }
        }
    }
    paths
}

/// Returns the content of each `use` statement: of those that export, or of the others.
fn statements(code: &str, is_export: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = code.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let (visibility, rest) = match line.split_once("use ") {
            Some((visibility, rest)) if visibility.is_empty() || visibility.starts_with("pub") => {
                (visibility, rest)
            }
            _ => continue,
        };
        let mut statement = rest.to_owned();
        while !statement.contains(';') {
            let Some(next) = lines.next() else { break };
            statement.push_str(next);
        }
        if is_export != visibility.is_empty() {
            found.push(statement.trim_end_matches(';').to_owned());
        }
    }
    found
}

/// Returns the single paths of a tree of `use`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap().to_owned()];
    };
    let inside = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inside.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            _ => parts.last_mut().unwrap().push(c),
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expand(part)).map(|path| format!("{before}{path}")).collect()
}

/// Returns the deepest module of a path, and the name after it; `None` for another crate.
fn resolve(sources: &Sources, module: &Module, path: &str) -> Option<(Module, String)> {
    let mut words = path.split("::").peekable();
    let mut at = module.clone();
    match *words.peek()? {
        "crate" => {
            words.next();
            at.clear();
        }
        first @ ("self" | "super") => {
            if first == "self" {
                words.next();
            }
            while words.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        first => {
            let below: Module = module.iter().cloned().chain([first.to_owned()]).collect();
            sources.get(&below)?;
        }
    }
    for word in words {
        at.push(word.to_owned());
        if !sources.contains_key(&at) {
            at.pop();
            return Some((at, word.to_owned()));
        }
    }
    Some((at, String::new()))
}
