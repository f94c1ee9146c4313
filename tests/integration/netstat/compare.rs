//! The builtin compared with net-tools' `netstat`, on the same bytes.
//!
//! Rows of unix sockets are compared in any order, because this project uses the order of `ss`.

use bstr::{BString, ByteSlice};
use testkit::{FakeProc, fixtures};

use super::{GRANTS, is_same, real::RealNetstat, run, words};
use crate::outcome::Outcome;

/// Host names are not looked up, because they depend on the machine.
const LINES: [&str; 9] = [
    "--numeric-hosts",
    "-a --numeric-hosts -eo",
    "-l --numeric-hosts",
    "-an",
    "-n",
    "-aneopW",
    "-xap",
    "-6ano",
    "-A inet,unix -l --numeric-hosts --timers",
];

/// Roots that no kernel prints, or that `docs/compatibility.md` lists: tables that do not exist,
/// unix sockets that listen and have another state, and processes without arguments.
const LEFT_OUT: [&str; 3] = ["no-tables", "unix-states", "processes"];

fn rows(outcome: &Outcome) -> Vec<BString> {
    let lines = outcome.stdout.lines().filter(|line| !line.starts_with(b"udpl"));
    let mut rows: Vec<BString> = lines.map(BString::from).collect();
    // Only rows of unix sockets follow one of them.
    if let Some(first) = rows.iter().position(|row| row.starts_with(b"unix")) {
        rows[first..].sort();
    }
    rows
}

fn compare(roots: impl IntoIterator<Item = (String, FakeProc)>, lines: &[&str]) {
    let Some(real) = RealNetstat::find() else { return };
    let (mut count, mut reports) = (0, Vec::new());
    for (name, root) in roots {
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let root = root.build();
        for line in lines {
            let Some(theirs) = real.run_over(&root, &words(line)) else { return };
            let ours = run(&root, &GRANTS, &words(line));
            count += 1;
            let [our_rows, real_rows] = [&ours, &theirs].map(rows);
            let differing =
                our_rows.iter().zip(&real_rows).find(|(ours, real)| !is_same(ours, real));
            if differing.is_some()
                || our_rows.len() != real_rows.len()
                || ours.status != theirs.status
            {
                reports.push(format!(
                    "root {name:?}: netstat {line}\n  {differing:?}\n  {} rows, real {}; status {}, real {}; \
                     stderr {:?}, real {:?}",
                    our_rows.len(),
                    real_rows.len(),
                    ours.status,
                    theirs.status,
                    ours.stderr,
                    theirs.stderr,
                ));
            }
        }
    }
    let shown = reports.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
    assert!(reports.is_empty(), "{} of {count} listings differ:\n{shown}", reports.len());
    eprintln!("{count} listings are the same as those of net-tools");
}

fn named(roots: Vec<(&str, FakeProc)>) -> impl Iterator<Item = (String, FakeProc)> {
    roots.into_iter().map(|(name, root)| (name.to_owned(), root))
}

#[test]
fn every_root_prints_the_same() {
    compare(named(fixtures()), &LINES);
}
