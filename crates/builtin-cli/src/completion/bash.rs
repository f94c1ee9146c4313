//! The file for bash (`bash-completion`).

use std::fmt::Write as _;

use super::Completion;
use crate::flag::{FlagDoc, ValueKind};

impl Completion {
    /// Returns the file for bash.
    pub fn bash(&self) -> String {
        let function = format!("_{}", self.name.replace('-', "_"));
        let cases: String = self.options.iter().filter_map(case).collect();
        let words = self.options.iter().flat_map(FlagDoc::spellings).map(|word| word.to_string());
        format!(
            "# Completions of {name} for bash; generated.\n\n\
             {function}() {{\n    \
                 local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} before\n    \
                 COMPREPLY=()\n    \
                 if [[ $cur == = ]]; then cur=; fi\n    \
                 if [[ $prev == = ]]; then prev=${{COMP_WORDS[COMP_CWORD - 2]}}; fi\n    \
                 cur=${{cur#[\\'\\\"]}}\n    \
                 case $prev in\n\
             {cases}    esac\n    \
                 if [[ $cur == -* ]]; then\n        \
                     mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$cur\")\n    \
                 fi\n\
             }}\n\
             complete -o default -F {function} {name}\n",
            name = self.name,
            words = words.collect::<Vec<_>>().join(" "),
        )
    }
}

/// Returns the branch that completes the value of an option; `None` for an option without one.
fn case(doc: &FlagDoc) -> Option<String> {
    let action = action(doc)?;
    let spellings: Vec<_> = doc.spellings().map(|spelling| spelling.to_string()).collect();
    Some(format!("    {})\n        {action}\n        return\n        ;;\n", spellings.join(" | ")))
}

fn action(doc: &FlagDoc) -> Option<String> {
    let reply = |what: &str| format!("mapfile -t COMPREPLY < <(compgen {what} -- \"$cur\")");
    Some(match doc.value?.kind {
        ValueKind::OptionalNumber | ValueKind::OptionalText => return None,
        ValueKind::Text => ":".to_owned(),
        ValueKind::Word(list) => reply(&format!("-W '{}'", list.names().join(" "))),
        ValueKind::Words(list) => {
            let mut action = "before=\n        \
                if [[ $cur == *,* ]]; then before=${cur%,*},; fi\n        "
                .to_owned();
            if let Some((prefix, _)) = list.prefix {
                // OK because writing to a string cannot fail.
                let _ = write!(
                    action,
                    "if [[ ${{cur#\"$before\"}} == '{prefix}'* ]]; then before+='{prefix}'; fi\n        "
                );
            }
            let _ = write!(
                action,
                "mapfile -t COMPREPLY < <(compgen -P \"$before\" -W '{}' -- \"${{cur#\"$before\"}}\")",
                list.names().join(" ")
            );
            action
        }
        ValueKind::File => reply("-f"),
        ValueKind::Directory => reply("-d"),
    })
}
