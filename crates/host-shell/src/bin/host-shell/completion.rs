//! Completions for `host-shell`, made from its table of options.

use std::path::PathBuf;

use testkit::completion::{Command, CommandOption, CommandValue};

use crate::args;

const GRANTS: [&str; 7] =
    ["sockets", "processes", "resolve", "events", "kill", "namespaces", "none"];

fn command() -> Command {
    let options = args::options().map(|(name, value, help)| CommandOption {
        short: name.strip_prefix('-').filter(|name| name.len() == 1).and_then(|n| n.chars().next()),
        long: name.strip_prefix("--").map(str::to_owned),
        value: match value {
            "" => CommandValue::None,
            "NAME,..." if name == "--grant" => CommandValue::Words(GRANTS.to_vec(), None),
            "FILE" => CommandValue::File,
            "DIR" | "DIR[:rw]" => CommandValue::Directory,
            _ => CommandValue::Free,
        },
        help: help.to_owned(),
    });
    Command { name: "host-shell", options: options.collect() }
}

fn files() -> [(PathBuf, String); 3] {
    let command = command();
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
