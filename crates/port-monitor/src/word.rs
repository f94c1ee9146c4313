//! The error of an unknown word.

/// The error of a word that is not a protocol or a kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct UnknownPortWord(pub(crate) &'static str);
