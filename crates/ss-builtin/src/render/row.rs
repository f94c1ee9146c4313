//! A socket as the cells of a row.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use bstr::BStr;
use procnetsocket::model::{
    InetProtocol, InetSocket, Inode, KernelPointer, NetlinkSocket, PacketSocket, Socket, TcpDetail,
    TcpState, Timer, TimerKind, UnixName, UnixSocket,
};
use socket_query::{PolicyView, SocketTable, TransportProtocol, state_of};

use super::{
    addr::push_address,
    column::ColumnId,
    escape::push_name,
    name::{ethertype, netlink_family},
    number::{push_decimal, push_general, push_hex, push_signed},
    table::Cells,
};
use crate::cli::{Detail, DetailSet, Names};

/// The ports that the kernel hands out by itself where it does not say so.
///
/// Compat: iproute2's assumption when it cannot read the setting, from kernels of long ago.
const DEFAULT_PORT_RANGE: RangeInclusive<u16> = 1024..=4999;

/// The protocol number of an ethertype that stands for every protocol (`ETH_P_ALL`).
const ETH_P_ALL: u16 = 3;

/// Turns sockets into cells.
pub(crate) struct RowRenderer<'a> {
    view: &'a PolicyView,
    names: Names,
    details: DetailSet,
    port_range: RangeInclusive<u16>,
}

impl<'a> RowRenderer<'a> {
    pub(crate) fn new(view: &'a PolicyView, names: Names, details: DetailSet) -> Self {
        let port_range = view.local_port_range().unwrap_or(DEFAULT_PORT_RANGE);
        Self { view, names, details, port_range }
    }

    /// Fills the cells of a socket's row.
    pub(crate) fn fill(&self, cells: &mut Cells<'_>, table: SocketTable, socket: &Socket<'_>) {
        cells.push(ColumnId::Netid, |out| out.extend_from_slice(netid(table).as_bytes()));
        cells.push(ColumnId::State, |out| {
            out.extend_from_slice(state_name(state_of(socket)).as_bytes());
        });
        match socket {
            Socket::Inet(inet) => self.fill_inet(cells, inet),
            Socket::Unix(unix) => fill_unix(cells, unix),
            Socket::Packet(packet) => self.fill_packet(cells, packet),
            Socket::Netlink(netlink) => self.fill_netlink(cells, netlink),
            // A kind that a later version of the model adds has a netid and a state at least.
            _ => {}
        }
    }

    fn fill_inet(&self, cells: &mut Cells<'_>, socket: &InetSocket) {
        // Compat: the kernel's counters have no sign, iproute2 prints them with one.
        fill_queues(cells, socket.queues.recv.cast_signed(), socket.queues.send.cast_signed());
        let ends = [
            (socket.local, ColumnId::LocalAddress, ColumnId::LocalPort),
            (socket.remote, ColumnId::PeerAddress, ColumnId::PeerPort),
        ];
        for (end, address, port) in ends {
            cells.push(address, |out| {
                push_address(out, end.ip());
                out.push(b':');
            });
            cells.push(port, |out| self.push_port(out, socket.protocol, end.port()));
        }
        if socket.protocol == InetProtocol::Tcp {
            cells.push(ColumnId::Extra, |out| self.push_tcp_extra(out, socket));
        }
    }

    /// Appends a port: `*` for none, the name where one is wanted and known, else the number.
    fn push_port(&self, out: &mut Vec<u8>, protocol: InetProtocol, port: u16) {
        if port == 0 {
            out.push(b'*');
            return;
        }
        match self.port_name(protocol, port) {
            Some(name) => push_name(out, name),
            None if protocol == InetProtocol::Raw && self.names == Names::Resolved => {
                out.extend_from_slice(b"ipproto-");
                push_decimal(out, port.into());
            }
            None => push_decimal(out, port.into()),
        }
    }

    fn port_name(&self, protocol: InetProtocol, port: u16) -> Option<&BStr> {
        let names = self.view.names();
        match (self.names, protocol) {
            (Names::Numeric, _) => None,
            (Names::Resolved, InetProtocol::Raw) => names.protocol(port),
            // A port that the kernel hands out by itself says nothing about the service.
            _ if self.port_range.contains(&port) => None,
            (_, InetProtocol::Udp) => names.service(port, TransportProtocol::Udp),
            _ => names.service(port, TransportProtocol::Tcp),
        }
    }

    fn push_tcp_extra(&self, out: &mut Vec<u8>, socket: &InetSocket) {
        if self.details.contains(Detail::Timer)
            && let Some(timer) = socket.timer
        {
            push_timer(out, timer, timer_count(socket));
        }
        if self.details.contains(Detail::Extended) {
            push_owner(out, socket.uid, socket.inode, socket.pointer);
            if !socket.trailing.is_empty() {
                out.extend_from_slice(b" opt:\"");
                push_name(out, &socket.trailing);
                out.push(b'"');
            }
        }
        if self.details.contains(Detail::Info) {
            push_tcp_info(out, socket);
        }
    }

    fn fill_packet(&self, cells: &mut Cells<'_>, socket: &PacketSocket) {
        fill_queues(cells, socket.recv.cast_signed(), 0);
        cells.push(ColumnId::LocalAddress, |out| {
            match (socket.protocol, self.names) {
                (ETH_P_ALL, _) => out.push(b'*'),
                (number, Names::Resolved) if let Some(name) = ethertype(number) => {
                    out.extend_from_slice(name.as_bytes());
                }
                (number, _) => {
                    out.push(b'[');
                    push_decimal(out, number.into());
                    out.push(b']');
                }
            }
            out.push(b':');
        });
        cells.push(ColumnId::LocalPort, |out| match socket.interface {
            None => out.push(b'*'),
            Some(index) => self.push_interface(out, index),
        });
        cells.push(ColumnId::PeerAddress, |out| out.push(b'*'));
        if self.details.contains(Detail::Extended) {
            cells.push(ColumnId::Extra, |out| {
                // Compat: the kernel object of a packet socket is not taken from the table.
                push_owner(out, socket.uid, socket.inode, KernelPointer(0));
            });
        }
    }

    fn push_interface(&self, out: &mut Vec<u8>, index: NonZeroU32) {
        if let Some(name) = self.view.interface_name(index) {
            push_name(out, &name);
        } else {
            out.extend_from_slice(b"if");
            push_decimal(out, index.get().into());
        }
    }

    fn fill_netlink(&self, cells: &mut Cells<'_>, socket: &NetlinkSocket) {
        fill_queues(cells, socket.recv, socket.send);
        cells.push(ColumnId::LocalAddress, |out| {
            match (netlink_family(socket.protocol), self.names) {
                (Some(name), Names::Resolved) => out.extend_from_slice(name.as_bytes()),
                _ => push_decimal(out, socket.protocol.into()),
            }
            out.push(b':');
        });
        cells.push(ColumnId::LocalPort, |out| match (socket.port_id.cast_signed(), self.names) {
            (-1, _) => out.push(b'*'),
            (0, Names::Resolved) => out.extend_from_slice(b"kernel"),
            (port_id, _) => push_signed(out, port_id.into()),
        });
        cells.push(ColumnId::PeerAddress, |out| out.push(b'*'));
        if self.details.contains(Detail::Extended) {
            cells.push(ColumnId::Extra, |out| {
                out.extend_from_slice(b" sk=");
                push_hex(out, socket.pointer.0, 1);
                out.extend_from_slice(b" cb=");
                push_hex(out, socket.dump, 1);
                out.extend_from_slice(b" groups=0x");
                push_hex(out, socket.groups.into(), 8);
            });
        }
    }
}

fn fill_unix(cells: &mut Cells<'_>, socket: &UnixSocket) {
    // The text table has no queues and no peers.
    fill_queues(cells, 0, 0);
    cells.push(ColumnId::LocalAddress, |out| {
        match &socket.name {
            UnixName::Pathname(path) => push_name(out, path),
            UnixName::Abstract(name) => {
                out.push(b'@');
                push_name(out, name);
            }
            _ => out.push(b'*'),
        }
        out.push(b' ');
    });
    cells.push(ColumnId::LocalPort, |out| push_inode(out, socket.inode));
    cells.push(ColumnId::PeerAddress, |out| out.extend_from_slice(b"* "));
    cells.push(ColumnId::PeerPort, |out| out.push(b'0'));
}

fn fill_queues(cells: &mut Cells<'_>, recv: i32, send: i32) {
    for (id, queue) in [(ColumnId::RecvQ, recv), (ColumnId::SendQ, send)] {
        cells.push(id, |out| {
            let start = out.len();
            push_signed(out, queue.into());
            // Six places at least, as wide as the headers.
            out.resize(out.len().max(start + 6), b' ');
        });
    }
}

/// Appends the owner, inode and kernel object of a socket; a user id of 0 is left out.
fn push_owner(out: &mut Vec<u8>, uid: u32, inode: Option<Inode>, pointer: KernelPointer) {
    if uid != 0 {
        out.extend_from_slice(b" uid:");
        push_decimal(out, uid.into());
    }
    out.extend_from_slice(b" ino:");
    push_inode(out, inode);
    out.extend_from_slice(b" sk:");
    push_hex(out, pointer.0, 1);
}

/// Appends the number of an inode; 0 stands for none.
fn push_inode(out: &mut Vec<u8>, inode: Option<Inode>) {
    push_decimal(out, inode.map_or(0, Inode::get));
}

/// Returns what a timer counts: retransmissions, or probes that were not answered.
fn timer_count(socket: &InetSocket) -> u32 {
    match socket.timer {
        Some(Timer { kind: TimerKind::Retransmit, .. }) => socket.retransmits,
        _ => socket.probes,
    }
}

fn push_timer(out: &mut Vec<u8>, timer: Timer, count: u32) {
    let name = match timer.kind {
        TimerKind::Retransmit => "on",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "timewait",
        TimerKind::Probe => "persist",
        TimerKind::DelayedAck => "delack",
        _ => "unknown",
    };
    out.extend_from_slice(b" timer:(");
    out.extend_from_slice(name.as_bytes());
    out.push(b',');
    push_expiry(out, timer.expires);
    out.push(b',');
    push_decimal(out, count.into());
    out.push(b')');
}

/// Appends the time until a timer ends: the coarser the longer it is, and nothing when it is over.
fn push_expiry(out: &mut Vec<u8>, expires: Duration) {
    let milliseconds = u64::from(expires.subsec_millis());
    let (minutes, seconds) = (expires.as_secs() / 60, expires.as_secs() % 60);
    let text = match (minutes, seconds, milliseconds) {
        (0, 0, 0) => return,
        (0, 0, _) => format!("{milliseconds:03}ms"),
        (0, 1..10, 1..) => format!("{seconds}.{milliseconds:03}sec"),
        (0, _, _) => format!("{seconds}sec"),
        (1..10, 1.., _) => format!("{minutes}min{seconds}sec"),
        _ => format!("{minutes}min"),
    };
    out.extend_from_slice(text.as_bytes());
}

/// Appends what `-i` shows of a `/proc` row: seconds, windows in segments, counts.
fn push_tcp_info(out: &mut Vec<u8>, socket: &InetSocket) {
    match &socket.tcp {
        Some(tcp) => push_tcp_detail(out, tcp),
        // Compat: what iproute2 assumes of a row that ends before these columns.
        None => push_nonzero(out, " cwnd:", 2),
    }
    let retransmits = timer_count(socket);
    if retransmits != 0 {
        push_nonzero(out, " retrans:", retransmits);
        out.extend_from_slice(b"/0");
    }
    out.extend_from_slice(b" reordering:0");
}

fn push_tcp_detail(out: &mut Vec<u8>, tcp: &TcpDetail) {
    // Compat: the initial timeout of 3 s is not shown.
    if tcp.retransmission_timeout != Duration::from_secs(3) {
        push_seconds(out, " rto:", tcp.retransmission_timeout);
    }
    push_seconds(out, " ato:", tcp.ack_timeout);
    push_nonzero(out, " qack:", tcp.quick_acks);
    // Compat: iproute2 takes the lowest bit of the count for the kernel's mark of an interactive
    // connection, which stands beside the count.
    if tcp.quick_acks % 2 == 1 {
        out.extend_from_slice(b" bidir");
    }
    push_nonzero(out, " cwnd:", tcp.congestion_window);
    push_nonzero(out, " ssthresh:", tcp.slow_start_threshold.unwrap_or(0));
}

fn push_seconds(out: &mut Vec<u8>, key: &str, duration: Duration) {
    if !duration.is_zero() {
        out.extend_from_slice(key.as_bytes());
        push_general(out, duration.as_secs_f64());
    }
}

fn push_nonzero(out: &mut Vec<u8>, key: &str, number: u32) {
    if number != 0 {
        out.extend_from_slice(key.as_bytes());
        push_decimal(out, number.into());
    }
}

fn netid(table: SocketTable) -> &'static str {
    match table {
        SocketTable::Netlink => "nl",
        SocketTable::PacketRaw => "p_raw",
        SocketTable::PacketDatagram => "p_dgr",
        SocketTable::UnixStream => "u_str",
        SocketTable::UnixDatagram => "u_dgr",
        SocketTable::UnixSeqPacket => "u_seq",
        SocketTable::Raw => "raw",
        SocketTable::Udp => "udp",
        SocketTable::Tcp => "tcp",
        _ => "???",
    }
}

fn state_name(state: TcpState) -> &'static str {
    match state {
        TcpState::Established => "ESTAB",
        TcpState::SynSent => "SYN-SENT",
        TcpState::SynRecv => "SYN-RECV",
        TcpState::FinWait1 => "FIN-WAIT-1",
        TcpState::FinWait2 => "FIN-WAIT-2",
        TcpState::TimeWait => "TIME-WAIT",
        TcpState::Close => "UNCONN",
        TcpState::CloseWait => "CLOSE-WAIT",
        TcpState::LastAck => "LAST-ACK",
        TcpState::Listen => "LISTEN",
        TcpState::Closing => "CLOSING",
        // Compat: text tables never show these two.
        _ => "UNDEF",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::over(0, "")]
    #[case::three_digits(50, "050ms")]
    #[case::below_a_second(999, "999ms")]
    #[case::one_second(1_000, "1sec")]
    #[case::parts_of_a_second(1_010, "1.010sec")]
    #[case::last_with_parts(9_990, "9.990sec")]
    #[case::first_without_parts(10_010, "10sec")]
    #[case::last_second(59_990, "59sec")]
    #[case::one_minute(60_010, "1min")]
    #[case::minute_and_second(61_000, "1min1sec")]
    #[case::last_with_seconds(599_990, "9min59sec")]
    #[case::minutes_only(600_000, "10min")]
    #[case::longest_keepalive(32_767_000, "546min")]
    fn prints_the_time_that_is_left(#[case] milliseconds: u64, #[case] shown: &str) {
        let mut out = Vec::new();
        push_expiry(&mut out, Duration::from_millis(milliseconds));
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }
}
