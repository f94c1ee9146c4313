//! Commands that take the place of the interpreter's, where those are too slow, end the script or
//! keep errors back.
//!
//! They read their input piece by piece, and an error of a file fails them alone.

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

/// One of the commands.
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
