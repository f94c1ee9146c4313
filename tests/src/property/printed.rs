//! The builtin, called in process, and the checks of all its output.

use std::sync::Arc;

use bstr::{BString, ByteSlice as _};
use builtin_api::{CallContext, invoke};
use procnetsocket::SocketTables;
use socket_query::{Grant, GrantSet, Names, Policy, PolicyView};
use ss_builtin::Ss;
use testkit::FakeRoot;

/// The output of a call, and its status.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CallOutput {
    pub(super) stdout: BString,
    pub(super) stderr: BString,
    pub(super) status: u8,
}

impl CallOutput {
    /// Returns the elements of the array that was printed.
    pub(super) fn objects(&self) -> Vec<serde_json::Value> {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs `ss` over a fake root under the grants that only read, and checks its output.
pub(super) fn run(root: &FakeRoot, args: &[BString]) -> CallOutput {
    let grants: GrantSet = [Grant::Sockets, Grant::Processes].into_iter().collect();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let ss = Ss::new(PolicyView::new(tables, Policy::new(grants), Names::default()));
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut stdin = std::io::empty();
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr);
    let status = invoke(&ss, &mut context, args).code();
    let printed = CallOutput { stdout: stdout.into(), stderr: stderr.into(), status };
    assert!(matches!(status, 0 | 1 | 255), "{printed:?}");
    for stream in [&printed.stdout, &printed.stderr] {
        assert_harmless(stream);
    }
    printed
}

/// Asserts that the output has no control sequences and no invisible characters.
pub(super) fn assert_harmless(bytes: &BString) {
    let text = bytes.to_str().expect("what is printed is UTF-8");
    let harmful = |c: &char| !matches!(c, '\n' | '\t') && builtin_cli::is_unsafe_to_show(*c);
    assert_eq!(text.chars().find(harmful), None, "{text:?}");
}
