//! Rows of `netlink`.
//!
//! # Format
//!
//! ```text
//! sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
//! ffff9f3c8b3e0000 0   1234       00000551 0        0        0     2        0        31210
//! ```
//!
//! Printed as `%pK %-3d %-10u %08x %-8d %-8d %-5d %-8d %-8u %-8lu`. `Eth` is the netlink family,
//! `Pid` the port id, `Locks` the reference count.
//!
//! Kernel: `netlink_native_seq_show`, before 4.18 `netlink_seq_show`. `Drops` came with 2.6.30 and
//! `Inode` with 2.6.38: shorter rows are rows. `Dump` was a pointer (`%pK`) until 3.10 and is 0 or
//! 1 since; `Pid` and `Drops` were printed with a sign until 4.17.

use super::{Expected, Fields, Problem, Rows, Until, decimal};
use crate::model::{Inode, KernelPointer, NetlinkSocket, Socket};

/// The parser of the netlink table.
pub(crate) struct NetlinkRows {
    row: NetlinkSocket,
}

impl NetlinkRows {
    /// Returns the parser.
    pub(crate) fn new() -> Self {
        let row = NetlinkSocket {
            protocol: 0,
            port_id: 0,
            groups: 0,
            recv: 0,
            send: 0,
            dump: 0,
            references: 0,
            drops: 0,
            inode: None,
            pointer: KernelPointer(0),
            cookie: None,
            detail: None,
        };
        Self { row }
    }
}

impl Rows for NetlinkRows {
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, Problem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row) {
            Ok(()) => Ok(Socket::Netlink(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }
}

fn parse_row(fields: &mut Fields<'_>, row: &mut NetlinkSocket) -> Result<(), Expected> {
    row.pointer = fields.pointer(Until::Blank)?;
    row.protocol = fields.decimal("a decimal netlink family")?;
    row.port_id = fields.either_sign("a decimal port id")?;
    row.groups = fields.hex_word(Until::Blank, "hexadecimal groups of 8 digits")?;
    row.recv = fields.signed("a decimal receive queue")?;
    row.send = fields.signed("a decimal send queue")?;
    row.dump = parse_dump(fields)?;
    row.references = fields.signed("a decimal reference count")?;
    (row.drops, row.inode) = parse_newer(fields)?;
    fields.end()?;
    Ok(())
}

/// Parses the columns that older kernels do not print.
fn parse_newer(fields: &mut Fields<'_>) -> Result<(u32, Option<Inode>), Expected> {
    if fields.is_at_end() {
        return Ok((0, None));
    }
    let drops = fields.either_sign("a decimal number of drops")?;
    if fields.is_at_end() {
        return Ok((drops, None));
    }
    Ok((drops, Inode::new(fields.decimal("a decimal inode")?)))
}

/// Parses a decimal number, or a pointer: 8 digits and more, or a word in parentheses.
fn parse_dump(fields: &mut Fields<'_>) -> Result<u64, Expected> {
    const DUMP: &str = "0, 1 or a pointer in the column of dumps";
    let digits = fields.rest().iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if (1..8).contains(&digits) {
        return fields.take(decimal, Until::Blank, DUMP);
    }
    fields.pointer(Until::Blank).map(|pointer| pointer.0).map_err(|_| DUMP)
}
