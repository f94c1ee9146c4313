//! Messages about packet sockets.
//!
//! # Format
//!
//! `struct packet_diag_msg`, 16 bytes, and attributes (`include/uapi/linux/packet_diag.h`):
//!
//! | bytes | field | meaning |
//! | --- | --- | --- |
//! | 0 | `pdiag_family` | 17 |
//! | 1 | `pdiag_type` | 2 datagram, 3 raw, 10 |
//! | 2 | `pdiag_num` | ethertype in host order |
//! | 4 | `pdiag_ino` | inode |
//! | 8 | `pdiag_cookie` | two words, the lower first |
//!
//! Kernel: `sk_diag_fill` in `net/packet/diag.c`.

use std::num::NonZeroU32;

use super::{
    bytes::{Attribute, Fault, split},
    uapi::{
        AF_PACKET, PACKET_DIAG_FANOUT, PACKET_DIAG_FILTER, PACKET_DIAG_INFO, PACKET_DIAG_MCLIST,
        PACKET_DIAG_MEMINFO, PACKET_DIAG_RX_RING, PACKET_DIAG_TX_RING, PACKET_DIAG_UID,
    },
};
use crate::model::{
    Fanout, FilterInstruction, Inode, PacketFlags, PacketInfo, PacketKind, PacketMulticast,
    PacketRing, PacketSocket, Source,
};

const HEADER: usize = 16;

/// Bytes of `struct packet_diag_mclist`.
const MCLIST: usize = 44;

/// Bytes of `struct sock_filter`.
const INSTRUCTION: usize = 8;

/// Reads a message into a row. Every field is overwritten.
pub(super) fn decode(message: &[u8], row: &mut PacketSocket) -> Result<(), Fault> {
    let (mut fields, attributes) = split::<HEADER>(message, "16 bytes (packet_diag_msg)")?;
    let [family, kind] = fields.array();
    if family != AF_PACKET {
        return Err(Fault::number(0, "a packet socket", family));
    }
    *row = PacketSocket::blank(Source::SockDiag);
    row.kind = PacketKind::from_number(kind.into());
    row.protocol = fields.u16();
    row.inode = Inode::new(fields.u32().into());
    row.cookie = fields.cookie();
    for attribute in attributes {
        decode_attribute(&attribute?, row)?;
    }
    Ok(())
}

fn decode_attribute(attribute: &Attribute<'_>, row: &mut PacketSocket) -> Result<(), Fault> {
    match attribute.kind {
        PACKET_DIAG_INFO => decode_info(attribute, row)?,
        PACKET_DIAG_MCLIST => decode_multicast(attribute, &mut row.detail.multicast)?,
        PACKET_DIAG_RX_RING => row.detail.receive_ring = Some(decode_ring(attribute)?),
        PACKET_DIAG_TX_RING => row.detail.transmit_ring = Some(decode_ring(attribute)?),
        PACKET_DIAG_FANOUT => {
            // Kernel: the id in the lower half, the kind and its flags in the upper.
            let [low, high] = attribute.u32("4 bytes (PACKET_DIAG_FANOUT)").map(halves)?;
            row.detail.fanout = Some(Fanout { id: low, kind: high });
        }
        PACKET_DIAG_UID => row.uid = attribute.u32("4 bytes (PACKET_DIAG_UID)")?,
        PACKET_DIAG_MEMINFO => {
            let memory = attribute.memory()?;
            row.recv = memory.receive_allocated;
            row.detail.memory = Some(memory);
        }
        PACKET_DIAG_FILTER => row.detail.filter = Some(decode_filter(attribute)?),
        _ => {}
    }
    Ok(())
}

/// Returns the lower and the upper half of a word.
fn halves(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

fn decode_info(attribute: &Attribute<'_>, row: &mut PacketSocket) -> Result<(), Fault> {
    let mut fields = attribute.prefix(24, "24 bytes (PACKET_DIAG_INFO)")?;
    row.interface = NonZeroU32::new(fields.u32());
    let info = PacketInfo {
        version: fields.u32(),
        reserve: fields.u32(),
        copy_threshold: fields.u32(),
        timestamp: fields.u32(),
        flags: PacketFlags::from_bits(fields.u32()),
    };
    row.running = info.flags.contains(PacketFlags::RUNNING);
    row.detail.info = Some(info);
    Ok(())
}

fn decode_multicast(
    attribute: &Attribute<'_>,
    list: &mut Vec<PacketMulticast>,
) -> Result<(), Fault> {
    let records = attribute.records(MCLIST, "addresses of 44 bytes (PACKET_DIAG_MCLIST)")?;
    list.extend(records.map(|mut fields| PacketMulticast {
        interface: fields.u32(),
        count: fields.u32(),
        kind: fields.u16(),
        address_bytes: fields.u16().min(32),
        address: fields.array(),
    }));
    Ok(())
}

fn decode_ring(attribute: &Attribute<'_>) -> Result<PacketRing, Fault> {
    let mut fields = attribute.prefix(28, "28 bytes (PACKET_DIAG_RX_RING, _TX_RING)")?;
    Ok(PacketRing {
        block_size: fields.u32(),
        blocks: fields.u32(),
        frame_size: fields.u32(),
        frames: fields.u32(),
        retire_timeout_ms: fields.u32(),
        private_size: fields.u32(),
        features: fields.u32(),
    })
}

fn decode_filter(attribute: &Attribute<'_>) -> Result<Vec<FilterInstruction>, Fault> {
    let records = attribute.records(INSTRUCTION, "instructions of 8 bytes (PACKET_DIAG_FILTER)")?;
    let instructions = records.map(|mut fields| FilterInstruction {
        code: fields.u16(),
        jump_true: fields.u8(),
        jump_false: fields.u8(),
        operand: fields.u32(),
    });
    Ok(instructions.collect())
}
