//! What is asked of the kernel: which sockets, what of them, and within which bounds.

use std::{fmt, marker::PhantomData};

use crate::{
    limits::Limits,
    model::{
        Family, InetProtocol, InetSocket, NetlinkSocket, OwnedSocket, PacketSocket, RowForm,
        Source, StateMask, Table, TcpState, UnixSocket, VsockSocket, XdpSocket,
    },
    visit::{Interrupt, Uninterrupted},
};

/// A question about one or more tables.
///
/// `T` is what a [`Listing`](crate::Listing) of it contains: the sockets of one kind, or
/// [`OwnedSocket`], which is any of them.
///
/// ```
/// # use procnetsocket::{Details, Family, Query};
/// let query = Query::tcp().family(Family::V4).listening().with_details(Details::MEMORY);
/// ```
#[derive(Clone)]
pub struct Query<'a, T = OwnedSocket> {
    tables: Vec<Table>,
    states: StateMask,
    details: Details,
    filter: Vec<u8>,
    source: Option<Source>,
    bounds: Bounds<'a>,
    kind: PhantomData<fn() -> T>,
}

impl Query<'static> {
    /// Asks for every socket of a table.
    pub fn new(table: Table) -> Self {
        Self::of([table])
    }

    /// Asks for every socket of some tables, in that order.
    pub fn of(tables: impl IntoIterator<Item = Table>) -> Self {
        Self::about(tables)
    }
}

impl Query<'static, InetSocket> {
    /// Asks for the sockets of an internet protocol, of both address families.
    pub fn inet(protocol: InetProtocol) -> Self {
        Self::about([Family::V4, Family::V6].map(|family| Table::inet(protocol, family)))
    }

    /// Asks for the TCP sockets of both address families.
    pub fn tcp() -> Self {
        Self::inet(InetProtocol::Tcp)
    }

    /// Asks for the UDP sockets of both address families.
    pub fn udp() -> Self {
        Self::inet(InetProtocol::Udp)
    }

    /// Asks for the raw sockets of both address families.
    pub fn raw() -> Self {
        Self::inet(InetProtocol::Raw)
    }
}

impl Query<'_, InetSocket> {
    /// Asks for the sockets of one address family only.
    #[must_use]
    pub fn family(mut self, family: Family) -> Self {
        self.tables.retain(|table| matches!(table.form(), RowForm::Inet(_, of) if of == family));
        self
    }
}

/// Declares the questions about a table whose sockets have a type of their own.
macro_rules! queries_of_tables {
    ($($(#[doc = $doc:literal])* $name:ident($table:ident) -> $socket:ty,)*) => {
        $(impl Query<'static, $socket> {
            $(#[doc = $doc])*
            pub fn $name() -> Self {
                Self::about([Table::$table])
            }
        })*
    };
}

queries_of_tables! {
    /// Asks for the unix domain sockets.
    unix(Unix) -> UnixSocket,
    /// Asks for the packet sockets.
    packet(Packet) -> PacketSocket,
    /// Asks for the netlink sockets.
    netlink(Netlink) -> NetlinkSocket,
    /// Asks for the vsock sockets.
    vsock(Vsock) -> VsockSocket,
    /// Asks for the XDP sockets.
    xdp(Xdp) -> XdpSocket,
}

impl<T> Query<'static, T> {
    fn about(tables: impl IntoIterator<Item = Table>) -> Self {
        Self {
            tables: tables.into_iter().collect(),
            states: StateMask::ALL,
            details: Details::NONE,
            filter: Vec::new(),
            source: None,
            bounds: Bounds::default(),
            kind: PhantomData,
        }
    }
}

impl<'a, T> Query<'a, T> {
    /// Asks for listeners, and for datagram and raw sockets that are not connected: what `ss -l`
    /// lists.
    #[must_use]
    pub fn listening(self) -> Self {
        self.with_states([TcpState::Listen, TcpState::Close].into_iter().collect())
    }

    /// Asks for sockets in these states only, see [`Socket::state`](crate::model::Socket::state).
    #[must_use]
    pub fn with_states(self, states: StateMask) -> Self {
        Self { states, ..self }
    }

    /// Asks for these details, too.
    #[must_use]
    pub fn with_details(self, details: Details) -> Self {
        Self { details: self.details.union(details), ..self }
    }

    /// Asks for the sockets that a filter program of the kernel accepts
    /// (`INET_DIAG_REQ_BYTECODE`); empty for none.
    ///
    /// It makes a listing faster, no more: whoever filters still selects among the rows. All of
    /// them come from a text table, and where the kernel rejects the program, because it is older
    /// or because this process may not filter by what it asks (a mark).
    #[must_use]
    pub fn with_filter(self, filter: Vec<u8>) -> Self {
        Self { filter, ..self }
    }

    /// Reads from that source only. Otherwise sock_diag is asked, and the text table is read where
    /// there is no sock_diag, where it has no handler, and where this process may not ask.
    #[must_use]
    pub fn with_source(self, source: Source) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Reads within these limits. Without, they are [`Limits::default`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { bounds: Bounds { limits, ..self.bounds }, ..self }
    }

    /// Ends the reading when that says so.
    #[must_use]
    pub fn with_interrupt(self, interrupt: &'a dyn Interrupt) -> Self {
        Self { bounds: Bounds { interrupt, ..self.bounds }, ..self }
    }

    /// Returns the tables that are asked about.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    pub(crate) fn source(&self) -> Option<Source> {
        self.source
    }

    pub(crate) fn bounds(&self) -> Bounds<'a> {
        self.bounds
    }

    /// Returns the question about one of the tables.
    pub(crate) fn about_table(&self, table: Table) -> TableQuery {
        let (states, details) = (self.states, self.details);
        TableQuery { table, states, details, filter: self.filter.clone() }
    }
}

impl<T> fmt::Debug for Query<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables, states, details, filter, source, bounds, kind: PhantomData } = self;
        f.debug_struct("Query")
            .field("tables", tables)
            .field("states", states)
            .field("details", details)
            .field("filter", filter)
            .field("source", source)
            .field("limits", &bounds.limits)
            .finish_non_exhaustive()
    }
}

/// What bounds one reading.
#[derive(Clone, Copy)]
pub struct Bounds<'a> {
    /// The limits.
    pub limits: Limits,
    /// Asked whether the reading has to end.
    pub interrupt: &'a dyn Interrupt,
}

impl Default for Bounds<'_> {
    /// The default limits, without an interrupt.
    fn default() -> Self {
        Limits::default().into()
    }
}

impl From<Limits> for Bounds<'_> {
    /// These limits, without an interrupt.
    fn from(limits: Limits) -> Self {
        Self { limits, interrupt: &Uninterrupted }
    }
}

/// A question about one table, as sock_diag is asked it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableQuery {
    /// The table.
    pub table: Table,
    /// The states of the sockets that are wanted.
    pub states: StateMask,
    /// What is wanted beside addresses, state, queues, uid and the like, which always come.
    pub details: Details,
    /// A program that the kernel runs on each socket of an internet table
    /// (`INET_DIAG_REQ_BYTECODE`); empty for none.
    pub filter: Vec<u8>,
}

impl TableQuery {
    /// Asks for every socket of a table, without details.
    pub const fn new(table: Table) -> Self {
        Self { table, states: StateMask::ALL, details: Details::NONE, filter: Vec::new() }
    }

    /// Asks for sockets in these states only.
    #[must_use]
    pub fn with_states(self, states: StateMask) -> Self {
        Self { states, ..self }
    }

    /// Asks for these details, too.
    #[must_use]
    pub fn with_details(self, details: Details) -> Self {
        Self { details: self.details.union(details), ..self }
    }

    /// Asks for the sockets that a filter program of the kernel accepts.
    #[must_use]
    pub fn with_filter(self, filter: Vec<u8>) -> Self {
        Self { filter, ..self }
    }

    /// Returns the states that are wanted and that a socket of this table can be in.
    ///
    /// To ask for others costs much and gives nothing: for CLOSE of a TCP table, which only the
    /// text tables show, the kernel walks every connection.
    pub fn possible_states(&self) -> StateMask {
        self.states.intersection(possible_states(self.table))
    }
}

/// Returns the states in which sock_diag can show a socket of a table.
fn possible_states(table: Table) -> StateMask {
    use TcpState::{
        BoundInactive, Close, Closing, Established, Listen, NewSynRecv, SynSent, TimeWait,
    };
    match table.form() {
        RowForm::Inet(protocol, _) => {
            use InetProtocol as P;
            match protocol {
                P::Tcp => StateMask::ALL.without(StateMask::of(Close)),
                // Kernel: a connection in TIME-WAIT or half open is one of its subflows.
                P::Mptcp => StateMask::ALL
                    .without([TimeWait, NewSynRecv, BoundInactive].into_iter().collect()),
                // Kernel: an association is shown in a state of SCTP, whatever was asked for.
                P::Sctp => StateMask::ALL,
                P::Udp | P::UdpLite | P::Raw | P::Icmp => {
                    [Established, Close].into_iter().collect()
                }
            }
        }
        RowForm::Unix => [Established, Close, Listen].into_iter().collect(),
        RowForm::Vsock => [Established, SynSent, Close, Listen, Closing].into_iter().collect(),
        // These have no states; they count as unconnected.
        RowForm::Packet | RowForm::Netlink | RowForm::Xdp => StateMask::of(Close),
    }
}

/// A set of details that cost time or space to get. Those that a table does not have are ignored.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Details(u16);

/// Declares the details, so that name, bit and documentation stand together.
macro_rules! details {
    ($($(#[doc = $doc:literal])* $name:ident = $bit:literal,)*) => {
        impl Details {
            /// Every detail.
            pub const ALL: Self = Self($(1 << $bit)|*);
            $($(#[doc = $doc])* pub const $name: Self = Self(1 << $bit);)*
        }

        impl fmt::Debug for Details {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut set = f.debug_set();
                $(if self.contains(Self::$name) {
                    set.entry(&format_args!(stringify!($name)));
                })*
                set.finish()
            }
        }
    };
}

details! {
    /// The statistics of a connection, congestion control, upper layer protocol and signing keys.
    INFO = 0,
    /// The memory. Packet and netlink sockets tell it always.
    MEMORY = 1,
    /// Type of service, traffic class and class id of internet sockets.
    TRAFFIC_CLASS = 2,
    /// The file of a unix socket.
    FILE = 3,
    /// The connections that wait at a unix listener.
    PENDING = 4,
    /// The rings of packet and XDP sockets.
    RINGS = 5,
    /// How packet sockets share packets.
    FANOUT = 6,
    /// The filter of a packet socket.
    FILTER = 7,
    /// The multicast addresses of a packet socket.
    MULTICAST = 8,
    /// The memory that an XDP socket shares with the kernel.
    UMEM = 9,
    /// The counters of an XDP socket.
    STATISTICS = 10,
}

bit_set!(Details, NONE);

impl Details {
    /// Returns whether all of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
