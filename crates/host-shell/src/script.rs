//! A script, how it is ended, and how it ended.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use builtin_api::ExitCode;

/// Ends the script that is running; clones end the same one.
#[derive(Clone, Debug, Default)]
pub struct ScriptInterrupt(Arc<Mutex<Arc<AtomicBool>>>);

/// One script, and what it reads.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The text.
    pub text: String,
    /// What `$0` is, and what stands before messages; `None` is `bash`.
    pub name: Option<String>,
    /// Standard input, as bytes; `None` is empty.
    pub stdin: Option<Vec<u8>>,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptOutcome {
    /// The script's status, or the shell's when the shell ended it: 124 for the timeout, 130 for
    /// an interrupt, 141 when the reader of the output went away, 1 for every other limit.
    pub status: ExitCode,
    /// Whether the script called `exit`: a prompt ends then.
    pub exited: bool,
}

/// How a script ended, and the line for standard error that says why the shell ended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub outcome: ScriptOutcome,
    /// The line, with its end; empty when the script ended by itself.
    pub message: String,
}

impl ScriptInterrupt {
    /// Ends the script that is running now. It does nothing when none is.
    pub fn interrupt(&self) {
        self.flag().store(true, Ordering::Relaxed);
    }

    /// Returns the flag of the interpreter that runs now.
    pub(crate) fn flag(&self) -> MutexGuard<'_, Arc<AtomicBool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
