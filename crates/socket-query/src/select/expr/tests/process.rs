//! Conditions on processes and users, which iproute2 lacks.

use std::sync::Arc;

use procnetsocket::{
    Fact, Pid, ProcessQuery, ProcessReport, ProcessSocket, ProcessTable, SocketTables,
    Uninterrupted, model::Inode,
};
use rstest::rstest;
use testkit::{Datagram, FakeProc, FakeRoot, Process, Tcp, Unix};

use super::{eval::Inodes, *};
use crate::{
    error::ErrorKind,
    policy::{Policy, VisibleUsers},
    select::{
        Filter, Selection,
        expr::{Expr, FilterErrorKind, Predicate},
    },
    view::PolicyView,
};

fn parse_granted(text: &str) -> Result<Parsed, FilterError> {
    parse_on(&FakeMachine::with_processes(), text.as_bytes(), TableSet::ALL, None)
}

#[rstest]
// usual
#[case::pid("pid = 7", "pid = 7")]
#[case::no_operator("pid 7", "pid = 7")]
#[case::not_equal("pid != 7", "not pid = 7")]
#[case::words("comm eq sshd and user ne 5", "comm = sshd and not user = 5")]
#[case::pattern("comm ssh*", "comm = ssh*")]
#[case::blank(r"comm tmux:\ server", r"comm = tmux:\ server")]
#[case::user_name("user web", "user = 33")]
#[case::other_end("peer-pid = 7", "peer-pid = 7")]
#[case::other_end_by_name(
    "peer-comm != ssh* or peer-pid 8",
    "not peer-comm = ssh* or peer-pid = 8"
)]
#[case::joined("sport 22 pid 7 or user 0", "( sport = 22 and pid = 7 ) or user = 0")]
#[case::in_brackets("( not comm a )", "not comm = a")]
// boundary: they are values where iproute2 takes a value
#[case::names_of_sockets("src unix:user src unix:pid", "src unix:user and src unix:pid")]
#[case::prefix_holds_on("src unix:a src pid", "src unix:a and src unix:pid")]
#[case::other_end_of_a_name("src unix:peer-pid", "src unix:peer-pid")]
#[case::separate_values("comm pid comm = user", "comm = pid and comm = user")]
#[case::host_name("src user", "\"user\" is not an address, and resolving")]
#[case::device("dev user", "there is no interface \"user\"")]
#[case::cgroup("cgroup = pid", "there is no control group \"pid\"")]
#[case::port("sport comm", "there is no service \"comm\" in the tables that are listed")]
// hostile
#[case::zero("pid = 0", "expected the number of a process, but found \"0\"")]
#[case::sign("pid = -1", "expected the number of a process, but found \"-1\"")]
#[case::too_large("pid = 4294967296", "expected the number of a process, but found \"4294967296\"")]
#[case::order("pid > 7", "expected \"=\", \"!=\" or the number of a process, but found \">\"")]
#[case::other_end_of_nobody("peer-pid = 0", "expected the number of a process, but found \"0\"")]
#[case::no_other_end(
    "peer-comm",
    "expected \"=\", \"!=\" or the name of a process, but found the end"
)]
#[case::no_value("comm =", "expected the name of a process, but found the end of the filter")]
#[case::empty_name("comm \\", "expected \"=\", \"!=\" or the name of a process, but found the end")]
#[case::unknown_user("user = nobody", "there is no user \"nobody\"")]
#[case::empty_user("user = \\", "expected a user, but found the end of the filter")]
fn process_conditions_begin_with_separate_keywords(#[case] text: &str, #[case] expected: &str) {
    let found = match text {
        // This machine resolves no such host.
        "src user" => printed(parse(text)),
        text => printed(parse_granted(text)),
    };
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn processes_are_not_scanned_without_grant() {
    for text in
        ["pid = 7", "comm = sshd", "not pid 0", "sport 22 or comm *", "peer-pid 7", "peer-comm a"]
    {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind(), FilterErrorKind::NotGranted(Grant::Processes), "{text}");
    }
    assert_eq!(printed(parse("user = 7")), "user = 7");
    insta::assert_snapshot!(parse("sport 22 or comm = sshd").unwrap_err(), @r#"
    to choose sockets by their processes needs the grant "processes", which this host does not give
        sport 22 or comm = sshd
                           ^^^^
    "#);
}

#[test]
fn hidden_names_are_refused_in_filters() {
    let machine = FakeMachine { unix_names: Visibility::Hidden, ..FakeMachine::new() };
    let parse = |text: &str| parse_on(&machine, text.as_bytes(), TableSet::ALL, None);
    for text in ["src unix:/run/*", "not src unix:", "sport = unix:a", "src unix:* dst a"] {
        assert_eq!(parse(text).unwrap_err().kind(), FilterErrorKind::Hidden, "{text}");
    }
    assert_eq!(printed(parse("src unix:*")), "src unix:*");
    insta::assert_snapshot!(parse("src unix:a*").unwrap_err(), @r"
    names of unix sockets are hidden here, so a filter cannot ask for them
        src unix:a*
            ^^^^^^^
    ");
}

fn view(policy: Policy) -> (FakeRoot, PolicyView) {
    let root = FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:22").inode(10).uid(0))
        .tcp(Tcp::listen("127.0.0.1:80").inode(11).uid(33))
        .tcp(Tcp::listen("127.0.0.1:81").inode(0))
        .udp(Datagram::bound("127.0.0.1:53").inode(12).uid(33))
        .unix(Unix::stream().inode(13))
        .process(Process::new(7, "sshd").socket(3, 10).socket(4, 13))
        .process(Process::new(8, "httpd").socket(3, 11).socket(4, 13))
        .process(Process::new(9, "HTTPD").socket(3, 12))
        .build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    (root, PolicyView::new(tables, policy, Names::default()))
}

fn granted() -> Policy {
    Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect())
}

fn collect(view: &PolicyView, filter: Filter) -> Result<Vec<u64>, crate::Error> {
    let selection = Selection { filter, ..Selection::everything() };
    let mut inodes = Inodes::default();
    view.collect(&selection, &Uninterrupted, &mut inodes)?;
    Ok(inodes.0)
}

#[rstest]
#[case::pid("pid = 7", &[13, 10])]
#[case::another("pid = 99", &[])]
#[case::none_of_it("pid != 7", &[12, 0, 11])]
#[case::comm("comm = sshd", &[13, 10])]
#[case::pattern("comm = http*", &[13, 12, 11])]
#[case::both("pid 7 comm httpd", &[13])]
#[case::user("user = 33", &[12, 11])]
#[case::nobody("user = 0", &[10])]
#[case::neither("not user = 0", &[13, 12, 0, 11])]
fn rows_are_admitted_by_process_and_user(#[case] text: &str, #[case] inodes: &[u64]) {
    let (_root, view) = view(granted());
    let text: FilterText = [text].into_iter().collect();
    let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
    let mut found = collect(&view, view.filter(parsed.expr)).unwrap();
    let mut inodes = inodes.to_vec();
    found.sort_unstable();
    inodes.sort_unstable();
    assert_eq!(found, inodes);
}

#[test]
fn constructed_filter_admits_nothing_without_grant() {
    let (_root, view) = view(Policy::default());
    let is_named = Expr::Is(Predicate::Comm("*".into()));
    for expr in [is_named.clone(), is_named.negated()] {
        let error = collect(&view, view.filter(Some(expr))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotGranted(Grant::Processes));
    }
}

#[test]
fn hidden_sockets_have_no_process() {
    let (_root, view) = view(granted().with_users(VisibleUsers::Uid(33)));
    let pid = |pid| Expr::Is(Predicate::Pid(procnetsocket::Pid::new(pid).unwrap()));
    assert_eq!(collect(&view, view.filter(Some(pid(7)))).unwrap(), [0_u64; 0]);
    assert_eq!(collect(&view, view.filter(Some(pid(8)))).unwrap(), [11]);
}

#[rstest]
// usual
#[case::held("pid = 7", false)]
#[case::not_held("not pid = 7", true)]
#[case::other_word("comm != sshd", true)]
#[case::beside_others("sport = 22 and not pid 7", true)]
#[case::one_of_two("not ( sport = 22 or comm = a )", true)]
// boundary
#[case::twice("not not pid = 7", false)]
#[case::thrice("not not not pid = 7", true)]
#[case::other_conditions("not sport = 22 and pid = 7", false)]
#[case::users_are_known("not user = 0", false)]
#[case::other_end("not peer-pid = 7", true)]
fn incomplete_scan_counts_under_negation(#[case] text: &str, #[case] counts: bool) {
    let (_root, view) = view(granted());
    let text: FilterText = [text].into_iter().collect();
    let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
    assert_eq!(view.filter(parsed.expr).needs_complete_scan(), counts);
}

#[test]
fn known_processes_do_not_replace_the_grant() {
    let (_root, view) = view(granted());
    let text: FilterText = ["pid = 7"].into_iter().collect();
    let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
    let filter = view.filter(parsed.expr);
    assert!(filter.has_process_condition());
    let known = filter.with_processes(&ProcessTable::default());
    assert_eq!(collect(&view, known.clone()).unwrap(), collect(&view, filter).unwrap());
    // Security: the grant is still required.
    let ungranted = self::view(Policy::default()).1;
    let error = collect(&ungranted, known).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotGranted(Grant::Processes));
}

#[test]
fn name_of_thread_is_not_that_of_process() {
    let (pid, tid) = (Pid::new(7).unwrap(), Pid::new(8).unwrap());
    let (_root, view) = view(granted());
    let text: FilterText = ["comm = sshd or comm = worker"].into_iter().collect();
    let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
    let all = view.processes().unwrap().find(&ProcessQuery::all(), &Uninterrupted).unwrap();
    let process = all.tasks().iter().find(|task| task.pid == pid).unwrap();
    let [mut first, mut worker] = [process.clone(), process.clone()];
    first.tid = Some(pid);
    worker.tid = Some(tid);
    worker.name = Fact::Known("worker".into());
    worker.sockets = vec![ProcessSocket { inode: Inode::new(11).unwrap(), fd: 3 }];
    let mut report = ProcessReport::default();
    report.tasks = vec![first, worker];
    let filter = view.filter(parsed.expr).with_processes(&ProcessTable::new(report));
    assert_eq!(collect(&view, filter).unwrap(), [13, 10]);
}
