//! Connections that open and close while sockets are listed.
//!
//! A listing must not show a socket twice, and should show those that stay open. The short run is a
//! part of the suite; `scripts/churn` makes long ones, and so does
//!
//! ```text
//! CHURN_SECONDS=30 CHURN_STAYING=10000 CHURN_WORKERS=2 \
//!     cargo test --release -p ss-tests live::churn::for_long -- --ignored --nocapture
//! ```

#![expect(
    clippy::disallowed_methods,
    reason = "the test opens the namespace's own tables, and the long run has parameters"
)]

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use cap_std::ambient_authority;
use procnetsocket::{
    Limits, Query, RowError, SocketTables, Source, Table, Visitor,
    model::{Cookie, Socket},
};

use rustix::net::sockopt::set_socket_linger;

use super::{fixture::Fixture, namespace::inside};

/// The load, and its duration.
struct ChurnLoad {
    seconds: u64,
    staying: usize,
    workers: u8,
}

impl ChurnLoad {
    const SHORT: Self = Self { seconds: 2, staying: 500, workers: 1 };

    fn from_environment() -> Self {
        let number = |name: &str, default: usize| {
            std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
        };
        Self {
            seconds: u64::try_from(number("CHURN_SECONDS", 30)).unwrap(),
            staying: number("CHURN_STAYING", 10_000),
            workers: u8::try_from(number("CHURN_WORKERS", 2)).expect("a small number"),
        }
    }
}

/// One listing: which connections stayed, and which sockets were listed twice.
#[derive(Default)]
struct ChurnListing {
    cookies: BTreeSet<Cookie>,
    staying: BTreeSet<SocketAddr>,
    rows: usize,
    twice: usize,
}

impl Visitor for ChurnListing {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Socket::Inet(socket) = socket else { panic!("a TCP table has {socket:?}") };
        self.rows += 1;
        self.twice +=
            usize::from(!self.cookies.insert(socket.cookie.expect("sock_diag reports it")));
        // The client's end of a connection that stays open: the fixture's first listener.
        if socket.remote == SocketAddr::from(([127, 0, 0, 1], 9)) {
            self.staying.insert(socket.local);
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}");
    }

    /// A dump that the kernel calls inconsistent is started again.
    fn restart(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

/// The totals of repeated listings.
#[derive(Default)]
struct ChurnTotals {
    listings: usize,
    rows: usize,
    twice: usize,
    missed: usize,
}

/// Lists repeatedly while connections open and close.
fn churn(load: &ChurnLoad) {
    let fixture = Fixture::start(&["stay", &load.staying.to_string()]);
    let is_over = AtomicBool::new(false);
    let (churned, count) = thread::scope(|scope| {
        let workers: Vec<_> = (0..load.workers)
            .map(|worker| {
                scope.spawn({
                    let is_over = &is_over;
                    move || open_and_close(worker, is_over)
                })
            })
            .collect();
        let count = list(load);
        is_over.store(true, Ordering::Relaxed);
        (workers.into_iter().map(|worker| worker.join().unwrap()).sum::<usize>(), count)
    });
    drop(fixture);
    let ChurnTotals { listings, rows, twice, missed } = count;
    eprintln!(
        "live churn: {churned} connections opened and closed in {} s, {listings} listings of \
         {rows} rows; shown twice: {twice}; missed of {} that stay: {missed}",
        load.seconds, load.staying
    );
    assert_eq!(twice, 0, "a socket is shown once");
}

fn list(load: &ChurnLoad) -> ChurnTotals {
    let tables = SocketTables::open_ambient(ambient_authority()).unwrap();
    let mut count = ChurnTotals::default();
    let end = Instant::now() + Duration::from_secs(load.seconds);
    // At least one, on any machine.
    while count.listings == 0 || Instant::now() < end {
        let mut seen = ChurnListing::default();
        let limits = Limits { entries: u64::MAX, ..Limits::default() };
        let query = Query::new(Table::Tcp4);
        let report = tables.visit_with(&query.with_limits(limits), &mut seen).unwrap();
        assert_eq!(report.source, Source::SockDiag, "sock_diag has TCP sockets");
        count.listings += 1;
        count.rows += seen.rows;
        count.twice += seen.twice;
        count.missed += load.staying - seen.staying.len();
    }
    count
}

/// Opens and closes connections until the test is over, and returns their number.
fn open_and_close(worker: u8, is_over: &AtomicBool) -> usize {
    let connections = Connections::of(worker);
    let mut churned = 0;
    while !is_over.load(Ordering::Relaxed) {
        connections.open_and_close();
        churned += 1;
    }
    churned
}

/// Connections that are closed at once.
pub(super) struct Connections {
    listener: TcpListener,
    address: SocketAddr,
}

impl Connections {
    pub(super) fn of(worker: u8) -> Self {
        let address = SocketAddr::from((Ipv4Addr::new(127, 1, worker, 1), 9));
        let listener = TcpListener::bind(address).unwrap();
        // Closing with a reset leaves no TIME-WAIT, so ports never run out. Accepted sockets
        // inherit this from the listener.
        set_socket_linger(&listener, Some(Duration::ZERO)).unwrap();
        Self { listener, address }
    }

    /// Makes only five system calls, the minimum, to keep the kernel busy.
    pub(super) fn open_and_close(&self) {
        let client = TcpStream::connect(self.address).unwrap();
        let (server, _) = self.listener.accept().unwrap();
        drop(server);
        drop(client);
    }
}

#[test]
fn sockets_are_not_repeated_while_others_open_and_close() {
    inside("live::churn::sockets_are_not_repeated_while_others_open_and_close", || {
        churn(&ChurnLoad::SHORT);
    });
}

#[test]
#[ignore = "runs for CHURN_SECONDS; scripts/churn runs it"]
fn for_long() {
    inside("live::churn::for_long", || churn(&ChurnLoad::from_environment()));
}
