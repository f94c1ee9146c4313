//! The options that are never compared with the real `ss`, with the reasons.

use std::fmt::Write;

use builtin_cli::FlagDoc;
use ss_builtin::flags;

use crate::{command, workspace};

/// The file with the list.
pub(crate) const FILE: &str = "tests/golden/uncompared.txt";

const HEAD: &str = "\
# Pairs of options that are never compared with the real ss, because one of the two ends the call
# before a listing or is refused. Made from the flag table; scripts/record-golden writes this file.
";

/// Returns every pair of different options.
pub(crate) fn pairs(
    flags: &[&'static FlagDoc],
) -> impl Iterator<Item = (&'static FlagDoc, &'static FlagDoc)> {
    flags
        .iter()
        .enumerate()
        .flat_map(|(index, one)| flags[index + 1..].iter().map(|other| (*one, *other)))
}

/// Returns the list: the options with their reasons, then the pairs.
pub(crate) fn text() -> String {
    let every: Vec<_> = flags().collect();
    let mut text = String::from(HEAD);
    for flag in &every {
        if let Some(reason) = reason(flag) {
            writeln!(text, "{}: {reason}", spelled(flag)).unwrap();
        }
    }
    writeln!(text).unwrap();
    for (one, other) in pairs(&every) {
        if reason(one).or_else(|| reason(other)).is_some() {
            writeln!(text, "{} {}", spelled(one), spelled(other)).unwrap();
        }
    }
    text
}

/// Returns the reason for which an option is not compared, or `None` if it is.
fn reason(flag: &FlagDoc) -> Option<String> {
    let reason = match flag.refusal {
        _ if flag.is_exact => "iproute2 does not have it",
        Some(reason) => return Some(format!("refused: {reason}")),
        None if compared(flag) => return None,
        None if flag.source.is_some() => "needs sock_diag: compared on live sockets",
        None if flag.grant.is_some() => "needs what a host gives: compared on live sockets",
        None if flag.name() == "filter" => "reads a file: its words are compared without it",
        None => "prints a text of this project",
    };
    Some(reason.to_owned())
}

fn compared(flag: &FlagDoc) -> bool {
    command::compared().iter().any(|compared| std::ptr::eq(*compared, flag))
}

fn spelled(flag: &FlagDoc) -> String {
    flag.brief().to_string()
}

#[test]
fn list_of_uncompared_pairs_is_checked_in() {
    let checked_in = String::from_utf8(workspace::read(FILE)).unwrap();
    assert!(checked_in == text(), "{FILE} is out of date: run scripts/record-golden");
}
