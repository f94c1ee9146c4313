//! The prompt: lines with editing and a history that is kept in memory alone.

use bashkit::parser::Parser;
use builtin_api::ExitCode;
use host_shell::Script;
use rustyline::{
    Config, Editor, Helper,
    completion::Completer,
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::MemHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};

use crate::{
    session::{Ended, Session},
    unrecorded,
};

const PROMPT: &str = "host-shell$ ";

/// The line editor.
pub(crate) type Lines = Editor<Rules, MemHistory>;

/// Returns the line editor, with what it needs of the system.
pub(crate) fn editor() -> Result<Lines, ReadlineError> {
    let mut editor = Editor::with_history(Config::default(), MemHistory::new())?;
    editor.set_helper(Some(Rules));
    Ok(editor)
}

/// Reads lines and runs them until the input or the script ends.
///
/// Ctrl-C clears the line, or ends the command that runs; Ctrl-D ends the prompt with the status of
/// the last command.
pub(crate) fn run(editor: &mut Lines, session: &mut Session) -> Result<ExitCode, ReadlineError> {
    let mut last = ExitCode::SUCCESS;
    loop {
        let line = match editor.readline(PROMPT) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(last),
            Err(error) => return Err(error),
        };
        if line.trim().is_empty() {
            continue;
        }
        editor.add_history_entry(&line)?;
        match session.run(after(last, &line)) {
            Ended::Back(outcome) if !outcome.exited => last = outcome.status,
            Ended::Back(outcome) => return Ok(outcome.status),
            Ended::Lost(status) => return Ok(status),
            // Nothing more runs without an audit.
            Ended::Unrecorded(error) => return Ok(unrecorded(&error)),
        }
    }
}

/// Returns the line as a script in which `$?` is the status of the line before: the interpreter
/// starts every script with 0.
///
/// A line with wrong syntax stays as it is, so that the message about it counts its lines right.
fn after(last: ExitCode, line: &str) -> Script {
    let text = if last.is_success() || Parser::new(line).parse().is_err() {
        line.to_owned()
    } else {
        format!("(exit {})\n{line}", last.code())
    };
    Script { text, ..Script::default() }
}

/// What the editor asks about a line: only whether it is whole.
///
/// There is no completion of file names: that would read directories for the prompt's sake.
pub(crate) struct Rules;

impl Helper for Rules {}

impl Highlighter for Rules {}

impl Completer for Rules {
    type Candidate = String;
}

impl Hinter for Rules {
    type Hint = String;
}

impl Validator for Rules {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        if is_unfinished(context.input()) {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}

/// Returns whether more lines have to come: an open quote, a loop without its end.
///
/// The interpreter reports that as bash does, in one of two phrases.
fn is_unfinished(text: &str) -> bool {
    match Parser::new(text).parse() {
        Err(bashkit::Error::Parse { message, .. }) => {
            message.contains("unexpected EOF") || message.contains("unexpected end of file")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::command("echo a", false)]
    #[case::for_loop("for i in 1 2; do", true)]
    #[case::whole_loop("for i in 1 2; do echo $i; done", false)]
    #[case::quote("echo 'a", true)]
    #[case::double_quote("echo \"a", true)]
    #[case::function("f() {", true)]
    #[case::wrong("if then", false)]
    fn knows_unfinished_lines(#[case] text: &str, #[case] unfinished: bool) {
        assert_eq!(is_unfinished(text), unfinished);
    }

    #[test]
    fn carries_the_status_from_line_to_line() {
        assert_eq!(after(ExitCode::SUCCESS, "echo $?").text, "echo $?");
        assert_eq!(after(ExitCode::new(3), "echo $?").text, "(exit 3)\necho $?");
        assert_eq!(after(ExitCode::new(3), "if then").text, "if then");
    }
}
