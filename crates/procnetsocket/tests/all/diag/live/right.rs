//! Operations that need a separate right: destroying sockets, and receiving destroy events.

use std::{
    io::Read,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use procnetsocket::{
    ErrorKind, Table, Uninterrupted,
    diag::{DestroyEvents, EventAuthority, EventGroups, InetLookup, KillAuthority},
    model::{Cookie, InetProtocol, TcpState},
};

use super::{
    DumpedRows, LOCALHOST, LOCALHOST6, connection, diag, listener, lookup::lookup, token, udp,
};
use crate::diag::namespace::{enter, loopback};

#[test]
fn socket_is_destroyed() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let (_here, mut there) = connection(&listening);
    let diag = diag();
    let right = KillAuthority::from_ambient(token());
    let lookup = lookup(&diag, Table::Tcp4, there.local_addr().unwrap());
    let other = InetLookup { cookie: Cookie::new(1), ..lookup };
    match diag.destroy(&right, &other, &Uninterrupted) {
        // The kernel was built without it.
        Err(error) if error.kind() == ErrorKind::Unsupported => return,
        destroyed => assert_eq!(destroyed.unwrap_err().kind(), ErrorKind::NotFound),
    }
    diag.destroy(&right, &lookup, &Uninterrupted).unwrap();
    let error = there.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
    let again = diag.destroy(&right, &lookup, &Uninterrupted).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::NotFound);
}

#[test]
fn end_of_a_socket_is_reported() {
    if !enter() {
        return;
    }
    loopback();
    let socket = listener(LOCALHOST6);
    let diag = diag();
    let cookie = lookup(&diag, Table::Tcp6, socket.local_addr().unwrap()).cookie;
    let right = EventAuthority::from_ambient(token());
    let mut events = DestroyEvents::open_ambient(&right, EventGroups::ALL).unwrap();
    let at_most = Duration::from_millis(1);
    let mut rows = DumpedRows::default();
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 0);
    drop(socket);
    // Far longer than it takes; it ends with the event.
    let at_most = Duration::from_mins(5);
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 1);
    assert_eq!((rows.inet[0].cookie, rows.inet[0].state), (cookie, TcpState::Close));
    let error = events.wait(at_most, &|| true, &mut rows).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

/// Waits for one event and returns the local address in it.
fn next(events: &mut DestroyEvents) -> SocketAddr {
    let mut rows = DumpedRows::default();
    // Far longer than it takes; it ends with the event.
    let at_most = Duration::from_mins(5);
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 1);
    rows.inet[0].local
}

/// Opens a UDP socket and closes it again.
fn close(address: impl Into<SocketAddr>) -> SocketAddr {
    udp(address).local_addr().unwrap()
}

#[test]
fn events_of_other_times_and_groups_are_not_reported() {
    if !enter() {
        return;
    }
    loopback();
    let right = EventAuthority::from_ambient(token());
    // Kernel: the socket that joined first receives an event last.
    let mut last = DestroyEvents::open_ambient(&right, EventGroups::ALL).unwrap();
    let mut events = DestroyEvents::open_ambient(&right, EventGroups::NONE).unwrap();
    let before = close(LOCALHOST);
    assert_eq!(next(&mut last), before);
    events.subscribe(EventGroups::UDP4).unwrap();
    let forgotten = close(LOCALHOST);
    assert_eq!(next(&mut last), forgotten);
    events.subscribe(EventGroups::UDP4).unwrap();
    let of_another_group = close(LOCALHOST6);
    assert_eq!(next(&mut last), of_another_group);
    let reported = close(LOCALHOST);
    assert_eq!(next(&mut events), reported);
    events.subscribe(EventGroups::NONE).unwrap();
    let after = close(LOCALHOST);
    assert_eq!((next(&mut last), next(&mut last)), (reported, after));
    let mut rows = DumpedRows::default();
    let at_most = Duration::from_millis(1);
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 0);
}

#[test]
fn state_of_an_event_is_that_of_its_protocol() {
    if !enter() {
        return;
    }
    loopback();
    let right = EventAuthority::from_ambient(token());
    let groups = EventGroups::TCP4.union(EventGroups::UDP4);
    let mut events = DestroyEvents::open_ambient(&right, groups).unwrap();
    let socket = udp(LOCALHOST);
    socket.connect(LOCALHOST_DISCARD).unwrap();
    drop(socket);
    drop(udp(LOCALHOST));
    drop(listener(LOCALHOST));
    let mut rows = DumpedRows::default();
    while rows.inet.len() < 3 {
        events.wait(Duration::from_mins(5), &Uninterrupted, &mut rows).unwrap();
    }
    // Kernel: the event of a UDP socket comes later than that of a TCP socket.
    let mut states: Vec<_> = rows.inet.iter().map(|row| (row.protocol, row.state)).collect();
    states.sort_by_key(|(protocol, state)| (*protocol == InetProtocol::Tcp, state.number()));
    let expected = [
        (InetProtocol::Udp, TcpState::Established),
        (InetProtocol::Udp, TcpState::Close),
        (InetProtocol::Tcp, TcpState::Close),
    ];
    assert_eq!(states, expected);
}

/// An address that a UDP socket can be connected to.
const LOCALHOST_DISCARD: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 9);

/// More events than the buffer of a socket has room for.
const MANY: u64 = 5_000;

#[test]
fn lost_events_are_an_error() {
    if !enter() {
        return;
    }
    loopback();
    let right = EventAuthority::from_ambient(token());
    let mut events = DestroyEvents::open_ambient(&right, EventGroups::UDP4).unwrap();
    (0..MANY).for_each(|_| drop(udp(LOCALHOST)));
    let mut reported = 0;
    // Far longer than it takes; it ends with the last event, or with the error that some were lost.
    let at_most = Duration::from_mins(5);
    while reported < MANY {
        match events.wait(at_most, &Uninterrupted, &mut DumpedRows::default()) {
            Ok(report) => {
                assert!(report.rows > 0, "expected every event or an error, but found {reported}");
                reported += report.rows;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Overrun, "{error}");
                break;
            }
        }
    }
    // The socket is usable after an error.
    drop(udp(LOCALHOST));
    assert!(events.wait(at_most, &Uninterrupted, &mut DumpedRows::default()).unwrap().rows > 0);
}
