//! The columns of a row, taken one after the other from the left.
//!
//! A row is words between blanks (spaces or tabs); some words are two fields with a colon between.

use super::number::{self, leading_spaces};
use crate::model::KernelPointer;

/// What was expected at the position where a [`Fields`] stopped. A parser of a field returns
/// nothing else, because the position is known. It is small, as it is returned for every field.
pub(crate) type Expected = &'static str;

/// What was wrong with a line. The reader, which still has the line, adds what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineProblem {
    /// Bytes of the line before the malformed field.
    pub(crate) offset: usize,
    /// What was expected.
    pub(crate) expected: Expected,
}

/// What ends a field.
#[derive(Clone, Copy)]
pub(crate) enum FieldEnd {
    /// A colon, which is taken, too.
    Colon,
    /// Blanks, which are taken, too, or the end of the line.
    Blank,
    /// A single space, which is left, or the end of the line.
    Space,
}

/// The remaining fields of a line.
///
/// A field is taken as a whole or not at all, so after a failure the next byte is the first of the
/// malformed field.
pub(crate) struct Fields<'a> {
    line: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Starts at the first word of a line.
    pub(crate) fn new(line: &'a [u8]) -> Self {
        Self { line, rest: skip_blanks(line) }
    }

    /// Returns whether the line has no more words.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the rest of the line.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Checks that the line has no more words.
    pub(crate) fn end(&self) -> Result<(), Expected> {
        if self.is_at_end() { Ok(()) } else { Err("the end of the row") }
    }

    /// Goes to the next word; after a colon.
    pub(crate) fn skip_blanks(&mut self) {
        self.rest = skip_blanks(self.rest);
    }

    /// Returns the problem that what follows is not what is expected.
    pub(crate) fn problem(&self, expected: Expected) -> LineProblem {
        LineProblem { offset: self.line.len().saturating_sub(self.rest.len()), expected }
    }

    /// Takes a field with a function that returns its value and what follows it.
    #[inline]
    pub(crate) fn take<T>(
        &mut self,
        parse: impl FnOnce(&'a [u8]) -> Option<(T, &'a [u8])>,
        until: FieldEnd,
        expected: Expected,
    ) -> Result<T, Expected> {
        let (value, rest) = parse(self.rest).ok_or(expected)?;
        self.rest = end(rest, until).ok_or(expected)?;
        Ok(value)
    }

    /// Takes a hexadecimal field of exactly 8 digits.
    #[inline]
    pub(crate) fn hex_word(&mut self, until: FieldEnd, what: Expected) -> Result<u32, Expected> {
        self.take(number::hex_word, until, what)
    }

    /// Takes a hexadecimal field of exactly 4 digits.
    #[inline]
    pub(crate) fn hex_half(&mut self, until: FieldEnd, what: Expected) -> Result<u16, Expected> {
        let half =
            |bytes| number::hex_digits::<4>(bytes).and_then(|(n, rest)| Some((narrow(n)?, rest)));
        self.take(half, until, what)
    }

    /// Takes a hexadecimal field of exactly 2 digits.
    #[inline]
    pub(crate) fn hex_byte(&mut self, until: FieldEnd, what: Expected) -> Result<u8, Expected> {
        let byte =
            |bytes| number::hex_digits::<2>(bytes).and_then(|(n, rest)| Some((narrow(n)?, rest)));
        self.take(byte, until, what)
    }

    /// Takes a hexadecimal word of 1 to 16 digits.
    #[inline]
    pub(crate) fn hex(&mut self, what: Expected) -> Result<u64, Expected> {
        self.take(number::hex, FieldEnd::Blank, what)
    }

    /// Takes an unsigned decimal word.
    #[inline]
    pub(crate) fn decimal<T: TryFrom<u64>>(&mut self, what: Expected) -> Result<T, Expected> {
        let number = |bytes| number::unsigned(bytes).and_then(|(n, rest)| Some((narrow(n)?, rest)));
        self.take(number, FieldEnd::Blank, what)
    }

    /// Takes a decimal word that may have a minus sign.
    #[inline]
    pub(crate) fn signed(&mut self, what: Expected) -> Result<i32, Expected> {
        let number = |bytes| number::signed(bytes).and_then(|(n, rest)| Some((narrow(n)?, rest)));
        self.take(number, FieldEnd::Blank, what)
    }

    /// Takes a decimal word of 32 bits that some kernels print as signed and others as unsigned.
    pub(crate) fn either_sign(&mut self, what: Expected) -> Result<u32, Expected> {
        let number = |bytes| number::signed(bytes).and_then(|(n, rest)| Some((wrap(n)?, rest)));
        self.take(number, FieldEnd::Blank, what)
    }

    /// Takes the address of a kernel object (`%pK`): 8 or 16 digits, or a word in parentheses that
    /// the kernel prints instead (`lib/vsprintf.c`).
    pub(crate) fn pointer(&mut self, until: FieldEnd) -> Result<KernelPointer, Expected> {
        let what = match until {
            FieldEnd::Colon => "a kernel pointer and a colon",
            FieldEnd::Blank | FieldEnd::Space => "a kernel pointer",
        };
        self.take(pointer, until, what)
    }
}

#[inline]
fn pointer(bytes: &[u8]) -> Option<(KernelPointer, &[u8])> {
    match number::hex(bytes) {
        Some((number, rest)) => Some((KernelPointer(number), rest)),
        None => no_pointer(bytes),
    }
}

/// Parses what the kernel prints instead of a pointer.
#[cold]
fn no_pointer(bytes: &[u8]) -> Option<(KernelPointer, &[u8])> {
    let rest = [&b"(____ptrval____)"[..], b"(ptrval)", b"(null)"]
        .into_iter()
        .find_map(|word| bytes.strip_prefix(word))?;
    Some((KernelPointer(0), rest))
}

fn narrow<N, T: TryFrom<N>>(number: N) -> Option<T> {
    T::try_from(number).ok()
}

/// Returns the 32 bits of a number that fits either `i32` or `u32`.
fn wrap(number: i64) -> Option<u32> {
    narrow(number).or_else(|| narrow(number).map(i32::cast_unsigned))
}

/// Returns what follows the end of a field, or `None` when the field does not end there.
#[inline]
fn end(rest: &[u8], until: FieldEnd) -> Option<&[u8]> {
    match (until, rest) {
        (FieldEnd::Colon, [b':', after @ ..]) => Some(after),
        (FieldEnd::Blank, [b' ' | b'\t', after @ ..]) => Some(skip_blanks(after)),
        (FieldEnd::Blank | FieldEnd::Space, []) | (FieldEnd::Space, [b' ', ..]) => Some(rest),
        _ => None,
    }
}

#[inline]
fn skip_blanks(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b' ' | b'\t', after @ ..] => skip_padding(after),
        _ => bytes,
    }
}

/// Skips runs of blanks: kernels pad columns, and whole rows, by spaces.
fn skip_padding(mut bytes: &[u8]) -> &[u8] {
    while let Some((eight, _)) = bytes.split_first_chunk::<8>() {
        let spaces = leading_spaces(*eight);
        bytes = bytes.get(spaces..).unwrap_or_default();
        if spaces < 8 {
            break;
        }
    }
    while let [b' ' | b'\t', after @ ..] = bytes {
        bytes = after;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one_digit(b"7", Some(7))]
    #[case::leading_zeros(b"0000000000000000000000007", Some(7))]
    #[case::most(b"18446744073709551615", Some(u64::MAX))]
    #[case::one_too_many(b"18446744073709551616", None)]
    #[case::far_too_many(b"99999999999999999999999999", None)]
    #[case::nothing(b"", None)]
    #[case::sign(b"-1", None)]
    #[case::plus(b"+1", None)]
    #[case::letters(b"1f", None)]
    #[case::nul(b"1\0", None)]
    #[case::decimal_point(b"1.5", None)]
    #[case::a_digit_of_another_script("\u{0661}".as_bytes(), None)]
    fn decimal_words(#[case] line: &[u8], #[case] expected: Option<u64>) {
        assert_eq!(Fields::new(line).decimal("a number").ok(), expected);
    }

    #[rstest]
    #[case::least(b"-2147483648", Some(i32::MIN))]
    #[case::most(b"2147483647", Some(i32::MAX))]
    #[case::minus_zero(b"-0", Some(0))]
    #[case::below_least(b"-2147483649", None)]
    #[case::above_most(b"2147483648", None)]
    #[case::below_64_bits(b"-9223372036854775809", None)]
    #[case::only_a_sign(b"-", None)]
    #[case::two_signs(b"--1", None)]
    fn signed_words(#[case] line: &[u8], #[case] expected: Option<i32>) {
        assert_eq!(Fields::new(line).signed("a number").ok(), expected);
    }

    #[rstest]
    #[case::without_sign(b"4294963200", Some(4_294_963_200))]
    #[case::with_sign(b"-4096", Some(4_294_963_200))]
    #[case::most(b"4294967295", Some(u32::MAX))]
    #[case::least(b"-2147483648", Some(0x8000_0000))]
    #[case::above_most(b"4294967296", None)]
    #[case::below_least(b"-2147483649", None)]
    fn words_of_either_sign(#[case] line: &[u8], #[case] expected: Option<u32>) {
        assert_eq!(Fields::new(line).either_sign("a number").ok(), expected);
    }

    #[rstest]
    #[case::of_64_bits(b"ffff9f3c8b3e0000", Some(0xFFFF_9F3C_8B3E_0000))]
    #[case::of_32_bits(b"c1a2b3d4", Some(0xC1A2_B3D4))]
    #[case::zero(b"0000000000000000", Some(0))]
    #[case::without_entropy(b"(____ptrval____)", Some(0))]
    #[case::without_entropy_32_bits(b"(ptrval)", Some(0))]
    #[case::null_of_old_kernels(b"(null)", Some(0))]
    #[case::seventeen_digits(b"0ffff9f3c8b3e0000", None)]
    #[case::other_parentheses(b"(nil)", None)]
    #[case::cut_parentheses(b"(null", None)]
    fn pointers(#[case] line: &[u8], #[case] expected: Option<u64>) {
        let pointer = Fields::new(line).pointer(FieldEnd::Blank).ok();
        assert_eq!(pointer, expected.map(KernelPointer));
    }

    #[test]
    fn number_of_blanks_between_words_is_ignored() {
        for blanks in 1..40 {
            let line = format!("{0}1{0}2\t{0}3{0}", " ".repeat(blanks));
            let mut fields = Fields::new(line.as_bytes());
            let numbers: [u8; 3] = std::array::from_fn(|_| fields.decimal("a number").unwrap());
            assert_eq!(numbers, [1, 2, 3]);
            assert!(fields.is_at_end());
        }
    }

    #[test]
    fn failure_leaves_the_field_where_it_is() {
        let mut fields = Fields::new(b"  1 2x");
        assert_eq!(fields.decimal::<u8>("a number"), Ok(1));
        let expected = fields.decimal::<u8>("a number").unwrap_err();
        assert_eq!(fields.problem(expected), LineProblem { offset: 4, expected: "a number" });
    }
}
