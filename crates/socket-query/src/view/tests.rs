//! Gates, bounds and searches of a [`PolicyView`].

use std::{
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use procnetsocket::{
    FoundNamespaces, NetNamespace, OpenedNamespace, Pid, ProcessQuery, ProcessReport,
    Uninterrupted, diag::EventAuthority,
};
use rstest::rstest;
use testkit::{FakeProc, Tcp};

use super::*;
use crate::{
    error::ErrorKind,
    follow::{EventSink, Until},
    host_name::HostNameError,
    policy::{Grant, NamespaceScope, VisibleUsers},
    process_source::{ProcessSourceError, ProcessSourceErrorKind},
    select::{TableSet, expr::FilterText},
};

/// A sink that must receive nothing.
struct NoSink;

impl Sink for NoSink {
    fn socket(&mut self, table: SocketTable, _: Socket<'_>) -> ControlFlow<()> {
        panic!("expected no socket, but found one of {table:?}")
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        panic!("expected no problem, but found {problem:?}")
    }
}

impl EventSink for NoSink {
    fn event_over(&mut self) -> ControlFlow<()> {
        panic!("expected no event")
    }
}

fn token() -> cap_std::AmbientAuthority {
    #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
    cap_std::ambient_authority()
}

/// A view of a fake root with everything that a host can provide, and these grants.
fn view(grants: &[Grant]) -> PolicyView {
    let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::new(grants.iter().copied().collect());
    let view = PolicyView::new(tables, policy, Names::default())
        .with_kill(KillAuthority::from_ambient(token()));
    match EventSource::open_ambient(&EventAuthority::from_ambient(token())) {
        Ok(events) => view.with_events(Arc::new(events)),
        // Without sock_diag there are no events, and nothing can be destroyed.
        Err(_) => view,
    }
}

#[rstest]
#[case::nothing(&[], ErrorKind::NotGranted(Grant::Sockets))]
#[case::without_events(&[Grant::Sockets, Grant::Kill], ErrorKind::NotGranted(Grant::Events))]
#[case::without_sockets(&[Grant::Events], ErrorKind::NotGranted(Grant::Sockets))]
#[case::a_fake_root(&Grant::ALL, ErrorKind::NoMeans(Grant::Events))]
fn events_have_one_gate(#[case] grants: &[Grant], #[case] kind: ErrorKind) {
    assert_eq!(view(grants).events().unwrap_err().kind(), kind);
}

/// Has one control group without sockets.
struct OneGroup;

impl CgroupPaths for OneGroup {
    fn paths(&self) -> BTreeMap<u64, BString> {
        BTreeMap::from([(7, "/secret.service".into())])
    }
}

#[rstest]
#[case::all_sockets(Policy::default(), "cgroup = /secret.service", true)]
#[case::all_sockets_and_no_group(Policy::default(), "cgroup = /other", false)]
#[case::unit_of_all_sockets(Policy::default(), "unit = secret.service", true)]
#[case::one_user(one_user(), "cgroup = /secret.service", false)]
#[case::unit_of_one_user(one_user(), "unit = secret.service", false)]
fn control_groups_of_hidden_sockets_are_unknown_in_filters(
    #[case] policy: Policy,
    #[case] text: &str,
    #[case] is_known: bool,
) {
    let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let view = PolicyView::new(tables, policy, Names::default()).with_cgroups(Arc::new(OneGroup));
    let text: FilterText = [text].into_iter().collect();
    let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted);
    assert_eq!(parsed.is_ok(), is_known, "{parsed:?}");
}

fn one_user() -> Policy {
    Policy::default().with_users(VisibleUsers::Uid(0))
}

/// Resolves no host.
struct NoHosts;

impl HostNames for NoHosts {
    fn addresses(&self, _: &str, _: &dyn Interrupt) -> Result<Vec<IpAddr>, HostNameError> {
        Err(HostNameError::Unknown)
    }

    fn name(&self, _: IpAddr, _: &dyn Interrupt) -> Option<BString> {
        None
    }
}

#[rstest]
#[case::nothing(&[], Some(ErrorKind::NotGranted(Grant::Sockets)))]
#[case::without_sockets(&[Grant::Resolve], Some(ErrorKind::NotGranted(Grant::Sockets)))]
#[case::without_resolve(&[Grant::Sockets], Some(ErrorKind::NotGranted(Grant::Resolve)))]
#[case::both(&[Grant::Sockets, Grant::Resolve], None)]
fn resolving_has_one_gate(#[case] grants: &[Grant], #[case] kind: Option<ErrorKind>) {
    let view = view(grants);
    let without = view.resolver().err().map(|error| error.kind());
    assert_eq!(without, kind.or(Some(ErrorKind::NoMeans(Grant::Resolve))));
    let with = view.with_host_names(Arc::new(NoHosts));
    assert_eq!(with.resolver().err().map(|error| error.kind()), kind);
}

#[rstest]
#[case::nothing(&[], ErrorKind::NotGranted(Grant::Sockets))]
#[case::without_kill(&[Grant::Sockets, Grant::Events], ErrorKind::NotGranted(Grant::Kill))]
#[case::without_sockets(&[Grant::Kill], ErrorKind::NotGranted(Grant::Sockets))]
#[case::a_fake_root(&Grant::ALL, ErrorKind::NoMeans(Grant::Kill))]
fn destroying_has_one_gate(#[case] grants: &[Grant], #[case] kind: ErrorKind) {
    assert_eq!(view(grants).kill().unwrap_err().kind(), kind);
}

#[rstest]
#[case::pid("pid = 7")]
#[case::comm("sport = 80 or comm != a")]
#[case::user("not user = 0")]
fn event_filters_on_absent_fields_are_refused(#[case] text: &str) {
    let tables = match SocketTables::open_ambient(token()) {
        Ok(tables) if tables.diag().is_some() => tables,
        _ => return eprintln!("*** NOTHING IS TESTED: there is no sock_diag here. ***"),
    };
    let events = EventSource::open_ambient(&EventAuthority::from_ambient(token())).unwrap();
    let policy = Policy::new(Grant::ALL.into_iter().collect());
    let view =
        PolicyView::new(Arc::new(tables), policy, Names::default()).with_events(Arc::new(events));
    let text: FilterText = [text].into_iter().collect();
    let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
    let filter = view.filter(parsed.expr);
    let selection = Selection { filter, ..Selection::everything() };
    let until = Until { deadline: None, count: Some(0) };
    let followed = view.events().unwrap().follow(&selection, &until, &Uninterrupted, &mut NoSink);
    assert_eq!(followed.unwrap_err().kind(), ErrorKind::EventsWithoutProcesses);
}

/// Returns only when it is interrupted.
struct EndlessSource;

impl ProcessSource for EndlessSource {
    fn processes(
        &self,
        _: &ProcessQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError> {
        while !interrupt.is_interrupted() {
            std::thread::yield_now();
        }
        let kind = ProcessSourceErrorKind::Interrupted;
        Err(ProcessSourceError { kind, message: "interrupted".to_owned() })
    }

    fn process_name(&self, _: Pid) -> Option<BString> {
        None
    }
}

#[test]
fn policy_bounds_the_process_scan() {
    let root = FakeProc::new().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect())
        .with_max_time(Some(Duration::from_millis(1)));
    let view =
        PolicyView::new(tables, policy, Names::default()).with_processes(Arc::new(EndlessSource));
    let error = view.processes().unwrap().find(&ProcessQuery::all(), &Uninterrupted).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaxTime);
}

#[test]
fn events_are_refused_where_one_users_sockets_are_shown() {
    let tables = match SocketTables::open_ambient(token()) {
        Ok(tables) if tables.diag().is_some() => tables,
        _ => return eprintln!("*** NOTHING IS TESTED: there is no sock_diag here. ***"),
    };
    let events = EventSource::open_ambient(&EventAuthority::from_ambient(token())).unwrap();
    let policy = Policy::new(Grant::ALL.into_iter().collect()).with_users(VisibleUsers::Uid(0));
    let view =
        PolicyView::new(Arc::new(tables), policy, Names::default()).with_events(Arc::new(events));
    let until = Until { deadline: None, count: Some(0) };
    let followed = view.events().unwrap().follow(
        &Selection::everything(),
        &until,
        &Uninterrupted,
        &mut NoSink,
    );
    assert_eq!(followed.unwrap_err().kind(), ErrorKind::EventsWithoutProcesses);
}

/// Finds no namespaces, and counts the calls.
#[derive(Debug, Default)]
struct NoNamespaces(AtomicUsize);

impl NamespaceSource for NoNamespaces {
    fn find(&self, _: &dyn Interrupt) -> Result<FoundNamespaces, procnetsocket::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(FoundNamespaces::default())
    }

    fn tables(
        &self,
        namespace: &NetNamespace,
        _: &dyn Interrupt,
    ) -> Result<OpenedNamespace, procnetsocket::Error> {
        panic!("expected that no namespace is opened, but found {namespace:?}")
    }
}

#[rstest]
#[case::listing(false)]
#[case::with_other_ends(true)]
fn namespaces_are_found_once_per_look(#[case] peers: bool) {
    let finder = Arc::new(NoNamespaces::default());
    let tables = Arc::new(SocketTables::open_ambient(token()).unwrap());
    let policy = Policy::new(Grant::ALL.into_iter().collect()).with_namespaces(NamespaceScope::All);
    let view = PolicyView::new(tables, policy, Names::default())
        .with_namespace_finder(Arc::<NoNamespaces>::clone(&finder))
        .everywhere()
        .unwrap();
    let selection = Selection { peers, ..Selection::everything() };
    for looks in 1..=2 {
        let look = view.look(&selection, &Uninterrupted).unwrap();
        for _ in 0..3 {
            look.collect(&selection, &Uninterrupted, &mut NoSink).unwrap();
        }
        assert_eq!(finder.0.load(Ordering::Relaxed), looks);
    }
}
