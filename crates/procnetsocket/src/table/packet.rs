//! Rows of `packet`.
//!
//! # Format
//!
//! ```text
//! sk               RefCnt Type Proto  Iface R Rmem   User   Inode
//! ffff9f3c8b3e0000 3      3    0003   2     1 0      0      31210
//! ```
//!
//! Printed as `%pK %-6d %-4d %04x   %-5d %1d %-6u %-6u %-6lu`. `Proto` is an ethertype in host
//! order, `Iface` an interface index or 0, `R` whether the socket receives.
//!
//! Kernel: `packet_seq_show`. The columns have not changed since Linux 2.6; the pointer is hashed
//! since 4.15.

use std::num::NonZeroU32;

use super::{Expected, Fields, Problem, Rows, Until};
use crate::model::{Inode, KernelPointer, PacketDetail, PacketKind, PacketSocket, Socket};

/// The parser of the packet table.
pub(crate) struct PacketRows {
    row: PacketSocket,
}

impl PacketRows {
    /// Returns the parser.
    pub(crate) fn new() -> Self {
        let row = PacketSocket {
            kind: PacketKind::Raw,
            protocol: 0,
            interface: None,
            running: false,
            recv: 0,
            uid: 0,
            inode: None,
            references: 0,
            pointer: KernelPointer(0),
            cookie: None,
            detail: PacketDetail::default(),
        };
        Self { row }
    }
}

impl Rows for PacketRows {
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, Problem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row) {
            Ok(()) => Ok(Socket::Packet(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }
}

fn parse_row(fields: &mut Fields<'_>, row: &mut PacketSocket) -> Result<(), Expected> {
    row.pointer = fields.pointer(Until::Blank)?;
    row.references = fields.signed("a decimal reference count")?;
    row.kind = PacketKind::from_number(fields.decimal("a decimal type")?);
    row.protocol = fields.hex_half(Until::Blank, "a hexadecimal protocol of 4 digits")?;
    row.interface = NonZeroU32::new(fields.decimal("a decimal interface index")?);
    row.running = parse_running(fields)?;
    row.recv = fields.decimal("a decimal receive queue")?;
    row.uid = fields.decimal("a decimal user id")?;
    row.inode = Inode::new(fields.decimal("a decimal inode")?);
    fields.end()?;
    Ok(())
}

fn parse_running(fields: &mut Fields<'_>) -> Result<bool, Expected> {
    fields.take(running, Until::Blank, "0 or 1")
}

fn running(bytes: &[u8]) -> Option<(bool, &[u8])> {
    match bytes {
        [b'0', rest @ ..] => Some((false, rest)),
        [b'1', rest @ ..] => Some((true, rest)),
        _ => None,
    }
}
