//! Results of the suite.

use std::fmt;

use super::Feature;

/// Whether a host has a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The host has it.
    Yes,
    /// The host lacks it; this was found instead.
    No(String),
}

/// The answer for every feature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(Vec<(Feature, Answer)>);

/// A difference between a table and a report.
#[derive(Debug, thiserror::Error)]
#[error("the column {column:?} should be:\n{expected}")]
pub struct TableError {
    column: String,
    expected: String,
}

/// The answer for a feature that was not checked.
const NOT_ASKED: &Answer = &Answer::No(String::new());

impl Report {
    pub(super) fn push(&mut self, feature: Feature, answer: Answer) {
        self.0.push((feature, answer));
    }

    /// Returns the answers, in the order of [`Feature::ALL`].
    pub fn answers(&self) -> impl Iterator<Item = (Feature, &Answer)> {
        self.0.iter().map(|(feature, answer)| (*feature, answer))
    }

    /// Returns the answer for one feature.
    pub fn answer(&self, feature: Feature) -> &Answer {
        self.answers().find(|(asked, _)| *asked == feature).map_or(NOT_ASKED, |(_, answer)| answer)
    }

    /// Compares the report with a column of a Markdown table. The rows are the names of features; a
    /// cell is `yes` or `no`, and may continue with a remark.
    ///
    /// # Errors
    ///
    /// [`TableError`], which contains the correct column.
    pub fn check_table(&self, markdown: &str, column: &str) -> Result<(), TableError> {
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        // The line below a header consists of dashes.
        let lines: Vec<&str> = markdown.lines().collect();
        let header = lines.windows(2).position(|pair| {
            matches!(pair, [header, line] if line.starts_with("| -")
                && cells(header).iter().any(|cell| cell == column))
        });
        let table = lines.get(header.unwrap_or(lines.len())..).unwrap_or_default();
        let mut rows = table.iter().take_while(|line| line.starts_with('|')).map(|row| cells(row));
        let index = rows.next().and_then(|row| row.iter().position(|cell| cell == column));
        let rows: Vec<Vec<String>> = rows.collect();
        let is_in_table = |feature: Feature, answer: &Answer| {
            let row = rows.iter().find(|row| row.first().is_some_and(|c| c == feature.name()))?;
            let word = row.get(index?)?.split([' ', ',', ':']).next()?;
            Some(word == answer.word())
        };
        if self.answers().all(|(feature, answer)| is_in_table(feature, answer) == Some(true)) {
            return Ok(());
        }
        Err(TableError { column: column.to_owned(), expected: self.to_string() })
    }
}

impl Answer {
    fn word(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No(_) => "no",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("yes"),
            Self::No(found) => write!(f, "no: {found}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (feature, answer) in self.answers() {
            writeln!(f, "| {feature} | {answer} |")?;
        }
        Ok(())
    }
}
