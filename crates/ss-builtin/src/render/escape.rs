//! Names that others chose, made safe to print.

use bstr::ByteSlice;
use builtin_api::is_unsafe_to_show;

/// Appends a name. Text that only shows itself passes as it is; controls, line separators, marks of
/// direction and bytes that are no UTF-8 are written as `\xNN`, byte by byte.
///
/// Security: a name may hold a newline (a forged row), an escape sequence (a terminal that obeys it)
/// or an override of direction (a row that reads differently). Compat: iproute2 prints all of them
/// raw. A backslash stays as it is, as there: names that were escaped by others (`\x2d` in those of
/// systemd) are common, and must read the same.
pub(crate) fn push_name(out: &mut Vec<u8>, name: &[u8]) {
    if name.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        out.extend_from_slice(name);
        return;
    }
    for (start, end, c) in name.char_indices() {
        let bytes = name.get(start..end).unwrap_or_default();
        // The replacement character stands for bytes that are no UTF-8, unless it was there itself.
        let is_invalid = c == char::REPLACEMENT_CHARACTER && bytes != "\u{fffd}".as_bytes();
        if is_invalid || is_unsafe_to_show(c) {
            for byte in bytes {
                push_hex_escape(out, *byte);
            }
        } else {
            out.extend_from_slice(bytes);
        }
    }
}

fn push_hex_escape(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(b"\\x");
    for digit in [byte >> 4, byte & 15] {
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;

    use super::*;

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
        push_name(&mut out, name);
        assert_eq!(BString::from(out), BString::from(shown));
    }
}
