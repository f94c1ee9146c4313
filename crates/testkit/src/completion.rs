//! Completions for shells, made from a table of options.
//!
//! Tests compare what stands in the repository with what this makes, so that it is always current.

use std::fmt::Write as _;

/// A command to complete.
#[derive(Clone, Debug)]
pub struct Command {
    /// Its name; also the name of the file in which a shell looks for it.
    pub name: &'static str,
    /// Its options.
    pub options: Vec<CommandOption>,
}

/// An option to complete.
#[derive(Clone, Debug)]
pub struct CommandOption {
    /// The letter, if it has one.
    pub short: Option<char>,
    /// The long name without its dashes, if it has one.
    pub long: Option<String>,
    /// What it takes.
    pub value: CommandValue,
    /// The line of the help.
    pub help: String,
}

/// What an option takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandValue {
    /// Nothing.
    None,
    /// Something that cannot be completed.
    Free,
    /// Perhaps a number, behind an equals sign.
    Optional,
    /// One of these words.
    Word(Vec<&'static str>),
    /// Some of these words, with commas between, each perhaps behind a character.
    Words(Vec<&'static str>, Option<char>),
    /// A file.
    File,
    /// A directory.
    Directory,
}

use CommandValue as V;

impl CommandOption {
    /// Returns how it may be typed: `-f`, `--family`.
    fn spellings(&self) -> impl Iterator<Item = String> {
        let short = self.short.map(|letter| format!("-{letter}"));
        let long = self.long.as_ref().map(|name| format!("--{name}"));
        short.into_iter().chain(long)
    }
}

impl Command {
    /// Returns the completions for bash (`bash-completion`).
    pub fn bash(&self) -> String {
        let function = format!("_{}", self.name.replace('-', "_"));
        let mut text = format!("# Completions of {} for bash; generated.\n\n", self.name);
        write!(
            text,
            "{function}() {{\n    \
                 local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} before\n    \
                 COMPREPLY=()\n    \
                 if [[ $cur == = ]]; then cur=; fi\n    \
                 if [[ $prev == = ]]; then prev=${{COMP_WORDS[COMP_CWORD - 2]}}; fi\n    \
                 cur=${{cur#[\\'\\\"]}}\n    \
                 case $prev in\n"
        )
        .unwrap();
        for option in &self.options {
            if let Some(action) = bash_action(&option.value) {
                let spellings = option.spellings().collect::<Vec<_>>().join(" | ");
                write!(text, "    {spellings})\n        {action}\n        return\n        ;;\n")
                    .unwrap();
            }
        }
        let words = self.options.iter().flat_map(CommandOption::spellings).collect::<Vec<_>>();
        write!(
            text,
            "    esac\n    \
                 if [[ $cur == -* ]]; then\n        \
                     mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")\n    \
                 fi\n\
             }}\n\
             complete -o default -F {function} {}\n",
            words.join(" "),
            self.name
        )
        .unwrap();
        text
    }

    /// Returns the completions for zsh.
    pub fn zsh(&self) -> String {
        let mut text =
            format!("#compdef {}\n# Completions of {0} for zsh; generated.\n\n", self.name);
        text.push_str("_arguments -s \\\n");
        for option in &self.options {
            let help = option.help.replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]");
            let (equals, action) = zsh_action(option);
            for spelling in option.spellings() {
                let equals = if spelling.starts_with("--") { equals } else { "" };
                writeln!(text, "    '{spelling}{equals}[{help}]{action}' \\").unwrap();
            }
        }
        text.push_str("    '*:argument:_files'\n");
        text
    }

    /// Returns the completions for fish.
    pub fn fish(&self) -> String {
        let mut text = format!("# Completions of {} for fish; generated.\n\n", self.name);
        for option in &self.options {
            write!(text, "complete -c {}", self.name).unwrap();
            if let Some(letter) = option.short {
                write!(text, " -s {letter}").unwrap();
            }
            if let Some(name) = &option.long {
                write!(text, " -l {name}").unwrap();
            }
            text.push_str(&fish_action(&option.value));
            writeln!(text, " -d '{}'", option.help.replace('\'', "\\'")).unwrap();
        }
        text
    }
}

fn bash_action(value: &CommandValue) -> Option<String> {
    let reply = |what: &str| format!("mapfile -t COMPREPLY < <(compgen {what} -- \"$cur\")");
    Some(match value {
        V::None | V::Optional => return None,
        V::Free => ":".to_owned(),
        V::Word(words) => reply(&format!("-W '{}'", words.join(" "))),
        V::Words(words, prefix) => format!(
            "before=\n        \
             if [[ $cur == *,* ]]; then before=${{cur%,*}},; fi\n        \
             {}mapfile -t COMPREPLY < <(compgen -P \"$before\" -W '{}' -- \"${{cur#\"$before\"}}\")",
            prefix.map(bash_prefix).unwrap_or_default(),
            words.join(" ")
        ),
        V::File => reply("-f"),
        V::Directory => reply("-d"),
    })
}

/// Returns the line that takes a character before a word.
fn bash_prefix(prefix: char) -> String {
    format!("if [[ ${{cur#\"$before\"}} == '{prefix}'* ]]; then before+='{prefix}'; fi\n        ")
}

fn zsh_action(option: &CommandOption) -> (&'static str, String) {
    let words = |words: &[&str]| words.join(" ");
    match &option.value {
        V::None => ("", String::new()),
        V::Optional => ("=-", "::number:".to_owned()),
        V::Free => ("=", ":value:".to_owned()),
        V::Word(choice) => ("=", format!(":word:({})", words(choice))),
        V::Words(choice, None) => ("=", format!(":words:_sequence compadd - {}", words(choice))),
        V::Words(choice, Some(prefix)) => {
            let skip = format!("compset -P \"*,\"; compset -P \"{prefix}\"");
            ("=", format!(":words:{{{skip}; compadd -qS , - {}}}", words(choice)))
        }
        V::File => ("=", ":file:_files".to_owned()),
        V::Directory => ("=", ":directory:_files -/".to_owned()),
    }
}

fn fish_action(value: &CommandValue) -> String {
    match value {
        V::None | V::Optional => " -f".to_owned(),
        V::Free => " -x".to_owned(),
        V::Word(words) => format!(" -x -a '{}'", words.join(" ")),
        V::Words(words, prefix) => {
            let behind = prefix
                .iter()
                .flat_map(|prefix| words.iter().map(move |word| format!("{prefix}{word}")));
            let all = words.iter().map(|word| (*word).to_owned()).chain(behind);
            format!(" -x -a '(__fish_append , {})'", all.collect::<Vec<_>>().join(" "))
        }
        V::File => " -r -F".to_owned(),
        V::Directory => " -x -a '(__fish_complete_directories)'".to_owned(),
    }
}
