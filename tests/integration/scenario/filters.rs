//! Filters: what they select, and those that are refused.

use super::*;

fn root() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("0.0.0.0:22"))
        .tcp(Tcp::listen("[::]:22"))
        .tcp(Tcp::established("10.0.0.1:80", "10.2.3.4:40000"))
}

const HEAD: &str = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port";
const ESTABLISHED: &str = "Recv-Q Send-Q Local Address:Port Peer Address:Port";
const CONNECTION: &str = "0      0           10.0.0.1:80       10.2.3.4:40000";

#[test]
fn words_choose_states_and_sockets() {
    check(&run(&root(), "-tn state established"), &[ESTABLISHED, CONNECTION], &[], 0);
    check(&run(&root(), "-tln state established src 10/8"), &[ESTABLISHED, CONNECTION], &[], 0);
    check(
        &run(&root(), "-tan sport = :22 and src inet6:*"),
        &[HEAD, "LISTEN 0      0                  *:22              *:*"],
        &[],
        0,
    );
}

#[test]
fn addresses_of_other_families_are_not_compared() {
    check(
        &run(&root(), "-tan src 0.0.0.0"),
        &[HEAD, "LISTEN 0      0            0.0.0.0:22        0.0.0.0:*"],
        &[],
        0,
    );
}

#[rstest]
#[case::grammar(
    "-ta sport = 22 or",
    &["ss: expected a condition, such as sport = :80, but found the end of the filter",
      "    sport = 22 or",
      "                 ^"],
    255
)]
#[case::value(
    "-ta dst = 10/33 or sport = 22",
    &["ss: expected an address, but found \"10/33\"",
      "    dst = 10/33 or sport = 22",
      "          ^^^^^"],
    1
)]
#[case::hostile(
    "\x1b[2J",
    &["ss: expected a condition, such as dst, sport, user or comm, but found \"\\x1b[2J\"",
      "    \\x1b[2J",
      "    ^^^^^^^"],
    1
)]
#[case::state("-ta state", &["ss: expected the name of a state after \"state\""], 255)]
#[case::host_name(
    "-ta src example.org",
    &["ss: \"example.org\" is not an address, and resolving a host name needs the grant \
       \"resolve\", which this host does not give",
      "    src example.org",
      "        ^^^^^^^^^^^"],
    1
)]
#[case::interface(
    "-ta dev lo",
    &["ss: there is no interface \"lo\"", "    dev lo", "        ^^"],
    1
)]
#[case::no_such_interface(
    "-0a dev if-1",
    &["ss: there is no interface \"if-1\"", "    dev if-1", "        ^^^^"],
    1
)]
#[case::files("-ta -F /a -F /b", &["ss: -F was given more than once"], 255)]
fn wrong_filters_print_only_the_error(
    #[case] line: &str,
    #[case] stderr: &[&str],
    #[case] status: i32,
) {
    check(&run(&root(), line), &[], stderr, status);
}

#[test]
fn counters_precede_errors_of_the_words() {
    for line in ["-s state nope", "-s sport = nope"] {
        let outcome = run(&root(), line);
        assert!(outcome.stdout.starts_with(b"Total: "), "{outcome:?}");
        assert_ne!(outcome.status, 0);
    }
}
