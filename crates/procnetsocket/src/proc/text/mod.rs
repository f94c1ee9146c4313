//! Pure parsers of the rows of the text tables.
//!
//! A parser gets one line without its newline and returns the row or the [`LineProblem`]. It reuses
//! one row, so a table needs no allocation per row, and it is independent of files and limits.

mod exact;
pub(crate) mod field;
pub(crate) mod inet;
pub(crate) mod mismatch;
pub(crate) mod netlink;
pub(crate) mod number;
pub(crate) mod packet;
pub(crate) mod unix;

use self::field::LineProblem;
use crate::model::Socket;

/// A parser of the rows of one table.
pub(crate) trait RowParser {
    /// Checks the first line of the table, which names the columns.
    fn check_header(&self, _header: &[u8]) -> Result<(), LineProblem> {
        Ok(())
    }

    /// Parses a line without its newline; the socket is lent until the next call.
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, LineProblem>;

    /// Lends the row that was parsed last.
    fn row(&self) -> Socket<'_>;
}

/// Returns the report of a malformed row, or `None` when it is well formed.
#[cfg(test)]
pub(crate) fn complaint(
    table: crate::model::Table,
    rows: &mut impl RowParser,
    line: &[u8],
) -> Option<String> {
    let problem = rows.parse(line).err()?;
    Some(crate::RowError::new(table, 7, line, problem).to_string())
}
