//! Expansions of variables that the interpreter skips, or cuts, where a value is large.
//!
//! `${v//PATTERN/TEXT}` is the unchanged value where the result is larger than
//! [`MAX_REPLACED_BYTES`], and `${v##PATTERN}` and its like look at [`MAX_PATTERN_PLACES`] places
//! only. The interpreter has no hook there. So checks are put before them ([`crate::check`]), and
//! where that is not possible (arrays), the expansions that a script contains are looked up when it
//! has ended: if the variable of one is so large that it may have been cut, the script ends with an
//! error.

use std::fmt;

use bashkit::ShellStateView;
use builtin_cli::Escaped;

use crate::limits::{MAX_CHECKED_BYTES, MAX_PATTERN_PLACES, MAX_REPLACED_BYTES};

/// An expansion that may have been cut, as it is written in the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    written: String,
    kind: CutKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CutKind {
    Replace,
    Remove,
    Unchecked,
}

impl Cut {
    /// Returns the error of a script whose expansions cannot be checked.
    pub(crate) fn unchecked() -> Self {
        Self { written: String::new(), kind: CutKind::Unchecked }
    }
}

/// An expansion of a script.
pub(crate) struct Expansion<'a> {
    pub(crate) written: &'a str,
    /// The name of a variable, or the number of a parameter.
    pub(crate) name: &'a str,
    /// What is between the brackets after it.
    pub(crate) index: Option<&'a str>,
    pub(crate) operation: Operation<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum Operation<'a> {
    Replace { pattern: &'a str, text: &'a str, is_of_all: bool },
    Remove { pattern: &'a str },
}

impl Expansion<'_> {
    /// Returns whether it is of every element of an array.
    pub(crate) fn is_of_elements(&self) -> bool {
        matches!(self.index, Some("@" | "*"))
    }

    /// Returns the error that it may have been cut.
    pub(crate) fn cut(&self) -> Cut {
        let shown = (0..=SHOWN_BYTES).rev().find_map(|end| self.written.get(..end));
        let kind = match self.operation {
            Operation::Replace { .. } => CutKind::Replace,
            Operation::Remove { .. } => CutKind::Remove,
        };
        Cut { written: shown.unwrap_or_default().to_owned(), kind }
    }
}

/// Bytes of an expansion that are shown in a message.
const SHOWN_BYTES: usize = 80;

/// Where the interpreter cuts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutBounds {
    replaced_bytes: usize,
    pattern_places: usize,
}

/// The bounds that are fixed in the interpreter.
pub(crate) const BOUNDS: CutBounds =
    CutBounds { replaced_bytes: MAX_REPLACED_BYTES, pattern_places: MAX_PATTERN_PLACES };

/// Returns whether a script contains an expansion that may be cut.
pub(crate) fn has_risk(script: &str) -> bool {
    expansions(script).next().is_some()
}

/// Returns the first expansion of a script that may have been cut, judged by the current variables.
pub(crate) fn find_cut(script: &str, state: &ShellStateView, bounds: CutBounds) -> Option<Cut> {
    let found = expansions(script).find(|expansion| may_be_cut(expansion, state, bounds));
    found.map(|expansion| expansion.cut())
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = Escaped::new(self.written.as_bytes());
        match self.kind {
            CutKind::Replace => write!(
                f,
                "{written} may have left its value as it was, as the result may have at most \
                 {MAX_REPLACED_BYTES} bytes: use `sed`"
            ),
            CutKind::Remove => write!(
                f,
                "{written} may not have seen all of its value, as it looks at \
                 {MAX_PATTERN_PLACES} places: use `sed`"
            ),
            CutKind::Unchecked => write!(
                f,
                "the script has too many expansions, or more than {MAX_CHECKED_BYTES} bytes: \
                 ${{v//PATTERN/TEXT}} and ${{v##PATTERN}} cannot be checked"
            ),
        }
    }
}

fn may_be_cut(expansion: &Expansion<'_>, state: &ShellStateView, bounds: CutBounds) -> bool {
    let values = values(expansion.name, state);
    match expansion.operation {
        Operation::Replace { pattern, text, is_of_all } => {
            let results = values.iter().map(|value| replaced(value, pattern, text, is_of_all));
            if expansion.is_of_elements() {
                let (mut bytes, mut is_changed) = (0_usize, false);
                for result in results {
                    bytes = bytes.saturating_add(result.bytes).saturating_add(1);
                    is_changed |= result.is_changed;
                }
                is_changed && bytes > bounds.replaced_bytes
            } else {
                let mut results = results;
                results.any(|result| result.is_changed && result.bytes > bounds.replaced_bytes)
            }
        }
        Operation::Remove { pattern } => {
            is_tried_at_places(pattern)
                && values.iter().any(|value| value.chars().count() >= bounds.pattern_places)
        }
    }
}

/// Returns the value of a variable, or the values of an array.
fn values<'a>(name: &str, state: &'a ShellStateView) -> Vec<&'a str> {
    let scalar = state.variables.get(name).into_iter();
    let indexed = state.arrays.get(name).into_iter().flat_map(|array| array.values());
    let associated = state.assoc_arrays.get(name).into_iter().flat_map(|array| array.values());
    scalar.chain(indexed).chain(associated).map(String::as_str).collect()
}

pub(crate) struct Replaced {
    pub(crate) bytes: usize,
    pub(crate) is_changed: bool,
}

/// Returns whether an operand means its own text.
pub(crate) fn is_literal(text: &str) -> bool {
    !text.contains(|c: char| "$`\\'\"*?[]()#%~&".contains(c))
}

/// Returns the size of the result of a replacement; for a pattern that is not a literal, that of
/// the value.
pub(crate) fn replaced(value: &str, pattern: &str, text: &str, is_of_all: bool) -> Replaced {
    if !is_literal(pattern) || !is_literal(text) || pattern.is_empty() {
        return Replaced { bytes: value.len(), is_changed: true };
    }
    let matches = value.matches(pattern).take(if is_of_all { usize::MAX } else { 1 }).count();
    let added = matches.saturating_mul(text.len());
    let bytes = value.len().saturating_add(added) - matches * pattern.len();
    Replaced { bytes, is_changed: matches > 0 }
}

/// Returns whether a pattern is tried at one place after the other: one with `[`, `?`, a list in
/// parentheses or more than one `*`. The values of variables in a pattern are not known here.
pub(crate) fn is_tried_at_places(pattern: &str) -> bool {
    pattern.contains(['[', '?', '(']) || pattern.matches('*').count() > 1
}

/// Returns the expansions of a script that may be cut, with those in quotes and comments.
fn expansions(script: &str) -> impl Iterator<Item = Expansion<'_>> {
    let begins = script.match_indices("${");
    begins.filter_map(|(at, _)| expansion_at(script.get(at..)?))
}

/// Returns the expansion that a text begins with.
pub(crate) fn expansion_at(text: &str) -> Option<Expansion<'_>> {
    let inner = text.strip_prefix("${")?;
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, mut rest) = inner.split_at(inner.find(|c| !is_of_name(c))?);
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) && !is_number {
        return None;
    }
    let mut index = None;
    if let Some(inner) = rest.strip_prefix('[') {
        let (found, behind) = inner.split_once(']')?;
        (index, rest) = (Some(found), behind);
    }
    let operator = ["//", "/", "##", "#", "%%", "%"].into_iter().find(|it| rest.starts_with(it))?;
    let operand = rest.get(operator.len()..)?;
    let operand = operand.get(..end_of(operand, '}')?)?;
    let operation = if operator.starts_with('/') {
        let end = end_of(operand, '/').unwrap_or(operand.len());
        let (pattern, text) = operand.split_at(end);
        let text = text.strip_prefix('/').unwrap_or(text);
        Operation::Replace { pattern, text, is_of_all: operator == "//" }
    } else {
        Operation::Remove { pattern: operand }
    };
    let length = text.len() - rest.len() + operator.len() + operand.len() + 1;
    Some(Expansion { written: text.get(..length)?, name, index, operation })
}

/// Bytes of an operand that are scanned. Limits the time for a script of open braces. A longer one
/// is not checked.
pub(crate) const MAX_OPERAND_BYTES: usize = 16 * 1024;

/// Returns the position of a character that is neither escaped nor within braces.
pub(crate) fn end_of(text: &str, end: char) -> Option<usize> {
    let (mut depth, mut is_escaped) = (0_usize, false);
    for (at, c) in text.char_indices().take_while(|(at, _)| *at < MAX_OPERAND_BYTES) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == end && depth == 0 => return Some(at),
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rstest::rstest;

    use super::*;

    /// Returns the state of a shell in which `v` has this many bytes.
    fn state(bytes: usize) -> ShellStateView {
        let mut state = bashkit::Bash::new().shell_state_view();
        let value = "ESTAB 1 ".repeat(bytes / 8 + 1);
        let value = value.get(..bytes).unwrap().to_owned();
        state
            .arrays
            .insert("a".to_owned(), HashMap::from([(0, value.clone()), (7, value.clone())]));
        state.variables.insert("v".to_owned(), value);
        state
    }

    const MOST: usize = 4096;
    const PLACES: usize = 128;
    const SMALL: CutBounds = CutBounds { replaced_bytes: MOST, pattern_places: PLACES };

    #[rstest]
    // Replacements.
    #[case::large("w=${v//ESTAB/Y}", 3 * MOST, Some("${v//ESTAB/Y}"))]
    #[case::becomes_small("w=${v//ESTAB/}", 2 * MOST, None)]
    #[case::becomes_large("w=${v// /--------}", MOST / 2, Some("${v// /--------}"))]
    #[case::grows_once("w=${v/ /--------}", MOST / 2, None)]
    #[case::without_a_match("w=${v//x/--------}", 2 * MOST, None)]
    #[case::most("w=${v//ESTAB/state}", MOST, None)]
    #[case::one_more("w=${v//ESTAB/state}", MOST + 1, Some("${v//ESTAB/state}"))]
    #[case::pattern("w=${v//[A-Z]/y}", MOST + 1, Some("${v//[A-Z]/y}"))]
    #[case::small_pattern("w=${v//[A-Z]/y}", MOST, None)]
    #[case::elements("w=(${a[@]//ESTAB/state})", MOST / 2, Some("${a[@]//ESTAB/state}"))]
    #[case::one_element("w=${a[0]//ESTAB/state}", MOST / 2, None)]
    #[case::another_variable("w=${w//ESTAB/Y}", 2 * MOST, None)]
    #[case::nested("w=${v//${x}/Y}", 2 * MOST, Some("${v//${x}/Y}"))]
    // Removals.
    #[case::set("w=${v##*[0-9]}", PLACES, Some("${v##*[0-9]}"))]
    #[case::small_set("w=${v##*[0-9]}", PLACES - 1, None)]
    #[case::any_character("w=${v%?}", PLACES, Some("${v%?}"))]
    #[case::two_stars("w=${v#*1*1}", PLACES, Some("${v#*1*1}"))]
    #[case::star("w=${v##*ESTAB}", 2 * MOST, None)]
    #[case::text("w=${v%ESTAB}", 2 * MOST, None)]
    // Others.
    #[case::length("w=${#v}", 2 * MOST, None)]
    #[case::default("w=${v:-[a]}", 2 * MOST, None)]
    #[case::open("w=${v//a", 2 * MOST, None)]
    fn expansions_of_large_values_are_found(
        #[case] script: &str,
        #[case] bytes: usize,
        #[case] written: Option<&str>,
    ) {
        let found = find_cut(script, &state(bytes), SMALL);
        assert_eq!(found.map(|cut| cut.written).as_deref(), written);
    }

    #[test]
    fn open_expansions_are_scanned_in_bounded_time() {
        assert!(!has_risk(&"${v//".repeat(2_000)));
    }

    #[test]
    fn messages_are_short_and_escaped() {
        let script = format!("w=${{v//\u{1b}{}/b}}", "é".repeat(100));
        let text = find_cut(&script, &state(2 * MOST), SMALL);
        assert_eq!(text, None, "no match");
        let script = format!("w=${{v//[\u{1b}]{}/b}}", "é".repeat(100));
        let text = find_cut(&script, &state(2 * MOST), SMALL).unwrap().to_string();
        assert!(text.starts_with("${v//[\\x1b]") && text.len() < 600, "{text}");
    }
}
