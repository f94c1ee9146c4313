//! The description of an option, from which the parser, the help, the manual page and the
//! completions are made.

use std::fmt;

use crate::word::WordList;

/// A row of a table of options: the documentation and the effect.
#[derive(Debug)]
#[non_exhaustive]
pub struct Flag<E> {
    /// The documentation.
    pub doc: FlagDoc,
    /// The effect, in a type of the command.
    pub effect: E,
}

impl<E> Flag<E> {
    /// Returns a row.
    pub const fn new(doc: FlagDoc, effect: E) -> Self {
        Self { doc, effect }
    }
}

impl<E: Copy> Flag<E> {
    /// Returns the row with a value.
    #[must_use]
    pub const fn with_value(self, value: ValueDoc) -> Self {
        Self { doc: self.doc.with_value(value), ..self }
    }

    /// Returns the row with sentences for the manual page.
    #[must_use]
    pub const fn with_long_help(self, long_help: &'static str) -> Self {
        Self { doc: self.doc.with_long_help(long_help), ..self }
    }
}

/// The documentation of an option.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FlagDoc {
    /// The letter, if it has one.
    pub short: Option<char>,
    /// The long names, without dashes; help and documentation show the first.
    pub long: &'static [&'static str],
    /// The value, if it takes one.
    pub value: Option<ValueDoc>,
    /// The line of the help: lower case, no full stop.
    pub help: &'static str,
    /// Sentences for the manual page, after the line of the help; may be empty.
    pub long_help: &'static str,
    /// Whether the long names are never abbreviated.
    pub is_exact: bool,
    /// The grant that it needs.
    pub grant: Option<&'static str>,
    /// Whether it is accepted without its grant, and then has no effect.
    pub degrades: bool,
    /// The source of sockets that it needs.
    pub source: Option<&'static str>,
    /// Why the command refuses it in every host.
    pub refusal: Option<&'static str>,
}

impl FlagDoc {
    /// Returns an option without a value that works in every host.
    pub const fn new(
        short: Option<char>,
        long: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            short,
            long,
            value: None,
            help,
            long_help: "",
            is_exact: false,
            grant: None,
            degrades: false,
            source: None,
            refusal: None,
        }
    }

    /// Returns the option with a value.
    #[must_use]
    pub const fn with_value(self, value: ValueDoc) -> Self {
        Self { value: Some(value), ..self }
    }

    /// Returns the option with sentences for the manual page.
    #[must_use]
    pub const fn with_long_help(self, long_help: &'static str) -> Self {
        Self { long_help, ..self }
    }

    /// Returns the option without abbreviations.
    #[must_use]
    pub const fn exact(self) -> Self {
        Self { is_exact: true, ..self }
    }

    /// Returns the option with the grant that it needs.
    #[must_use]
    pub const fn with_grant(self, grant: Option<&'static str>) -> Self {
        Self { grant, ..self }
    }

    /// Returns the option as one that is accepted without its grant, and then has no effect.
    #[must_use]
    pub const fn degrading(self, degrades: bool) -> Self {
        Self { degrades, ..self }
    }

    /// Returns the option with the source of sockets that it needs.
    #[must_use]
    pub const fn with_source(self, source: Option<&'static str>) -> Self {
        Self { source, ..self }
    }

    /// Returns the option with the reason for refusing it.
    #[must_use]
    pub const fn with_refusal(self, refusal: Option<&'static str>) -> Self {
        Self { refusal, ..self }
    }

    /// Returns the first long name; empty when there is none.
    pub fn name(&self) -> &'static str {
        self.long.first().copied().unwrap_or_default()
    }

    /// Returns the shortest way to type it: `-t`, or `--tos`.
    pub fn brief(&self) -> Spelling {
        self.short.map_or(Spelling::Long(self.name()), Spelling::Short)
    }

    /// Returns every way to type it, without abbreviations: `-t`, `--tcp`.
    pub fn spellings(&self) -> impl Iterator<Item = Spelling> {
        let short = self.short.into_iter().map(Spelling::Short);
        short.chain(self.long.iter().copied().map(Spelling::Long))
    }
}

/// An option as it is typed, without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `-t`
    Short(char),
    /// `--tcp`
    Long(&'static str),
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(letter) => write!(f, "-{letter}"),
            Self::Long(name) => write!(f, "--{name}"),
        }
    }
}

/// The documentation of a value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ValueDoc {
    /// Its placeholder in the help: `FILE`.
    pub name: &'static str,
    /// The possible values.
    pub kind: ValueKind,
}

/// The kind of a value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ValueKind {
    /// Anything.
    Text,
    /// A number, or nothing: attached, or the next word when that is all digits.
    OptionalNumber,
    /// Any text, or nothing; only attached: `--color=WHEN`.
    OptionalText,
    /// The path of a file.
    File,
    /// The path of a directory.
    Directory,
    /// One word of a list.
    Word(&'static WordList),
    /// Words of a list, with commas between them.
    Words(&'static WordList),
}

impl ValueDoc {
    /// Returns a value of a kind.
    pub const fn new(name: &'static str, kind: ValueKind) -> Self {
        Self { name, kind }
    }

    /// Returns a value that can be any text.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, ValueKind::Text)
    }

    /// Returns the list with the words of the value.
    pub fn words(&self) -> Option<&'static WordList> {
        match self.kind {
            ValueKind::Word(list) | ValueKind::Words(list) => Some(list),
            ValueKind::Text
            | ValueKind::OptionalNumber
            | ValueKind::OptionalText
            | ValueKind::File
            | ValueKind::Directory => None,
        }
    }

    /// Returns whether the option may be typed without the value.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self.kind, ValueKind::OptionalNumber | ValueKind::OptionalText)
    }
}
