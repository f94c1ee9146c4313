//! Errors of command lines, worded as by the GNU C library.

use std::borrow::Cow;

use bstr::BString;

use crate::{escape::Escaped, flag::Spelling};

/// An invalid option or value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ArgError(Repr);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Repr {
    #[error("invalid option -- '{}'", Escaped::new(&[*.0]))]
    UnknownLetter(u8),
    #[error("unrecognized option '--{}'", Escaped::new(.0))]
    UnknownName(BString, Option<&'static str>),
    #[error("option '--{}' is ambiguous; possibilities: '--{}'", Escaped::new(.0), .1.join("' '--"))]
    Ambiguous(BString, Vec<&'static str>),
    #[error("option requires an argument -- '{0}'")]
    NoValueOfLetter(char),
    #[error("option '--{0}' requires an argument")]
    NoValueOfName(&'static str),
    #[error("option '--{0}' doesn't allow an argument")]
    UnwantedValue(&'static str),
    #[error("{option} expects {expected}, but found \"{}\"", Escaped::new(.found))]
    Value { option: Spelling, expected: Cow<'static, str>, found: BString },
    #[error("{0} expects {1}")]
    ValueMissing(Spelling, Cow<'static, str>),
}

impl ArgError {
    pub(crate) const fn unknown_letter(letter: u8) -> Self {
        Self(Repr::UnknownLetter(letter))
    }

    /// Returns the error of a name that is not in `names`.
    pub(crate) fn unknown_name(name: &[u8], names: impl Iterator<Item = &'static str>) -> Self {
        Self(Repr::UnknownName(name.into(), nearest(name, names)))
    }

    /// Returns an option with a similar name, without its dashes. It is for a line after the
    /// message, which is worded as by the GNU C library.
    pub const fn suggestion(&self) -> Option<&'static str> {
        match self.0 {
            Repr::UnknownName(_, nearest) => nearest,
            _ => None,
        }
    }

    pub(crate) fn ambiguous(typed: &[u8], names: Vec<&'static str>) -> Self {
        Self(Repr::Ambiguous(typed.into(), names))
    }

    pub(crate) const fn no_value(option: Spelling) -> Self {
        Self(match option {
            Spelling::Short(letter) => Repr::NoValueOfLetter(letter),
            Spelling::Long(name) => Repr::NoValueOfName(name),
        })
    }

    pub(crate) const fn unwanted_value(name: &'static str) -> Self {
        Self(Repr::UnwantedValue(name))
    }

    /// Returns the error of an invalid value; `found` is `None` when the option was typed without
    /// one.
    pub fn value(
        option: Spelling,
        expected: impl Into<Cow<'static, str>>,
        found: Option<&[u8]>,
    ) -> Self {
        let expected = expected.into();
        Self(match found {
            Some(found) => Repr::Value { option, expected, found: found.into() },
            None => Repr::ValueMissing(option, expected),
        })
    }
}

/// Longest name, in bytes, that is compared with others. No option is this long.
const MAX_NAME_BYTES: usize = 64;

/// Returns the name that differs least from the typed one: by less than a third of the typed bytes,
/// and by less than any other name.
fn nearest(typed: &[u8], names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if typed.len() > MAX_NAME_BYTES {
        return None;
    }
    let changes = |name: &'static str| (distance(typed, name.as_bytes()), name);
    let is_near = |(changes, _): &(usize, _)| changes * 3 < typed.len();
    let mut found: Vec<_> = names.map(changes).filter(is_near).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [(changes, name), rest @ ..] if rest.first().is_none_or(|(next, _)| next > changes) => {
            Some(name)
        }
        _ => None,
    }
}

/// Returns how many bytes have to be inserted, removed or replaced (the Levenshtein distance).
fn distance(one: &[u8], two: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (line, byte) in one.iter().enumerate() {
        let mut left = line + 1;
        let mut diagonal = line;
        for (cell, other) in row.iter_mut().skip(1).zip(two) {
            let changed = diagonal + usize::from(byte != other);
            diagonal = *cell;
            left = changed.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // usual
    #[case::missing_letter("lisening", Some("listening"))]
    #[case::swapped("listenign", Some("listening"))]
    #[case::singular("process", Some("processes"))]
    #[case::capitals("ALL", None)]
    // boundary
    #[case::too_far("listens-well", None)]
    #[case::two_as_near("ipv5", None)]
    #[case::empty("", None)]
    #[case::short("al", None)]
    #[case::another_word("foo", None)]
    // hostile
    #[case::control("listen\u{1b}ing", Some("listening"))]
    #[case::long(&"listening".repeat(1000), None)]
    fn suggests_the_nearest_name(#[case] typed: &str, #[case] name: Option<&str>) {
        let names = ["listening", "processes", "all", "ipv4", "ipv6", "for", "listening"];
        let error = ArgError::unknown_name(typed.as_bytes(), names.into_iter());
        assert_eq!(error.suggestion(), name);
    }
}
