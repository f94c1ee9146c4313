//! Completions and manual page of `host-shell`, made from its table of options.

use std::path::PathBuf;

use builtin_cli::{completion::Completion, man::Entries};

use crate::args;

const MAN_HEAD: &str = r#".\" Generated from the table of options; scripts/record-generated writes it.
.TH HOST-SHELL 1 "" "host-shell" "User Commands"
.SH NAME
host-shell \- run a script in a restricted shell
.SH SYNOPSIS
.B host-shell
.RI [ OPTIONS ]
.RB [ \-c
.IR SCRIPT " | " FILE ]
.SH DESCRIPTION
.B host-shell
runs a script in a shell without processes and without files, but for granted directories. The script has the
commands of the shell, and
.BR ss ", " netstat " and " portwatch .
Without
.IR SCRIPT " and " FILE
it is read from standard input; at a terminal there is a prompt.
.SH OPTIONS
"#;

const MAN_TAIL: &str = r".SH EXIT STATUS
That of the script; 1 for a limit that was reached, 2 for wrong usage, 124 when the time is up, 126 or 127 when
.I FILE
cannot be run, 130 after Ctrl\-C.
.SH SEE ALSO
.BR ss\-builtin (1),
.BR portwatch (1)
";

fn files() -> [(PathBuf, String); 4] {
    let command = Completion::new("host-shell", args::options());
    let path = |name| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    [
        (path("completions/host-shell.bash"), command.bash()),
        (path("completions/_host-shell"), command.zsh()),
        (path("completions/host-shell.fish"), command.fish()),
        (path("man/host-shell.1"), format!("{MAN_HEAD}{}{MAN_TAIL}", Entries(args::options()))),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads files of the workspace")]
fn generated_files_are_current() {
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
