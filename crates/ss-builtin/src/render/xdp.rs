//! XDP sockets.

use std::num::NonZeroU32;

use procnetsocket::model::{Cookie, XdpSocket, XdpStatistics, XdpUmem};

use super::{
    column::ColumnId,
    field::{push_as_signed, push_number, push_text},
    memory::push_memory,
    row::{RowRenderer, fill_queues},
    table::Cells,
    uid::push_uid_inode,
};
use crate::cli::Detail;

impl RowRenderer<'_> {
    pub(super) fn fill_xdp(&self, cells: &mut Cells<'_>, socket: &XdpSocket) {
        let detail = &socket.detail;
        let received = detail.memory.map_or(0, |memory| memory.receive_allocated);
        fill_queues(cells, received.cast_signed(), 0);
        let queue =
            detail.queue.and_then(|bound| Some((NonZeroU32::new(bound.interface)?, bound.queue)));
        if let Some((interface, number)) = queue {
            cells.push(ColumnId::LocalAddress, |out| {
                self.push_interface(out, interface);
                out.push(b':');
            });
            cells.push(ColumnId::LocalPort, |out| push_as_signed(out, "q", number));
        } else {
            cells.push(ColumnId::LocalAddress, |out| out.push(b'*'));
        }
        cells.push(ColumnId::PeerAddress, |out| out.push(b'*'));
        self.fill_users(cells, socket.inode);
        if !self.details.is_empty() {
            cells.push(ColumnId::Extra, |out| self.push_xdp_extra(out, socket));
        }
    }

    fn push_xdp_extra(&self, out: &mut Vec<u8>, socket: &XdpSocket) {
        let detail = &socket.detail;
        if self.shows(Detail::Extended) {
            let object = socket.cookie.map(Cookie::get);
            push_uid_inode(out, detail.uid.unwrap_or(0), socket.inode, object);
            let rings = [("rx(", detail.receive_entries), ("tx(", detail.transmit_entries)];
            self.push_rings(out, rings);
            if let Some(umem) = &detail.umem {
                self.push_umem(out, umem);
                let rings = [("fr(", detail.fill_entries), ("cr(", detail.completion_entries)];
                self.push_rings(out, rings);
            }
            if let Some(statistics) = &detail.statistics {
                self.push_break(out);
                push_statistics(out, statistics);
            }
        }
        if self.shows(Detail::Memory)
            && let Some(memory) = &detail.memory
        {
            push_memory(out, memory);
        }
    }

    fn push_rings(&self, out: &mut Vec<u8>, rings: [(&str, Option<u32>); 2]) {
        for (name, entries) in rings {
            if let Some(entries) = entries {
                self.push_break(out);
                push_text(out, name);
                push_number(out, "entries:", entries);
                out.push(b')');
            }
        }
    }

    fn push_umem(&self, out: &mut Vec<u8>, umem: &XdpUmem) {
        self.push_break(out);
        // Compat: on one line the word has an additional first letter.
        push_text(out, if self.one_line { "tumem" } else { "umem" });
        push_number(out, "(id:", umem.id);
        push_number(out, ",size:", umem.size);
        push_number(out, ",num_pages:", umem.pages);
        push_number(out, ",chunk_size:", umem.chunk_size);
        push_number(out, ",headroom:", umem.headroom);
        push_number(out, ",ifindex:", umem.interface);
        push_number(out, ",qid:", umem.queue);
        push_number(out, ",zc:", umem.flags & 1);
        push_number(out, ",refs:", umem.references);
        out.push(b')');
    }
}

fn push_statistics(out: &mut Vec<u8>, statistics: &XdpStatistics) {
    push_number(out, "stats(rx dropped:", statistics.receive_dropped);
    push_number(out, ",rx invalid:", statistics.receive_invalid);
    push_number(out, ",rx queue full:", statistics.receive_full);
    push_number(out, ",rx fill ring empty:", statistics.fill_ring_empty);
    push_number(out, ",tx invalid:", statistics.transmit_invalid);
    push_number(out, ",tx ring empty:", statistics.transmit_ring_empty);
    out.push(b')');
}
