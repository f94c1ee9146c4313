//! Processes and users.

use bstr::{BStr, BString, ByteSlice as _};
use procnetsocket::Pid;

use super::ValueScope;
use crate::{
    policy::Grant,
    select::expr::{ast::Predicate, error::FilterProblem},
};

/// Parses the number of a process.
pub(super) fn pid(scope: &ValueScope<'_>, word: &[u8]) -> Result<Pid, FilterProblem> {
    granted(scope)?;
    let expected = "the number of a process";
    let pid = decimal(word).and_then(Pid::new);
    pid.ok_or_else(|| FilterProblem::Value { expected, found: word.into() })
}

/// Parses a pattern for the name of a process.
pub(super) fn comm(scope: &ValueScope<'_>, word: &[u8]) -> Result<BString, FilterProblem> {
    granted(scope)?;
    match word {
        b"" => Err(FilterProblem::Value { expected: "the name of a process", found: word.into() }),
        word => Ok(word.into()),
    }
}

/// Parses a user, by number or name.
pub(super) fn user(scope: &ValueScope<'_>, word: &[u8]) -> Result<Predicate, FilterProblem> {
    let by_name = || scope.machine.names().users().uid(BStr::new(word));
    let uid = decimal(word).or_else(by_name);
    uid.map(Predicate::User).ok_or_else(|| FilterProblem::UnknownUser(word.into()))
}

/// Security: without the grant, processes are not read, whatever the filter contains.
fn granted(scope: &ValueScope<'_>) -> Result<(), FilterProblem> {
    let is_granted = scope.machine.is_granted(Grant::Processes);
    if is_granted { Ok(()) } else { Err(FilterProblem::ProcessesNotGranted) }
}

fn decimal(digits: &[u8]) -> Option<u32> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    digits.to_str().ok().filter(|_| is_number)?.parse().ok()
}
