//! Messages about vsock sockets.
//!
//! # Format
//!
//! `struct vsock_diag_msg`, 32 bytes (`include/uapi/linux/vm_sockets_diag.h`): family 40, type,
//! state, shutdown, then local and remote context and port, inode and cookie, in words. There are
//! no attributes.
//!
//! Kernel: `sk_diag_fill` in `net/vmw_vsock/diag.c`, since Linux 4.15.

use super::{
    bytes::{Fault, split},
    uapi::AF_VSOCK,
};
use crate::model::{Inode, Shutdown, Source, TcpState, VsockAddr, VsockKind, VsockSocket};

const HEADER: usize = 32;

/// Returns an empty row.
pub(super) fn blank() -> VsockSocket {
    let nowhere = VsockAddr { cid: VsockAddr::ANY, port: VsockAddr::ANY };
    VsockSocket {
        source: Source::SockDiag,
        kind: VsockKind::Stream,
        state: TcpState::Close,
        shutdown: Shutdown::NONE,
        local: nowhere,
        remote: nowhere,
        inode: None,
        cookie: None,
    }
}

/// Reads a message into a row. Every field is overwritten.
pub(super) fn decode(message: &[u8], row: &mut VsockSocket) -> Result<(), Fault> {
    let (mut fields, _) = split::<HEADER>(message, "32 bytes (vsock_diag_msg)")?;
    let [family, kind, state, shutdown] = fields.array();
    if family != AF_VSOCK {
        return Err(Fault::number(0, "a vsock socket", family));
    }
    row.kind = VsockKind::from_number(kind);
    row.state = TcpState::from_number(state.into())
        .ok_or_else(|| Fault::number(2, "a state from 1 to 13", state))?;
    row.shutdown = Shutdown::from_bits(shutdown);
    row.local = VsockAddr { cid: fields.u32(), port: fields.u32() };
    row.remote = VsockAddr { cid: fields.u32(), port: fields.u32() };
    row.inode = Inode::new(fields.u32().into());
    row.cookie = fields.cookie();
    Ok(())
}
