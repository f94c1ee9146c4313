//! Hints for `ip`. Only its listing of sockets in a namespace has an `ss` command.

use super::{Hint, command::quote};

/// Returns the command to use instead, or `None` if there is none.
pub(super) fn hint(words: &[&str]) -> Option<Hint> {
    match words {
        ["netns"] | ["netns", "list" | "ls" | "show", ..] => Some(Hint::Nothing(
            "no `ss` command lists namespaces; `ss -N NAME` lists the sockets of one",
        )),
        ["netns", "exec", name, "ss", rest @ ..] if !name.starts_with('-') => {
            let mut line = format!("ss -N {}", quote(name)?);
            for word in rest {
                line.push(' ');
                line.push_str(&quote(word)?);
            }
            Some(Hint::command(line))
        }
        _ => None,
    }
}
