//! The parser, which returns one option or word after the other.
//!
//! The rules are those of `getopt_long(3)` with permutation: letters may share an argument
//! (`-tan`), a value may be attached (`-finet`, `--family=inet`) or the next argument, a long name
//! may be abbreviated if only one option matches, words may be anywhere between options, and every
//! argument after `--` is a word.

use std::{ops::RangeInclusive, slice, time::Duration};

use bstr::{BStr, BString, ByteSlice as _};

use crate::{
    duration::{MAX_DURATION, parse_duration},
    error::ArgError,
    flag::{Flag, FlagDoc, Spelling, ValueKind},
};

/// An option or a word.
#[derive(Debug)]
pub enum Arg<'a, E: 'static> {
    /// An option.
    Flag(Typed<'a, E>),
    /// A word that is not an option.
    Word(&'a BString),
}

/// An option as it was typed.
#[derive(Debug)]
pub struct Typed<'a, E: 'static> {
    /// The row of the table.
    pub flag: &'static Flag<E>,
    /// How it was typed; an abbreviated name is completed.
    pub spelling: Spelling,
    /// The value, if it takes one and has one.
    pub value: Option<&'a BStr>,
    /// How many words were typed before it.
    pub words_before: usize,
}

/// The description of a duration in messages.
const DURATION: &str = "a duration such as 30s, 500ms, 5m or 1h";

impl<E> Typed<'_, E> {
    /// Returns the value, or an empty text.
    pub fn text(&self) -> &BStr {
        self.value.unwrap_or_default()
    }

    /// Returns the error of an invalid value.
    pub fn mismatch(&self, expected: impl Into<std::borrow::Cow<'static, str>>) -> ArgError {
        ArgError::value(
            self.flag.doc.name_or_letter(),
            expected,
            self.value.map(|value| value.as_bytes()),
        )
    }

    /// Reads the value as a duration.
    ///
    /// # Errors
    ///
    /// When it is not a duration.
    pub fn duration(&self) -> Result<Duration, ArgError> {
        parse_duration(self.text()).ok_or_else(|| self.mismatch(DURATION))
    }

    /// Reads the value as a duration of at most [`MAX_DURATION`].
    ///
    /// # Errors
    ///
    /// When it is not a duration, or is longer.
    pub fn bounded_duration(&self) -> Result<Duration, ArgError> {
        let duration = parse_duration(self.text()).filter(|time| *time <= MAX_DURATION);
        let hours = MAX_DURATION.as_secs() / 3600;
        duration.ok_or_else(|| self.mismatch(format!("{DURATION}, at most {hours}h")))
    }

    /// Reads the value as a number in digits; `None` when it is not a number or is out of range.
    pub fn number(&self, range: RangeInclusive<u64>) -> Option<u64> {
        // A sign is not accepted.
        let digits = self.value.filter(|word| word.iter().all(u8::is_ascii_digit))?;
        digits.to_str().ok()?.parse().ok().filter(|number| range.contains(number))
    }
}

impl FlagDoc {
    /// Returns the name of the option in messages about its value: `--for`, or `-c` without a long
    /// name.
    fn name_or_letter(&self) -> Spelling {
        let name = self.long.first().copied().map(Spelling::Long);
        name.or(self.short.map(Spelling::Short)).unwrap_or(Spelling::Long(""))
    }
}

/// The options and words of a command line, as an iterator. It ends after the first error.
#[derive(Debug)]
pub struct Args<'a, E: 'static> {
    flags: &'static [Flag<E>],
    rest: slice::Iter<'a, BString>,
    /// The remaining letters of an argument.
    letters: &'a [u8],
    /// Whether all remaining arguments are words.
    only_words: bool,
    /// Number of words so far.
    words: usize,
}

impl<'a, E> Args<'a, E> {
    /// Returns the options and words of a command line.
    pub fn new(flags: &'static [Flag<E>], args: &'a [BString]) -> Self {
        Self { flags, rest: args.iter(), letters: &[], only_words: false, words: 0 }
    }

    fn letter(&mut self, letter: u8) -> Result<Typed<'a, E>, ArgError> {
        let short = char::from(letter);
        let flag = self.flags.iter().find(|flag| flag.doc.short == Some(short));
        let flag = flag.ok_or(ArgError::unknown_letter(letter))?;
        let mut attached = None;
        if flag.doc.value.is_some() && !self.letters.is_empty() {
            attached = Some(std::mem::take(&mut self.letters).as_bstr());
        }
        self.typed(flag, Spelling::Short(short), attached)
    }

    fn long(&mut self, typed: &'a BStr) -> Result<Typed<'a, E>, ArgError> {
        let (name, attached) = match typed.split_once_str("=") {
            Some((name, value)) => (name.as_bstr(), Some(value.as_bstr())),
            None => (typed, None),
        };
        let (flag, name) = find_long(self.flags, name)?;
        if flag.doc.value.is_none() && attached.is_some() {
            return Err(ArgError::unwanted_value(name));
        }
        self.typed(flag, Spelling::Long(name), attached)
    }

    fn typed(
        &mut self,
        flag: &'static Flag<E>,
        spelling: Spelling,
        attached: Option<&'a BStr>,
    ) -> Result<Typed<'a, E>, ArgError> {
        let value = match flag.doc.value.map(|value| value.kind) {
            Some(_) if attached.is_some() => attached,
            None | Some(ValueKind::OptionalText) => None,
            Some(ValueKind::OptionalNumber) => self.next_number(),
            Some(
                ValueKind::Text
                | ValueKind::File
                | ValueKind::Directory
                | ValueKind::Word(_)
                | ValueKind::Words(_),
            ) => {
                let next = self.rest.next().map(|word| word.as_bstr());
                Some(next.ok_or(ArgError::no_value(spelling))?)
            }
        };
        Ok(Typed { flag, spelling, value, words_before: self.words })
    }

    /// Takes the next argument if it is all digits.
    fn next_number(&mut self) -> Option<&'a BStr> {
        let next = self.rest.as_slice().first()?;
        let is_number = !next.is_empty() && next.iter().all(u8::is_ascii_digit);
        is_number.then(|| self.rest.next())?.map(|word| word.as_bstr())
    }

    fn word(&mut self, word: &'a BString) -> Arg<'a, E> {
        self.words = self.words.saturating_add(1);
        Arg::Word(word)
    }

    fn read(&mut self) -> Option<Result<Arg<'a, E>, ArgError>> {
        if let [letter, rest @ ..] = self.letters {
            self.letters = rest;
            return Some(self.letter(*letter).map(Arg::Flag));
        }
        let word = self.rest.next()?;
        match word.as_slice() {
            _ if self.only_words => Some(Ok(self.word(word))),
            b"--" => {
                self.only_words = true;
                self.read()
            }
            [b'-', b'-', long @ ..] => Some(self.long(long.as_bstr()).map(Arg::Flag)),
            [b'-', letters @ ..] if !letters.is_empty() => {
                self.letters = letters;
                self.read()
            }
            _ => Some(Ok(self.word(word))),
        }
    }
}

impl<'a, E> Iterator for Args<'a, E> {
    type Item = Result<Arg<'a, E>, ArgError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read();
        if let Some(Err(_)) = read {
            self.letters = &[];
            self.rest = [].iter();
        }
        read
    }
}

/// Returns the option with this name, or the only one that it abbreviates.
fn find_long<E>(
    flags: &'static [Flag<E>],
    typed: &BStr,
) -> Result<(&'static Flag<E>, &'static str), ArgError> {
    let names =
        || flags.iter().flat_map(|flag| flag.doc.long.iter().map(move |name| (flag, *name)));
    if let Some(exact) = names().find(|(_, name)| name.as_bytes() == typed.as_bytes()) {
        return Ok(exact);
    }
    let mut begun: Vec<_> = names()
        .filter(|(flag, name)| !flag.doc.is_exact && name.as_bytes().starts_with(typed))
        .collect();
    // Two rows with the same name (`-V` and `-v`), and two names of one row, are not ambiguous.
    begun.dedup_by(|(flag, name), (before, other)| std::ptr::eq(*flag, *before) || name == other);
    match begun.as_slice() {
        [] => Err(ArgError::unknown_name(typed, names().map(|(_, name)| name))),
        [found] => Ok(*found),
        many => Err(ArgError::ambiguous(typed, many.iter().map(|(_, name)| *name).collect())),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::flag::ValueDoc;

    const fn flag(short: Option<char>, long: &'static [&'static str]) -> Flag<()> {
        Flag::new(FlagDoc::new(short, long, ""), ())
    }

    const fn valued(
        short: Option<char>,
        long: &'static [&'static str],
        kind: ValueKind,
    ) -> Flag<()> {
        Flag::new(FlagDoc::new(short, long, "").with_value(ValueDoc::new("X", kind)), ())
    }

    static FLAGS: &[Flag<()>] = &[
        flag(Some('V'), &["version"]),
        flag(Some('v'), &["version"]),
        flag(Some('t'), &["tcp"]),
        flag(Some('a'), &["all"]),
        flag(Some('n'), &["numeric"]),
        flag(Some('l'), &["listening"]),
        flag(Some('H'), &["no-header"]),
        flag(Some('Q'), &["no-queues"]),
        flag(Some('Z'), &["context"]),
        flag(Some('z'), &["contexts"]),
        flag(Some('4'), &["inet", "inet4"]),
        valued(Some('f'), &["family"], ValueKind::Text),
        valued(Some('c'), &[], ValueKind::Text),
        valued(None, &["color"], ValueKind::OptionalText),
        valued(None, &["count"], ValueKind::OptionalNumber),
        Flag::new(FlagDoc::new(None, &["json"], "").exact(), ()),
    ];

    /// Returns options as `name=value`, and words as they are.
    fn parse(line: &str) -> Result<String, ArgError> {
        let args: Vec<_> = line.split_whitespace().map(BString::from).collect();
        let seen: Result<Vec<_>, _> = Args::new(FLAGS, &args)
            .map(|arg| {
                Ok(match arg? {
                    Arg::Word(word) => format!("[{word}]"),
                    Arg::Flag(Typed { spelling, value: None, .. }) => spelling.to_string(),
                    Arg::Flag(Typed { spelling, value: Some(value), .. }) => {
                        format!("{spelling}={value}")
                    }
                })
            })
            .collect();
        Ok(seen?.join(" "))
    }

    #[rstest]
    #[case::letters_together("-tan", "-t -a -n")]
    #[case::long_names("--tcp --all", "--tcp --all")]
    #[case::value_attached("-finet", "-f=inet")]
    #[case::value_behind_letters("-tf inet", "-t -f=inet")]
    #[case::value_may_look_like_an_option("-f -t", "-f=-t")]
    #[case::value_after_equals("--family=inet", "--family=inet")]
    #[case::value_is_the_next_word("--family inet", "--family=inet")]
    #[case::empty_value("--family=", "--family=")]
    #[case::letter_without_a_name("-c x -cy", "-c=x -c=y")]
    #[case::prefix("--num --fam tcp --li", "--numeric --family=tcp --listening")]
    #[case::exact_name_is_not_ambiguous("--context", "--context")]
    #[case::two_rows_of_one_name("--vers", "--version")]
    #[case::two_names_of_one_row("--in", "--inet")]
    #[case::own_name_in_full("--json", "--json")]
    #[case::words_anywhere("sport -t = -a 22", "[sport] -t [=] -a [22]")]
    #[case::a_dash_is_a_word("- -t", "[-] -t")]
    #[case::nothing_after_two_dashes("-t -- -a -- --all", "-t [-a] [--] [--all]")]
    #[case::number_behind("-t --count 3 x", "-t --count=3 [x]")]
    #[case::number_attached("--count=3", "--count=3")]
    #[case::no_number("--count -t sport 3", "--count -t [sport] [3]")]
    #[case::no_number_at_the_end("--count", "--count")]
    #[case::optional_text("--color=auto --color auto", "--color=auto --color [auto]")]
    fn accepts_the_arguments_that_getopt_accepts(#[case] line: &str, #[case] seen: &str) {
        assert_eq!(parse(line).as_deref(), Ok(seen));
    }

    #[rstest]
    #[case::unknown_letter("-tq", "invalid option -- 'q'")]
    #[case::hostile_letter("-\u{1b}", "invalid option -- '\\x1b'")]
    #[case::letter_beyond_ascii("-\u{e9}", "invalid option -- '\\xc3'")]
    #[case::unknown_name("--bogus", "unrecognized option '--bogus'")]
    #[case::exact_options_are_not_abbreviated("--jso", "unrecognized option '--jso'")]
    #[case::no_value("-f", "option requires an argument -- 'f'")]
    #[case::no_value_for_a_name("--fam", "option '--family' requires an argument")]
    #[case::value_not_wanted("--al=1", "option '--all' doesn't allow an argument")]
    #[case::ambiguous(
        "--no",
        "option '--no' is ambiguous; possibilities: '--no-header' '--no-queues'"
    )]
    #[case::hostile_name("--\u{1b}[2J", "unrecognized option '--\\x1b[2J'")]
    fn rejects_the_arguments_that_getopt_rejects(#[case] line: &str, #[case] message: &str) {
        assert_eq!(parse(line).unwrap_err().to_string(), message);
    }

    #[test]
    fn iteration_ends_after_an_error() {
        let args = ["-qt", "x"].map(BString::from);
        let mut args = Args::new(FLAGS, &args);
        assert!(args.next().unwrap().is_err());
        assert!(args.next().is_none());
    }

    fn value(text: &str) -> Typed<'_, ()> {
        let flag = &FLAGS[FLAGS.len() - 2];
        Typed { flag, spelling: Spelling::Long("count"), value: Some(text.into()), words_before: 0 }
    }

    #[rstest]
    #[case::least("1", Some(1))]
    #[case::zeros("007", Some(7))]
    #[case::most("18446744073709551615", Some(u64::MAX))]
    #[case::below("0", None)]
    #[case::empty("", None)]
    #[case::negative("-1", None)]
    #[case::sign("+1", None)]
    #[case::blank(" 1", None)]
    #[case::hexadecimal("0x1", None)]
    #[case::too_many("18446744073709551616", None)]
    fn numbers_are_digits_within_the_range(#[case] text: &str, #[case] number: Option<u64>) {
        assert_eq!(value(text).number(1..=u64::MAX), number);
    }

    #[rstest]
    #[case::longest("720h", Some(2_592_000))]
    #[case::too_long("2592001", None)]
    #[case::none("soon", None)]
    fn too_long_durations_are_rejected(#[case] text: &str, #[case] seconds: Option<u64>) {
        assert_eq!(value(text).bounded_duration().ok(), seconds.map(Duration::from_secs));
    }

    #[test]
    fn mismatch_contains_the_expected_and_the_found_value() {
        let message = value("\u{1b}[2J").bounded_duration().unwrap_err().to_string();
        let expected = "--count expects a duration such as 30s, 500ms, 5m or 1h, at most 720h";
        assert_eq!(message, format!("{expected}, but found \"\\x1b[2J\""));
        let missing = Typed { value: None, ..value("") };
        assert_eq!(missing.mismatch("a number").to_string(), "--count expects a number");
    }
}
