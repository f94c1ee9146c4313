//! Netlink sockets.

use builtin_cli::Escaped;
use procnetsocket::model::{NetlinkDetail, NetlinkSocket};
use socket_query::netlink_family;

use super::{
    column::ColumnId,
    field::push_text,
    memory::push_memory,
    number::{push_decimal, push_hex, push_signed},
    row::{RowRenderer, fill_queues},
    table::Cells,
};
use crate::cli::{Detail, NameDisplay};

impl RowRenderer<'_> {
    pub(super) fn fill_netlink(&self, cells: &mut Cells<'_>, socket: &NetlinkSocket) {
        fill_queues(cells, socket.recv, socket.send);
        cells.push(ColumnId::LocalAddress, |out| {
            match (netlink_family(socket.protocol), self.names) {
                (Some(name), NameDisplay::Resolved) => push_text(out, name),
                _ => push_decimal(out, socket.protocol.into()),
            }
            out.push(b':');
        });
        cells.push(ColumnId::LocalPort, |out| match (socket.port_id.cast_signed(), self.names) {
            (-1, _) => out.push(b'*'),
            (0, NameDisplay::Resolved) => push_text(out, "kernel"),
            (port_id, names) => {
                // Compat: the number is shown as a process, though a socket may choose any other.
                if names == NameDisplay::Resolved
                    && let Some(name) = self.processes.name(port_id)
                {
                    Escaped::column(&name).without_backslash().push_to(out);
                    out.push(b'/');
                }
                push_signed(out, port_id.into());
            }
        });
        match &socket.detail {
            Some(detail) if detail.is_connected() => fill_peer(cells, detail),
            _ => cells.push(ColumnId::PeerAddress, |out| out.push(b'*')),
        }
        if !self.details.is_empty() {
            // Compat: these details are in the column of processes, and without `-p` there is no
            // such column.
            let column = if self.users().is_some() { ColumnId::Process } else { ColumnId::Extra };
            cells.push(column, |out| self.push_netlink_extra(out, socket));
        }
    }

    fn push_netlink_extra(&self, out: &mut Vec<u8>, socket: &NetlinkSocket) {
        if self.shows(Detail::Extended) {
            // Compat: sock_diag's kernel object and state of the dump are not shown.
            let (object, dump) = match socket.detail {
                Some(_) => (0, 0),
                None => (socket.pointer.0, socket.dump),
            };
            push_text(out, " sk=");
            push_hex(out, object, 1);
            push_text(out, " cb=");
            push_hex(out, dump, 1);
            push_text(out, " groups=0x");
            push_hex(out, socket.groups.into(), 8);
        }
        if self.shows(Detail::Memory)
            && let Some(detail) = &socket.detail
        {
            out.push(b'\t');
            if let Some(memory) = &detail.memory {
                push_memory(out, memory);
            }
        }
    }
}

/// Fills the group and the port that a socket is connected to.
fn fill_peer(cells: &mut Cells<'_>, detail: &NetlinkDetail) {
    cells.push(ColumnId::PeerAddress, |out| {
        push_signed(out, detail.remote_group.cast_signed().into());
        out.push(b':');
    });
    cells.push(ColumnId::PeerPort, |out| {
        push_signed(out, detail.remote_port_id.cast_signed().into());
    });
}
