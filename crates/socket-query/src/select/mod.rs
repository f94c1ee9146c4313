//! The selection of a caller: tables, families, states and a filter.

use std::sync::Arc;

pub mod expr;
mod family;
mod filter;
mod state;
mod table;

pub use family::{AddressFamily, FamilySet};
pub use filter::Filter;
use procnetsocket::{Details, PeerTable, ProcessDetails, ProcessQuery, ProcessTable, Threads};
pub use state::{StateSet, shown_state_of, state_of};
pub use table::{SocketTable, TableSet};

/// A selection: a row is shown when its table, its family, its state and the filter all admit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The tables.
    pub tables: TableSet,
    /// Those of the tables that were selected by name: it is a
    /// [problem](crate::ListingProblem::Unreported) when the kernel has such sockets and no source
    /// reports them. Other tables without a source are left out silently.
    pub named: TableSet,
    /// The address families.
    pub families: FamilySet,
    /// The states.
    pub states: StateSet,
    /// Details of each row beyond the standard fields. Text tables do not have them.
    pub details: Details,
    /// The filter.
    pub filter: Filter,
    /// The processes to show, which a sink receives before the first socket; `None` for none.
    pub processes: Option<ShownProcesses>,
    /// Whether to find the sockets at the other ends, which a sink receives before the first
    /// socket.
    pub peers: bool,
    /// Whether TCP sockets of IPv4 and IPv6 may come in any order, which is faster; those of one
    /// family stay in theirs.
    pub is_any_order: bool,
}

impl Selection {
    /// Returns the selection that admits every socket, without details.
    pub const fn everything() -> Self {
        Self {
            tables: TableSet::ALL,
            named: TableSet::EMPTY,
            families: FamilySet::ALL,
            states: StateSet::ALL,
            details: Details::NONE,
            filter: Filter::All,
            processes: None,
            peers: false,
            is_any_order: false,
        }
    }

    /// Returns the selection whose filter has these processes.
    pub(crate) fn with_processes(&self, processes: &ProcessTable) -> Self {
        Self { filter: self.filter.with_processes(processes), ..self.clone() }
    }

    /// Returns the selection whose filter has these other ends.
    pub(crate) fn with_peers(&self, peers: &Arc<PeerTable>) -> Self {
        Self { filter: self.filter.with_peers(peers), ..self.clone() }
    }
}

/// The details to show of processes that have the selected sockets open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownProcesses {
    /// Whether each thread is listed separately.
    pub threads: Threads,
    /// Details beyond process ids and names.
    pub details: ProcessDetails,
}

impl From<ShownProcesses> for ProcessQuery {
    /// Asks for the processes that have any socket open.
    fn from(shown: ShownProcesses) -> Self {
        Self::all().with_threads(shown.threads).with_details(shown.details)
    }
}
