//! JSON without characters that affect a terminal or the text around them.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::escape::{Marks, is_unsafe_to_show};

/// Writes a value as compact JSON, on one line. Characters that are [unsafe to
/// show](is_unsafe_to_show) are `\uXXXX`.
///
/// # Errors
///
/// When the writer fails, or JSON cannot represent the value.
pub fn write(out: impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Harmless);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Formats compact JSON. Characters that are unsafe to show are `\uXXXX`.
///
/// Security: JSON requires this only for the first 32 controls. A name in a listing may also
/// contain DEL, a C1 control, an override of direction or an invisible character.
#[derive(Clone, Copy, Debug)]
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if is_printable_ascii(fragment.as_bytes()) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((shown, c, behind)) = split_at_unsafe(rest) {
            writer.write_all(shown.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = behind;
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Returns whether every byte is printable ASCII, which nearly every key and value of a listing is.
fn is_printable_ascii(text: &[u8]) -> bool {
    // Eight bytes at once: a JSON row has about 50 short strings, and testing each byte took a
    // fifth of the time.
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const BLANKS: u64 = u64::from_ne_bytes([b' '; 8]);
    // The high bit of a byte is set in the first term if it is below a blank, and in the others if
    // it is above `~`. A borrow or a carry leaves only bytes in which such a bit is set.
    let is_printable = |word: [u8; 8]| {
        let word = u64::from_ne_bytes(word);
        (word.wrapping_sub(BLANKS) | word.wrapping_add(LOW) | word) & HIGH == 0
    };
    match text.last_chunk() {
        // The last word overlaps the one before it.
        Some(last) => {
            is_printable(*last) && text.as_chunks().0.iter().all(|word| is_printable(*word))
        }
        None => text.iter().all(|byte| matches!(byte, b' '..=b'~')),
    }
}

/// Splits a text at its first character that is unsafe to show.
fn split_at_unsafe(text: &str) -> Option<(&str, char, &str)> {
    let mut marks = Marks::default();
    let mut indices = text.char_indices();
    let (start, c) = indices.find(|(_, c)| is_unsafe_to_show(*c) || !marks.admit(*c))?;
    let (shown, rest) = text.split_at_checked(start)?;
    Some((shown, c, rest.strip_prefix(c)?))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn words_of_ascii_are_tested_as_each_byte_is() {
        for length in 0..20 {
            for (at, byte) in (0..length).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                for other in [b' ', b'a', b'~'] {
                    let mut text = vec![other; length];
                    text[at] = byte;
                    let expected = matches!(byte, b' '..=b'~');
                    assert_eq!(is_printable_ascii(&text), expected, "{text:?}");
                }
            }
        }
    }

    #[rstest]
    // usual
    #[case::path("/run/a b.sock", r#""/run/a b.sock""#)]
    #[case::letters_of_any_script("/größe/日", "\"/größe/日\"")]
    // boundary
    #[case::empty("", "\"\"")]
    #[case::quote_and_backslash(r#"a"\x2d"#, r#""a\"\\x2d""#)]
    #[case::beyond_16_bits("😀", "\"😀\"")]
    // hostile
    #[case::controls("\0\n\u{1b}[2J", r#""\u0000\n\u001b[2J""#)]
    #[case::delete("\u{7f}", r#""\u007f""#)]
    #[case::c1_control("\u{9b}2J", r#""\u009b2J""#)]
    #[case::direction("a\u{202e}b\u{2066}", r#""a\u202eb\u2066""#)]
    #[case::separators("\u{2028}\u{2029}", r#""\u2028\u2029""#)]
    #[case::invisible("\u{200b}x\u{feff}", r#""\u200bx\ufeff""#)]
    #[case::tag("\u{e0041}", r#""\udb40\udc41""#)]
    #[case::marks("\u{301}e\u{301}", "\"\\u0301e\u{301}\"")]
    fn keeps_text_harmless(#[case] text: &str, #[case] json: &str) {
        let mut out = Vec::new();
        write(&mut out, text).unwrap();
        assert_eq!(String::from_utf8(out.clone()).unwrap(), json);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }
}
