//! `rm`: removes files and directories.
//!
//! The interpreter's `rm -f` reports no errors, and always has status 0.

use bashkit::{CommandContext, CommandStatus, Error, Result};

use super::{
    operand::{path, reason, report},
    options::{Flag, Parsed, Value, parse},
};

const USAGE: &str = "\
Usage: rm [OPTION]... [FILE]...
Remove the FILEs.

  -f, --force           ignore what does not exist
  -r, -R, --recursive   remove directories and what is in them
  -d, --dir             remove empty directories
  -v, --verbose         print what is removed
  -i, -I                are accepted: nobody is asked
      --help            print this
";

const FLAGS: [Flag; 11] = [
    Flag { short: Some('f'), long: "force", value: Value::None },
    Flag { short: Some('r'), long: "recursive", value: Value::None },
    Flag { short: Some('R'), long: "recursive", value: Value::None },
    Flag { short: Some('d'), long: "dir", value: Value::None },
    Flag { short: Some('v'), long: "verbose", value: Value::None },
    Flag { short: Some('i'), long: "interactive", value: Value::Inline },
    Flag { short: Some('I'), long: "interactive", value: Value::Inline },
    Flag { short: None, long: "one-file-system", value: Value::None },
    Flag { short: None, long: "preserve-root", value: Value::Inline },
    Flag { short: None, long: "no-preserve-root", value: Value::None },
    Flag { short: None, long: "help", value: Value::None },
];

pub(super) async fn run(context: &CommandContext<'_>) -> Result<CommandStatus> {
    let parsed = match parse(&FLAGS, context.args) {
        Ok(parsed) => parsed,
        Err(problem) => return fail(context, &problem).await,
    };
    if parsed.has("help") {
        context.stdout.write_all(USAGE.as_bytes()).await?;
        return Ok(CommandStatus::success());
    }
    if parsed.operands.is_empty() && !parsed.has("force") {
        return fail(context, "missing operand").await;
    }
    let mut status = CommandStatus::success();
    for file in &parsed.operands {
        match remove(context, file, &parsed).await? {
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
    parsed: &Parsed<'_>,
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
            return if parsed.has("force") { Ok(None) } else { problem(error.into()) };
        }
        Err(error) => return problem(error),
    };
    if is_dir && !parsed.has("recursive") && !parsed.has("dir") {
        return Ok(Some(format!("cannot remove '{file}': Is a directory")));
    }
    if let Err(error) = context.fs.remove(&path, is_dir && parsed.has("recursive")).await {
        return problem(error);
    }
    if parsed.has("verbose") {
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
