//! Messages about netlink sockets.
//!
//! # Format
//!
//! `struct netlink_diag_msg`, 28 bytes, and attributes (`include/uapi/linux/netlink_diag.h`):
//!
//! | bytes | field | meaning |
//! | --- | --- | --- |
//! | 0 | `ndiag_family` | 16 |
//! | 1 | `ndiag_type` | 2 datagram, 3 raw |
//! | 2 | `ndiag_protocol` | the netlink family |
//! | 3 | `ndiag_state` | 1 connected, else 7 or 0 |
//! | 4 | `ndiag_portid` | port id, 0 for the kernel |
//! | 8, 12 | `ndiag_dst_portid`, `ndiag_dst_group` | what it is connected to |
//! | 16 | `ndiag_ino` | inode, or 0 |
//! | 20 | `ndiag_cookie` | two words, the lower first |
//!
//! Kernel: `sk_diag_fill` in `net/netlink/diag.c`. The groups are a bitmap of the kernel's words: a
//! multiple of 8 bytes on a 64-bit machine, of 4 on a 32-bit one.

use super::{
    bytes::{Attribute, Fault, split},
    uapi::{AF_NETLINK, NETLINK_DIAG_FLAGS, NETLINK_DIAG_GROUPS, NETLINK_DIAG_MEMINFO},
};
use crate::model::{Inode, NetlinkDetail, NetlinkFlags, NetlinkSocket, Source};

const HEADER: usize = 28;

/// Reads a message into a row. Every field is overwritten.
pub(super) fn decode(message: &[u8], row: &mut NetlinkSocket) -> Result<(), Fault> {
    let (mut fields, attributes) = split::<HEADER>(message, "28 bytes (netlink_diag_msg)")?;
    let [family, kind, protocol, state] = fields.array();
    if family != AF_NETLINK {
        return Err(Fault::number(0, "a netlink socket", family));
    }
    let mut groups = row.detail.take().unwrap_or_default().groups;
    groups.replace(std::iter::empty());
    *row = NetlinkSocket::blank(Source::SockDiag);
    row.protocol = protocol.into();
    row.port_id = fields.u32();
    let (remote_port_id, remote_group) = (fields.u32(), fields.u32());
    row.inode = Inode::new(fields.u32().into());
    row.cookie = fields.cookie();
    let mut detail = NetlinkDetail {
        kind,
        state,
        remote_port_id,
        remote_group,
        groups,
        ..NetlinkDetail::default()
    };
    for attribute in attributes {
        decode_attribute(&attribute?, &mut detail)?;
    }
    row.groups = detail.groups.first();
    row.dump = detail.flags.contains(NetlinkFlags::DUMP_RUNNING).into();
    if let Some(memory) = &detail.memory {
        row.recv = memory.receive_allocated.cast_signed();
        row.send = memory.transmit_allocated.cast_signed();
        row.drops = memory.drops.unwrap_or_default();
    }
    row.detail = Some(detail);
    Ok(())
}

fn decode_attribute(attribute: &Attribute<'_>, detail: &mut NetlinkDetail) -> Result<(), Fault> {
    match attribute.kind {
        NETLINK_DIAG_MEMINFO => detail.memory = Some(attribute.memory()?),
        NETLINK_DIAG_GROUPS => decode_groups(attribute, detail)?,
        NETLINK_DIAG_FLAGS => {
            let bits = attribute.u32("4 bytes (NETLINK_DIAG_FLAGS)")?;
            detail.flags = NetlinkFlags::from_bits(bits);
        }
        // The rings, 2 and 3, were removed in Linux 4.6.
        _ => {}
    }
    Ok(())
}

fn decode_groups(attribute: &Attribute<'_>, detail: &mut NetlinkDetail) -> Result<(), Fault> {
    let expected = "groups in words of 4 or 8 bytes (NETLINK_DIAG_GROUPS)";
    if attribute.value.len().is_multiple_of(8) {
        let words = attribute.records(8, expected)?;
        detail.groups.replace(words.map(|mut word| word.u64()));
        return Ok(());
    }
    let mut halves = attribute.records(4, expected)?.map(|mut half| u64::from(half.u32()));
    detail.groups.replace(std::iter::from_fn(|| {
        let low = halves.next()?;
        Some(halves.next().unwrap_or_default() << 32 | low)
    }));
    Ok(())
}
