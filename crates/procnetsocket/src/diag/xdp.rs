//! Messages about XDP sockets.
//!
//! # Format
//!
//! `struct xdp_diag_msg`, 16 bytes: family 44, type, padding, inode and cookie; then attributes
//! (`include/uapi/linux/xdp_diag.h`), whose numbers begin with 1.
//!
//! Kernel: `xsk_diag_fill` in `net/xdp/xsk_diag.c`, since Linux 5.1.

use super::{
    bytes::{Attribute, Fault, split},
    uapi::{
        AF_XDP, XDP_DIAG_INFO, XDP_DIAG_MEMINFO, XDP_DIAG_RX_RING, XDP_DIAG_STATS,
        XDP_DIAG_TX_RING, XDP_DIAG_UID, XDP_DIAG_UMEM, XDP_DIAG_UMEM_COMPLETION_RING,
        XDP_DIAG_UMEM_FILL_RING,
    },
};
use crate::model::{Inode, Source, XdpDetail, XdpQueue, XdpSocket, XdpStatistics, XdpUmem};

const HEADER: usize = 16;

/// Returns an empty row.
pub(super) fn blank() -> XdpSocket {
    XdpSocket {
        source: Source::SockDiag,
        kind: 3,
        inode: None,
        cookie: None,
        detail: XdpDetail::default(),
    }
}

/// Reads a message into a row. Every field is overwritten.
pub(super) fn decode(message: &[u8], row: &mut XdpSocket) -> Result<(), Fault> {
    let (mut fields, attributes) = split::<HEADER>(message, "16 bytes (xdp_diag_msg)")?;
    let [family, kind] = fields.array();
    let _pad = fields.u16();
    if family != AF_XDP {
        return Err(Fault::number(0, "an XDP socket", family));
    }
    *row = blank();
    row.kind = kind;
    row.inode = Inode::new(fields.u32().into());
    row.cookie = fields.cookie();
    for attribute in attributes {
        decode_attribute(&attribute?, &mut row.detail)?;
    }
    Ok(())
}

fn decode_attribute(attribute: &Attribute<'_>, detail: &mut XdpDetail) -> Result<(), Fault> {
    match attribute.kind {
        XDP_DIAG_INFO => {
            let mut fields = attribute.prefix(8, "8 bytes (XDP_DIAG_INFO)")?;
            let (interface, queue) = (fields.u32(), fields.u32());
            detail.queue = Some(XdpQueue { interface, queue });
        }
        XDP_DIAG_UID => detail.uid = Some(attribute.u32("4 bytes (XDP_DIAG_UID)")?),
        XDP_DIAG_RX_RING => {
            detail.receive_entries = Some(attribute.u32("4 bytes (XDP_DIAG_RX_RING)")?);
        }
        XDP_DIAG_TX_RING => {
            detail.transmit_entries = Some(attribute.u32("4 bytes (XDP_DIAG_TX_RING)")?);
        }
        XDP_DIAG_UMEM => detail.umem = Some(decode_umem(attribute)?),
        XDP_DIAG_UMEM_FILL_RING => {
            detail.fill_entries = Some(attribute.u32("4 bytes (XDP_DIAG_UMEM_FILL_RING)")?);
        }
        XDP_DIAG_UMEM_COMPLETION_RING => {
            let entries = attribute.u32("4 bytes (XDP_DIAG_UMEM_COMPLETION_RING)")?;
            detail.completion_entries = Some(entries);
        }
        XDP_DIAG_MEMINFO => detail.memory = Some(attribute.memory()?),
        XDP_DIAG_STATS => detail.statistics = Some(decode_statistics(attribute)?),
        _ => {}
    }
    Ok(())
}

fn decode_umem(attribute: &Attribute<'_>) -> Result<XdpUmem, Fault> {
    let mut fields = attribute.prefix(40, "40 bytes (XDP_DIAG_UMEM)")?;
    Ok(XdpUmem {
        size: fields.u64(),
        id: fields.u32(),
        pages: fields.u32(),
        chunk_size: fields.u32(),
        headroom: fields.u32(),
        interface: fields.u32(),
        queue: fields.u32(),
        flags: fields.u32(),
        references: fields.u32(),
    })
}

fn decode_statistics(attribute: &Attribute<'_>) -> Result<XdpStatistics, Fault> {
    let mut fields = attribute.prefix(48, "48 bytes (XDP_DIAG_STATS)")?;
    Ok(XdpStatistics {
        receive_dropped: fields.u64(),
        receive_invalid: fields.u64(),
        receive_full: fields.u64(),
        fill_ring_empty: fields.u64(),
        transmit_invalid: fields.u64(),
        transmit_ring_empty: fields.u64(),
    })
}
