//! Commands that replace those of the interpreter that are too slow, end the script or hide errors.
//!
//! They read their input in chunks, and an error of a file fails only the command.

mod head;
mod operand;
mod options;
mod rm;
mod tee;

use bashkit::{Command, CommandContext, CommandStatus, Result};

/// Returns the commands with their names.
pub(crate) fn commands() -> Vec<(&'static str, Own)> {
    vec![("head", Own::Head), ("rm", Own::Rm), ("tee", Own::Tee)]
}

/// A command of this module.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Own {
    Head,
    Rm,
    Tee,
}

#[async_trait::async_trait]
impl Command for Own {
    async fn execute(&self, context: CommandContext<'_>) -> Result<CommandStatus> {
        match self {
            Self::Head => head::run(&context).await,
            Self::Rm => rm::run(&context).await,
            Self::Tee => tee::run(&context).await,
        }
    }
}
