//! Bytes and text of others, made safe to show on one line.

use std::fmt;

/// Bytes of others, made safe to show on one line: what is not shown as itself is `\xNN`, byte by byte.
///
/// | built by | shown as itself |
/// | --- | --- |
/// | [`Escaped::new`] | printable ASCII but for the backslash, so that it can be read back |
/// | [`with_backslash`](Self::with_backslash) | the backslash, too |
/// | [`without_quote`](Self::without_quote) | the double quote no longer |
/// | [`with_text`](Self::with_text) | text of any script, unless it is [unsafe to show](is_unsafe_to_show) |
///
/// ```
/// use builtin_cli::Escaped;
///
/// assert_eq!(Escaped::new(b"a\n\\\xff").to_string(), r"a\x0a\x5c\xff");
/// assert_eq!(Escaped::name("gr\u{f6}\u{202e}\\".as_bytes()).to_string(), "gr\u{f6}\\xe2\\x80\\xae\\");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    bytes: &'a [u8],
    /// Printable ASCII that is not shown as itself.
    hidden: &'static [u8],
    shows_text: bool,
}

impl<'a> Escaped<'a> {
    /// Returns bytes of which printable ASCII but for the backslash is shown.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hidden: b"\\", shows_text: false }
    }

    /// Returns a name in a listing: text of any script and backslashes are shown.
    ///
    /// Names that others escaped before (`\x2d` in those of systemd) are common, and read the same.
    pub const fn name(bytes: &'a [u8]) -> Self {
        Self::new(bytes).with_text().with_backslash()
    }

    /// Returns the bytes with backslashes shown.
    #[must_use]
    pub const fn with_backslash(self) -> Self {
        Self { hidden: b"", ..self }
    }

    /// Returns the bytes with double quotes and backslashes escaped.
    #[must_use]
    pub const fn without_quote(self) -> Self {
        Self { hidden: b"\\\"", ..self }
    }

    /// Returns the bytes with text of any script shown.
    #[must_use]
    pub const fn with_text(self) -> Self {
        Self { shows_text: true, ..self }
    }

    /// Appends what is shown.
    pub fn push_to(self, out: &mut Vec<u8>) {
        // Nearly every name in a listing is such a one.
        if self.bytes.iter().all(|byte| self.shows_byte(*byte)) {
            out.extend_from_slice(self.bytes);
            return;
        }
        // OK because a vector takes everything.
        let _ = self.write_to(&mut Bytes(out));
    }

    fn shows_byte(self, byte: u8) -> bool {
        matches!(byte, b' '..=b'~') && !self.hidden.contains(&byte)
    }

    fn shows(self, c: char) -> bool {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => self.shows_byte(byte),
            _ => self.shows_text && !is_unsafe_to_show(c),
        }
    }

    fn write_to(self, out: &mut impl fmt::Write) -> fmt::Result {
        for chunk in self.bytes.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some(c) = rest.chars().next() {
                let shown = rest.find(|c| !self.shows(c)).unwrap_or(rest.len());
                let (text, behind) = rest.split_at_checked(shown).unwrap_or((rest, ""));
                out.write_str(text)?;
                rest = behind;
                if text.is_empty() {
                    write_hex(out, c.encode_utf8(&mut [0; 4]).as_bytes())?;
                    rest = rest.strip_prefix(c).unwrap_or_default();
                }
            }
            write_hex(out, chunk.invalid())?;
        }
        Ok(())
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

fn write_hex(out: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "\\x{byte:02x}"))
}

/// A vector as a writer of text.
struct Bytes<'a>(&'a mut Vec<u8>);

impl fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
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

    use bstr::BString;
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
        assert_eq!(Escaped::new(bytes).to_string(), shown);
    }

    #[rstest]
    #[case::path(b"/run/a b.sock", b"/run/a b.sock")]
    #[case::backslash(br"/run/foo\x2dbar", br"/run/foo\x2dbar")]
    #[case::letters_of_any_script("/größe/日".as_bytes(), "/größe/日".as_bytes())]
    #[case::replacement_character_itself("\u{fffd}".as_bytes(), "\u{fffd}".as_bytes())]
    #[case::empty(b"", b"")]
    #[case::newline(b"x\nu_str ESTAB", br"x\x0au_str ESTAB")]
    #[case::tab_and_nul(b"\t\0", br"\x09\x00")]
    #[case::delete_alone(b"a\x7f", br"a\x7f")]
    #[case::terminal_sequence(b"\x1b]0;x\x07", br"\x1b]0;x\x07")]
    #[case::c1_control("\u{9b}2J".as_bytes(), br"\xc2\x9b2J")]
    #[case::invalid(b"a\xff\xc3(", br"a\xff\xc3(")]
    #[case::cut_short(b"\xe6\x97", br"\xe6\x97")]
    #[case::overlong(b"\xc0\x80", br"\xc0\x80")]
    #[case::direction("\u{202e}x\u{2066}".as_bytes(), br"\xe2\x80\xaex\xe2\x81\xa6")]
    #[case::line_separator("\u{2028}".as_bytes(), br"\xe2\x80\xa8")]
    fn shows_names_and_defuses_them(#[case] name: &[u8], #[case] shown: &[u8]) {
        let mut out = Vec::new();
        Escaped::name(name).push_to(&mut out);
        assert_eq!(BString::from(out), BString::from(shown));
        assert_eq!(Escaped::name(name).to_string().as_bytes(), shown);
    }

    #[test]
    fn backslashes_and_quotes_are_shown_on_request() {
        let both = Escaped::new(b"\\\"");
        assert_eq!(both.to_string(), "\\x5c\"");
        assert_eq!(both.with_backslash().to_string(), "\\\"");
        assert_eq!(both.without_quote().to_string(), "\\x5c\\x22");
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
