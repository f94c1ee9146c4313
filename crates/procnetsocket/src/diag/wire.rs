//! Netlink messages and their headers.
//!
//! # Format
//!
//! A datagram contains messages, each padded to a multiple of 4 bytes. A message begins with a
//! header of 16 bytes (`struct nlmsghdr`, `include/uapi/linux/netlink.h`), in the byte order of
//! this machine:
//!
//! | bytes | field | meaning |
//! | --- | --- | --- |
//! | 0 | `nlmsg_len` | bytes of the message, header included |
//! | 4 | `nlmsg_type` | 20 a socket (18 of the older interface), 2 an error, 3 the end of a dump |
//! | 6 | `nlmsg_flags` | 2 more to come, 0x10 the table changed during the dump |
//! | 8 | `nlmsg_seq` | the number of the request |
//! | 12 | `nlmsg_pid` | the port id of the socket that asked |
//!
//! An error and the end of a dump contain a number of 32 bits: 0, or a negative errno. At the end
//! of a dump it reports that the kernel has no handler for the protocol, and may be missing on old
//! kernels.

use super::bytes::Prefix;

/// The size of a message's header.
pub(super) const HEADER: usize = 16;

/// Types of messages.
pub(super) const NLMSG_NOOP: u16 = 1;
pub(super) const NLMSG_ERROR: u16 = 2;
pub(super) const NLMSG_DONE: u16 = 3;
pub(super) const NLMSG_OVERRUN: u16 = 4;
pub(super) const TCPDIAG_GETSOCK: u16 = 18;
pub(super) const SOCK_DIAG_BY_FAMILY: u16 = 20;
pub(super) const SOCK_DESTROY: u16 = 21;

/// Flags of requests.
pub(super) const NLM_F_REQUEST: u16 = 1;
pub(super) const NLM_F_ACK: u16 = 4;
pub(super) const NLM_F_DUMP: u16 = 0x300;

/// The flag of a reply whose table changed during the dump.
pub(super) const NLM_F_DUMP_INTR: u16 = 0x10;

/// A netlink message in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// The type.
    #[doc(alias = "nlmsg_type")]
    pub kind: u16,
    /// Flags.
    #[doc(alias = "nlmsg_flags")]
    pub flags: u16,
    /// The number of the request that it answers.
    #[doc(alias = "nlmsg_seq")]
    pub sequence: u32,
    /// The bytes after the header.
    pub payload: &'a [u8],
}

impl Message<'_> {
    /// Appends the message to `out`, with another type.
    pub(super) fn write_as(&self, kind: u16, out: &mut Vec<u8>) {
        // OK because it is part of a datagram, whose lengths have 32 bits.
        let length = u32::try_from(HEADER + self.payload.len()).unwrap_or(u32::MAX);
        out.extend(length.to_ne_bytes());
        out.extend(kind.to_ne_bytes());
        out.extend(self.flags.to_ne_bytes());
        out.extend(self.sequence.to_ne_bytes());
        out.extend([0; 4]);
        out.extend_from_slice(self.payload);
        out.resize(out.len().next_multiple_of(4), 0);
    }

    /// Returns whether the kernel reports that the table changed during the dump.
    pub const fn is_interrupted(&self) -> bool {
        self.flags & NLM_F_DUMP_INTR != 0
    }

    /// Returns the errno in an error or in the end of a dump; `None` for success, and where there
    /// is none.
    pub fn errno(&self) -> Option<i32> {
        // The kernel sends negative numbers; a positive one is not a success either.
        let code = Prefix::new(self.payload).i32().unsigned_abs();
        (code != 0).then(|| i32::try_from(code).unwrap_or(i32::MAX))
    }
}

/// The messages in a datagram.
///
/// A length that is wrong ends them with an error: what follows cannot be found.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// Reads the messages of a datagram.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }

    /// Returns the bytes that were not read yet.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    fn take(&mut self) -> Option<Message<'a>> {
        let mut header = Prefix::new(self.rest.get(..HEADER)?);
        let length = usize::try_from(header.u32()).ok()?;
        let payload = self.rest.get(HEADER..length)?;
        let (kind, flags, sequence) = (header.u16(), header.u16(), header.u32());
        // OK because the length is at most that of a slice.
        let padded = length.next_multiple_of(4).min(self.rest.len());
        self.rest = self.rest.get(padded..).unwrap_or_default();
        Some(Message { kind, flags, sequence, payload })
    }
}

/// A datagram is not made of whole netlink messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole netlink message, but found {bytes} bytes that are none")]
pub struct FramingError {
    bytes: usize,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, FramingError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let bytes = self.rest.len();
        Some(self.take().ok_or_else(|| {
            self.rest = &[];
            FramingError { bytes }
        }))
    }
}
