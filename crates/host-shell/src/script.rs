//! A script, its interruption, and its outcome.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use builtin_api::ExitCode;

/// A handle that ends the running script. Clones refer to the same shell.
#[derive(Clone, Debug, Default)]
pub struct ScriptInterrupt(Arc<Mutex<Arc<AtomicBool>>>);

/// A script and its input.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The text.
    pub text: String,
    /// The value of `$0`, and the prefix of messages; `None` is `bash`.
    pub name: Option<String>,
    /// Standard input, as bytes; `None` is empty.
    pub stdin: Option<Vec<u8>>,
}

/// The outcome of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptOutcome {
    /// The status of the script. When the shell ended it: 124 for the timeout, 130 for an
    /// interrupt, 141 when the reader of the output was closed, 1 for every other limit.
    pub status: ExitCode,
    /// Whether the script called `exit`, which ends a prompt.
    pub exited: bool,
}

/// The outcome of a script, and the message for standard error if the shell ended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The outcome.
    pub outcome: ScriptOutcome,
    /// One line with its newline; empty when the script ended by itself.
    pub message: String,
}

impl ScriptInterrupt {
    /// Ends the running script, if there is one.
    pub fn interrupt(&self) {
        self.flag().store(true, Ordering::Relaxed);
    }

    /// Returns the cancellation flag of the current interpreter.
    pub(crate) fn flag(&self) -> MutexGuard<'_, Arc<AtomicBool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
