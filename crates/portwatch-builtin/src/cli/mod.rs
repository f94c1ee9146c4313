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
    plan::{
        Condition, Enough, EventFormat, First, Follow, Plan, Target, Wanted, Watch, WatchTask,
        WatchedPorts,
    },
    raw::RawArgs,
};
