//! The program `ss`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ss_cli::main("ss", ss_builtin::Ss::new)
}
