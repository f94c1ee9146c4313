//! The sockets of a network namespace that this process is not in.

#![expect(clippy::disallowed_methods, reason = "the test makes a namespace and opens its tables")]

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    os::fd::AsFd,
    process::{Command, Stdio},
    sync::Arc,
};

use bstr::BStr;
use cap_std::ambient_authority;
use procnetsocket::{
    ErrorKind, Family, Limits, SocketTables,
    model::{InetProtocol, TcpState},
};
use socket_query::{Grant, GrantSet, Names, Policy, PolicyView};

use super::namespace::inside;

/// Listens on a port, prints it, and ends with its input.
const SERVER: &str = "\
import socket, sys
listener = socket.create_server(('', 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()";

/// Calls `look` with another network namespace, in which a port listens.
fn with_other(look: impl FnOnce(&File, u16)) {
    let mut server = Command::new("unshare")
        .args(["-n", "python3", "-c", SERVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let namespace = File::open(format!("/proc/{}/ns/net", server.id())).unwrap();
    look(&namespace, port.trim().parse().unwrap());
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

fn listening(tables: &SocketTables) -> Vec<u16> {
    let listing = tables.inet_connections(Family::V4, InetProtocol::Tcp).unwrap();
    let listeners = listing.rows.iter().filter(|row| row.state == TcpState::Listen);
    listeners.map(|row| row.local.port()).collect()
}

#[test]
fn tables_of_another_namespace_show_its_sockets() {
    inside("live::other::tables_of_another_namespace_show_its_sockets", || {
        with_other(|namespace, port| {
            let here = SocketTables::open_ambient(ambient_authority()).unwrap();
            let there =
                SocketTables::open_ambient_in(ambient_authority(), namespace.as_fd()).unwrap();
            assert_eq!((listening(&here), listening(&there)), (vec![], vec![port]));
            assert!(there.local_port_range().is_ok());
            let error = there.read_tcp4(&Limits::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert_eq!(there.sockstat().unwrap_err().kind(), ErrorKind::Unsupported);
            let again = SocketTables::open_ambient(ambient_authority()).unwrap();
            assert_eq!(listening(&again), [0; 0], "this process has moved");
        });
    });
}

#[test]
fn what_is_no_namespace_is_refused() {
    inside("live::other::what_is_no_namespace_is_refused", || {
        for path in ["/dev/null", "/proc/self/ns/mnt"] {
            let file = File::open(path).unwrap();
            let error =
                SocketTables::open_ambient_in(ambient_authority(), file.as_fd()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{path}");
        }
    });
}

#[test]
fn a_view_shows_a_namespace_under_its_grant_and_name() {
    inside("live::other::a_view_shows_a_namespace_under_its_grant_and_name", || {
        with_other(|namespace, _| {
            let open = || SocketTables::open_ambient(ambient_authority()).unwrap();
            let there =
                SocketTables::open_ambient_in(ambient_authority(), namespace.as_fd()).unwrap();
            let there = Arc::new(there);
            let view = |grants: &[Grant]| {
                let grants: GrantSet = grants.iter().copied().collect();
                PolicyView::new(Arc::new(open()), Policy::new(grants), Names::default())
                    .with_namespace("blue", Arc::clone(&there))
            };
            let granted = view(&[Grant::Sockets, Grant::Namespaces]);
            assert!(granted.namespace(BStr::new("blue")).is_ok());
            let error = granted.namespace(BStr::new("red\x1b")).unwrap_err();
            assert_eq!(
                error.to_string(),
                "expected the name of a network namespace that this host shows, but found \"red\\x1b\""
            );
            let error = view(&[Grant::Sockets]).namespace(BStr::new("blue")).unwrap_err();
            assert_eq!(error.kind(), socket_query::ErrorKind::NotGranted(Grant::Namespaces));
        });
    });
}
