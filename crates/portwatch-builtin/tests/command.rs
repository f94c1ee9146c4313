//! The command over fake proc roots, which may change with every line that it prints.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "everything here is test code, which fails by a panic"
)]

use std::{
    collections::VecDeque,
    io::{self, Write},
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bstr::BString;
use builtin_api::{CallContext, Cancel, Clock, invoke};
use portwatch_builtin::{OutputMode, PortWatch};
use procnetsocket::{Interrupt, Pid, ProcVisibility, ProcessQuery, ProcessReport, SocketTables};
use rstest::rstest;
use socket_query::{
    AddressFamily, FamilySet, Grant, Names, NamespaceScope, Policy, PolicyView, ProcessSource,
    ProcessSourceError, Visibility, VisibleUsers,
};
use testkit::{Datagram, FakeProc, FakeRoot, ProcTable, Process, Tcp, Unix};

/// A machine, and its changes: one each time that the clock is read, which is once after each look.
struct ChangingMachine {
    root: FakeRoot,
    next: std::sync::Mutex<VecDeque<FakeProc>>,
    ticks: AtomicU64,
}

impl ChangingMachine {
    fn new(first: &FakeProc, next: impl IntoIterator<Item = FakeProc>) -> Self {
        let next = std::sync::Mutex::new(next.into_iter().collect());
        Self { root: first.build(), next, ticks: AtomicU64::new(0) }
    }

    fn view(&self, policy: Policy) -> PolicyView {
        let tables = Arc::new(SocketTables::from_dir(self.root.dir()));
        PolicyView::new(tables, policy, Names::new(b"http 80/tcp\n", b""))
    }

    fn turn(&self) {
        if let Some(next) = self.next.lock().unwrap().pop_front() {
            self.root.replace(&next);
        }
    }
}

impl Clock for ChangingMachine {
    fn now(&self) -> SystemTime {
        self.turn();
        let seconds = self.ticks.fetch_add(1, Ordering::Relaxed);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }
}

/// Standard error, after each line of which the machine changes.
struct Complaints<'a>(&'a ChangingMachine, Vec<u8>);

impl Write for Complaints<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.contains(&b'\n') {
            self.0.turn();
        }
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct CallResult {
    status: u8,
    stdout: String,
    stderr: String,
}

fn run(
    machine: &ChangingMachine,
    portwatch: &PortWatch,
    cancel: &Cancel,
    words: &[&str],
) -> CallResult {
    let mut stdout = Vec::new();
    let mut stderr = Complaints(machine, Vec::new());
    let mut stdin = io::empty();
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr)
        .with_cancel(cancel)
        .with_clock(machine);
    let args: Vec<_> = words.iter().map(|word| BString::from(*word)).collect();
    let status = invoke(portwatch, &mut context, &args).code();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    CallResult { status, stdout: text(stdout), stderr: text(stderr.1) }
}

fn call(machine: &ChangingMachine, words: &[&str]) -> CallResult {
    let portwatch = PortWatch::new(machine.view(Policy::default()));
    run(machine, &portwatch, &Cancel::new(), words)
}

fn base() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("0.0.0.0:22").inode(1))
        .tcp(Tcp::listen("[::1]:80").inode(2).uid(33))
        .tcp(Tcp::established("10.0.0.1:9999", "10.0.0.2:1").inode(3))
        .udp(Datagram::bound("127.0.0.53:53").inode(4).uid(101))
}

fn with(port: u16, inode: u64) -> FakeProc {
    base().tcp(Tcp::listen(&format!("127.0.0.1:{port}")).inode(inode))
}

fn still(root: &FakeProc) -> ChangingMachine {
    ChangingMachine::new(root, [])
}

#[test]
fn lists_what_is_open() {
    let called = call(&still(&base()), &["--list"]);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(called.stdout, @"
    tcp 0.0.0.0:22 uid:0 ino:1
    tcp [::1]:80 uid:33 ino:2
    udp 127.0.0.53:53 uid:101 ino:4
    ");
}

#[test]
fn lists_as_json() {
    let called = call(&still(&base()), &["--list", "--json-lines", "-6"]);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(
        called.stdout,
        @r#"{"protocol":"tcp","local":{"address":"::1","port":80},"uid":33,"inode":2}"#
    );
}

#[rstest]
#[case::protocol(&["-u"], "udp 127.0.0.53:53")]
#[case::family(&["-4", "-t"], "tcp 0.0.0.0:22")]
#[case::port(&[":53"], "udp 127.0.0.53:53")]
#[case::number(&["22"], "tcp 0.0.0.0:22")]
#[case::service(&[":http"], "tcp [::1]:80")]
#[case::filter(&["sport", "<", ":50"], "tcp 0.0.0.0:22")]
#[case::address(&["src [::1]"], "tcp [::1]:80")]
#[case::nothing_of_connections(&["sport = :9999"], "")]
#[case::range_of_both(&["( sport = :22 or sport = :53 )"], "tcp 0.0.0.0:22\nudp 127.0.0.53:53")]
fn lists_what_is_asked_for(#[case] words: &[&str], #[case] listed: &str) {
    let called = call(&still(&base()), &[&["--list"], words].concat());
    let ports: Vec<_> =
        called.stdout.lines().map(|line| line.split(" uid").next().unwrap()).collect();
    assert_eq!((called.status, ports.join("\n").as_str()), (0, listed), "{}", called.stderr);
}

#[test]
fn shows_the_processes_that_hold_a_port_where_that_is_granted() {
    let server = Process::new(70, "server").socket(3, 1).socket(4, 1);
    let machine = still(&base().process(server));
    let called = call(&machine, &["--list", "-p"]);
    assert_eq!(
        called.stderr,
        "portwatch: --processes shows none: listing processes needs the grant \"processes\", which \
         this host does not give\n"
    );
    let plain = call(&machine, &["--list"]);
    assert_eq!((called.status, called.stdout), (0, plain.stdout));
    let called = call(&machine, &["--list", "-p", "--json-lines"]);
    assert!(!called.stdout.contains("processes"), "{}", called.stdout);
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    let portwatch = PortWatch::new(machine.view(policy));
    let called = run(&machine, &portwatch, &Cancel::new(), &["-lpt"]);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(called.stdout, @r#"
    tcp 0.0.0.0:22 uid:0 ino:1 users:(("server",pid=70))
    tcp [::1]:80 uid:33 ino:2
    "#);
    let called = run(&machine, &portwatch, &Cancel::new(), &["-lpt", ":22", "--json-lines"]);
    assert!(called.stdout.contains(r#""processes":[{"pid":70,"name":"server"}]"#));
}

/// Processes that this user may not look into.
struct ClosedProcesses;

impl ProcessSource for ClosedProcesses {
    fn processes(
        &self,
        _: &ProcessQuery,
        _: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError> {
        let mut report = ProcessReport::default();
        report.closed = 2;
        Ok(report)
    }

    fn process_name(&self, _: Pid) -> Option<BString> {
        None
    }
}

/// Finds no process in a PID namespace, and counts the searches.
#[derive(Default)]
struct InNamespace(AtomicU32);

impl ProcessSource for InNamespace {
    fn processes(
        &self,
        _: &ProcessQuery,
        _: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let mut report = ProcessReport::default();
        report.visibility = ProcVisibility::Namespace;
        Ok(report)
    }

    fn process_name(&self, _: Pid) -> Option<BString> {
        None
    }
}

#[rstest]
#[case::one_look(&["--list", "pid = 70"], 0, 1)]
#[case::one_table(&["--list", "-t", "pid = 70"], 0, 1)]
#[case::no_filter_of_processes(&["--list", ":9"], 0, 0)]
#[case::two_looks_prove_absence(&["--gone", "pid = 70"], 0, 2)]
#[case::excluded_process_may_be_outside(&["--gone", "not pid = 70 and sport = :9", "--timeout=1ms"], 124, 0)]
fn filter_of_processes_scans_once_per_look_and_works_in_a_pid_namespace(
    #[case] words: &[&str],
    #[case] status: u8,
    #[case] scans: u32,
) {
    let machine = still(&base());
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    let source = Arc::new(InNamespace::default());
    let view = machine.view(policy).with_processes(Arc::<InNamespace>::clone(&source));
    let called = run(&machine, &PortWatch::new(view), &Cancel::new(), words);
    assert_eq!(called.status, status, "{}", called.stderr);
    // The number of looks before a timeout depends on the clock.
    if status == 0 {
        assert_eq!((source.0.load(Ordering::Relaxed), called.stderr.as_str()), (scans, ""));
    }
}

#[rstest]
#[case::nothing_is_gone(&["--gone", "pid = 70", "--timeout=1ms"], 124, "", true)]
#[case::nor_listed(&["--list", "comm = server"], 1, "", true)]
#[case::shown(&["--list", "-pt", ":22"], 0, "tcp 0.0.0.0:22 uid:0 ino:1\n", true)]
#[case::not_asked(&["--list", "-t", ":22"], 0, "tcp 0.0.0.0:22 uid:0 ino:1\n", false)]
fn closed_processes_are_reported(
    #[case] words: &[&str],
    #[case] status: u8,
    #[case] stdout: &str,
    #[case] told: bool,
) {
    let machine = still(&base());
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    let view = machine.view(policy).with_processes(Arc::new(ClosedProcesses));
    let called = run(&machine, &PortWatch::new(view), &Cancel::new(), words);
    assert_eq!((called.status, called.stdout.as_str()), (status, stdout), "{}", called.stderr);
    let line = "portwatch: processes may be missing: 2 processes are closed to this user\n";
    assert_eq!(called.stderr.contains(line), told, "{}", called.stderr);
}

#[rstest]
#[case::open(&["--wait", ":22"], 0, "")]
#[case::open_by_number(&["--wait", "22", "--timeout=1ms"], 0, "")]
#[case::not_open(&["--wait", ":8080", "--timeout=1ms"], 124, "portwatch: nothing matched in time: ")]
#[case::another_protocol(&["--wait", "-u", ":22", "--timeout=1ms"], 124, "portwatch: nothing matched in time: ")]
#[case::a_connection_is_no_port(&["--wait", ":9999", "--timeout=1ms"], 124, "portwatch: nothing matched in time: ")]
#[case::gone(&["--gone", ":8080"], 0, "")]
#[case::not_gone(&["--gone", ":22", "--timeout=1ms"], 124, "portwatch: a socket still matches: ")]
fn waits(#[case] words: &[&str], #[case] status: u8, #[case] complaint: &str) {
    let called = call(&still(&base()), words);
    assert_eq!((called.status, called.stdout.as_str()), (status, ""));
    let target = format!("sport = :{}\n", words[1..].iter().find_map(|w| port_of(w)).unwrap());
    let expected = if status == 0 { String::new() } else { format!("{complaint}{target}") };
    assert_eq!(called.stderr, expected);
}

fn port_of(word: &str) -> Option<u16> {
    word.trim_start_matches(':').parse().ok()
}

/// A port, whatever address it is bound to.
#[rstest]
#[case::ipv4_loopback("127.0.0.1:8080")]
#[case::any_ipv4("0.0.0.0:8080")]
#[case::ipv6_loopback("[::1]:8080")]
#[case::any_ipv6("[::]:8080")]
#[case::mapped("[::ffff:127.0.0.1]:8080")]
#[case::other_ipv6("[fe80::1]:8080")]
fn bare_port_matches_every_address(#[case] address: &str) {
    let machine = still(&FakeProc::new().tcp(Tcp::listen(address).inode(9)));
    for words in [["--wait", ":8080"], ["--wait", "8080"]] {
        assert_eq!(call(&machine, &words).status, 0, "{words:?}");
    }
    assert_eq!(call(&machine, &["--gone", ":8080", "--timeout=1ms"]).status, 124);
}

/// A protocol before a port or an address, as `wait-on` and others write it.
#[rstest]
#[case::port("tcp:8080", 0)]
#[case::port_with_colon("tcp::8080", 0)]
#[case::address("tcp:[::1]:8080", 0)]
#[case::other_address("tcp:127.0.0.1:8080", 124)]
#[case::other_protocol("udp:8080", 124)]
#[case::udp("udp:127.0.0.53:53", 0)]
#[case::no_address("tcp:[::1:8080", 2)]
fn protocol_may_precede_a_port(#[case] word: &str, #[case] status: u8) {
    let root = FakeProc::new().tcp(Tcp::listen("[::1]:8080").inode(9));
    let machine = still(&root.udp(Datagram::bound("127.0.0.53:53").inode(4)));
    assert_eq!(call(&machine, &["--wait", word, "--timeout=5ms"]).status, status);
}

fn unix_base() -> FakeProc {
    base()
        .unix(Unix::stream().listening().path("/run/x.sock").inode(50))
        .unix(Unix::seqpacket().listening().abstract_name("seq").inode(51))
        .unix(Unix::stream().path("/run/bound.sock").inode(52))
        .unix(Unix::stream().connected().path("/run/client.sock").inode(53))
        .unix(Unix::datagram().path("/run/log").inode(54))
        .unix(Unix::stream().listening().path("relative").inode(55))
        .unix(Unix::stream().listening().path("/run/[a]*").inode(56))
}

#[rstest]
// usual
#[case::path("/run/x.sock", true)]
#[case::path_with_its_family("unix:/run/x.sock", true)]
#[case::abstract_name("unix:@seq", true)]
#[case::relative("unix:relative", true)]
#[case::filter("src unix:/run/x.*", true)]
// boundary
#[case::prefix("/run/x", false)]
#[case::longer("/run/x.sock2", false)]
#[case::other_case("/run/X.sock", false)]
#[case::abstract_is_no_path("unix:seq", false)]
#[case::bound_only("/run/bound.sock", false)]
#[case::connected("/run/client.sock", false)]
#[case::datagram("/run/log", false)]
// hostile
#[case::a_name_is_no_pattern("/run/*", false)]
#[case::pattern_characters_in_a_name("/run/[a]*", true)]
fn unix_listeners_are_waited_for_by_name(#[case] target: &str, #[case] listens: bool) {
    let machine = still(&unix_base());
    let wait = call(&machine, &["--wait", target, "--timeout=1ms"]);
    let gone = call(&machine, &["--gone", target, "--timeout=1ms"]);
    let expected = if listens { (0, 124) } else { (124, 0) };
    assert_eq!((wait.status, gone.status), expected, "{}{}", wait.stderr, gone.stderr);
}

#[test]
fn unix_listener_is_waited_for_until_it_comes_and_goes() {
    let broken = || base().without(ProcTable::Tcp6).raw_file("net/tcp6/a-directory", "");
    let listening = || broken().unix(Unix::stream().listening().path("/run/y").inode(60));
    // The machine changes with the line about the table.
    let machine = ChangingMachine::new(&broken(), [listening()]);
    let called = call(&machine, &["--wait", "/run/y", ":8080", "--any", "--interval=1ms"]);
    assert_eq!(called.status, 0, "{}", called.stderr);
    let machine = ChangingMachine::new(&listening(), [broken()]);
    let words = ["--gone", "/run/y", "--wait", ":8080", "--any", "--interval=1ms"];
    let called = call(&machine, &words);
    assert_eq!(called.status, 0, "{}", called.stderr);
}

#[rstest]
#[case::all_hold(&["--wait", ":22", ":80", "/run/x.sock"], 0, "")]
#[case::one_does_not(
    &["--wait", ":22", "/run/none", "--timeout=1ms"],
    124,
    "portwatch: nothing matched in time: unix:/run/none\n"
)]
#[case::any(&["--any", "--wait", "/run/none", ":22"], 0, "")]
#[case::none_of_any(
    &["--any", "--wait", "/run/none", "--gone", "/run/x.sock", "--timeout=1ms"],
    124,
    "portwatch: nothing matched in time: unix:/run/none\n\
     portwatch: a socket still matches: unix:/run/x.sock\n"
)]
#[case::came_and_went(&["--wait", "sport", "=", ":22", "--gone", "/run/none", ":8080"], 0, "")]
fn several_conditions_hold_together_or_any(
    #[case] words: &[&str],
    #[case] status: u8,
    #[case] stderr: &str,
) {
    let called = call(&still(&unix_base()), words);
    assert_eq!((called.status, called.stderr.as_str()), (status, stderr));
}

#[test]
fn unix_listeners_are_listed_when_they_are_asked_for() {
    let machine = still(&unix_base());
    let listed = call(&machine, &["--list", "-xt"]);
    assert_eq!(listed.status, 0, "{}", listed.stderr);
    insta::assert_snapshot!(listed.stdout, @"
    tcp 0.0.0.0:22 uid:0 ino:1
    tcp [::1]:80 uid:33 ino:2
    unix /run/[a]* ino:56
    unix /run/x.sock ino:50
    unix relative ino:55
    unix @seq ino:51
    ");
    assert_eq!(call(&machine, &["--list", "src unix:*"]).stdout.lines().count(), 4);
    let listed = call(&machine, &["--list", "/run/x.sock", "--json-lines"]);
    insta::assert_snapshot!(
        listed.stdout,
        @r#"{"protocol":"unix","local":{"name":"/run/x.sock"},"inode":50}"#
    );
}

/// What a policy hides is never matched: neither a name nor a family nor another user's socket.
#[test]
fn hidden_unix_sockets_are_not_matched() {
    let machine = still(&unix_base());
    let call = |policy: Policy, words: &[&str]| {
        run(&machine, &PortWatch::new(machine.view(policy)), &Cancel::new(), words)
    };
    let hidden = || Policy::default().with_unix_names(Visibility::Hidden);
    for option in ["--wait", "--gone", "--list"] {
        let called = call(hidden(), &[option, "/run/x.sock"]);
        assert_eq!((called.status, called.stdout.as_str()), (1, ""));
        assert_eq!(
            called.stderr,
            "portwatch: names of unix sockets are hidden here, so none is found by its name\n"
        );
    }
    let called = call(hidden(), &["--wait", "src unix:/run/x.sock"]);
    assert_eq!(called.status, 1, "{}", called.stderr);
    assert!(call(hidden(), &["--list", "-x"]).stdout.starts_with("unix * ino:"));
    let families = Policy::default().with_families(FamilySet::of(AddressFamily::Inet));
    assert_eq!(call(families, &["--wait", "/run/x.sock", "--timeout=1ms"]).status, 124);
    // The text table does not contain their users.
    let users = Policy::default().with_users(VisibleUsers::Uid(0));
    let called = call(users, &["--wait", "/run/x.sock", "--timeout=1ms"]);
    assert_eq!(called.status, 124, "{}", called.stderr);
}

#[test]
fn follows_what_opens_and_closes() {
    let machine = ChangingMachine::new(&base(), [with(8080, 7), with(8080, 8), base()]);
    let called = call(&machine, &["--count", "4", "--interval=1ms"]);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(called.stdout, @"
    1970-01-01T00:00:01.000000000Z opened tcp 127.0.0.1:8080 uid:0 ino:7
    1970-01-01T00:00:02.000000000Z closed tcp 127.0.0.1:8080 uid:0 ino:7
    1970-01-01T00:00:02.000000001Z opened tcp 127.0.0.1:8080 uid:0 ino:8
    1970-01-01T00:00:03.000000000Z closed tcp 127.0.0.1:8080 uid:0 ino:8
    ");
}

#[test]
fn follows_as_json_and_what_is_open_at_first() {
    let machine = ChangingMachine::new(&base(), [with(8080, 7)]);
    let words = ["--json-lines", "--initial", "--count=1", "--interval=1ms", "sport != :53"];
    let called = call(&machine, &words);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(called.stdout, @r#"
    {"event":"initial","sequence":1,"time":"1970-01-01T00:00:00.000000000Z","protocol":"tcp","local":{"address":"0.0.0.0","port":22},"uid":0,"inode":1}
    {"event":"initial","sequence":2,"time":"1970-01-01T00:00:00.000000001Z","protocol":"tcp","local":{"address":"::1","port":80},"uid":33,"inode":2}
    {"event":"opened","sequence":3,"time":"1970-01-01T00:00:01.000000000Z","protocol":"tcp","local":{"address":"127.0.0.1","port":8080},"uid":0,"inode":7}
    "#);
}

#[test]
fn stops_at_the_count_within_one_look() {
    let many = with(1, 11).tcp(Tcp::listen("127.0.0.1:2").inode(12));
    let called = call(&ChangingMachine::new(&base(), [many]), &["--count", "1", "--interval=1ms"]);
    assert_eq!((called.status, called.stdout.lines().count()), (0, 1));
}

#[rstest]
#[case::lasting(&["--for=1ms"], 0)]
#[case::lasting_without_the_count(&["--for=1ms", "--count=1"], 0)]
#[case::the_count_in_time(&["--timeout=1ms", "--count=1"], 124)]
#[case::the_earlier_time(&["--timeout=1ms", "--count=1", "--for=1h"], 124)]
fn ends_in_time(#[case] words: &[&str], #[case] status: u8) {
    let called = call(&still(&base()), words);
    assert_eq!((called.status, called.stdout.as_str(), called.stderr.as_str()), (status, "", ""));
}

#[test]
fn failure_is_reported_once_and_fails_the_call() {
    let broken = || base().without(ProcTable::Tcp).raw_file("net/tcp/a-directory", "");
    let opened = broken().udp(Datagram::bound("0.0.0.0:5353").inode(9));
    let machine = ChangingMachine::new(&base(), [broken(), broken(), opened]);
    let called = call(&machine, &["--count=1", "--interval=1ms"]);
    assert_eq!((called.status, called.stdout.lines().count()), (1, 1));
    assert_eq!(
        called.stderr,
        "portwatch: expected a regular file at net/tcp, but found another kind of file\n"
    );
}

#[test]
fn named_protocol_that_nothing_reports_is_a_failure() {
    let root =
        base().without(ProcTable::Udp).raw_file("net/protocols", "protocol size\nUDP 1152\n");
    let called = call(&still(&root), &["--list", "-u"]);
    assert_eq!(
        (called.status, called.stdout.as_str(), called.stderr.as_str()),
        (
            1,
            "",
            "portwatch: udp sockets cannot be listed: the kernel has them, but neither sock_diag \
             nor /proc reports them\n"
        )
    );
    // The table is not asked for by name.
    let called = call(&still(&root), &["--list"]);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    // It does not count as gone.
    let called = call(&still(&root), &["--gone", "-u", ":53", "--timeout=5ms"]);
    assert_eq!(called.status, 124);
}

#[test]
fn unreadable_table_does_not_count_as_gone() {
    let broken = base().without(ProcTable::Tcp6).raw_file("net/tcp6/a-directory", "");
    let words = ["--gone", ":8080", "--interval=1ms", "--timeout=5ms"];
    let called = call(&still(&broken), &words);
    assert_eq!(called.status, 124);
    // It recovers when the complaint is printed.
    let called =
        call(&ChangingMachine::new(&broken, [base()]), &["--gone", ":8080", "--interval=1ms"]);
    assert_eq!(
        (called.status, called.stderr.as_str()),
        (
            0,
            "portwatch: expected a regular file at net/tcp6, but found another kind of file\n\
             portwatch: tcp6 can be read again\n"
        )
    );
}

#[test]
fn hidden_sockets_cannot_be_waited_for() {
    let machine = still(&base());
    let portwatch = PortWatch::new(machine.view(Policy::nothing()));
    for words in [&["--wait", ":22"][..], &["--list"], &["--gone", ":1"], &["--count=1"]] {
        let called = run(&machine, &portwatch, &Cancel::new(), words);
        assert_eq!((called.status, called.stdout.as_str()), (1, ""));
        assert_eq!(
            called.stderr,
            "portwatch: watching ports needs the grant \"sockets\", which this host does not give\n"
        );
    }
}

#[rstest]
#[case::uid(Policy::default().with_users(VisibleUsers::Uid(33)), "tcp [::1]:80 uid:33 ino:2\n")]
#[case::family(
    Policy::default().with_families(FamilySet::of(AddressFamily::Inet6)),
    "tcp [::1]:80 uid:33 ino:2\n"
)]
fn narrow_policy_hides_ports(#[case] policy: Policy, #[case] listed: &str) {
    let machine = still(&base());
    let portwatch = PortWatch::new(machine.view(policy));
    let call = |words: &[&str]| run(&machine, &portwatch, &Cancel::new(), words);
    let called = call(&["--list"]);
    assert_eq!((called.status, called.stdout.as_str(), called.stderr.as_str()), (0, listed, ""));
    assert_eq!(call(&["--wait", ":80"]).status, 0);
    assert_eq!(call(&["--wait", ":22", "--timeout=1ms"]).status, 124);
    assert_eq!(call(&["--gone", ":22"]).status, 0);
}

#[test]
fn listing_that_is_longer_than_the_policy_allows_is_a_failure() {
    let machine = still(&with(8080, 7));
    let policy = Policy::default().with_max_rows(NonZeroU64::new(1));
    let portwatch = PortWatch::new(machine.view(policy));
    let called = run(&machine, &portwatch, &Cancel::new(), &["--list", "-4t"]);
    assert_eq!((called.status, called.stdout.as_str()), (1, ""));
    assert!(called.stderr.starts_with("portwatch: "), "{}", called.stderr);
}

#[test]
fn host_that_buffers_needs_an_end() {
    let machine = still(&base());
    let portwatch =
        PortWatch::new(machine.view(Policy::default())).with_output(OutputMode::Buffered);
    let called = run(&machine, &portwatch, &Cancel::new(), &["--initial"]);
    assert_eq!((called.status, called.stdout.as_str()), (2, ""));
    assert_eq!(
        called.stderr,
        "portwatch: this host prints what a command prints when it has ended, so --for, --count or \
         --timeout is needed\n"
    );
    let called = run(&machine, &portwatch, &Cancel::new(), &["--for=1ms"]);
    assert_eq!((called.status, called.stdout.as_str()), (0, ""));
    let called = run(&machine, &portwatch, &Cancel::new(), &["--wait", ":22"]);
    assert_eq!(called.status, 0);
}

#[rstest]
#[case::waiting(&["--wait", ":8080"])]
#[case::waiting_for_the_end(&["--gone", ":22"])]
#[case::following(&[])]
#[case::following_once_an_hour(&["--interval=1h"])]
fn ends_when_the_host_wants_it(#[case] words: &[&str]) {
    let machine = still(&base());
    let portwatch = PortWatch::new(machine.view(Policy::default()));
    let deadline = std::time::Instant::now() + Duration::from_millis(5);
    let called = run(&machine, &portwatch, &Cancel::new().with_deadline(deadline), words);
    assert_eq!(called.status, 124);
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&machine, &portwatch, &cancel, words));
        cancel.cancel();
        assert_eq!(running.join().unwrap().status, 130);
    });
}

#[test]
fn wrong_filter_is_shown_with_its_position() {
    let called = call(&still(&base()), &["--wait", "sport", "=", ":no-such\u{1b}"]);
    assert_eq!((called.status, called.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(called.stderr, @r#"
    portwatch: expected a port or the name of a service, but found "no-such\x1b"
        sport = :no-such\x1b
                ^^^^^^^^^^^^
    "#);
}

#[rstest]
#[case::unix_but_tcp(&["-t", "src unix:*"])]
#[case::netlink(&["src netlink:*"])]
#[case::name_but_tcp(&["-t", "/run/x.sock"])]
fn filter_of_what_is_not_watched_is_refused(#[case] words: &[&str]) {
    let called = call(&still(&base()), &[&["--list"], words].concat());
    assert_eq!(
        (called.status, called.stderr.as_str()),
        (2, "portwatch: the filter is about sockets that are not watched\n")
    );
}

#[test]
fn prints_its_help() {
    let called = call(&still(&base()), &["--help"]);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(called.stdout, @"
    Usage: portwatch --wait FILTER [--timeout DURATION] [--wait FILTER] [--any]
           portwatch --gone FILTER [--timeout DURATION]
           portwatch [--for DURATION] [--count N] [FILTER]
           portwatch --list [FILTER]

    Wait for ports, or print them as they open and close: TCP sockets that listen,
    UDP sockets that are bound and not connected, unix sockets that listen.

      -w, --wait                 wait until a socket matches FILTER
      -g, --gone                 wait until no socket matches FILTER
      -l, --list                 print the ports that are open now
          --any                  wait for one of several filters, not for all
          --timeout=DURATION     give up after this time, with status 124
          --for=DURATION         follow ports for this time
          --count=N              follow ports until N have opened or closed
          --initial              print the ports that are open at first, too
          --interval=DURATION    time between two looks; the default is 50ms
      -t, --tcp                  TCP ports
      -u, --udp                  UDP ports
      -x, --unix                 unix sockets that listen
      -4, --ipv4                 IPv4 ports
      -6, --ipv6                 IPv6 ports
      -p, --processes            show the processes that have a port open
          --all-namespaces       ports of every network namespace
          --json-lines           print one JSON object per line
      -h, --help                 print this text
      -V, --version              print the version

    FILTER is the filter of ss, or one or more of these, each separately:
      :8080, 8080    short for 'sport = :8080', of any address
      tcp:8080, udp:[::1]:53   the same for one protocol, or one address
      /run/x.sock    a unix socket of that path
      unix:NAME      a unix socket of the name that ss -x prints, such as unix:@NAME
    DURATION is a number with ms, s, m or h; without, it is seconds.

    Status: 0 done, 1 failed or refused, 2 wrong usage, 124 time is up.
    ");
    let called = call(&still(&base()), &["-V"]);
    assert!(called.stdout.starts_with("portwatch "), "{}", called.stdout);
}

#[test]
fn wrong_option_is_followed_by_the_nearest_right_one() {
    let called = call(&still(&base()), &["--wiat", ":22"]);
    assert_eq!(
        (called.status, called.stderr.as_str()),
        (2, "portwatch: unrecognized option '--wiat'\n")
    );
    let called = call(&still(&base()), &["--tiemout=1s"]);
    assert_eq!(
        (called.status, called.stderr.as_str()),
        (2, "portwatch: unrecognized option '--tiemout'\nportwatch: did you mean --timeout?\n")
    );
}

#[rstest]
#[case::not_granted(
    &[Grant::Sockets],
    NamespaceScope::All,
    "listing other namespaces needs the grant \"namespaces\", which this host does not give"
)]
#[case::named_ones_alone(
    &[Grant::Sockets, Grant::Namespaces],
    NamespaceScope::Named,
    "listing every network namespace needs namespaces = \"all\" in the policy of this host"
)]
#[case::fake_root(&[Grant::Sockets, Grant::Namespaces], NamespaceScope::All, NO_MEANS)]
fn every_namespace_is_refused_where_the_host_does_not_allow_it(
    #[case] grants: &[Grant],
    #[case] scope: NamespaceScope,
    #[case] reason: &str,
) {
    let machine = still(&base());
    let policy = Policy::new(grants.iter().copied().collect()).with_namespaces(scope);
    let portwatch = PortWatch::new(machine.view(policy));
    let called = run(&machine, &portwatch, &Cancel::new(), &["--list", "--all-namespaces"]);
    let refused = format!("portwatch: {reason}\n");
    assert_eq!((called.status, called.stderr, called.stdout.as_str()), (1, refused, ""));
}

const NO_MEANS: &str = "listing other namespaces is allowed, but this host gives no way to do it";

#[test]
fn filter_knows_no_namespaces_of_one() {
    let called = call(&still(&base()), &["--list", "netns = blue"]);
    assert_eq!((called.status, called.stdout.as_str()), (2, ""));
}
