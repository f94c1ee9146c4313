//! Bytes written as annotated text, and messages made of them.

use std::ops::ControlFlow;

use procnetsocket::{
    Error, Limits, ReadReport, RowError, Table, TableQuery, Visitor,
    diag::{Decoder, Replies, Request},
    model::{InetSocket, Socket},
};

/// The sequence number of the request that the tests' replies answer.
pub(crate) const SEQUENCE: u32 = 7;

/// Reads hexadecimal digits; blanks are ignored, and a `#` begins a comment.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let code = text.lines().map(|line| line.split('#').next().unwrap());
    let digits: Vec<u8> = code.flat_map(str::bytes).filter(u8::is_ascii_hexdigit).collect();
    assert!(digits.len().is_multiple_of(2), "expected whole bytes in {text}");
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Writes an attribute with its padding.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Writes a netlink message with its padding.
pub(crate) fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend([kind.to_ne_bytes(), flags.to_ne_bytes()].concat());
    bytes.extend([SEQUENCE.to_ne_bytes(), 99_u32.to_ne_bytes()].concat());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Writes a message that is a socket, of a dump.
pub(crate) fn row(body: &[u8]) -> Vec<u8> {
    message(20, 2, body)
}

/// Writes the end of a dump.
pub(crate) fn done(code: i32) -> Vec<u8> {
    message(3, 2, &code.to_ne_bytes())
}

/// Writes an error, followed by the request that it is about.
pub(crate) fn error(code: i32) -> Vec<u8> {
    message(2, 0, &[code.to_ne_bytes().as_slice(), &[0; 16]].concat())
}

/// Decodes a message about an internet socket.
#[track_caller]
pub(crate) fn inet(table: Table, body: &[u8]) -> InetSocket {
    match Decoder::new(table).decode(body).unwrap() {
        Socket::Inet(socket) => socket.clone(),
        other => panic!("expected an internet socket, but found {other:?}"),
    }
}

/// Returns the fault of a decoder for a malformed message.
#[track_caller]
pub(crate) fn fault(table: Table, body: &[u8]) -> String {
    let fault = Decoder::new(table).decode(body).unwrap_err();
    format!("byte {}: {fault}", fault.column())
}

/// Records what it receives, as text.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) sockets: Vec<String>,
    pub(crate) malformed: Vec<String>,
    /// Rows after which it stops.
    pub(crate) enough: Option<usize>,
    /// How often it agrees to discard its rows.
    pub(crate) restarts: usize,
}

impl Visitor for Log {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.sockets.push(format!("{socket:?}"));
        if self.enough == Some(self.sockets.len()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.malformed.push(row.to_string());
        ControlFlow::Continue(())
    }

    fn restart(&mut self) -> bool {
        let Some(left) = self.restarts.checked_sub(1) else { return false };
        *self = Self { restarts: left, ..Self::default() };
        true
    }
}

/// Reads the datagrams of a dump.
pub(crate) fn read(
    table: Table,
    datagrams: &[Vec<u8>],
    log: &mut Log,
) -> Result<ReadReport, Error> {
    let request = Request::Dump(TableQuery::new(table));
    let datagrams = datagrams.iter().map(Vec::as_slice);
    Replies::new(&request, SEQUENCE).with_bounds(Limits::streaming()).visit(datagrams, log)
}
