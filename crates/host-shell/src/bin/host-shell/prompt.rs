//! The prompt: lines with editing, and a history that is kept only in memory.

use std::{cell::RefCell, rc::Rc};

use builtin_api::ExitCode;
use host_shell::setup::{Answer, Ended, Request, Session, last_word};
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
pub(crate) type Lines = Editor<Rules, MemHistory>;

/// Creates the line editor, which opens what it needs from the system.
pub(crate) fn editor() -> Result<Lines, ReadlineError> {
    Editor::with_history(Config::default(), MemHistory::new())
}

/// Reads lines and runs them until the input or the script ends.
///
/// Ctrl-C clears the line, or ends the running command; Ctrl-D ends the prompt with the status of
/// the last command.
pub(crate) fn run(editor: &mut Lines, session: Session) -> Result<ExitCode, ReadlineError> {
    let session = Rc::new(RefCell::new(session));
    editor.set_helper(Some(Rules(Rc::clone(&session))));
    let mut last = match ask(&session, &Request::Begin) {
        Answer::Failed { status, message } => {
            last_word(&message);
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
        match ask(&session, &Request::Line { text, last: last.code() }) {
            Answer::Ended { status, exited, message, .. } => {
                last_word(&message);
                last = ExitCode::new(status);
                if exited {
                    return Ok(last);
                }
            }
            Answer::Failed { status, message } => {
                last_word(&message);
                last = ExitCode::new(status);
            }
            Answer::Ready | Answer::InForce(_) | Answer::IsWhole(_) => {}
        }
    }
}

/// Sends a request. If the process is lost, starts another one.
fn ask(session: &RefCell<Session>, request: &Request) -> Answer {
    let mut session = session.borrow_mut();
    match session.ask(request) {
        Ended::Back(answer) => answer,
        Ended::Lost { status, message } => match session.renew() {
            Ok(()) => {
                let message = message + LOST;
                Answer::ended(status, message, false)
            }
            Err(error) => {
                let message = format!("{message}host-shell: {error}\n");
                Answer::ended(status, message, true)
            }
        },
    }
}

/// Answers whether a line is complete, for the editor. It asks the process in which scripts run,
/// because the parser recurses as deep as the line nests.
///
/// File names are not completed, because the process of the prompt cannot read directories.
pub(crate) struct Rules(Rc<RefCell<Session>>);

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
        match ask(&self.0, &Request::IsWhole(context.input().to_owned())) {
            Answer::IsWhole(false) => return Ok(ValidationResult::Incomplete),
            Answer::Ended { message, .. } | Answer::Failed { message, .. } => last_word(&message),
            Answer::IsWhole(true) | Answer::InForce(_) | Answer::Ready => {}
        }
        Ok(ValidationResult::Valid(None))
    }
}
