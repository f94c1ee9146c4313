//! Completions for `host-shell`, made from its table of options.

use std::path::PathBuf;

use builtin_cli::completion::Completion;

use crate::args;

fn files() -> [(PathBuf, String); 3] {
    let command = Completion::new("host-shell", args::options());
    let path =
        |name| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/completions").join(name);
    [
        (path("host-shell.bash"), command.bash()),
        (path("_host-shell"), command.zsh()),
        (path("host-shell.fish"), command.fish()),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads files of the workspace")]
fn completions_are_current() {
    for (path, text) in files() {
        let found = std::fs::read_to_string(&path).unwrap();
        assert!(found == text, "{path:?} is out of date: run scripts/record-generated");
    }
}

/// Writes the files. `scripts/record-generated` runs this.
#[test]
#[ignore = "writes generated files; scripts/record-generated runs it"]
#[expect(clippy::disallowed_methods, reason = "the test writes files of the workspace")]
fn record() {
    for (path, text) in files() {
        std::fs::write(path, text).unwrap();
    }
}
