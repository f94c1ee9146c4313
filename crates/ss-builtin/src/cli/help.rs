//! The text of `-h`, made from the table of options.

use std::fmt;

use super::flags::{Flag, Value, flags};

/// What `-V` prints.
pub(crate) const VERSION: &str =
    concat!("ss utility, ss-builtin-", env!("CARGO_PKG_VERSION"), " (as iproute2 7.x)");

/// The usage, 80 columns wide at most.
pub(crate) struct Help;

/// Where the descriptions begin.
const DESCRIPTION: usize = 32;

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Usage: ss [ OPTIONS ] [ FILTER ]\n\n")?;
        for flag in flags().iter().filter(|flag| !flag.is_refused()) {
            writeln!(
                f,
                "   {:<width$} {}",
                Spelling(flag).to_string(),
                flag.help,
                width = DESCRIPTION - 4
            )?;
        }
        f.write_str(TABLES)?;
        f.write_str(FILTER)?;
        f.write_str("\nRefused (the message tells the grant or the reason):\n")?;
        let mut line = String::from("  ");
        for flag in flags().iter().filter(|flag| flag.is_refused()) {
            let spelling = Spelling(flag).brief();
            if line.len() + 1 + spelling.len() > 80 {
                writeln!(f, "{line}")?;
                line = String::from("  ");
            }
            line.push(' ');
            line.push_str(&spelling);
        }
        writeln!(f, "{line}")
    }
}

const TABLES: &str = "\nTABLE: all inet tcp mptcp udp sctp dccp raw unix unix_stream unix_dgram\n       \
     unix_seqpacket packet packet_raw packet_dgram netlink vsock vsock_stream\n       \
     vsock_dgram xdp\n\n\
     On the tables of a fake /proc, what sock_diag alone shows is refused.\n";

const FILTER: &str = "
FILTER: [ state STATE | exclude STATE ]... [ EXPRESSION ]
STATE: established syn-sent syn-recv fin-wait-1 fin-wait-2 time-wait unconnected
       close-wait last-ack listening closing bound-inactive all connected
       synchronized bucket big
EXPRESSION: { src | dst } [ = ] HOST           { sport | dport } [ OP ] PORT
            dev [ = | != ] INTERFACE           fwmark [ = | != ] MARK[/MASK]
            cgroup [ = | != ] PATH             autobound
            ( X )   not X   X and Y   X or Y   from the left, with equal weight
HOST: ADDRESS[/BITS][:PORT], [IPV6/BITS]:PORT, *, unix:PATTERN, link:, netlink:
OP: = != > < >= <=
";

/// An option as it is typed: `-f, --family=FAMILY`.
struct Spelling(&'static Flag);

impl Spelling {
    fn brief(&self) -> String {
        match self.0.short {
            Some(letter) => format!("-{}", char::from(letter)),
            None => format!("--{}", self.0.long),
        }
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.short {
            Some(letter) => write!(f, "-{}, ", char::from(letter))?,
            None => f.write_str("    ")?,
        }
        write!(f, "--{}", self.0.long)?;
        match self.0.value {
            Value::None => Ok(()),
            Value::Needed(value) => write!(f, "={value}"),
            Value::OptionalNumber(value) => write!(f, "[={value}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_option_once_and_fits_a_terminal() {
        let help = Help.to_string();
        for flag in flags() {
            assert!(help.contains(flag.long) || flag.is_refused(), "--{}", flag.long);
        }
        for line in help.lines() {
            assert!(line.len() <= 80, "{line:?}");
        }
    }
}
