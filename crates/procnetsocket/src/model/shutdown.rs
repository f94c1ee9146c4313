//! Directions in which a socket is shut down.

/// The directions that are shut down (`shutdown(2)`, or the end of the remote side).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Shutdown(u8);

impl Shutdown {
    /// Both directions are open.
    pub const NONE: Self = Self(0);
    /// Nothing can be received any more.
    #[doc(alias = "RCV_SHUTDOWN")]
    pub const RECEIVE: Self = Self(1);
    /// Nothing can be sent any more.
    #[doc(alias = "SEND_SHUTDOWN")]
    pub const SEND: Self = Self(2);
    /// Nothing passes in either direction.
    #[doc(alias = "SHUTDOWN_MASK")]
    pub const BOTH: Self = Self(3);

    /// Returns the set of the kernel's bits; unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::BOTH.0)
    }

    /// Returns the kernel's bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns whether every direction of `other` is shut down.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            0 => "NONE",
            1 => "RECEIVE",
            2 => "SEND",
            _ => "BOTH",
        })
    }
}
