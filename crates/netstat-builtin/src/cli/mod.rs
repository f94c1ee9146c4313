//! The command line: raw arguments, and the plan that they form.

mod choice;
mod error;
mod flag;
mod help;
mod parse;
mod plan;

pub(crate) use choice::{Choice, Choices};
pub(crate) use error::CliError;
pub(crate) use help::{HELP_VERSION, Help};
pub(crate) use parse::{ParsedArgs, parse};
pub(crate) use plan::{InetPlan, Plan, Shown};
