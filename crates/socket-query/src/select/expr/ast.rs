//! The tree of a filter.

use std::{net::IpAddr, num::NonZeroU32};

use bstr::BString;
use procnetsocket::Pid;

/// An expression over one socket.
///
/// It is made by [`Expr::and`] and [`Expr::or`], which keep one form for expressions that mean the
/// same: a list has two members or more, and no member of a list is a list of the same kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expr {
    /// Every one of them holds, two or more.
    All(Vec<Expr>),
    /// At least one of them holds, of two or more.
    Any(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A condition holds.
    Is(Predicate),
}

/// A condition on one socket. A condition on something that a socket does not have, or that its
/// source does not tell, does not hold, unless its documentation says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Predicate {
    /// An address and perhaps a port.
    Host {
        /// Whose.
        side: Side,
        /// What it has to be.
        host: HostPattern,
    },
    /// A port against a number.
    Port {
        /// Whose.
        side: Side,
        /// How they compare, the socket's port on the left.
        comparison: Comparison,
        /// The number.
        port: PortNumber,
    },
    /// The interface that a socket is bound to; `None` for those that are bound to none, as is
    /// every socket of which no interface is told.
    Device(Option<NonZeroU32>),
    /// The firewall mark: `mark & mask == value`. A mark that is not told counts as 0.
    Mark {
        /// What is left of the mark.
        value: u32,
        /// What of the mark counts.
        mask: u32,
    },
    /// The control group (version 2).
    Cgroup(Cgroup),
    /// The control group belongs to a container whose id begins with these digits.
    Container(WorkloadGroups),
    /// The control group belongs to a systemd unit whose name matches this pattern of the shell, in
    /// upper or lower case.
    Unit(WorkloadGroups),
    /// A process of this number holds the socket. It is known once the processes of sockets were
    /// looked for; before, it does not hold.
    Pid(Pid),
    /// A process holds the socket whose name matches a pattern of the shell, in upper or lower
    /// case. It is known as [`Predicate::Pid`] is. No pattern is empty.
    Comm(BString),
    /// A process of this number holds the socket at the other end, which is known once the other
    /// ends and the processes of sockets were looked for; before, it does not hold.
    PeerPid(Pid),
    /// A process holds the socket at the other end whose name matches a pattern, as in
    /// [`Predicate::Comm`].
    PeerComm(BString),
    /// The socket is in the network namespace of this name, or of this inode. It holds in a listing
    /// of every namespace only.
    Netns(BString),
    /// The socket belongs to this user id.
    User(u32),
    /// The kernel chose the address: an internet socket's port lies in the range that the kernel
    /// hands out; see the evaluator for the other families.
    Autobound,
}

/// Which end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The local one: `src`, `sport`.
    Local,
    /// The one on the other side: `dst`, `dport`.
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
/// Compat: it is not checked against the range of ports. What stands in the place of a port may be
/// an inode or a netlink port id, and those beyond 31 bits are negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortNumber {
    /// `*`. It equals every port; in an order it stands for -1, which is below all ports.
    Any,
    /// A number; never -1, which is [`PortNumber::Any`].
    Number(i64),
}

impl PortNumber {
    /// Returns what a number stands for.
    pub const fn of(number: i64) -> Self {
        if number == -1 { Self::Any } else { Self::Number(number) }
    }
}

/// What an address has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostPattern {
    /// An internet address in this network, or any address of any family, and this port. A host
    /// name with more than one address becomes as many conditions.
    Inet {
        /// The network, or `None` for every address.
        network: Option<Network>,
        /// The port.
        port: PortNumber,
    },
    /// A unix socket whose name matches a pattern of the shell, in upper or lower case; the empty
    /// pattern matches sockets without a name alone.
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
/// An IPv4 block also holds the IPv6 addresses to which its addresses are mapped
/// (`::ffff:10.0.0.1`). An IPv6 block holds no IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// An address of the block; the bits behind the prefix do not count.
    pub address: IpAddr,
    /// The length of the prefix: at most 32 for IPv4 and 128 for IPv6.
    pub bits: u8,
}

/// A control group, as it was named and as the kernel numbers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    /// The path below the mount of the hierarchy, beginning with `/`.
    pub path: BString,
    /// The id.
    pub id: u64,
}

/// The control groups of containers or units, as these were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadGroups {
    /// The digits or the pattern.
    pub pattern: BString,
    /// The ids of the groups, in order. They are those of the time when the filter was understood.
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
