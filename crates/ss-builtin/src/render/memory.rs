//! Memory of a socket.

use procnetsocket::model::{InetMemory, SocketMemory};

use super::{field::push_number, number::push_decimal};

/// Appends the memory: ` skmem:(r...)`. Counters that the kernel does not have are left out.
pub(super) fn push_memory(out: &mut Vec<u8>, memory: &SocketMemory) {
    let numbers = [
        (" skmem:(r", memory.receive_allocated),
        (",rb", memory.receive_limit),
        (",t", memory.transmit_allocated),
        (",tb", memory.send_limit),
        // Compat: printed without a sign, though the kernel's counter has one.
        (",f", memory.forward_allocated.cast_unsigned()),
        (",w", memory.send_queued),
        (",o", memory.options),
    ];
    for (key, number) in numbers {
        push_number(out, key, number);
    }
    for (key, number) in [(",bl", memory.backlog), (",d", memory.drops)] {
        if let Some(number) = number {
            push_number(out, key, number);
        }
    }
    out.push(b')');
}

/// Appends the older account of the memory: ` mem:(r...)`.
pub(super) fn push_short_memory(out: &mut Vec<u8>, memory: &InetMemory) {
    push_number(out, " mem:(r", memory.receive_allocated);
    push_number(out, ",w", memory.send_queued);
    out.extend_from_slice(b",f");
    push_decimal(out, memory.forward_allocated.cast_unsigned().into());
    push_number(out, ",t", memory.transmit_allocated);
    out.push(b')');
}
