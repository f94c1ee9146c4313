//! Sockets between virtual machines and their host.

use procnetsocket::model::{VsockAddr, VsockSocket};

use super::{
    column::ColumnId,
    number::push_decimal,
    row::{RowRenderer, fill_queues},
    table::Cells,
};

impl RowRenderer<'_> {
    pub(super) fn fill_vsock(&self, cells: &mut Cells<'_>, socket: &VsockSocket) {
        fill_queues(cells, 0, 0);
        let ends = [
            (socket.local, ColumnId::LocalAddress, ColumnId::LocalPort),
            (socket.remote, ColumnId::PeerAddress, ColumnId::PeerPort),
        ];
        for (end, context, port) in ends {
            cells.push(context, |out| {
                push_or_any(out, end.cid);
                out.push(b':');
            });
            cells.push(port, |out| push_or_any(out, end.port));
        }
        self.fill_users(cells, socket.inode);
    }
}

fn push_or_any(out: &mut Vec<u8>, number: u32) {
    if number == VsockAddr::ANY {
        out.push(b'*');
    } else {
        push_decimal(out, number.into());
    }
}
