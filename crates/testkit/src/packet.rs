//! Rows of `net/packet`.

/// A row of `net/packet`.
#[derive(Clone, Debug)]
pub struct Packet {
    pointer: u64,
    references: i32,
    kind: u16,
    protocol: u16,
    interface: u32,
    running: u8,
    recv: u32,
    uid: u32,
    inode: u64,
}

impl Packet {
    /// Returns a running socket on every interface, with this `SOCK_*` number and ethertype.
    pub fn new(kind: u16, protocol: u16) -> Self {
        Self {
            pointer: 0xffff_9f3c_8b3e_0000,
            references: 3,
            kind,
            protocol,
            interface: 0,
            running: 1,
            recv: 0,
            uid: 0,
            inode: 0,
        }
    }

    /// Returns a `SOCK_RAW` socket.
    pub fn raw(protocol: u16) -> Self {
        Self::new(3, protocol)
    }

    /// Returns a `SOCK_DGRAM` socket.
    pub fn datagram(protocol: u16) -> Self {
        Self::new(2, protocol)
    }

    /// Sets the index of the interface that it is bound to.
    #[must_use]
    pub fn interface(self, interface: u32) -> Self {
        Self { interface, ..self }
    }

    /// Marks it as not running.
    #[must_use]
    pub fn stopped(self) -> Self {
        Self { running: 0, ..self }
    }

    /// Sets the bytes that wait to be read.
    #[must_use]
    pub fn recv(self, recv: u32) -> Self {
        Self { recv, ..self }
    }

    /// Sets the uid.
    #[must_use]
    pub fn uid(self, uid: u32) -> Self {
        Self { uid, ..self }
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

    /// `%pK %-6d %-4d %04x   %-5d %1d %-6u %-6u %-6lu`
    pub(crate) fn line(&self) -> Vec<u8> {
        format!(
            "{:016x} {:<6} {:<4} {:04x}   {:<5} {:1} {:<6} {:<6} {:<6}",
            self.pointer,
            self.references,
            self.kind,
            self.protocol,
            self.interface,
            self.running,
            self.recv,
            self.uid,
            self.inode
        )
        .into_bytes()
    }
}
