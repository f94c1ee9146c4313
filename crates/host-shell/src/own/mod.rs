//! Commands that take the place of the interpreter's, where those are too slow, end the script or
//! keep errors back.
//!
//! They read their input piece by piece, and an error of a file fails them alone.

mod head;
mod options;
mod rm;
mod tee;

use std::path::PathBuf;

use bashkit::{Command, CommandContext, CommandStatus, Error, Result, normalize_path, vfs_join};

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

/// Returns the path of an operand.
fn path(context: &CommandContext<'_>, operand: &str) -> PathBuf {
    let path = PathBuf::from(operand);
    normalize_path(&if path.is_absolute() { path } else { vfs_join(context.cwd, operand) })
}

/// Writes a line about a problem, behind the name of the command.
async fn report(context: &CommandContext<'_>, problem: &str) -> Result<()> {
    let line = format!("{}: {problem}\n", context.name);
    match context.stderr.write_all(line.as_bytes()).await {
        // OK because there is nobody left to tell.
        Err(Error::Io(_)) => Ok(()),
        result => result,
    }
}

/// Returns the text of an error of a file, or the error where it ends the script.
fn reason(error: Error) -> Result<String> {
    match error {
        Error::Io(error) => Ok(match (error.kind(), error.to_string()) {
            // The texts of the files in memory.
            (std::io::ErrorKind::NotFound, _) => "No such file or directory".to_owned(),
            (_, text) if text == "is a directory" => "Is a directory".to_owned(),
            (_, text) if text == "not a directory" => "Not a directory".to_owned(),
            (_, text) => text,
        }),
        error @ (Error::ResourceLimit(_) | Error::Cancelled) => Err(error),
        error => Ok(error.to_string()),
    }
}
