//! Operands that name files, and their errors.

use std::path::PathBuf;

use bashkit::{CommandContext, Error, Result, normalize_path, vfs_join};

/// Returns the path of an operand.
pub(super) fn path(context: &CommandContext<'_>, operand: &str) -> PathBuf {
    let path = PathBuf::from(operand);
    normalize_path(&if path.is_absolute() { path } else { vfs_join(context.cwd, operand) })
}

/// Reports a problem on standard error, after the name of the command.
pub(super) async fn report(context: &CommandContext<'_>, problem: &str) -> Result<()> {
    let line = format!("{}: {problem}\n", context.name);
    match context.stderr.write_all(line.as_bytes()).await {
        // OK because an error of standard error cannot be reported.
        Err(Error::Io(_)) => Ok(()),
        result => result,
    }
}

/// Returns the text of a file error, or the error itself if it ends the script.
pub(super) fn reason(error: Error) -> Result<String> {
    match error {
        Error::Io(error) => Ok(match (error.kind(), error.to_string()) {
            // The error texts of the file system in memory.
            (std::io::ErrorKind::NotFound, _) => "No such file or directory".to_owned(),
            (_, text) if text == "is a directory" => "Is a directory".to_owned(),
            (_, text) if text == "not a directory" => "Not a directory".to_owned(),
            (_, text) => text,
        }),
        error @ (Error::ResourceLimit(_) | Error::Cancelled) => Err(error),
        error => Ok(error.to_string()),
    }
}
