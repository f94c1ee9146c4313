//! The operations of every set of the kernel's bits.

/// Gives a set of bits conversions from and to the kernel's number.
macro_rules! kernel_bits {
    ($set:ident, $number:ty) => {
        impl $set {
            /// Returns the set of the kernel's bits.
            pub const fn from_bits(bits: $number) -> Self {
                Self(bits)
            }

            /// Returns the kernel's bits.
            pub const fn bits(self) -> $number {
                self.0
            }

            /// Returns whether all of `other` is in the set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }
        }
    };
}

/// Gives a set of bits the operations of a set; for the crates of this workspace.
#[doc(hidden)]
#[macro_export]
macro_rules! bit_set {
    ($set:ident, $empty:ident) => {
        impl $set {
            /// The empty set.
            pub const $empty: Self = Self(0);

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

            /// Returns the set without what is in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Returns whether something is in both.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Returns whether nothing is in the set.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Returns the number of members.
            pub const fn len(self) -> u32 {
                self.0.count_ones()
            }
        }
    };
}
