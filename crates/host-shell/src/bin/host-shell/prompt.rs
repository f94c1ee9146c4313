//! The prompt: lines with editing, and a history that is kept only in memory.

use std::{cell::RefCell, rc::Rc};

use builtin_api::ExitCode;
use host_shell::setup::{Ended, ScriptAnswer, ScriptProcess, ScriptRequest, print_message};
use rustyline::{
    Config, Editor, Helper,
    completion::Completer,
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::MemHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};

const PROMPT: &str = "host-shell$ ";

/// Printed when the process of a script is lost.
const LOST: &str =
    "host-shell: variables, functions and files in memory are lost; starting a new shell\n";

/// The line editor.
pub(crate) type LineEditor = Editor<Rules, MemHistory>;

/// Creates the line editor, which opens what it needs from the system.
pub(crate) fn editor() -> Result<LineEditor, ReadlineError> {
    Editor::with_history(Config::default(), MemHistory::new())
}

/// Reads lines and runs them until the input or the script ends.
///
/// Ctrl-C clears the line, or ends the running command; Ctrl-D ends the prompt with the status of
/// the last command.
pub(crate) fn run(
    editor: &mut LineEditor,
    session: ScriptProcess,
) -> Result<ExitCode, ReadlineError> {
    let session = Rc::new(RefCell::new(session));
    editor.set_helper(Some(Rules(Rc::clone(&session))));
    let mut last = match ask(&session, &ScriptRequest::Begin) {
        ScriptAnswer::Failed { status, message } => {
            print_message(&message);
            return Ok(ExitCode::new(status));
        }
        _ => ExitCode::SUCCESS,
    };
    loop {
        let text = match editor.readline(PROMPT) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(last),
            Err(error) => return Err(error),
        };
        if text.trim().is_empty() {
            continue;
        }
        editor.add_history_entry(&text)?;
        match ask(&session, &ScriptRequest::Line { text, last: last.code() }) {
            ScriptAnswer::Ended { status, exited, message, .. } => {
                print_message(&message);
                last = ExitCode::new(status);
                if exited {
                    return Ok(last);
                }
            }
            ScriptAnswer::Failed { status, message } => {
                print_message(&message);
                last = ExitCode::new(status);
            }
            ScriptAnswer::Ready | ScriptAnswer::InForce(_) | ScriptAnswer::IsWhole(_) => {}
        }
    }
}

/// Sends a request. If the process is lost, starts another one.
fn ask(session: &RefCell<ScriptProcess>, request: &ScriptRequest) -> ScriptAnswer {
    let mut session = session.borrow_mut();
    match session.ask(request) {
        Ended::Back(answer) => answer,
        Ended::Lost { status, message } => match session.renew() {
            Ok(()) => {
                let message = message + LOST;
                ScriptAnswer::ended(status, message, false)
            }
            Err(error) => {
                let message = format!("{message}host-shell: {error}\n");
                ScriptAnswer::ended(status, message, true)
            }
        },
    }
}

/// Answers whether a line is complete, for the editor. It asks the process in which scripts run,
/// because the parser recurses as deep as the line nests.
///
/// File names are not completed, because the process of the prompt cannot read directories.
pub(crate) struct Rules(Rc<RefCell<ScriptProcess>>);

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
        match ask(&self.0, &ScriptRequest::IsWhole(context.input().to_owned())) {
            ScriptAnswer::IsWhole(false) => return Ok(ValidationResult::Incomplete),
            ScriptAnswer::Ended { message, .. } | ScriptAnswer::Failed { message, .. } => {
                print_message(&message);
            }
            ScriptAnswer::IsWhole(true) | ScriptAnswer::InForce(_) | ScriptAnswer::Ready => {}
        }
        Ok(ValidationResult::Valid(None))
    }
}
