//! Unix domain sockets.

use procnetsocket::model::{Socket, Source, UnixName, UnixSocket, UnixState};
use socket_query::push_unix_name;

use super::{
    column::ColumnId,
    field::{push_number, push_text},
    memory::push_memory,
    row::{RowRenderer, fill_queues},
    table::Cells,
    uid::{push_directions, push_inode},
};
use crate::cli::Detail;

impl RowRenderer<'_> {
    pub(super) fn fill_unix(&self, cells: &mut Cells<'_>, socket: &UnixSocket) {
        // A text table has no queues and no peers.
        let queues = socket.detail.queues.unwrap_or_default();
        fill_queues(cells, queues.recv.cast_signed(), queues.send.cast_signed());
        cells.push(ColumnId::LocalAddress, |out| {
            push_name(out, &socket.name);
            out.push(b' ');
        });
        cells.push(ColumnId::LocalPort, |out| push_inode(out, socket.inode));
        cells.push(ColumnId::PeerAddress, |out| push_text(out, "* "));
        cells.push(ColumnId::PeerPort, |out| push_inode(out, socket.detail.peer));
        self.fill_both_ends(cells, &Socket::Unix(socket));
        if socket.source == Source::SockDiag && !self.details.is_empty() {
            cells.push(ColumnId::Extra, |out| self.push_unix_extra(out, socket));
        }
    }

    fn push_unix_extra(&self, out: &mut Vec<u8>, socket: &UnixSocket) {
        let detail = &socket.detail;
        if self.shows(Detail::Memory)
            && let Some(memory) = &detail.memory
        {
            push_memory(out, memory);
        }
        if !self.shows(Detail::Extended) {
            return;
        }
        if let Some(shutdown) = detail.shutdown {
            push_directions(out, shutdown);
        }
        if let Some(file) = detail.file {
            push_number(out, " ino:", file.inode);
            push_number(out, " dev:", file.device.major());
            push_number(out, "/", file.device.minor());
        }
        // A listener has the list even if it is empty.
        if socket.state == UnixState::Listening {
            push_text(out, " peers:");
            for inode in &detail.pending {
                out.push(b' ');
                push_inode(out, *inode);
            }
        }
    }
}

/// Appends a name; `*` if there is none.
fn push_name(out: &mut Vec<u8>, name: &UnixName) {
    match name {
        UnixName::Unnamed => out.push(b'*'),
        name => push_unix_name(out, name),
    }
}
