//! Bytes and text of others, made safe to show on one line.

use std::fmt;

/// Bytes with all that is not printable ASCII, and the backslash, as `\xNN`.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0 {
            match byte {
                b'\\' => f.write_str("\\x5c")?,
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

/// A writer that passes text on with everything escaped that ends a line, drives a terminal or
/// turns the direction of text.
pub(crate) struct OneLine<W>(pub(crate) W);

impl<W: fmt::Write> fmt::Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| {
            if is_unsafe_to_show(c) {
                write!(self.0, "{}", c.escape_default())
            } else {
                self.0.write_char(c)
            }
        })
    }
}

/// Returns whether a character acts on the terminal or on the text around it instead of being
/// shown: controls, the separators of lines and paragraphs, and the marks of direction.
pub fn is_unsafe_to_show(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use rstest::rstest;

    use super::{Escaped, OneLine};

    #[rstest]
    // usual
    #[case::plain(b"/srv/data/a b.txt", "/srv/data/a b.txt")]
    // boundary
    #[case::empty(b"", "")]
    #[case::first_and_last_printable(b" ~", " ~")]
    #[case::delete(b"\x7f", r"\x7f")]
    #[case::backslash(br"\x41", r"\x5cx41")]
    // hostile
    #[case::newline(b"a\nb", r"a\x0ab")]
    #[case::terminal_sequence(b"\x1b[2J", r"\x1b[2J")]
    #[case::right_to_left_override("\u{202e}".as_bytes(), r"\xe2\x80\xae")]
    #[case::invalid_utf8(b"\xff\x00", r"\xff\x00")]
    fn escapes_bytes(#[case] bytes: &[u8], #[case] shown: &str) {
        assert_eq!(Escaped(bytes).to_string(), shown);
    }

    #[rstest]
    // usual
    #[case::words("no such port", "no such port")]
    #[case::letters_of_any_script("größe \u{65e5}", "größe \u{65e5}")]
    // boundary
    #[case::backslash_stays(r"a\x0ab", r"a\x0ab")]
    // hostile
    #[case::newline("a\nss: forged", r"a\nss: forged")]
    #[case::carriage_return("a\rb", r"a\rb")]
    #[case::terminal_sequence("\u{1b}[2J\u{9b}", r"\u{1b}[2J\u{9b}")]
    #[case::line_separator("a\u{2028}b", r"a\u{2028}b")]
    #[case::direction("a\u{202e}b\u{2066}c\u{200f}", r"a\u{202e}b\u{2066}c\u{200f}")]
    fn keeps_messages_on_one_line(#[case] text: &str, #[case] shown: &str) {
        let mut line = OneLine(String::new());
        line.write_str(text).unwrap();
        assert_eq!(line.0, shown);
    }
}
