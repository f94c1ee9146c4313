//! Containers and systemd units, by the paths of their control groups.

use bstr::{BStr, BString};

use super::ValueScope;
use crate::{
    select::expr::{
        ast::{Predicate, WorkloadGroups},
        error::FilterProblem,
        glob,
    },
    workload::{container_id, systemd_unit},
};

/// Digits of a full id.
const ID_DIGITS: usize = 64;

/// Parses the first digits of a container's id.
pub(super) fn container(scope: &ValueScope<'_>, word: &[u8]) -> Result<Predicate, FilterProblem> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if word.is_empty() || word.len() > ID_DIGITS || !word.iter().all(is_digit) {
        let expected = "the first digits of a container's id, hexadecimal and in lower case";
        return Err(FilterProblem::Value { expected, found: word.into() });
    }
    let is_such =
        |path: &BStr| container_id(path).is_some_and(|id| id.as_bytes().starts_with(word));
    groups(scope, word, &is_such, FilterProblem::UnknownContainer).map(Predicate::Container)
}

/// Parses a pattern for the name of a unit.
pub(super) fn unit(scope: &ValueScope<'_>, word: &[u8]) -> Result<Predicate, FilterProblem> {
    let is_such =
        |path: &BStr| systemd_unit(path).is_some_and(|name| glob::matches_unit(word, name));
    groups(scope, word, &is_such, FilterProblem::UnknownUnit).map(Predicate::Unit)
}

/// Returns the groups for which `is_such` holds. If there is none, this is an error, as for an
/// interface or a user: a misspelt name must not look like a container without sockets.
fn groups(
    scope: &ValueScope<'_>,
    word: &[u8],
    is_such: &dyn Fn(&BStr) -> bool,
    unknown: fn(BString) -> FilterProblem,
) -> Result<WorkloadGroups, FilterProblem> {
    match scope.machine.cgroups_where(is_such) {
        None => Err(FilterProblem::NoCgroups),
        Some(ids) if ids.is_empty() => Err(unknown(word.into())),
        Some(ids) => Ok(WorkloadGroups { pattern: word.into(), ids }),
    }
}
