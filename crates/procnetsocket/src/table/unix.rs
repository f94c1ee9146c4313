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
//! The name is whatever follows that one blank: blanks and control bytes are part of it. Of an
//! abstract name each NUL, also the first, is printed as `@`.
//!
//! Kernel: `unix_seq_show`. `St` is an `SS_*` number made from the state; a listener has the flag
//! `__SO_ACCEPTCON`. The state has been two digits and the inode at least five since Linux 2.4.
//! A table whose header begins with `Peer` comes from a patch that was never in Linux; its columns
//! mean something else, so it is refused.
//!
//! Security: a name may hold a newline. The rest of it then looks like rows of its own, and if it
//! was made to, it is accepted: nothing in the file tells a forged row from a real one.

use bstr::BString;

use super::{Expected, Fields, Problem, Rows, Until, decimal, hex};
use crate::model::{
    Inode, KernelPointer, Socket, UnixDetail, UnixKind, UnixName, UnixSocket, UnixState,
};

/// The flag of a listener (`include/linux/net.h`).
const SO_ACCEPTCON: u32 = 0x1_0000;

/// The parser of the unix table.
pub(crate) struct UnixRows {
    row: UnixSocket,
}

impl UnixRows {
    /// Returns the parser.
    pub(crate) fn new() -> Self {
        let row = UnixSocket {
            kind: UnixKind::Stream,
            state: UnixState::Unconnected,
            protocol: 0,
            flags: 0,
            inode: None,
            references: 0,
            pointer: KernelPointer(0),
            name: UnixName::Unnamed,
            cookie: None,
            detail: UnixDetail::default(),
        };
        Self { row }
    }
}

impl Rows for UnixRows {
    fn check_header(&self, header: &[u8]) -> Result<(), Problem> {
        if header.starts_with(b"Peer") {
            return Err(Fields::new(header).problem("the header of a kernel that was not patched"));
        }
        Ok(())
    }

    fn parse(&mut self, line: &[u8]) -> Result<Socket<'_>, Problem> {
        let mut fields = Fields::new(line);
        match parse_row(&mut fields, &mut self.row) {
            Ok(()) => Ok(Socket::Unix(&self.row)),
            Err(expected) => Err(fields.problem(expected)),
        }
    }
}

fn parse_row(fields: &mut Fields<'_>, row: &mut UnixSocket) -> Result<(), Expected> {
    row.pointer = fields.pointer(Until::Colon)?;
    fields.skip_blanks();
    row.references = fields.hex_word(Until::Blank, "a hexadecimal reference count")?;
    row.protocol = fields.hex_word(Until::Blank, "a hexadecimal protocol")?;
    row.flags = fields.hex_word(Until::Blank, "hexadecimal flags")?;
    row.kind = UnixKind::from_number(fields.hex_half(Until::Blank, "a hexadecimal type")?);
    row.state = parse_state(fields, row.flags)?;
    row.inode = Inode::new(fields.take(decimal, Until::Space, "a decimal inode")?);
    row.name = parse_name(fields.rest());
    Ok(())
}

/// Parses the state, which is one of four numbers unless the flags say that the socket listens.
fn parse_state(fields: &mut Fields<'_>, flags: u32) -> Result<UnixState, Expected> {
    let state = |bytes| {
        let (number, rest) = hex::fixed::<2>(bytes)?;
        let state = match number {
            1 => UnixState::Unconnected,
            2 => UnixState::Connecting,
            3 => UnixState::Connected,
            4 => UnixState::Disconnecting,
            _ => return None,
        };
        Some((state, rest))
    };
    let state = fields.take(state, Until::Blank, "a hexadecimal state from 01 to 04")?;
    Ok(if flags & SO_ACCEPTCON == 0 { state } else { UnixState::Listening })
}

/// Parses what is behind the inode: nothing, or a space and the name.
///
/// A name can be empty: it began with a newline, and the rest of it stands in the next line.
fn parse_name(bytes: &[u8]) -> UnixName {
    match bytes {
        [] => UnixName::Unnamed,
        [_space, b'@', name @ ..] => UnixName::Abstract(BString::from(name)),
        [_space, path @ ..] => UnixName::Pathname(BString::from(path)),
    }
}
