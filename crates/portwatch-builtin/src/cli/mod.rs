//! The command line: what was typed, and what it means.

mod error;
mod flags;
mod help;
mod plan;
mod raw;

pub use self::flags::{Flag, flags};
pub(crate) use self::{
    error::CliError,
    help::{Help, VERSION},
    plan::{EventFormat, First, Follow, PORTS, Plan, Wanted, Watch, WatchTask, WatchedPorts},
    raw::RawArgs,
};
