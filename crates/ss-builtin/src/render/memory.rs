//! Memory of a socket.

use procnetsocket::model::{InetMemory, SocketMemory};

use super::{field::push_number, number::push_decimal};

/// Appends the memory: ` skmem:(r...)`. Counters that the kernel lacks are left out.
pub(super) fn push_memory(out: &mut Vec<u8>, memory: &SocketMemory) {
    let numbers = [
        (" skmem:(r", memory.receive_allocated),
        (",rb", memory.receive_limit),
        (",t", memory.transmit_allocated),
        (",tb", memory.send_limit),
        // Compat: printed as unsigned, though the kernel's counter is signed.
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

/// Appends the older figures of the memory: ` mem:(r...)`.
pub(super) fn push_short_memory(out: &mut Vec<u8>, memory: &InetMemory) {
    push_number(out, " mem:(r", memory.receive_allocated);
    push_number(out, ",w", memory.send_queued);
    out.extend_from_slice(b",f");
    push_decimal(out, memory.forward_allocated.cast_unsigned().into());
    push_number(out, ",t", memory.transmit_allocated);
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn counters_that_the_kernel_lacks_are_left_out() {
        let mut memory = SocketMemory::default();
        (memory.receive_allocated, memory.receive_limit) = (1, 2);
        (memory.transmit_allocated, memory.send_limit) = (3, 4);
        (memory.forward_allocated, memory.send_queued, memory.options) = (-5, 6, 7);
        let old = text(|out| push_memory(out, &memory));
        assert_eq!(old, " skmem:(r1,rb2,t3,tb4,f4294967291,w6,o7)");
        memory.backlog = Some(8);
        assert_eq!(text(|out| push_memory(out, &memory)), old.replace(')', ",bl8)"));
        memory.drops = Some(9);
        assert_eq!(text(|out| push_memory(out, &memory)), old.replace(')', ",bl8,d9)"));
    }

    #[test]
    fn older_memory_figures_are_short() {
        let mut memory = InetMemory::default();
        (memory.receive_allocated, memory.send_queued) = (1, 2);
        (memory.forward_allocated, memory.transmit_allocated) = (3, 4);
        assert_eq!(text(|out| push_short_memory(out, &memory)), " mem:(r1,w2,f3,t4)");
    }
}
