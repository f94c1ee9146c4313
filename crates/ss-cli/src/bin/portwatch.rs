//! The program `portwatch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ss_cli::main("portwatch", portwatch_builtin::PortWatch::new)
}
