//! The tables of the system, or of a directory in place of `/proc`.

use std::{fs::File, io::Read, num::NonZeroU32, ops::RangeInclusive, os::fd::OwnedFd, sync::Arc};

use bstr::{BStr, BString, ByteSlice as _};
use cap_std::{AmbientAuthority, fs::Dir};
use rustix::io::Errno;

use crate::{
    ahead::Ahead,
    diag::{DiagSocket, Interfaces, Request},
    error::{Error, Repr},
    listing::{Collect, ListedSocket, Listing},
    model::{Inode, Socket, Source, StateMask, Table},
    namespace::TextTables,
    proc::{
        interface, port_range,
        protocols::read_protocols,
        root::{Pid, ProcFile, ProcRoot},
        scan::TextTable,
        sockstat::{self, SockStat, SockStat6},
    },
    process::{self, ProcessLimits, ProcessQuery, ProcessReport},
    query::Query,
    table_query::Bounds,
    visit::{Each, Interrupt, ReadReport, RowSource, VisitOutcome, Visitor},
};

/// The socket tables of one network namespace.
///
/// # Sandbox bypass
///
/// Opened by [`SocketTables::open_ambient`], it gives access to the sockets of the system,
/// bypassing every sandbox. It contains handles and no paths; no query becomes part of a path.
///
/// # Trust
///
/// Live tables come from a verified `/proc` ([`ProcRoot`]). A fake root is as trustworthy as its
/// directory; with one, this type never reads the live system.
#[derive(Debug)]
pub struct SocketTables {
    root: Arc<ProcRoot>,
    interfaces: Option<Interfaces>,
    /// Set if the system has sock_diag and this process may use it.
    diag: Option<DiagSocket>,
    /// Set for a namespace other than that of this process.
    elsewhere: Option<Elsewhere>,
}

/// A namespace other than that of this process.
///
/// Kernel: a socket belongs to the namespace of the thread that created it, so sock_diag and the
/// names of interfaces can be requested from anywhere. Text tables cannot, because they show the
/// namespace of the reading thread.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    /// The range of ports that the kernel assigned there when the tables were opened.
    pub(crate) port_range: Option<RangeInclusive<u16>>,
    /// Its text tables, if they can be read.
    pub(crate) text: Option<Box<dyn TextTables>>,
}

impl SocketTables {
    /// Opens the tables of the network namespace that this thread is in. For those of others see
    /// [`NamespaceFinder`](crate::NamespaceFinder).
    ///
    /// # Ambient Authority
    ///
    /// The token is for opening `/proc`, a sock_diag socket, and a socket for the names of
    /// interfaces: the result gives access to the sockets of the namespace.
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root) if there is no `/proc` that can be trusted. A socket that
    /// cannot be opened is not an error: the text tables are used instead, and interfaces have no
    /// names.
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        let root = Arc::new(ProcRoot::open_ambient(token).map_err(Repr::Root)?);
        let interfaces = Interfaces::open_ambient(token);
        // OK because the text tables are used where it is missing.
        let diag = DiagSocket::open_ambient(token).ok();
        Ok(Self { root, interfaces, diag, elsewhere: None })
    }

    /// Reads tables in a directory in place of `/proc`: `net/tcp` and so on.
    pub fn from_dir(dir: Dir) -> Self {
        Self::from_root(ProcRoot::from_dir(dir))
    }

    /// Reads tables in a root that was opened before. Interfaces have no names.
    pub fn from_root(root: impl Into<Arc<ProcRoot>>) -> Self {
        Self { root: root.into(), interfaces: None, diag: None, elsewhere: None }
    }

    /// Returns tables of which none can be read, for a host that lists no sockets. They contain no
    /// handle and no socket.
    pub fn closed() -> Self {
        Self::from_root(ProcRoot::closed())
    }

    pub(crate) fn of_namespace(
        root: Arc<ProcRoot>,
        interfaces: Option<Interfaces>,
        diag: Option<DiagSocket>,
        elsewhere: Elsewhere,
    ) -> Self {
        Self { root, interfaces, diag, elsewhere: Some(elsewhere) }
    }

    /// Returns whether these are the tables of the system, not of a fake root.
    pub fn is_live(&self) -> bool {
        self.root.is_live()
    }

    /// Returns the sock_diag handle, if there is one; never for a fake root.
    pub fn diag(&self) -> Option<&DiagSocket> {
        self.diag.as_ref()
    }

    /// Returns the inode of the netlink socket in a namespace that was entered to list it. The
    /// socket is in that namespace only because of the listing.
    pub fn visiting_socket(&self) -> Option<Inode> {
        self.elsewhere.as_ref()?;
        let socket = self.diag()?.any_socket()?;
        Inode::new(rustix::fs::fstat(&*socket).ok()?.st_ino)
    }

    /// Returns handles to what the tables are read from, for a host that confines itself; see
    /// [`ProcRoot::reach`].
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root).
    pub fn reach(&self) -> Result<Vec<OwnedFd>, Error> {
        match &self.elsewhere {
            Some(Elsewhere { text: Some(text), .. }) if self.diag.is_none() => text.reach(),
            _ => Ok(self.root.reach().map_err(Repr::Root)?),
        }
    }

    /// Lists the sockets of a query.
    ///
    /// They come from the best source: sock_diag, or the text table where the kernel has no handler
    /// for the table, where this process may not use it, or where there is no sock_diag. With a
    /// fake root, this never reads the live system. A table that the kernel lacks has no sockets,
    /// unless it lacks all tables of the query.
    ///
    /// # Limits
    ///
    /// A table that exceeds the [`Limits`](crate::Limits) of rows, lines or line length is an
    /// error, never a short listing.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`]. Malformed rows are not an error; the [`Listing`] reports them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use procnetsocket::{Error, Query, SocketTables};
    /// # fn demo(tables: &SocketTables) -> Result<(), Error> {
    /// for socket in tables.list(&Query::tcp().listening())? {
    ///     println!("{} {} uid {}", socket.local, socket.state, socket.uid);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list<T: ListedSocket>(&self, query: &Query<'_, T>) -> Result<Listing<T>, Error> {
        let mut collect = Collect::new(query.bounds().limits.entries);
        let report = self.visit_with(query, &mut collect)?;
        collect.finish(&report)
    }

    /// Calls a closure with each socket of a query. The closure returns nothing, or a
    /// [`ControlFlow`](std::ops::ControlFlow) with which it can end the reading.
    ///
    /// Nothing is kept and rows are not sorted: memory does not grow with the table. A live text
    /// table that changes while it is read may omit or repeat rows. Repeated rows of an internet
    /// socket (same addresses, ports and inode) that are close together are dropped on a
    /// best-effort basis. A fake root is read as it is.
    ///
    /// # Errors
    ///
    /// [`NoHandler`](crate::ErrorKind::NoHandler) or [`Missing`](crate::ErrorKind::Missing) if the
    /// kernel has none of the tables, and every other [`ErrorKind`](crate::ErrorKind). Rows before
    /// an error were passed on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use procnetsocket::{Error, Query, SocketTables};
    /// # fn demo(tables: &SocketTables) -> Result<(), Error> {
    /// let mut uids = std::collections::BTreeMap::<_, u64>::new();
    /// tables.visit(&Query::tcp().listening(), |socket| *uids.entry(socket.uid()).or_default() += 1)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn visit<T, O: VisitOutcome>(
        &self,
        query: &Query<'_, T>,
        each: impl FnMut(Socket<'_>) -> O,
    ) -> Result<ReadReport, Error> {
        self.visit_with(query, Each(each))
    }

    /// Passes the sockets of a query to a visitor, which also receives reports of malformed rows.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`].
    pub fn visit_with<T>(
        &self,
        query: &Query<'_, T>,
        mut visitor: impl Visitor,
    ) -> Result<ReadReport, Error> {
        let mut visit = |ahead: &Ahead| {
            let mut total = Totals::default();
            for table in query.tables() {
                visitor.begin(*table);
                total.add(self.visit_table(query, *table, ahead, &mut visitor))?;
                if total.is_stopped() {
                    break;
                }
            }
            total.finish()
        };
        match query.ahead() {
            Some(ahead) => visit(ahead),
            None => self.run_ahead(self.plan_ahead(std::slice::from_ref(query)), visit),
        }
    }

    fn visit_table<T>(
        &self,
        query: &Query<'_, T>,
        table: Table,
        ahead: &Ahead,
        visitor: &mut dyn Visitor,
    ) -> Result<ReadReport, Error> {
        let (source, bounds) = (query.source(), query.bounds());
        let table_query = query.about_table(table);
        let states = table_query.states;
        let received = ahead.replies.take(&table_query);
        let mut request = Request::Dump(table_query);
        if let (Some(diag), Some(received)) = (&self.diag, received) {
            let read = received.visit(&ahead.replies, diag, bounds, &mut *visitor);
            // OK because errors that allow a fallback occur before the first row.
            match read.map_err(|error| next_way(error, &mut request, source)) {
                Ok(Some(report)) => return Ok(report),
                Ok(None) | Err(NextWay::AskAgain) => {}
                Err(NextWay::ReadText) => {
                    return self.text_rows(table, states, bounds)?.push(visitor);
                }
                Err(NextWay::GiveUp(error)) => return Err(error),
            }
        }
        while let Some(diag) = self.diag_for(source)? {
            let read = diag.visit(&request, bounds, &mut *visitor);
            // OK because errors that allow a fallback occur before the first row.
            match read.map_err(|error| next_way(error, &mut request, source)) {
                Ok(report) => return Ok(report),
                Err(NextWay::AskAgain) => {}
                Err(NextWay::ReadText) => break,
                Err(NextWay::GiveUp(error)) => return Err(error),
            }
        }
        let text: Box<dyn Read> = match ahead.text.take(table) {
            Some(text) => Box::new(text),
            None => Box::new(ahead.text.after(self.open_text(table)?)),
        };
        self.parse_text(text, table, states, bounds)?.push(visitor)
    }

    /// Returns the sock_diag handle if it is to be used; `None` for the text table.
    pub(crate) fn diag_for(&self, source: Option<Source>) -> Result<Option<&DiagSocket>, Error> {
        match (source, &self.diag) {
            (Some(Source::ProcText), _) | (None, None) => Ok(None),
            (Some(Source::SockDiag) | None, Some(diag)) => Ok(Some(diag)),
            (Some(Source::SockDiag), None) => Err(Repr::NoSockDiag.into()),
        }
    }

    /// Opens a text table.
    pub(crate) fn text_rows<'a>(
        &self,
        table: Table,
        states: StateMask,
        bounds: Bounds<'a>,
    ) -> Result<Box<dyn RowSource + 'a>, Error> {
        self.parse_text(Box::new(self.open_text(table)?), table, states, bounds)
    }

    fn open_text(&self, table: Table) -> Result<File, Error> {
        self.open(ProcFile::of_table(table).ok_or(Repr::NoText(table))?)
    }

    fn parse_text<'a>(
        &self,
        text: Box<dyn Read + 'a>,
        table: Table,
        states: StateMask,
        bounds: Bounds<'a>,
    ) -> Result<Box<dyn RowSource + 'a>, Error> {
        let rows = TextTable::new(table).with_bounds(bounds).with_states(states);
        if self.is_live() { rows.deduplicated().rows(text) } else { rows.rows(text) }
    }

    /// Reads `net/sockstat`: counts of sockets.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`]; [`Malformed`](crate::ErrorKind::Malformed) for a malformed
    /// number.
    pub fn sockstat(&self) -> Result<SockStat, Error> {
        sockstat::read_sockstat(&mut self.open(ProcFile::NetSockstat)?)
    }

    /// Reads `net/sockstat6`: counts of sockets over IPv6.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`]; [`Missing`](crate::ErrorKind::Missing) without IPv6.
    pub fn sockstat6(&self) -> Result<SockStat6, Error> {
        sockstat::read_sockstat6(&mut self.open(ProcFile::NetSockstat6)?)
    }

    /// Reads the number of TCP connections in ESTABLISHED or CLOSE-WAIT (`CurrEstab` of
    /// `net/snmp`), over IPv4 and IPv6.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`]; [`Malformed`](crate::ErrorKind::Malformed) also if the file
    /// does not have this counter.
    pub fn curr_estab(&self) -> Result<i64, Error> {
        sockstat::read_curr_estab(&mut self.open(ProcFile::NetSnmp)?)
    }

    /// Reads the names of the protocols for which the kernel has sockets (`net/protocols`), such as
    /// `TCPv6` or `AF_VSOCK`. They are the same in every network namespace.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`].
    pub fn protocols(&self) -> Result<Vec<BString>, Error> {
        let file = ProcFile::NetProtocols;
        let mut opened = match &self.elsewhere {
            Some(Elsewhere { text: Some(text), .. }) => text.open(file)?,
            _ => self.open_own(file)?,
        };
        read_protocols(&mut opened)
    }

    /// Reads the range of ports that the kernel assigns to sockets without a chosen one
    /// (`sys/net/ipv4/ip_local_port_range`).
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`]. In containers the file is often mounted over, and refused.
    pub fn local_port_range(&self) -> Result<RangeInclusive<u16>, Error> {
        match &self.elsewhere {
            Some(Elsewhere { port_range: Some(range), .. }) => Ok(range.clone()),
            Some(_) => Err(Repr::Elsewhere(ProcFile::IpLocalPortRange).into()),
            None => port_range::of_this_thread(&self.root),
        }
    }

    /// Returns the name of the interface of that index.
    ///
    /// `None` if there is none, if this process may not ask the kernel, and always in a fake root,
    /// whose indexes are not those of this system. A name that is not UTF-8 is found only in the
    /// namespace of this process, and only if the interface has a multicast address.
    pub fn interface_name(&self, index: NonZeroU32) -> Option<BString> {
        match self.interfaces.as_ref()?.name(index) {
            Ok(name) => Some(name),
            Err(Errno::ILSEQ) => self.find_interface(|at, name| (at == index).then(|| name.into())),
            Err(_) => None,
        }
    }

    /// Finds an interface whose name is not UTF-8.
    fn find_interface<T>(&self, choose: impl Fn(NonZeroU32, &BStr) -> Option<T>) -> Option<T> {
        let mut table = self.open(ProcFile::NetDevMcast).ok()?;
        interface::find(&mut table, choose).ok()?
    }

    /// Returns the index of the interface of that name.
    ///
    /// `None` if there is none, if this process may not ask the kernel, and always in a fake root.
    pub fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        let interfaces = self.interfaces.as_ref()?;
        if name.to_str().is_ok() {
            return interfaces.index(name);
        }
        self.find_interface(|index, known| (known == name).then_some(index))
    }

    /// Finds the processes that have sockets open.
    ///
    /// Every descriptor of every process is read, whichever sockets are wanted, because a socket
    /// may have several processes. So call this once for all sockets. See [`ProcessReport`] for the
    /// limits of the result.
    ///
    /// # Sandbox bypass
    ///
    /// It reads the open descriptors of all processes of the system, as far as this process may.
    ///
    /// # Limits
    ///
    /// [`ProcessLimits`] bound the processes and what is kept. It uses up to
    /// [`MAX_WORKERS`](crate::MAX_WORKERS) threads, as many as there are processors. `interrupt` is
    /// polled between processes and once in 1 000 descriptors, on the calling thread.
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root) if a process or its descriptors are mounted over,
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded),
    /// [`Interrupted`](crate::ErrorKind::Interrupted) and [`Io`](crate::ErrorKind::Io). A process
    /// that is gone or unreadable is not an error.
    pub fn processes(
        &self,
        query: &ProcessQuery,
        limits: &ProcessLimits,
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessReport, Error> {
        process::scan(&self.root, query, limits, interrupt)
    }

    /// Returns the name of a process; `None` if it does not exist or cannot be read.
    ///
    /// # Sandbox bypass
    ///
    /// As [`SocketTables::processes`], for one process.
    pub fn process_name(&self, pid: Pid) -> Option<BString> {
        process::name_of(&self.root, pid)
    }

    /// Returns whether these are the tables of a namespace other than that of this process.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    pub(crate) fn open(&self, file: ProcFile) -> Result<File, Error> {
        match &self.elsewhere {
            Some(Elsewhere { text: Some(text), .. }) => text.open(file),
            Some(_) => Err(Repr::Elsewhere(file).into()),
            None => self.open_own(file),
        }
    }

    /// Opens a file of the calling thread: the namespace of the sockets that it opens is that of
    /// the thread, not of the process.
    fn open_own(&self, file: ProcFile) -> Result<File, Error> {
        self.root.thread().open(file).map_err(|error| Error::from_root(file, error))
    }
}

/// The fallback after an error of sock_diag.
pub(crate) enum NextWay {
    /// Repeat the request without the filter.
    AskAgain,
    /// Read the text table.
    ReadText,
    /// None.
    GiveUp(Error),
}

/// Returns the fallback after an error of sock_diag, and removes a filter that may be its cause
/// from the request.
pub(crate) fn next_way(error: Error, request: &mut Request, source: Option<Source>) -> NextWay {
    let Request::Dump(query) = request else { return NextWay::GiveUp(error) };
    if error.may_be_about_filter() && !query.filter.is_empty() {
        // OK because the caller filters the rows.
        query.filter.clear();
        return NextWay::AskAgain;
    }
    let has_text = source.is_none() && ProcFile::of_table(query.table).is_some();
    if error.has_no_answer() && has_text { NextWay::ReadText } else { NextWay::GiveUp(error) }
}

/// The totals of a reading of several tables.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    report: Option<ReadReport>,
    /// The error of the first table that the kernel does not have.
    absent: Option<Error>,
}

impl Totals {
    /// Adds the result of a table, or returns an error that ends the reading.
    pub(crate) fn add(&mut self, read: Result<ReadReport, Error>) -> Result<(), Error> {
        match (read, &mut self.report) {
            (Ok(report), Some(total)) => total.add(&report),
            (Ok(report), total @ None) => *total = Some(report),
            (Err(error), _) if error.is_absence() => _ = self.absent.get_or_insert(error),
            (Err(error), _) => return Err(error),
        }
        Ok(())
    }

    /// Returns the totals of the tables that were read.
    pub(crate) fn report(&self) -> Option<ReadReport> {
        self.report
    }

    fn is_stopped(&self) -> bool {
        self.report.is_some_and(|report| report.stopped)
    }

    /// Returns the totals, or the error that the kernel has none of the tables.
    pub(crate) fn finish(&mut self) -> Result<ReadReport, Error> {
        match (self.report, self.absent.take()) {
            (None, Some(error)) => Err(error),
            (report, _) => Ok(report.unwrap_or_default()),
        }
    }
}
