//! What can go wrong in setting a shell up.

/// The error of [`ShellBuilder::build`](crate::ShellBuilder::build).
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub(crate) Repr);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Repr {
    #[error("expected the name of a command, but found `{0}`")]
    UnknownCommand(String),
    #[error("expected a builtin whose name is no word of the language, but found `{0}`")]
    ReservedName(String),
    #[error("expected a directory whose path is UTF-8 text, but found {0:?}")]
    NotText(bstr::BString),
    #[error("the runtime does not start")]
    Runtime(#[source] std::io::Error),
    #[error("the interpreter does not take the directory {path}: {problem}")]
    Mount { path: String, problem: String },
}

/// The kinds of [`Error`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A command is allowed that does not exist.
    UnknownCommand,
    /// A builtin is registered under a word of the language, which would never reach it.
    ReservedName,
    /// A directory cannot be shown to scripts at its path.
    Mount,
    /// The system gave no runtime.
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
