//! The processes of sockets, as `-p` and `-T` show them: standard output, standard error and status
//! are exact.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bstr::BString;
use procnetsocket::{
    Interrupt, Pid, ProcVisibility, ProcessQuery, ProcessReport, SocketTables, Threads,
    diag::KillAuthority,
};
use rstest::rstest;
use socket_query::{
    Grant, Policy, PolicyView, ProcessSource, ProcessSourceError, ProcessSourceErrorKind,
    VisibleUsers,
};
use ss_builtin::Ss;
use testkit::{FakeProc, Netlink, Process, Tcp};

use crate::{ours, outcome::Outcome};

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

/// Runs a line with the grant for processes.
fn run(root: &FakeProc, line: &str) -> Outcome {
    ours::run_granted(&root.build(), &ours::recorded_names(), &words(line), None)
}

/// Runs a line over two listeners, with a source for their processes.
fn run_with(source: &Arc<FakeProcesses>, line: &str) -> Outcome {
    let root = listeners().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    let view = PolicyView::new(tables, policy, ours::recorded_names());
    ours::call(
        &Ss::new(view.with_processes(Arc::<FakeProcesses>::clone(source))),
        &words(line),
        None,
    )
}

fn listeners() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .tcp(Tcp::listen("127.0.0.1:81").inode(501))
        .process(Process::new(10, "httpd").socket(3, 500).socket(4, 501))
}

/// A process source with a given answer, which counts the searches.
struct FakeProcesses {
    answer: Result<ProcessReport, ProcessSourceError>,
    asked: AtomicU32,
    threads: Threads,
}

impl FakeProcesses {
    fn new(answer: Result<ProcessReport, ProcessSourceError>) -> Arc<Self> {
        Arc::new(Self { answer, asked: AtomicU32::new(0), threads: Threads::Together })
    }

    fn failing(kind: ProcessSourceErrorKind) -> Arc<Self> {
        Self::new(Err(ProcessSourceError { kind, message: "expected an answer".to_owned() }))
    }

    fn closed(closed: u64, visibility: ProcVisibility) -> Arc<Self> {
        let mut report = ProcessReport::default();
        report.closed = closed;
        report.visibility = visibility;
        Self::new(Ok(report))
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Returns how often a line that prints no error looks for processes.
fn scans(line: &str) -> u32 {
    let source = FakeProcesses::closed(0, ProcVisibility::Withheld);
    let outcome = run_with(&source, line);
    assert_eq!((outcome.stderr.as_slice(), outcome.status), (&b""[..], 0));
    source.asked()
}

#[rstest]
#[case::neither("-tln sport = :80", 0)]
#[case::shown("-tlnp", 1)]
#[case::filter("-tln pid = 10", 1)]
#[case::filter_of_all_tables("-an pid = 10", 1)]
#[case::filter_of_two_conditions("-tln pid = 10 or comm = httpd", 1)]
#[case::shown_and_filter("-tlnp pid = 10", 1)]
#[case::shown_and_filter_sorted("-tlnp --sort port pid = 10", 1)]
#[case::shown_and_filter_counted("-tlnp --count pid = 10", 1)]
fn listing_scans_processes_once_if_it_needs_them(#[case] line: &str, #[case] count: u32) {
    assert_eq!(scans(line), count);
}

#[rstest]
#[case::filter("-Ktln pid = 4194304", 2)]
#[case::shown_and_filter("-Ktlnp pid = 4194304", 2)]
fn closing_scans_processes_before_listing_and_before_closing(
    #[case] line: &str,
    #[case] count: u32,
) {
    #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
    let token = cap_std::ambient_authority();
    let tables = match SocketTables::open_ambient(token) {
        Ok(tables) if tables.diag().is_some() => tables,
        _ => return eprintln!("*** NOTHING IS TESTED: there is no sock_diag here. ***"),
    };
    // The source finds no process, so no socket is admitted and none is closed.
    let source = Arc::new(FakeProcesses {
        answer: Ok(ProcessReport::default()),
        asked: AtomicU32::new(0),
        threads: Threads::Joined,
    });
    let policy = Policy::new([Grant::Sockets, Grant::Processes, Grant::Kill].into_iter().collect());
    let view = PolicyView::new(Arc::new(tables), policy, ours::recorded_names())
        .with_kill(KillAuthority::from_ambient(token))
        .with_processes(Arc::<FakeProcesses>::clone(&source));
    let outcome = ours::call(&Ss::new(view), &words(line), None);
    assert_eq!((outcome.stderr.as_slice(), outcome.status), (&b""[..], 0));
    assert_eq!(source.asked(), count);
}

impl ProcessSource for FakeProcesses {
    fn processes(
        &self,
        query: &ProcessQuery,
        _: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(query.threads, self.threads);
        self.answer.clone()
    }

    fn process_name(&self, _: Pid) -> Option<BString> {
        None
    }
}

#[test]
fn processes_are_shown_in_a_separate_column() {
    let outcome = run(&listeners(), "-tlnp");
    let lines = [
        "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess",
        "LISTEN 0      0          127.0.0.1:80        0.0.0.0:*    users:((\"httpd\",pid=10,fd=3))",
        "LISTEN 0      0          127.0.0.1:81        0.0.0.0:*    users:((\"httpd\",pid=10,fd=4))",
    ];
    assert_eq!(outcome.stdout, lines.map(|line| format!("{line}\n")).concat());
    assert_eq!((outcome.stderr.as_slice(), outcome.status), (&b""[..], 0));
}

#[rstest]
#[case::control_bytes(b"a\n\x1b[31m\x7f", br"a\x0a\x1b[31m\x7f")]
#[case::looks_like_another_process(br#"x",pid=1,fd=2)"#, br"x\x22,pid=1,fd=2)")]
#[case::direction("\u{202e}x".as_bytes(), br"\xe2\x80\xaex")]
#[case::invalid(b"\xff\xfe", br"\xff\xfe")]
#[case::letters("größe".as_bytes(), "größe".as_bytes())]
#[case::whole_behind_a_parenthesis(b"my (daemon) x", b"my (daemon) x")]
#[case::looks_like_the_end_of_the_name(b"a) R 1 (b", b"a) R 1 (b")]
fn names_of_processes_are_complete_and_escaped(#[case] name: &[u8], #[case] shown: &[u8]) {
    let root = FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .netlink(Netlink::new(0, 10))
        .process(Process::new(10, name).socket(3, 500));
    let expected = [b" users:((\"", shown, b"\",pid=10,fd=3))\n"].concat();
    let outcome = run(&root, "-tlnpH");
    assert!(outcome.stdout.ends_with(&expected), "{:?}", outcome.stdout);
    // There a quotation mark ends nothing, but a blank ends the column.
    let shown = bstr::ByteSlice::replace(shown, br"\x22", b"\"");
    let shown = bstr::ByteSlice::replace(shown.as_slice(), b" ", br"\x20");
    let expected = [b"rtnl:", shown.as_slice(), b"/10"].concat();
    let outcome = run(&root, "-f netlink -aH");
    assert!(bstr::ByteSlice::contains_str(outcome.stdout.as_slice(), &expected), "{outcome:?}");
}

#[test]
fn option_t_alone_shows_threads_of_processes() {
    let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(500)).process(
        Process::new(10, "main").socket(3, 500).thread(Process::new(11, "worker").socket(3, 500)),
    );
    let outcome = run(&root, "-tlnTH");
    for process in ["(\"main\",pid=10,tid=10,fd=3)", "(\"worker\",pid=10,tid=11,fd=3)"] {
        assert!(bstr::ByteSlice::contains_str(outcome.stdout.as_slice(), process), "{outcome:?}");
    }
    assert_eq!(outcome, run(&root, "-tlnTpH"));
}

#[test]
fn netlink_sockets_are_named_under_the_grant_only() {
    let root = FakeProc::new()
        .netlink(Netlink::new(0, 10))
        .process(Process::new(10, "routed").socket(3, 500));
    let line = "-f netlink -aH";
    assert_eq!(run(&root, line).stdout, "UNCONN 0      0      rtnl:routed/10 *\n");
    assert_eq!(run(&root, "-f netlink -anH").stdout, "UNCONN 0      0      0:10 *\n");
    let names = ours::recorded_names();
    let without = ours::run(&root.build(), &names, &words(line), None);
    assert_eq!(without.stdout, "UNCONN 0      0      rtnl:10 *\n");
}

#[rstest]
#[case::held_by_no_process(
    0,
    ProcVisibility::All,
    "ss: 2 sockets were open in no process: in a message of a unix socket, in io_uring alone, in the \
     kernel, or opened since processes were looked for\n"
)]
#[case::withheld(0, ProcVisibility::Withheld, "")]
#[case::one(
    1,
    ProcVisibility::All,
    "ss: processes may be missing: 1 process is closed to this user\n"
)]
#[case::many(
    12,
    ProcVisibility::All,
    "ss: processes may be missing: 12 processes are closed to this user\n"
)]
#[case::namespace(
    0,
    ProcVisibility::Namespace,
    "ss: processes may be missing: this /proc shows no process outside its PID namespace\n"
)]
#[case::hidden(
    0,
    ProcVisibility::Some,
    "ss: processes may be missing: this /proc is mounted to hide processes (hidepid)\n"
)]
fn missing_processes_are_reported(
    #[case] closed: u64,
    #[case] visibility: ProcVisibility,
    #[case] message: &str,
) {
    let outcome = run_with(&FakeProcesses::closed(closed, visibility), "-tlnpH");
    assert_eq!((outcome.stderr, outcome.status), (message.into(), 0));
    assert_eq!(count(&outcome.stdout, b"LISTEN"), 2);
}

fn count(stdout: &BString, word: &[u8]) -> usize {
    bstr::ByteSlice::find_iter(stdout.as_slice(), word).count()
}

#[test]
fn no_report_where_every_socket_has_a_process() {
    let source = FakeProcesses::closed(12, ProcVisibility::Some);
    // There is no row at all, so none without a process.
    assert_eq!(run_with(&source, "-ulnpH").stderr, "");
    assert_eq!(run(&listeners(), "-tlnp").stderr, "");
}

#[test]
fn socket_of_no_process_is_reported_as_such() {
    let root = FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .tcp(Tcp::listen("127.0.0.1:81").inode(501))
        .process(Process::new(10, "httpd").socket(3, 500));
    let outcome = run(&root, "-tlnpH");
    let message = "ss: 1 socket was open in no process: in a message of a unix socket, in io_uring \
                   alone, in the kernel, or opened since processes were looked for\n";
    assert_eq!((outcome.stderr, outcome.status), (message.into(), 0));
}

/// A policy that hides sockets reveals neither that processes are missing nor that there are none.
#[test]
fn reason_is_withheld_under_a_narrow_policy() {
    let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(500).uid(7)).build();
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect())
        .with_users(VisibleUsers::Uid(7));
    let outcome = ours::run_under(&root, policy, ours::recorded_names(), &words("-tlnpH"));
    assert_eq!((outcome.stderr, outcome.status), ("".into(), 0));
    assert_eq!(count(&outcome.stdout, b"LISTEN"), 1);
}

#[test]
fn failed_scan_is_reported_and_the_sockets_are_listed() {
    let outcome = run_with(&FakeProcesses::failing(ProcessSourceErrorKind::Unavailable), "-tlnpH");
    assert_eq!((outcome.stderr, outcome.status), ("ss: expected an answer\n".into(), 1));
    assert_eq!(count(&outcome.stdout, b"LISTEN"), 2);
    assert_eq!(count(&outcome.stdout, b"users"), 0);
}

#[test]
fn processes_are_looked_for_once_and_only_when_shown() {
    let source = FakeProcesses::closed(0, ProcVisibility::All);
    for (line, asked) in [("-tlne", 0), ("-tlnp", 1), ("-ap", 2), ("-sp", 2), ("-s", 2)] {
        run_with(&source, line);
        assert_eq!(source.asked(), asked, "{line}");
    }
}

#[test]
fn process_filter_and_p_scan_once() {
    let source = FakeProcesses::closed(0, ProcVisibility::All);
    let lines = ["-tln pid = 10", "-tlnp pid = 10", "-tlnp not comm a or pid 7", "-tln user = 0"];
    for (line, asked) in lines.into_iter().zip([1, 2, 3, 3]) {
        run_with(&source, line);
        assert_eq!(source.asked(), asked, "{line}");
    }
}

#[rstest]
#[case::selected("-tlnH pid = 10", 0)]
#[case::shown_and_selected("-tlnpH pid = 10", 0)]
#[case::not_held("-tlnH pid != 10", 2)]
#[case::count("-tln --count comm = httpd", 0)]
fn process_filter_with_incomplete_scan_reports_it(#[case] line: &str, #[case] rows: usize) {
    let outcome = run_with(&FakeProcesses::closed(12, ProcVisibility::All), line);
    let message = "ss: processes may be missing: 12 processes are closed to this user\n";
    assert_eq!((outcome.stderr, outcome.status), (message.into(), 0));
    assert_eq!(count(&outcome.stdout, b"LISTEN"), rows);
}

#[rstest]
#[case::text("-tln pid = 10", "")]
#[case::header_too("-tlnp comm = a", "")]
#[case::json("-tln --json pid = 10", "")]
#[case::json_lines("-tlnp --json-lines pid = 10", "")]
fn failed_scan_selects_nothing_by_process(#[case] line: &str, #[case] stdout: &str) {
    let outcome = run_with(&FakeProcesses::failing(ProcessSourceErrorKind::Unavailable), line);
    assert_eq!((outcome.stderr, outcome.status), ("ss: expected an answer\n".into(), 1));
    assert_eq!(outcome.stdout, stdout);
}

#[test]
fn threads_that_are_shown_do_not_change_what_is_selected() {
    let process =
        Process::new(10, "httpd").socket(3, 500).thread(Process::new(11, "worker").socket(3, 500));
    let root = FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .tcp(Tcp::listen("127.0.0.1:81").inode(501))
        .process(process);
    for filter in ["pid = 10", "pid = 11", "comm = httpd", "comm = worker", "not comm = worker"] {
        let [plain, threads] = ["-tlnH", "-tlnHT"].map(|options| {
            let outcome = run(&root, &format!("{options} {filter}"));
            assert_eq!(outcome.status, 0, "{}", outcome.stderr);
            count(&outcome.stdout, b"LISTEN")
        });
        assert_eq!(plain, threads, "{filter}");
    }
}

#[test]
fn scan_can_be_cancelled() {
    let root = listeners().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    let view = PolicyView::new(tables, policy, ours::recorded_names());
    let outcome = ours::call_cancelled(&Ss::new(view), &words("-tlnp"));
    assert_eq!(outcome.stdout, "");
    assert_ne!(outcome.status, 0);
}

/// The filter, the order, the policy and the text agree that TIME-WAIT has no uid.
#[rstest]
#[case::filter("-tanH user = 0", None, &["LISTEN"])]
#[case::excluding_filter("-tanH user != 0", None, &["TIME-WAIT"])]
#[case::order("-tanH --sort uid", None, &["LISTEN", "TIME-WAIT"])]
#[case::order_backwards("-tanH --sort -uid", None, &["LISTEN", "TIME-WAIT"])]
#[case::policy("-tanH", Some(0), &["LISTEN"])]
#[case::text("-tanHeO", None, &["TIME-WAIT", "LISTEN"])]
fn time_wait_has_no_uid(#[case] line: &str, #[case] uid: Option<u32>, #[case] states: &[&str]) {
    let root = FakeProc::new()
        .tcp(Tcp::time_wait("127.0.0.1:80", "127.0.0.1:5000"))
        .tcp(Tcp::listen("127.0.0.1:80").inode(500).uid(0))
        .build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let whose = uid.map_or(VisibleUsers::All, VisibleUsers::Uid);
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    let view = PolicyView::new(tables, policy.with_users(whose), ours::recorded_names());
    let outcome = ours::call(&Ss::new(view), &words(line), None);
    let listed = String::from_utf8(outcome.stdout.to_vec()).unwrap();
    let listed: Vec<_> = listed.lines().filter_map(|row| row.split(' ').next()).collect();
    assert_eq!(listed, states, "{}", String::from_utf8_lossy(&outcome.stderr));
    assert!(!outcome.stdout.windows(4).any(|bytes| bytes == b"uid:"));
}
