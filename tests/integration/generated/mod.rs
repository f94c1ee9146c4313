//! Files that are generated from the tables of options: manual pages, completions and
//! docs/options.md.

mod completion;
mod help;
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
        (help::PAGE, help::page()),
    ]
}

#[test]
fn generated_files_are_current() {
    for (path, text) in files() {
        let found = String::from_utf8(workspace::read(path)).unwrap();
        assert!(found == text, "{path} is out of date: run scripts/record-generated");
    }
}

#[test]
fn diagrams_contain_their_source() {
    for name in ["data-flow", "processes"] {
        let [source, svg] = ["dot", "svg"].map(|kind| {
            String::from_utf8(workspace::read(&format!("docs/diagrams/{name}.{kind}"))).unwrap()
        });
        let end = format!("<metadata><![CDATA[\n{source}]]></metadata>\n</svg>\n");
        assert!(svg.ends_with(&end), "{name}.svg is out of date: run scripts/draw-diagrams");
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
