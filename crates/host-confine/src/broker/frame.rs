//! Frames: messages in a stream of bytes.
//!
//! ```text
//!  offset 0  version   1 byte, 1
//!         1  sequence  4 bytes, little-endian: the number of the request, repeated in its answer
//!         5  length    4 bytes, little-endian: of the message
//!         9  message   the type's postcard encoding
//! ```

use serde::{Serialize, de::DeserializeOwned};

use super::{BrokerError, error::Repr};

/// Largest answer: 128 MiB, enough for the processes of as many sockets as a scan keeps.
pub(super) const MAX_ANSWER_BYTES: usize = 128 << 20;

/// Largest request: 16 MiB, enough for the inodes of three million sockets.
pub(super) const MAX_REQUEST_BYTES: usize = 16 << 20;

const VERSION: u8 = 1;

/// Bytes of a frame before the message.
pub(super) const HEADER_BYTES: usize = 9;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) sequence: u32,
    /// The length of the message in bytes, within the bound.
    pub(super) length: usize,
}

/// Encodes a message of at most `limit` bytes as a frame.
pub(super) fn encode(
    sequence: u32,
    message: &impl Serialize,
    limit: usize,
) -> Result<Vec<u8>, BrokerError> {
    let message = postcard::to_allocvec(message).map_err(Repr::Unencodable)?;
    let too_long = |_| Repr::TooLong { limit, found: wide(message.len()) };
    let length = u32::try_from(message.len()).map_err(too_long)?;
    bounded(length, limit)?;
    let mut frame = Vec::with_capacity(HEADER_BYTES.saturating_add(message.len()));
    frame.push(VERSION);
    frame.extend_from_slice(&sequence.to_le_bytes());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&message);
    Ok(frame)
}

/// Decodes the header of a frame whose message has at most `limit` bytes.
pub(super) fn decode_header(
    bytes: [u8; HEADER_BYTES],
    limit: usize,
) -> Result<FrameHeader, BrokerError> {
    let [version, s0, s1, s2, s3, l0, l1, l2, l3] = bytes;
    if version != VERSION {
        return Err(Repr::Version { expected: VERSION, found: version }.into());
    }
    let length = bounded(u32::from_le_bytes([l0, l1, l2, l3]), limit)?;
    Ok(FrameHeader { sequence: u32::from_le_bytes([s0, s1, s2, s3]), length })
}

/// Decodes a message; bytes after it are an error.
pub(super) fn decode<T: DeserializeOwned>(message: &[u8]) -> Result<T, BrokerError> {
    match postcard::take_from_bytes(message) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(Repr::Malformed(postcard::Error::DeserializeBadEncoding).into()),
        Err(error) => Err(Repr::Malformed(error).into()),
    }
}

fn bounded(length: u32, limit: usize) -> Result<usize, BrokerError> {
    match usize::try_from(length) {
        Ok(bytes) if bytes <= limit => Ok(bytes),
        _ => Err(Repr::TooLong { limit, found: length.into() }.into()),
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde::{Serializer, ser::Error as _};

    use super::{super::BrokerErrorKind, *};

    #[test]
    fn frame_has_documented_layout() {
        let frame = encode(0x0403_0201, &(7_u8, "ab"), 4).unwrap();
        assert_eq!(frame, [1, 1, 2, 3, 4, 4, 0, 0, 0, 7, 2, b'a', b'b']);
        let (header, message) = frame.split_first_chunk().unwrap();
        let header = decode_header(*header, MAX_ANSWER_BYTES).unwrap();
        assert_eq!(header, FrameHeader { sequence: 0x0403_0201, length: 4 });
        assert_eq!(decode::<(u8, String)>(message).unwrap(), (7, "ab".to_owned()));
    }

    #[rstest]
    #[case::other_version([2, 0, 0, 0, 0, 0, 0, 0, 0], "expected a frame of version 1, but found version 2")]
    #[case::too_long([1, 0, 0, 0, 0, 1, 0, 0, 8], "expected a frame of at most 134217728 bytes, but found one of 134217729")]
    #[case::longest([1, 0, 0, 0, 0, 255, 255, 255, 255], "expected a frame of at most 134217728 bytes, but found one of 4294967295")]
    fn refuses_headers(#[case] bytes: [u8; HEADER_BYTES], #[case] message: &str) {
        assert_eq!(decode_header(bytes, MAX_ANSWER_BYTES).unwrap_err().to_string(), message);
    }

    #[test]
    fn messages_that_are_too_long_are_not_sent() {
        let error = encode(1, &(7_u8, "abc"), 4).unwrap_err();
        assert_eq!(error.to_string(), "expected a frame of at most 4 bytes, but found one of 5");
    }

    /// A message without an encoding.
    struct Unencodable;

    impl Serialize for Unencodable {
        fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no encoding"))
        }
    }

    #[test]
    fn message_that_cannot_be_encoded_is_not_sent() {
        let error = encode(1, &Unencodable, 4).unwrap_err();
        assert_eq!(error.to_string(), "cannot encode a message for the broker");
        assert_eq!(error.kind(), BrokerErrorKind::Protocol);
    }

    #[rstest]
    #[case::empty(&[])]
    #[case::short(&[2, b'a'])]
    #[case::not_text(&[1, 0xff])]
    #[case::more(&[1, b'a', 0])]
    #[case::long_length(&[0xff, 0xff, 0xff, 0xff, 0x0f, b'a'])]
    fn refuses_messages(#[case] bytes: &[u8]) {
        let error = decode::<String>(bytes).unwrap_err();
        assert_eq!(error.to_string(), "expected a message, but found other bytes");
    }
}
