//! Lines of the text of `--help`.

use std::fmt;

use crate::{flag::FlagDoc, word::WordList};

/// Columns of the narrowest supported terminal.
pub const WIDTH: usize = 80;

/// An option with its help: `  -t, --tcp      TCP sockets`, without the end of the line.
#[derive(Clone, Copy, Debug)]
pub struct FlagLine<'a> {
    /// The option.
    pub doc: &'a FlagDoc,
    /// The columns before the option.
    pub indent: usize,
    /// The columns of the option; one blank is after them.
    pub width: usize,
}

impl fmt::Display for FlagLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doc, indent, width } = *self;
        write!(f, "{:indent$}{:<width$} {}", "", FlagUsage(doc).to_string(), doc.help)
    }
}

/// An option in the list of options: `-f, --family=FAMILY`.
#[derive(Clone, Copy, Debug)]
pub struct FlagUsage<'a>(pub &'a FlagDoc);

impl fmt::Display for FlagUsage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(doc) = self;
        match (doc.short, doc.long.first()) {
            (Some(letter), Some(name)) => write!(f, "-{letter}, --{name}")?,
            (Some(letter), None) => write!(f, "-{letter}")?,
            (None, name) => write!(f, "    --{}", name.copied().unwrap_or_default())?,
        }
        match doc.value {
            None => Ok(()),
            Some(value) if value.is_optional() => write!(f, "[={}]", value.name),
            Some(value) if doc.long.is_empty() => write!(f, " {}", value.name),
            Some(value) => write!(f, "={}", value.name),
        }
    }
}

/// The words of a list after its name, in lines that fit a terminal.
#[derive(Clone, Copy, Debug)]
pub struct WordLines<'a> {
    /// The columns before the name.
    pub indent: usize,
    /// The list.
    pub list: &'a WordList,
}

impl fmt::Display for WordLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("{:indent$}{}:", "", self.list.name, indent = self.indent);
        write_words(f, &head, self.list.names())
    }
}

/// Writes words after a heading, in lines that fit a terminal.
///
/// # Errors
///
/// Those of the formatter.
pub fn write_words(
    f: &mut fmt::Formatter<'_>,
    head: &str,
    words: impl IntoIterator<Item = impl fmt::Display>,
) -> fmt::Result {
    let mut line = head.to_owned();
    for word in words {
        let word = word.to_string();
        if line.len() + 1 + word.len() > WIDTH {
            writeln!(f, "{line}")?;
            line = " ".repeat(head.len());
        }
        line.push(' ');
        line.push_str(&word);
    }
    writeln!(f, "{line}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::flag::{ValueDoc, ValueKind};

    const TCP: FlagDoc = FlagDoc::new(Some('t'), &["tcp", "tcp4"], "TCP sockets");
    const FILE: FlagDoc =
        FlagDoc::new(None, &["file"], "").with_value(ValueDoc::new("FILE", ValueKind::File));
    const SCRIPT: FlagDoc = FlagDoc::new(Some('c'), &[], "").with_value(ValueDoc::text("SCRIPT"));
    const COUNT: FlagDoc = FlagDoc::new(Some('n'), &["count"], "")
        .with_value(ValueDoc::new("N", ValueKind::OptionalNumber));

    #[rstest]
    #[case::letter_and_name(TCP, "-t, --tcp")]
    #[case::name_alone(FILE, "    --file=FILE")]
    #[case::letter_alone(SCRIPT, "-c SCRIPT")]
    #[case::optional_value(COUNT, "-n, --count[=N]")]
    fn usage_has_one_name_and_the_value(#[case] doc: FlagDoc, #[case] usage: &str) {
        assert_eq!(FlagUsage(&doc).to_string(), usage);
    }

    #[test]
    fn help_begins_in_its_column() {
        let line = FlagLine { doc: &TCP, indent: 2, width: 12 };
        assert_eq!(line.to_string(), "  -t, --tcp    TCP sockets");
    }

    #[test]
    fn long_lists_take_several_lines() {
        let list = WordList::new("KEY", || vec!["abcdefghi"; 9]);
        let text = WordLines { indent: 1, list: &list }.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                &format!(" KEY:{}", " abcdefghi".repeat(7)),
                &format!("     {}", " abcdefghi".repeat(2)),
            ]
        );
    }
}
