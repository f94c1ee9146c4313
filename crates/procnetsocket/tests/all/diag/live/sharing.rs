//! One sock_diag handle, shared by many, and after a failed request.

use std::{ops::ControlFlow, thread};

use procnetsocket::{
    Bounds, Details, ErrorKind, Limits, RowError, Table, TableQuery, Uninterrupted, Visitor,
    diag::{DiagSocket, Messages, Replies, Request},
    model::Socket,
};
use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType,
    netlink::{SOCK_DIAG, SocketAddrNetlink},
    sendto, socket_with,
};

use super::{DumpedRows, LOCALHOST, ask, connection, diag, dump, listener, socket, udp};
use crate::diag::{
    bytes::{Log, error},
    namespace::{enter, loopback},
};

/// More sockets than one datagram contains.
const MANY: u16 = 400;

#[test]
fn abandoned_dump_is_drained() {
    if !enter() {
        return;
    }
    loopback();
    let _sockets: Vec<_> = (0..MANY).map(|_| udp(LOCALHOST)).collect();
    let diag = diag();
    let request = Request::Dump(TableQuery::new(Table::Udp4));
    for enough in [1, 100, 399, 400] {
        let mut log = Log { enough: Some(enough), ..Log::default() };
        let report = diag.visit(&request, Limits::default(), &mut log).unwrap();
        assert!(report.stopped && log.sockets.len() == enough);
        assert_eq!(ask(&diag, &request).1.rows, u64::from(MANY));
    }
    let limits = Limits { total_lines: 10, ..Limits::default() };
    let error = diag.visit(&request, limits, &mut DumpedRows::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let error = diag.visit(
        &request,
        Bounds { limits: Limits::default(), interrupt: &|| true },
        &mut DumpedRows::default(),
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(ask(&diag, &request).1.rows, u64::from(MANY));
}

/// Number of simultaneous requests.
const AT_ONCE: usize = 6;

/// Makes a request at each row, down to a given depth, and counts the rows of the innermost
/// request.
struct NestedRequests<'a> {
    diag: &'a DiagSocket,
    deeper: usize,
    rows: usize,
    refused: Option<ErrorKind>,
}

impl<'a> NestedRequests<'a> {
    fn new(diag: &'a DiagSocket, deeper: usize) -> Self {
        Self { diag, deeper, rows: 0, refused: None }
    }

    fn ask(&mut self) {
        let request = Request::Dump(TableQuery::new(Table::Udp4));
        let diag = self.diag;
        // A request that waits for a free socket gives up at once.
        if let Err(error) = diag.visit(
            &request,
            Bounds { limits: Limits::default(), interrupt: &GivesUp::default() },
            &mut *self,
        ) {
            self.refused = Some(error.kind());
        }
    }
}

impl Visitor for NestedRequests<'_> {
    fn socket(&mut self, _: Socket<'_>) -> ControlFlow<()> {
        match self.deeper.checked_sub(1) {
            None => self.rows += 1,
            Some(deeper) => {
                let mut inner = Self::new(self.diag, deeper);
                inner.ask();
                self.rows += inner.rows;
                self.refused = self.refused.or(inner.refused);
            }
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Interrupts only a request that waits for a free socket.
#[derive(Default)]
struct GivesUp(std::cell::Cell<usize>);

impl procnetsocket::Interrupt for GivesUp {
    fn is_interrupted(&self) -> bool {
        self.0.set(self.0.get() + 1);
        self.0.get() > 100
    }
}

#[test]
fn visitor_may_make_requests() {
    if !enter() {
        return;
    }
    loopback();
    let _sockets: Vec<_> = (0..3).map(|_| udp(LOCALHOST)).collect();
    let diag = diag();
    for deeper in 0..AT_ONCE {
        let mut nested = NestedRequests::new(&diag, deeper);
        nested.ask();
        let rows = 3_usize.pow(u32::try_from(deeper).unwrap() + 1);
        assert_eq!((nested.rows, nested.refused), (rows, None));
    }
}

#[test]
fn requests_nested_too_deep_time_out() {
    if !enter() {
        return;
    }
    loopback();
    let _socket = udp(LOCALHOST);
    let diag = diag();
    let mut nested = NestedRequests::new(&diag, AT_ONCE);
    nested.ask();
    assert_eq!((nested.rows, nested.refused), (0, Some(ErrorKind::Interrupted)));
    // Every socket is usable again.
    let mut nested = NestedRequests::new(&diag, AT_ONCE - 1);
    nested.ask();
    assert_eq!((nested.rows, nested.refused), (1, None));
}

/// Lets another thread make a request while one is being answered.
struct Beside<'a>(&'a DiagSocket, usize);

impl Visitor for Beside<'_> {
    fn socket(&mut self, _: Socket<'_>) -> ControlFlow<()> {
        let ask = || dump(self.0, TableQuery::new(Table::Udp4)).inet.len();
        self.1 = thread::scope(|scope| scope.spawn(ask).join().unwrap());
        ControlFlow::Break(())
    }

    fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn thread_is_answered_during_another_listing() {
    if !enter() {
        return;
    }
    loopback();
    let _sockets: Vec<_> = (0..MANY).map(|_| udp(LOCALHOST)).collect();
    let diag = diag();
    let request = Request::Dump(TableQuery::new(Table::Udp4));
    let mut beside = Beside(&diag, 0);
    diag.visit(&request, Limits::default(), &mut beside).unwrap();
    assert_eq!(beside.1, usize::from(MANY));
}

#[test]
fn threads_share_a_socket() {
    if !enter() {
        return;
    }
    loopback();
    let _sockets: Vec<_> = (0..MANY).map(|_| udp(LOCALHOST)).collect();
    let diag = diag();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let rows = dump(&diag, TableQuery::new(Table::Udp4)).inet;
                    assert_eq!(rows.len(), usize::from(MANY));
                }
            });
        }
    });
}

#[test]
fn replies_can_be_copied_and_read_later() {
    if !enter() {
        return;
    }
    loopback();
    let listening = listener(LOCALHOST);
    let _connection = connection(&listening);
    let diag = diag();
    let request =
        Request::Dump(TableQuery { details: Details::ALL, ..TableQuery::new(Table::Tcp4) });
    let mut copy = Vec::new();
    let bytes = diag.copy_replies(&request, &Uninterrupted, &mut copy).unwrap();
    assert_eq!(bytes, u64::try_from(copy.len()).unwrap());
    let sequence = Messages::new(&copy).next().unwrap().unwrap().sequence;
    let mut rows = DumpedRows::default();
    let datagrams = [copy.as_slice()];
    let limits = Limits::default();
    Replies::new(&request, sequence).with_bounds(limits).visit(datagrams, &mut rows).unwrap();
    assert_eq!(rows.inet.len(), 3);
}

/// Sequence numbers of future requests, each of which the forged error claims to answer.
const COMING: std::ops::Range<u32> = 1..20;

#[test]
fn forged_reply_is_dropped() {
    if !enter() {
        return;
    }
    loopback();
    let _socket = udp(LOCALHOST);
    let diag = diag();
    let sockets = dump(&diag, TableQuery::new(Table::Netlink)).netlink;
    let port_id = sockets.iter().find(|(protocol, port, _)| *protocol == 4 && *port != 0);
    let forger = socket(AddressFamily::NETLINK, SocketType::RAW, Some(SOCK_DIAG)).unwrap();
    let address = SocketAddrNetlink::new(port_id.unwrap().1, 0);
    for sequence in COMING {
        let mut forged = error(-1);
        forged[8..12].copy_from_slice(&sequence.to_ne_bytes());
        // Only root of the namespace may send this.
        sendto(&forger, &forged, SendFlags::empty(), &address).unwrap();
    }
    assert_eq!(dump(&diag, TableQuery::new(Table::Udp4)).inet.len(), 1);
}

#[test]
fn received_socket_serves_one_request_at_a_time() {
    if !enter() {
        return;
    }
    loopback();
    let _socket = udp(LOCALHOST);
    let flags = SocketFlags::CLOEXEC;
    let received = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(SOCK_DIAG));
    let diag = DiagSocket::from_socket(received.unwrap()).unwrap();
    let mut nested = NestedRequests::new(&diag, 1);
    nested.ask();
    assert_eq!((nested.rows, nested.refused), (0, Some(ErrorKind::Interrupted)));
    assert_eq!(ask(&diag, &Request::Dump(TableQuery::new(Table::Udp4))).1.rows, 1);
}

#[test]
fn other_descriptors_are_refused() {
    let with = |family, flags, protocol| {
        let socket = socket_with(family, SocketType::DGRAM, flags, protocol).unwrap();
        DiagSocket::from_socket(socket).map_err(|error| (error.kind(), error.to_string()))
    };
    let refused = "expected a socket to sock_diag from another process, but found something else";
    let refused = || (ErrorKind::InvalidRequest, refused.to_owned());
    let closed = SocketFlags::CLOEXEC;
    let routes = with(AddressFamily::NETLINK, closed, None);
    let inherited = with(AddressFamily::NETLINK, SocketFlags::empty(), Some(SOCK_DIAG));
    let internet = with(AddressFamily::INET, closed, None);
    for other in [routes, inherited, internet] {
        assert_eq!(other.map(drop), Err(refused()));
    }
    let (pipe, _) = std::io::pipe().unwrap();
    assert!(DiagSocket::from_socket(pipe.into()).is_err());
    assert!(with(AddressFamily::NETLINK, closed, Some(SOCK_DIAG)).is_ok());
}
