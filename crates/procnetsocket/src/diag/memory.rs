//! Values of several families: memory, cookie.

use super::bytes::{Attribute, Fault, Prefix};
use crate::model::{Cookie, SocketMemory};

/// Bytes of `SK_MEMINFO` on the first kernel that had it: 7 numbers.
const FIRST_MEMINFO: usize = 28;

/// Reads `SK_MEMINFO` (`sock_diag_put_meminfo`).
pub(super) fn decode_memory(attribute: &Attribute<'_>) -> Result<SocketMemory, Fault> {
    let mut fields = attribute.prefix(FIRST_MEMINFO, "memory of 7 numbers (SK_MEMINFO)")?;
    let numbers = attribute.value.len() / size_of::<u32>();
    Ok(SocketMemory {
        receive_allocated: fields.u32(),
        receive_limit: fields.u32(),
        transmit_allocated: fields.u32(),
        send_limit: fields.u32(),
        forward_allocated: fields.i32(),
        send_queued: fields.u32(),
        options: fields.u32(),
        backlog: (numbers > 7).then(|| fields.u32()),
        drops: (numbers > 8).then(|| fields.u32()),
    })
}

/// Takes a cookie: two words, the lower one first, each in the byte order of this machine.
#[inline]
pub(super) fn take_cookie(fields: &mut Prefix<'_>) -> Option<Cookie> {
    let low = u64::from(fields.u32());
    Cookie::new(u64::from(fields.u32()) << 32 | low)
}
