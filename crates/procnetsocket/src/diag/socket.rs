//! The handle that sends requests to sock_diag.

use std::{
    io::Write,
    os::fd::{AsFd as _, OwnedFd},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError},
    time::{Duration, Instant},
};

use cap_std::AmbientAuthority;
use rustix::fs::fstat;

use super::{
    both::Walk,
    channel::{Channel, PATIENCE},
    dump::{Dump, DumpProgress},
    error::DiagError,
    request::Request,
};
use crate::{
    error::Error,
    limits::Limits,
    model::{Inode, Socket, Table},
    table_query::Bounds,
    visit::{Interrupt, ReadReport, RowSource, Step, Visitor},
};

/// How often a dump is repeated because the table changed during it: 3 times.
const RETRIES: u32 = 3;

/// Netlink sockets of one [`DiagSocket`]: 6. This is the number of concurrent requests: of threads
/// that receive [ahead](super::ahead), of a visitor that makes requests itself, and of commands in
/// a pipeline.
const CHANNELS: usize = 6;

/// The interval at which the interrupt is polled while all netlink sockets are in use: 10 ms.
const POLL: Duration = Duration::from_millis(10);

/// A handle to the kernel's sock_diag (`sock_diag(7)`).
///
/// It belongs to the network namespace of the thread that opened it, and shows the sockets of that
/// namespace. Threads may share it, and a visitor may make requests itself: it has six netlink
/// sockets, each for one request at a time. One made [from a socket](Self::from_socket) has only
/// that. Further requests wait for a free one.
///
/// # Sandbox bypass
///
/// It gives access to the sockets of the system, bypassing every sandbox.
///
/// # Trust
///
/// Only datagrams from the kernel are accepted. Every length in them is checked, as are the request
/// that they answer and the errors that they contain.
#[derive(Debug)]
pub struct DiagSocket {
    /// Each is locked while a request is answered.
    channels: Vec<Mutex<Channel>>,
    /// The inodes of all channels except the first.
    further: Vec<Inode>,
    /// Locked while the channels are tried, so that no channel becomes free unnoticed.
    looking: Mutex<()>,
    /// Notified when a channel becomes free.
    freed: Condvar,
}

impl DiagSocket {
    /// Opens the netlink sockets.
    ///
    /// # Ambient Authority
    ///
    /// The token is for opening netlink sockets: the handle gives access to the sockets of the
    /// system. Destroying sockets and receiving events need separate rights.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) without sock_diag,
    /// [`Denied`](crate::ErrorKind::Denied), [`Io`](crate::ErrorKind::Io).
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        let open = |_| Channel::open_ambient(token);
        let channels: Vec<_> = (0..CHANNELS).map(open).collect::<Result<_, _>>()?;
        // Compat: the `ss` of iproute2 has one socket, which is listed with its process id as port
        // id.
        if let Some(first) = channels.first() {
            first.take_port_id()?;
        }
        Ok(Self::with_channels(channels))
    }

    /// Uses a netlink socket that was opened in another network namespace, perhaps by another
    /// process. It serves one request at a time.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is not a sock_diag socket, or is
    /// not closed on exec.
    pub fn from_socket(socket: OwnedFd) -> Result<Self, Error> {
        Ok(Self::with_channels(vec![Channel::from_socket(socket)?]))
    }

    fn with_channels(channels: Vec<Channel>) -> Self {
        let inode = |channel: &Channel| Inode::new(fstat(channel.as_fd()).ok()?.st_ino);
        let further = channels.iter().skip(1).filter_map(inode).collect();
        let channels = channels.into_iter().map(Mutex::new).collect();
        Self { channels, further, looking: Mutex::new(()), freed: Condvar::new() }
    }

    /// Returns the inodes of all netlink sockets except the first.
    ///
    /// A program with one socket, such as the `ss` of iproute2, sees it in a listing of netlink
    /// sockets. A listing that has to look the same leaves the others out.
    pub fn further_sockets(&self) -> &[Inode] {
        &self.further
    }

    /// Returns one of the netlink sockets, for other requests to the kernel in its namespace.
    pub(crate) fn any_socket(&self) -> Option<Arc<OwnedFd>> {
        let channel = self.channels.first()?.lock();
        Some(channel.unwrap_or_else(PoisonError::into_inner).socket())
    }

    /// Passes each requested socket to a visitor, as the kernel reports it.
    ///
    /// Nothing is kept, and no memory is allocated for a row of an internet socket. If no socket
    /// can be in the wanted states, no request is sent.
    ///
    /// # Errors
    ///
    /// [`NoHandler`](crate::ErrorKind::NoHandler) when the kernel has no handler for the table,
    /// [`NotFound`](crate::ErrorKind::NotFound) when the one requested socket does not exist, and
    /// every other [`ErrorKind`](crate::ErrorKind) except those of `/proc`.
    /// [`Timeout`](crate::ErrorKind::Timeout) also when no netlink socket becomes free: each
    /// visitor that makes requests itself uses one of six. Rows before an error were passed on.
    pub fn visit<'a>(
        &self,
        request: &Request,
        bounds: impl Into<Bounds<'a>>,
        mut visitor: impl Visitor,
    ) -> Result<ReadReport, Error> {
        let bounds = bounds.into();
        let mut retries = 0;
        loop {
            let Some(mut rows) = self.rows(request, bounds)? else {
                return Ok(ReadReport::of_diag());
            };
            let report = rows.push(&mut visitor)?;
            if is_final(&report, retries) || !visitor.restart() {
                return Ok(report);
            }
            retries += 1;
        }
    }

    /// Requests sockets; returns `None` if none can be in the wanted states.
    pub(crate) fn rows<'a>(
        &'a self,
        request: &Request,
        bounds: Bounds<'a>,
    ) -> Result<Option<DiagRows<'a>>, Error> {
        if request.is_void() {
            return Ok(None);
        }
        let table = request.table();
        let mut lease = self.lease(table, bounds.interrupt)?;
        let encode = |sequence, out: &mut Vec<u8>| request.encode(sequence, out);
        let sequence = lease.channel.send(table, bounds.interrupt, &encode)?;
        let mut dump = Dump::new(request, bounds);
        dump.begin(sequence);
        Ok(Some(DiagRows { lease, table, interrupt: bounds.interrupt, dump, datagram: None }))
    }

    /// Requests sockets, and passes them to a visitor as the next part of a reading.
    pub(super) fn answer(
        &self,
        walk: &Walk,
        dump: &mut Dump<'_>,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Error> {
        let (table, interrupt) = (dump.table(), dump.interrupt());
        let mut lease = self.lease(table, interrupt)?;
        let encode = |sequence, out: &mut Vec<u8>| walk.encode(sequence, out);
        dump.begin(lease.channel.send(table, interrupt, &encode)?);
        while !dump.is_over() && !dump.report().stopped {
            dump.push(lease.channel.receive(table, PATIENCE, interrupt)?, visitor)?;
        }
        if dump.is_over() {
            lease.channel.finish();
        }
        Ok(())
    }

    /// Copies the replies to a request, datagram by datagram, and returns the number of their
    /// bytes. This is for debugging.
    ///
    /// # Errors
    ///
    /// As [`DiagSocket::visit`]; [`Io`](crate::ErrorKind::Io) when the writer fails.
    pub fn copy_replies(
        &self,
        request: &Request,
        interrupt: &dyn Interrupt,
        writer: &mut dyn Write,
    ) -> Result<u64, Error> {
        let bounds = Bounds { limits: Limits::streaming(), interrupt };
        let Some(mut rows) = self.rows(request, bounds)? else { return Ok(0) };
        let mut bytes = 0;
        loop {
            let datagram = rows.receive()?;
            writer.write_all(datagram).map_err(DiagError::Copy)?;
            // OK because no stream has more than 2^64 bytes.
            bytes += u64::try_from(datagram.len()).unwrap_or_default();
            loop {
                match rows.step()? {
                    DumpProgress::Row | DumpProgress::Malformed(_) => {}
                    DumpProgress::NextDatagram => break,
                    DumpProgress::Done => return Ok(bytes),
                }
            }
        }
    }

    /// Waits until a netlink socket is free.
    ///
    /// It has a timeout, because a visitor that makes requests itself may use all of them.
    pub(super) fn lease(
        &self,
        table: Table,
        interrupt: &dyn Interrupt,
    ) -> Result<ChannelLease<'_>, Error> {
        let begin = Instant::now();
        let mut looking = self.look();
        loop {
            if let Some(channel) = self.channels.iter().find_map(take) {
                return Ok(ChannelLease { channel, _notice: FreedNotice(self) });
            }
            let waited = self.freed.wait_timeout(looking, POLL);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            // OK because the lock is not held here: an interrupt may request sockets itself.
            if interrupt.is_interrupted() {
                return Err(DiagError::Interrupted(table).into());
            }
            if begin.elapsed() >= PATIENCE {
                return Err(DiagError::Busy(PATIENCE).into());
            }
            looking = self.look();
        }
    }

    /// Returns a netlink socket if one is free.
    pub(super) fn lease_now(&self) -> Option<ChannelLease<'_>> {
        let _looking = self.look();
        // The first channel is for requests that wait.
        let channel = self.channels.iter().rev().find_map(take)?;
        Some(ChannelLease { channel, _notice: FreedNotice(self) })
    }

    /// Returns whether there are enough netlink sockets for threads to use some.
    pub(super) fn has_spare_channels(&self) -> bool {
        self.channels.len() >= CHANNELS
    }

    fn look(&self) -> MutexGuard<'_, ()> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A netlink socket that is in use. The next request drops the rest of an earlier reply.
pub(super) struct ChannelLease<'a> {
    // Dropped in this order: the channel is unlocked before waiting requests are notified.
    pub(super) channel: MutexGuard<'a, Channel>,
    _notice: FreedNotice<'a>,
}

/// Notifies waiting requests when it is dropped.
struct FreedNotice<'a>(&'a DiagSocket);

impl Drop for FreedNotice<'_> {
    fn drop(&mut self) {
        let _looking = self.0.look();
        self.0.freed.notify_one();
    }
}

/// Returns a channel if it is free.
fn take(channel: &Mutex<Channel>) -> Option<MutexGuard<'_, Channel>> {
    match channel.try_lock() {
        Ok(channel) => Some(channel),
        // OK because a channel is consistent after a panic: it records what it has to drain.
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The rows of a reply, received as they are wanted.
pub(crate) struct DiagRows<'a> {
    lease: ChannelLease<'a>,
    table: Table,
    interrupt: &'a dyn Interrupt,
    dump: Dump<'a>,
    /// The length of the current datagram.
    datagram: Option<usize>,
}

impl DiagRows<'_> {
    /// Receives a datagram.
    fn receive(&mut self) -> Result<&[u8], Error> {
        let datagram = self.lease.channel.receive(self.table, PATIENCE, self.interrupt)?;
        self.datagram = Some(datagram.len());
        Ok(datagram)
    }

    /// Continues in the current datagram.
    #[inline]
    fn step(&mut self) -> Result<DumpProgress, Error> {
        let datagram = self.lease.channel.datagram(self.datagram.unwrap_or_default());
        let progress = self.dump.advance(datagram);
        if self.dump.is_over() {
            self.lease.channel.finish();
        }
        progress
    }
}

impl RowSource for DiagRows<'_> {
    #[inline]
    fn advance(&mut self) -> Result<Step, Error> {
        loop {
            if self.datagram.is_none() {
                self.receive()?;
            }
            match self.step()? {
                DumpProgress::Row => return Ok(Step::Row),
                DumpProgress::Malformed(row) => return Ok(Step::Malformed(row)),
                DumpProgress::NextDatagram if !self.dump.report().stopped => self.datagram = None,
                DumpProgress::NextDatagram | DumpProgress::Done => return Ok(Step::End),
            }
        }
    }

    #[inline]
    fn row(&self) -> Socket<'_> {
        self.dump.row()
    }

    fn stop(&mut self) {
        self.dump.stop();
    }

    fn report(&self) -> ReadReport {
        self.dump.report()
    }
}

/// Returns whether a dump is not to be repeated after so many retries.
pub(super) fn is_final(report: &ReadReport, retries: u32) -> bool {
    !report.inconsistent || report.stopped || retries >= RETRIES
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::consistent(false, false, 0, true)]
    #[case::inconsistent(true, false, 0, false)]
    #[case::inconsistent_again(true, false, 2, false)]
    #[case::too_often(true, false, 3, true)]
    #[case::nobody_wants_more(true, true, 0, true)]
    fn dump_is_repeated_when_table_changed(
        #[case] inconsistent: bool,
        #[case] stopped: bool,
        #[case] retries: u32,
        #[case] expected: bool,
    ) {
        let report = ReadReport { inconsistent, stopped, ..ReadReport::default() };
        assert_eq!(is_final(&report, retries), expected);
    }
}
