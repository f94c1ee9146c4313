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
//! Kernel: `netlink_native_seq_show`, earlier `netlink_seq_show`. Older versions print no `Inode`,
//! or neither `Drops` nor `Inode`: shorter rows are accepted. They print a pointer as `Dump`, now 0
//! or 1, and `Pid` and `Drops` as signed.

use super::{
    RowParser,
    field::{Expected, FieldEnd, Fields, LineProblem},
    number::unsigned,
};
use crate::model::{Inode, NetlinkSocket, Socket, Source};

/// The parser of the netlink table.
pub(crate) struct NetlinkRows {
    row: NetlinkSocket,
}

impl NetlinkRows {
    /// Returns the parser.
    pub(crate) fn new() -> Self {
        let row = NetlinkSocket::blank(Source::ProcText);
        Self { row }
    }
}

impl RowParser for NetlinkRows {
    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, LineProblem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row) {
            Ok(()) => Ok(Socket::Netlink(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }

    fn row(&self) -> Socket<'_> {
        Socket::Netlink(&self.row)
    }
}

fn parse_row(fields: &mut Fields<'_>, row: &mut NetlinkSocket) -> Result<(), Expected> {
    row.pointer = fields.pointer(FieldEnd::Blank)?;
    row.protocol = fields.decimal("a decimal netlink family")?;
    row.port_id = fields.either_sign("a decimal port id")?;
    row.groups = fields.hex_word(FieldEnd::Blank, "hexadecimal groups of 8 digits")?;
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
        return fields.take(unsigned, FieldEnd::Blank, DUMP);
    }
    fields.pointer(FieldEnd::Blank).map(|pointer| pointer.0).map_err(|_| DUMP)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{model::Table, proc::text::complaint};

    fn parse(line: &str) -> NetlinkSocket {
        match NetlinkRows::new().parse(line.as_bytes()) {
            Ok(Socket::Netlink(row)) => row.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_column_is_parsed() {
        let row = parse(
            "ffff9f3c8b3e0000 15  1234       80000551 768      -4       1     2        3        31210   ",
        );
        insta::assert_debug_snapshot!(row, @"
        NetlinkSocket {
            source: ProcText,
            protocol: 15,
            port_id: 1234,
            groups: 2147485009,
            recv: 768,
            send: -4,
            dump: 1,
            references: 2,
            drops: 3,
            inode: Some(
                Inode(
                    31210,
                ),
            ),
            pointer: KernelPointer(
                18446637681115791360,
            ),
            cookie: None,
            detail: None,
        }
        ");
    }

    #[rstest]
    #[case::kernel("0", 0)]
    #[case::most("4294967295", u32::MAX)]
    #[case::signed_of_old_kernels("-4096", 4_294_963_200)]
    fn port_ids(#[case] text: &str, #[case] expected: u32) {
        assert_eq!(parse(&format!("0 0 {text} 00000000 0 0 0 2 0 0")).port_id, expected);
    }

    #[rstest]
    #[case::none("0", 0)]
    #[case::running("1", 1)]
    #[case::pointer("ffff9f3c8b3e0000", 0xFFFF_9F3C_8B3E_0000)]
    #[case::pointer_of_32_bits("c1a2b3d4", 0xC1A2_B3D4)]
    #[case::null_of_old_kernels("          (null)", 0)]
    fn dumps(#[case] text: &str, #[case] expected: u64) {
        assert_eq!(parse(&format!("0 0 0 00000000 0 0 {text} 2 0 0")).dump, expected);
    }

    #[rstest]
    #[case::without_drops("", 0, None)]
    #[case::without_inode(" 7", 7, None)]
    #[case::kernel_socket(" 7 0", 7, None)]
    #[case::whole(" 7 8", 7, Inode::new(8))]
    fn rows_of_older_kernels(#[case] end: &str, #[case] drops: u32, #[case] inode: Option<Inode>) {
        let row = parse(&format!("0 0 0 00000000 0 0 0 2{end}"));
        assert_eq!((row.drops, row.inode), (drops, inode));
    }

    #[rstest]
    #[case::empty("", "column 1: expected a kernel pointer, but found the end of the line")]
    #[case::pointer(
        "sk 0 0 00000000 0 0 0 2 0 1",
        "column 1: expected a kernel pointer, but found \"sk\""
    )]
    #[case::family(
        "0 x 0 00000000 0 0 0 2 0 1",
        "column 3: expected a decimal netlink family, but found \"x\""
    )]
    #[case::port_id_of_33_bits(
        "0 0 4294967296 00000000 0 0 0 2 0 1",
        "column 5: expected a decimal port id, but found \"4294967296\""
    )]
    #[case::short_groups(
        "0 0 0 551 0 0 0 2 0 1",
        "column 7: expected hexadecimal groups of 8 digits, but found \"551\""
    )]
    #[case::receive_queue(
        "0 0 0 00000000 x 0 0 2 0 1",
        "column 16: expected a decimal receive queue, but found \"x\""
    )]
    #[case::send_queue(
        "0 0 0 00000000 0 2147483648 0 2 0 1",
        "column 18: expected a decimal send queue, but found \"2147483648\""
    )]
    #[case::dump(
        "0 0 0 00000000 0 0 x 2 0 1",
        "column 20: expected 0, 1 or a pointer in the column of dumps, but found \"x\""
    )]
    #[case::short_pointer_as_dump(
        "0 0 0 00000000 0 0 fff 2 0 1",
        "column 20: expected 0, 1 or a pointer in the column of dumps, but found \"fff\""
    )]
    #[case::no_references(
        "0 0 0 00000000 0 0 0",
        "column 21: expected a decimal reference count, but found the end of the line"
    )]
    #[case::drops(
        "0 0 0 00000000 0 0 0 2 x 1",
        "column 24: expected a decimal number of drops, but found \"x\""
    )]
    #[case::inode(
        "0 0 0 00000000 0 0 0 2 0 -1",
        "column 26: expected a decimal inode, but found \"-1\""
    )]
    #[case::more_columns(
        "0 0 0 00000000 0 0 0 2 0 1 1",
        "column 28: expected the end of the row, but found \"1\""
    )]
    fn reports_malformed_rows(#[case] line: &str, #[case] expected: &str) {
        let rows = &mut NetlinkRows::new();
        let message = complaint(Table::Netlink, rows, line.as_bytes()).expect("a malformed row");
        assert_eq!(message.strip_prefix("net/netlink line 7, "), Some(expected));
    }
}
