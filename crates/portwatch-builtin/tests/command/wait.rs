//! Waiting for ports and for names of unix sockets.

use super::*;

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

/// A port, whatever its address.
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

/// A protocol before a port or an address, as for `wait-on` and other programs.
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
fn unix_listener_is_waited_for_until_it_opens_or_closes() {
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
fn unix_listeners_are_listed_on_request() {
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

/// A policy hides names, families, and sockets of other users, which then never match.
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
fn unreadable_table_does_not_count_as_gone() {
    let broken = base().without(ProcTable::Tcp6).raw_file("net/tcp6/a-directory", "");
    let words = ["--gone", ":8080", "--interval=1ms", "--timeout=5ms"];
    let called = call(&still(&broken), &words);
    assert_eq!(called.status, 124);
    // The table recovers when its problem is printed.
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
