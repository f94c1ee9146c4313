//! Every message, with its mark.

use super::*;
use crate::select::expr::FilterErrorKind;

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn grammar() {
    insta::assert_snapshot!(message("sport = 22 or"), @r#"
    expected a condition, such as sport = :80, but found the end of the filter
        sport = 22 or
                     ^
    "#);
    insta::assert_snapshot!(message("sport = 22 )"), @r#"
    expected "and", "or" or another condition, but found ")"
        sport = 22 )
                   ^
    "#);
    insta::assert_snapshot!(message("( sport = 22"), @r#"
    expected ")", "and", "or" or another condition, but found the end of the filter
        ( sport = 22
                    ^
    "#);
    insta::assert_snapshot!(message("sport = and"), @r#"
    expected a port, but found "and"
        sport = and
                ^^^
    "#);
    insta::assert_snapshot!(message("src != 10"), @r#"
    expected "=" or a host, but found "!="
        src != 10
            ^^
    "#);
    insta::assert_snapshot!(message("dport"), @r#"
    expected a comparison or a port, but found the end of the filter
        dport
             ^
    "#);
}

#[test]
fn words_that_are_not_conditions() {
    insta::assert_snapshot!(message("process = nginx"), @r#"
    expected a condition, such as dst, sport, user or comm, but found "process"
        process = nginx
        ^^^^^^^
    "#);
    insta::assert_snapshot!(message("sport = 22 nad dst 10"), @r#"
    expected "and", "or" or another condition, but found "nad"
        sport = 22 nad dst 10
                   ^^^
    "#);
    insta::assert_snapshot!(message("sport=:80"), @r#"
    expected a condition with blanks between its words, such as sport = :80, but found "sport=:80"
        sport=:80
        ^^^^^^^^^
    "#);
    insta::assert_snapshot!(message(":80"), @r#"
    expected a condition, such as sport = :80, but found ":80"
        :80
        ^^^
    "#);
    insta::assert_snapshot!(message("netns = blue"), @r#"
    expected a condition, and netns is one with --all-namespaces only, but found "netns"
        netns = blue
        ^^^^^
    "#);
    assert_eq!(parse("process = nginx").unwrap_err().kind(), FilterErrorKind::Value);
}

#[test]
fn grammar_of_other_conditions() {
    insta::assert_snapshot!(message("dev > 1"), @r#"
    expected "=", "!=" or an interface, but found ">"
        dev > 1
            ^
    "#);
    insta::assert_snapshot!(message("dev ="), @r#"
    expected an interface, but found the end of the filter
        dev =
             ^
    "#);
    insta::assert_snapshot!(message("fwmark or"), @r#"
    expected "=", "!=" or a mark, but found "or"
        fwmark or
               ^^
    "#);
    insta::assert_snapshot!(message("fwmark ="), @r#"
    expected a mark, but found the end of the filter
        fwmark =
                ^
    "#);
    insta::assert_snapshot!(message("cgroup ("), @r#"
    expected "=", "!=" or a control group, but found "("
        cgroup (
               ^
    "#);
    insta::assert_snapshot!(message("cgroup !="), @r#"
    expected a control group, but found the end of the filter
        cgroup !=
                 ^
    "#);
    insta::assert_snapshot!(message("dst = ("), @r#"
    expected a host, but found "("
        dst = (
              ^
    "#);
}

#[test]
fn values() {
    insta::assert_snapshot!(message("sport = nope and dport = 1"), @r#"
    there is no service "nope" in the tables that are listed
        sport = nope and dport = 1
                ^^^^
    "#);
    insta::assert_snapshot!(message("sport = 22/tcp"), @r#"
    expected a port or the name of a service, but found "22/tcp"
        sport = 22/tcp
                ^^^^^^
    "#);
    insta::assert_snapshot!(message("sport = clash"), @r#"
    "clash" is the name of another port with TCP than with UDP
        sport = clash
                ^^^^^
    "#);
    insta::assert_snapshot!(message("src ::1"), @r#"
    expected an address, but found "::1"; IPv6 addresses need brackets, as in [::1]:22
        src ::1
            ^^^
    "#);
    insta::assert_snapshot!(message("src [::1"), @r#"
    there is no "]" after the "["
        src [::1
            ^^^^
    "#);
    insta::assert_snapshot!(message("src 10/33"), @r#"
    expected an address, but found "10/33"
        src 10/33
            ^^^^^
    "#);
    insta::assert_snapshot!(message("src example.org"), @r#"
    "example.org" is not an address, and resolving a host name needs the grant "resolve", which this host does not give
        src example.org
            ^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("src inet:[::1]"), @r#"
    expected an IPv4 address, but found "[::1]"
        src inet:[::1]
            ^^^^^^^^^^
    "#);
}

#[test]
fn values_of_other_families() {
    insta::assert_snapshot!(message("src link:nope"), @r#"
    expected the name or number of an ethertype, but found "nope"
        src link:nope
            ^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("src link:ip:nope"), @r#"
    there is no interface "nope"
        src link:ip:nope
            ^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("src netlink:nope"), @r#"
    expected the name or number of a netlink family, but found "nope"
        src netlink:nope
            ^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("src netlink:rtnl:nope"), @r#"
    expected a netlink port id or "kernel", but found "nope"
        src netlink:rtnl:nope
            ^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("src vsock:nope"), @r#"
    expected the number of a vsock context, but found "nope"
        src vsock:nope
            ^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("src vsock:1:nope"), @r#"
    expected a vsock port, but found "nope"
        src vsock:1:nope
            ^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("dev nope"), @r#"
    there is no interface "nope"
        dev nope
            ^^^^
    "#);
    insta::assert_snapshot!(message("fwmark 1/"), @r#"
    expected a mark, as NUMBER or NUMBER/MASK, but found "1/"
        fwmark 1/
               ^^
    "#);
    insta::assert_snapshot!(message("cgroup nope"), @r#"
    there is no control group "nope"
        cgroup nope
               ^^^^
    "#);
}

#[test]
fn other_tables_and_resolvers() {
    let raw = parse_on(&FakeMachine::new(), b"sport ssh", only(SocketTable::Raw), None);
    insta::assert_snapshot!(raw.unwrap_err(), @r#"
    service names are for ports of TCP and UDP, and neither is listed
        sport ssh
              ^^^
    "#);
    let slow = parse_on(&FakeMachine::resolving(), b"src slow", TableSet::ALL, None);
    insta::assert_snapshot!(slow.unwrap_err(), @r#"
    the host "slow" cannot be resolved: no answer in time
        src slow
            ^^^^
    "#);
}

#[test]
fn limits() {
    insta::assert_snapshot!(message(&"! ".repeat(200)), @r#"
    the filter is nested deeper than 128 levels
        ...! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! !...
                                           ^
    "#);
    insta::assert_snapshot!(message(&"sport 1 ".repeat(50_000)), @"the filter is longer than 262144 bytes");
}

#[test]
fn long_and_hostile_texts() {
    let long = format!("{} sport nope {}", "sport 22 or ".repeat(30), "or sport 23 ".repeat(30));
    insta::assert_snapshot!(message(&long), @r#"
    there is no service "nope" in the tables that are listed
        ... sport 22 or sport 22 or  sport nope or sport 23 or sport 23 or spor...
                                           ^^^^
    "#);
    insta::assert_snapshot!(message(&format!("src /{}", "x".repeat(300))), @r#"
    expected an address, but found "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
        src /xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("sport 22 or src \u{1b}[2J/\n and sport 3"), @r#"
    expected an address, but found "\x1b[2J/\x0a"
        sport 22 or src \x1b[2J/\x0a and sport 3
                        ^^^^^^^^^^^^
    "#);
}

#[test]
fn states_in_the_wrong_place() {
    insta::assert_snapshot!(message("state listening"), @r#"
    "state" chooses states only before the filter and as a separate word, as in: ss state listening
        state listening
        ^^^^^
    "#);
}
