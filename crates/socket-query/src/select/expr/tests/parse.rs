//! The meaning of texts, as printed from the parsed tree.

use rstest::rstest;

use super::*;
use crate::select::expr::{FilterErrorKind, MAX_FILTER_DEPTH};

#[rstest]
// usual
#[case::nothing("", "everything")]
#[case::port("sport = 22", "sport = 22")]
#[case::no_operator("sport 22", "sport = 22")]
#[case::and("sport 22 and dport 80", "sport = 22 and dport = 80")]
#[case::or("sport 22 || dport 80", "sport = 22 or dport = 80")]
#[case::juxtaposition("sport 22 dport 80", "sport = 22 and dport = 80")]
#[case::not("! sport 22", "not sport = 22")]
#[case::twice_not("not not autobound", "not not autobound")]
#[case::brackets("( sport 22 )", "sport = 22")]
// boundary
#[case::equal_precedence(
    "sport 1 or sport 2 and dport 3",
    "( sport = 1 or sport = 2 ) and dport = 3"
)]
#[case::from_the_left(
    "sport 1 sport 2 or dport 3 dport 4",
    "( ( sport = 1 and sport = 2 ) or dport = 3 ) and dport = 4"
)]
#[case::not_binds_one_term("not sport 1 or sport 2", "not sport = 1 or sport = 2")]
#[case::not_binds_brackets("not ( sport 1 or sport 2 )", "not ( sport = 1 or sport = 2 )")]
#[case::brackets_to_the_right(
    "sport 1 and ( sport 2 or sport 3 )",
    "sport = 1 and ( sport = 2 or sport = 3 )"
)]
#[case::brackets_of_the_same_kind(
    "sport 1 or ( sport 2 or sport 3 )",
    "sport = 1 or sport = 2 or sport = 3"
)]
#[case::bracket_begins_a_term("sport 1 ( sport 2 )", "sport = 1 and sport = 2")]
#[case::not_begins_a_term("sport 1 ! sport 2", "sport = 1 and not sport = 2")]
#[case::not_equal_to_a_device("dev != 3", "not dev = 3")]
fn expressions_join_from_the_left(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(printed(parse(text)), expected);
}

#[rstest]
#[case::equal("sport == 1", "sport = 1")]
#[case::not_equal("sport neq 1", "sport != 1")]
#[case::at_least("dport geq 1", "dport >= 1")]
#[case::at_most("dport le 1", "dport <= 1")]
#[case::above("dport gt 1", "dport > 1")]
#[case::below("dport < 1", "dport < 1")]
#[case::any("sport *", "sport = *")]
#[case::any_and_more("sport *x", "sport = *")]
#[case::empty("sport :", "sport = *")]
#[case::colon("sport :22", "sport = 22")]
#[case::brackets("sport [22]", "sport = 22")]
#[case::base("sport 0x16", "sport = 22")]
#[case::no_range("sport 4294967296", "sport = 4294967296")]
#[case::negative("sport -5", "sport = -5")]
#[case::minus_one_is_any("sport -1", "sport = *")]
#[case::service("sport ssh", "sport = 22")]
#[case::alias("sport www", "sport = 80")]
#[case::the_same_for_both("sport domain", "sport = 53")]
#[case::of_udp("sport tftp", "sport = 69")]
#[case::interface("sport link:lo", "sport = inet:1")]
fn ports_are_numbers_or_services(#[case] text: &str, #[case] expected: &str) {
    let text_of_port = expected.replace("inet:", "");
    assert_eq!(printed(parse(text)), text_of_port);
}

#[rstest]
#[case::udp_alone("sport clash", only(SocketTable::Udp), "sport = 2")]
#[case::tcp_alone("sport clash", only(SocketTable::Tcp), "sport = 1")]
#[case::both(
    "sport clash",
    TableSet::ALL,
    "\"clash\" is the name of another port with TCP than with UDP"
)]
#[case::of_the_other(
    "sport tftp",
    only(SocketTable::Tcp),
    "there is no service \"tftp\" in the tables that are listed"
)]
#[case::neither(
    "sport ssh",
    only(SocketTable::Raw),
    "service names are for ports of TCP and UDP, and neither is listed"
)]
#[case::numbers_always("sport 22", only(SocketTable::Raw), "sport = 22")]
fn services_are_those_of_the_tables(
    #[case] text: &str,
    #[case] tables: TableSet,
    #[case] expected: &str,
) {
    assert_eq!(printed(parse_on(&FakeMachine::new(), text.as_bytes(), tables, None)), expected);
}

#[rstest]
// usual
#[case::v4("10.0.0.1", "10.0.0.1/32")]
#[case::v4_and_port("10.0.0.1:80", "10.0.0.1/32:80")]
#[case::v4_and_service("10.0.0.1:http", "10.0.0.1/32:80")]
#[case::prefix_and_port("10/8:80", "10.0.0.0/8:80")]
#[case::v6("[fe80::1]", "[fe80::1/128]")]
#[case::v6_and_port("[fe80::1]:80", "[fe80::1/128]:80")]
#[case::v6_prefix("[fe80::/10]", "[fe80::/10]")]
#[case::any("*", "*")]
#[case::any_and_port("*:80", "*:80")]
#[case::word("any", "*")]
#[case::port_alone(":80", "*:80")]
// boundary
#[case::v4_in_brackets("[10.0.0.1]", "10.0.0.1/32")]
#[case::colon_missing("[fe80::1]80", "[fe80::1/128]:80")]
#[case::colon_missing_behind_any("*80", "*:80")]
#[case::any_port("10.0.0.1:*", "10.0.0.1/32")]
#[case::no_port("10.0.0.1:", "10.0.0.1/32")]
#[case::empty_brackets("[]", "*")]
#[case::bare_v6_prefix("fe80::/10", "[fe80::/10]")]
#[case::bare_v6_prefix_and_port("fe80::/10:2", "[fe80::/10]:2")]
#[case::last_group_is_the_port("fe80::1:2", "[fe80::1/128]:2")]
#[case::mapped("[::ffff:10.0.0.1]", "[::ffff:10.0.0.1/128]")]
#[case::loose("256", "0.0.1.0/32")]
// hostile
#[case::bare_v6(
    "::1",
    "expected an address, but found \"::1\"; IPv6 addresses need brackets, as in [::1]:22"
)]
#[case::open_bracket("[::1", "there is no \"]\" after the \"[\"")]
#[case::prefix_behind_brackets(
    "[fe80::]/10",
    "expected a port or the name of a service, but found \"/10\""
)]
#[case::zone("[fe80::1%lo]", "expected an address, but found \"[fe80::1%lo]\"")]
#[case::no_blanks("(src", "expected an address, but found \"(src\"")]
#[case::another_family("inet:[::1]", "expected an IPv4 address, but found \"[::1]\"")]
#[case::another_family_v6("inet6:10.0.0.1", "expected an IPv6 address, but found \"10.0.0.1\"")]
fn hosts_have_many_forms(#[case] host: &str, #[case] expected: &str) {
    let printed = printed(parse(&format!("src {host}")));
    assert_eq!(printed.strip_prefix("src ").unwrap_or(&printed), expected);
}

#[rstest]
#[case::unix("unix:/run/*", "src unix:/run/*", AddressFamily::Unix)]
#[case::unix_with_blank(r"unix:a\ b", r"src unix:a\ b", AddressFamily::Unix)]
#[case::unix_unnamed("unix:", "src unix:", AddressFamily::Unix)]
#[case::link("link:ip", "src link:2048:*", AddressFamily::Packet)]
#[case::link_interface("link:*:lo", "src link:*:1", AddressFamily::Packet)]
#[case::link_numbers("link:0x800:7", "src link:2048:7", AddressFamily::Packet)]
#[case::netlink(
    "netlink:RTNL",
    "expected the name or number of a netlink family, but found \"RTNL\"",
    AddressFamily::Netlink
)]
#[case::netlink_kernel("netlink:rtnl:kernel", "src netlink:0:0", AddressFamily::Netlink)]
#[case::netlink_negative("netlink:*:-5", "src netlink:*:-5", AddressFamily::Netlink)]
#[case::netlink_number("netlink:255:1", "src netlink:255:1", AddressFamily::Netlink)]
#[case::netlink_too_large(
    "netlink:256:1",
    "expected the name or number of a netlink family, but found \"256\"",
    AddressFamily::Netlink
)]
#[case::vsock("vsock:2:22", "src vsock:2:22", AddressFamily::Vsock)]
#[case::vsock_largest_port("vsock:*:4294967295", "src vsock:*:4294967295", AddressFamily::Vsock)]
#[case::vsock_no_port("vsock:2:", "expected a vsock port, but found \"\"", AddressFamily::Vsock)]
#[case::vsock_negative(
    "vsock:2:-1",
    "expected a vsock port, but found \"-1\"",
    AddressFamily::Vsock
)]
#[case::vsock_too_large(
    "vsock:*:4294967296",
    "expected a vsock port, but found \"4294967296\"",
    AddressFamily::Vsock
)]
#[case::vsock_any("vsock:*", "src vsock:*:*", AddressFamily::Vsock)]
#[case::inet("inet:any", "src *", AddressFamily::Inet)]
#[case::inet6("inet6:any", "src *", AddressFamily::Inet6)]
fn prefixes_name_the_family_that_is_listed(
    #[case] host: &str,
    #[case] expected: &str,
    #[case] family: AddressFamily,
) {
    let parsed = parse(&format!("src {host}"));
    if let Ok(parsed) = &parsed {
        assert_eq!(parsed.family, Some(family));
    }
    assert_eq!(printed(parsed), expected);
}

#[rstest]
#[case::none("sport 22", None, None)]
#[case::of_an_option("sport 22", Some(AddressFamily::Inet6), Some(AddressFamily::Inet6))]
#[case::prefix_counts_more("src inet:*", Some(AddressFamily::Inet6), Some(AddressFamily::Inet))]
#[case::last_one("src inet:* or src inet6:*", None, Some(AddressFamily::Inet6))]
#[case::stays("src inet:* or sport 22", None, Some(AddressFamily::Inet))]
#[case::not_of_devices("dev lo", Some(AddressFamily::Inet), None)]
fn last_family_is_the_one_that_is_listed(
    #[case] text: &str,
    #[case] option: Option<AddressFamily>,
    #[case] family: Option<AddressFamily>,
) {
    let parsed = parse_on(&FakeMachine::new(), text.as_bytes(), TableSet::ALL, option);
    assert_eq!(parsed.unwrap().family, family);
}

#[rstest]
#[case::host("src x", AddressFamily::Unix, "src unix:x")]
#[case::port_is_a_name("sport 22", AddressFamily::Unix, "src unix:22")]
#[case::another_name("sport != 22", AddressFamily::Unix, "not src unix:22")]
#[case::order_of_names("sport > x", AddressFamily::Unix, "sport > *")]
#[case::link("src ip", AddressFamily::Packet, "src link:2048:*")]
#[case::link_port("sport lo", AddressFamily::Packet, "sport = 1")]
#[case::netlink("dst genl:5", AddressFamily::Netlink, "dst netlink:16:5")]
#[case::netlink_port("sport kernel", AddressFamily::Netlink, "sport = 0")]
#[case::vsock_port("sport :5", AddressFamily::Vsock, "sport = 5")]
#[case::no_vsock_port("sport :", AddressFamily::Vsock, "expected a vsock port, but found \"\"")]
#[case::netlink_port_has_no_family(
    "sport rtnl:5",
    AddressFamily::Netlink,
    "expected a netlink port id or \"kernel\", but found \"rtnl:5\""
)]
#[case::link_port_has_no_ethertype(
    "sport ip:lo",
    AddressFamily::Packet,
    "there is no interface \"ip:lo\""
)]
#[case::xdp_has_no_addresses("src 10", AddressFamily::Xdp, "expected an address, but found \"10\"")]
fn options_choose_the_family_of_values(
    #[case] text: &str,
    #[case] family: AddressFamily,
    #[case] expected: &str,
) {
    let parsed = parse_on(&FakeMachine::new(), text.as_bytes(), TableSet::ALL, Some(family));
    assert_eq!(printed(parsed), expected);
}

#[rstest]
#[case::device("dev lo", "dev = 1")]
#[case::device_number("dev = 0x7", "dev = 7")]
#[case::printed_device("dev if7", "dev = 7")]
#[case::device_with_a_printed_byte(r"dev o\xff", "dev = 3")]
#[case::device_that_looks_escaped(r"dev o\x5cxff", "dev = 4")]
#[case::device_with_a_backslash_at_its_end(r"dev \x5c and user 7", "dev = 5 and user = 7")]
#[case::behind_the_number("dev if+7x", "dev = 7")]
#[case::autobound_takes_hosts(
    "sport = 22 autobound 10.0.0.1",
    "expected \"and\", \"or\" or another condition, but found \"10.0.0.1\""
)]
#[case::autobound_takes_no_ports(
    "sport = 22 autobound ssh",
    "expected \"and\", \"or\" or another condition, but found \"ssh\""
)]
#[case::states_in_the_filter(
    "state listening",
    "\"state\" chooses states only before the filter and as a separate word, as in: ss state listening"
)]
#[case::excluded_states_in_the_filter(
    "src 10 and exclude all",
    "\"exclude\" chooses states only before the filter and as a separate word, as in: ss state \
     listening"
)]
#[case::no_device("dev 0", "dev = 0")]
#[case::mark("fwmark 5", "fwmark = 0x5/0xffffffff")]
#[case::mark_and_mask("fwmark 0x1/3", "fwmark = 0x1/0x3")]
#[case::cgroup("cgroup g/a", "cgroup = /g/a")]
#[case::cgroup_of_the_mount("cgroup /sys/fs/cgroup/g", "cgroup = /g")]
#[case::autobound("autobound", "autobound")]
fn other_conditions(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(printed(parse(text)), expected);
}

#[rstest]
#[case::one("src one", "src 10.0.0.1/32")]
#[case::many("src both:80", "src 10.0.0.1/32:80 or src [fe80::1/128]:80")]
#[case::of_a_family("src inet6:both", "src [fe80::1/128]")]
#[case::not_of_many("not src both", "not ( src 10.0.0.1/32 or src [fe80::1/128] )")]
#[case::no_address("src none", "the host \"none\" cannot be resolved: no such host")]
#[case::unknown("src nobody", "the host \"nobody\" cannot be resolved: no such host")]
#[case::late("src slow", "the host \"slow\" cannot be resolved: no answer in time")]
#[case::no_name("src a/b", "expected an address, but found \"a/b\"")]
#[case::option_of_a_resolver("src -x", "expected an address, but found \"-x\"")]
fn names_are_resolved_with_grant(#[case] text: &str, #[case] expected: &str) {
    let parsed = parse_on(&FakeMachine::resolving(), text.as_bytes(), TableSet::ALL, None);
    assert_eq!(printed(parsed), expected);
}

#[test]
fn names_are_not_resolved_without_grant() {
    let error = parse("src one").unwrap_err();
    assert_eq!(error.kind(), FilterErrorKind::NotGranted(Grant::Resolve));
}

#[rstest]
#[case::value_first("src bad/x ) (", FilterErrorKind::Value)]
#[case::grammar_first(") src bad/x", FilterErrorKind::Grammar)]
#[case::leading_value("bad/x", FilterErrorKind::Value)]
#[case::leading_good_value("22", FilterErrorKind::Grammar)]
#[case::second_value_is_read_as_the_first("sport 22 state", FilterErrorKind::Value)]
#[case::second_good_value("sport 22 33", FilterErrorKind::Grammar)]
#[case::host_operator("src != 10", FilterErrorKind::Grammar)]
#[case::device_operator("dev > 1", FilterErrorKind::Grammar)]
fn first_error_from_the_left_counts(#[case] text: &str, #[case] kind: FilterErrorKind) {
    assert_eq!(parse(text).unwrap_err().kind(), kind);
}

#[rstest]
#[case::brackets("( ", "autobound", " )")]
#[case::negations("! ", "autobound", "")]
#[case::both("! ( ", "autobound", " )")]
#[case::alternation("", "autobound", " and autobound or autobound")]
fn nesting_has_a_limit(#[case] before: &str, #[case] middle: &str, #[case] behind: &str) {
    let levels = before.matches(['(', '!']).count() + behind.matches(" and ").count() * 2;
    let nested =
        |times: usize| parse(&format!("{}{middle}{}", before.repeat(times), behind.repeat(times)));
    let most = MAX_FILTER_DEPTH / levels;
    assert!(nested(most).is_ok());
    assert_eq!(nested(most + 1).unwrap_err().kind(), FilterErrorKind::Limit);
    assert_eq!(nested(5000).unwrap_err().kind(), FilterErrorKind::Limit);
}

#[test]
fn long_lists_are_not_deep() {
    let list = vec!["sport 22"; 5000].join(" or ");
    assert!(parse(&list).is_ok());
    let long = vec!["sport 22"; 50_000].join(" or ");
    assert_eq!(parse(&long).unwrap_err().kind(), FilterErrorKind::Limit);
}
