//! Address families.

use std::fmt;

/// The address families that `ss` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum AddressFamily {
    /// `AF_UNIX`.
    Unix,
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`.
    Inet6,
    /// `AF_PACKET`.
    Packet,
    /// `AF_NETLINK`.
    Netlink,
    /// `AF_TIPC`.
    Tipc,
    /// `AF_VSOCK`.
    Vsock,
    /// `AF_XDP`.
    Xdp,
}

impl AddressFamily {
    /// Every family.
    pub const ALL: [Self; 8] = [
        Self::Unix,
        Self::Inet,
        Self::Inet6,
        Self::Packet,
        Self::Netlink,
        Self::Tipc,
        Self::Vsock,
        Self::Xdp,
    ];

    const fn bit(self) -> u8 {
        match self {
            Self::Unix => 1,
            Self::Inet => 1 << 1,
            Self::Inet6 => 1 << 2,
            Self::Packet => 1 << 3,
            Self::Netlink => 1 << 4,
            Self::Tipc => 1 << 5,
            Self::Vsock => 1 << 6,
            Self::Xdp => 1 << 7,
        }
    }
}

/// A set of address families.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FamilySet(u8);

impl FamilySet {
    /// Every family.
    pub const ALL: Self = Self(u8::MAX);
    /// No family.
    pub const EMPTY: Self = Self(0);

    /// Returns the set that holds one family.
    pub const fn of(family: AddressFamily) -> Self {
        Self(family.bit())
    }

    /// Returns the set of what is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the set of what is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns whether a family is in both.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns whether `family` is in the set.
    pub const fn contains(self, family: AddressFamily) -> bool {
        self.0 & family.bit() != 0
    }

    /// Returns whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the families of the set.
    pub fn iter(self) -> impl Iterator<Item = AddressFamily> {
        AddressFamily::ALL.into_iter().filter(move |family| self.contains(*family))
    }
}

impl fmt::Debug for FamilySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
