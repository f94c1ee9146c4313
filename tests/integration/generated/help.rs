//! The output of `--help`, in docs/options.md.

#![expect(clippy::disallowed_methods, reason = "the programs are started")]

use std::process::Command;

use crate::workspace;

pub(super) const PAGE: &str = "docs/options.md";

/// Returns the page with the current output of each program.
pub(super) fn page() -> String {
    let page = String::from_utf8(workspace::read(PAGE)).unwrap();
    ["ss", "portwatch"].into_iter().fold(page, |page, program| {
        let begin = format!("```console\n$ {program} --help\n");
        let (before, rest) = page.split_once(&begin).expect("a block for the program");
        let (_, after) = rest.split_once("```\n").expect("the end of the block");
        format!("{before}{begin}{}```\n{after}", help(program))
    })
}

fn help(program: &str) -> String {
    let output = Command::new(testkit::built(program)).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
