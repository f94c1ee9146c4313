//! The keys by which sockets are sorted: numbers and addresses are compared by value, not as text.

use std::{cmp::Reverse, net::SocketAddr};

use bstr::BString;
use procnetsocket::model::{NetlinkSocket, Socket, VsockAddr};
use socket_query::shown_state_of;

use crate::cli::{Direction, SortKey};

/// The position of a socket by one key. Sockets without the key come last, in either direction.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Up(SortValue),
    Down(Reverse<SortValue>),
    Missing,
}

/// A value of a key. Addresses of different families are in the order of this list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortValue {
    /// A value that can be negative: the queues of netlink sockets are signed in the kernel.
    Signed(i64),
    Number(u64),
    /// IPv4 before IPv6; then by port.
    Inet(SocketAddr),
    /// Context and port, protocol and port, or protocol and interface.
    Pair(u32, u32),
    Name(BString),
}

/// Returns the position of a socket by a key.
pub(super) fn rank((key, direction): (SortKey, Direction), socket: &Socket<'_>) -> Rank {
    match (value(key, socket), direction) {
        (None, _) => Rank::Missing,
        (Some(value), Direction::Up) => Rank::Up(value),
        (Some(value), Direction::Down) => Rank::Down(Reverse(value)),
    }
}

fn value(key: SortKey, socket: &Socket<'_>) -> Option<SortValue> {
    match key {
        SortKey::RecvQ => recv_q(socket),
        SortKey::SendQ => send_q(socket),
        SortKey::Local => local(socket),
        SortKey::Peer => peer(socket),
        SortKey::Port => port(socket).map(|port| SortValue::Number(port.into())),
        SortKey::Uid => socket.uid().map(|uid| SortValue::Number(uid.into())),
        SortKey::Inode => socket.inode().map(|inode| SortValue::Number(inode.get())),
        SortKey::State => Some(SortValue::Number(shown_state_of(socket).number().into())),
    }
}

/// Queues of all families are one kind of value. The text shows one over 31 bits with a sign; it is
/// sorted by its unsigned value, as in JSON.
fn queue(length: impl Into<i64>) -> SortValue {
    SortValue::Signed(length.into())
}

fn recv_q(socket: &Socket<'_>) -> Option<SortValue> {
    match socket {
        Socket::Inet(inet) => Some(queue(inet.queues.recv)),
        Socket::Unix(unix) => unix.detail.queues.map(|queues| queue(queues.recv)),
        Socket::Packet(packet) => Some(queue(packet.recv)),
        Socket::Netlink(netlink) => Some(queue(netlink.recv)),
        Socket::Xdp(xdp) => xdp.detail.memory.map(|memory| queue(memory.receive_allocated)),
        _ => None,
    }
}

fn send_q(socket: &Socket<'_>) -> Option<SortValue> {
    match socket {
        Socket::Inet(inet) => Some(queue(inet.queues.send)),
        Socket::Unix(unix) => unix.detail.queues.map(|queues| queue(queues.send)),
        Socket::Netlink(netlink) => Some(queue(netlink.send)),
        _ => None,
    }
}

fn local(socket: &Socket<'_>) -> Option<SortValue> {
    Some(match socket {
        Socket::Inet(inet) => SortValue::Inet(inet.local),
        Socket::Unix(unix) => SortValue::Name(unix.name.bytes()?.to_owned()),
        Socket::Packet(packet) => SortValue::Pair(
            packet.protocol.into(),
            packet.interface.map_or(0, std::num::NonZeroU32::get),
        ),
        Socket::Netlink(netlink) => SortValue::Pair(netlink.protocol, netlink.port_id),
        Socket::Vsock(vsock) => pair(vsock.local),
        Socket::Xdp(xdp) => {
            let queue = xdp.detail.queue?;
            SortValue::Pair(queue.interface, queue.queue)
        }
        _ => return None,
    })
}

/// A socket that is not connected has no peer.
fn peer(socket: &Socket<'_>) -> Option<SortValue> {
    match socket {
        Socket::Inet(inet) => {
            let is_none = inet.remote.ip().is_unspecified() && inet.remote.port() == 0;
            (!is_none).then_some(SortValue::Inet(inet.remote))
        }
        Socket::Unix(unix) => unix.detail.peer.map(|peer| SortValue::Number(peer.get())),
        Socket::Netlink(netlink) => netlink_peer(netlink),
        Socket::Vsock(vsock) => {
            let is_none = vsock.remote.cid == VsockAddr::ANY && vsock.remote.port == VsockAddr::ANY;
            (!is_none).then_some(pair(vsock.remote))
        }
        _ => None,
    }
}

fn netlink_peer(netlink: &NetlinkSocket) -> Option<SortValue> {
    let detail = netlink.detail.as_ref().filter(|detail| detail.is_connected())?;
    Some(SortValue::Pair(detail.remote_group, detail.remote_port_id))
}

fn pair(address: VsockAddr) -> SortValue {
    SortValue::Pair(address.cid, address.port)
}

/// Returns `None` for a missing port: 0 for an internet socket, all ones for a vsock one.
fn port(socket: &Socket<'_>) -> Option<u32> {
    match socket {
        Socket::Inet(inet) => Some(inet.local.port().into()).filter(|port| *port != 0),
        Socket::Vsock(vsock) => Some(vsock.local.port).filter(|port| *port != VsockAddr::ANY),
        Socket::Netlink(netlink) => Some(netlink.port_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use procnetsocket::model::OwnedSocket;
    use rstest::rstest;

    use super::*;

    /// Returns a socket of sock_diag with that kernel state and receive queue.
    fn inet(protocol: &str, state: &str, recv_q: u32) -> OwnedSocket {
        let end = r#"{"address":"127.0.0.1","port":1}"#;
        let text = format!(
            r#"{{"family":"inet","source":"sock_diag","protocol":"{protocol}","local":{end},"peer":{end},
            "kernel_state":"{state}","recv_q":{recv_q},"send_q":{recv_q},"uid":0}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn netlink(recv_q: i32) -> OwnedSocket {
        let text = format!(
            r#"{{"family":"netlink","protocol":0,"port_id":1,"groups":0,"recv_q":{recv_q},"send_q":0}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn up(key: SortKey, socket: &OwnedSocket) -> Rank {
        rank((key, Direction::Up), &socket.as_socket())
    }

    #[test]
    fn sockets_that_are_shown_in_one_state_are_together() {
        let idle = inet("tcp", "bound-inactive", 0);
        let closed = inet("udp", "close", 0);
        assert_eq!(up(SortKey::State, &idle), up(SortKey::State, &closed));
        assert!(up(SortKey::State, &idle) < up(SortKey::State, &inet("tcp", "listen", 0)));
    }

    #[rstest]
    #[case::recv_q(SortKey::RecvQ)]
    #[case::send_q(SortKey::SendQ)]
    fn queues_over_31_bits_are_the_longest(#[case] key: SortKey) {
        let queues =
            [0, 1, u32::MAX >> 1, 1 << 31, u32::MAX].map(|n| inet("tcp", "established", n));
        assert!(queues.is_sorted_by(|short, long| up(key, short) < up(key, long)));
    }

    #[test]
    fn queues_of_other_families_are_sorted_among_them() {
        let ranks = [netlink(-1), inet("udp", "close", 0), netlink(1), inet("udp", "close", 2)]
            .map(|socket| up(SortKey::RecvQ, &socket));
        assert!(ranks.is_sorted_by(|short, long| short < long));
    }
}
