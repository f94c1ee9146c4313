//! The broker's side: answers one request after the other, until the shell ends.

use std::io::{self, Read, Write};

use super::{
    BrokerError, Service,
    frame::{HEADER_BYTES, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, decode, decode_header, encode},
};

/// Answers requests until the input ends, which is when the shell has ended.
///
/// # Errors
///
/// [`Protocol`](super::BrokerErrorKind::Protocol) for malformed requests, after which the rest of
/// the stream cannot be decoded, and [`Io`](super::BrokerErrorKind::Io).
pub fn serve<S: Service>(
    service: &S,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<(), BrokerError> {
    while let Some(header) = read_header(input)? {
        let header = decode_header(header, MAX_REQUEST_BYTES)?;
        let mut message = Vec::new();
        let length = u64::try_from(header.length).unwrap_or(u64::MAX);
        (&mut *input).take(length).read_to_end(&mut message)?;
        if message.len() < header.length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let answer = service.answer(decode(&message)?);
        let frame = encode(header.sequence, &answer, MAX_ANSWER_BYTES)
            .or_else(|_| encode(header.sequence, &S::too_long(), MAX_ANSWER_BYTES))?;
        output.write_all(&frame)?;
        output.flush()?;
    }
    Ok(())
}

/// Reads the header of a frame; returns `None` at the end of the input.
fn read_header(input: &mut dyn Read) -> io::Result<Option<[u8; HEADER_BYTES]>> {
    let mut header = [0; HEADER_BYTES];
    match input.read_exact(&mut header) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
