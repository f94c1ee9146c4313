//! The command line: raw arguments, and the plan that they form.
//!
//! ```text
//! flag, word ─► RawArgs ─► plan ─► Show { action, selection, output, ... }
//! ```

mod action;
mod detail;
mod effect;
mod error;
mod flag;
mod help;
mod operand;
mod output;
mod plan;
mod selection;
mod show;
mod sort;
#[cfg(test)]
mod tests;
mod word;

pub use flag::flags;

pub(crate) use action::{Action, End, Ticks};
pub(crate) use detail::{Detail, DetailSet};
pub(crate) use error::{CliError, Refusal};
pub(crate) use help::{Help, VERSION};
pub(crate) use output::{Direction, ListingKind, OptionalColumn, Order, OutputFormat, SortKey};
pub(crate) use plan::{HostFeatures, Plan};
#[cfg(test)]
pub(crate) use show::TextLayout;
pub(crate) use show::{
    CounterDisplay, FilterSource, NameDisplay, NamespaceChoice, NothingToShow, Show,
};
