//! The file for zsh.

use super::Completion;
use crate::flag::{FlagDoc, Spelling, ValueKind};

impl Completion {
    /// Returns the file for zsh.
    pub fn zsh(&self) -> String {
        let lines: String = self.options.iter().flat_map(lines).collect();
        format!(
            "#compdef {0}\n# Completions of {0} for zsh; generated.\n\n_arguments -s \\\n{lines}    \
             '*:argument:_files'\n",
            self.name
        )
    }
}

fn lines(doc: &FlagDoc) -> impl Iterator<Item = String> {
    let help = doc.help.replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]");
    let (equals, action) = action(doc);
    doc.spellings().map(move |spelling| {
        let equals = if matches!(spelling, Spelling::Long(_)) { equals } else { "" };
        format!("    '{spelling}{equals}[{help}]{action}' \\\n")
    })
}

/// Returns how a value is attached to a long name, and how it is completed.
fn action(doc: &FlagDoc) -> (&'static str, String) {
    let Some(value) = doc.value else { return ("", String::new()) };
    match value.kind {
        ValueKind::OptionalNumber => ("=-", "::number:".to_owned()),
        ValueKind::OptionalText => ("=-", "::value:".to_owned()),
        ValueKind::Text => ("=", ":value:".to_owned()),
        ValueKind::Word(list) => ("=", format!(":word:({})", list.names().join(" "))),
        ValueKind::Words(list) => {
            let words = list.names().join(" ");
            let action = match list.prefix {
                None => format!(":words:_sequence compadd - {words}"),
                Some((prefix, _)) => {
                    let skip = format!("compset -P \"*,\"; compset -P \"{prefix}\"");
                    format!(":words:{{{skip}; compadd -qS , - {words}}}")
                }
            };
            ("=", action)
        }
        ValueKind::File => ("=", ":file:_files".to_owned()),
        ValueKind::Directory => ("=", ":directory:_files -/".to_owned()),
    }
}
