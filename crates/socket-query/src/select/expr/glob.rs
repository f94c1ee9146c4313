//! Shell patterns over the names of unix sockets and of processes.
//!
//! ```text
//! pattern := ("*" | "?" | "[" ("!" | "^")? item+ "]" | "\" byte | byte)*
//! item    := end "-" end | "[:" class ":]" | "[=" byte "=]" | byte          "]" may be first
//! end     := "[." byte ".]" | "\" byte | byte
//! ```
//!
//! As `fnmatch(3)` of glibc with `FNM_CASEFOLD` in the locale C: `*` matches a slash too, upper and
//! lower case are alike except in a class and between `[=` or `[.`, and a bracket that is not
//! closed matches itself. A pattern that ends in a backslash, and a set with an unknown class,
//! match nothing.

use bstr::ByteSlice as _;
use builtin_cli::{Escaped, hex_at, unescape};
use procnetsocket::model::UnixName;

/// A name as it is shown: abstract ones with `@` before them and for every NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GlobSubject<'a> {
    mark: Option<u8>,
    bytes: &'a [u8],
}

impl<'a> GlobSubject<'a> {
    /// No name.
    pub(super) const NONE: Self = GlobSubject { mark: None, bytes: b"" };

    pub(super) fn of(name: &'a UnixName) -> Self {
        match name {
            UnixName::Pathname(bytes) => Self { mark: None, bytes },
            UnixName::Abstract(bytes) => Self { mark: Some(b'@'), bytes },
            _ => Self::NONE,
        }
    }

    /// A name that is not that of a socket.
    pub(super) fn plain(bytes: &'a [u8]) -> Self {
        Self { mark: None, bytes }
    }

    pub(super) fn len(self) -> usize {
        self.bytes.len().saturating_add(usize::from(self.mark.is_some()))
    }

    /// Returns a byte of the name as it is shown.
    pub(super) fn get(self, at: usize) -> Option<u8> {
        let byte = match (self.mark, at.checked_sub(1)) {
            (Some(mark), None) => return Some(mark),
            (Some(_), Some(at)) => self.bytes.get(at),
            (None, _) => self.bytes.get(at),
        };
        byte.map(|byte| if *byte == 0 && self.mark.is_some() { b'@' } else { *byte })
    }

    /// Returns whether the name is shown as these bytes.
    fn is(self, shown: &[u8]) -> bool {
        self.len() == shown.len()
            && (0..shown.len()).all(|at| self.get(at) == shown.get(at).copied())
    }
}

/// Returns whether a name matches a pattern.
///
/// The time is bounded by the product of their lengths: only the last `*` is tried again.
pub(super) fn matches(pattern: &[u8], name: GlobSubject<'_>) -> bool {
    let (mut rest, mut at) = (pattern, 0);
    let mut retry: Option<(&[u8], usize)> = None;
    loop {
        if let [b'*', behind @ ..] = rest {
            (rest, retry) = (behind, Some((behind, at)));
            continue;
        }
        match (name.get(at), rest.is_empty()) {
            (None, true) => return true,
            (Some(byte), false) if let Some(behind) = match_one(rest, byte) => {
                (rest, at) = (behind, at.saturating_add(1));
            }
            // The last `*` takes one byte more.
            (_, _) => match retry {
                Some((behind, from)) if from < name.len() => {
                    let from = from.saturating_add(1);
                    (rest, at, retry) = (behind, from, Some((behind, from)));
                }
                _ => return false,
            },
        }
    }
}

/// Returns whether the name of a unix socket matches a pattern, as it is or as it is printed.
pub(super) fn matches_unix(pattern: &[u8], name: &UnixName) -> bool {
    matches_read(pattern, GlobSubject::of(name))
}

/// Returns whether the name of a process matches a pattern, as it is or as it is printed.
pub(super) fn matches_process(pattern: &[u8], name: &[u8]) -> bool {
    matches_read(pattern, GlobSubject::plain(name))
}

/// Returns whether a name matches a pattern, where it is printed so that
/// [`unescape`](builtin_cli::unescape) reads it back: `\xNN` in the pattern is that byte in the
/// name, and a name that is written out matches whatever is in it.
fn matches_read(pattern: &[u8], name: GlobSubject<'_>) -> bool {
    // Nearly every pattern has no backslash, and then nothing is allocated.
    let is_printed = || {
        if pattern.contains(&b'\\') {
            matches(&with_bytes(pattern), name) || name.is(&unescape(pattern))
        } else {
            name.is(pattern)
        }
    };
    matches(pattern, name) || is_printed()
}

/// Returns a pattern in which each `\xNN` is its byte, which matches itself.
fn with_bytes(pattern: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let [first, behind @ ..] = rest {
        if let Some(byte) = hex_at(rest) {
            bytes.extend([b'\\', byte]);
            rest = rest.get(4..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    bytes
}

/// Returns whether the name of a systemd unit matches a pattern, as it is or as it is printed. Such
/// names contain `\xNN` themselves.
pub(super) fn matches_unit(pattern: &[u8], name: &[u8]) -> bool {
    matches(pattern, GlobSubject::plain(name)) || {
        let mut printed = Vec::new();
        Escaped::column(name).push_to(&mut printed);
        printed == pattern || matches_printed(pattern, &printed)
    }
}

/// Matches what is printed of a name: `\xNN` in the pattern is that in the name.
fn matches_printed(pattern: &[u8], printed: &[u8]) -> bool {
    let mut literal = Vec::with_capacity(pattern.len());
    for (at, byte) in pattern.iter().enumerate() {
        if pattern.get(at..).and_then(hex_at).is_some() {
            literal.push(b'\\');
        }
        literal.push(*byte);
    }
    matches(&literal, GlobSubject::plain(printed))
}

/// Matches one byte with the beginning of a pattern that is not `*`; returns the rest of the
/// pattern.
fn match_one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    let (is_match, behind) = match pattern {
        [b'?', behind @ ..] => (true, behind),
        [b'[', set @ ..] => match match_set(set, byte) {
            Set::Ends(is_match, behind) => (is_match, behind),
            Set::Unended => (byte == b'[', set),
            Set::Invalid => return None,
        },
        [b'\\', escaped, behind @ ..] => (folds(*escaped, byte), behind),
        // The backslash escapes nothing.
        [b'\\'] | [] => return None,
        [literal, behind @ ..] => (folds(*literal, byte), behind),
    };
    is_match.then_some(behind)
}

fn folds(one: u8, other: u8) -> bool {
    one.eq_ignore_ascii_case(&other)
}

/// What follows a bracket.
enum Set<'a> {
    /// A set that a byte matches or not, and the rest of the pattern.
    Ends(bool, &'a [u8]),
    /// The set is not closed: the bracket matches itself.
    Unended,
    /// A set that matches nothing.
    Invalid,
}

/// Matches a byte with a set, from after its bracket.
fn match_set(set: &[u8], byte: u8) -> Set<'_> {
    let (is_negated, mut rest) = match set {
        [b'!' | b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut is_first = true;
    loop {
        if let ([b']', behind @ ..], false) = (rest, is_first) {
            return Set::Ends(is_negated, behind);
        }
        is_first = false;
        match take_item(rest) {
            Ok(Some((item, behind))) if item.contains(byte) => {
                return end_of(behind).map_or(Set::Invalid, |end| Set::Ends(!is_negated, end));
            }
            Ok(Some((_, behind))) => rest = behind,
            Ok(None) => return Set::Unended,
            Err(InvalidSet) => return Set::Invalid,
        }
    }
}

/// Returns the rest after a set of which a member was found.
///
/// Compat: what follows that member is only scanned for the end of the set, so an unknown class is
/// accepted there.
fn end_of(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match rest {
            [b']', behind @ ..] => return Some(behind),
            [b'[', b':', class @ ..] => match split_class(class) {
                Some((_, behind)) => behind,
                None => rest.get(1..)?,
            },
            [b'[', b'.', symbol @ ..] => symbol.get(symbol.find(b".]")?.checked_add(2)?..)?,
            [b'[', b'=', class @ ..] => class.get(1..)?.strip_prefix(b"=]")?,
            [b'\\', escaped @ ..] => escaped.get(1..)?,
            [_, behind @ ..] => behind,
            [] => return None,
        };
    }
}

/// A set that matches nothing.
struct InvalidSet;

/// A member of a set.
enum GlobItem<'a> {
    Range(u8, u8),
    Class(&'a [u8]),
    /// Exactly this byte.
    Exact(u8),
    /// Compat: the beginning of a range without an end.
    Nothing,
}

impl GlobItem<'_> {
    fn contains(&self, byte: u8) -> bool {
        match self {
            Self::Range(first, last) => {
                let range = first.to_ascii_lowercase()..=last.to_ascii_lowercase();
                range.contains(&byte.to_ascii_lowercase())
            }
            Self::Class(name) => is_of_class(name, byte),
            Self::Exact(exact) => *exact == byte,
            Self::Nothing => false,
        }
    }
}

/// Takes a member; `None` at the end of the pattern.
fn take_item(rest: &[u8]) -> Result<Option<(GlobItem<'_>, &[u8])>, InvalidSet> {
    match rest {
        [] => Ok(None),
        [b'[', b':', class @ ..] if let Some((name, behind)) = split_class(class) => {
            if CLASSES.contains(&name) {
                Ok(Some((GlobItem::Class(name), behind)))
            } else {
                Err(InvalidSet)
            }
        }
        [b'[', b'=', byte, b'=', b']', behind @ ..] => Ok(Some((GlobItem::Exact(*byte), behind))),
        [b'[', b'.', ..] => {
            let (first, behind) = take_end(rest)?;
            match behind {
                [b'-', b']', ..] => Ok(Some((GlobItem::Nothing, behind))),
                [b'-', last @ ..] if !last.is_empty() => range(first, last),
                _ => Ok(Some((GlobItem::Exact(first), behind))),
            }
        }
        _ => {
            let (first, behind) = take_end(rest)?;
            match behind {
                [b'-', b']', ..] => Ok(Some((GlobItem::Range(first, first), behind))),
                [b'-', last @ ..] => range(first, last),
                _ => Ok(Some((GlobItem::Range(first, first), behind))),
            }
        }
    }
}

fn range(first: u8, last: &[u8]) -> Result<Option<(GlobItem<'_>, &[u8])>, InvalidSet> {
    let (last, behind) = take_end(last)?;
    Ok(Some((GlobItem::Range(first, last), behind)))
}

/// Takes an end of a range, or a byte alone.
fn take_end(rest: &[u8]) -> Result<(u8, &[u8]), InvalidSet> {
    match rest {
        [b'[', b'.', byte, b'.', b']', behind @ ..] => Ok((*byte, behind)),
        // In this locale a name of a byte is the byte itself.
        [b'[', b'.', ..] | [b'\\'] | [] => Err(InvalidSet),
        [b'\\', byte, behind @ ..] | [byte, behind @ ..] => Ok((*byte, behind)),
    }
}

/// Splits at the end of the name of a class; `None` for what cannot be such a name.
///
/// Compat: no name of a class contains the letter `z`.
fn split_class(class: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = class.iter().position(|byte| !matches!(byte, b'a'..=b'y'))?;
    let (name, rest) = class.split_at_checked(end)?;
    Some((name, rest.strip_prefix(b":]")?))
}

/// The classes of bytes.
const CLASSES: [&[u8]; 12] = [
    b"alnum", b"alpha", b"blank", b"cntrl", b"digit", b"graph", b"lower", b"print", b"punct",
    b"space", b"upper", b"xdigit",
];

fn is_of_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => matches!(byte, b' '..=b'~'),
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;

    use super::*;

    #[rstest]
    // usual
    #[case::itself("/run/a", "/run/a", true)]
    #[case::case_does_not_matter("/RUN/a", "/run/A", true)]
    #[case::another("/run/a", "/run/b", false)]
    #[case::star_takes_slashes("*a", "/run/x/a", true)]
    #[case::star_in_the_middle("/run/*.sock", "/run/a.b.sock", true)]
    #[case::several_stars("*r*n*", "/run/a", true)]
    #[case::question_mark("/run/?", "/run/a", true)]
    #[case::set("/run/[abc]", "/run/b", true)]
    #[case::range("/run/[a-c]", "/run/B", true)]
    #[case::not_in_the_set("/run/[!abc]", "/run/b", false)]
    #[case::caret("/run/[^abc]", "/run/d", true)]
    #[case::class("[[:digit:]]x", "7x", true)]
    #[case::class_of_upper_case("[[:upper:]]", "F", true)]
    #[case::class_of_the_other_case("[[:upper:]]", "f", false)]
    #[case::class_and_letter("[[:lower:]F]", "F", true)]
    #[case::escaped_star(r"a\*", "a*", true)]
    #[case::escaped_star_is_no_star(r"a\*", "ab", false)]
    // boundary
    #[case::nothing("", "", true)]
    #[case::nothing_is_not_something("", "a", false)]
    #[case::star_takes_nothing("*", "", true)]
    #[case::question_mark_takes_one("?", "", false)]
    #[case::prefix_alone("/run", "/run/a", false)]
    #[case::bracket_first_in_a_set("[]a]", "]", true)]
    #[case::hyphen_last_in_a_set("[a-]", "-", true)]
    #[case::bracket_that_does_not_end("a[b", "a[b", true)]
    #[case::bracket_that_does_not_end_is_no_set("a[b", "ab", false)]
    #[case::escape_in_a_set(r"[\]]", "]", true)]
    #[case::escape_at_the_end(r"a\", r"a\", false)]
    #[case::unknown_class("[[:bogus:]]", "b", false)]
    #[case::not_of_an_unknown_class("[![:bogus:]]", "b", false)]
    #[case::unknown_class_beside_the_byte("[[:bogus:]b]", "b", false)]
    #[case::empty_class("[![::]]", "b", false)]
    #[case::class_that_does_not_end("[[:digit]", ":", true)]
    #[case::exact("[[=a=]]", "a", true)]
    #[case::exact_has_one_case("[[=a=]]", "A", false)]
    #[case::symbol("[[.-.]]", "-", true)]
    #[case::symbol_has_one_case("[[.a.]]", "A", false)]
    #[case::range_between_symbols("[[.a.]-[.c.]]", "B", true)]
    #[case::not_a_symbol("[![.a.]]", "b", true)]
    #[case::symbol_of_two("[[.ab.]]", "a", false)]
    #[case::symbol_that_does_not_end("[[.]", "[", false)]
    #[case::symbol_behind_a_match("[b[.].]]", "b", true)]
    #[case::symbol_that_does_not_end_behind_a_match("[b[.]", "b", false)]
    #[case::unknown_class_behind_a_match("[b[:bogus:]]", "b", true)]
    #[case::slash_in_a_set("a[/]b", "a/b", true)]
    // hostile
    #[case::backtracking(
        "*a*a*a*a*a*a*a*a*b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        false
    )]
    #[case::stars("********", "", true)]
    fn patterns_are_those_of_the_shell(
        #[case] pattern: &str,
        #[case] name: &str,
        #[case] expected: bool,
    ) {
        let name = UnixName::Pathname(name.into());
        assert_eq!(matches(pattern.as_bytes(), GlobSubject::of(&name)), expected);
    }

    #[rstest]
    #[case::mark("@*", true)]
    #[case::nul_is_shown_as_at("@a@b", true)]
    #[case::without_the_mark("a*", false)]
    fn abstract_names_are_matched_as_they_are_shown(#[case] pattern: &str, #[case] expected: bool) {
        let name = UnixName::Abstract(BString::from("a\0b"));
        assert_eq!(matches(pattern.as_bytes(), GlobSubject::of(&name)), expected);
    }

    #[rstest]
    #[case::blank(r"/run/a\x20b", "/run/a b", true)]
    #[case::blank_in_a_pattern(r"*\x20?", "/run/a b", true)]
    #[case::blank_as_it_is("/run/a b", "/run/a b", true)]
    #[case::backslash(r"/run/a\x5cx20b", r"/run/a\x20b", true)]
    #[case::another_name(r"/run/a\x20b", r"/run/a\x20b", false)]
    #[case::letter(r"/run/a\x20b", "/run/ax20b", true)]
    #[case::byte_is_no_star(r"/run/\x2a", "/run/ab", false)]
    #[case::sets("/run/[a]*", "/run/[a]*", true)]
    #[case::set_and_blank(r"/run/[a]\x20", "/run/[a] ", true)]
    fn names_are_matched_as_they_are_printed(
        #[case] pattern: &str,
        #[case] name: &str,
        #[case] expected: bool,
    ) {
        let name = UnixName::Pathname(name.into());
        assert_eq!(matches_unix(pattern.as_bytes(), &name), expected);
    }

    #[rstest]
    #[case::itself(r"foo\x2dbar.service", r"foo\x2dbar.service", true)]
    #[case::pattern(r"foo\x2d*", r"foo\x2dbar.service", true)]
    #[case::byte_that_is_shown(r"foo\x2d*", "foo-bar.service", false)]
    #[case::byte_that_is_not_shown(r"foo\xff*", "foo\u{fdd0}bar", false)]
    #[case::blank(r"foo\x20*", "foo bar", true)]
    #[case::looks_like_a_blank(r"foo\x5cx20*", r"foo\x20bar", true)]
    fn names_of_units_are_matched_as_they_are_printed(
        #[case] pattern: &str,
        #[case] name: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(matches_unit(pattern.as_bytes(), name.as_bytes()), expected);
    }

    #[test]
    fn socket_without_a_name_has_the_empty_name() {
        assert!(matches(b"", GlobSubject::of(&UnixName::Unnamed)));
        assert!(matches(b"*", GlobSubject::of(&UnixName::Unnamed)));
        assert!(!matches(b"?*", GlobSubject::of(&UnixName::Unnamed)));
    }
}
