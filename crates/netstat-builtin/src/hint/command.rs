//! An `ss` command under construction.

use std::{collections::BTreeSet, fmt::Write};

use builtin_cli::is_unsafe_to_show;

use super::Hint;

/// An `ss` command.
#[derive(Debug, Default)]
pub(super) struct SsCommand {
    /// The letters of the tables: `t`, `u`, `x`.
    pub(super) tables: BTreeSet<char>,
    pub(super) sockets: SocketChoice,
    /// `4` or `6`.
    pub(super) family: Option<char>,
    /// The terms of the filter, all of which have to hold.
    pub(super) terms: Vec<Term>,
}

/// The states of the listed sockets.
#[derive(Debug, Default)]
pub(super) enum SocketChoice {
    #[default]
    All,
    Listening,
    /// This state, by its name in `ss`.
    InState(&'static str),
}

/// Conditions of which one has to hold.
pub(super) type Term = Vec<String>;

impl SsCommand {
    /// Returns the command.
    ///
    /// Security: the words of a term were checked and contain no quotes.
    pub(super) fn hint(&self) -> Hint {
        let mut line = "ss -".to_owned();
        line.extend(&self.tables);
        let (letter, state) = match self.sockets {
            SocketChoice::All => (Some('a'), None),
            SocketChoice::Listening => (Some('l'), None),
            SocketChoice::InState(state) => (None, Some(state)),
        };
        line.extend(letter);
        line.push_str("np");
        line.extend(self.family);
        if let Some(state) = state {
            line.push_str(" state ");
            line.push_str(state);
        }
        // OK because writing to a string cannot fail.
        let terms: Vec<String> = self.terms.iter().map(|term| term.join(" or ")).collect();
        match terms.as_slice() {
            [] => {}
            [term] => drop(write!(line, " '{term}'")),
            terms => drop(write!(line, " '( {} )'", terms.join(" ) and ( "))),
        }
        Hint::command(line)
    }
}

/// Returns the name or number of a port, if the word can be one.
pub(super) fn port(word: &str) -> Option<&str> {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    let is_port =
        if is_number { word.parse::<u16>().is_ok_and(|port| port != 0) } else { is_plain(word) };
    is_port.then_some(word)
}

/// Returns whether a word has no special meaning in a shell and in the filter language.
pub(super) fn is_plain(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Returns a word quoted for a shell, or `None` for one that cannot be shown.
pub(super) fn quote(word: &str) -> Option<String> {
    if word.contains(is_unsafe_to_show) {
        return None;
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return Some(word.to_owned());
    }
    Some(format!("'{}'", word.replace('\'', r"'\''")))
}
