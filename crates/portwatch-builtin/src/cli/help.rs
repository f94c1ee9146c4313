//! The text of `--help`, made from the table of options.

use std::fmt;

use builtin_cli::help::FlagLine;

use super::flag::flags;

/// The output of `-V`.
pub(crate) const VERSION: &str = concat!("portwatch ", env!("CARGO_PKG_VERSION"));

/// The usage, at most 80 columns wide.
pub(crate) struct Help;

const HEAD: &str = "\
Usage: portwatch --wait FILTER [--timeout DURATION] [--wait FILTER] [--any]
       portwatch --gone FILTER [--timeout DURATION]
       portwatch [--for DURATION] [--count N] [FILTER]
       portwatch --list [FILTER]

Wait for ports, or print them as they open and close: TCP sockets that listen,
UDP sockets that are bound and not connected, unix sockets that listen.

";

const TAIL: &str = "
FILTER is the filter of ss, or one or more of these, each separately:
  :8080, 8080    short for 'sport = :8080', of any address
  tcp:8080, udp:[::1]:53   the same for one protocol, or one address
  /run/x.sock    a unix socket of that path
  unix:NAME      a unix socket of the name that ss -x prints, such as unix:@NAME
DURATION is a number with ms, s, m or h; without, it is seconds.

Status: 0 done, 1 failed or refused, 2 wrong usage, 124 time is up.
";

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for doc in flags() {
            writeln!(f, "{}", FlagLine { doc, indent: 2, width: 26 })?;
        }
        f.write_str(TAIL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_option_and_fits_a_terminal() {
        let help = Help.to_string();
        for doc in flags() {
            assert!(help.contains(&format!("--{}", doc.name())), "--{}", doc.name());
        }
        assert!(help.lines().all(|line| line.len() <= 80), "{help}");
    }

    #[test]
    fn option_names_are_unique() {
        let longs: std::collections::BTreeSet<_> =
            flags().map(builtin_cli::FlagDoc::name).collect();
        let shorts = flags().filter_map(|doc| doc.short);
        let letters: std::collections::BTreeSet<_> = shorts.clone().collect();
        assert_eq!((longs.len(), letters.len()), (flags().count(), shorts.count()));
    }
}
