//! The expression that a row has to satisfy.

use std::{ops::RangeInclusive, sync::Arc};

use procnetsocket::{NetNamespace, PeerTable, ProcVisibility, ProcessTable, Table, model::Socket};

use super::expr::{
    Expr, Facts, Predicate, ProcessMatches, admits, compile, has_condition, is_of_peer,
    is_of_process, is_of_process_or_user,
};

/// The condition for a socket to be selected.
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
        /// The ports that the kernel assigns by itself, for `autobound`.
        local_ports: RangeInclusive<u16>,
        /// The processes of sockets, for `pid` and `comm`. A view finds them when it collects;
        /// `None` before.
        matches: Option<ProcessMatches>,
        /// The network namespace of the sockets, for `netns`, in a listing of all namespaces.
        namespace: Option<Arc<NetNamespace>>,
        /// The other ends of connections, for `peer-pid` and `peer-comm`. A view finds them when
        /// it collects; `None` before.
        peers: Option<Arc<PeerTable>>,
    },
}

impl Filter {
    /// The range of ports that the kernel assigns, if `/proc` does not contain it.
    ///
    /// Compat: the fallback of iproute2, which was the kernel's default long ago.
    pub(crate) const USUAL_LOCAL_PORTS: RangeInclusive<u16> = 1024..=4999;

    /// Returns a program with which the kernel omits sockets of an internet table that the filter
    /// does not admit, and no others; empty if there is none.
    pub fn program(&self, table: Table) -> Vec<u8> {
        match self {
            Self::Expr { expr, .. } if runs_programs(table) => compile(expr).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Returns whether there is an expression.
    pub fn is_expression(&self) -> bool {
        !matches!(self, Self::All)
    }

    /// Returns whether the filter admits `socket`.
    pub fn admits(&self, socket: &Socket<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Expr { expr, local_ports, matches, namespace, peers } => {
                let (matches, namespace) = (matches.as_ref(), namespace.as_deref());
                let facts = Facts { local_ports, matches, namespace, peers: peers.as_deref() };
                admits(expr, socket, &facts)
            }
        }
    }

    /// Returns whether the filter has a condition on the processes that have a socket open.
    pub fn has_process_condition(&self) -> bool {
        self.has_condition(is_of_process)
    }

    /// Returns whether the filter has a condition on the other ends of sockets.
    pub fn has_peer_condition(&self) -> bool {
        self.has_condition(is_of_peer)
    }

    /// Returns the filter with these processes.
    pub(crate) fn with_processes(&self, processes: &ProcessTable) -> Self {
        match self {
            Self::All => Self::All,
            Self::Expr { expr, local_ports, namespace, peers, .. } => Self::Expr {
                namespace: namespace.clone(),
                expr: expr.clone(),
                local_ports: local_ports.clone(),
                matches: Some(ProcessMatches::new(expr, processes)),
                peers: peers.clone(),
            },
        }
    }

    /// Returns the filter with these other ends.
    pub(crate) fn with_peers(&self, found: &Arc<PeerTable>) -> Self {
        let mut filter = self.clone();
        if let Self::Expr { peers, .. } = &mut filter {
            *peers = Some(Arc::clone(found));
        }
        filter
    }

    /// Returns the filter for the sockets of a network namespace.
    pub(crate) fn in_namespace(
        &self,
        namespace: &Arc<NetNamespace>,
        ports: Option<RangeInclusive<u16>>,
    ) -> Self {
        match self {
            Self::All => Self::All,
            Self::Expr { expr, matches, peers, .. } => Self::Expr {
                peers: peers.clone(),
                expr: expr.clone(),
                local_ports: ports.unwrap_or(Self::USUAL_LOCAL_PORTS),
                matches: matches.clone(),
                namespace: Some(Arc::clone(namespace)),
            },
        }
    }

    /// Returns whether the filter might admit other sockets if every process could be read.
    ///
    /// Numbers and names of processes are those of this PID namespace, so processes outside it
    /// count only for a filter that [admits sockets without a known
    /// process](Self::needs_complete_scan).
    pub fn misses_processes(&self, found: &ProcessTable) -> bool {
        let shows_this_namespace =
            found.closed() == 0 && found.visibility() == ProcVisibility::Namespace;
        self.has_process_condition()
            && !found.gaps().is_empty()
            && (self.needs_complete_scan() || !shows_this_namespace)
    }

    /// Returns whether the filter has a condition on processes or users.
    pub(crate) fn asks_for_processes(&self) -> bool {
        self.has_condition(is_of_process_or_user)
    }

    /// Returns whether the filter may admit a socket because its processes are unknown, that is,
    /// whether it excludes processes.
    pub fn needs_complete_scan(&self) -> bool {
        matches!(self, Self::Expr { expr, .. } if ProcessMatches::count_when_unknown(expr))
    }

    fn has_condition(&self, is_such: fn(&Predicate) -> bool) -> bool {
        matches!(self, Self::Expr { expr, .. } if has_condition(expr, is_such))
    }
}

/// Returns whether the kernel runs programs on the addresses that are shown. An SCTP association
/// has other addresses.
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
