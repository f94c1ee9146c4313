//! Bytes as a string of hexadecimal digits, two for each.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Bytes to write.
pub(super) struct HexBytes<'a>(pub(super) &'a [u8]);

impl fmt::Display for HexBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for HexBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bytes that were read.
pub(super) struct ReadBytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for ReadBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = Cow::<str>::deserialize(deserializer)?;
        bytes_of(&digits)
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected two hexadecimal digits for each byte"))
    }
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let nibble = |digit: u8| u8::try_from(char::from(digit).to_digit(16)?).ok();
    pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

/// A link layer address with its trailing zeros.
pub(in crate::model) mod link_address {
    use super::{Deserialize, Deserializer, Error, HexBytes, ReadBytes, Serialize, Serializer};

    pub(in crate::model) fn serialize<S: Serializer>(
        address: &[u8; 32],
        out: S,
    ) -> Result<S::Ok, S::Error> {
        HexBytes(address).serialize(out)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<[u8; 32], D::Error> {
        let ReadBytes(bytes) = ReadBytes::deserialize(input)?;
        bytes.try_into().map_err(|_| D::Error::custom("expected 32 bytes"))
    }
}
