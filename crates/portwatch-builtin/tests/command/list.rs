//! What is listed: ports, their processes, and what a policy leaves of them.

use super::*;

#[test]
fn lists_open_ports() {
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
fn lists_selected_ports(#[case] words: &[&str], #[case] listed: &str) {
    let called = call(&still(&base()), &[&["--list"], words].concat());
    let ports: Vec<_> =
        called.stdout.lines().map(|line| line.split(" uid").next().unwrap()).collect();
    assert_eq!((called.status, ports.join("\n").as_str()), (0, listed), "{}", called.stderr);
}

#[test]
fn shows_processes_with_their_grant() {
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

/// Processes that this user may not inspect.
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

/// Finds no process, as in a PID namespace, and counts the searches.
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
    #[case] reported: bool,
) {
    let machine = still(&base());
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    let view = machine.view(policy).with_processes(Arc::new(ClosedProcesses));
    let called = run(&machine, &PortWatch::new(view), &Cancel::new(), words);
    assert_eq!((called.status, called.stdout.as_str()), (status, stdout), "{}", called.stderr);
    let line = "portwatch: processes may be missing: 2 processes are closed to this user\n";
    assert_eq!(called.stderr.contains(line), reported, "{}", called.stderr);
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
