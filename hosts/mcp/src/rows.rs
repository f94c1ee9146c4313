//! The output of a builtin, kept up to a limit.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use serde_json::{Map, Value};

/// One row: a JSON object.
pub(crate) type Row = Map<String, Value>;

/// Passes the lines of an output on, each as a JSON object.
pub(crate) struct JsonLines<F> {
    line: Vec<u8>,
    row: F,
}

impl<F: FnMut(Row) -> io::Result<()>> JsonLines<F> {
    pub(crate) fn new(row: F) -> Self {
        Self { line: Vec::new(), row }
    }
}

impl<F: FnMut(Row) -> io::Result<()>> Write for JsonLines<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pieces = bytes.split_inclusive(|&byte| byte == b'\n');
        pieces.try_for_each(|piece| {
            self.line.extend_from_slice(piece);
            if !piece.ends_with(b"\n") {
                return Ok(());
            }
            let row = serde_json::from_slice(&self.line)?;
            self.line.clear();
            (self.row)(row)
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The rows of an answer, up to a number of rows and of bytes.
#[derive(Debug, Default)]
pub(crate) struct AnswerRows {
    pub(crate) kept: Vec<Row>,
    pub(crate) is_truncated: bool,
    bytes: usize,
}

/// The limits of an answer, and the fields in it.
#[derive(Clone, Debug)]
pub(crate) struct RowLimits {
    pub(crate) max_rows: usize,
    pub(crate) max_bytes: usize,
    /// `None` is every field.
    pub(crate) fields: Option<BTreeSet<String>>,
}

impl AnswerRows {
    /// Adds a row. Past a limit the listing ends.
    pub(crate) fn push(&mut self, mut row: Row, limits: &RowLimits) -> io::Result<()> {
        if let Some(fields) = &limits.fields {
            row.retain(|name, _| fields.contains(name));
        }
        let bytes = serde_json::to_string(&row)?.len();
        if self.kept.len() >= limits.max_rows || self.bytes.saturating_add(bytes) > limits.max_bytes
        {
            self.is_truncated = true;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.bytes += bytes;
        self.kept.push(row);
        Ok(())
    }
}

/// Sockets counted by table and state.
pub(crate) type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// Counts one row.
pub(crate) fn count(counts: &mut Counts, row: &Row) {
    let word = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    *counts.entry(word("netid")).or_default().entry(word("state")).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn lines_are_rows_in_chunks_of_any_size() {
        let text = b"{\"a\":1}\n{\"a\":2}\n";
        for cut in 0..text.len() {
            let mut rows = Vec::new();
            let mut lines = JsonLines::new(|row| {
                rows.push(row);
                Ok(())
            });
            lines.write_all(&text[..cut]).unwrap();
            lines.write_all(&text[cut..]).unwrap();
            assert_eq!(rows, [row(r#"{"a":1}"#), row(r#"{"a":2}"#)]);
        }
        assert!(JsonLines::new(|_| Ok(())).write_all(b"no row\n").is_err());
    }

    #[test]
    fn rows_end_at_each_limit() {
        let fields = Some(["a".to_owned()].into());
        let limits = RowLimits { max_rows: 2, max_bytes: 100, fields };
        let mut rows = AnswerRows::default();
        rows.push(row(r#"{"a":1,"b":2}"#), &limits).unwrap();
        rows.push(row(r#"{"b":2}"#), &limits).unwrap();
        assert!(!rows.is_truncated);
        assert!(rows.push(row(r#"{"a":3}"#), &limits).is_err());
        assert!(rows.is_truncated);
        assert_eq!(rows.kept, [row(r#"{"a":1}"#), row("{}")]);

        let limits = RowLimits { max_rows: 9, max_bytes: 10, fields: None };
        let mut rows = AnswerRows::default();
        rows.push(row(r#"{"a":1}"#), &limits).unwrap();
        assert!(rows.push(row(r#"{"a":1}"#), &limits).is_err());
        assert_eq!((rows.kept.len(), rows.is_truncated), (1, true));
    }
}
