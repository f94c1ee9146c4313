//! Reads and parses the filter of a call, and adds it to the selection.

use std::io::Read;

use bstr::BStr;
use builtin_api::CallContext;
use socket_query::{
    FamilySet, PolicyView, Selection,
    expr::{FilterText, MAX_FILTER_BYTES},
};

use crate::cli::{CliError, FilterSource};

/// Returns the selection with the filter.
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
    let cancel = context.cancel;
    let parsed = view
        .parse_filter(&text, selection.tables, source.family, &|| cancel.is_cancelled())
        .map_err(CliError::Filter)?;
    let families = parsed.family.map_or(selection.families, FamilySet::of);
    Ok(Selection { families, filter: view.filter(parsed.expr), ..selection.clone() })
}

/// Adds the lines of a file. A path that begins with `-` is standard input, any other is opened in
/// the sandbox.
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
        return Err(failed("it contains a NUL".to_owned()));
    }
    text.push_lines(&bytes);
    Ok(())
}

/// Reads at most one byte more than a filter may have, which reveals a longer one.
fn read_bounded(reader: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_FILTER_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    reader.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bstr::BString;
    use builtin_api::{Access, Sandbox, invoke};
    use procnetsocket::SocketTables;
    use rstest::rstest;
    use socket_query::{Names, Policy};
    use testkit::{FakeProc, Tcp};

    use super::*;
    use crate::Ss;

    /// Runs `ss -Htln` over ports 22, 80 and 443 with a file and a standard input; returns the
    /// ports that are listed, or the first line of the error, and the status.
    fn run(words: &str, file: &[u8], stdin: &[u8]) -> (String, u8) {
        let root = [22, 80, 443].iter().fold(FakeProc::new(), |root, port| {
            root.tcp(Tcp::listen(&format!("127.0.0.1:{port}")))
        });
        let root = root.raw_file("filter", file).build();
        let mut sandbox = Sandbox::empty();
        sandbox.grant("/here", root.dir(), Access::Read).unwrap();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let ss = Ss::new(PolicyView::new(tables, Policy::default(), Names::default()));
        let line = format!("-Htln {words}");
        let args: Vec<BString> = line.split(' ').map(BString::from).collect();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut stdin = stdin;
        let mut context =
            CallContext::new(&mut stdin, &mut stdout, &mut stderr).with_sandbox(&sandbox);
        let code = invoke(&ss, &mut context, &args).code();
        let ports = ["22", "80", "443"].into_iter().filter(|port| {
            String::from_utf8_lossy(&stdout).contains(&format!("127.0.0.1:{port} "))
        });
        let error = String::from_utf8_lossy(&stderr).lines().next().map(str::to_owned);
        (error.unwrap_or_else(|| ports.collect::<Vec<_>>().join(" ")), code)
    }

    #[rstest]
    // usual
    #[case::one_line("", "sport = 22", "22")]
    #[case::many_lines("", "sport = 22\nor\nsport = 80\n", "22 80")]
    #[case::comments("", "# the shell\nsport = 22\n#or sport = 80\n", "22")]
    #[case::blank_lines("", "\n\nsport = 22\n\n", "22")]
    #[case::words_come_first(" sport = 80 or", "sport = 22", "22 80")]
    #[case::words_and_file(" sport >= 80", "sport < 443", "80")]
    // boundary
    #[case::empty("", "", "22 80 443")]
    #[case::line_end_ends_a_word("", "sport =\\\n22", "22")]
    #[case::zero_is_no_comment("", "sport =\n0x16", "22")]
    fn file_contains_a_filter(#[case] words: &str, #[case] file: &str, #[case] ports: &str) {
        let expected = (ports.to_owned(), 0);
        assert_eq!(run(&format!("-F /here/filter{words}"), file.as_bytes(), b""), expected);
        assert_eq!(run(&format!("-F -{words}"), b"", file.as_bytes()), expected);
    }

    #[rstest]
    #[case::missing(
        "-F /here/nothing",
        b"",
        "the filter in \"/here/nothing\" cannot be read: ",
        255
    )]
    #[case::not_granted(
        "-F /etc/passwd",
        b"",
        "the filter in \"/etc/passwd\" cannot be read: ",
        255
    )]
    #[case::directory("-F /here/net", b"", "the filter in \"/here/net\" cannot be read: ", 255)]
    #[case::nul(
        "-F /here/filter",
        b"sport\0 22",
        "the filter in \"/here/filter\" cannot be read: it contains a NUL",
        255
    )]
    #[case::too_long("-F /here/filter", vec![b'#'; MAX_FILTER_BYTES + 1], "the filter in \"/here/filter\" cannot be read: it is longer than 262144 bytes", 255)]
    #[case::states_are_words(
        "-F /here/filter",
        b"state all",
        "\"state\" chooses states only before the filter",
        1
    )]
    #[case::comment_behind_blanks(
        "-F /here/filter",
        b" # x",
        "expected a condition, such as dst, sport, user or comm, but found \"#\"",
        1
    )]
    #[case::grammar("-F /here/filter", b"sport = 22 or", "expected a condition", 255)]
    fn file_without_filter_is_refused(
        #[case] words: &str,
        #[case] file: impl AsRef<[u8]>,
        #[case] message: &str,
        #[case] status: u8,
    ) {
        let (reported, code) = run(words, file.as_ref(), b"");
        assert!(reported.starts_with(&format!("ss: {message}")), "{reported}");
        assert_eq!(code, status);
    }
}
