//! The query for one table, and the bounds of a reading.

use std::fmt;

use crate::{
    limits::Limits,
    model::{InetProtocol, RowForm, StateMask, Table, TcpState},
    visit::{Interrupt, Uninterrupted},
};

/// The bounds of one reading.
#[derive(Clone, Copy)]
pub struct Bounds<'a> {
    /// The limits.
    pub limits: Limits,
    /// Polled to learn whether the reading has to end.
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

/// A query for one table, as sock_diag receives it; [`Query`](crate::Query) is the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableQuery {
    /// The table.
    pub table: Table,
    /// The states of the sockets that are wanted.
    pub states: StateMask,
    /// Details in addition to addresses, state, queues, uid and so on, which are always sent.
    pub details: Details,
    /// A program that the kernel runs on each socket of an internet table
    /// (`INET_DIAG_REQ_BYTECODE`); empty for none.
    pub filter: Vec<u8>,
}

impl TableQuery {
    /// Returns a query for every socket of a table, without details.
    pub const fn new(table: Table) -> Self {
        Self { table, states: StateMask::ALL, details: Details::NONE, filter: Vec::new() }
    }

    /// Returns the wanted states that a socket of this table can be in.
    ///
    /// Asking for others is expensive and useless: for CLOSE of a TCP table, which only the text
    /// tables contain, the kernel walks every connection.
    pub fn possible_states(&self) -> StateMask {
        self.states.intersection(possible_states(self.table))
    }
}

/// Returns the states in which sock_diag can report a socket of a table.
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
                // Kernel: an association is reported in a state of SCTP, whatever was asked for.
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

/// A set of details that take time or space. Those that a table lacks are ignored.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Details(u16);

/// Declares the details, so that name, bit and documentation are in one place.
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
    /// The memory. Packet and netlink sockets always report it.
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
