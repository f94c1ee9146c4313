//! Following changes, and how a call ends.

use super::*;

#[test]
fn follows_openings_and_closings() {
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
fn follows_as_json_with_initial_ports() {
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
fn ends_after_its_time(#[case] words: &[&str], #[case] status: u8) {
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
fn named_protocol_without_table_is_a_failure() {
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
    // The table is not requested by name.
    let called = call(&still(&root), &["--list"]);
    assert_eq!((called.status, called.stderr.as_str()), (0, ""));
    // Its ports do not count as gone.
    let called = call(&still(&root), &["--gone", "-u", ":53", "--timeout=5ms"]);
    assert_eq!(called.status, 124);
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
fn cancellation_ends_the_call(#[case] words: &[&str]) {
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
