//! The netlink socket: sends requests, and receives complete datagrams, from the kernel only, in
//! bounded time.

use std::{
    io, mem,
    sync::Arc,
    time::{Duration, Instant},
};

use cap_std::AmbientAuthority;
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    io::{Errno, FdFlags, fcntl_getfd},
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketFlags, SocketType, bind,
        getsockname,
        netlink::{SOCK_DIAG, SocketAddrNetlink},
        recvfrom, sendto, socket_with,
        sockopt::{
            Timeout, set_socket_recv_buffer_size, set_socket_timeout, socket_domain,
            socket_protocol,
        },
    },
};

use super::{
    error::DiagError,
    wire::{Messages, NLMSG_DONE, NLMSG_ERROR},
};
use crate::{
    error::{Error, ErrorKind},
    model::Table,
    visit::Interrupt,
};

/// The size of the buffer: 32 KiB. The kernel sends datagrams of up to 32 364 bytes, after it has
/// seen a large enough buffer.
const BUFFER_BYTES: usize = 32 << 10;

/// The longest wait for a datagram: 5 s. The kernel answers a dump at once, so this is ample.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Interval at which the interrupt is polled while receiving: 50 ms.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// Receive buffer for events: 1 MiB, as in iproute2. The kernel counts about 2 KiB for each event,
/// and allows at most `net.core.rmem_max`.
const EVENT_BYTES: usize = 1 << 20;

/// Datagrams that can wait in a socket: far more than its buffer has room for.
const MAX_WAITING: usize = 1 << 20;

/// The kernel's own address.
const KERNEL: SocketAddrNetlink = SocketAddrNetlink::new(0, 0);

/// A netlink socket to sock_diag, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub(super) struct Channel {
    socket: Arc<OwnedFd>,
    buffer: Box<[u8]>,
    request: Vec<u8>,
    sequence: u32,
    /// The request whose reply was not received completely.
    unfinished: Option<u32>,
}

impl Channel {
    /// Opens the socket.
    pub(super) fn open_ambient(_token: AmbientAuthority) -> Result<Self, DiagError> {
        Self::on(open().map_err(failed)?).map_err(failed)
    }

    /// Returns the channel of a socket, perhaps from another process, if it is one to sock_diag.
    pub(super) fn from_socket(socket: OwnedFd) -> Result<Self, DiagError> {
        if is_sock_diag(&socket) != Ok(true) {
            return Err(DiagError::Foreign);
        }
        Self::on(socket).map_err(failed)
    }

    fn on(socket: OwnedFd) -> Result<Self, Errno> {
        set_socket_timeout(&socket, Timeout::Recv, Some(TICK))?;
        let socket = Arc::new(socket);
        Ok(Self {
            socket,
            buffer: new_buffer(),
            request: Vec::new(),
            sequence: 0,
            unfinished: None,
        })
    }

    /// Enlarges the receive buffer, for events.
    pub(super) fn make_room(&self) {
        // OK because it is best effort: where the system allows less the buffer is smaller, and
        // lost events are reported.
        let _ = set_socket_recv_buffer_size(&self.socket, EVENT_BYTES);
    }

    /// Joins multicast groups, group 1 in bit 0, and leaves all others. Unread events of earlier
    /// groups are dropped.
    pub(super) fn join(&mut self, groups: u32) -> Result<(), DiagError> {
        self.set_groups(0)?;
        self.forget()?;
        if groups == 0 { Ok(()) } else { self.set_groups(groups) }
    }

    /// Binds to a free port id: that of the process, unless another socket has it.
    pub(super) fn take_port_id(&self) -> Result<(), DiagError> {
        self.set_groups(0)
    }

    #[expect(clippy::disallowed_methods, reason = "the only address that a sock_diag socket gets")]
    fn set_groups(&self, groups: u32) -> Result<(), DiagError> {
        let set = || {
            // Kernel: a socket that has a port id is bound to it again; 0 asks for one.
            let own = SocketAddrNetlink::try_from(getsockname(&self.socket)?)?;
            bind(&self.socket, &SocketAddrNetlink::new(own.pid(), groups))
        };
        set().map_err(|error| DiagError::Listen(error.into()))
    }

    /// Drops everything that waits to be received.
    fn forget(&mut self) -> Result<(), DiagError> {
        for _ in 0..MAX_WAITING {
            match recvfrom(&self.socket, &mut *self.buffer, RecvFlags::DONTWAIT) {
                // Lost datagrams are ignored, too.
                Ok(_) | Err(Errno::INTR | Errno::NOBUFS) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(DiagError::Receive(error.into())),
            }
        }
        Err(DiagError::Overrun)
    }

    /// Sends a request, which `encode` writes with the returned sequence number.
    ///
    /// The rest of an earlier reply is dropped first: the kernel runs one dump at a time per
    /// socket.
    pub(super) fn send(
        &mut self,
        table: Table,
        interrupt: &dyn Interrupt,
        encode: &dyn Fn(u32, &mut Vec<u8>),
    ) -> Result<u32, Error> {
        self.drain(table, interrupt)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.request.clear();
        encode(self.sequence, &mut self.request);
        loop {
            match sendto(&self.socket, &self.request, SendFlags::empty(), &KERNEL) {
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(error) => {
                    let source = io::Error::from(error);
                    return Err(DiagError::Send { table, source }.into());
                }
            }
        }
        self.unfinished = Some(self.sequence);
        Ok(self.sequence)
    }

    /// Has to be called at the end of a reply.
    pub(super) fn finish(&mut self) {
        self.unfinished = None;
    }

    fn drain(&mut self, table: Table, interrupt: &dyn Interrupt) -> Result<(), Error> {
        while let Some(sequence) = self.unfinished {
            let datagram = match self.receive(table, PATIENCE, interrupt) {
                Ok(datagram) => datagram,
                // The rest is shorter by this datagram.
                Err(error) if error.kind() == ErrorKind::Truncated => continue,
                Err(error) => return Err(error),
            };
            if has_end(datagram, sequence) {
                self.finish();
            }
        }
        Ok(())
    }

    /// Receives a datagram from the kernel.
    ///
    /// Security: a datagram from another sender is dropped. Only a privileged process could send
    /// one, but its content would look like the kernel's.
    pub(super) fn receive(
        &mut self,
        table: Table,
        patience: Duration,
        interrupt: &dyn Interrupt,
    ) -> Result<&[u8], Error> {
        let begin = Instant::now();
        let length = loop {
            if interrupt.is_interrupted() {
                return Err(DiagError::Interrupted(table).into());
            }
            match recvfrom(&self.socket, &mut *self.buffer, RecvFlags::TRUNC) {
                Ok((_, length, sender)) if is_kernel(sender.as_ref()) => break length,
                Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
                Err(Errno::NOBUFS) => return Err(DiagError::Overrun.into()),
                Err(error) => return Err(DiagError::Receive(error.into()).into()),
            }
            if begin.elapsed() >= patience {
                return Err(DiagError::Silent(patience).into());
            }
        };
        let limit = self.buffer.len();
        let whole = self.buffer.get(..length);
        whole.ok_or_else(|| DiagError::Truncated { limit, found: length }.into())
    }
}

impl Channel {
    /// Returns the socket, for other requests to the kernel in its namespace.
    pub(super) fn socket(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.socket)
    }

    /// Takes the buffer with the last received datagram out of the channel, which receives the next
    /// one into `spare`, a buffer that was taken before, or into a new one.
    pub(super) fn take_buffer(&mut self, spare: Option<Box<[u8]>>) -> Box<[u8]> {
        let spare = spare.filter(|spare| spare.len() == BUFFER_BYTES);
        mem::replace(&mut self.buffer, spare.unwrap_or_else(new_buffer))
    }

    /// Returns the last received datagram, which has that length.
    #[inline]
    pub(super) fn datagram(&self, length: usize) -> &[u8] {
        self.buffer.get(..length).unwrap_or_default()
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn new_buffer() -> Box<[u8]> {
    vec![0; BUFFER_BYTES].into()
}

/// Returns whether the reply to the request of that sequence number ends in a datagram.
pub(super) fn has_end(datagram: &[u8], sequence: u32) -> bool {
    Messages::new(datagram).map_while(Result::ok).any(|message| {
        message.sequence == sequence && matches!(message.kind, NLMSG_DONE | NLMSG_ERROR)
    })
}

/// Opens a socket to sock_diag, of the network namespace of this thread.
pub(crate) fn open_socket(_token: AmbientAuthority) -> Result<OwnedFd, DiagError> {
    open().map_err(failed)
}

#[expect(clippy::disallowed_methods, reason = "the only opening of a sock_diag socket")]
fn open() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC;
    socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(SOCK_DIAG))
}

fn failed(error: Errno) -> DiagError {
    DiagError::Open(error.into())
}

/// Returns whether a descriptor is a socket to sock_diag that is closed on exec.
fn is_sock_diag(socket: &OwnedFd) -> Result<bool, Errno> {
    Ok(socket_domain(socket)? == AddressFamily::NETLINK
        && socket_protocol(socket)? == Some(SOCK_DIAG)
        && fcntl_getfd(socket)?.contains(FdFlags::CLOEXEC))
}

fn is_kernel(sender: Option<&SocketAddrAny>) -> bool {
    let sender = sender.and_then(|sender| SocketAddrNetlink::try_from(sender.clone()).ok());
    sender.is_some_and(|sender| sender.pid() == KERNEL.pid())
}
