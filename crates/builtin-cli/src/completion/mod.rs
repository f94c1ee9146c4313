//! Completions for shells, made from a table of options.

mod bash;
mod fish;
mod zsh;

use crate::flag::FlagDoc;

/// A command to complete. Shells look for the completion in a file with the same name.
#[derive(Clone, Debug)]
pub struct Completion {
    name: &'static str,
    options: Vec<FlagDoc>,
}

impl Completion {
    /// Returns the completion of a command with these options.
    pub fn new<'a>(name: &'static str, options: impl IntoIterator<Item = &'a FlagDoc>) -> Self {
        Self { name, options: options.into_iter().cloned().collect() }
    }
}
