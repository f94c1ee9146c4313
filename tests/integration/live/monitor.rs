//! Ports of real servers that open, close, restart and share their numbers.

#![expect(clippy::disallowed_methods, reason = "servers of the test, in a separate namespace")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{SocketAddr, TcpListener, UdpSocket},
    os::fd::OwnedFd,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use cap_std::ambient_authority;
use port_monitor::{
    EventKind, Notice, Polled, Poller, Port, PortIdentity, PortLook, PortMonitor,
    PortMonitorBuilder, PortSource, PortTable, Readings, Scope,
};
use procnetsocket::{
    Interrupt, ProcRoot, SocketTables, Uninterrupted, diag::EventAuthority, model::Inode,
};
use rustix::{
    fs::fstat,
    net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt},
};
use testkit::wait_until;

use super::namespace::inside;

/// Longer than any step here takes.
const LONG: Duration = Duration::from_mins(5);

fn system() -> SocketTables {
    SocketTables::open_ambient(ambient_authority()).unwrap()
}

fn text_tables() -> SocketTables {
    SocketTables::from_root(ProcRoot::open_ambient(ambient_authority()).unwrap())
}

/// Returns a socket that is bound and shares its port, an IPv6 socket for IPv6 only; one of TCP
/// listens.
fn server(kind: SocketType, address: &str) -> OwnedFd {
    let address: SocketAddr = address.parse().unwrap();
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None).unwrap();
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true).unwrap();
    }
    sockopt::set_socket_reuseport(&socket, true).unwrap();
    bind(&socket, &address).unwrap();
    if kind == SocketType::STREAM {
        listen(&socket, 7).unwrap();
    }
    socket
}

fn inode(socket: &OwnedFd) -> Option<Inode> {
    Inode::new(fstat(socket).unwrap().st_ino)
}

/// Returns a word for each change: `+tcp 0.0.0.0:80`.
fn words(polled: &Polled) -> Vec<String> {
    assert_eq!(polled.turns, []);
    let word = |change: &port_monitor::Change| {
        let sign = if change.kind == EventKind::Closed { '-' } else { '+' };
        format!("{sign}{} {}", change.port.protocol, change.port.local)
    };
    polled.changes.iter().map(word).collect()
}

/// Every change of a server is reported exactly, by either source.
fn reports_servers(tables: SocketTables) {
    const NOTHING: [&str; 0] = [];
    let mut poller = Poller::new(tables, Scope::default());
    let mut look = || words(&poller.poll(&Uninterrupted).unwrap());
    assert_eq!(look(), NOTHING);

    let first = server(SocketType::STREAM, "0.0.0.0:8080");
    assert_eq!(look(), ["+tcp 0.0.0.0:8080"]);
    let second = server(SocketType::STREAM, "0.0.0.0:8080");
    assert_eq!(look(), ["+tcp 0.0.0.0:8080"]);
    drop(first);
    assert_eq!(look(), ["-tcp 0.0.0.0:8080"]);
    assert_eq!(look(), NOTHING);

    // Restarted between two polls.
    drop(second);
    let again = server(SocketType::STREAM, "0.0.0.0:8080");
    assert_eq!(look(), ["-tcp 0.0.0.0:8080", "+tcp 0.0.0.0:8080"]);

    let other_family = server(SocketType::STREAM, "[::]:8080");
    let datagram = server(SocketType::DGRAM, "0.0.0.0:8080");
    let datagram6 = server(SocketType::DGRAM, "[::]:8080");
    assert_eq!(look(), ["+tcp [::]:8080", "+udp 0.0.0.0:8080", "+udp [::]:8080"]);
    drop((again, datagram));
    assert_eq!(look(), ["-tcp 0.0.0.0:8080", "-udp 0.0.0.0:8080"]);
    drop((other_family, datagram6));
    assert_eq!(look(), ["-tcp [::]:8080", "-udp [::]:8080"]);
}

#[test]
fn servers_are_reported_by_sock_diag() {
    inside("live::monitor::servers_are_reported_by_sock_diag", || reports_servers(system()));
}

#[test]
fn servers_are_reported_by_the_text_tables() {
    inside("live::monitor::servers_are_reported_by_the_text_tables", || {
        reports_servers(text_tables());
    });
}

/// The system's tables, from one source or the other.
struct Switch {
    diag: SocketTables,
    text: SocketTables,
    is_text: AtomicBool,
}

impl PortSource for &Switch {
    fn read(&self, look: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings {
        let is_text = self.is_text.load(Ordering::Relaxed);
        let tables = if is_text { &self.text } else { &self.diag };
        tables.read(look, interrupt)
    }
}

#[test]
fn change_of_source_causes_no_event() {
    inside("live::monitor::change_of_source_causes_no_event", || {
        let servers = [
            server(SocketType::STREAM, "0.0.0.0:80"),
            server(SocketType::STREAM, "0.0.0.0:80"),
            server(SocketType::STREAM, "[::]:80"),
            server(SocketType::DGRAM, "0.0.0.0:80"),
            server(SocketType::DGRAM, "[::]:80"),
        ];
        let [diag, text] = [system(), text_tables()];
        let switch = Switch { diag, text, is_text: AtomicBool::new(false) };
        let mut poller = Poller::new(&switch, Scope::default());
        let first = poller.poll(&Uninterrupted).unwrap();
        let inodes: BTreeSet<_> = first.changes.iter().map(|change| change.port.inode).collect();
        assert_eq!(inodes, servers.iter().map(inode).collect());
        for is_text in [true, false, true] {
            switch.is_text.store(is_text, Ordering::Relaxed);
            assert_eq!(poller.poll(&Uninterrupted), Some(Polled::default()));
        }
        // What sock_diag reported is kept.
        let known: Vec<_> = poller.tracker().ports().map(known_of).collect();
        assert_eq!(
            known,
            [
                (Some(7), None, true),
                (Some(7), None, true),
                (Some(7), Some(true), true),
                (None, None, true),
                (None, Some(true), true)
            ]
        );
    });
}

fn known_of(port: &Port) -> (Option<u32>, Option<bool>, bool) {
    (port.backlog, port.v6_only, port.cookie.is_some())
}

#[test]
fn bound_interface_has_its_name() {
    inside("live::monitor::bound_interface_has_its_name", || {
        let socket = server(SocketType::DGRAM, "0.0.0.0:67");
        let status = std::process::Command::new("python3")
            .args(["-c", "import socket, sys; socket.socket(fileno=0).setsockopt(1, 25, b'lo')"])
            .stdin(socket.try_clone().unwrap())
            .status();
        assert!(status.unwrap().success());
        let mut readings = system().read(&PortLook::new([PortTable::ALL[2]]), &Uninterrupted);
        let reading = readings.remove(0).1.unwrap();
        let device = reading.ports[0].device.as_ref().unwrap();
        assert_eq!((device.index.get(), device.name.clone()), (1, Some("lo".into())));
    });
}

/// Sockets that stay open during two complete polls.
struct ServerLoad<'a> {
    monitor: &'a PortMonitor,
    /// Each with the number of the poll before which it was opened.
    open: VecDeque<(u64, TcpListener)>,
    opened: BTreeSet<SocketAddr>,
}

impl ServerLoad<'_> {
    fn open(&mut self, port: u16) {
        let listener = TcpListener::bind(("0.0.0.0", port)).unwrap();
        self.opened.insert(listener.local_addr().unwrap());
        self.open.push_back((self.monitor.looks(), listener));
    }

    /// Closes sockets that were open long enough. A poll may have been running when one was opened.
    fn close(&mut self) {
        let looks = self.monitor.looks();
        while self.open.pop_front_if(|(at, _)| *at + 2 < looks).is_some() {}
    }
}

/// Opens 1 000 ports during twenty polls, each open for two polls, and as many that are closed at
/// once.
fn none_is_missed(builder: PortMonitorBuilder) {
    let monitor = builder.interval(Duration::from_millis(50)).build();
    let notices = monitor.subscribe(10_000);
    monitor.start().unwrap();
    wait_until("the monitor has looked", || monitor.looks() > 0);
    let mut load = ServerLoad { monitor: &monitor, open: VecDeque::new(), opened: BTreeSet::new() };
    for ten in 0..100 {
        for port in 0..10 {
            load.open(20_000 + ten * 10 + port);
            drop(UdpSocket::bind("0.0.0.0:0").unwrap());
        }
        load.close();
        // Spread over twenty polls.
        if ten % 5 == 4 {
            let before = monitor.looks();
            wait_until("the monitor looks again", || monitor.looks() > before);
        }
    }
    wait_until("every port was seen", || {
        load.close();
        load.open.is_empty()
    });
    let opened = load.opened;
    assert_eq!(opened.len(), 1_000);

    // When the last of them is reported as closed, all others are closed.
    let mut events: BTreeMap<PortIdentity, Vec<EventKind>> = BTreeMap::new();
    let mut closed = 0;
    while closed < opened.len() {
        let event = match notices.next_timeout(LONG) {
            Some(Notice::Event(event)) => event,
            other => panic!("an event should come, but {other:?} did"),
        };
        events.entry(event.port.identity()).or_default().push(event.kind);
        let is_ours = event.port.local.inet().is_some_and(|local| opened.contains(&local));
        closed += usize::from(is_ours && event.kind == EventKind::Closed);
    }
    for (identity, kinds) in &events {
        let is_ours = identity.local.inet().is_some_and(|local| opened.contains(&local));
        let is_pair = kinds.as_slice() == [EventKind::Opened, EventKind::Closed];
        assert!(is_pair || !is_ours, "{identity:?}: {kinds:?}");
    }
    eprintln!("live monitor: of 1000 UDP ports closed at once, {} were seen", events.len() - 1_000);
}

#[test]
fn polling_misses_none_of_a_thousand_ports() {
    inside("live::monitor::polling_misses_none_of_a_thousand_ports", || {
        none_is_missed(PortMonitor::builder(system()));
    });
}

#[test]
fn destroy_events_miss_none_of_a_thousand_ports() {
    inside("live::monitor::destroy_events_miss_none_of_a_thousand_ports", || {
        let right = EventAuthority::from_ambient(ambient_authority());
        none_is_missed(PortMonitor::builder(system()).closings(right));
    });
}

/// With destroy events, a closed port is reported long before the next poll.
#[test]
fn destroy_event_is_reported_at_once_where_permitted() {
    inside("live::monitor::destroy_event_is_reported_at_once_where_permitted", || {
        let right = EventAuthority::from_ambient(ambient_authority());
        let sockets = [
            server(SocketType::STREAM, "0.0.0.0:80"),
            server(SocketType::STREAM, "0.0.0.0:80"),
            server(SocketType::STREAM, "[::]:80"),
            server(SocketType::DGRAM, "0.0.0.0:80"),
            server(SocketType::DGRAM, "[::]:80"),
        ];
        // The next poll would be in an hour.
        let hour = Duration::from_hours(1);
        let monitor = PortMonitor::builder(system()).interval(hour).closings(right).build();
        let notices = monitor.subscribe(10);
        monitor.start().unwrap();
        wait_until("the monitor has looked", || monitor.looks() > 0);
        for socket in sockets {
            let inode = inode(&socket);
            drop(socket);
            match notices.next_timeout(LONG) {
                Some(Notice::Event(event)) => {
                    assert_eq!((event.kind, event.port.inode), (EventKind::Closed, inode));
                }
                other => panic!("an event should come, but {other:?} did"),
            }
        }
        assert_eq!((monitor.looks(), monitor.ports()), (1, vec![]));
    });
}
