//! Rows of `net/unix`.

/// `__SO_ACCEPTCON`.
const LISTENING: u32 = 0x1_0000;

/// A row of `net/unix`.
#[derive(Clone, Debug)]
pub struct Unix {
    pointer: u64,
    references: u32,
    protocol: u32,
    flags: u32,
    kind: u16,
    state: u8,
    inode: u64,
    name: Option<Vec<u8>>,
}

impl Unix {
    /// Returns an unconnected socket without a name, with this `SOCK_*` number.
    pub fn new(kind: u16) -> Self {
        Self {
            pointer: 0xffff_9f3c_8b3e_0000,
            references: 2,
            protocol: 0,
            flags: 0,
            kind,
            state: 1,
            inode: 0,
            name: None,
        }
    }

    /// Returns a `SOCK_STREAM` socket.
    pub fn stream() -> Self {
        Self::new(1)
    }

    /// Returns a `SOCK_DGRAM` socket.
    pub fn datagram() -> Self {
        Self::new(2)
    }

    /// Returns a `SOCK_SEQPACKET` socket.
    pub fn seqpacket() -> Self {
        Self::new(5)
    }

    /// Marks it as a listener.
    #[must_use]
    pub fn listening(mut self) -> Self {
        self.flags |= LISTENING;
        self
    }

    /// Marks it as connected, `SS_CONNECTED`.
    #[must_use]
    pub fn connected(self) -> Self {
        self.state(3)
    }

    /// Sets the state, an `SS_*` number: 1 to 4 in a kernel.
    #[must_use]
    pub fn state(self, state: u8) -> Self {
        Self { state, ..self }
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

    /// Sets the path that it is bound to.
    #[must_use]
    pub fn path(self, path: impl AsRef<[u8]>) -> Self {
        Self { name: Some(path.as_ref().to_vec()), ..self }
    }

    /// Sets the abstract name that it is bound to, without the leading NUL. The kernel prints every
    /// NUL of an abstract name as `@`.
    #[must_use]
    pub fn abstract_name(self, name: impl AsRef<[u8]>) -> Self {
        let nul_to_at = |byte: &u8| if *byte == 0 { b'@' } else { *byte };
        let name = std::iter::once(b'@').chain(name.as_ref().iter().map(nul_to_at)).collect();
        Self { name: Some(name), ..self }
    }

    /// `%pK: %08X %08X %08X %04X %02X %5lu`, then a blank and the name if it has one.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = format!(
            "{:016x}: {:08X} {:08X} {:08X} {:04X} {:02X} {:5}",
            self.pointer,
            self.references,
            self.protocol,
            self.flags,
            self.kind,
            self.state,
            self.inode
        )
        .into_bytes();
        if let Some(name) = &self.name {
            line.push(b' ');
            line.extend_from_slice(name);
        }
        line
    }
}
