//! What is wrong with a command line, in the words of the GNU C library.

use std::borrow::Cow;

use bstr::BString;

use crate::{escape::Escaped, flag::Spelling};

/// An option or a value that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ArgError(Repr);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Repr {
    #[error("invalid option -- '{}'", Escaped::new(&[*.0]))]
    UnknownLetter(u8),
    #[error("unrecognized option '--{}'", Escaped::new(.0))]
    UnknownName(BString),
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

    pub(crate) fn unknown_name(name: &[u8]) -> Self {
        Self(Repr::UnknownName(name.into()))
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

    /// Returns the error of a value that is not what an option expects; `found` is `None` when the
    /// option was typed without one.
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
