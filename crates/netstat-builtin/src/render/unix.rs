//! Unix sockets.
//!
//! ```text
//! Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path
//! unix  2      [ ACC ]     STREAM     LISTENING     12345    67/server            /run/server
//! ```

use procnetsocket::model::{Inode, Source, UnixKind, UnixSocket, UnixState};
use socket_query::push_unix_name;

use super::{
    field::{push_left, push_text},
    program::Programs,
};
use crate::{cli::Shown, peers::Peers};

/// Bits of the flags that have a name.
const FLAGS: [(u32, &str); 3] = [(1 << 16, "ACC "), (1 << 17, "W "), (1 << 18, "N ")];

/// References of a socket that is not a peer: its descriptor, and the kernel's table.
const OWN_REFERENCES: u32 = 2;

/// Lays out the rows of unix sockets.
pub(crate) struct UnixTable<'a> {
    pub(crate) shown: Shown,
    /// The processes, if they are shown.
    pub(crate) programs: Option<&'a Programs>,
    /// For sockets from sock_diag, which does not report references.
    pub(crate) peers: Peers,
}

impl UnixTable<'_> {
    pub(crate) fn push_heading(&self, out: &mut Vec<u8>) {
        push_text(out, format_args!("Active UNIX domain sockets {}\n", self.shown.heading()));
        push_text(out, "Proto RefCnt Flags       Type       State         I-Node   ");
        if self.programs.is_some() {
            push_text(out, "PID/Program name     ");
        }
        push_text(out, "Path\n");
    }

    /// Appends the rows of a socket: its own, and one for each connection that waits to be
    /// accepted.
    pub(crate) fn push(&self, out: &mut Vec<u8>, socket: &UnixSocket) {
        let is_listed = match self.shown {
            Shown::Connections => socket.state != UnixState::Listening,
            Shown::Servers => socket.state == UnixState::Listening,
            Shown::All => true,
        };
        // Kernel: a socket has a reference for its descriptor, one for the table, and one for each
        // socket whose peer it is (`unix_create1`, `unix_stream_connect`).
        let references = match socket.source {
            Source::SockDiag => OWN_REFERENCES.saturating_add(self.peers.of(socket.inode)),
            _ => socket.references,
        };
        if is_listed {
            self.push_row(
                out,
                socket,
                &UnixFields {
                    references,
                    flags: socket.flags,
                    state: state(socket.state),
                    inode: socket.inode,
                },
            );
        }
        if self.shown == Shown::Servers {
            return;
        }
        // Kernel: the text table has a row for each; sock_diag lists them with the listener.
        for client in &socket.detail.pending {
            self.push_row(
                out,
                socket,
                &UnixFields {
                    references: OWN_REFERENCES + u32::from(client.is_some()),
                    flags: 0,
                    state: "CONNECTING",
                    inode: None,
                },
            );
        }
    }

    fn push_row(&self, out: &mut Vec<u8>, socket: &UnixSocket, fields: &UnixFields) {
        push_text(out, format_args!("unix  {:<6} ", fields.references));
        push_left(out, 11, |out| push_flags(out, fields.flags));
        let kind = kind(socket.kind);
        let inode = fields.inode.map_or(0, Inode::get);
        push_text(out, format_args!(" {kind:<10} {:<13} {inode:<8} ", fields.state));
        if let Some(programs) = self.programs {
            programs.push(out, fields.inode);
            out.push(b' ');
        }
        // Compat: net-tools ends a name at its first blank. Here it is complete, and escaped.
        push_unix_name(out, &socket.name);
        out.push(b'\n');
    }
}

/// The fields that differ between a listener and its waiting connections.
struct UnixFields {
    references: u32,
    flags: u32,
    state: &'static str,
    inode: Option<Inode>,
}

fn push_flags(out: &mut Vec<u8>, flags: u32) {
    push_text(out, "[ ");
    for (bit, word) in FLAGS {
        if flags & bit != 0 {
            push_text(out, word);
        }
    }
    out.push(b']');
}

fn kind(kind: UnixKind) -> &'static str {
    match kind.number() {
        1 => "STREAM",
        2 => "DGRAM",
        3 => "RAW",
        4 => "RDM",
        5 => "SEQPACKET",
        _ => "UNKNOWN",
    }
}

fn state(state: UnixState) -> &'static str {
    match state {
        UnixState::Unconnected => "",
        UnixState::Connecting => "CONNECTING",
        UnixState::Connected => "CONNECTED",
        UnixState::Disconnecting => "DISCONNECTING",
        UnixState::Listening => "LISTENING",
        _ => "UNKNOWN",
    }
}
