//! The expression that a row has to satisfy.

use procnetsocket::model::Socket;

/// An expression over a socket. The filter language of `ss` is not built yet: the one expression
/// that exists admits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// Admits every socket.
    #[default]
    All,
}

impl Filter {
    /// Returns whether there is an expression at all.
    pub fn is_expression(&self) -> bool {
        !matches!(self, Self::All)
    }

    /// Returns whether the filter admits `socket`.
    pub fn admits(&self, _socket: &Socket<'_>) -> bool {
        match self {
            Self::All => true,
        }
    }
}
