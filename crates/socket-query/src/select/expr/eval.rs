//! Evaluates an expression for a socket. It allocates memory only for names with bytes as they are
//! printed.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    ops::RangeInclusive,
};

use procnetsocket::{
    NetNamespace, Peer, PeerTable,
    model::{InetSocket, Inode, NetlinkSocket, Socket, Source, UnixName, UnixSocket, VsockAddr},
};

use super::{
    ast::{Comparison, Expr, HostPattern, Network, PortNumber, Predicate, Side},
    glob::{self, GlobSubject},
    process_matches::ProcessMatches,
};

/// The data of an evaluation besides the socket.
pub(crate) struct Facts<'a> {
    /// The ports that the kernel assigns by itself.
    pub(crate) local_ports: &'a RangeInclusive<u16>,
    /// The processes of sockets; `None` before they are known, and then no condition on processes
    /// holds.
    pub(crate) matches: Option<&'a ProcessMatches>,
    /// The network namespace, in a listing of all namespaces.
    pub(crate) namespace: Option<&'a NetNamespace>,
    /// The other ends of connections; `None` before they are known.
    pub(crate) peers: Option<&'a PeerTable>,
}

/// Returns whether a socket satisfies an expression.
pub(crate) fn admits(expr: &Expr, socket: &Socket<'_>, facts: &Facts<'_>) -> bool {
    match expr {
        Expr::All(all) => all.iter().all(|expr| admits(expr, socket, facts)),
        Expr::Any(any) => any.iter().any(|expr| admits(expr, socket, facts)),
        Expr::Not(expr) => !admits(expr, socket, facts),
        Expr::Is(predicate) => holds(predicate, socket, facts),
    }
}

fn holds(predicate: &Predicate, socket: &Socket<'_>, facts: &Facts<'_>) -> bool {
    match predicate {
        Predicate::Host { side, host } => is_host(host, *side, socket),
        Predicate::Port { side, comparison, port } => {
            compares(port_of(socket, *side), *comparison, *port)
        }
        Predicate::Device(interface) => interface_of(socket) == *interface,
        Predicate::Mark { value, mask } => mark_of(socket) & mask == *value,
        Predicate::Cgroup(cgroup) => cgroup_of(socket) == cgroup.id,
        Predicate::Container(groups) | Predicate::Unit(groups) => {
            groups.contains(cgroup_of(socket))
        }
        Predicate::Pid(pid) => held(facts, socket.inode(), |held, inode| held.has_pid(*pid, inode)),
        Predicate::Comm(pattern) => {
            held(facts, socket.inode(), |held, inode| held.has_comm(pattern, inode))
        }
        Predicate::PeerPid(pid) => {
            held(facts, peer_inode(socket, facts), |held, inode| held.has_pid(*pid, inode))
        }
        Predicate::PeerComm(pattern) => {
            held(facts, peer_inode(socket, facts), |held, inode| held.has_comm(pattern, inode))
        }
        Predicate::Netns(word) => facts.namespace.is_some_and(|there| {
            // As it is, or as it is printed.
            there.answers_to(word)
                || word.contains(&b'\\') && there.answers_to(&builtin_cli::unescape(word))
        }),
        Predicate::User(uid) => socket.uid() == Some(*uid),
        Predicate::Autobound => is_autobound(socket, facts.local_ports),
    }
}

/// Returns the inode of the socket at the other end, as far as it is known.
fn peer_inode(socket: &Socket<'_>, facts: &Facts<'_>) -> Option<Inode> {
    let namespace = facts.namespace.map(|namespace| namespace.id);
    match facts.peers?.peer_of(namespace, socket) {
        Peer::Known(peer) => peer.inode,
        _ => None,
    }
}

fn held(
    facts: &Facts<'_>,
    inode: Option<Inode>,
    is_held: impl FnOnce(&ProcessMatches, Inode) -> bool,
) -> bool {
    facts.matches.zip(inode).is_some_and(|(matches, inode)| is_held(matches, inode))
}

fn is_host(host: &HostPattern, side: Side, socket: &Socket<'_>) -> bool {
    match (host, socket) {
        (HostPattern::Inet { network, port }, socket) => {
            is_port(socket, side, *port) && network.is_none_or(|net| is_in(&net, socket, side))
        }
        (HostPattern::Unix(pattern), Socket::Unix(unix)) => {
            glob::matches_unix(pattern, unix_name(unix, side))
        }
        (HostPattern::Link { protocol, interface }, Socket::Packet(packet)) => {
            // The other end of a packet socket is empty: protocol and interface 0.
            let its = if side == Side::Local { packet.protocol } else { 0 };
            protocol.is_none_or(|wanted| wanted == its) && is_port(socket, side, *interface)
        }
        (HostPattern::Netlink { protocol, port_id }, Socket::Netlink(netlink)) => {
            // Compat: at the other end the family counts as 0, which is that of routing.
            let its = if side == Side::Local { netlink.protocol } else { 0 };
            protocol.is_none_or(|wanted| wanted == its) && is_port(socket, side, *port_id)
        }
        (HostPattern::Vsock { cid, port }, Socket::Vsock(vsock)) => {
            let its = if side == Side::Local { vsock.local.cid } else { vsock.remote.cid };
            cid.is_none_or(|wanted| wanted == its) && is_port(socket, side, *port)
        }
        (host, _) => asks_for_nothing(host),
    }
}

/// Compat: an empty pattern holds for sockets of every family, as `*` does.
fn asks_for_nothing(host: &HostPattern) -> bool {
    use PortNumber::Any;
    matches!(
        host,
        HostPattern::Link { protocol: None, interface: Any }
            | HostPattern::Netlink { protocol: None, port_id: Any }
            | HostPattern::Vsock { cid: None, port: Any }
    )
}

/// Returns the name at one end. The source does not report the one at the other end.
fn unix_name(unix: &UnixSocket, side: Side) -> &UnixName {
    match side {
        Side::Local => &unix.name,
        Side::Remote => &UnixName::Unnamed,
    }
}

/// Returns whether an address of a socket is in a network. Sockets without internet addresses are
/// in networks of the whole internet.
fn is_in(network: &Network, socket: &Socket<'_>, side: Side) -> bool {
    let Socket::Inet(inet) = socket else { return network.bits == 0 };
    match (network.address, address_of(inet, side)) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            shares_v4(net.into(), address.into(), network.bits)
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => shares_v6(net, address, network.bits),
        (IpAddr::V4(net), IpAddr::V6(address)) => address
            .to_ipv4_mapped()
            .is_some_and(|address| shares_v4(net.into(), address.into(), network.bits)),
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn address_of(inet: &InetSocket, side: Side) -> IpAddr {
    match side {
        Side::Local => inet.local.ip(),
        Side::Remote => inet.remote.ip(),
    }
}

fn shares_v4(one: u32, other: u32, bits: u8) -> bool {
    (one ^ other).leading_zeros() >= bits.into()
}

fn shares_v6(one: Ipv6Addr, other: Ipv6Addr, bits: u8) -> bool {
    (u128::from(one) ^ u128::from(other)).leading_zeros() >= bits.into()
}

fn is_port(socket: &Socket<'_>, side: Side, port: PortNumber) -> bool {
    compares(port_of(socket, side), Comparison::Equal, port)
}

fn compares(port: i64, comparison: Comparison, with: PortNumber) -> bool {
    let number = match (with, comparison) {
        (PortNumber::Any, Comparison::Equal) => return true,
        (PortNumber::Any, Comparison::NotEqual) => return false,
        (PortNumber::Any, _) => -1,
        (PortNumber::Number(number), _) => number,
    };
    match comparison {
        Comparison::Equal => port == number,
        Comparison::NotEqual => port != number,
        Comparison::AtLeast => port >= number,
        Comparison::AtMost => port <= number,
        Comparison::Above => port > number,
        Comparison::Below => port < number,
    }
}

/// Returns what is compared with a port number.
///
/// Compat: for families without ports, this is what iproute2 keeps in that field: the inodes of
/// unix sockets, which the text table lacks; the interface of packet sockets; the port id of
/// netlink sockets, and -1 at the other end.
fn port_of(socket: &Socket<'_>, side: Side) -> i64 {
    match (socket, side) {
        (Socket::Inet(inet), Side::Local) => inet.local.port().into(),
        (Socket::Inet(inet), Side::Remote) => inet.remote.port().into(),
        (Socket::Unix(unix), side) => unix_port(unix, side),
        (Socket::Packet(_) | Socket::Xdp(_), Side::Local) => {
            interface_of(socket).map_or(0, |interface| interface.get().into())
        }
        (Socket::Netlink(netlink), Side::Local) => netlink_port(netlink),
        (Socket::Netlink(_), Side::Remote) => -1,
        (Socket::Vsock(vsock), Side::Local) => vsock_port(vsock.local),
        (Socket::Vsock(vsock), Side::Remote) => vsock_port(vsock.remote),
        // Packet and XDP sockets have no other end. Neither has a family that a later version of
        // the model adds.
        _ => 0,
    }
}

fn unix_port(unix: &UnixSocket, side: Side) -> i64 {
    let inode = match side {
        _ if unix.source == Source::ProcText => None,
        Side::Local => unix.inode,
        Side::Remote => unix.detail.peer,
    };
    inode.and_then(|inode| i64::try_from(inode.get()).ok()).unwrap_or_default()
}

/// Compat: port ids of more than 31 bits are negative.
fn netlink_port(netlink: &NetlinkSocket) -> i64 {
    netlink.port_id.cast_signed().into()
}

fn vsock_port(address: VsockAddr) -> i64 {
    if address.port == VsockAddr::ANY { -1 } else { address.port.into() }
}

/// Returns the interface that a socket is bound to, as far as its source reports it.
fn interface_of(socket: &Socket<'_>) -> Option<NonZeroU32> {
    match socket {
        Socket::Inet(inet) => inet.interface,
        Socket::Packet(packet) => packet.interface,
        Socket::Xdp(xdp) => xdp.detail.queue.and_then(|queue| NonZeroU32::new(queue.interface)),
        _ => None,
    }
}

/// Returns the firewall mark, or 0 if the source does not report one.
fn mark_of(socket: &Socket<'_>) -> u32 {
    match socket {
        Socket::Inet(inet) => inet.detail.mark.unwrap_or_default(),
        _ => 0,
    }
}

/// Returns the id of the control group, or 0, which no group has, if the source does not report
/// one.
fn cgroup_of(socket: &Socket<'_>) -> u64 {
    match socket {
        Socket::Inet(inet) => inet.detail.cgroup_id.unwrap_or_default(),
        _ => 0,
    }
}

/// Returns whether the kernel probably chose the address of a socket.
fn is_autobound(socket: &Socket<'_>, local_ports: &RangeInclusive<u16>) -> bool {
    match socket {
        // For a raw socket this is its IP protocol.
        Socket::Inet(inet) => local_ports.contains(&inet.local.port()),
        Socket::Unix(unix) => is_autobound_name(GlobSubject::of(&unix.name)),
        Socket::Packet(packet) => packet.protocol == 0 && packet.interface.is_none(),
        Socket::Netlink(netlink) => netlink_port(netlink) < 0,
        Socket::Vsock(vsock) => vsock_port(vsock.local) > LAST_PRIVILEGED_VSOCK_PORT,
        _ => false,
    }
}

/// Kernel: ports above this one are assigned by the kernel (`LAST_RESERVED_PORT` in
/// `net/vmw_vsock/af_vsock.c`).
const LAST_PRIVILEGED_VSOCK_PORT: i64 = 1023;

/// Kernel: a name that `unix_autobind` chose is abstract and has five hexadecimal digits.
fn is_autobound_name(name: GlobSubject<'_>) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name == GlobSubject::NONE
        || name.get(0) == Some(b'@')
            && name.len() == 6
            && (1..6).all(|at| name.get(at).is_some_and(is_digit))
}
