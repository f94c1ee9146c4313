//! Files that are generated from the tables of options: manual pages and completions.

mod completion;
mod man;

use crate::workspace;

/// Returns every file with its contents.
fn files() -> Vec<(&'static str, String)> {
    let (ss, portwatch) = (completion::ss(), completion::portwatch());
    vec![
        ("docs/man/ss-builtin.1", man::ss()),
        ("docs/man/portwatch.1", man::portwatch()),
        ("docs/completions/ss.bash", ss.bash()),
        ("docs/completions/_ss", ss.zsh()),
        ("docs/completions/ss.fish", ss.fish()),
        ("docs/completions/portwatch.bash", portwatch.bash()),
        ("docs/completions/_portwatch", portwatch.zsh()),
        ("docs/completions/portwatch.fish", portwatch.fish()),
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
