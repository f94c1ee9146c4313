//! The text of `netstat --help` and `--version`, made from the table of options.

use std::fmt;

use builtin_cli::help::FlagLine;

use super::flag::FLAGS;

/// The output of `--version`.
pub(crate) const HELP_VERSION: &str = concat!(
    "netstat of netstat-builtin ",
    env!("CARGO_PKG_VERSION"),
    ", which prints as net-tools 2.10 does\n"
);

/// The help, made from the table of options.
pub(crate) struct Help;

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "usage: netstat [OPTION...]")?;
        writeln!(f, "Lists sockets: connections, or servers with -l, or both with -a.\n")?;
        for flag in FLAGS {
            writeln!(f, "{}", FlagLine { doc: &flag.doc, indent: 2, width: 22 })?;
        }
        Ok(())
    }
}
