//! The program `ss`. Started by the name `portwatch` it is that program, so that one file can be
//! both.

use std::process::ExitCode;

fn main() -> ExitCode {
    if ss_cli::is_called("portwatch") {
        ss_cli::main("portwatch", portwatch_builtin::PortWatch::new)
    } else {
        ss_cli::main("ss", ss_builtin::Ss::new)
    }
}
