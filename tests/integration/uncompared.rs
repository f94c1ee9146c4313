//! The options that are never compared with the real `ss`, and why.

use std::fmt::Write;

use ss_builtin::{Flag, Refusal, flags};

use crate::{command, workspace};

/// Where the list is checked in.
pub(crate) const FILE: &str = "tests/golden/uncompared.txt";

const HEAD: &str = "\
# Pairs of options that are never compared with the real ss, because one of the two ends the call
# before a listing or is refused. Made from the flag table; scripts/record-golden writes this file.
";

/// Returns every pair of different options.
pub(crate) fn pairs(
    flags: &[&'static Flag],
) -> impl Iterator<Item = (&'static Flag, &'static Flag)> {
    flags
        .iter()
        .enumerate()
        .flat_map(|(index, one)| flags[index + 1..].iter().map(|other| (*one, *other)))
}

/// Returns the list: the options with their reasons, then the pairs.
pub(crate) fn text() -> String {
    let every: Vec<_> = flags().iter().collect();
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

/// Returns why an option is not compared, or `None` when it is.
fn reason(flag: &Flag) -> Option<String> {
    match flag.refusal() {
        _ if flag.is_own() => Some("iproute2 does not have it".to_owned()),
        None if compared(flag) => None,
        None if flag.needs_sock_diag() => {
            Some("needs sock_diag: compared on live sockets".to_owned())
        }
        None if flag.grant().is_some() => {
            Some("needs what a host gives: compared on live sockets".to_owned())
        }
        None if flag.long == "filter" => {
            Some("reads a file: its words are compared without it".to_owned())
        }
        None => Some("prints a text of this project".to_owned()),
        Some(Refusal::Grant(grant)) => Some(format!("refused: needs the grant {grant}")),
        Some(Refusal::NotBuilt(reason)) => Some(format!("refused by this version: {reason}")),
        Some(Refusal::Never(reason)) => Some(format!("refused: {reason}")),
        Some(_) => Some("refused".to_owned()),
    }
}

fn compared(flag: &Flag) -> bool {
    command::compared().iter().any(|compared| std::ptr::eq(*compared, flag))
}

fn spelled(flag: &Flag) -> String {
    match flag.short {
        Some(letter) => format!("-{}", char::from(letter)),
        None => format!("--{}", flag.long),
    }
}

#[test]
fn the_list_of_uncompared_pairs_is_checked_in() {
    let checked_in = String::from_utf8(workspace::read(FILE)).unwrap();
    assert!(checked_in == text(), "{FILE} is out of date: run scripts/record-golden");
}
