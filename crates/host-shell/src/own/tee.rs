//! `tee`: copies standard input to standard output and to files.
//!
//! The interpreter's `tee` ends the script at a file that it cannot write.

use bashkit::{CommandContext, CommandStatus, Result};

use super::{
    operand::{path, reason, report},
    options::{Flag, Value, parse},
};
use crate::limits::MAX_FILE_BYTES;

const USAGE: &str = "\
Usage: tee [OPTION]... [FILE]...
Copy standard input to each FILE, and to standard output.

  -a, --append              append to the FILEs
  -i, --ignore-interrupts   is accepted, as there are none
  -p, --output-error[=MODE] is accepted: errors of a FILE are reported
      --help                print this
";

const FLAGS: [Flag; 5] = [
    Flag { short: Some('a'), long: "append", value: Value::None },
    Flag { short: Some('i'), long: "ignore-interrupts", value: Value::None },
    Flag { short: None, long: "output-error", value: Value::Inline },
    Flag { short: Some('p'), long: "ignore-pipe-errors", value: Value::None },
    Flag { short: None, long: "help", value: Value::None },
];

pub(super) async fn run(context: &CommandContext<'_>) -> Result<CommandStatus> {
    let parsed = match parse(&FLAGS, context.args) {
        Ok(parsed) => parsed,
        Err(problem) => {
            report(context, &problem).await?;
            return Ok(CommandStatus::with_code(1));
        }
    };
    if parsed.has("help") {
        context.stdout.write_all(USAGE.as_bytes()).await?;
        return Ok(CommandStatus::success());
    }
    let (mut kept, mut copied) = (Vec::new(), Ok(()));
    let most = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX);
    while copied.is_ok() {
        let Some(chunk) = context.stdin.read_chunk().await? else { break };
        // Keeps one byte more than the limit, so that every file rejects it.
        let room = most.saturating_add(1).saturating_sub(kept.len());
        if !parsed.operands.is_empty() {
            kept.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        }
        copied = context.stdout.write_all(&chunk).await;
    }
    let mut status = CommandStatus::success();
    for file in &parsed.operands {
        let path = path(context, file);
        let written = if parsed.has("append") {
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
