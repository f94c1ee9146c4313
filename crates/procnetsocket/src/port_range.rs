//! The ports that the kernel gives to sockets that ask for none.
//!
//! Kernel: `sys/net/ipv4/ip_local_port_range` is two decimal numbers with a tab between and a
//! newline behind (`ipv4_local_port_range`); the first is never above the second.

use std::{io::Read, ops::RangeInclusive};

use crate::{
    Error,
    error::Repr,
    root::ProcFile,
    stat::each_line,
    table::{Expected, Fields},
};

/// Reads the file.
pub(crate) fn read_port_range(reader: &mut dyn Read) -> Result<RangeInclusive<u16>, Error> {
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
