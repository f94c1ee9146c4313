//! Help, and what is refused.

use super::*;

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
fn filter_of_unwatched_sockets_is_refused(#[case] words: &[&str]) {
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
fn unknown_option_is_followed_by_a_suggestion() {
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
fn all_namespaces_are_refused_without_permission_of_the_host(
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
fn filter_by_namespace_needs_all_namespaces() {
    let called = call(&still(&base()), &["--list", "netns = blue"]);
    assert_eq!((called.status, called.stdout.as_str()), (2, ""));
}
