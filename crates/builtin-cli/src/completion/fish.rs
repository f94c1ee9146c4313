//! The file for fish.

use super::Completion;
use crate::flag::{FlagDoc, ValueKind};

impl Completion {
    /// Returns the file for fish.
    pub fn fish(&self) -> String {
        let lines: String = self.options.iter().map(|doc| self.fish_line(doc)).collect();
        format!("# Completions of {} for fish; generated.\n\n{lines}", self.name)
    }

    fn fish_line(&self, doc: &FlagDoc) -> String {
        let short = doc.short.map(|letter| format!(" -s {letter}")).unwrap_or_default();
        let long = doc.long.iter().flat_map(|name| [" -l ", *name]).collect::<String>();
        let help = doc.help.replace('\'', "\\'");
        format!("complete -c {}{short}{long}{} -d '{help}'\n", self.name, action(doc))
    }
}

fn action(doc: &FlagDoc) -> String {
    let Some(value) = doc.value else { return " -f".to_owned() };
    match value.kind {
        ValueKind::OptionalNumber | ValueKind::OptionalText => " -f".to_owned(),
        ValueKind::Text => " -x".to_owned(),
        ValueKind::Word(list) => format!(" -x -a '{}'", list.names().join(" ")),
        ValueKind::Words(list) => {
            let words = list.names();
            let mut all: Vec<_> = words.iter().map(ToString::to_string).collect();
            if let Some((prefix, _)) = list.prefix {
                all.extend(words.iter().map(|word| format!("{prefix}{word}")));
            }
            format!(" -x -a '(__fish_append , {})'", all.join(" "))
        }
        ValueKind::File => " -r -F".to_owned(),
        ValueKind::Directory => " -x -a '(__fish_complete_directories)'".to_owned(),
    }
}
