//! The command line: what was typed, and what it means.

mod error;
mod flags;
mod help;
mod output;
mod plan;
mod raw;
mod words;

pub(crate) use error::CliError;
pub use flags::{Flag, FlagValue, Refusal, WordList, flags};
pub(crate) use help::{Help, VERSION};
pub(crate) use output::{Direction, ListingKind, Order, OutputFormat, SortKey};
pub(crate) use plan::{
    Action, Detail, DetailSet, End, FilterSource, Host, HostDisplay, LineLayout, NameDisplay,
    NamespaceChoice, NothingToShow, OptionalColumn, Plan, Show, Summary, Tables, Ticks,
};
pub(crate) use raw::RawArgs;
