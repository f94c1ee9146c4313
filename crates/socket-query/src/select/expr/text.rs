//! The text of a filter, from the words of a command line or the lines of a file.

use bstr::{BStr, BString, ByteSlice as _};

/// Longest filter: 256 KiB, some ten thousand conditions.
pub const MAX_FILTER_BYTES: usize = 256 * 1024;

/// The text of a filter. A piece may contain one or several words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterText(BString);

impl FilterText {
    /// Returns the empty text, which admits every socket.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece: a word of a command line or a line of a file. No word of a filter reaches from
    /// one piece into the next.
    pub fn push(&mut self, piece: impl AsRef<[u8]>) {
        if !self.0.is_empty() {
            self.0.push(b' ');
        }
        self.0.extend_from_slice(without_open_escape(piece.as_ref()));
    }

    /// Adds the lines of a file. Lines that begin with `#` are comments.
    ///
    /// Compat: iproute2 skips lines that begin with the digit 0 as well, by mistake; here they
    /// count.
    pub fn push_lines(&mut self, file: &[u8]) {
        for line in file.split_str("\n").filter(|line| !line.starts_with(b"#")) {
            self.push(line);
        }
    }

    /// Returns the text, its pieces joined by blanks.
    pub fn as_bstr(&self) -> &BStr {
        self.0.as_bstr()
    }
}

impl<W: AsRef<[u8]>> FromIterator<W> for FilterText {
    fn from_iter<I: IntoIterator<Item = W>>(pieces: I) -> Self {
        let mut text = Self::new();
        pieces.into_iter().for_each(|piece| text.push(piece));
        text
    }
}

/// Returns a piece without a backslash at its end, which would escape nothing.
fn without_open_escape(piece: &[u8]) -> &[u8] {
    let backslashes = piece.iter().rev().take_while(|byte| **byte == b'\\').count();
    match piece.split_last() {
        Some((_, rest)) if backslashes % 2 == 1 => rest,
        _ => piece,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::words(&["sport", "=", "22"], "sport = 22")]
    #[case::one_word(&["sport = 22"], "sport = 22")]
    #[case::empty_words(&["", "sport", "", "22"], "sport  22")]
    #[case::open_escape(&["a\\", "b"], "a b")]
    #[case::escaped_backslash(&["a\\\\", "b"], "a\\\\ b")]
    #[case::backslashes_alone(&["\\\\\\"], "\\\\")]
    #[case::nothing(&[], "")]
    fn pieces_are_joined(#[case] pieces: &[&str], #[case] text: &str) {
        assert_eq!(pieces.iter().collect::<FilterText>().as_bstr(), text);
    }

    #[test]
    fn comments_begin_their_lines() {
        let mut text = FilterText::new();
        text.push("dev 0");
        text.push_lines(b"# all of it\nsport 22\n\n #or\n0x16\nend");
        assert_eq!(text.as_bstr(), "dev 0 sport 22   #or 0x16 end");
    }
}
