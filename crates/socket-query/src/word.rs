//! Enums that have a word for each value, and sets of them.

pub use procnetsocket::model::UnknownWord;

/// Gives an enum its words, and a set of its values.
macro_rules! words {
    (
        $kind:ident { $($value:ident = $bit:literal $word:literal,)* }
        $(#[$doc:meta])*
        $set:ident($bits:ty)
    ) => {
        impl $kind {
            /// Every value, in the order in which they are listed.
            pub const ALL: [Self; [$($bit),*].len()] = [$(Self::$value),*];

            /// The word for each value, in the same order.
            pub const WORDS: [&'static str; [$($bit),*].len()] = [$($word),*];

            /// Returns the word for it on command lines, in policies and in messages.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }

            const fn bit(self) -> $bits {
                match self {
                    $(Self::$value => 1 << $bit,)*
                }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $kind {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, $crate::UnknownWord> {
                let found = Self::ALL.into_iter().find(|value| value.name() == word);
                found.ok_or($crate::UnknownWord::new(&Self::WORDS))
            }
        }

        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub struct $set($bits);

        procnetsocket::bit_set!($set, EMPTY);

        impl $set {
            /// The set of every value.
            pub const ALL: Self = Self(0 $(| 1 << $bit)*);

            /// Returns the set with one value.
            pub const fn of(value: $kind) -> Self {
                Self(value.bit())
            }

            /// Returns the set with `value` in it.
            #[must_use]
            pub const fn with(self, value: $kind) -> Self {
                Self(self.0 | value.bit())
            }

            /// Returns whether `value` is in the set.
            pub const fn contains(self, value: $kind) -> bool {
                self.0 & value.bit() != 0
            }

            /// Returns the members, in the order of `ALL`.
            pub fn iter(self) -> impl Iterator<Item = $kind> {
                $kind::ALL.into_iter().filter(move |value| self.contains(*value))
            }
        }

        impl FromIterator<$kind> for $set {
            fn from_iter<I: IntoIterator<Item = $kind>>(values: I) -> Self {
                values.into_iter().fold(Self::EMPTY, Self::with)
            }
        }

        impl std::fmt::Debug for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use std::{
        fmt::{Debug, Display},
        str::FromStr,
    };

    use crate::{
        policy::Grant,
        select::{AddressFamily, SocketTable},
        word::UnknownWord,
    };

    fn check<T>(all: &[T])
    where
        T: Copy + PartialEq + Debug + Display + FromStr<Err = UnknownWord>,
    {
        for value in all {
            assert_eq!(value.to_string().parse(), Ok(*value));
        }
        assert!("".parse::<T>().is_err());
    }

    #[test]
    fn displayed_word_is_parsed_to_the_same_value() {
        check(&Grant::ALL);
        check(&AddressFamily::ALL);
        check(&SocketTable::ALL);
    }

    #[test]
    fn unknown_word_lists_the_known_ones() {
        let error = "none".parse::<Grant>().unwrap_err();
        let known = "sockets, processes, resolve, events, kill and namespaces";
        assert_eq!(error.to_string(), format!("expected one of {known}"));
    }
}
