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
//! Kernel: `packet_seq_show`. Linux has not changed the columns; pointers are hashed since 4.15.

use std::num::NonZeroU32;

use super::{
    RowParser,
    field::{Expected, FieldEnd, Fields, LineProblem},
};
use crate::model::{Inode, PacketKind, PacketSocket, Socket, Source};

/// The parser of the packet table.
pub(crate) struct PacketRows {
    row: PacketSocket,
}

impl PacketRows {
    /// Returns the parser.
    pub(crate) fn new() -> Self {
        let row = PacketSocket::blank(Source::ProcText);
        Self { row }
    }
}

impl RowParser for PacketRows {
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, LineProblem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row) {
            Ok(()) => Ok(Socket::Packet(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }

    fn row(&self) -> Socket<'_> {
        Socket::Packet(&self.row)
    }
}

fn parse_row(fields: &mut Fields<'_>, row: &mut PacketSocket) -> Result<(), Expected> {
    row.pointer = fields.pointer(FieldEnd::Blank)?;
    row.references = fields.signed("a decimal reference count")?;
    row.kind = PacketKind::from_number(fields.decimal("a decimal type")?);
    row.protocol = fields.hex_half(FieldEnd::Blank, "a hexadecimal protocol of 4 digits")?;
    row.interface = NonZeroU32::new(fields.decimal("a decimal interface index")?);
    row.running = parse_running(fields)?;
    row.recv = fields.decimal("a decimal receive queue")?;
    row.uid = fields.decimal("a decimal user id")?;
    row.inode = Inode::new(fields.decimal("a decimal inode")?);
    fields.end()?;
    Ok(())
}

fn parse_running(fields: &mut Fields<'_>) -> Result<bool, Expected> {
    fields.take(running, FieldEnd::Blank, "0 or 1")
}

fn running(bytes: &[u8]) -> Option<(bool, &[u8])> {
    match bytes {
        [b'0', rest @ ..] => Some((false, rest)),
        [b'1', rest @ ..] => Some((true, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{model::Table, proc::text::complaint};

    fn parse(line: &str) -> PacketSocket {
        match PacketRows::new().parse(line.as_bytes()) {
            Ok(Socket::Packet(row)) => row.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_column_is_parsed() {
        let row = parse("ffff9f3c8b3e0000 3      3    0806   2     1 768    1000   31210 ");
        insta::assert_debug_snapshot!(row, @"
        PacketSocket {
            source: ProcText,
            kind: Raw,
            protocol: 2054,
            interface: Some(
                2,
            ),
            running: true,
            recv: 768,
            uid: 1000,
            inode: Some(
                Inode(
                    31210,
                ),
            ),
            references: 3,
            pointer: KernelPointer(
                18446637681115791360,
            ),
            cookie: None,
            detail: PacketDetail {
                info: None,
                multicast: [],
                receive_ring: None,
                transmit_ring: None,
                fanout: None,
                memory: None,
                filter: None,
            },
        }
        ");
    }

    #[rstest]
    #[case::raw("3", PacketKind::Raw)]
    #[case::datagram("2", PacketKind::Datagram)]
    #[case::obsolete("10", PacketKind::Other(10))]
    #[case::most("65535", PacketKind::Other(u16::MAX))]
    fn kinds(#[case] text: &str, #[case] expected: PacketKind) {
        assert_eq!(parse(&format!("0 1 {text} 0003 0 0 0 0 0")).kind, expected);
    }

    #[rstest]
    #[case::all("0", None)]
    #[case::one("1", NonZeroU32::new(1))]
    #[case::most("4294967295", Some(NonZeroU32::MAX))]
    fn interfaces(#[case] text: &str, #[case] expected: Option<NonZeroU32>) {
        assert_eq!(parse(&format!("0 1 3 0003 {text} 0 0 0 0")).interface, expected);
    }

    #[rstest]
    #[case::empty("", "column 1: expected a kernel pointer, but found the end of the line")]
    #[case::pointer("x 3 3 0003 2 1 0 0 1", "column 1: expected a kernel pointer, but found \"x\"")]
    #[case::references(
        "0 x 3 0003 2 1 0 0 1",
        "column 3: expected a decimal reference count, but found \"x\""
    )]
    #[case::type_of_17_bits(
        "0 3 65536 0003 2 1 0 0 1",
        "column 5: expected a decimal type, but found \"65536\""
    )]
    #[case::short_protocol(
        "0 3 3 3 2 1 0 0 1",
        "column 7: expected a hexadecimal protocol of 4 digits, but found \"3\""
    )]
    #[case::interface_below_zero(
        "0 3 3 0003 -1 1 0 0 1",
        "column 12: expected a decimal interface index, but found \"-1\""
    )]
    #[case::running_twice("0 3 3 0003 2 2 0 0 1", "column 14: expected 0 or 1, but found \"2\"")]
    #[case::running_with_a_tail(
        "0 3 3 0003 2 11 0 0 1",
        "column 14: expected 0 or 1, but found \"11\""
    )]
    #[case::queue_of_33_bits(
        "0 3 3 0003 2 1 4294967296 0 1",
        "column 16: expected a decimal receive queue, but found \"4294967296\""
    )]
    #[case::no_user(
        "0 3 3 0003 2 1 0",
        "column 17: expected a decimal user id, but found the end of the line"
    )]
    #[case::no_inode(
        "0 3 3 0003 2 1 0 0",
        "column 19: expected a decimal inode, but found the end of the line"
    )]
    #[case::more_columns(
        "0 3 3 0003 2 1 0 0 1 1",
        "column 22: expected the end of the row, but found \"1\""
    )]
    #[case::nul(
        "0 3 3 0003 2 1 0 0 1\0",
        "column 20: expected a decimal inode, but found \"1\\x00\""
    )]
    fn reports_malformed_rows(#[case] line: &str, #[case] expected: &str) {
        let rows = &mut PacketRows::new();
        let message = complaint(Table::Packet, rows, line.as_bytes()).expect("a malformed row");
        assert_eq!(message.strip_prefix("net/packet line 7, "), Some(expected));
    }
}
