//! A parsed command line.

use bstr::BString;

use crate::{
    error::ArgError,
    flag::Flag,
    parse::{Arg, Args, Typed},
};

/// The options and the words of a command line, each in the order in which they were typed.
#[derive(Debug)]
pub struct RawArgs<'a, E: 'static> {
    /// The options.
    pub typed: Vec<Typed<'a, E>>,
    /// The words that are not options.
    pub words: Vec<BString>,
}

impl<'a, E: Copy + PartialEq> RawArgs<'a, E> {
    /// Reads a command line.
    ///
    /// # Errors
    ///
    /// When an option is not in the table, or a value is missing or not allowed.
    pub fn parse(flags: &'static [Flag<E>], args: &'a [BString]) -> Result<Self, ArgError> {
        Self::parse_until(flags, args, |_| false)
    }

    /// Reads a command line up to the first option that ends the program, such as `--help`.
    ///
    /// # Errors
    ///
    /// As [`RawArgs::parse`].
    pub fn parse_until(
        flags: &'static [Flag<E>],
        args: &'a [BString],
        ends: impl Fn(E) -> bool,
    ) -> Result<Self, ArgError> {
        let mut raw = Self { typed: Vec::new(), words: Vec::new() };
        for arg in Args::new(flags, args) {
            match arg? {
                Arg::Word(word) => raw.words.push(word.clone()),
                Arg::Flag(typed) => {
                    let is_last = ends(typed.flag.effect);
                    raw.typed.push(typed);
                    if is_last {
                        break;
                    }
                }
            }
        }
        Ok(raw)
    }

    /// Returns whether an option with this effect was typed.
    pub fn has(&self, effect: E) -> bool {
        self.last(effect).is_some()
    }

    /// Returns the last option with this effect.
    pub fn last(&self, effect: E) -> Option<&Typed<'a, E>> {
        self.all(effect).last()
    }

    /// Returns the options with this effect, in order.
    pub fn all(&self, effect: E) -> impl Iterator<Item = &Typed<'a, E>> {
        self.typed.iter().filter(move |typed| typed.flag.effect == effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::{FlagDoc, ValueDoc};

    static FLAGS: &[Flag<u8>] = &[
        Flag::new(FlagDoc::new(Some('h'), &["help"], ""), 0),
        Flag::new(FlagDoc::new(Some('f'), &["file"], "").with_value(ValueDoc::text("FILE")), 1),
    ];

    #[test]
    fn options_are_found_by_effect() {
        let args = ["-f1", "x", "--file=2", "y"].map(BString::from);
        let raw = RawArgs::parse(FLAGS, &args).unwrap();
        assert_eq!(raw.last(1).map(Typed::text), Some("2".into()));
        assert_eq!((raw.all(1).count(), raw.has(0)), (2, false));
        assert_eq!(raw.words, ["x", "y"]);
        assert_eq!(raw.typed.iter().map(|typed| typed.words_before).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn option_that_ends_the_program_ends_parsing() {
        let args = ["-f1", "-hq", "--bogus"].map(BString::from);
        let raw = RawArgs::parse_until(FLAGS, &args, |effect| effect == 0).unwrap();
        assert_eq!(raw.typed.len(), 2);
        assert!(RawArgs::parse(FLAGS, &args).is_err());
    }
}
