//! Untrusted bytes and text, made safe to show on one line.

use std::fmt;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};

/// Untrusted bytes, made safe to show on one line. A byte that is not shown as itself is shown as
/// `\xNN`.
///
/// | built by | shown as itself |
/// | --- | --- |
/// | [`Escaped::new`] | printable ASCII but for the backslash, so that it can be read back |
/// | [`with_backslash`](Self::with_backslash) | the backslash, too |
/// | [`with_text`](Self::with_text) | text of any script, unless it is [unsafe to show](is_unsafe_to_show) |
/// | [`column`](Self::column) | text, but no blank of any script, and of backslashes those of `\x2d` and the like |
/// | [`quoted`](Self::quoted) | text, but no double quote and no backslash |
/// | [`without_backslash`](Self::without_backslash) | no backslash |
///
/// In columns and between quotes every backslash is followed by `x` and two digits, so filters can
/// take a name as it is printed: nothing in it escapes what follows.
///
/// A combining mark is shown only after a character that it can combine with, not at the beginning
/// or after a blank or an escaped byte, because it would change what is printed before it.
///
/// ```
/// use builtin_cli::Escaped;
///
/// assert_eq!(Escaped::new(b"a\n\\\xff").to_string(), r"a\x0a\x5c\xff");
/// assert_eq!(Escaped::name("gr\u{f6}\u{202e}\\".as_bytes()).to_string(), "gr\u{f6}\\xe2\\x80\\xae\\");
/// assert_eq!(Escaped::column(b"a 4242 *").to_string(), r"a\x204242\x20*");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    bytes: &'a [u8],
    /// Printable ASCII that is not shown as itself. A blank here hides the blanks of every script.
    hidden: &'static [u8],
    shows_text: bool,
    backslashes: Backslashes,
}

/// The backslashes that are shown as themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backslashes {
    All,
    /// Those before `x` and the two hexadecimal digits of a byte that is shown as itself, and so
    /// never as these digits.
    OfHex,
    None,
}

impl<'a> Escaped<'a> {
    /// Returns bytes of which only printable ASCII is shown, without the backslash.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hidden: b"", shows_text: false, backslashes: Backslashes::None }
    }

    /// Returns a name in a listing: text of any script and backslashes are shown.
    pub const fn name(bytes: &'a [u8]) -> Self {
        Self::new(bytes).with_text().with_backslash()
    }

    /// Returns a name in a column of a listing. Names that were escaped before (`\x2d` in those of
    /// systemd) are common, and read the same.
    ///
    /// Security: a blank ends a column, so a name with one could forge those that follow.
    pub const fn column(bytes: &'a [u8]) -> Self {
        Self { hidden: b" ", backslashes: Backslashes::OfHex, ..Self::name(bytes) }
    }

    /// Returns a name for use between double quotes. It cannot close them.
    pub const fn quoted(bytes: &'a [u8]) -> Self {
        Self { hidden: b"\"", ..Self::new(bytes).with_text() }
    }

    /// Returns the bytes with backslashes shown.
    #[must_use]
    pub const fn with_backslash(self) -> Self {
        Self { hidden: b"", backslashes: Backslashes::All, ..self }
    }

    /// Returns the bytes with text of any script shown.
    #[must_use]
    pub const fn with_text(self) -> Self {
        Self { shows_text: true, ..self }
    }

    /// Returns the bytes with every backslash escaped, so that nothing that is shown looks like
    /// something else escaped, and [`unescape`] gives the bytes again.
    #[must_use]
    pub const fn without_backslash(self) -> Self {
        Self { backslashes: Backslashes::None, ..self }
    }

    /// Returns whether every byte is shown as itself.
    pub fn is_plain(self) -> bool {
        // Nearly every name in a listing is plain ASCII.
        let is_clear = |byte: &u8| *byte != b'\\' || self.backslashes == Backslashes::All;
        self.bytes.iter().all(|byte| self.shows_byte(*byte) && is_clear(byte))
    }

    /// Returns whether `shown` is the escaped form of these bytes.
    pub fn is_shown_as(self, shown: &[u8]) -> bool {
        let mut printed = Vec::new();
        self.push_to(&mut printed);
        printed == shown
    }

    /// Appends the escaped form to `out`.
    pub fn push_to(self, out: &mut Vec<u8>) {
        if self.is_plain() {
            out.extend_from_slice(self.bytes);
            return;
        }
        // OK because writing to a vector cannot fail.
        let _ = self.write_to(&mut VecWriter(out));
    }

    fn shows_byte(self, byte: u8) -> bool {
        matches!(byte, b' '..=b'~') && !self.hidden.contains(&byte)
    }

    fn shows(self, c: char) -> bool {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => self.shows_byte(byte),
            _ => {
                self.shows_text
                    && !is_unsafe_to_show(c)
                    && (self.shows_byte(b' ') || !c.is_whitespace() && c != BRAILLE_BLANK)
            }
        }
    }

    /// Returns how many bytes at the beginning of a text are shown as themselves.
    fn shown_len(self, text: &str) -> usize {
        let shows_backslash = |at| match self.backslashes {
            Backslashes::All => true,
            Backslashes::OfHex => {
                let byte = text.as_bytes().get(at..).and_then(hex_at);
                byte.is_some_and(|byte| self.shows_byte(byte) && byte != b'\\')
            }
            Backslashes::None => false,
        };
        let mut marks = Marks::default();
        let is_escaped = |(at, c): &(usize, char)| {
            !self.shows(*c) || *c == '\\' && !shows_backslash(*at) || !marks.admit(*c)
        };
        text.char_indices().find(is_escaped).map_or(text.len(), |(at, _)| at)
    }

    fn write_to(self, out: &mut impl fmt::Write) -> fmt::Result {
        for chunk in self.bytes.utf8_chunks() {
            let mut rest = chunk.valid();
            while !rest.is_empty() {
                let (shown, behind) =
                    rest.split_at_checked(self.shown_len(rest)).unwrap_or((rest, ""));
                out.write_str(shown)?;
                rest = behind;
                if let Some(c) = rest.chars().next() {
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

/// U+2800, a Braille character without dots. It looks like a blank, though Unicode does not
/// classify it as one.
const BRAILLE_BLANK: char = '\u{2800}';

/// Returns the byte of the `\xNN` at the beginning of a text, with digits in either case.
pub fn hex_at(text: &[u8]) -> Option<u8> {
    let digit =
        |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match text {
        [b'\\', b'x', high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

/// Returns the bytes with each `\xNN` replaced by its byte.
pub fn unescape(mut shown: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shown.len());
    while let [first, rest @ ..] = shown {
        let hex = hex_at(shown);
        bytes.push(hex.unwrap_or(*first));
        shown = if hex.is_some() { shown.get(4..).unwrap_or_default() } else { rest };
    }
    bytes
}

fn write_hex(out: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "\\x{byte:02x}"))
}

/// Writes text into a vector.
struct VecWriter<'a>(&'a mut Vec<u8>);

impl fmt::Write for VecWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// A writer that passes text on. It escapes characters that are [unsafe to show](is_unsafe_to_show)
/// or would change what was printed before them.
pub(crate) struct OneLine<W>(pub(crate) W);

impl<W: fmt::Write> fmt::Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut marks = Marks::default();
        text.chars().try_for_each(|c| {
            if is_unsafe_to_show(c) || !marks.admit(c) {
                write!(self.0, "{}", c.escape_default())
            } else {
                self.0.write_char(c)
            }
        })
    }
}

/// Allows combining marks after a character that they can combine with.
#[derive(Default)]
pub(crate) struct Marks {
    has_base: bool,
}

impl Marks {
    /// Returns whether the next character may be shown.
    pub(crate) fn admit(&mut self, c: char) -> bool {
        if c.is_ascii() {
            self.has_base = !c.is_ascii_whitespace();
            return true;
        }
        let is_admitted = self.has_base || !is_mark(c);
        self.has_base = is_admitted && !c.is_whitespace();
        is_admitted
    }
}

/// Returns whether a character combines with the one before it.
fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Returns whether a character acts on the terminal or on the text around it instead of being
/// shown, or is not seen: controls, formats (marks of direction, tags, the soft hyphen), the
/// separators of lines and paragraphs, what Unicode says to ignore where it is not known (fillers,
/// selectors of variants, the grapheme joiner), and code points without a meaning
/// (private use, unassigned), which a font may draw as anything or as nothing.
pub fn is_unsafe_to_show(c: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Unassigned,
    };
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        category(c),
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Unassigned
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
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
    #[case::tag("a\u{e0041}".as_bytes(), br"a\xf3\xa0\x81\x81")]
    #[case::soft_hyphen("a\u{ad}b".as_bytes(), br"a\xc2\xadb")]
    #[case::vowel_separator("a\u{180e}".as_bytes(), br"a\xe1\xa0\x8e")]
    #[case::grapheme_joiner("a\u{34f}b".as_bytes(), br"a\xcd\x8fb")]
    #[case::filler("\u{3164}".as_bytes(), br"\xe3\x85\xa4")]
    #[case::annotation("a\u{fff9}".as_bytes(), br"a\xef\xbf\xb9")]
    #[case::private_use("\u{f8f4}\u{f0000}".as_bytes(), br"\xef\xa3\xb4\xf3\xb0\x80\x80")]
    #[case::no_character("a\u{fdd0}".as_bytes(), br"a\xef\xb7\x90")]
    #[case::unassigned("\u{378}".as_bytes(), br"\xcd\xb8")]
    #[case::mark_alone("\u{301}x".as_bytes(), br"\xcc\x81x")]
    #[case::mark_behind_a_blank("a \u{301}".as_bytes(), br"a \xcc\x81")]
    #[case::mark_behind_something_escaped("\u{ad}\u{301}".as_bytes(), br"\xc2\xad\xcc\x81")]
    #[case::marks_of_a_letter("e\u{301}\u{323}".as_bytes(), "e\u{301}\u{323}".as_bytes())]
    fn shows_names_and_escapes_unsafe_characters(#[case] name: &[u8], #[case] shown: &[u8]) {
        let mut out = Vec::new();
        Escaped::name(name).push_to(&mut out);
        assert_eq!(BString::from(out), BString::from(shown));
        assert_eq!(Escaped::name(name).to_string().as_bytes(), shown);
    }

    #[rstest]
    // usual
    #[case::path(b"/run/a.sock", b"/run/a.sock")]
    #[case::letters_of_any_script("größe".as_bytes(), "größe".as_bytes())]
    // boundary
    #[case::backslash(br"a\b", br"a\x5cb")]
    #[case::backslash_alone(br"\", br"\x5c")]
    #[case::digits(br"\x20", br"\x5cx20")]
    #[case::backslash_before_something_escaped(b"\\\xff", br"\x5c\xff")]
    // hostile
    #[case::columns(
        br#"x 4242 * 0 users:(("systemd",pid=1,fd=3))"#,
        br#"x\x204242\x20*\x200\x20users:(("systemd",pid=1,fd=3))"#
    )]
    #[case::blank_alone(b" ", br"\x20")]
    #[case::no_break_space("a\u{a0}b".as_bytes(), br"a\xc2\xa0b")]
    #[case::ideographic_space("\u{3000}".as_bytes(), br"\xe3\x80\x80")]
    #[case::braille_blank("\u{2800}".as_bytes(), br"\xe2\xa0\x80")]
    fn names_in_columns_contain_no_blank(#[case] name: &[u8], #[case] shown: &[u8]) {
        let mut out = Vec::new();
        Escaped::column(name).without_backslash().push_to(&mut out);
        assert_eq!(BString::from(out), BString::from(shown));
    }

    #[rstest]
    // usual
    #[case::systemd(br"/foo\x2dbar", br"/foo\x2dbar")]
    // boundary
    #[case::digits_of_capitals(br"\x2D", br"\x2D")]
    #[case::backslash_before_digits(br"\\x2d", br"\x5c\x2d")]
    #[case::one_digit(br"a\x4", br"a\x5cx4")]
    #[case::no_digits(br"a\xg0", br"a\x5cxg0")]
    #[case::backslash_at_the_end(br"a\", br"a\x5c")]
    // hostile
    #[case::backslash_before_a_blank(br"a\ b", br"a\x5c\x20b")]
    #[case::digits_that_are_cut_off(b"\\x4\xff", br"\x5cx4\xff")]
    #[case::looks_like_a_blank(br"\x20", br"\x5cx20")]
    #[case::looks_like_a_backslash(br"\x5c", br"\x5cx5c")]
    #[case::looks_like_no_text(br"\xff\x1b", br"\x5cxff\x5cx1b")]
    fn backslashes_in_columns_have_digits(#[case] name: &[u8], #[case] shown: &[u8]) {
        assert_eq!(Escaped::column(name).to_string().as_bytes(), shown);
    }

    #[test]
    fn names_in_columns_are_distinct() {
        let mut known = std::collections::BTreeMap::new();
        let bytes = *b"\\x2d0f \xff";
        for length in 0..=5_u32 {
            for number in 0..bytes.len().pow(length) {
                let digit = |place| bytes[number / bytes.len().pow(place) % bytes.len()];
                let name: Vec<u8> = (0..length).map(digit).collect();
                let shown = Escaped::column(&name).to_string();
                let other = known.insert(shown.clone(), name.clone());
                assert!(other.is_none_or(|other| other == name), "{shown}");
            }
        }
    }

    #[test]
    fn names_without_backslash_are_read_back() {
        let bytes = *b"\\x2d0f \n\"\xff\xc3\xa9";
        let mut names = vec![Vec::new()];
        for length in 0..=5 {
            for name in &names {
                for shown in [Escaped::column(name).without_backslash(), Escaped::quoted(name)] {
                    let read = super::unescape(shown.to_string().as_bytes());
                    assert_eq!(BString::from(read), BString::from(name.as_slice()), "{shown}");
                }
            }
            let longer = |name: &Vec<u8>| bytes.map(|byte| [name.as_slice(), &[byte]].concat());
            names = if length < 4 { names.iter().flat_map(longer).collect() } else { Vec::new() };
        }
    }

    #[rstest]
    #[case::nothing_escaped(b"eth0", b"eth0")]
    #[case::byte(br"et\xffh", b"et\xffh")]
    #[case::capitals(br"\xFF", b"\xff")]
    #[case::cut_short(br"\x4", br"\x4")]
    #[case::letter(br"\xg0", br"\xg0")]
    #[case::escaped_backslash(br"\x5cx20", br"\x20")]
    fn escaped_bytes_are_read_back(#[case] shown: &[u8], #[case] bytes: &[u8]) {
        assert_eq!(BString::from(super::unescape(shown)), BString::from(bytes));
    }

    #[test]
    fn backslashes_are_shown_on_request() {
        let both = Escaped::new(b"\\\"");
        assert_eq!(both.to_string(), "\\x5c\"");
        assert_eq!(both.with_backslash().to_string(), "\\\"");
        assert_eq!(Escaped::quoted(b"\\ \"").to_string(), "\\x5c \\x22");
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
    #[case::tag("a\u{e0041}", r"a\u{e0041}")]
    #[case::mark_alone("\u{301}b", r"\u{301}b")]
    fn keeps_messages_on_one_line(#[case] text: &str, #[case] shown: &str) {
        let mut line = OneLine(String::new());
        line.write_str(text).unwrap();
        assert_eq!(line.0, shown);
    }
}
