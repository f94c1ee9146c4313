//! The expression that a row has to satisfy.

use std::ops::RangeInclusive;

use procnetsocket::{OwnerTable, Table, model::Socket};

use super::expr::{Expr, Facts, Holders, admits, compile};

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
        /// Who holds sockets, for `pid` and `comm`. A view looks for them when it collects.
        holders: Holders,
    },
}

impl Filter {
    /// The ports that the kernel hands out, where it does not tell.
    ///
    /// Compat: what iproute2 takes instead, which has not been the kernel's default for long.
    pub(crate) const USUAL_LOCAL_PORTS: RangeInclusive<u16> = 1024..=4999;

    /// Returns a program by which the kernel may leave out sockets of an internet table that the
    /// filter does not admit; empty when there is none. It leaves out no other.
    pub fn program(&self, table: Table) -> Vec<u8> {
        match self {
            Self::Expr { expr, .. } if runs_programs(table) => compile(expr).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Returns whether there is an expression at all.
    pub fn is_expression(&self) -> bool {
        !matches!(self, Self::All)
    }

    /// Returns whether the filter admits `socket`.
    pub fn admits(&self, socket: &Socket<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Expr { expr, local_ports, holders } => {
                admits(expr, socket, &Facts { local_ports, holders })
            }
        }
    }

    /// Returns whether the filter says something about processes.
    pub(crate) fn asks_for_holders(&self) -> bool {
        matches!(self, Self::Expr { expr, .. } if Holders::are_asked_for(expr))
    }

    /// Returns the filter that knows these owners of sockets.
    pub(crate) fn with_holders(&self, owners: &OwnerTable) -> Self {
        match self {
            Self::All => Self::All,
            Self::Expr { expr, local_ports, .. } => Self::Expr {
                expr: expr.clone(),
                local_ports: local_ports.clone(),
                holders: Holders::new(expr, owners),
            },
        }
    }
}

/// Returns whether the kernel sees a socket of a table as it is shown. An association of SCTP has
/// addresses of its own.
fn runs_programs(table: Table) -> bool {
    matches!(
        table,
        Table::Tcp4
            | Table::Tcp6
            | Table::Udp4
            | Table::Udp6
            | Table::UdpLite4
            | Table::UdpLite6
            | Table::Mptcp4
            | Table::Mptcp6
    )
}
