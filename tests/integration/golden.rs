//! Golden files: the output of the real `ss` for the named roots, with the name tables of
//! `tests/golden/etc`. They allow the same comparison on a machine without iproute2.
//!
//! A file contains the cases of one root:
//!
//! ```text
//! # ss utility, iproute2-7.2.0
//! $ COLUMNS=80 ss -tan
//! |State  Recv-Q Send-Q ...|
//! = 0
//! ```
//!
//! The bars show where a line ends; `=` precedes the status. `scripts/record-golden` writes the
//! files.

use std::fmt::Write;

use bstr::{BString, ByteSlice};
use testkit::{FakeProc, FakeRoot, ProcTable, Xorshift, fixtures};

use crate::{
    command::{self, Use},
    filter, ours,
    outcome::Outcome,
    real::RealSs,
    uncompared, workspace,
};

/// Listings that are recorded for every root: those that show most, and the usual ones.
const EVERY_ROOT: [(&str, Option<u16>); 9] = [
    ("-a", None),
    ("-aneoi", None),
    ("-tul", None),
    ("", None),
    ("-xa", None),
    ("-wan", Some(60)),
    ("-0a", None),
    ("-f netlink -a", Some(80)),
    ("-s", None),
];
/// Listings that are recorded for only one root, which has the relevant sockets.
const ONE_ROOT: [(&str, &str); 17] = [
    ("processes", "-ap"),
    ("processes", "-tanpT"),
    ("processes", "-uaT"),
    ("processes", "-xapO"),
    ("processes", "-f netlink -aenp"),
    ("packet", "-A p_raw -a"),
    ("packet", "-A p_dgr -an"),
    ("packet", "-A packet"),
    ("unix-states", "-A u_str -a"),
    ("unix-states", "-A u_dgr,u_seq -a"),
    ("unix-states", "-A unix,!u_str -l"),
    ("tcp-states", "-t"),
    ("tcp-states", "-tl6"),
    ("tcp-states", "-4a"),
    ("datagram-states", "-u"),
    ("datagram-states", "-w"),
    ("datagram-states", "-A udp"),
];
/// The root of the filters that are written by hand, beside those of the fixtures.
const ODD: &str = "filters";
/// Generated filters that are recorded for every root.
const FILTERS: usize = 12;
/// Roots of so many rows that one listing is enough.
const LONG: [&str; 1] = ["unix-order"];
/// The root on which every pair of options is recorded.
const PAIRS: &str = "host";

/// One recorded run.
#[derive(Debug)]
struct RecordedRun {
    args: Vec<String>,
    width: Option<u16>,
}

impl RecordedRun {
    fn new(words: &str, width: Option<u16>) -> Self {
        Self { args: words.split_whitespace().map(String::from).collect(), width }
    }

    /// Returns the line with its command.
    fn title(&self) -> String {
        let mut title = String::from("$ ");
        if let Some(width) = self.width {
            write!(title, "COLUMNS={width} ").unwrap();
        }
        title + "ss " + &self.args.join(" ")
    }

    /// Parses the result of [`title`](Self::title).
    fn parse(title: &str) -> Option<Self> {
        let words = title.strip_prefix("$ ")?;
        let (width, words) = match words.strip_prefix("COLUMNS=") {
            Some(rest) => {
                let (width, words) = rest.split_once(' ')?;
                (Some(width.parse().ok()?), words)
            }
            None => (None, words),
        };
        Some(Self::new(words.strip_prefix("ss")?, width))
    }
}

/// Returns the roots of the golden files.
fn roots() -> Vec<(&'static str, FakeProc)> {
    let mut roots = fixtures();
    roots.push((ODD, filter::odd_root()));
    roots
}

/// Returns the runs that are recorded for a root.
fn cases(name: &str, root: &FakeRoot) -> Vec<RecordedRun> {
    let filters = |lines: Vec<Vec<String>>| {
        lines.into_iter().map(|args| RecordedRun { args, width: None }).collect::<Vec<_>>()
    };
    if name == ODD {
        return filters(filter::odd_samples());
    }
    if LONG.contains(&name) {
        return vec![RecordedRun::new("-xaH", None)];
    }
    let mut cases: Vec<_> =
        EVERY_ROOT.iter().map(|(words, width)| RecordedRun::new(words, *width)).collect();
    let own = ONE_ROOT.iter().filter(|(root, _)| *root == name);
    cases.extend(own.map(|(_, words)| RecordedRun::new(words, None)));
    cases.extend(filters(filter::samples(root, &ours::recorded_names(), FILTERS)));
    if name == PAIRS {
        let random = &mut Xorshift::new(1);
        for (index, uses) in pair_cover(random).into_iter().enumerate() {
            let width = (index % 3 == 0).then(|| u16::try_from(20 + random.below(231)).unwrap());
            cases.push(RecordedRun { args: command::cluster(&uses), width });
        }
    }
    cases
}

/// Returns lines of options that together contain every pair of compared options, each line the
/// best of some random ones.
fn pair_cover(random: &mut Xorshift) -> Vec<Vec<Use>> {
    const OPTIONS: usize = 4;
    let compared = command::compared();
    let mut missing: Vec<_> = uncompared::pairs(&compared).collect();
    let mut lines = Vec::new();
    while let Some(&(one, other)) = missing.first() {
        let mut line = vec![one, other];
        line.extend((2..OPTIONS).map(|_| *random.pick(&compared)));
        missing.retain(|(one, other)| {
            let has = |long| line.iter().any(|flag| flag.name() == long);
            !(has(one.name()) && has(other.name()))
        });
        let value = usize::try_from(random.below(1000)).unwrap();
        lines.push(line.into_iter().map(|flag| Use::new(flag, value)).collect());
    }
    lines
}

/// Returns the root that a case is recorded on: with `-e` the one without netlink rows, because
/// this project intentionally shows more of these.
fn root_of<'a>(roots: &'a [FakeRoot; 2], case: &RecordedRun) -> &'a FakeRoot {
    &roots[usize::from(command::is_extended(&case.args))]
}

fn build(root: &FakeProc) -> [FakeRoot; 2] {
    [root.build(), root.clone().without_rows(ProcTable::Netlink).build()]
}

fn file(name: &str) -> String {
    format!("tests/golden/{name}.txt")
}

/// Returns an outcome in the format of the file.
fn print(outcome: &Outcome) -> String {
    let mut text = String::new();
    for line in outcome.stdout.lines_with_terminator() {
        let line = line.to_str().expect("the fixtures of the golden files are UTF-8");
        let line = line.strip_suffix('\n').expect("every line that ss prints is ended");
        writeln!(text, "|{line}|").unwrap();
    }
    writeln!(text, "= {}", outcome.status).unwrap();
    text
}

/// Reads an outcome as [`print`] prints it.
fn read(text: &str) -> Outcome {
    let mut stdout = BString::default();
    let mut status = 0;
    for line in text.lines() {
        if let Some(row) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) {
            stdout.extend_from_slice(row.as_bytes());
            stdout.push(b'\n');
        } else if let Some(number) = line.strip_prefix("= ") {
            status = number.parse().expect("a status");
        }
    }
    Outcome { stdout, stderr: BString::default(), status }
}

#[test]
fn listings_are_those_that_were_recorded() {
    let names = &ours::recorded_names();
    let mut differences = Vec::new();
    let mut count = 0;
    for (name, root) in roots() {
        let text = String::from_utf8(workspace::read(&file(name))).expect("golden files are text");
        let roots = build(&root);
        for recorded in text.split("\n$ ").skip(1) {
            let (words, expected) = recorded.split_once('\n').expect("a title and an outcome");
            let case = RecordedRun::parse(&format!("$ {words}")).expect("a title");
            let ours = ours::run_granted(root_of(&roots, &case), names, &case.args, case.width);
            if let Some(difference) = ours.difference(&read(expected)) {
                differences.push(format!("root {name:?}: {}\n{difference}", case.title()));
            }
            count += 1;
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {count}:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(count > 1000, "only {count} cases are recorded");
}

/// Writes the golden files. Only `scripts/record-golden` runs this, where `/etc` is the fixture.
#[test]
#[ignore = "writes the golden files; scripts/record-golden runs it"]
fn record() {
    for name in ["services", "protocols"] {
        assert_eq!(
            workspace::read(&format!("/etc/{name}")),
            workspace::read(&format!("tests/golden/etc/{name}")),
            "golden files are recorded by scripts/record-golden, with a separate /etc"
        );
    }
    let real = RealSs::find().expect("there is a real ss to record");
    for (name, root) in roots() {
        let roots = build(&root);
        let mut text = format!("# {}\n", real.version());
        for case in cases(name, &roots[0]) {
            let args = command::for_real(&case.args);
            let outcome = real.run(root_of(&roots, &case), &args, case.width);
            write!(text, "{}\n{}", case.title(), print(&outcome)).unwrap();
        }
        workspace::write(&file(name), text.as_bytes());
    }
    workspace::write(uncompared::FILE, uncompared::text().as_bytes());
}
