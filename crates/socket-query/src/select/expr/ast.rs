//! The tree of a filter.

use std::{net::IpAddr, num::NonZeroU32};

use bstr::BString;
use procnetsocket::Pid;

/// An expression over one socket.
///
/// It is made by [`Expr::and`] and [`Expr::or`], which keep one form for equivalent expressions: a
/// list has at least two members, and none of them is a list of the same kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expr {
    /// All of these hold; at least two.
    All(Vec<Expr>),
    /// At least one of these holds; at least two.
    Any(Vec<Expr>),
    /// This one does not hold.
    Not(Box<Expr>),
    /// A condition holds.
    Is(Predicate),
}

/// A condition on one socket. A condition on something that a socket or its source lacks does not
/// hold, unless its documentation says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Predicate {
    /// An address and perhaps a port.
    Host {
        /// Which end.
        side: Side,
        /// The address.
        host: HostPattern,
    },
    /// A port against a number.
    Port {
        /// Which end.
        side: Side,
        /// How they compare, the socket's port on the left.
        comparison: Comparison,
        /// The number.
        port: PortNumber,
    },
    /// The interface that a socket is bound to; `None` for those that are bound to none, and for
    /// those whose interface the source does not report.
    Device(Option<NonZeroU32>),
    /// The firewall mark: `mark & mask == value`. A mark that the source does not report counts as
    /// 0.
    Mark {
        /// The value that the masked bits must have.
        value: u32,
        /// The bits of the mark that count.
        mask: u32,
    },
    /// The control group (version 2).
    Cgroup(Cgroup),
    /// The control group belongs to a container whose id begins with these digits.
    Container(WorkloadGroups),
    /// The control group belongs to a systemd unit whose name matches this shell pattern, in upper
    /// or lower case.
    Unit(WorkloadGroups),
    /// A process of this number has the socket open. It never holds before the processes of sockets
    /// are known.
    Pid(Pid),
    /// A process whose name matches a shell pattern has the socket open, in upper or lower case. It
    /// never holds before the processes of sockets are known. The pattern is not empty.
    Comm(BString),
    /// A process with this id has the socket at the other end open. It never holds before the other
    /// ends and the processes of sockets are known.
    PeerPid(Pid),
    /// A process whose name matches a pattern, as in [`Predicate::Comm`], has the socket at the
    /// other end open.
    PeerComm(BString),
    /// The socket is in the network namespace with this name or inode. It holds only in a listing
    /// of every namespace.
    Netns(BString),
    /// The socket belongs to this user id.
    User(u32),
    /// The kernel chose the address: the port of an internet socket is in the range that the kernel
    /// assigns by itself; see the evaluator for the other families.
    Autobound,
}

/// Which end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The local one: `src`, `sport`.
    Local,
    /// The remote one: `dst`, `dport`.
    Remote,
}

/// How a port is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`, `==`, `eq`.
    Equal,
    /// `!=`, `ne`, `neq`.
    NotEqual,
    /// `>=`, `ge`, `geq`.
    AtLeast,
    /// `<=`, `le`, `leq`.
    AtMost,
    /// `>`, `gt`.
    Above,
    /// `<`, `lt`.
    Below,
}

/// A number that ports are compared with.
///
/// Compat: it is not checked against the range of ports. The compared value may be an inode or a
/// netlink port id, and those beyond 31 bits are negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortNumber {
    /// `*`. It equals every port; in an order it is -1, which is below all ports.
    Any,
    /// A number; never -1, which is [`PortNumber::Any`].
    Number(i64),
}

impl PortNumber {
    /// Returns the pattern for a number: -1 is [`PortNumber::Any`].
    pub const fn of(number: i64) -> Self {
        if number == -1 { Self::Any } else { Self::Number(number) }
    }
}

/// A pattern for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostPattern {
    /// An internet address in this network, or any address of any family, and this port. A host
    /// name with several addresses becomes one condition for each.
    Inet {
        /// The network, or `None` for every address.
        network: Option<Network>,
        /// The port.
        port: PortNumber,
    },
    /// A unix socket whose name matches a shell pattern, in upper or lower case; the empty pattern
    /// matches only sockets without a name.
    Unix(BString),
    /// A packet socket.
    Link {
        /// The ethertype, or `None` for any.
        protocol: Option<u16>,
        /// The index of the interface; [`PortNumber::Any`] for any, 0 for none.
        interface: PortNumber,
    },
    /// A netlink socket.
    Netlink {
        /// The netlink family, or `None` for any.
        protocol: Option<u32>,
        /// The port id; 0 is the kernel.
        port_id: PortNumber,
    },
    /// A vsock socket.
    Vsock {
        /// The context, or `None` for any.
        cid: Option<u32>,
        /// The port.
        port: PortNumber,
    },
}

/// A block of internet addresses.
///
/// An IPv4 block also contains the IPv6 addresses to which its addresses are mapped
/// (`::ffff:10.0.0.1`). An IPv6 block contains no IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// An address of the block; the bits after the prefix are ignored.
    pub address: IpAddr,
    /// The length of the prefix: at most 32 for IPv4 and 128 for IPv6.
    pub bits: u8,
}

/// A control group, by its path and the id of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    /// The path below the mount of the hierarchy, beginning with `/`.
    pub path: BString,
    /// The id (the inode of its directory).
    pub id: u64,
}

/// The control groups of containers or units, and the pattern that named them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadGroups {
    /// The digits or the pattern.
    pub pattern: BString,
    /// The ids of the groups in ascending order, as they were when the filter was parsed.
    pub ids: Vec<u64>,
}

impl WorkloadGroups {
    /// Returns whether a group is one of them.
    pub fn contains(&self, id: u64) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}

impl Expr {
    /// Returns the expression that holds when both do.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut all = match self {
            Self::All(all) => all,
            one => vec![one],
        };
        match other {
            Self::All(more) => all.extend(more),
            one => all.push(one),
        }
        Self::All(all)
    }

    /// Returns the expression that holds when one of both does.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut any = match self {
            Self::Any(any) => any,
            one => vec![one],
        };
        match other {
            Self::Any(more) => any.extend(more),
            one => any.push(one),
        }
        Self::Any(any)
    }

    /// Returns the expression that holds when this one does not.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }
}
