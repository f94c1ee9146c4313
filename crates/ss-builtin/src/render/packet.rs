//! Packet sockets.

use procnetsocket::model::{
    Cookie, Fanout, FilterInstruction, PacketFlags, PacketInfo, PacketRing, PacketSocket, Source,
};
use socket_query::ethertype;

use super::{
    column::ColumnId,
    field::{push_as_signed, push_number, push_text},
    memory::push_memory,
    number::{push_decimal, push_hex, push_marked_hex},
    row::{RowRenderer, fill_queues},
    table::Cells,
    uid::push_uid_inode,
};
use crate::cli::{Detail, NameDisplay};

/// The protocol number for every ethertype (`ETH_P_ALL`).
const ETH_P_ALL: u16 = 3;

const FLAGS: [(PacketFlags, &str); 5] = [
    (PacketFlags::RUNNING, "running"),
    (PacketFlags::AUXILIARY_DATA, " auxdata"),
    (PacketFlags::ORIGINAL_DEVICE, " origdev"),
    (PacketFlags::VIRTUAL_HEADER, " vnethdr"),
    (PacketFlags::LOSS, " loss"),
];

impl RowRenderer<'_> {
    pub(super) fn fill_packet(&self, cells: &mut Cells<'_>, socket: &PacketSocket) {
        fill_queues(cells, socket.recv.cast_signed(), 0);
        cells.push(ColumnId::LocalAddress, |out| {
            self.push_ethertype(out, socket.protocol);
            out.push(b':');
        });
        cells.push(ColumnId::LocalPort, |out| match socket.interface {
            None => out.push(b'*'),
            Some(index) => self.push_interface(out, index),
        });
        cells.push(ColumnId::PeerAddress, |out| out.push(b'*'));
        self.fill_users(cells, socket.inode);
        if !self.details.is_empty() {
            cells.push(ColumnId::Extra, |out| self.push_packet_extra(out, socket));
        }
    }

    fn push_ethertype(&self, out: &mut Vec<u8>, number: u16) {
        match (number, self.names) {
            (ETH_P_ALL, _) => out.push(b'*'),
            (number, NameDisplay::Resolved) if let Some(name) = ethertype(number) => {
                push_text(out, name);
            }
            (number, _) => {
                out.push(b'[');
                push_decimal(out, number.into());
                out.push(b']');
            }
        }
    }

    fn push_packet_extra(&self, out: &mut Vec<u8>, socket: &PacketSocket) {
        let detail = &socket.detail;
        if self.shows(Detail::Extended) {
            // Compat: the kernel object of a packet socket is not shown from a text table.
            let object = match socket.source {
                Source::SockDiag => socket.cookie.map(Cookie::get),
                _ => Some(0),
            };
            push_uid_inode(out, socket.uid, socket.inode, object);
            if let Some(info) = &detail.info {
                self.push_break(out);
                push_info(out, info);
            }
            for (key, ring) in [("rx", &detail.receive_ring), ("tx", &detail.transmit_ring)] {
                if let Some(ring) = ring {
                    self.push_break(out);
                    push_ring(out, key, ring);
                }
            }
            if let Some(fanout) = &detail.fanout {
                self.push_break(out);
                push_fanout(out, *fanout);
            }
        }
        if self.shows(Detail::Filters)
            && let Some(filter) = &detail.filter
        {
            self.push_break(out);
            push_filter(out, filter);
        }
        if self.shows(Detail::Memory)
            && let Some(memory) = &detail.memory
        {
            push_memory(out, memory);
        }
    }
}

fn push_info(out: &mut Vec<u8>, info: &PacketInfo) {
    push_as_signed(out, "ver:", info.version);
    push_as_signed(out, " cpy_thresh:", info.copy_threshold);
    push_text(out, " flags( ");
    for (flag, word) in FLAGS {
        if info.flags.contains(flag) {
            push_text(out, word);
        }
    }
    if info.flags.bits() == 0 {
        out.push(b'0');
    }
    push_text(out, " )");
}

fn push_ring(out: &mut Vec<u8>, which: &str, ring: &PacketRing) {
    push_text(out, "ring_");
    push_text(out, which);
    push_number(out, "(blk_size:", ring.block_size);
    push_number(out, ",blk_nr:", ring.blocks);
    push_number(out, ",frm_size:", ring.frame_size);
    push_number(out, ",frm_nr:", ring.frames);
    push_number(out, ",tmo:", ring.retire_timeout_ms);
    push_text(out, ",features:0x");
    push_hex(out, ring.features.into(), 1);
    out.push(b')');
}

fn push_fanout(out: &mut Vec<u8>, fanout: Fanout) {
    push_number(out, "fanout(id:", fanout.id);
    push_text(out, ",type:");
    match fanout.kind {
        0 => push_text(out, "hash"),
        1 => push_text(out, "lb"),
        2 => push_text(out, "cpu"),
        3 => push_text(out, "roll"),
        4 => push_text(out, "random"),
        5 => push_text(out, "qm"),
        other => push_marked_hex(out, other.into()),
    }
    out.push(b')');
}

fn push_filter(out: &mut Vec<u8>, filter: &[FilterInstruction]) {
    push_text(out, "bpf filter (");
    push_decimal(out, u64::try_from(filter.len()).unwrap_or(u64::MAX));
    push_text(out, "): ");
    for instruction in filter {
        push_text(out, " 0x");
        push_hex(out, instruction.code.into(), 2);
        push_number(out, " ", instruction.jump_true);
        push_number(out, " ", instruction.jump_false);
        push_number(out, " ", instruction.operand);
        out.push(b',');
    }
}
