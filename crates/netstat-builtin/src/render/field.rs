//! Fields of a row.

use std::io::Write;

/// Appends text and blanks up to `width` columns, as `%-20s` does.
pub(super) fn push_left(out: &mut Vec<u8>, width: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    fill(out);
    out.resize(out.len().max(start.saturating_add(width)), b' ');
}

/// Appends text.
pub(super) fn push_text(out: &mut Vec<u8>, text: impl std::fmt::Display) {
    // OK because writing to a vector cannot fail.
    let _ = write!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;

    use super::*;

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
