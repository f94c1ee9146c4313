//! Entries of a manual page, in the macros of `man(7)`.

use std::fmt::{self, Write as _};

use crate::{
    flag::{FlagDoc, ValueDoc},
    word::WordList,
};

/// The entries of options.
#[derive(Clone, Debug)]
pub struct Entries<I>(pub I);

impl<'a, I: Iterator<Item = &'a FlagDoc> + Clone> fmt::Display for Entries<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.clone().try_for_each(|doc| write_entry(f, doc))
    }
}

/// Returns text, escaped for roff.
pub fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

fn write_entry(f: &mut fmt::Formatter<'_>, doc: &FlagDoc) -> fmt::Result {
    let spellings =
        doc.spellings().map(|spelling| format!("\\fB{}\\fP", roff(&spelling.to_string())));
    write!(f, ".TP\n{}", spellings.collect::<Vec<_>>().join(", "))?;
    if let Some(value) = doc.value {
        write_value(f, doc, value)?;
    }
    writeln!(f, "\n{}", sentence(doc.help, doc.refusal))?;
    for line in doc.long_help.lines() {
        writeln!(f, "{}", roff(line))?;
    }
    if let Some(grant) = doc.grant {
        writeln!(f, "Needs the grant\n.IR {} .", roff(grant))?;
    }
    if let Some(source) = doc.source {
        writeln!(f, "Needs {}.", roff(source))?;
    }
    // Another entry describes an option whose help begins like this.
    match doc.value.and_then(|value| value.words()) {
        Some(words) if !doc.help.starts_with("the same as") => write_choice(f, words),
        _ => Ok(()),
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, doc: &FlagDoc, value: ValueDoc) -> fmt::Result {
    let name = roff(value.name);
    match value {
        value if value.is_optional() => write!(f, "[=\\fI{name}\\fP]"),
        _ if doc.long.is_empty() => write!(f, " \\fI{name}\\fP"),
        _ => write!(f, "=\\fI{name}\\fP"),
    }
}

/// Returns the line of the help as a sentence, and why the option is refused.
fn sentence(help: &str, refusal: Option<&str>) -> String {
    let mut rest = help.chars();
    let first = rest.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let mut text = roff(&format!("{first}{}.", rest.as_str()));
    if let Some(reason) = refusal {
        // OK because writing to a string cannot fail.
        let _ = write!(text, " Refused: {}.", roff(reason));
    }
    text
}

/// Writes the possible words of a value.
fn write_choice(f: &mut fmt::Formatter<'_>, words: &WordList) -> fmt::Result {
    writeln!(f, ".I {}\nis one of {}.", words.name, roff(&words.names().join(", ")))?;
    match words.prefix {
        Some((prefix, meaning)) => {
            writeln!(f, "Before it,\n.B {}\n{meaning}.", roff(&prefix.to_string()))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::ValueKind;

    static KEYS: WordList =
        WordList::new("KEY", || vec!["recv-q", "port"]).with_prefix('-', "reverses its order");

    const SORT: FlagDoc = FlagDoc::new(Some('s'), &["sort-by"], "order by KEYs")
        .with_value(ValueDoc::new("KEY[,...]", ValueKind::Words(&KEYS)))
        .with_long_help("Equal rows keep their order.\nThere is no -r.")
        .with_grant(Some("sockets"));

    #[test]
    fn entry_has_spellings_help_grant_and_words() {
        let entry = Entries([&SORT].into_iter()).to_string();
        let lines = [
            ".TP",
            r"\fB\-s\fP, \fB\-\-sort\-by\fP=\fIKEY[,...]\fP",
            "Order by KEYs.",
            "Equal rows keep their order.",
            r"There is no \-r.",
            "Needs the grant",
            ".IR sockets .",
            ".I KEY",
            r"is one of recv\-q, port.",
            "Before it,",
            r".B \-",
            "reverses its order.",
        ];
        assert_eq!(entry.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn refused_option_has_its_reason() {
        let doc = FlagDoc::new(None, &["tipc"], "TIPC sockets").with_refusal(Some("not supported"));
        let entry = Entries([&doc].into_iter()).to_string();
        assert!(entry.ends_with("TIPC sockets. Refused: not supported.\n"), "{entry}");
    }
}
