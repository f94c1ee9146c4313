//! Words that name a value.

/// The error of a word that names no protocol or kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct UnknownPortWord(pub(crate) &'static str);
