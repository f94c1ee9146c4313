//! The ports that the kernel assigns to sockets that ask for none.
//!
//! Kernel: `sys/net/ipv4/ip_local_port_range` is two decimal numbers with a tab between and a
//! newline at the end (`ipv4_local_port_range`); the first is never larger than the second.

use std::{io::Read, ops::RangeInclusive};

use crate::{
    error::{Error, Repr},
    proc::{
        root::{ProcRoot, name::ProcFile},
        sockstat::each_line,
        text::field::{Expected, Fields},
    },
};

/// Reads the ports of the network namespace of this thread.
pub(crate) fn of_this_thread(root: &ProcRoot) -> Result<RangeInclusive<u16>, Error> {
    const FILE: ProcFile = ProcFile::IpLocalPortRange;
    let mut reader = root.root().open(FILE).map_err(|error| Error::from_root(FILE, error))?;
    read_port_range(&mut reader)
}

/// Reads the file.
fn read_port_range(reader: &mut dyn Read) -> Result<RangeInclusive<u16>, Error> {
    const FILE: ProcFile = ProcFile::IpLocalPortRange;
    let mut range = None;
    each_line(FILE, reader, |fields| {
        range = Some(parse_port_range(fields)?);
        Ok(())
    })?;
    range.ok_or_else(|| Repr::NoCounter { file: FILE, what: "two ports" }.into())
}

/// Parses a line of the file.
fn parse_port_range(fields: &mut Fields<'_>) -> Result<RangeInclusive<u16>, Expected> {
    let first = fields.decimal("a decimal port")?;
    let last = fields.decimal("a decimal port")?;
    fields.end()?;
    Ok(first..=last)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::default("32768\t60999\n", "32768..=60999")]
    #[case::all_ports("0\t65535", "0..=65535")]
    #[case::blanks("  1024   2048  \n", "1024..=2048")]
    #[case::empty("", "expected two ports in sys/net/ipv4/ip_local_port_range, but found none")]
    #[case::one_port(
        "32768\n",
        "sys/net/ipv4/ip_local_port_range line 1, column 6: expected a decimal port, but found the end of the line"
    )]
    #[case::three_ports(
        "1 2 3\n",
        "sys/net/ipv4/ip_local_port_range line 1, column 5: expected the end of the row, but found \"3\""
    )]
    #[case::a_port_of_17_bits(
        "1\t65536\n",
        "sys/net/ipv4/ip_local_port_range line 1, column 3: expected a decimal port, but found \"65536\""
    )]
    #[case::a_letter(
        "1\tx\n",
        "sys/net/ipv4/ip_local_port_range line 1, column 3: expected a decimal port, but found \"x\""
    )]
    #[case::an_empty_line(
        "\n",
        "sys/net/ipv4/ip_local_port_range line 1, column 1: expected a decimal port, but found the end of the line"
    )]
    fn reads(#[case] text: &str, #[case] expected: &str) {
        let found = match read_port_range(&mut text.as_bytes()) {
            Ok(range) => format!("{range:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(Some(&*found), Some(expected));
    }
}
