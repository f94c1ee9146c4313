//! Errors of setting up a shell.

/// The error of [`ShellBuilder::build`](crate::ShellBuilder::build).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub(crate) Repr);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Repr {
    #[error("expected the name of a command, but found `{0}`")]
    UnknownCommand(String),
    #[error("expected a builtin whose name is not a word of the language, but found `{0}`")]
    ReservedName(String),
    #[error("expected a directory whose path is UTF-8 text, but found {0:?}")]
    NotText(bstr::BString),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("cannot mount the directory {path} in the interpreter: {problem}")]
    Mount { path: String, problem: String },
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A command is allowed that does not exist.
    UnknownCommand,
    /// A builtin has the name of a word of the language, so a script could not call it.
    ReservedName,
    /// A directory cannot be shown to scripts at its path.
    Mount,
    /// The runtime could not be started.
    Runtime,
}

impl Error {
    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::UnknownCommand(_) => ErrorKind::UnknownCommand,
            Repr::ReservedName(_) => ErrorKind::ReservedName,
            Repr::NotText(_) | Repr::Mount { .. } => ErrorKind::Mount,
            Repr::Runtime(_) => ErrorKind::Runtime,
        }
    }
}
