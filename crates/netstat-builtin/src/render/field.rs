//! Fields of a row.

use std::io::Write;

use bstr::ByteSlice;
use builtin_api::is_unsafe_to_show;

/// Appends text and blanks up to that many columns, as `%-20s` does.
pub(super) fn push_left(out: &mut Vec<u8>, width: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    fill(out);
    out.resize(out.len().max(start.saturating_add(width)), b' ');
}

/// Appends text.
pub(super) fn push_text(out: &mut Vec<u8>, text: impl std::fmt::Display) {
    // OK because a vector takes everything.
    let _ = write!(out, "{text}");
}

/// Appends a name that others chose. Controls, line separators, marks of direction and bytes that
/// are no UTF-8 are written as `\xNN`.
///
/// Security: a name may hold a newline (a forged row), an escape sequence or an override of
/// direction. Compat: net-tools prints all of them raw.
pub(super) fn push_name(out: &mut Vec<u8>, name: &[u8]) {
    for (start, end, c) in name.char_indices() {
        let bytes = name.get(start..end).unwrap_or_default();
        // The replacement character stands for bytes that are no UTF-8, unless it was there itself.
        let is_invalid = c == char::REPLACEMENT_CHARACTER && bytes != "\u{fffd}".as_bytes();
        if is_invalid || is_unsafe_to_show(c) {
            for byte in bytes {
                push_text(out, format_args!("\\x{byte:02x}"));
            }
        } else {
            out.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::path(b"/run/a b.sock", b"/run/a b.sock")]
    #[case::newline(b"x\ntcp 0", br"x\x0atcp 0")]
    #[case::terminal_sequence(b"\x1b[2J", br"\x1b[2J")]
    #[case::direction("\u{202e}x".as_bytes(), br"\xe2\x80\xaex")]
    #[case::invalid(b"a\xff", br"a\xff")]
    #[case::letters_of_any_script("größe".as_bytes(), "größe".as_bytes())]
    fn names_are_escaped(#[case] name: &[u8], #[case] shown: &[u8]) {
        let mut out = Vec::new();
        push_name(&mut out, name);
        assert_eq!(BString::from(out), BString::from(shown));
    }

    #[rstest]
    #[case::shorter("ab", "ab  ")]
    #[case::as_long("abcd", "abcd")]
    #[case::longer("abcdef", "abcdef")]
    fn fields_are_padded_and_never_cut(#[case] text: &str, #[case] field: &str) {
        let mut out = Vec::new();
        push_left(&mut out, 4, |out| push_text(out, text));
        assert_eq!(BString::from(out), field);
    }
}
