//! Enums with a word for each value, as the kernel and iproute2 name them.

use std::fmt;

/// The error of an unknown word; it lists the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    expected: &'static [&'static str],
}

impl UnknownWord {
    /// Returns the error with the words that were expected.
    pub const fn new(expected: &'static [&'static str]) -> Self {
        Self { expected }
    }

    /// Returns the words that are known.
    pub const fn expected(&self) -> &'static [&'static str] {
        self.expected
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expected {
            [words @ .., last] => write!(f, "expected one of {} and {last}", words.join(", ")),
            [] => f.write_str("expected no word"),
        }
    }
}

impl std::error::Error for UnknownWord {}

/// Gives an enum its words: `name`, `Display`, and `FromStr` in upper or lower case.
macro_rules! words {
    ($kind:ty { $($value:ident = $word:literal,)* }) => {
        impl $kind {
            /// Returns the word.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $kind {
            type Err = $crate::model::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                [$(Self::$value),*]
                    .into_iter()
                    .find(|value| value.name().eq_ignore_ascii_case(word))
                    .ok_or($crate::model::UnknownWord::new(&[$($word),*]))
            }
        }
    };
}
