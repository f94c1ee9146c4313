//! `rm`: removes files and directories.
//!
//! The interpreter's `rm -f` reports no errors, and always has status 0.

use bashkit::{CommandContext, CommandStatus, Error, Result};

use builtin_cli::Flag;

use super::{
    operand::{path, reason, report},
    options::{CommandLine, flag, optional, print_help},
};

#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Force,
    Recursive,
    Dir,
    Verbose,
    /// Is accepted, but has no effect.
    Nothing,
    Help,
}

static FLAGS: &[Flag<Effect>] = {
    use Effect::{Dir, Force, Help, Nothing, Recursive, Verbose};
    &[
        flag(Some('f'), &["force"], Force, "ignore what does not exist"),
        flag(Some('r'), &["recursive"], Recursive, "remove directories and what is in them"),
        flag(Some('R'), &["recursive"], Recursive, "the same as -r"),
        flag(Some('d'), &["dir"], Dir, "remove empty directories"),
        flag(Some('v'), &["verbose"], Verbose, "print what is removed"),
        flag(Some('i'), &[], Nothing, "is accepted: it never asks"),
        flag(Some('I'), &[], Nothing, "is accepted: it never asks"),
        flag(None, &["interactive"], Nothing, "is accepted: it never asks")
            .with_value(optional("WHEN")),
        flag(None, &["one-file-system"], Nothing, "is accepted"),
        flag(None, &["preserve-root"], Nothing, "is accepted: / is never removed")
            .with_value(optional("all")),
        flag(None, &["no-preserve-root"], Nothing, "is accepted: / is never removed"),
        flag(None, &["help"], Help, "print this"),
    ]
};

pub(super) async fn run(context: &CommandContext<'_>) -> Result<CommandStatus> {
    let line = match CommandLine::read(FLAGS, Effect::Help, context.args) {
        Ok(line) => line,
        Err(error) => return fail(context, &error.to_string()).await,
    };
    if line.has(Effect::Help) {
        return print_help(context, "Remove the FILEs.", FLAGS).await;
    }
    if line.operands.is_empty() && !line.has(Effect::Force) {
        return fail(context, "missing operand").await;
    }
    let mut status = CommandStatus::success();
    for file in &line.operands {
        match remove(context, file, &line).await? {
            None => {}
            Some(problem) => status = fail(context, &problem).await?,
        }
    }
    Ok(status)
}

async fn fail(context: &CommandContext<'_>, problem: &str) -> Result<CommandStatus> {
    report(context, problem).await?;
    Ok(CommandStatus::with_code(1))
}

/// Removes a file, and returns the message if that failed.
async fn remove(
    context: &CommandContext<'_>,
    file: &str,
    line: &CommandLine<Effect>,
) -> Result<Option<String>> {
    let name = file.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if matches!(name, "" | "." | "..") {
        return Ok(Some(format!("refusing to remove '{file}'")));
    }
    let path = path(context, file);
    let problem = |error| Ok(Some(format!("cannot remove '{file}': {}", reason(error)?)));
    let is_dir = match context.fs.lstat(&path).await {
        Ok(entry) => entry.file_type.is_dir(),
        Err(Error::Io(error)) if is_missing(&error) => {
            return if line.has(Effect::Force) { Ok(None) } else { problem(error.into()) };
        }
        Err(error) => return problem(error),
    };
    if is_dir && !line.has(Effect::Recursive) && !line.has(Effect::Dir) {
        return Ok(Some(format!("cannot remove '{file}': Is a directory")));
    }
    if let Err(error) = context.fs.remove(&path, is_dir && line.has(Effect::Recursive)).await {
        return problem(error);
    }
    if line.has(Effect::Verbose) {
        let what = if is_dir { "removed directory" } else { "removed" };
        context.stdout.write_all(format!("{what} '{file}'\n").as_bytes()).await?;
    }
    Ok(None)
}

/// Returns whether the error means that the path does not exist.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
        // The error text of the file system in memory.
        || error.to_string() == "not a directory"
}
