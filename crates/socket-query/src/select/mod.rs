//! What a caller wants to see: tables, families, states and a filter.

pub mod expr;
mod family;
mod filter;
mod state;
mod table;

pub use family::{AddressFamily, FamilySet};
pub use filter::Filter;
use procnetsocket::{Details, OwnerTable};
pub use state::{StateSet, shown_state_of, state_of};
pub use table::{SocketTable, TableSet};

/// A selection: a row is shown when its table, its family, its state and the filter all admit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The tables.
    pub tables: TableSet,
    /// The address families.
    pub families: FamilySet,
    /// The states.
    pub states: StateSet,
    /// What is wanted of each row beside what always comes. Text tables do not have it.
    pub details: Details,
    /// The filter.
    pub filter: Filter,
}

impl Selection {
    /// Returns the selection that admits every socket, without details.
    pub const fn everything() -> Self {
        Self {
            tables: TableSet::ALL,
            families: FamilySet::ALL,
            states: StateSet::ALL,
            details: Details::NONE,
            filter: Filter::All,
        }
    }

    /// Returns the selection whose filter knows these owners of sockets, so that they need not be looked
    /// for again.
    #[must_use]
    pub fn with_owners(&self, owners: &OwnerTable) -> Self {
        Self { filter: self.filter.with_owners(owners), ..self.clone() }
    }
}
