//! Messages about unix sockets.
//!
//! # Format
//!
//! `struct unix_diag_msg`, 16 bytes, and attributes (`include/uapi/linux/unix_diag.h`):
//!
//! | bytes | field | meaning |
//! | --- | --- | --- |
//! | 0 | `udiag_family` | 1 |
//! | 1 | `udiag_type` | 1 stream, 2 datagram, 5 sequenced packets |
//! | 2 | `udiag_state` | a state of TCP: 1 connected, 7 not, 10 listening |
//! | 3 | `pad` | |
//! | 4 | `udiag_ino` | inode, or 0 |
//! | 8 | `udiag_cookie` | two words, the lower first |
//!
//! Kernel: `sk_diag_fill` in `net/unix/diag.c`. `UNIX_DIAG_NAME` is the address as it was bound: a
//! path with the NUL at its end, or a NUL and the abstract name.

use bstr::BString;

use super::{
    bytes::{Attribute, Fault, split},
    uapi::{
        AF_UNIX, UNIX_DIAG_ICONS, UNIX_DIAG_MEMINFO, UNIX_DIAG_NAME, UNIX_DIAG_PEER,
        UNIX_DIAG_RQLEN, UNIX_DIAG_SHUTDOWN, UNIX_DIAG_UID, UNIX_DIAG_VFS,
    },
};
use crate::model::{
    Device, Inode, Queues, Shutdown, UnixDetail, UnixFile, UnixKind, UnixName, UnixSocket,
    UnixState,
};

const HEADER: usize = 16;

/// The flag of a listener in the text table (`include/linux/net.h`).
const SO_ACCEPTCON: u32 = 0x1_0000;

/// Reads a message into a row. Every field is overwritten.
pub(super) fn decode(message: &[u8], row: &mut UnixSocket) -> Result<(), Fault> {
    let (mut fields, attributes) = split::<HEADER>(message, "16 bytes (unix_diag_msg)")?;
    let [family, kind, state, _pad] = fields.array();
    if family != AF_UNIX {
        return Err(Fault::number(0, "a unix socket", family));
    }
    row.kind = UnixKind::from_number(kind.into());
    row.state = unix_state(state);
    row.flags = if row.state == UnixState::Listening { SO_ACCEPTCON } else { 0 };
    row.inode = Inode::new(fields.u32().into());
    row.cookie = fields.cookie();
    row.detail.clear();
    let mut name = None;
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.kind {
            UNIX_DIAG_NAME => name = Some(attribute.value),
            _ => decode_attribute(&attribute, &mut row.detail)?,
        }
    }
    set_name(&mut row.name, name);
    Ok(())
}

/// Kernel: unix sockets use these numbers of TCP only.
const fn unix_state(number: u8) -> UnixState {
    match number {
        1 => UnixState::Connected,
        2 => UnixState::Connecting,
        7 => UnixState::Unconnected,
        10 => UnixState::Listening,
        11 => UnixState::Disconnecting,
        other => UnixState::Other(other),
    }
}

fn decode_attribute(attribute: &Attribute<'_>, detail: &mut UnixDetail) -> Result<(), Fault> {
    match attribute.kind {
        UNIX_DIAG_VFS => {
            let mut fields = attribute.prefix(8, "8 bytes (UNIX_DIAG_VFS)")?;
            let (inode, device) = (fields.u32(), Device(fields.u32()));
            detail.file = Some(UnixFile { inode, device });
        }
        UNIX_DIAG_PEER => {
            detail.peer = Inode::new(attribute.u32("4 bytes (UNIX_DIAG_PEER)")?.into());
        }
        UNIX_DIAG_ICONS => {
            let inodes = attribute.records(4, "inodes of 4 bytes (UNIX_DIAG_ICONS)")?;
            detail.pending.extend(inodes.map(|mut inode| Inode::new(inode.u32().into())));
        }
        UNIX_DIAG_RQLEN => {
            let mut fields = attribute.prefix(8, "8 bytes (UNIX_DIAG_RQLEN)")?;
            detail.queues = Some(Queues { recv: fields.u32(), send: fields.u32() });
        }
        UNIX_DIAG_MEMINFO => detail.memory = Some(attribute.memory()?),
        UNIX_DIAG_SHUTDOWN => {
            let bits = attribute.u8("1 byte (UNIX_DIAG_SHUTDOWN)")?;
            detail.shutdown = Some(Shutdown::from_bits(bits));
        }
        UNIX_DIAG_UID => detail.uid = Some(attribute.u32("4 bytes (UNIX_DIAG_UID)")?),
        _ => {}
    }
    Ok(())
}

/// Writes a name into a row, in the memory of the last one.
fn set_name(place: &mut UnixName, name: Option<&[u8]>) {
    let mut memory = match std::mem::take(place) {
        UnixName::Unnamed => BString::default(),
        UnixName::Pathname(last) | UnixName::Abstract(last) => last,
    };
    memory.clear();
    *place = match name {
        None | Some([]) => UnixName::Unnamed,
        Some([0, name @ ..]) => {
            memory.extend_from_slice(name);
            UnixName::Abstract(memory)
        }
        Some(path) => {
            memory.extend(path.iter().take_while(|byte| **byte != 0));
            UnixName::Pathname(memory)
        }
    };
}
