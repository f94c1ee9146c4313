//! Numbers that are not written as JSON numbers, or in another unit.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A number of 64 bits as a string of hexadecimal digits.
#[derive(Clone, Copy)]
pub(in crate::model) struct Hex(pub(in crate::model) u64);

impl fmt::LowerHex for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:x}"))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = Cow::<str>::deserialize(deserializer)?;
        digits_of(&digits, 16).map(Self)
    }
}

/// Returns the number with these digits; a sign is not accepted.
fn digits_of<E: Error>(digits: &str, radix: u32) -> Result<u64, E> {
    let number = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'));
    number.ok_or_else(|| E::custom("expected the digits of a number of 64 bits"))
}

/// A number of 64 bits as a string of hexadecimal digits.
pub(in crate::model) mod hex {
    use super::{Deserialize, Deserializer, Hex, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(in crate::model) fn serialize<S: Serializer>(n: &u64, out: S) -> Result<S::Ok, S::Error> {
        Hex(*n).serialize(out)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<u64, D::Error> {
        Hex::deserialize(input).map(|Hex(number)| number)
    }
}

/// A number of 64 bits as a string of decimal digits.
pub(in crate::model) mod decimal {
    use super::{Cow, Deserialize, Deserializer, digits_of};

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<u64, D::Error> {
        digits_of(&Cow::<str>::deserialize(input)?, 10)
    }
}

/// A number of 64 bits as a string of decimal digits, or `null`.
pub(in crate::model) mod optional_decimal {
    use super::{Cow, Deserialize, Deserializer, Serialize, Serializer, digits_of};

    #[expect(clippy::ref_option, reason = "serde hands a reference")]
    pub(in crate::model) fn serialize<S: Serializer>(
        n: &Option<u64>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        n.map(|n| n.to_string()).serialize(out)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Option<u64>, D::Error> {
        let digits = Option::<Cow<'_, str>>::deserialize(input)?;
        digits.map(|digits| digits_of(&digits, 10)).transpose()
    }
}

/// A duration as whole milliseconds, which is the finest that the kernel counts here.
pub(in crate::model) mod milliseconds {
    use std::time::Duration;

    use super::{Deserialize, Deserializer, Serializer};

    pub(in crate::model) fn serialize<S: Serializer>(
        duration: &Duration,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(input).map(Duration::from_millis)
    }
}
