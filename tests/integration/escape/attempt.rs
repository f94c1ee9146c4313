//! What an attempt is, and what has to hold after it.

use bstr::ByteSlice as _;

use super::{
    program::{in_bash, in_shell},
    tree::{SECRET, Tree},
};
use crate::outcome::Outcome;

/// What an attempt is after; bash shows that it gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The secret on standard output.
    Secret,
    /// A change of what may not change.
    Change,
    /// Anything at all on standard output.
    Knowledge,
    /// The same, of the machine; not every machine has everything.
    Machine,
}

/// Makes an attempt. It fails with that status and with that on standard error; `""` is nothing
/// there at all.
#[track_caller]
pub(super) fn fails(aim: Aim, script: &str, status: i32, message: &str) {
    would_succeed(aim, script);
    let tree = Tree::new();
    let before = tree.beyond_reach();
    let outcome = in_shell(&tree, script);
    assert_eq!(tree.beyond_reach(), before, "it changed what is not granted: {outcome:?}");
    tells_no_secret(&outcome);
    if matches!(aim, Aim::Knowledge | Aim::Machine) {
        assert_eq!(outcome.stdout, "", "it learned something");
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
    let told = outcome.stdout.contains_str(SECRET) || outcome.stderr.contains_str(SECRET);
    assert!(!told, "it tells the secret: {outcome:?}");
}

/// Checks that bash does what the attempt is after.
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
    // A command that is not installed here, or memory that this machine does not share.
    let needs = ["not found", "/dev/shm/none"];
    let lacks = outcome.status == 127 || needs.iter().any(|text| outcome.stderr.contains_str(text));
    assert!(succeeds || lacks, "this is no attempt, bash does not do it either: {outcome:?}");
}

/// Checks the same operation inside the grant, which works.
#[track_caller]
pub(super) fn works(script: &str, stdout: &str) {
    let outcome = in_shell(&Tree::new(), script);
    assert_eq!(
        (outcome.stdout.to_str_lossy(), outcome.stderr.as_bstr()),
        (stdout.into(), "".into())
    );
    assert_eq!(outcome.status, 0);
}
