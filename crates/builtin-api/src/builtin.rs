//! The trait itself, and the one way to call it.

use bstr::BString;

use crate::{CallContext, Error, ErrorKind, ExitCode};

/// A command that runs inside the host's process.
pub trait Builtin: Send + Sync {
    /// Returns the name that scripts call it by.
    fn name(&self) -> &str;

    /// Returns one line for `help`: lower case, no full stop.
    fn summary(&self) -> &str;

    /// Runs one call. `args` are the words after the name, as bytes.
    ///
    /// # Errors
    ///
    /// An [`Error`] ends the call with the status of its kind; [`invoke`] prints it.
    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error>;
}

/// Runs a builtin to its status: an error becomes one line on standard error, prefixed with the
/// builtin's name, and the status that its kind maps to.
///
/// A reader that went away is no news for a person, so a broken pipe prints nothing.
pub fn invoke(builtin: &dyn Builtin, context: &mut CallContext<'_>, args: &[BString]) -> ExitCode {
    let error = match builtin.run(context, args) {
        Ok(code) => return code,
        Err(error) => error,
    };
    if error.kind() != ErrorKind::BrokenPipe {
        // OK because there is nobody left to tell when standard error cannot be written.
        let _ = writeln!(context.stderr, "{}: {}", builtin.name(), Chain(&error));
    }
    error.exit_code()
}

/// An error with its causes, on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
