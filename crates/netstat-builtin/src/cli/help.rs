//! The help.

use std::fmt;

use super::flag::{Effect, FLAGS};

/// What `--version` prints.
pub(crate) const HELP_VERSION: &str = concat!(
    "netstat of netstat-builtin ",
    env!("CARGO_PKG_VERSION"),
    ", which prints as net-tools 2.10 does\n"
);

/// The help, from the table of options.
pub(crate) struct Help;

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "usage: netstat [OPTION...]")?;
        writeln!(f, "Lists sockets: connections, or servers with -l, or both with -a.\n")?;
        for flag in FLAGS {
            let short = flag.short.map(char::from);
            let long = flag.long.first().copied().unwrap_or_default();
            let value = if matches!(flag.effect, Effect::Families) { "=LIST" } else { "" };
            let names = match short {
                Some(short) => format!("-{short}, --{long}{value}"),
                None => format!("    --{long}{value}"),
            };
            writeln!(f, "  {names:<22} {}", flag.help)?;
        }
        Ok(())
    }
}
