//! The kernel's answers, in a network namespace with only the test's sockets.

mod ahead;
mod listing;
mod lookup;
mod namespaces;
mod right;
mod sharing;
mod source;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    ops::ControlFlow,
};

use cap_std::AmbientAuthority;
use procnetsocket::{
    Limits, ReadReport, RowError, TableQuery, Visitor,
    diag::{DiagSocket, Request},
    model::{InetSocket, PacketSocket, Socket, StateMask, TcpState, UnixSocket},
};
use rustix::{
    fd::OwnedFd,
    net::{AddressFamily, SocketFlags, SocketType, socket_with},
};

fn token() -> AmbientAuthority {
    #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
    cap_std::ambient_authority()
}

fn diag() -> DiagSocket {
    DiagSocket::open_ambient(token()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
fn listener(address: impl Into<SocketAddr>) -> TcpListener {
    TcpListener::bind(address.into()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
fn udp(address: impl Into<SocketAddr>) -> UdpSocket {
    UdpSocket::bind(address.into()).unwrap()
}

/// Returns a connection: the accepted end, and the other.
fn connection(listener: &TcpListener) -> (TcpStream, TcpStream) {
    #[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, there)
}

#[expect(clippy::disallowed_methods, reason = "a socket to be listed")]
fn socket(
    family: AddressFamily,
    kind: SocketType,
    protocol: Option<rustix::net::Protocol>,
) -> rustix::io::Result<OwnedFd> {
    socket_with(family, kind, SocketFlags::CLOEXEC, protocol)
}

const LOCALHOST: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
const LOCALHOST6: (Ipv6Addr, u16) = (Ipv6Addr::LOCALHOST, 0);

/// Keeps copies of rows.
#[derive(Default)]
struct DumpedRows {
    inet: Vec<InetSocket>,
    unix: Vec<UnixSocket>,
    packet: Vec<PacketSocket>,
    netlink: Vec<(u32, u32, u32)>,
}

impl Visitor for DumpedRows {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            Socket::Inet(row) => self.inet.push(row.clone()),
            Socket::Unix(row) => self.unix.push(row.clone()),
            Socket::Packet(row) => self.packet.push(row.clone()),
            Socket::Netlink(row) => self.netlink.push((row.protocol, row.port_id, row.groups)),
            other => panic!("expected no {other:?}"),
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("expected only rows, but found {row}")
    }
}

#[track_caller]
fn ask(diag: &DiagSocket, request: &Request) -> (DumpedRows, ReadReport) {
    let mut rows = DumpedRows::default();
    let report = diag.visit(request, Limits::default(), &mut rows).unwrap();
    (rows, report)
}

#[track_caller]
fn dump(diag: &DiagSocket, query: TableQuery) -> DumpedRows {
    ask(diag, &Request::Dump(query)).0
}

fn states(of: &[TcpState]) -> StateMask {
    of.iter().copied().collect()
}
