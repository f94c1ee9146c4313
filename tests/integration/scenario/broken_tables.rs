//! Tables with malformed rows, and tables that cannot be read.

use super::*;

#[test]
fn good_rows_are_printed_and_each_bad_one_is_reported() {
    check(
        &run(&difference("malformed"), "-an"),
        &[
            "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port",
            "u_str UNCONN 0      0          /run/good 3               * 0",
            "udp   UNCONN 0      0          127.0.0.1:53        0.0.0.0:*",
            "tcp   LISTEN 0      0          127.0.0.1:80        0.0.0.0:*",
            "tcp   LISTEN 0      0          127.0.0.1:81        0.0.0.0:*",
        ],
        &[
            "ss: net/netlink line 2, column 1: expected a kernel pointer, but found \"\\x1b[2J\"",
            "ss: net/packet line 2, column 9: expected a hexadecimal protocol of 4 digits, but found the end of the line",
            "ss: net/unix line 2, column 1: expected a kernel pointer and a colon, but found \"garbage\"",
            "ss: net/udp line 3, column 128: expected a row number and a colon, but found the end of the line",
            "ss: net/tcp line 3, column 21: expected an IPv4 address of 8 hexadecimal digits and a colon, but found \"garbage\"",
        ],
        1,
    );
}

#[test]
fn rows_of_tables_that_are_not_selected_are_not_reported() {
    check(&run(&difference("malformed"), "-waH"), &[], &[], 0);
}

#[test]
fn many_bad_rows_are_counted_instead() {
    let root = (0..25).fold(FakeProc::new(), |root, _| root.raw_line(ProcTable::Tcp, "bad"));
    let outcome = run(&root.tcp(Tcp::listen("127.0.0.1:80")), "-tlnH");
    let expected: Vec<_> = (2..12)
        .map(|line| {
            format!(
                "ss: net/tcp line {line}, column 1: expected a row number and a colon, but found \"bad\""
            )
        })
        .chain(["ss: 15 more rows were left out".to_owned()])
        .collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check(&outcome, &["LISTEN 0      0      127.0.0.1:80 0.0.0.0:*"], &expected, 1);
}

#[rstest]
#[case::state_0("0", "00")]
#[case::state_14("14", "0E")]
fn unknown_state_is_a_bad_row(#[case] state: &str, #[case] found: &str) {
    let end = "127.0.0.1:80".parse().unwrap();
    let row = Tcp::new(state.parse().unwrap(), end, end);
    let error = format!(
        "ss: net/tcp line 2, column 35: expected a hexadecimal state from 01 to 0D, but found \"{found}\""
    );
    check(&run(&FakeProc::new().tcp(row), "-tanH"), &[], &[&error], 1);
}

#[test]
fn last_line_without_its_newline_counts() {
    check(
        &run(&difference("unterminated"), "-tanH"),
        &["LISTEN 0      0      127.0.0.1:80 0.0.0.0:*"],
        &[],
        0,
    );
}

#[test]
fn table_that_does_not_exist_is_a_family_that_the_kernel_lacks() {
    check(
        &run(&FakeProc::bare(), "-an"),
        &["Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port"],
        &[],
        0,
    );
}

#[test]
fn tables_of_ipv6_are_read_without_those_of_ipv4() {
    check(
        &run(&difference("no-ipv4"), "-tulnH"),
        &[
            "udp UNCONN 0      0      [fe80::1]:546 *:*",
            "tcp LISTEN 0      0              *:22  *:*",
            "tcp LISTEN 0      0          [::1]:631 *:*",
        ],
        &[],
        0,
    );
}

#[test]
fn table_that_cannot_be_read_is_reported_and_the_others_are_listed() {
    let root = FakeProc::new()
        .without(ProcTable::Tcp)
        .raw_file("net/tcp/inside", "")
        .udp(Datagram::bound("127.0.0.1:53"));
    check(
        &run(&root, "-anH"),
        &["udp UNCONN 0      0      127.0.0.1:53 0.0.0.0:*"],
        &["ss: expected a regular file at net/tcp, but found another kind of file"],
        1,
    );
}

#[test]
fn table_that_is_a_link_out_of_the_root_is_not_followed() {
    let root = FakeProc::new().without(ProcTable::Tcp).build();
    symlink("/proc/net/tcp", root.path().join("net/tcp")).unwrap();
    let outcome = run_built(&root, "-tanH");
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with(b"ss: "), "{:?}", outcome.stderr);
    assert_eq!(outcome.status, 1);
}

const PROTOCOLS: &str = "protocol  size sockets  memory press maxhdr  slab module\n\
                         RAW       1152      0      -1   NI       0   yes  kernel\n";

#[test]
fn named_table_that_nothing_reports_is_a_failure() {
    let root = FakeProc::new().without(ProcTable::Raw).raw_file("net/protocols", PROTOCOLS);
    let head = "Recv-Q Send-Q Local Address:Port Peer Address:Port";
    check(
        &run(&root, "-wn"),
        &[head],
        &["ss: raw sockets cannot be listed: the kernel has them, but neither sock_diag nor \
           /proc reports them"],
        1,
    );
    // They are not asked for by name.
    for line in ["-an", "-4an", "-A all -an", "-A inet -an"] {
        let outcome = run(&root, line);
        assert_eq!((outcome.stderr.as_bstr(), outcome.status), ("".into(), 0), "{line}");
    }
    // The kernel lacks the protocols.
    let root = root.raw_file("net/protocols", "protocol  size sockets\n");
    check(&run(&root, "-wn"), &[head], &[], 0);
}

#[rstest]
#[case::empty_sockstat("net/sockstat", "", "expected used of sockets in net/sockstat")]
#[case::names_alone(
    "net/sockstat",
    "sockets:\nTCP:\nUDP:\nRAW:\nFRAG:\n",
    "expected used of sockets in net/sockstat"
)]
#[case::names_alone6(
    "net/sockstat6",
    "TCP6:\nUDP6:\nRAW6:\nFRAG6:\n",
    "expected inuse of TCP6 in net/sockstat6"
)]
#[case::header_of_snmp(
    "net/snmp",
    "Tcp: RtoMin CurrEstab\n",
    "expected CurrEstab of Tcp in net/snmp"
)]
fn counters_without_values_are_reported(
    #[case] file: &str,
    #[case] text: &str,
    #[case] message: &str,
) {
    let outcome = run(&FakeProc::new().raw_file(file, text), "-s");
    assert_eq!(outcome.stderr, format!("ss: {message}, but found none\n"));
    assert_eq!(outcome.status, 1);
    assert!(outcome.stdout.starts_with(b"Total: "), "{outcome:?}");
}

#[test]
fn counters_that_cannot_be_read_are_zero_and_reported() {
    let outcome = run(&FakeProc::bare(), "-s");
    check(
        &outcome,
        &[
            "Total: 0",
            "TCP:   0 (estab 0, closed 0, orphaned 0, timewait 0)",
            "",
            "Transport Total     IP        IPv6",
            "RAW\t  0         0         0        ",
            "UDP\t  0         0         0        ",
            "TCP\t  0         0         0        ",
            "INET\t  0         0         0        ",
            "FRAG\t  0         0         0        ",
            "",
        ],
        &[
            "ss: expected net/sockstat, but the kernel does not have it",
            "ss: expected net/snmp, but the kernel does not have it",
        ],
        1,
    );
}
