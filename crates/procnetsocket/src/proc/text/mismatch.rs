//! "expected X, but found Y", with the found bytes quoted and escaped.

use std::fmt;

use bstr::BString;

use crate::proc::text::field::LineProblem;

/// Bytes of a line that a message quotes: 40, enough for the longest column, an IPv6 address.
const QUOTED_BYTES: usize = 40;

/// What was expected at a position of a line, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    offset: usize,
    expected: &'static str,
    /// The word at the position, cut one byte after what is quoted; empty at the end of the line.
    found: BString,
}

impl Mismatch {
    /// Keeps the part of the line that the message needs.
    pub(crate) fn new(line: &[u8], problem: LineProblem) -> Self {
        let LineProblem { offset, expected } = problem;
        let rest = line.get(offset..).unwrap_or_default();
        let word = rest.split(|byte| matches!(byte, b' ' | b'\t')).next().unwrap_or_default();
        // A field can be missing where a blank is; then the blank is what was found.
        let word = if word.is_empty() { rest.get(..1).unwrap_or_default() } else { word };
        let found = word.get(..=QUOTED_BYTES).unwrap_or(word).into();
        Self { offset, expected, found }
    }

    /// Returns the position: a byte in the line, counted from 1.
    pub(crate) fn column(&self) -> u64 {
        // OK because no machine has more than 64 bits of address space.
        u64::try_from(self.offset).map_or(u64::MAX, |offset| offset.saturating_add(1))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, but found ", self.expected)?;
        if self.found.is_empty() {
            return f.write_str("the end of the line");
        }
        QuotedLine(&self.found).fmt(f)
    }
}

/// Shows bytes between quotes: what is not printable ASCII, quotes and backslashes as `\xNN`, and
/// the rest of a long text as an ellipsis.
struct QuotedLine<'a>(&'a [u8]);

impl fmt::Display for QuotedLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for &byte in self.0.iter().take(QUOTED_BYTES) {
            match byte {
                b'"' | b'\\' => write!(f, "\\x{byte:02x}")?,
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_str(if self.0.len() > QUOTED_BYTES { "…\"" } else { "\"" })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::word(b"12 xyz 34", 3, "\"xyz\"")]
    #[case::end_of_the_line(b"12 ", 3, "the end of the line")]
    #[case::blank(b"12  34", 2, "\" \"")]
    #[case::tab(b"12\t34", 2, "\"\\x09\"")]
    #[case::outside(b"12", 99, "the end of the line")]
    #[case::quote_and_backslash(b"a\"b\\c", 0, "\"a\\x22b\\x5cc\"")]
    #[case::control_bytes(b"\x00\x1b\x7f\r", 0, "\"\\x00\\x1b\\x7f\\x0d\"")]
    #[case::not_ascii("\u{202e}".as_bytes(), 0, "\"\\xe2\\x80\\xae\"")]
    fn quotes(#[case] line: &[u8], #[case] offset: usize, #[case] expected: &str) {
        let mismatch = Mismatch::new(line, LineProblem { offset, expected: "X" });
        assert_eq!(mismatch.to_string(), format!("expected X, but found {expected}"));
    }

    #[rstest]
    #[case::all_of_it(40, "")]
    #[case::cut(41, "…")]
    #[case::long_line(1 << 20, "…")]
    fn quotes_forty_bytes(#[case] length: usize, #[case] end: &str) {
        let line = vec![b'x'; length];
        let mismatch = Mismatch::new(&line, LineProblem { offset: 0, expected: "X" });
        let expected = format!("expected X, but found \"{}{end}\"", "x".repeat(40));
        assert_eq!(mismatch.to_string(), expected);
        assert!(mismatch.found.len() <= 41);
    }
}
