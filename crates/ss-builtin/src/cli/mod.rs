//! The command line: what was typed, and what it means.

mod error;
mod flags;
mod help;
mod output;
mod plan;
mod raw;
mod words;

pub(crate) use error::CliError;
pub use flags::{Flag, Refusal, Value, Words, flags};
pub(crate) use help::{Help, VERSION};
pub(crate) use output::{Answer, Direction, Order, Output, SortKey};
pub(crate) use plan::{
    Action, Column, Detail, DetailSet, End, FilterSource, Host, Hosts, Lines, Names, NothingToShow,
    Plan, Show, Summary, Tables,
};
pub(crate) use raw::RawArgs;
