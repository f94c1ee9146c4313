//! Connections with their users and processes, in the manner of netstat libraries.

use bstr::BStr;

use crate::{
    error::Error,
    listing::Listing,
    model::{Family, InetProtocol, InetSocket, Inode, Socket, UnixSocket},
    process::{
        ProcessDetails, ProcessLimits, ProcessQuery, ProcessTable, SocketProcess, UserNames,
    },
    query::Query,
    tables::SocketTables,
    visit::Uninterrupted,
};

/// A protocol whose connections can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NetstatProtocol {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
    /// UDP over IPv6.
    Udp6,
    /// Unix domain sockets.
    Unix,
}

impl NetstatProtocol {
    /// Every protocol.
    pub const ALL: [Self; 5] = [Self::Tcp, Self::Tcp6, Self::Udp, Self::Udp6, Self::Unix];

    /// Returns the name: `tcp`, `tcp6`, `udp`, `udp6` or `unix`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tcp6 => "tcp6",
            Self::Udp => "udp",
            Self::Udp6 => "udp6",
            Self::Unix => "unix",
        }
    }
}

/// The connections of some protocols, and their processes.
#[derive(Clone, Debug)]
pub struct ConnectionList {
    rows: Vec<(NetstatProtocol, NetstatRows)>,
    processes: ProcessTable,
}

/// The sockets of one protocol.
#[derive(Clone, Debug)]
enum NetstatRows {
    Inet(Listing<InetSocket>),
    Unix(Listing<UnixSocket>),
}

/// One connection or listener, with its processes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Connection<'a> {
    /// The protocol that was asked for.
    pub protocol: NetstatProtocol,
    /// The socket: addresses, state, queues, inode and the rest.
    pub socket: Socket<'a>,
    processes: &'a ProcessTable,
}

impl<'a> Connection<'a> {
    /// Returns the uid of the socket. `None` for unix sockets if the kernel does not report it, and
    /// for sockets without one (TIME-WAIT).
    pub fn uid(&self) -> Option<u32> {
        match self.socket {
            Socket::Inet(inet) => inet.inode.map(|_| inet.uid),
            Socket::Unix(unix) => unix.detail.uid,
            _ => None,
        }
    }

    /// Returns the name of the socket's user, if the table has one.
    pub fn user<'n>(&self, names: &'n UserNames) -> Option<&'n BStr> {
        names.name(self.uid()?)
    }

    /// Returns the inode; `None` when no process can have the socket open.
    pub fn inode(&self) -> Option<Inode> {
        inode_of(&self.socket)
    }

    /// Returns every process that has the socket open, once for each descriptor. If there is none,
    /// check [`ProcessTable::closed`].
    pub fn processes(&self) -> impl DoubleEndedIterator<Item = SocketProcess<'a>> + use<'a> {
        let processes = self.processes;
        self.inode().into_iter().flat_map(move |inode| processes.of(inode))
    }
}

impl ConnectionList {
    /// Returns the connections, by protocol in the order in which they were asked for.
    pub fn connections(&self) -> impl Iterator<Item = Connection<'_>> {
        self.rows.iter().flat_map(|(protocol, rows)| {
            rows.sockets().map(|socket| Connection {
                protocol: *protocol,
                socket,
                processes: &self.processes,
            })
        })
    }

    /// Returns the processes of all sockets, and the number of processes that could not be read.
    pub fn processes(&self) -> &ProcessTable {
        &self.processes
    }

    /// Returns the number of rows that could not be understood, and are not among the connections.
    pub fn malformed(&self) -> u64 {
        let malformed = |rows: &NetstatRows| match rows {
            NetstatRows::Inet(listing) => listing.malformed,
            NetstatRows::Unix(listing) => listing.malformed,
        };
        self.rows.iter().map(|(_, rows)| malformed(rows)).sum()
    }
}

impl SocketTables {
    /// Lists the sockets of some protocols, and finds their processes with all details, by one scan
    /// within the default limits.
    ///
    /// A protocol that the kernel lacks has no sockets.
    ///
    /// # Sandbox bypass
    ///
    /// As [`SocketTables::processes`]. Reading command lines accesses the memory of the processes,
    /// and a process can make that take arbitrarily long.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`] and [`SocketTables::processes`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use procnetsocket::{Error, NetstatProtocol, SocketTables, UserNames};
    /// # fn demo(tables: &SocketTables, users: &UserNames) -> Result<(), Error> {
    /// let netstat = tables.netstat(&NetstatProtocol::ALL)?;
    /// for connection in netstat.connections() {
    ///     for process in connection.processes() {
    ///         let user = connection.user(users);
    ///         println!("{:?} {user:?} {}", connection.socket, process.task.pid);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn netstat(&self, protocols: &[NetstatProtocol]) -> Result<ConnectionList, Error> {
        let mut rows = Vec::new();
        for protocol in protocols {
            rows.push((*protocol, self.rows_of(*protocol)?));
        }
        let sockets = rows.iter().flat_map(|(_, rows)| rows.sockets());
        let inodes = sockets.filter_map(|socket| inode_of(&socket)).collect();
        let query = ProcessQuery::of(inodes).with_details(ProcessDetails::Full);
        let report = self.processes(&query, &ProcessLimits::default(), &Uninterrupted)?;
        Ok(ConnectionList { rows, processes: ProcessTable::new(report) })
    }

    fn rows_of(&self, protocol: NetstatProtocol) -> Result<NetstatRows, Error> {
        let inet = |protocol, family| {
            present(self.list(&Query::inet(protocol).family(family))).map(NetstatRows::Inet)
        };
        match protocol {
            NetstatProtocol::Tcp => inet(InetProtocol::Tcp, Family::V4),
            NetstatProtocol::Tcp6 => inet(InetProtocol::Tcp, Family::V6),
            NetstatProtocol::Udp => inet(InetProtocol::Udp, Family::V4),
            NetstatProtocol::Udp6 => inet(InetProtocol::Udp, Family::V6),
            NetstatProtocol::Unix => present(self.list(&Query::unix())).map(NetstatRows::Unix),
        }
    }
}

/// Replaces a table that the kernel lacks by an empty one.
fn present<T>(read: Result<Listing<T>, Error>) -> Result<Listing<T>, Error> {
    match read {
        Err(error) if error.is_absence() => Ok(Listing::default()),
        read => read,
    }
}

fn inode_of(socket: &Socket<'_>) -> Option<Inode> {
    match socket {
        Socket::Inet(inet) => inet.inode,
        Socket::Unix(unix) => unix.inode,
        _ => None,
    }
}

impl NetstatRows {
    fn sockets(&self) -> Box<dyn Iterator<Item = Socket<'_>> + '_> {
        match self {
            Self::Inet(listing) => Box::new(listing.iter().map(Socket::Inet)),
            Self::Unix(listing) => Box::new(listing.iter().map(Socket::Unix)),
        }
    }
}
