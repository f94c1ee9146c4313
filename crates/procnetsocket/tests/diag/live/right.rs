//! What takes a right of its own: to destroy sockets, and to be told of their end.

use std::{io::Read, time::Duration};

use procnetsocket::{
    ErrorKind, Table, Uninterrupted,
    diag::{DestroyEvents, EventAuthority, EventGroups, InetLookup, KillAuthority},
    model::{Cookie, TcpState},
};

use super::{LOCALHOST, LOCALHOST6, Rows, connection, diag, listener, lookup::lookup, token, udp};
use crate::namespace::{enter, loopback};

#[test]
fn a_socket_is_destroyed() {
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
fn the_end_of_a_socket_is_told() {
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
    let mut rows = Rows::default();
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 0);
    drop(socket);
    // Far longer than it takes; it ends with the event.
    let at_most = Duration::from_mins(1);
    assert_eq!(events.wait(at_most, &Uninterrupted, &mut rows).unwrap().rows, 1);
    assert_eq!((rows.inet[0].cookie, rows.inet[0].state), (cookie, TcpState::Close));
    let error = events.wait(at_most, &|| true, &mut rows).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

/// More events than a socket holds that nobody reads from.
const MANY: u64 = 1_000;

#[test]
fn events_that_were_lost_are_an_error() {
    if !enter() {
        return;
    }
    loopback();
    let right = EventAuthority::from_ambient(token());
    let mut events = DestroyEvents::open_ambient(&right, EventGroups::UDP4).unwrap();
    (0..MANY).for_each(|_| drop(udp(LOCALHOST)));
    let mut told = 0;
    // Far longer than it takes; it ends when the last event came, or word that some did not.
    let at_most = Duration::from_mins(1);
    while told < MANY {
        match events.wait(at_most, &Uninterrupted, &mut Rows::default()) {
            Ok(report) => {
                assert!(report.rows > 0, "expected every event or an error, but found {told}");
                told += report.rows;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Overrun, "{error}");
                break;
            }
        }
    }
    // The socket is of use after an error.
    drop(udp(LOCALHOST));
    assert!(events.wait(at_most, &Uninterrupted, &mut Rows::default()).unwrap().rows > 0);
}
