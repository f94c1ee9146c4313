//! Rows of `unix`.
//!
//! # Format
//!
//! ```text
//! Num       RefCount Protocol Flags    Type St Inode Path
//! ffff9f3c8b3e0000: 00000002 00000000 00010000 0001 01 31210 /run/app.sock
//! ```
//!
//! Printed as `%pK: %08X %08X %08X %04X %02X %5lu`, and for a bound socket a blank and its name.
//! The name is everything after that one blank: blanks and control bytes are part of it. Each NUL
//! of an abstract name, also the first, is printed as `@`.
//!
//! Kernel: `unix_seq_show`. `St` is an `SS_*` number made from the state; a listener has the flag
//! `__SO_ACCEPTCON`. Linux has not changed the columns; pointers are hashed since 4.15. A table
//! whose header begins with `Peer` comes from a patch that was never in Linux; its columns have
//! another meaning, so it is refused.
//!
//! Security: a name may contain a newline. The rest of it then looks like further rows, and if it
//! was made to, it is accepted: nothing in the file distinguishes a forged row from a real one.

use bstr::BString;

use super::{
    RowParser,
    field::{Expected, FieldEnd, Fields, LineProblem},
    number::{hex_digits, unsigned},
};
use crate::model::{Inode, Socket, Source, UnixKind, UnixName, UnixSocket, UnixState};

/// The flag of a listener (`include/linux/net.h`).
const SO_ACCEPTCON: u32 = 0x1_0000;

/// The parser of the unix table.
pub(crate) struct UnixRows {
    row: UnixSocket,
}

impl UnixRows {
    /// Returns the parser.
    pub(crate) fn new() -> Self {
        let row = UnixSocket::blank(Source::ProcText);
        Self { row }
    }
}

impl RowParser for UnixRows {
    fn check_header(&self, header: &[u8]) -> Result<(), LineProblem> {
        if header.starts_with(b"Peer") {
            return Err(Fields::new(header).problem("the header of a kernel that was not patched"));
        }
        Ok(())
    }

    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, LineProblem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row) {
            Ok(()) => Ok(Socket::Unix(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }

    fn row(&self) -> Socket<'_> {
        Socket::Unix(&self.row)
    }
}

fn parse_row(fields: &mut Fields<'_>, row: &mut UnixSocket) -> Result<(), Expected> {
    row.pointer = fields.pointer(FieldEnd::Colon)?;
    fields.skip_blanks();
    row.references = fields.hex_word(FieldEnd::Blank, "a hexadecimal reference count")?;
    row.protocol = fields.hex_word(FieldEnd::Blank, "a hexadecimal protocol")?;
    row.flags = fields.hex_word(FieldEnd::Blank, "hexadecimal flags")?;
    row.kind = UnixKind::from_number(fields.hex_half(FieldEnd::Blank, "a hexadecimal type")?);
    row.state = parse_state(fields, row.flags)?;
    row.inode = Inode::new(fields.take(unsigned, FieldEnd::Space, "a decimal inode")?);
    row.name = parse_name(fields.rest());
    Ok(())
}

/// Parses the state, which is one of four numbers unless the flags are those of a listener.
fn parse_state(fields: &mut Fields<'_>, flags: u32) -> Result<UnixState, Expected> {
    let state = |bytes| {
        let (number, rest) = hex_digits::<2>(bytes)?;
        let state = match number {
            1 => UnixState::Unconnected,
            2 => UnixState::Connecting,
            3 => UnixState::Connected,
            4 => UnixState::Disconnecting,
            _ => return None,
        };
        Some((state, rest))
    };
    let state = fields.take(state, FieldEnd::Blank, "a hexadecimal state from 01 to 04")?;
    Ok(if flags & SO_ACCEPTCON == 0 { state } else { UnixState::Listening })
}

/// Parses what follows the inode: nothing, or a space and the name.
///
/// A name can be empty: it began with a newline, and the rest of it is in the next line.
fn parse_name(bytes: &[u8]) -> UnixName {
    match bytes {
        [] => UnixName::Unnamed,
        [_space, b'@', name @ ..] => UnixName::Abstract(BString::from(name)),
        [_space, path @ ..] => UnixName::Pathname(BString::from(path)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{model::Table, proc::text::complaint};

    const LISTENER: &str =
        "ffff9f3c8b3e0000: 00000002 00000000 00010000 0001 01 31210 /run/app.sock";

    fn parse(line: &[u8]) -> UnixSocket {
        match UnixRows::new().parse(line) {
            Ok(Socket::Unix(row)) => row.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn named(name: &[u8]) -> UnixName {
        let mut line = LISTENER.replace("/run/app.sock", "").into_bytes();
        line.extend_from_slice(name);
        parse(&line).name
    }

    fn path(name: &[u8]) -> UnixName {
        UnixName::Pathname(name.into())
    }

    fn abstract_name(name: &[u8]) -> UnixName {
        UnixName::Abstract(name.into())
    }

    #[test]
    fn every_column_is_parsed() {
        insta::assert_debug_snapshot!(parse(LISTENER.as_bytes()), @r#"
        UnixSocket {
            source: ProcText,
            kind: Stream,
            state: Listening,
            protocol: 0,
            flags: 65536,
            inode: Some(
                Inode(
                    31210,
                ),
            ),
            references: 2,
            pointer: KernelPointer(
                18446637681115791360,
            ),
            name: Pathname(
                "/run/app.sock",
            ),
            cookie: None,
            detail: UnixDetail {
                peer: None,
                file: None,
                pending: [],
                queues: None,
                memory: None,
                shutdown: None,
                uid: None,
            },
        }
        "#);
    }

    #[rstest]
    #[case::path(b"/run/app.sock", path(b"/run/app.sock"))]
    #[case::relative_path(b"app.sock", path(b"app.sock"))]
    #[case::abstract_name(b"@/tmp/.X11-unix/X0", abstract_name(b"/tmp/.X11-unix/X0"))]
    #[case::abstract_name_of_the_kernel(b"@0001f", abstract_name(b"0001f"))]
    #[case::abstract_name_of_nothing(b"@", abstract_name(b""))]
    #[case::abstract_name_that_begins_with_nul(b"@@x", abstract_name(b"@x"))]
    #[case::blanks_within(b"/run/my  app\t.sock", path(b"/run/my  app\t.sock"))]
    #[case::blanks_around(b"  /run/app  ", path(b"  /run/app  "))]
    #[case::cut_by_a_newline_at_its_beginning(b"", path(b""))]
    #[case::control_bytes(b"/run/\x1b[2J\x00\r", path(b"/run/\x1b[2J\x00\r"))]
    #[case::not_utf8(b"/run/\xff\xfe", path(b"/run/\xff\xfe"))]
    #[case::looks_like_a_row(
        b"0000000000000000: 00000002 00000000",
        path(b"0000000000000000: 00000002 00000000")
    )]
    fn names(#[case] name: &[u8], #[case] expected: UnixName) {
        assert_eq!(named(name), expected);
    }

    #[test]
    fn name_may_fill_the_line() {
        let name = vec![b'x'; 1 << 20];
        assert_eq!(named(&name), path(&name));
    }

    #[rstest]
    #[case::no_name("31210", Some(31210))]
    #[case::padded("   12", Some(12))]
    #[case::no_inode("    0", None)]
    #[case::most("18446744073709551615", Some(u64::MAX))]
    fn unnamed_sockets(#[case] inode: &str, #[case] expected: Option<u64>) {
        let row = parse(LISTENER.replace("31210 /run/app.sock", inode).as_bytes());
        assert_eq!((row.name, row.inode), (UnixName::Unnamed, expected.and_then(Inode::new)));
    }

    #[rstest]
    #[case::unconnected("00000000 0001 01", UnixState::Unconnected)]
    #[case::connecting("00000000 0001 02", UnixState::Connecting)]
    #[case::connected("00000000 0001 03", UnixState::Connected)]
    #[case::disconnecting("00000000 0001 04", UnixState::Disconnecting)]
    #[case::listening("00010000 0001 01", UnixState::Listening)]
    #[case::listening_without_process("00010000 0001 04", UnixState::Listening)]
    #[case::other_flags("FFFEFFFF 0001 01", UnixState::Unconnected)]
    fn states(#[case] columns: &str, #[case] expected: UnixState) {
        let line = LISTENER.replace("00010000 0001 01", columns);
        assert_eq!(parse(line.as_bytes()).state, expected);
    }

    #[rstest]
    #[case::stream("0001", UnixKind::Stream)]
    #[case::datagram("0002", UnixKind::Datagram)]
    #[case::packets("0005", UnixKind::SeqPacket)]
    #[case::unknown("FFFF", UnixKind::Other(0xFFFF))]
    fn kinds(#[case] text: &str, #[case] expected: UnixKind) {
        let line = LISTENER.replace(" 0001 ", &format!(" {text} "));
        assert_eq!(parse(line.as_bytes()).kind, expected);
    }

    #[rstest]
    #[case::empty(
        b"",
        "column 1: expected a kernel pointer and a colon, but found the end of the line"
    )]
    #[case::rest_of_a_name_with_a_newline(
        b"forged",
        "column 1: expected a kernel pointer and a colon, but found \"forged\""
    )]
    #[case::no_colon(
        b"ffff9f3c8b3e0000 00000002",
        "column 1: expected a kernel pointer and a colon, but found \"ffff9f3c8b3e0000\""
    )]
    #[case::seventeen_digits(
        b"0ffff9f3c8b3e0000: 00000002",
        "column 1: expected a kernel pointer and a colon, but found \"0ffff9f3c8b3e0000:\""
    )]
    #[case::short_references(
        b"ffff9f3c8b3e0000: 2 0",
        "column 19: expected a hexadecimal reference count, but found \"2\""
    )]
    #[case::no_protocol(
        b"ffff9f3c8b3e0000: 00000002",
        "column 27: expected a hexadecimal protocol, but found the end of the line"
    )]
    #[case::long_flags(
        b"0: 00000002 00000000 000010000 0001 01 1",
        "column 22: expected hexadecimal flags, but found \"000010000\""
    )]
    #[case::short_type(
        b"0: 00000002 00000000 00010000 1 01 1",
        "column 31: expected a hexadecimal type, but found \"1\""
    )]
    #[case::state_zero(
        b"0: 00000002 00000000 00010000 0001 00 1",
        "column 36: expected a hexadecimal state from 01 to 04, but found \"00\""
    )]
    #[case::state_of_tcp(
        b"0: 00000002 00000000 00010000 0001 0A 1",
        "column 36: expected a hexadecimal state from 01 to 04, but found \"0A\""
    )]
    #[case::no_inode(
        b"0: 00000002 00000000 00010000 0001 01",
        "column 38: expected a decimal inode, but found the end of the line"
    )]
    #[case::inode_of_65_bits(
        b"0: 00000002 00000000 00000000 0001 01 18446744073709551616",
        "column 39: expected a decimal inode, but found \"18446744073709551616\""
    )]
    #[case::inode_with_a_tab(
        b"0: 00000002 00000000 00010000 0001 01 1\t/run",
        "column 39: expected a decimal inode, but found \"1\""
    )]
    #[case::nul_behind_the_inode(
        b"0: 00000002 00000000 00010000 0001 01 1\0",
        "column 39: expected a decimal inode, but found \"1\\x00\""
    )]
    fn reports_malformed_rows(#[case] line: &[u8], #[case] expected: &str) {
        let message = complaint(Table::Unix, &mut UnixRows::new(), line).expect("a malformed row");
        assert_eq!(message.strip_prefix("net/unix line 7, "), Some(expected));
    }
}
