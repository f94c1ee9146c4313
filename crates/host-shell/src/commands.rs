//! Which commands a script may run.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bashkit::{Bash, Builtin, BuiltinContext, CommandResolver, ExecResult};
use builtin_api::ExitCode;

/// Words of the language: they change the state of the interpreter, and run only commands that are
/// allowed. They can be neither disabled nor registered.
///
/// These are the special built-in utilities of POSIX, and the words that bashkit's interpreter
/// dispatches before it looks up commands.
pub const LANGUAGE: &[&str] = &[
    ".", ":", "bash", "break", "builtin", "command", "continue", "declare", "eval", "exec", "exit",
    "export", "getopts", "let", "local", "readonly", "return", "set", "sh", "shift", "source",
    "times", "trap", "typeset", "unset",
];

/// The commands that a script may run besides the words of the language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allowed {
    /// Every command of the interpreter and every registered builtin.
    #[default]
    All,
    /// These and no others.
    Only(BTreeSet<String>),
}

impl Allowed {
    /// Returns whether the command of that name may run.
    pub fn admits(&self, name: &str) -> bool {
        LANGUAGE.contains(&name)
            || match self {
                Self::All => true,
                Self::Only(names) => names.contains(name),
            }
    }

    /// Returns an allowed name that is not the name of a command.
    pub(crate) fn unknown<'a>(&'a self, known: &BTreeSet<String>) -> Option<&'a str> {
        match self {
            Self::All => None,
            Self::Only(names) => {
                names.iter().map(String::as_str).find(|&name| !known.contains(name))
            }
        }
    }
}

/// Returns the names of the interpreter's own commands, with the words of the language.
pub(crate) fn interpreter_commands() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = Bash::new().builtin_names().into_iter().collect();
    names.extend(LANGUAGE.iter().map(|&word| word.to_owned()));
    names
}

/// Resolves the names of commands that exist but are not allowed.
///
/// Such a command is not registered in the interpreter, so no spelling finds it. This prints the
/// reason.
pub(crate) struct Refusals {
    pub(crate) known: BTreeSet<String>,
    pub(crate) allowed: Allowed,
    pub(crate) counter: Option<Arc<CommandCounter>>,
}

impl CommandResolver for Refusals {
    fn resolve(&self, name: &str) -> Option<Arc<dyn Builtin>> {
        if !self.known.contains(name) || self.allowed.admits(name) {
            // No other resolver has a command with this name either.
            if let Some(counter) = &self.counter {
                counter.add(name);
            }
            return None;
        }
        Some(Arc::new(Refused(name.to_owned())))
    }
}

/// The commands that a script ran. Security: only names of the host's builtins are included, never
/// names that a script chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandCounts {
    /// How often each registered builtin was called; builtins that were not called are absent.
    pub registered: BTreeMap<String, u64>,
    /// How often any other name was called: commands of the interpreter and unknown names.
    pub unknown: u64,
}

/// Counts commands while scripts run.
#[derive(Debug)]
pub(crate) struct CommandCounter {
    registered: BTreeSet<String>,
    counts: Mutex<CommandCounts>,
}

impl CommandCounter {
    pub(crate) fn new(registered: BTreeSet<String>) -> Self {
        Self { registered, counts: Mutex::default() }
    }

    pub(crate) fn add(&self, name: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = match self.registered.get(name) {
            Some(name) => counts.registered.entry(name.clone()).or_default(),
            None => &mut counts.unknown,
        };
        *count = count.saturating_add(1);
    }

    /// Returns the counts since the last call.
    pub(crate) fn take(&self) -> CommandCounts {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Refused(String);

#[async_trait]
impl Builtin for Refused {
    async fn execute(&self, _: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        let status = i32::from(ExitCode::NOT_FOUND.code());
        Ok(ExecResult::err(format!("{}: command not allowed\n", self.0), status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_contains_words_that_interpreter_dispatches() {
        let filtered = Bash::builder().builtin_filter(|_| false).build().builtin_names();
        let left_out: Vec<&String> =
            filtered.iter().filter(|name| !LANGUAGE.contains(&name.as_str())).collect();
        assert!(left_out.is_empty(), "{left_out:?}");
    }

    #[test]
    fn language_is_always_allowed() {
        let none = Allowed::Only(BTreeSet::new());
        assert!(none.admits("eval"));
        assert!(!none.admits("cat"));
        assert!(Allowed::All.admits("cat"));
    }
}
