//! Passes one descriptor at a time from a broker to the shell.
//!
//! ```text
//!  broker ── ticket, 8 bytes, little-endian; SCM_RIGHTS with one descriptor ──► shell
//! ```
//!
//! The shell chooses a larger ticket for each request, and the broker sends the descriptor before
//! the answer. So when an answer arrives, its descriptor is there, and a descriptor with a smaller
//! ticket belongs to a request that was given up.
//!
//! Security: the broker receives no descriptors. It reads its requests by `read`, for which the
//! kernel closes attached descriptors, and its filter allows no other call that receives.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    cmsg_space,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};

use super::{BrokerError, error::Repr};

/// Descriptors that are received in one message. More than one is an error.
const ROOM: usize = 4;

/// Sends a descriptor, without waiting for room.
pub(super) fn send(
    socket: impl AsFd,
    ticket: u64,
    descriptor: BorrowedFd<'_>,
) -> Result<(), BrokerError> {
    let ticket = ticket.to_le_bytes();
    let descriptors = [descriptor];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    rights.push(SendAncillaryMessage::ScmRights(&descriptors));
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent =
        sendmsg(socket, &[IoSlice::new(&ticket)], &mut rights, flags).map_err(io::Error::from)?;
    if sent == ticket.len() {
        Ok(())
    } else {
        Err(io::Error::from(io::ErrorKind::WriteZero).into())
    }
}

/// Receives the descriptor of a ticket, without waiting for it.
pub(super) fn receive(socket: impl AsFd, ticket: u64) -> Result<OwnedFd, BrokerError> {
    loop {
        let (found, descriptor) = receive_any(socket.as_fd())?;
        if found == ticket {
            return Ok(descriptor);
        }
        if found > ticket {
            return Err(Repr::Sequence.into());
        }
    }
}

fn receive_any(socket: BorrowedFd<'_>) -> Result<(u64, OwnedFd), BrokerError> {
    let mut ticket = [0; 8];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(ROOM))];
    let mut rights = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut ticket)], &mut rights, flags);
    let received = received.map_err(io::Error::from).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Repr::Descriptors(0).into(),
        _ => BrokerError::from(error),
    })?;
    // All of them are received, so that rejected ones are closed.
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in rights.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    if received.bytes != ticket.len() || received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(Repr::Descriptors(descriptors.len()).into());
    }
    let count = descriptors.len();
    match (descriptors.pop(), count) {
        (Some(descriptor), 1) => Ok((u64::from_le_bytes(ticket), descriptor)),
        _ => Err(Repr::Descriptors(count).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use rstest::rstest;
    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;
    use crate::broker::BrokerErrorKind;

    #[expect(clippy::disallowed_methods, reason = "both ends are the test's")]
    fn pair() -> (UnixStream, UnixStream) {
        UnixStream::pair().unwrap()
    }

    /// Sends `count` descriptors with these bytes.
    fn send_any(socket: &UnixStream, bytes: &[u8], count: usize) {
        let (pipe, _) = io::pipe().unwrap();
        let descriptors = vec![pipe.as_fd(); count];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(8))];
        let mut rights = SendAncillaryBuffer::new(&mut space);
        if count > 0 {
            assert!(rights.push(SendAncillaryMessage::ScmRights(&descriptors)));
        }
        sendmsg(socket, &[IoSlice::new(bytes)], &mut rights, SendFlags::empty()).unwrap();
    }

    #[test]
    fn descriptor_comes_with_its_ticket_and_is_closed_on_exec() {
        let (broker, shell) = pair();
        let (mut reader, writer) = io::pipe().unwrap();
        // Of a request that was given up.
        send_any(&broker, &6_u64.to_le_bytes(), 1);
        send(&broker, 7, writer.as_fd()).unwrap();
        drop(writer);
        let received = receive(&shell, 7).unwrap();
        assert!(fcntl_getfd(&received).unwrap().contains(FdFlags::CLOEXEC));
        io::Write::write_all(&mut std::fs::File::from(received), b"x").unwrap();
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
        assert_eq!(bytes, b"x");
    }

    #[rstest]
    #[case::none(&7_u64.to_le_bytes(), 0, "expected one descriptor with the answer, but found 0")]
    #[case::two(&7_u64.to_le_bytes(), 2, "expected one descriptor with the answer, but found 2")]
    #[case::more_than_are_counted(
        &7_u64.to_le_bytes(),
        8,
        "expected one descriptor with the answer, but found "
    )]
    #[case::short_ticket(&[7, 0, 0], 1, "expected one descriptor with the answer, but found 1")]
    #[case::later_ticket(
        &8_u64.to_le_bytes(),
        1,
        "expected the answer to the last request, but found another one"
    )]
    fn anything_but_the_descriptor_of_the_ticket_is_refused(
        #[case] bytes: &[u8],
        #[case] count: usize,
        #[case] message: &str,
    ) {
        let (broker, shell) = pair();
        send_any(&broker, bytes, count);
        let error = receive(&shell, 7).unwrap_err();
        assert_eq!(error.kind(), BrokerErrorKind::Protocol);
        assert!(error.to_string().starts_with(message), "{error}");
    }

    #[test]
    fn missing_descriptor_is_not_waited_for() {
        let (broker, shell) = pair();
        assert_eq!(receive(&shell, 1).unwrap_err().kind(), BrokerErrorKind::Protocol);
        drop(broker);
        assert_eq!(receive(&shell, 1).unwrap_err().kind(), BrokerErrorKind::Protocol);
    }
}
