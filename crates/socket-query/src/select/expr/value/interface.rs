//! Network interfaces.

use bstr::ByteSlice as _;

use super::{ValueScope, number::parse_unsigned};
use crate::select::expr::error::FilterProblem;

/// Understands an interface: its index, 0 for none, or its name.
///
/// Compat: `if7` is the name of the interface with the index 7, as it is printed for one whose name
/// is not known.
pub(super) fn index(scope: &ValueScope<'_>, word: &[u8]) -> Result<i64, FilterProblem> {
    let index: Option<u32> = parse_unsigned(word)
        .or_else(|| scope.machine.interface_index(word.as_bstr()).map(u32::from))
        .or_else(|| numbered(word));
    index.map(i64::from).ok_or_else(|| FilterProblem::UnknownInterface(word.into()))
}

/// Compat: what stands behind the digits does not count (`sscanf`), and a plus may stand before them.
fn numbered(word: &[u8]) -> Option<u32> {
    let number = word.strip_prefix(b"if")?;
    let number = number.strip_prefix(b"+").unwrap_or(number);
    let end = number.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.to_str().ok()?.parse().ok().filter(|index| *index != 0)
}
