//! Completions for shells, made from a table of options.

mod bash;
mod fish;
mod zsh;

use crate::flag::FlagDoc;

/// A command to complete. The name is also that of the file in which a shell looks for it.
#[derive(Clone, Debug)]
pub struct Completion {
    name: &'static str,
    options: Vec<FlagDoc>,
}

impl Completion {
    /// Returns the completion of a command that is offered with these options.
    pub fn new<'a>(name: &'static str, options: impl IntoIterator<Item = &'a FlagDoc>) -> Self {
        Self { name, options: options.into_iter().cloned().collect() }
    }
}
