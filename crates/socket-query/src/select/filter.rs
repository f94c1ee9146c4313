//! The expression that a row has to satisfy.

use std::ops::RangeInclusive;

use procnetsocket::model::Socket;

use super::expr::{Expr, admits};

/// What a socket has to satisfy to be selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// Admits every socket.
    #[default]
    All,
    /// Admits the sockets that satisfy an expression.
    Expr {
        /// The expression.
        expr: Expr,
        /// The ports that the kernel hands out by itself, for `autobound`.
        local_ports: RangeInclusive<u16>,
    },
}

impl Filter {
    /// The ports that the kernel hands out, where it does not tell.
    ///
    /// Compat: what iproute2 takes instead, which has not been the kernel's default for long.
    pub(crate) const USUAL_LOCAL_PORTS: RangeInclusive<u16> = 1024..=4999;

    /// Returns whether the filter admits `socket`.
    pub fn admits(&self, socket: &Socket<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Expr { expr, local_ports } => admits(expr, socket, local_ports),
        }
    }
}
