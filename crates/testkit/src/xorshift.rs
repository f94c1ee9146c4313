//! Random numbers that are the same on every machine.

/// A xorshift generator (Marsaglia 2003, 64 bits), whose numbers are the same everywhere.
#[derive(Clone, Debug)]
pub struct Xorshift(u64);

impl Xorshift {
    /// Returns the generator for a seed, which can be any number.
    pub const fn new(seed: u64) -> Self {
        // Neighbouring seeds must not give similar streams, and the seed 0 would give only zeros.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// Returns the next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below `end`; 0 when `end` is 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        // Dropping the low bits hides their short period.
        match (self.bits() >> 11).checked_rem(end) {
            Some(number) => number,
            None => 0,
        }
    }

    /// Returns true once in `times`.
    pub const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Returns one of `choices`.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(u64::try_from(choices.len()).unwrap());
        choices.get(usize::try_from(index).unwrap()).expect("there is something to choose from")
    }
}
