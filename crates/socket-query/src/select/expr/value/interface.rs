//! Network interfaces.

use bstr::ByteSlice as _;
use builtin_cli::unescape;

use super::{ValueScope, number::parse_unsigned};
use crate::select::expr::error::FilterProblem;

/// Parses an interface: its index, 0 for none, or its name.
///
/// Compat: `if7` is the name of the interface with the index 7, as it is printed when its name is
/// unknown.
pub(super) fn index(scope: &ValueScope<'_>, word: &[u8]) -> Result<i64, FilterProblem> {
    let named = |name: &[u8]| scope.machine.interface_index(name.as_bstr()).map(u32::from);
    // As it is printed, or as it is.
    let by_name = || named(&unescape(word)).or_else(|| named(word));
    let index: Option<u32> = if scope.is_everywhere() {
        let expected = "the index of an interface, as names differ between network namespaces";
        let index = parse_unsigned(word).or_else(|| numbered(word));
        return index
            .map(i64::from)
            .ok_or_else(|| FilterProblem::Value { expected, found: word.into() });
    } else {
        parse_unsigned(word).or_else(by_name).or_else(|| numbered(word))
    };
    index.map(i64::from).ok_or_else(|| FilterProblem::UnknownInterface(word.into()))
}

/// Compat: what follows the digits is ignored (`sscanf`), and a plus may precede them.
fn numbered(word: &[u8]) -> Option<u32> {
    let number = word.strip_prefix(b"if")?;
    let number = number.strip_prefix(b"+").unwrap_or(number);
    let end = number.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.to_str().ok()?.parse().ok().filter(|index| *index != 0)
}
