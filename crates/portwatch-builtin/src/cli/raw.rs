//! What was typed: options and words, as `getopt` takes them. Options and words may stand in any
//! order; after `--` everything is a word. Long names are not cut.

use bstr::{BStr, BString, ByteSlice};

use super::{
    CliError,
    flags::{Effect, Flag, flags},
};

/// An option as it was typed.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) flag: &'static Flag,
    /// Empty for options that take none.
    pub(crate) value: BString,
    /// How many words were typed before it.
    pub(crate) words_before: usize,
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
            match word.as_slice() {
                b"--" => raw.words.extend(rest.by_ref().cloned()),
                [b'-', b'-', long @ ..] => raw.long(long.as_bstr(), &mut rest)?,
                [b'-', letters @ ..] if !letters.is_empty() => raw.letters(letters, &mut rest)?,
                _ => raw.words.push(word.clone()),
            }
        }
        Ok(raw)
    }

    /// Returns whether an option of that effect was typed.
    pub(crate) fn has(&self, effect: Effect) -> bool {
        self.typed.iter().any(|typed| typed.flag.effect == effect)
    }

    /// Returns the last value that was typed for an option of that effect.
    pub(crate) fn value(&self, effect: Effect) -> Option<&Typed> {
        self.typed.iter().rev().find(|typed| typed.flag.effect == effect)
    }

    fn letters(
        &mut self,
        letters: &[u8],
        rest: &mut std::slice::Iter<'_, BString>,
    ) -> Result<(), CliError> {
        let mut letters = letters.iter();
        while let Some(&letter) = letters.next() {
            let flag = flags().iter().find(|flag| flag.short == Some(letter));
            let flag = flag.ok_or_else(|| CliError::Unknown([b'-', letter].into()))?;
            let attached = flag.value.and(Some(letters.as_slice().as_bstr()));
            let attached = attached.filter(|value| !value.is_empty());
            self.push(flag, attached, rest)?;
            if flag.value.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn long(
        &mut self,
        typed: &BStr,
        rest: &mut std::slice::Iter<'_, BString>,
    ) -> Result<(), CliError> {
        let (name, attached) = match typed.split_once_str("=") {
            Some((name, value)) => (name.as_bstr(), Some(value.as_bstr())),
            None => (typed, None),
        };
        let flag = flags().iter().find(|flag| flag.long.as_bytes() == name.as_bytes());
        let unknown = || CliError::Unknown(bstr::concat([b"--", name.as_bytes()]).into());
        self.push(flag.ok_or_else(unknown)?, attached, rest)
    }

    fn push(
        &mut self,
        flag: &'static Flag,
        attached: Option<&BStr>,
        rest: &mut std::slice::Iter<'_, BString>,
    ) -> Result<(), CliError> {
        let value = match (flag.value, attached) {
            (None, None) => BString::default(),
            (None, Some(_)) => return Err(CliError::UnwantedValue(flag.long)),
            (Some(_), Some(value)) => value.into(),
            (Some(_), None) => rest.next().cloned().ok_or(CliError::NoValue(flag.long))?,
        };
        self.typed.push(Typed { flag, value, words_before: self.words.len() });
        Ok(())
    }
}
