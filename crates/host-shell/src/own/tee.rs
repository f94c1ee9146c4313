//! `tee`: copies standard input to standard output and to files.
//!
//! The interpreter's `tee` ends the script at a file that it cannot write.

use bashkit::{CommandContext, CommandStatus, Result};

use builtin_cli::Flag;

use super::{
    operand::{path, reason, report},
    options::{CommandLine, flag, optional, print_help},
};
use crate::limits::MAX_FILE_BYTES;

#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Append,
    /// Is accepted, but has no effect.
    Nothing,
    Help,
}

static FLAGS: &[Flag<Effect>] = {
    use Effect::{Append, Help, Nothing};
    &[
        flag(Some('a'), &["append"], Append, "append to the FILEs"),
        flag(Some('i'), &["ignore-interrupts"], Nothing, "is accepted, as there are none"),
        flag(Some('p'), &[], Nothing, "is accepted: errors of a FILE are reported"),
        flag(None, &["output-error"], Nothing, "is accepted: errors of a FILE are reported")
            .with_value(optional("MODE")),
        flag(None, &["help"], Help, "print this"),
    ]
};

pub(super) async fn run(context: &CommandContext<'_>) -> Result<CommandStatus> {
    let line = match CommandLine::read(FLAGS, Effect::Help, context.args) {
        Ok(line) => line,
        Err(error) => {
            report(context, &error.to_string()).await?;
            return Ok(CommandStatus::with_code(1));
        }
    };
    if line.has(Effect::Help) {
        let purpose = "Copy standard input to each FILE, and to standard output.";
        return print_help(context, purpose, FLAGS).await;
    }
    let (mut kept, mut copied) = (Vec::new(), Ok(()));
    let most = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX);
    while copied.is_ok() {
        let Some(chunk) = context.stdin.read_chunk().await? else { break };
        // Keeps one byte more than the limit, so that every file rejects it.
        let room = most.saturating_add(1).saturating_sub(kept.len());
        if !line.operands.is_empty() {
            kept.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        }
        copied = context.stdout.write_all(&chunk).await;
    }
    let mut status = CommandStatus::success();
    for file in &line.operands {
        let path = path(context, file);
        let written = if line.has(Effect::Append) {
            context.fs.append_file(&path, &kept).await
        } else {
            context.fs.write_file(&path, &kept).await
        };
        if let Err(error) = written {
            report(context, &format!("{file}: {}", reason(error)?)).await?;
            status = CommandStatus::with_code(1);
        }
    }
    // A closed reader ends the command only after the files are written.
    copied.map(|()| status)
}
