//! The command line: what was typed, and what it means.

mod error;
mod flags;
mod help;
mod plan;
mod raw;

pub(crate) use error::CliError;
pub use flags::{Flag, Refusal, flags};
pub(crate) use help::{Help, VERSION};
pub(crate) use plan::{Column, Detail, DetailSet, Names, NothingToShow, Plan, Show, Summary};
pub(crate) use raw::RawArgs;
