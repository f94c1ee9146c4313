//! Numbers that identify sockets.

use std::{fmt, num::NonZeroU64};

#[cfg(feature = "serde")]
use super::form;

/// The inode of a socket in the kernel's `sockfs`, which the links of descriptors contain.
///
/// Zero in a kernel table means that there is no inode (TIME-WAIT and SYN-RECV sockets belong to no
/// process). It is not an `Inode`: the field is an `Option<Inode>`. The kernel reuses numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Inode(NonZeroU64);

impl Inode {
    /// Returns the inode of that number, or `None` for zero.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Inode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address of a kernel object in a text table (`%pK`): a hashed value for most readers, zero
/// for some, and never usable as an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "form::Hex", into = "form::Hex"))]
pub struct KernelPointer(pub u64);

/// The number that the kernel gives a socket when it is first listed, and to no other socket until
/// the next boot (`sock_gen_cookie`).
///
/// Unlike an [`Inode`] it is not reused, and sockets without an inode have one, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "form::Hex", into = "form::Hex"))]
pub struct Cookie(u64);

impl Cookie {
    /// Returns the cookie of that number, or `None` for all ones, which means no cookie.
    #[doc(alias = "INET_DIAG_NOCOOKIE")]
    pub const fn new(number: u64) -> Option<Self> {
        if number == u64::MAX { None } else { Some(Self(number)) }
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

#[cfg(feature = "serde")]
impl From<form::Hex> for KernelPointer {
    fn from(form::Hex(number): form::Hex) -> Self {
        Self(number)
    }
}

#[cfg(feature = "serde")]
impl From<KernelPointer> for form::Hex {
    fn from(pointer: KernelPointer) -> Self {
        Self(pointer.0)
    }
}

#[cfg(feature = "serde")]
impl TryFrom<form::Hex> for Cookie {
    type Error = &'static str;

    fn try_from(form::Hex(number): form::Hex) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("expected a cookie, but found the number for none")
    }
}

#[cfg(feature = "serde")]
impl From<Cookie> for form::Hex {
    fn from(cookie: Cookie) -> Self {
        Self(cookie.get())
    }
}
