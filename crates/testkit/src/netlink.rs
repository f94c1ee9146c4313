//! Rows of `net/netlink`.

/// A row of `net/netlink`.
#[derive(Clone, Debug)]
pub struct Netlink {
    pointer: u64,
    protocol: u32,
    port_id: u32,
    groups: u32,
    recv: i32,
    send: i32,
    dump: u64,
    locks: i32,
    drops: u32,
    inode: u64,
}

impl Netlink {
    /// Returns a socket with this protocol and port id; id 0 is the kernel's.
    pub fn new(protocol: u32, port_id: u32) -> Self {
        Self {
            pointer: 0xffff_9f3c_8b3e_0000,
            protocol,
            port_id,
            groups: 0,
            recv: 0,
            send: 0,
            dump: 0,
            locks: 2,
            drops: 0,
            inode: 0,
        }
    }

    /// Sets the multicast groups, group 1 in bit 0.
    #[must_use]
    pub fn groups(self, groups: u32) -> Self {
        Self { groups, ..self }
    }

    /// Sets the queues.
    #[must_use]
    pub fn queues(self, recv: i32, send: i32) -> Self {
        Self { recv, send, ..self }
    }

    /// Sets the column `Dump`.
    #[must_use]
    pub fn dump(self, dump: u64) -> Self {
        Self { dump, ..self }
    }

    /// Sets the column `Locks`.
    #[must_use]
    pub fn locks(self, locks: i32) -> Self {
        Self { locks, ..self }
    }

    /// Sets the column `Drops`.
    #[must_use]
    pub fn drops(self, drops: u32) -> Self {
        Self { drops, ..self }
    }

    /// Sets the inode.
    #[must_use]
    pub fn inode(self, inode: u64) -> Self {
        Self { inode, ..self }
    }

    /// Sets the address of the kernel object.
    #[must_use]
    pub fn pointer(self, pointer: u64) -> Self {
        Self { pointer, ..self }
    }

    /// `%pK %-3d %-10u %08x %-8d %-8d %-5d %-8d %-8u %-8lu`
    pub(crate) fn line(&self) -> Vec<u8> {
        format!(
            "{:016x} {:<3} {:<10} {:08x} {:<8} {:<8} {:<5} {:<8} {:<8} {:<8}",
            self.pointer,
            self.protocol,
            self.port_id,
            self.groups,
            self.recv,
            self.send,
            self.dump,
            self.locks,
            self.drops,
            self.inode
        )
        .into_bytes()
    }
}
