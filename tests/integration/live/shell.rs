//! The program `host-shell`, over live sockets.

#![expect(clippy::disallowed_methods, reason = "the tests start the shell")]

use std::process::{Command, Stdio};

use crate::{escape::program::SHELL, outcome::Outcome};

/// Runs a script in the shell.
pub(super) fn in_shell(options: &[&str], script: &str) -> Outcome {
    let mut shell = Command::new(&*SHELL);
    let output = shell.args(options).args(["-c", script]).stdin(Stdio::null()).env_clear().output();
    let output = output.unwrap();
    Outcome {
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        status: output.status.code().expect("the shell ends by itself"),
    }
}
