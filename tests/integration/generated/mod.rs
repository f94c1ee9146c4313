//! Files that are made from the table of options: the manual page and the completions.

mod completion;
mod man;

use crate::workspace;

/// Returns every file with its contents.
fn files() -> Vec<(&'static str, String)> {
    let command = completion::command();
    vec![
        ("docs/man/ss-builtin.1", man::page()),
        ("docs/completions/ss.bash", command.bash()),
        ("docs/completions/_ss", command.zsh()),
        ("docs/completions/ss.fish", command.fish()),
    ]
}

#[test]
fn generated_files_are_current() {
    for (path, text) in files() {
        let found = String::from_utf8(workspace::read(path)).unwrap();
        assert!(found == text, "{path} is out of date: run scripts/record-generated");
    }
}

/// Writes the files. `scripts/record-generated` runs this.
#[test]
#[ignore = "writes generated files; scripts/record-generated runs it"]
fn record() {
    for (path, text) in files() {
        workspace::write(path, text.as_bytes());
    }
}
