//! Network interfaces.

use bstr::ByteSlice as _;

use super::{Scope, number::parse_unsigned};
use crate::select::expr::error::Problem;

/// Understands an interface: its index, 0 for none, or its name.
///
/// Compat: `if7` is the name of the interface with the index 7, as it is printed for one whose name
/// is not known.
pub(super) fn index(scope: &Scope<'_>, word: &[u8]) -> Result<i64, Problem> {
    let index: Option<u32> = parse_unsigned(word)
        .or_else(|| scope.machine.interface_index(word.as_bstr()).map(u32::from))
        .or_else(|| numbered(word));
    index.map(i64::from).ok_or_else(|| Problem::UnknownInterface(word.into()))
}

fn numbered(word: &[u8]) -> Option<u32> {
    let digits = word.strip_prefix(b"if")?;
    let is_number = digits.iter().all(u8::is_ascii_digit);
    digits.to_str().ok().filter(|_| is_number)?.parse().ok().filter(|index| *index != 0)
}
