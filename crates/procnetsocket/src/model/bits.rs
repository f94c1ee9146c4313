//! What every set of the kernel's bits can do.

/// Gives a set of bits its way from and to the kernel's number.
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
