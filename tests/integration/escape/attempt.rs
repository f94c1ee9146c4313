//! Attempts, and the checks after each.

use bstr::ByteSlice as _;

use super::{
    program::{in_bash, in_shell},
    tree::{SECRET, Tree},
};
use crate::outcome::Outcome;

/// The aim of an attempt, which succeeds in bash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The secret on standard output.
    Secret,
    /// A change of something that must not change.
    Change,
    /// Anything at all on standard output.
    Knowledge,
    /// Anything about the machine on standard output, if the machine has it.
    Machine,
}

/// Runs an attempt. It has to fail with this status and with this on standard error; `""` means
/// that standard error is empty.
#[track_caller]
pub(super) fn fails(aim: Aim, script: &str, status: i32, message: &str) {
    would_succeed(aim, script);
    let tree = Tree::new();
    let before = tree.beyond_reach();
    let outcome = in_shell(&tree, script);
    assert_eq!(tree.beyond_reach(), before, "it changed what is not granted: {outcome:?}");
    tells_no_secret(&outcome);
    if matches!(aim, Aim::Knowledge | Aim::Machine) {
        assert_eq!(outcome.stdout, "", "it printed something");
    }
    assert_eq!(outcome.status, status, "{outcome:?}");
    let fits = match message {
        "" => outcome.stderr.is_empty(),
        message => outcome.stderr.contains_str(message),
    };
    assert!(fits, "expected {message:?}, but found {outcome:?}");
}

#[track_caller]
pub(super) fn tells_no_secret(outcome: &Outcome) {
    let is_printed = outcome.stdout.contains_str(SECRET) || outcome.stderr.contains_str(SECRET);
    assert!(!is_printed, "it prints the secret: {outcome:?}");
}

/// Checks that the attempt succeeds in bash.
#[track_caller]
fn would_succeed(aim: Aim, script: &str) {
    let tree = Tree::new();
    let before = tree.beyond_reach();
    let Some(outcome) = in_bash(&tree, script) else { return };
    let succeeds = match aim {
        Aim::Secret => outcome.stdout.contains_str(SECRET),
        Aim::Change => tree.beyond_reach() != before,
        Aim::Knowledge => !outcome.stdout.is_empty(),
        Aim::Machine => true,
    };
    // A command that is not installed here, or a machine without shared memory.
    let needs = ["not found", "/dev/shm/none"];
    let lacks = outcome.status == 127 || needs.iter().any(|text| outcome.stderr.contains_str(text));
    assert!(succeeds || lacks, "the attempt fails in bash too: {outcome:?}");
}

/// Checks that the same operation works inside the grant.
#[track_caller]
pub(super) fn works(script: &str, stdout: &str) {
    let outcome = in_shell(&Tree::new(), script);
    assert_eq!(
        (outcome.stdout.to_str_lossy(), outcome.stderr.as_bstr()),
        (stdout.into(), "".into())
    );
    assert_eq!(outcome.status, 0);
}
