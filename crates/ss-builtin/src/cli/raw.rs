//! What was typed, in the order in which it was typed.
//!
//! The rules are those of `getopt_long(3)` with permutation: letters may stand together (`-tan`), a
//! value may follow at once (`-finet`, `--family=inet`) or as the next word, a long name may be cut
//! while it stays the only one, words that are no options may stand anywhere, and after `--`
//! everything is such a word. Parsing stops at the first option that ends the program (`-h`, `-V`),
//! as the program itself does.

use bstr::{BStr, BString, ByteSlice};

use super::{
    CliError,
    flags::{Effect, Flag, FlagValue, flags},
};

/// An option as it was typed.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) flag: &'static Flag,
    /// Empty for options that take none.
    pub(crate) value: BString,
}

/// The command line as it was typed.
#[derive(Debug, Default)]
pub(crate) struct RawArgs {
    pub(crate) typed: Vec<Typed>,
    pub(crate) words: Vec<BString>,
}

impl RawArgs {
    pub(crate) fn parse(args: &[BString]) -> Result<Self, CliError> {
        let mut raw = Self::default();
        let mut rest = args.iter();
        while let Some(word) = rest.next() {
            let ends = match word.as_slice() {
                b"--" => {
                    raw.words.extend(rest.by_ref().cloned());
                    false
                }
                [b'-', b'-', long @ ..] => raw.long(long.as_bstr(), &mut rest)?,
                [b'-', letters @ ..] if !letters.is_empty() => raw.short(letters, &mut rest)?,
                _ => {
                    raw.words.push(word.clone());
                    false
                }
            };
            if ends {
                break;
            }
        }
        Ok(raw)
    }

    /// Takes a word of letters; returns whether one of them ends the program.
    fn short(
        &mut self,
        letters: &[u8],
        rest: &mut std::slice::Iter<'_, BString>,
    ) -> Result<bool, CliError> {
        let mut letters = letters.iter();
        while let Some(&letter) = letters.next() {
            let flag = flags()
                .iter()
                .find(|flag| flag.short == Some(letter))
                .ok_or(CliError::UnknownLetter(letter))?;
            if flag.value == FlagValue::None {
                if self.push(flag, BString::default()) {
                    return Ok(true);
                }
                continue;
            }
            let attached = Some(letters.as_slice().as_bstr()).filter(|value| !value.is_empty());
            let value = value_of(flag, attached, rest)
                .ok_or(CliError::NoValue(format!("-{}", char::from(letter))))?;
            return Ok(self.push(flag, value));
        }
        Ok(false)
    }

    /// Takes a long option; returns whether it ends the program.
    fn long(
        &mut self,
        typed: &BStr,
        rest: &mut std::slice::Iter<'_, BString>,
    ) -> Result<bool, CliError> {
        let (name, attached) = match typed.split_once_str("=") {
            Some((name, value)) => (name.as_bstr(), Some(value.as_bstr())),
            None => (typed, None),
        };
        let flag = find_long(name)?;
        if flag.value == FlagValue::None && attached.is_some() {
            return Err(CliError::UnwantedValue(flag.long));
        }
        let value = value_of(flag, attached, rest)
            .ok_or_else(|| CliError::NoValue(format!("--{}", flag.long)))?;
        Ok(self.push(flag, value))
    }

    fn push(&mut self, flag: &'static Flag, value: BString) -> bool {
        self.typed.push(Typed { flag, value });
        matches!(flag.effect, Effect::Help | Effect::Version)
    }
}

/// Returns the value of an option, empty for none; `None` when one is needed and not there.
fn value_of(
    flag: &Flag,
    attached: Option<&BStr>,
    rest: &mut std::slice::Iter<'_, BString>,
) -> Option<BString> {
    match flag.value {
        FlagValue::None => Some(BString::default()),
        _ if let Some(value) = attached => Some(value.into()),
        FlagValue::Needed(_) => rest.next().cloned(),
        FlagValue::OptionalNumber(_) => {
            let next = rest.as_slice().first();
            let is_number =
                |word: &&BString| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
            let Some(number) = next.filter(is_number) else { return Some(BString::default()) };
            rest.next();
            Some(number.clone())
        }
    }
}

/// Returns the option of that name, or the only one of iproute2 whose name begins with it.
fn find_long(name: &BStr) -> Result<&'static Flag, CliError> {
    if let Some(exact) = flags().iter().find(|flag| flag.long.as_bytes() == name.as_bytes()) {
        return Ok(exact);
    }
    let starts = |flag: &&Flag| !flag.is_own() && flag.long.as_bytes().starts_with(name);
    let mut found = flags().iter().filter(starts);
    let first = found.next().ok_or_else(|| CliError::UnknownName(name.to_owned()))?;
    // Two rows of one name (`-V` and `-v`) are no ambiguity.
    if found.all(|flag| flag.long == first.long) {
        return Ok(first);
    }
    let mut names: Vec<_> = flags().iter().filter(starts).map(|flag| flag.long).collect();
    names.dedup();
    Err(CliError::Ambiguous(name.to_owned(), names))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(line: &str) -> Result<RawArgs, CliError> {
        RawArgs::parse(&line.split_whitespace().map(BString::from).collect::<Vec<_>>())
    }

    #[rstest]
    #[case::letters_together("-tan", "tcp all numeric", "")]
    #[case::long_names("--tcp --all", "tcp all", "")]
    #[case::value_attached("-finet", "family=inet", "")]
    #[case::value_behind_letters("-tf inet", "tcp family=inet", "")]
    #[case::value_may_look_like_an_option("-f -t", "family=-t", "")]
    #[case::value_after_equals("--family=inet", "family=inet", "")]
    #[case::value_is_the_next_word("--family inet", "family=inet", "")]
    #[case::empty_value("--family=", "family=", "")]
    #[case::prefix("--num --quer tcp --li", "numeric query=tcp listening", "")]
    #[case::exact_name_is_not_ambiguous("--context", "context", "")]
    #[case::two_rows_of_one_name("--vers", "version", "")]
    #[case::words_anywhere("sport -t = -a 22", "tcp all", "sport = 22")]
    #[case::a_dash_is_a_word("- -t", "tcp", "-")]
    #[case::nothing_after_two_dashes("-t -- -a --all", "tcp", "-a --all")]
    #[case::number_behind("-t --count 3 x", "tcp count=3", "x")]
    #[case::number_attached("--count=3", "count=3", "")]
    #[case::no_number("--count -t sport 3", "count= tcp", "sport 3")]
    #[case::no_number_at_the_end("--count", "count=", "")]
    #[case::help_ends_it("-h --bogus", "help", "")]
    #[case::version_ends_it("-tVq", "tcp version", "")]
    fn takes_what_getopt_takes(#[case] line: &str, #[case] typed: &str, #[case] words: &str) {
        let raw = parse(line).unwrap();
        let seen: Vec<_> = raw
            .typed
            .iter()
            .map(|typed| match typed.flag.value {
                FlagValue::None => typed.flag.long.to_owned(),
                _ => format!("{}={}", typed.flag.long, typed.value),
            })
            .collect();
        assert_eq!(seen.join(" "), typed);
        assert_eq!(bstr::join(" ", &raw.words), words.as_bytes());
    }

    #[rstest]
    #[case::unknown_letter("-tq", "invalid option -- 'q'")]
    #[case::unknown_name("--bogus", "unrecognized option '--bogus'")]
    #[case::own_options_are_not_cut("--jso", "unrecognized option '--jso'")]
    #[case::no_value("-f", "option -f needs a value")]
    #[case::no_value_for_a_name("--fam", "option --family needs a value")]
    #[case::value_not_wanted("--all=1", "option --all takes no value")]
    #[case::ambiguous("--no", "option '--no' is ambiguous: --no-header, --no-queues")]
    #[case::hostile_name("--\u{1b}[2J", "unrecognized option '--\\x1b[2J'")]
    fn rejects_what_getopt_rejects(#[case] line: &str, #[case] message: &str) {
        assert_eq!(parse(line).unwrap_err().to_string(), message);
    }
}
