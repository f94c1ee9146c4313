//! Errors of filters, with their position.

use std::{fmt, ops::Range};

use bstr::{BStr, BString};
use builtin_cli::Escaped;

use super::text::{FilterText, MAX_FILTER_BYTES};
use crate::{host_name::HostNameError, policy::Grant};

/// The error of a filter. Its text has three lines: the problem, the filter, and a mark under the
/// word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    problem: FilterProblem,
    text: BString,
    span: Range<usize>,
}

/// The kinds of [`FilterError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterErrorKind {
    /// The words do not make a filter.
    Grammar,
    /// A filter is longer or deeper than the limit.
    Limit,
    /// A word is not the expected value: an address, a port, an interface and so on.
    Value,
    /// A word needs a grant that the policy does not contain.
    NotGranted(Grant),
    /// A word refers to something that the policy hides.
    Hidden,
}

/// The problem, without the position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterProblem {
    #[error("expected {expected}, but found {}", FoundWord(.found))]
    Grammar { expected: &'static str, found: Option<BString> },
    #[error("the filter is nested deeper than {} levels", super::MAX_FILTER_DEPTH)]
    TooDeep,
    #[error("the filter is longer than {MAX_FILTER_BYTES} bytes")]
    TooLong,
    #[error("expected {expected}, but found {}", QuotedWord(.found))]
    Value { expected: &'static str, found: BString },
    #[error("expected {expected}, but found {}", QuotedWord(.found))]
    NoCondition { expected: &'static str, found: BString },
    #[error("there is no \"]\" after the \"[\"")]
    OpenBracket,
    #[error("expected {expected}, but found {}; IPv6 addresses need brackets, as in [::1]:22", QuotedWord(.found))]
    Brackets { expected: &'static str, found: BString },
    #[error("{} is the name of another port with TCP than with UDP", QuotedWord(.0))]
    AmbiguousPort(BString),
    #[error("there is no service {} in the tables that are listed", QuotedWord(.0))]
    UnknownService(BString),
    #[error("service names are for ports of TCP and UDP, and neither is listed")]
    NoServices,
    #[error("there is no interface {}", QuotedWord(.0))]
    UnknownInterface(BString),
    #[error("there is no control group {}", QuotedWord(.0))]
    UnknownCgroup(BString),
    #[error("there is no container whose id begins with {}", QuotedWord(.0))]
    UnknownContainer(BString),
    #[error("there is no systemd unit {}", QuotedWord(.0))]
    UnknownUnit(BString),
    #[error("containers and units are not known here: no control groups of version 2 are mounted")]
    NoCgroups,
    #[error("{} is not an address, and resolving a host name needs the grant \"{}\", which this host does not give", QuotedWord(.0), Grant::Resolve)]
    ResolveNotGranted(BString),
    #[error("{} chooses states only before the filter and as a separate word, as in: ss state listening", QuotedWord(.0))]
    State(BString),
    #[error("there is no user {}", QuotedWord(.0))]
    UnknownUser(BString),
    #[error(
        "to choose sockets by their processes needs the grant \"{}\", which this host does not give",
        Grant::Processes
    )]
    ProcessesNotGranted,
    #[error("names of unix sockets are hidden here, so a filter cannot ask for them")]
    NamesHidden,
    #[error("the host {} cannot be resolved: {}", QuotedWord(.0), .1)]
    Unresolved(BString, HostNameError),
}

impl FilterError {
    pub(super) fn new(problem: FilterProblem, text: &FilterText, span: Range<usize>) -> Self {
        Self { problem, text: text.as_bstr().to_owned(), span }
    }

    /// Returns the error for a text that is too long to parse and to show.
    pub(super) const fn too_long() -> Self {
        Self { problem: FilterProblem::TooLong, text: BString::new(Vec::new()), span: 0..0 }
    }

    /// Returns the kind.
    pub fn kind(&self) -> FilterErrorKind {
        match self.problem {
            FilterProblem::Grammar { .. } => FilterErrorKind::Grammar,
            FilterProblem::TooDeep | FilterProblem::TooLong => FilterErrorKind::Limit,
            FilterProblem::ResolveNotGranted(_) => FilterErrorKind::NotGranted(Grant::Resolve),
            FilterProblem::ProcessesNotGranted => FilterErrorKind::NotGranted(Grant::Processes),
            FilterProblem::NamesHidden => FilterErrorKind::Hidden,
            _ => FilterErrorKind::Value,
        }
    }
}

impl std::error::Error for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem)?;
        if self.text.is_empty() {
            return Ok(());
        }
        write!(f, "\n{}", Marked { text: BStr::new(&self.text), span: self.span.clone() })
    }
}

/// Bytes of the text that are shown on each side of the word, and of the word: 32, so that a short
/// word with its surroundings fits 80 columns.
const WINDOW: usize = 32;

/// Displays a text with a mark under a part of it; a long text is shortened around the mark.
struct Marked<'a> {
    text: &'a BStr,
    span: Range<usize>,
}

impl fmt::Display for Marked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        let from = self.span.start.saturating_sub(WINDOW);
        let word = part(self.span.start..self.span.end.min(self.span.start.saturating_add(WINDOW)));
        let behind = self.span.start.saturating_add(word.len());
        let to = behind.saturating_add(WINDOW).min(self.text.len());
        let before = format!(
            "{}{}",
            if from > 0 { "..." } else { "" },
            escaped(part(from..self.span.start))
        );
        let word = escaped(word).to_string();
        let after = if to < self.text.len() { "..." } else { "" };
        writeln!(f, "    {before}{word}{}{after}", escaped(part(behind..to)))?;
        // Both are ASCII, so bytes are columns.
        write!(f, "    {:width$}{}", "", "^".repeat(word.len().max(1)), width = before.len())
    }
}

/// Displays the found word, or the end of the filter.
struct FoundWord<'a>(&'a Option<BString>);

impl fmt::Display for FoundWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(word) => QuotedWord(word).fmt(f),
            None => f.write_str("the end of the filter"),
        }
    }
}

/// Bytes of a word that a message quotes: 60.
const QUOTED_BYTES: usize = 60;

/// A word between quotes, cut when it is long.
struct QuotedWord<'a>(&'a BString);

impl fmt::Display for QuotedWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..QUOTED_BYTES) {
            Some(begin) if self.0.len() > QUOTED_BYTES => {
                write!(f, "\"{}...\"", escaped(begin))
            }
            _ => write!(f, "\"{}\"", escaped(self.0)),
        }
    }
}

/// Returns bytes for a message. Unlike in names, backslashes are shown: they are part of the
/// language.
fn escaped(bytes: &[u8]) -> Escaped<'_> {
    Escaped::new(bytes).with_backslash()
}
