//! Checked reading of the kernel's structures and attributes.
//!
//! # Format
//!
//! Numbers are in the byte order of this machine; where one is in network order, the function says
//! so. An attribute is a header of 4 bytes, its length with the header and its type, each 16 bits,
//! and a value; it is padded to a multiple of 4 bytes (`include/uapi/linux/netlink.h`, `struct
//! nlattr`).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::uapi::{AF_INET, AF_INET6};
use crate::model::{Cookie, SocketMemory};

/// The size of an attribute's header.
const HEADER: usize = 4;

/// Bits of an attribute's type that are flags: nested, and network byte order.
#[doc(alias = "NLA_TYPE_MASK")]
const TYPE_MASK: u16 = 0x3fff;

/// Bytes of `struct sockaddr_storage`.
pub(super) const STORAGE: usize = 128;

/// Bytes of `SK_MEMINFO` on the first kernel that had it: 7 numbers.
const FIRST_MEMINFO: usize = 28;

/// A problem of a message, and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, but found {found}")]
pub struct Fault {
    offset: usize,
    expected: &'static str,
    found: FoundAttribute,
}

/// What a message contained instead of what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FoundAttribute {
    Bytes(usize),
    Number(u64),
}

impl fmt::Display for FoundAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl Fault {
    /// Returns the fault of too few or too many bytes.
    pub(super) fn length(offset: usize, expected: &'static str, found: &[u8]) -> Self {
        Self { offset, expected, found: FoundAttribute::Bytes(found.len()) }
    }

    /// Returns the fault of an unknown number.
    pub(super) fn number(offset: usize, expected: &'static str, found: impl Into<u64>) -> Self {
        Self { offset, expected, found: FoundAttribute::Number(found.into()) }
    }

    /// Returns the position: a byte of the message, counted from 1.
    pub fn column(&self) -> u64 {
        // OK because no machine has more than 64 bits of address space.
        u64::try_from(self.offset).map_or(u64::MAX, |offset| offset.saturating_add(1))
    }
}

/// Reads a structure whose end may be missing, because older kernels have fewer of its fields:
/// missing fields read as zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix<'a>(&'a [u8]);

impl<'a> Prefix<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Takes `N` bytes; an incomplete field reads as zeros.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk::<N>().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *field
    }

    #[inline]
    pub(super) fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    #[inline]
    pub(super) fn u16(&mut self) -> u16 {
        u16::from_ne_bytes(self.array())
    }

    #[inline]
    pub(super) fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.array())
    }

    #[inline]
    pub(super) fn i32(&mut self) -> i32 {
        i32::from_ne_bytes(self.array())
    }

    #[inline]
    pub(super) fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.array())
    }

    /// Takes a number of 16 bits in network order.
    #[inline]
    pub(super) fn be16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    /// Takes a cookie: two words, the lower one first, each in the byte order of this machine.
    #[inline]
    pub(super) fn cookie(&mut self) -> Option<Cookie> {
        let low = u64::from(self.u32());
        Cookie::new(u64::from(self.u32()) << 32 | low)
    }

    /// Takes an address of 16 bytes of which IPv4 uses the first 4; `None` for another family.
    #[inline]
    pub(super) fn address(&mut self, family: u8) -> Option<IpAddr> {
        let bytes: [u8; 16] = self.array();
        let [a, b, c, d, ..] = bytes;
        match family {
            AF_INET => Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d))),
            AF_INET6 => Some(IpAddr::V6(Ipv6Addr::from(bytes))),
            _ => None,
        }
    }

    /// Takes a `struct sockaddr_storage` of an attribute; one of family 0, or one that is missing,
    /// is no address.
    pub(super) fn storage(
        &mut self,
        attribute: &Attribute<'_>,
    ) -> Result<Option<SocketAddr>, Fault> {
        let storage: [u8; STORAGE] = self.array();
        let mut inner = Prefix::new(&storage);
        let family = inner.u16();
        let port = inner.be16();
        let ip = match u8::try_from(family) {
            Ok(0) => return Ok(None),
            Ok(AF_INET) => IpAddr::from(inner.array::<4>()),
            Ok(AF_INET6) => {
                let _flow = inner.u32();
                IpAddr::from(inner.array::<16>())
            }
            _ => return Err(Fault::number(attribute.offset, "an address of IPv4 or IPv6", family)),
        };
        Ok(Some(SocketAddr::new(ip, port)))
    }
}

/// An attribute, or a structure before the attributes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'a> {
    /// The type, without flags.
    pub(super) kind: u16,
    /// The value, without padding.
    pub(super) value: &'a [u8],
    /// Offset of the attribute in the message.
    pub(super) offset: usize,
}

impl<'a> Attribute<'a> {
    /// Returns the value of an attribute that has exactly this size, or is longer on newer kernels.
    #[inline]
    pub(super) fn exact<const N: usize>(&self, expected: &'static str) -> Result<[u8; N], Fault> {
        let found = self.value.first_chunk::<N>();
        found.copied().ok_or_else(|| Fault::length(self.offset, expected, self.value))
    }

    pub(super) fn u8(&self, expected: &'static str) -> Result<u8, Fault> {
        let [byte] = self.exact(expected)?;
        Ok(byte)
    }

    pub(super) fn u16(&self, expected: &'static str) -> Result<u16, Fault> {
        self.exact(expected).map(u16::from_ne_bytes)
    }

    pub(super) fn u32(&self, expected: &'static str) -> Result<u32, Fault> {
        self.exact(expected).map(u32::from_ne_bytes)
    }

    pub(super) fn u64(&self, expected: &'static str) -> Result<u64, Fault> {
        self.exact(expected).map(u64::from_ne_bytes)
    }

    /// Returns a reader of a structure that has at least `least` bytes on every kernel.
    pub(super) fn prefix(&self, least: usize, expected: &'static str) -> Result<Prefix<'a>, Fault> {
        if self.value.len() < least {
            return Err(self.fault(expected));
        }
        Ok(Prefix::new(self.value))
    }

    /// Reads `SK_MEMINFO` (`sock_diag_put_meminfo`).
    pub(super) fn memory(&self) -> Result<SocketMemory, Fault> {
        let mut fields = self.prefix(FIRST_MEMINFO, "memory of 7 numbers (SK_MEMINFO)")?;
        let numbers = self.value.len() / size_of::<u32>();
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

    /// Returns readers of the structures of one size that follow each other in the value.
    pub(super) fn records(
        &self,
        size: usize,
        expected: &'static str,
    ) -> Result<impl Iterator<Item = Prefix<'a>> + use<'a>, Fault> {
        let records = self.value.chunks_exact(size);
        if !records.remainder().is_empty() {
            return Err(self.fault(expected));
        }
        Ok(records.map(Prefix::new))
    }

    /// Returns the attributes within this one.
    pub(super) fn nested(&self) -> Attributes<'a> {
        // OK because the offset is in a message, which is far shorter than memory.
        Attributes::new(self.value, self.offset.saturating_add(HEADER))
    }

    pub(super) fn fault(&self, expected: &'static str) -> Fault {
        Fault::length(self.offset, expected, self.value)
    }
}

/// The attributes in the rest of a message. Iteration ends after a fault.
#[derive(Clone, Debug)]
pub(super) struct Attributes<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Attributes<'a> {
    /// Reads attributes that start at this byte of the message.
    pub(super) fn new(rest: &'a [u8], offset: usize) -> Self {
        Self { rest, offset }
    }

    #[inline]
    fn take(&mut self) -> Result<Attribute<'a>, Fault> {
        let (rest, offset) = (self.rest, self.offset);
        let fault = |expected| Fault::length(offset, expected, rest);
        let (header, _) = rest
            .split_first_chunk::<HEADER>()
            .ok_or_else(|| fault("the header of an attribute"))?;
        let &[a, b, c, d] = header;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let whole = rest.get(..length).ok_or_else(|| fault("a whole attribute"))?;
        let value = whole.get(HEADER..).ok_or_else(|| fault("an attribute of 4 bytes or more"))?;
        // The padding of the last attribute may be missing.
        let padded = length.next_multiple_of(HEADER).min(rest.len());
        self.rest = rest.get(padded..).unwrap_or_default();
        self.offset = offset.saturating_add(padded);
        Ok(Attribute { kind: u16::from_ne_bytes([c, d]) & TYPE_MASK, value, offset })
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, Fault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let taken = self.take();
        if taken.is_err() {
            self.rest = &[];
        }
        Some(taken)
    }
}

/// Splits a message into the structure at its beginning and the attributes after it.
#[inline]
pub(super) fn split<'a, const N: usize>(
    message: &'a [u8],
    expected: &'static str,
) -> Result<(Prefix<'a>, Attributes<'a>), Fault> {
    let (header, rest) =
        message.split_at_checked(N).ok_or_else(|| Fault::length(0, expected, message))?;
    Ok((Prefix::new(header), Attributes::new(rest, N)))
}
