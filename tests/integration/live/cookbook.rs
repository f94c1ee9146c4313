//! The commands of docs/cookbook.md and of some READMEs, in a namespace with their situations.
//!
//! ```text
//! docs/cookbook.md ──► entries ──► bash, host-shell ──► comparable ─┐
//!                         └──► recorded output ───────► comparable ─┴──► the same?
//! ```
//!
//! The end of that page describes how outputs are compared. `scripts/record-cookbook` writes them.

#![expect(clippy::disallowed_methods, reason = "the commands are run as a person runs them")]

use std::{
    env,
    process::{Command, Stdio},
};

use super::{fixture::Fixture, namespace::inside, shell::in_shell};
use crate::workspace;

const PAGE: &str = "docs/cookbook.md";
const ENTRIES: usize = 25;
/// Other pages, with the number of their commands.
const PAGES: [(&str, usize); 2] = [("README.md", 3), ("crates/netstat-builtin/README.md", 1)];
/// Words of commands that need more than the grant `processes`, or are not for a shell.
const NOT_IN_SHELL: [&str; 4] = ["-K", "-N", "portwatch", "host-shell"];

/// One question.
#[derive(Debug)]
struct CookbookEntry<'a> {
    command: &'a str,
    /// Standard output, as recorded.
    output: &'a str,
    /// The text after it.
    explanation: &'a str,
}

/// Returns the commands of a README with what they print, on standard error, too.
fn readme(page: &str) -> Vec<(&str, &str)> {
    let blocks = page.split("```console\n$ ").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("one piece at least"));
    let commands = blocks.flat_map(|block| block.split("\n$ "));
    commands.map(|entry| entry.split_once('\n').expect("the end of the command")).collect()
}

/// Returns the entries of the page.
fn entries(page: &str) -> Vec<CookbookEntry<'_>> {
    let questions = page.split("\n### ").skip(1);
    let entry = |question| {
        let (_, rest) = str::split_once(question, "\n```console\n$ ").expect("a command");
        let (block, explanation) = rest.split_once("```\n").expect("the end of the output");
        let (command, output) = block.split_once('\n').expect("the end of the command");
        let explanation = explanation.split("\n## ").next().expect("one piece at least");
        CookbookEntry { command, output, explanation }
    };
    questions.map(entry).collect()
}

impl CookbookEntry<'_> {
    fn is_for_shell(&self) -> bool {
        !NOT_IN_SHELL.iter().any(|word| self.command.contains(word))
    }

    /// Runs the command in bash and returns its standard output.
    fn run(&self, fixture: &mut Fixture) -> String {
        let programs = testkit::built("");
        let path = env::join_paths([programs.as_path(), "/usr/bin".as_ref(), "/bin".as_ref()]);
        let child = Command::new("bash")
            .args(["-o", "pipefail", "-c", self.command])
            .env_clear()
            .env("PATH", path.unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        if self.command.contains("--wait :8090") {
            assert_eq!(fixture.go(), "LISTENING");
        }
        let output = child.unwrap().wait_with_output().unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success(), "{}: {stderr}", self.command);
        stdout
    }

    /// Returns the part of an output that is compared.
    fn comparable(&self, output: &str) -> Vec<String> {
        let mut rows: Vec<_> = output
            .lines()
            .map(|line| match line.strip_prefix('\t') {
                Some(details) => self.explained(details).join(" "),
                None => masked(line),
            })
            .collect();
        if !self.command.contains("sort") {
            rows.sort();
        }
        rows
    }

    /// Returns the names in a line of details that the explanation has in backticks.
    fn explained(&self, details: &str) -> Vec<&str> {
        let words = self.explanation.split('`').skip(1).step_by(2);
        let has = |name: &&str| details.split(' ').any(|pair| pair.split(':').next() == Some(name));
        words.filter(has).collect()
    }
}

/// Returns a row with single blanks, and without the numbers that differ in each run.
fn masked(row: &str) -> String {
    let mut words: Vec<_> = row.split_whitespace().map(masked_word).collect();
    if row.starts_with("u_") {
        // u_str ESTAB 0 0 NAME INODE * INODE
        for column in [5, 7] {
            "N".clone_into(&mut words[column]);
        }
    }
    words.join(" ")
}

fn masked_word(word: &str) -> String {
    if let Some(timer) = word.strip_prefix("timer:(") {
        let fields: Vec<_> = timer.split(',').collect();
        assert_eq!(fields.len(), 3, "{word}");
        return format!("timer:({},N,{}", fields[0], fields[2]);
    }
    if let Some((before, after)) = word.split_once('/') {
        let number = |part: &str| part.parse().map_or(part.to_owned(), |_: u32| "N".to_owned());
        return format!("{}/{}", number(before), number(after));
    }
    let mut parts = word.split('=');
    let mut masked = parts.next().expect("one piece at least").to_owned();
    for part in parts {
        masked += "=N";
        masked += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    masked
}

/// Returns why an entry cannot be run here, if there is a reason.
fn missing(entry: &CookbookEntry<'_>, fixture: &Fixture) -> Option<String> {
    let needs = |word| entry.command.contains(word);
    if needs("jq") && Command::new("jq").arg("--version").output().is_err() {
        return Some("jq is missing".to_owned());
    }
    // The sockets in CLOSE-WAIT are made in control groups, which a user may not be able to make.
    fixture.absent().first().filter(|_| needs("close-wait")).cloned()
}

fn page() -> String {
    String::from_utf8(workspace::read(PAGE)).unwrap()
}

#[test]
fn commands_print_the_recorded_output() {
    inside("live::cookbook::commands_print_the_recorded_output", || {
        let page = page();
        let entries = entries(&page);
        assert_eq!(entries.len(), ENTRIES);
        let mut fixture = Fixture::run("cookbook.py", &[]);
        for entry in &entries {
            if let Some(missing) = missing(entry, &fixture) {
                assert!(!workspace::is_ci(), "{}: {missing}", entry.command);
                eprintln!("*** {}: NOT TESTED: {missing} ***", entry.command);
                continue;
            }
            let recorded = entry.comparable(entry.output);
            assert!(!recorded.is_empty(), "{}: nothing is recorded", entry.command);
            let printed = entry.run(&mut fixture);
            // Checked before the command is run again, which may find another situation.
            assert_eq!(entry.comparable(&printed), recorded, "{}", entry.command);
            if entry.is_for_shell() {
                let outcome = in_shell(&["--grant", "sockets,processes"], entry.command);
                assert_eq!(outcome.status, 0, "{}: {}", entry.command, outcome.stderr);
                let printed = outcome.stdout.to_string();
                assert_eq!(
                    entry.comparable(&printed),
                    recorded,
                    "in host-shell: {}",
                    entry.command
                );
            }
        }
    });
}

#[test]
fn every_line_of_details_is_explained() {
    let page = page();
    for entry in entries(&page) {
        for details in entry.output.lines().filter_map(|line| line.strip_prefix('\t')) {
            assert!(entry.explained(details).len() > 3, "{}: {details}", entry.command);
        }
    }
}

#[test]
fn commands_of_readmes_print_what_they_show() {
    inside("live::cookbook::commands_of_readmes_print_what_they_show", || {
        let mut fixture = Fixture::run("cookbook.py", &[]);
        for (path, count) in PAGES {
            let page = String::from_utf8(workspace::read(path)).unwrap();
            let commands = readme(&page);
            assert_eq!(commands.len(), count, "{path}");
            for (command, output) in commands {
                let command = &format!("{command} 2>&1 || true");
                let entry = CookbookEntry { command, output, explanation: "" };
                assert_eq!(entry.comparable(&entry.run(&mut fixture)), entry.comparable(output));
            }
        }
    });
}

/// Writes the page. Only `scripts/record-cookbook` runs this.
#[test]
#[ignore = "writes docs/cookbook.md; scripts/record-cookbook runs it"]
fn record() {
    inside("live::cookbook::record", || {
        let mut fixture = Fixture::run("cookbook.py", &[]);
        let page = page();
        let mut next = page.clone();
        for entry in entries(&page) {
            let printed = entry.run(&mut fixture);
            if entry.comparable(&printed) != entry.comparable(entry.output) {
                let printed: Vec<_> = printed.lines().map(str::trim_end).collect();
                let block = format!("\n$ {}\n", entry.command);
                let replaced = format!("{block}{}\n", printed.join("\n"));
                next = next.replacen(&format!("{block}{}", entry.output), &replaced, 1);
            }
        }
        workspace::write(PAGE, next.as_bytes());
    });
}
