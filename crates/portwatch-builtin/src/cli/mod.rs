//! The command line: raw arguments, and the plan that they form.

mod error;
mod flag;
mod help;
mod plan;

pub use self::flag::flags;
pub(crate) use self::{
    error::CliError,
    help::{Help, VERSION},
    plan::{
        Enough, EventFormat, Follow, Plan, Target, WaitCondition, Wanted, Watch, WatchTask,
        WatchedPorts,
    },
};
