//! The text of `--help`, made from the table of options.

use std::fmt;

use super::flags::{Flag, flags};

/// What `-V` prints.
pub(crate) const VERSION: &str = concat!("portwatch ", env!("CARGO_PKG_VERSION"));

/// The usage, 80 columns wide at most.
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
FILTER is the filter of ss, or one or more of these, each for itself:
  :8080, 8080    short for 'sport = :8080', of any address
  /run/x.sock    a unix socket of that path
  unix:NAME      a unix socket of the name that ss -x prints, such as unix:@NAME
DURATION is a number with ms, s, m or h; without, it is seconds.

Status: 0 done, 1 failed or refused, 2 wrong usage, 124 time is up.
";

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for flag in flags() {
            writeln!(f, "  {:<26} {}", Spelling(flag).to_string(), flag.help)?;
        }
        f.write_str(TAIL)
    }
}

/// An option as it is typed: `-w, --wait`.
struct Spelling(&'static Flag);

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.short {
            Some(letter) => write!(f, "-{}, ", char::from(letter))?,
            None => f.write_str("    ")?,
        }
        write!(f, "--{}", self.0.long)?;
        self.0.value.map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_option_and_fits_a_terminal() {
        let help = Help.to_string();
        for flag in flags() {
            assert!(help.contains(&format!("--{}", flag.long)), "--{}", flag.long);
        }
        assert!(help.lines().all(|line| line.len() <= 80), "{help}");
    }

    #[test]
    fn no_option_has_the_name_of_another() {
        let longs: std::collections::BTreeSet<_> = flags().iter().map(|flag| flag.long).collect();
        let shorts = flags().iter().filter_map(|flag| flag.short);
        let letters: std::collections::BTreeSet<_> = shorts.clone().collect();
        assert_eq!((longs.len(), letters.len()), (flags().len(), shorts.count()));
    }
}
