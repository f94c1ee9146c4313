//! The tables of the system, or of a directory that stands for `/proc`.

use std::{fs::File, num::NonZeroU32, ops::RangeInclusive, os::fd::OwnedFd};

use bstr::{BStr, BString};
use cap_std::{AmbientAuthority, fs::Dir};

use crate::{
    diag::{DiagSocket, Interfaces, Request},
    error::{Error, Repr},
    limits::Limits,
    listing::{Collect, KeptRow, Listing},
    model::{Family, InetProtocol, InetSocket, NetlinkSocket, PacketSocket, Table, UnixSocket},
    namespace::Inhabitants,
    proc::{
        dedup::Window,
        port_range,
        protocols::read_protocols,
        root::{Pid, ProcFile, ProcRoot},
        scan::TableScan,
        sockstat::{self, SockStat, SockStat6},
        text::Endian,
    },
    process::{self, ProcessLimits, ProcessQuery, ProcessReport},
    query::Query,
    visit::{Interrupt, ReadReport, Uninterrupted, Visitor},
};

/// The socket tables of one network namespace.
///
/// # Sandbox bypass
///
/// Made by [`SocketTables::open_ambient`], it shows the sockets of the system to whoever holds it,
/// past every sandbox. It holds handles and no path; nothing that is asked of it reaches a path.
///
/// # Trust
///
/// Live tables come from a verified `/proc` ([`ProcRoot`]). A fake root is as true as its
/// directory; it never makes this type look at the live system.
#[derive(Debug)]
pub struct SocketTables {
    root: ProcRoot,
    interfaces: Option<Interfaces>,
    /// Where the system has sock_diag and this process may use it.
    diag: Option<DiagSocket>,
    /// Set for a namespace that this process is not in.
    elsewhere: Option<Elsewhere>,
}

/// What is known of a namespace that this process is not in.
///
/// Kernel: a socket belongs to the namespace of the thread that made it, so that sock_diag and the
/// names of interfaces can be asked from anywhere. The text tables show the namespace of the thread
/// that looks, and cannot.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    /// The ports that the kernel hands out there, as they were when the tables were opened.
    pub(crate) port_range: Option<RangeInclusive<u16>>,
    /// The processes whose text tables show it, if there are some.
    pub(crate) process: Option<Inhabitants>,
}

impl SocketTables {
    /// Opens the tables of the system.
    ///
    /// # Ambient Authority
    ///
    /// The token stands for the right to open `/proc`, a socket to sock_diag, and one that asks for
    /// the names of interfaces; whoever passes it decides that the holder sees the system's sockets.
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root) if there is no `/proc` that can be trusted. That no socket
    /// can be opened is no error: the text tables then answer every question, and interfaces have
    /// no names.
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        let root = ProcRoot::open_ambient(token).map_err(Repr::Root)?;
        let interfaces = Interfaces::open_ambient(token);
        // OK because that it is missing is remembered, and the text tables answer in its place.
        let diag = DiagSocket::open_ambient(token).ok();
        Ok(Self { root, interfaces, diag, elsewhere: None })
    }

    /// Reads tables in a directory that stands for `/proc`: `net/tcp` and so on.
    pub fn from_dir(dir: Dir) -> Self {
        Self::from_root(ProcRoot::from_dir(dir))
    }

    /// Reads tables in a root that was opened before. Interfaces have no names.
    pub fn from_root(root: ProcRoot) -> Self {
        Self { root, interfaces: None, diag: None, elsewhere: None }
    }

    pub(crate) fn of_namespace(
        root: ProcRoot,
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

    /// Returns the socket to sock_diag, where there is one; never for a fake root.
    pub fn diag(&self) -> Option<&DiagSocket> {
        self.diag.as_ref()
    }

    /// Returns handles on what the tables are read from, for a host that confines itself; see
    /// [`ProcRoot::reach`].
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root).
    pub fn reach(&self) -> Result<Vec<OwnedFd>, Error> {
        Ok(self.root.reach().map_err(Repr::Root)?)
    }

    /// Hands the sockets that are asked for to a visitor, as they are read: from sock_diag, or from
    /// the text table when the kernel has no handler for the table, when this process may not ask,
    /// or when there is no sock_diag at all. [`ReadReport::source`] says which.
    ///
    /// The text table knows no states, no details and no filter: then every row comes. It also does
    /// where the kernel rejects the filter, because it is older or because this process may not
    /// filter by what it asks (a mark). A fake root never makes this look at the live system.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`] and [`DiagSocket::visit`].
    /// [`NoHandler`](crate::ErrorKind::NoHandler) or [`Missing`](crate::ErrorKind::Missing) for a
    /// table that has no text form either.
    pub fn visit_query(
        &self,
        query: &Query,
        limits: &Limits,
        interrupt: &dyn Interrupt,
        visitor: &mut dyn Visitor,
    ) -> Result<ReadReport, Error> {
        let Some(diag) = &self.diag else {
            return self.visit(query.table, limits, interrupt, visitor);
        };
        match diag.visit(&Request::Dump(query.clone()), limits, interrupt, visitor) {
            // OK because these errors come before any row, and the caller selects among rows.
            Err(error) if error.may_be_about_filter() && !query.filter.is_empty() => {
                let unfiltered = Query { filter: Vec::new(), ..query.clone() };
                self.visit_query(&unfiltered, limits, interrupt, visitor)
            }
            // OK because these errors come before any row.
            Err(error) if error.has_no_answer() && ProcFile::of_table(query.table).is_some() => {
                self.visit(query.table, limits, interrupt, visitor)
            }
            answer => answer,
        }
    }

    /// Reads the internet sockets of a protocol, from whichever source answers, within the default
    /// [`Limits`].
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit_query`]. Malformed rows are no error; the [`Listing`] tells them.
    pub fn inet_connections(
        &self,
        family: Family,
        protocol: InetProtocol,
    ) -> Result<Listing<InetSocket>, Error> {
        self.read_query(&Query::new(Table::inet(protocol, family)))
    }

    /// Reads the unix sockets, from whichever source answers, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// As [`SocketTables::inet_connections`].
    pub fn unix_connections(&self) -> Result<Listing<UnixSocket>, Error> {
        self.read_query(&Query::new(Table::Unix))
    }

    /// Hands each row of a text table to a visitor, as it is read.
    ///
    /// Nothing is kept and rows are not sorted: memory does not grow with the table. A live table
    /// that changes while it is read may leave rows out, and may repeat rows; internet sockets
    /// with the same addresses, ports and inode are handed over once, as far as they stand close
    /// together. This is best effort, no promise. A fake root is read as it is.
    ///
    /// # Errors
    ///
    /// [`Missing`](crate::ErrorKind::Missing) if the kernel has no such table, and every other
    /// [`ErrorKind`](crate::ErrorKind). Rows that came before an error were handed over.
    pub fn visit(
        &self,
        table: Table,
        limits: &Limits,
        interrupt: &dyn Interrupt,
        visitor: &mut dyn Visitor,
    ) -> Result<ReadReport, Error> {
        let scan = TableScan::new(table, Endian::NATIVE, limits, interrupt)?;
        let mut file = self.open(scan.file())?;
        let scan = if self.is_live() { scan.deduplicated(Window::new()) } else { scan };
        scan.run(&mut file, visitor)
    }

    /// Reads `net/sockstat`: counts of sockets.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`]; [`Malformed`](crate::ErrorKind::Malformed) if a number is none.
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

    /// Reads the number of TCP connections in ESTABLISHED or CLOSE-WAIT (`CurrEstab` of `net/snmp`),
    /// over IPv4 and IPv6.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`]; [`Malformed`](crate::ErrorKind::Malformed) also if the file
    /// does not have this counter.
    pub fn curr_estab(&self) -> Result<i64, Error> {
        sockstat::read_curr_estab(&mut self.open(ProcFile::NetSnmp)?)
    }

    /// Reads the names of the protocols that the kernel has sockets of (`net/protocols`), such as
    /// `TCPv6` or `AF_VSOCK`. They are the same in every network namespace.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`].
    pub fn protocols(&self) -> Result<Vec<BString>, Error> {
        let file = ProcFile::NetProtocols;
        let opened = self.root.thread().open(file);
        read_protocols(&mut opened.map_err(|error| Error::from_root(file, error))?)
    }

    /// Reads the ports that the kernel gives to sockets that ask for none
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
    /// `None` if there is none, if its name is not UTF-8, if the kernel may not be asked, and
    /// always in a fake root, whose indexes are not those of this system.
    pub fn interface_name(&self, index: NonZeroU32) -> Option<BString> {
        self.interfaces.as_ref()?.name(index)
    }

    /// Returns the index of the interface of that name.
    ///
    /// `None` if there is none, if the kernel may not be asked, and always in a fake root.
    pub fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        self.interfaces.as_ref()?.index(name)
    }

    /// Looks for the processes that hold sockets.
    ///
    /// Every descriptor of every process is looked at, whichever sockets are wanted, for a socket
    /// may have several processes. So ask once for all sockets. See [`ProcessReport`] for what the answer
    /// cannot tell.
    ///
    /// # Sandbox bypass
    ///
    /// It reads what all processes of the system have open, as far as this one may.
    ///
    /// # Limits
    ///
    /// [`ProcessLimits`] bound the processes and what is kept. It uses up to
    /// [`MAX_WORKERS`](crate::MAX_WORKERS) threads, as many as there are processors. `interrupt` is
    /// asked between processes and once in 1 000 descriptors, by the calling thread.
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root) if a process or its descriptors are mounted over,
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded),
    /// [`Interrupted`](crate::ErrorKind::Interrupted) and [`Io`](crate::ErrorKind::Io). That a
    /// process is gone or closed is no error.
    pub fn processes(
        &self,
        query: &ProcessQuery,
        limits: &ProcessLimits,
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessReport, Error> {
        process::scan(&self.root, query, limits, interrupt)
    }

    /// Returns the name of a process; `None` if there is none, or none that may be known.
    ///
    /// # Sandbox bypass
    ///
    /// As [`SocketTables::processes`], of one process.
    pub fn process_name(&self, pid: Pid) -> Option<BString> {
        process::name_of(&self.root, pid)
    }

    fn open(&self, file: ProcFile) -> Result<File, Error> {
        match &self.elsewhere {
            Some(Elsewhere { process: Some(process), .. }) => process.open(&self.root, file),
            Some(_) => Err(Repr::Elsewhere(file).into()),
            // The thread, not the process: it may be in a network namespace of its own.
            None => self.root.thread().open(file).map_err(|error| Error::from_root(file, error)),
        }
    }

    fn read_query<T: KeptRow>(&self, query: &Query) -> Result<Listing<T>, Error> {
        let limits = Limits::default();
        let mut collect = Collect::new(limits.entries);
        let report = self.visit_query(query, &limits, &Uninterrupted, &mut collect)?;
        collect.finish(query.table, &report)
    }

    fn read<T: KeptRow>(&self, table: Table, limits: &Limits) -> Result<Listing<T>, Error> {
        let mut collect = Collect::new(limits.entries);
        let report = self.visit(table, limits, &Uninterrupted, &mut collect)?;
        collect.finish(table, &report)
    }
}

/// Declares the functions that read one table into a listing.
macro_rules! read_tables {
    ($($(#[doc = $doc:literal])* $name:ident($table:ident) -> $row:ty,)*) => {
        impl SocketTables {
            $($(#[doc = $doc])*
            ///
            /// # Limits
            ///
            /// A table with more rows, more lines or longer lines than the [`Limits`] say is an
            /// error, never a short listing.
            ///
            /// # Errors
            ///
            /// As [`SocketTables::visit`]. Malformed rows are no error; the [`Listing`] tells them.
            pub fn $name(&self, limits: &Limits) -> Result<Listing<$row>, Error> {
                self.read(Table::$table, limits)
            })*
        }
    };
}

read_tables! {
    /// Reads the TCP sockets over IPv4.
    read_tcp4(Tcp4) -> InetSocket,
    /// Reads the TCP sockets over IPv6.
    read_tcp6(Tcp6) -> InetSocket,
    /// Reads the UDP sockets over IPv4.
    read_udp4(Udp4) -> InetSocket,
    /// Reads the UDP sockets over IPv6.
    read_udp6(Udp6) -> InetSocket,
    /// Reads the UDP-Lite sockets over IPv4.
    read_udplite4(UdpLite4) -> InetSocket,
    /// Reads the UDP-Lite sockets over IPv6.
    read_udplite6(UdpLite6) -> InetSocket,
    /// Reads the raw sockets over IPv4.
    read_raw4(Raw4) -> InetSocket,
    /// Reads the raw sockets over IPv6.
    read_raw6(Raw6) -> InetSocket,
    /// Reads the ping sockets over IPv4.
    read_icmp4(Icmp4) -> InetSocket,
    /// Reads the ping sockets over IPv6.
    read_icmp6(Icmp6) -> InetSocket,
    /// Reads the unix domain sockets.
    read_unix(Unix) -> UnixSocket,
    /// Reads the packet sockets.
    read_packet(Packet) -> PacketSocket,
    /// Reads the netlink sockets.
    read_netlink(Netlink) -> NetlinkSocket,
}
