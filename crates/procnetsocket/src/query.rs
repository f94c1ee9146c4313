//! Queries: which sockets of which tables, with which details.

use std::{fmt, marker::PhantomData};

use crate::{
    ahead::Ahead,
    diag::AheadQuery,
    limits::Limits,
    model::{
        Family, InetProtocol, InetSocket, NetlinkSocket, OwnedSocket, PacketSocket, RowForm,
        Source, StateMask, Table, TcpState, UnixSocket, VsockSocket, XdpSocket,
    },
    table_query::{Bounds, Details, TableQuery},
    visit::Interrupt,
};

/// A query for one or more tables.
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
    ahead: Option<&'a Ahead>,
    is_any_order: bool,
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

/// Declares the queries for tables whose sockets have a separate type.
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
            ahead: None,
            is_any_order: false,
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

    /// Asks only for sockets in these states, see [`Socket::state`](crate::model::Socket::state).
    #[must_use]
    pub fn with_states(self, states: StateMask) -> Self {
        Self { states, ..self }
    }

    /// Asks for these details.
    #[must_use]
    pub fn with_details(self, details: Details) -> Self {
        Self { details: self.details.union(details), ..self }
    }

    /// Asks for the sockets that a filter program of the kernel accepts
    /// (`INET_DIAG_REQ_BYTECODE`); empty for none.
    ///
    /// It only makes a listing faster: the caller still has to filter the rows. A text table
    /// returns all of them, and so does a kernel that rejects the program, because it is older or
    /// because this process may not filter by a mark.
    #[must_use]
    pub fn with_filter(self, filter: Vec<u8>) -> Self {
        Self { filter, ..self }
    }

    /// Reads only from this source. By default sock_diag is used, and the text table is read where
    /// there is no sock_diag, where it has no handler, and where this process may not use it.
    #[must_use]
    pub fn with_source(self, source: Source) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Reads within these limits. The default is [`Limits::default`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { bounds: Bounds { limits, ..self.bounds }, ..self }
    }

    /// Polls this interrupt, and ends the reading when it returns true.
    #[must_use]
    pub fn with_interrupt(self, interrupt: &'a dyn Interrupt) -> Self {
        Self { bounds: Bounds { interrupt, ..self.bounds }, ..self }
    }

    /// Allows the TCP sockets of IPv4 and IPv6 in any order, where both tables are visited one
    /// after the other: the kernel then needs only one walk, however many there are. Sockets of one
    /// family stay in their order; all may come as rows of the first table.
    #[must_use]
    pub fn in_any_order(self) -> Self {
        Self { is_any_order: true, ..self }
    }

    /// Uses what is received and read [ahead](crate::SocketTables::ahead).
    pub(crate) fn with_ahead(self, ahead: &'a Ahead) -> Self {
        Self { ahead: Some(ahead), ..self }
    }

    /// Returns the tables of the query.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    pub(crate) fn ahead(&self) -> Option<&'a Ahead> {
        self.ahead
    }

    pub(crate) fn source(&self) -> Option<Source> {
        self.source
    }

    pub(crate) fn bounds(&self) -> Bounds<'a> {
        self.bounds
    }

    /// Returns the query for one of the tables, and the order of its answer.
    pub(crate) fn ahead_query(&self, table: Table) -> AheadQuery {
        AheadQuery { table_query: self.about_table(table), is_any_order: self.is_any_order }
    }

    /// Returns the query for one of the tables.
    pub(crate) fn about_table(&self, table: Table) -> TableQuery {
        let (states, details) = (self.states, self.details);
        TableQuery { table, states, details, filter: self.filter.clone() }
    }
}

impl<T> fmt::Debug for Query<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables, states, details, filter, source, bounds, .. } = self;
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
