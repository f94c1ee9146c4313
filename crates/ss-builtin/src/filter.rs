//! The filter of a call: read, understood, and made part of the selection.

use std::io::Read;

use bstr::BStr;
use builtin_api::CallContext;
use socket_query::{
    FamilySet, PolicyView, Selection,
    expr::{FilterText, MAX_FILTER_BYTES},
};

use crate::cli::{CliError, FilterSource};

/// Returns the selection with the filter in it.
pub(crate) fn selected(
    view: &PolicyView,
    context: &mut CallContext<'_>,
    source: &FilterSource,
    selection: &Selection,
) -> Result<Selection, CliError> {
    let mut text = source.text.clone();
    if let Some(path) = &source.file {
        read_file(context, path.as_ref(), &mut text)?;
    }
    let parsed =
        view.parse_filter(&text, selection.tables, source.family).map_err(CliError::Filter)?;
    let families = parsed.family.map_or(selection.families, FamilySet::of);
    Ok(Selection { families, filter: view.filter(parsed.expr), ..selection.clone() })
}

/// Adds the lines of a file. A path that begins with `-` stands for standard input, any other is
/// opened in the sandbox.
fn read_file(
    context: &mut CallContext<'_>,
    path: &BStr,
    text: &mut FilterText,
) -> Result<(), CliError> {
    let failed = |reason: String| CliError::FilterFile(path.to_owned(), reason);
    let bytes = if path.starts_with(b"-") {
        read_bounded(context.stdin)
    } else {
        let mut file = context.sandbox.open(path).map_err(|error| failed(error.to_string()))?;
        read_bounded(&mut file)
    };
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    if bytes.len() > MAX_FILTER_BYTES {
        return Err(failed(format!("it is longer than {MAX_FILTER_BYTES} bytes")));
    }
    if bytes.contains(&0) {
        return Err(failed("it holds a NUL".to_owned()));
    }
    text.push_lines(&bytes);
    Ok(())
}

/// Reads one byte more than a filter may have, so that a longer one is seen to be too long.
fn read_bounded(reader: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_FILTER_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    reader.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
