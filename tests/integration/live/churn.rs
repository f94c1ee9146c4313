//! Connections that come and go while sockets are listed.
//!
//! A listing must not show a socket twice, and should show those that stay. The short run is a part
//! of the suite; `scripts/churn` makes long ones, and so does
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
    net::SocketAddr,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use cap_std::ambient_authority;
use procnetsocket::{
    Limits, Query, RowError, SocketTables, Source, Table, Uninterrupted, Visitor,
    model::{Cookie, Socket},
};

use super::{fixture::Fixture, namespace::inside};

/// How much is done, for how long.
struct Load {
    seconds: u64,
    staying: usize,
    workers: usize,
}

impl Load {
    const SHORT: Self = Self { seconds: 2, staying: 500, workers: 1 };

    fn from_environment() -> Self {
        let number = |name: &str, default| {
            std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
        };
        Self {
            seconds: u64::try_from(number("CHURN_SECONDS", 30)).unwrap(),
            staying: number("CHURN_STAYING", 10_000),
            workers: number("CHURN_WORKERS", 2),
        }
    }
}

/// One listing: which connections stay, and which sockets came twice.
#[derive(Default)]
struct Seen {
    cookies: BTreeSet<Cookie>,
    staying: BTreeSet<SocketAddr>,
    rows: usize,
    twice: usize,
}

impl Visitor for Seen {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Socket::Inet(socket) = socket else { panic!("a TCP table has {socket:?}") };
        self.rows += 1;
        self.twice += usize::from(!self.cookies.insert(socket.cookie.expect("sock_diag tells it")));
        // The client's end of what stays: the fixture's first listener.
        if socket.remote == SocketAddr::from(([127, 0, 0, 1], 9)) {
            self.staying.insert(socket.local);
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}");
    }

    /// A dump that the kernel calls inconsistent begins anew.
    fn restart(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

/// Lists again and again while connections come and go.
fn churn(load: &Load) {
    let words = ["churn".to_owned(), load.staying.to_string(), load.workers.to_string()];
    let fixture = Fixture::start(&words.each_ref().map(String::as_str));
    let tables = SocketTables::open_ambient(ambient_authority()).unwrap();
    let [mut listings, mut rows, mut twice, mut missed] = [0; 4];
    let end = Instant::now() + Duration::from_secs(load.seconds);
    // At least one, however slow the machine is.
    while listings == 0 || Instant::now() < end {
        let mut seen = Seen::default();
        let limits = Limits { entries: u64::MAX, ..Limits::default() };
        let query = Query::new(Table::Tcp4);
        let report = tables.visit_query(&query, &limits, &Uninterrupted, &mut seen).unwrap();
        assert_eq!(report.source, Source::Diag, "sock_diag has TCP sockets");
        listings += 1;
        rows += seen.rows;
        twice += seen.twice;
        missed += load.staying - seen.staying.len();
    }
    let said = fixture.finish().join(" ");
    eprintln!(
        "live churn: {said} connections opened and closed in {} s, {listings} listings of {rows} \
         rows; shown twice: {twice}; missed of {} that stay: {missed}",
        load.seconds, load.staying
    );
    assert_eq!(twice, 0, "a socket is shown once");
}

#[test]
fn no_socket_is_shown_twice_while_others_come_and_go() {
    inside("live::churn::no_socket_is_shown_twice_while_others_come_and_go", || {
        churn(&Load::SHORT);
    });
}

#[test]
#[ignore = "takes as long as it is told; scripts/churn runs it"]
fn for_long() {
    inside("live::churn::for_long", || churn(&Load::from_environment()));
}
