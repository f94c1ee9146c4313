//! The handle through which sockets are asked for.

use std::{
    io::Write,
    ops::ControlFlow,
    sync::{Mutex, MutexGuard, TryLockError},
    thread,
    time::{Duration, Instant},
};

use cap_std::AmbientAuthority;

use super::{
    channel::{Channel, PATIENCE},
    dump::{Dump, Progress},
    error::DiagError,
    request::Request,
};
use crate::{
    error::{Error, RowError},
    limits::Limits,
    listing::{Collect, KeptRow, Listing},
    model::{Family, InetProtocol, InetSocket, Socket, Source, Table, UnixSocket},
    query::Query,
    visit::{Interrupt, ReadReport, Uninterrupted, Visitor},
};

/// How often a dump is repeated because the table changed under it: 3 times.
const RETRIES: u32 = 3;

/// Netlink sockets of one [`DiagSocket`]: 4. So many requests are answered at once: of threads, of a
/// visitor that asks in turn, and of commands in a pipeline that list while they read a listing.
const CHANNELS: usize = 4;

/// The time between two looks whether another request is done: 1 ms.
const PAUSE: Duration = Duration::from_millis(1);

/// A handle on the kernel's sock_diag (`sock_diag(7)`).
///
/// It belongs to the network namespace of the thread that opened it, and shows the sockets of that
/// one. Threads may share it, and a visitor may ask in turn: it holds four netlink sockets, each for
/// one request at a time. Further requests wait for a free one.
///
/// # Sandbox bypass
///
/// It shows the sockets of the system to whoever holds it, past every sandbox.
///
/// # Trust
///
/// Datagrams are taken from the kernel only. Every length in them is checked, and the request that
/// they answer, and the errors that they hold.
#[derive(Debug)]
pub struct DiagSocket {
    /// Each is locked while a request is answered.
    channels: [Mutex<Channel>; CHANNELS],
}

impl DiagSocket {
    /// Opens the netlink sockets.
    ///
    /// # Ambient Authority
    ///
    /// The token stands for the right to open netlink sockets; whoever passes it decides that the
    /// holder sees the system's sockets. To destroy sockets, and to listen to events, needs more.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) without sock_diag,
    /// [`Denied`](crate::ErrorKind::Denied), [`Io`](crate::ErrorKind::Io).
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        let open = || Channel::open_ambient(token).map(Mutex::new);
        Ok(Self { channels: [open()?, open()?, open()?, open()?] })
    }

    /// Hands each socket that is asked for to a visitor, as the kernel tells of it.
    ///
    /// Nothing is kept, and no memory is allocated for a row of an internet socket. When no socket
    /// can be in the states that are asked for, the kernel is not asked.
    ///
    /// # Errors
    ///
    /// [`NoHandler`](crate::ErrorKind::NoHandler) when the kernel does not know the table,
    /// [`NotFound`](crate::ErrorKind::NotFound) when it does not have the one socket that was asked
    /// for, and every other [`ErrorKind`](crate::ErrorKind) but those of `/proc`.
    /// [`Timeout`](crate::ErrorKind::Timeout) also when no netlink socket becomes free: each visitor
    /// that asks in turn holds one, and there are four. Rows that came before an error were handed
    /// over.
    pub fn visit(
        &self,
        request: &Request,
        limits: &Limits,
        interrupt: &dyn Interrupt,
        visitor: &mut dyn Visitor,
    ) -> Result<ReadReport, Error> {
        if request.is_void() {
            return Ok(ReadReport { source: Source::SockDiag, ..ReadReport::default() });
        }
        let mut channel = self.lease(request.table(), interrupt)?;
        let mut retries = 0;
        loop {
            let each = &mut |dump: &mut Dump<'_>, datagram: &[u8]| dump.datagram(datagram, visitor);
            let report = exchange(&mut channel, request, limits, interrupt, each)?;
            if is_final(&report, retries) || !visitor.restart() {
                return Ok(report);
            }
            retries += 1;
        }
    }

    /// Copies the replies to a request, datagram by datagram, and returns the number of their bytes.
    /// For looking into what the kernel said.
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
        let mut channel = self.lease(request.table(), interrupt)?;
        let mut bytes = 0;
        exchange(&mut channel, request, &Limits::streaming(), interrupt, &mut |dump, datagram| {
            writer.write_all(datagram).map_err(DiagError::Copy)?;
            // OK because no stream has more than 64 bits of bytes.
            bytes += u64::try_from(datagram.len()).unwrap_or_default();
            dump.datagram(datagram, &mut Ignore)
        })?;
        Ok(bytes)
    }

    /// Reads the internet sockets of a protocol, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// As [`DiagSocket::visit`]. Malformed rows are no error; the [`Listing`] tells them.
    pub fn inet_connections(
        &self,
        family: Family,
        protocol: InetProtocol,
    ) -> Result<Listing<InetSocket>, Error> {
        self.read(&Query::new(Table::inet(protocol, family)), &Limits::default())
    }

    /// Reads the unix sockets, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// As [`DiagSocket::inet_connections`].
    pub fn unix_connections(&self) -> Result<Listing<UnixSocket>, Error> {
        self.read(&Query::new(Table::Unix), &Limits::default())
    }

    fn read<T: KeptRow>(&self, query: &Query, limits: &Limits) -> Result<Listing<T>, Error> {
        let mut collect = Collect::new(limits.entries);
        let request = Request::Dump(query.clone());
        let report = self.visit(&request, limits, &Uninterrupted, &mut collect)?;
        collect.finish(query.table, &report)
    }

    /// Waits until a channel is free.
    ///
    /// A lock that waited would wait for ever for a visitor that asks in turn.
    pub(super) fn lease(
        &self,
        table: Table,
        interrupt: &dyn Interrupt,
    ) -> Result<MutexGuard<'_, Channel>, Error> {
        let begin = Instant::now();
        loop {
            if let Some(channel) = self.channels.iter().find_map(take) {
                return Ok(channel);
            }
            if interrupt.is_interrupted() {
                return Err(DiagError::Interrupted(table).into());
            }
            if begin.elapsed() >= PATIENCE {
                return Err(DiagError::Busy(PATIENCE).into());
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Returns a channel if it is free.
fn take(channel: &Mutex<Channel>) -> Option<MutexGuard<'_, Channel>> {
    match channel.try_lock() {
        Ok(channel) => Some(channel),
        // OK because a channel that a panic left behind knows what it has to drain.
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Returns whether a dump is not to be repeated after so many retries.
fn is_final(report: &ReadReport, retries: u32) -> bool {
    !report.inconsistent || report.stopped || retries >= RETRIES
}

/// What is done with each datagram of a reply.
type Each<'a> = dyn FnMut(&mut Dump<'_>, &[u8]) -> Result<Progress, Error> + 'a;

/// Sends a request and receives its reply, until its end or until the visitor wants no more.
fn exchange(
    channel: &mut Channel,
    request: &Request,
    limits: &Limits,
    interrupt: &dyn Interrupt,
    each: &mut Each<'_>,
) -> Result<ReadReport, Error> {
    let table = request.table();
    let sequence =
        channel.send(table, interrupt, &|sequence, out| request.encode(sequence, out))?;
    let mut dump = Dump::new(request, sequence, limits, interrupt);
    loop {
        let progress = each(&mut dump, channel.receive(table, PATIENCE, interrupt)?);
        if dump.is_over() {
            channel.finish();
        }
        // What is left of a dump that was stopped is thrown away when the next request is made.
        if progress? == Progress::Done || dump.report().stopped {
            return Ok(dump.report());
        }
    }
}

/// Takes nothing in.
struct Ignore;

impl Visitor for Ignore {
    fn socket(&mut self, _: Socket<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
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
    fn a_dump_under_which_the_table_changed_is_repeated(
        #[case] inconsistent: bool,
        #[case] stopped: bool,
        #[case] retries: u32,
        #[case] expected: bool,
    ) {
        let report = ReadReport { inconsistent, stopped, ..ReadReport::default() };
        assert_eq!(is_final(&report, retries), expected);
    }

    #[test]
    fn a_listing_forgets_what_came_before_a_repetition() {
        let mut collect = Collect::<InetSocket>::new(1);
        let row = InetSocket::blank(InetProtocol::Tcp);
        assert!(collect.socket(Socket::Inet(&row)).is_continue());
        assert!(collect.restart());
        assert!(collect.socket(Socket::Inet(&row)).is_continue());
        let listing = collect.finish(Table::Tcp4, &ReadReport::default()).unwrap();
        assert_eq!(listing.len(), 1);
    }

    #[test]
    fn a_visitor_that_cannot_forget_is_not_restarted() {
        assert!(!Ignore.restart());
    }
}
