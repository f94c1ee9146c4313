//! The words of a filter.
//!
//! ```text
//! text    := blank* (word blank+)* word?
//! blank   := SPACE | TAB
//! word    := (any byte but a blank or a backslash | BACKSLASH any byte)+
//! ```
//!
//! A backslash makes the next byte part of the word, and has no other effect (`\x20`, a byte as it
//! is printed in names, stays as it is): keywords stay keywords. There are no quotes, and brackets
//! and operators are words only between blanks.

use std::{borrow::Cow, ops::Range};

use builtin_cli::hex_at;

use super::ast::{Comparison, Side};

/// A word, and its position in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilterWord<'a> {
    pub(super) kind: FilterWordKind<'a>,
    pub(super) span: Range<usize>,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FilterWordKind<'a> {
    Open,
    Close,
    Not,
    And,
    Or,
    Comparison(Comparison),
    Subject(Subject),
    Autobound,
    /// Not a keyword; without its backslashes.
    Value(Cow<'a, [u8]>),
}

/// What a condition is about, which decides how its value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Host(Side),
    Port(Side),
    Device,
    Mark,
    Cgroup,
    Pid,
    Comm,
    PeerPid,
    PeerComm,
    Netns,
    User,
    Container,
    Unit,
}

impl Subject {
    /// Returns the subject of a keyword that iproute2 lacks. It is a keyword only where a condition
    /// may begin: everywhere else such a word is a value, as in iproute2.
    pub(super) fn own(word: &[u8]) -> Option<Self> {
        match word {
            b"pid" => Some(Self::Pid),
            b"comm" => Some(Self::Comm),
            b"peer-pid" => Some(Self::PeerPid),
            b"peer-comm" => Some(Self::PeerComm),
            b"netns" => Some(Self::Netns),
            b"user" => Some(Self::User),
            b"container" => Some(Self::Container),
            b"unit" => Some(Self::Unit),
            _ => None,
        }
    }
}

/// Takes words from a text.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the position of the end of the text.
    pub(super) fn end(&self) -> usize {
        self.text.len()
    }

    /// Returns a part of the text.
    pub(super) fn written(&self, span: Range<usize>) -> &'a [u8] {
        self.text.get(span).unwrap_or_default()
    }

    /// Returns the number of bytes from the current position for which `belongs` holds.
    fn run(&self, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len())
    }

    /// Moves past the word at this position, and returns it as it is written.
    fn take_word(&mut self) -> &'a [u8] {
        let start = self.at;
        loop {
            self.at += self.run(|byte| !is_blank(byte) && byte != b'\\');
            if self.text.get(self.at) != Some(&b'\\') {
                break;
            }
            self.at = self.at.saturating_add(2).min(self.text.len());
        }
        self.text.get(start..self.at).unwrap_or_default()
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = FilterWord<'a>;

    fn next(&mut self) -> Option<FilterWord<'a>> {
        self.at += self.run(is_blank);
        let start = self.at;
        let written = self.take_word();
        if written.is_empty() {
            return None;
        }
        let kind = match unescaped(written) {
            Cow::Borrowed(word) => {
                keyword(word).unwrap_or(FilterWordKind::Value(Cow::Borrowed(word)))
            }
            Cow::Owned(word) => keyword(&word).unwrap_or(FilterWordKind::Value(Cow::Owned(word))),
        };
        Some(FilterWord { kind, span: start..self.at })
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Returns a word without backslashes, except those of `\x20` and the like, which the parsers of
/// values decode.
///
/// Compat: iproute2 takes `\x` for the letter.
fn unescaped(written: &[u8]) -> Cow<'_, [u8]> {
    if !written.contains(&b'\\') {
        return Cow::Borrowed(written);
    }
    let mut word = Vec::with_capacity(written.len());
    let mut rest = written;
    while let [byte, behind @ ..] = rest {
        rest = match behind {
            [escaped, behind @ ..] if *byte == b'\\' && hex_at(rest).is_none() => {
                word.push(*escaped);
                behind
            }
            // The last backslash escapes nothing.
            [] if *byte == b'\\' => behind,
            behind => {
                word.push(*byte);
                behind
            }
        };
    }
    Cow::Owned(word)
}

/// Returns the keyword that a word is; other words are values.
fn keyword(word: &[u8]) -> Option<FilterWordKind<'static>> {
    use Side::{Local, Remote};
    Some(match word {
        b"(" => FilterWordKind::Open,
        b")" => FilterWordKind::Close,
        b"!" | b"not" => FilterWordKind::Not,
        b"&" | b"&&" | b"and" => FilterWordKind::And,
        b"|" | b"||" | b"or" => FilterWordKind::Or,
        b"src" => FilterWordKind::Subject(Subject::Host(Local)),
        b"dst" => FilterWordKind::Subject(Subject::Host(Remote)),
        b"sport" => FilterWordKind::Subject(Subject::Port(Local)),
        b"dport" => FilterWordKind::Subject(Subject::Port(Remote)),
        b"dev" => FilterWordKind::Subject(Subject::Device),
        b"fwmark" => FilterWordKind::Subject(Subject::Mark),
        b"cgroup" => FilterWordKind::Subject(Subject::Cgroup),
        b"autobound" => FilterWordKind::Autobound,
        other => FilterWordKind::Comparison(comparison(other)?),
    })
}

fn comparison(word: &[u8]) -> Option<Comparison> {
    Some(match word {
        b"=" | b"==" | b"eq" => Comparison::Equal,
        b"!=" | b"ne" | b"neq" => Comparison::NotEqual,
        b">=" | b"ge" | b"geq" => Comparison::AtLeast,
        b"<=" | b"le" | b"leq" => Comparison::AtMost,
        b">" | b"gt" => Comparison::Above,
        b"<" | b"lt" => Comparison::Below,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;
    use rstest::rstest;

    use super::*;

    /// Returns the words of a text, values in quotes.
    fn words(text: &str) -> String {
        let words: Vec<_> = Lexer::new(text.as_bytes())
            .map(|word| match word.kind {
                FilterWordKind::Value(value) => format!("{:?}", value.as_bstr()),
                FilterWordKind::Subject(subject) => format!("{subject:?}"),
                FilterWordKind::Comparison(comparison) => format!("{comparison:?}"),
                kind => format!("{kind:?}"),
            })
            .collect();
        words.join(" ")
    }

    #[rstest]
    #[case::nothing("", "")]
    #[case::blanks(" \t ", "")]
    #[case::blanks_around("  src\t1.2.3.4  ", r#"Host(Local) "1.2.3.4""#)]
    #[case::subjects(
        "src dst sport dport dev fwmark cgroup autobound",
        "Host(Local) Host(Remote) Port(Local) Port(Remote) Device Mark Cgroup Autobound"
    )]
    #[case::equal("= == eq", "Equal Equal Equal")]
    #[case::not_equal("!= ne neq", "NotEqual NotEqual NotEqual")]
    #[case::at_least(">= ge geq", "AtLeast AtLeast AtLeast")]
    #[case::at_most("<= le leq", "AtMost AtMost AtMost")]
    #[case::above_and_below("> gt < lt", "Above Above Below Below")]
    #[case::signs("( ) ! not & && and | || or", "Open Close Not Not And And And Or Or Or")]
    #[case::case_matters("SRC Or", r#""SRC" "Or""#)]
    #[case::no_blanks_no_words("(src sport=22 a|b", r#""(src" "sport=22" "a|b""#)]
    #[case::other_blanks_belong_to_words("a\nb c\rd", r#""a\nb" "c\rd""#)]
    #[case::escaped_blank(r"a\ b", r#""a b""#)]
    #[case::escaped_letter(r"spo\rt 2\2", r#"Port(Local) "22""#)]
    #[case::escaped_backslash(r"\\", r#""\\""#)]
    #[case::printed_byte(r"a\x20b", r#""a\\x20b""#)]
    #[case::letter_x(r"a\xyz", r#""axyz""#)]
    #[case::escaped_backslash_before_x(r"a\\x20", r#""a\\x20""#)]
    #[case::backslash_at_the_end(r"ab\", r#""ab""#)]
    #[case::backslash_alone(r"\", r#""""#)]
    #[case::not_utf8("\u{ff}", r#""ÿ""#)]
    fn words_end_at_blanks(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(words(text), expected);
    }

    #[test]
    fn words_have_their_positions() {
        let spans: Vec<_> = Lexer::new(br"  src a\ b").map(|word| word.span).collect();
        assert_eq!(spans, [2..5, 6..10]);
    }
}
