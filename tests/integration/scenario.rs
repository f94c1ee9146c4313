//! Every difference from iproute2, every refusal, every kind of malformed table. Standard output,
//! standard error and status are exact.
//!
//! Every run is made twice: in process, with the recorded names, and by the program `host-shell`,
//! confined as it is by default, which has to print the same with this machine's names.

#![expect(clippy::disallowed_methods, reason = "a test plants a link that leads out")]

use std::{os::unix::fs::symlink, path::Path, sync::Arc};

use bstr::ByteSlice as _;
use builtin_cli::FlagDoc;
use procnetsocket::{Limits, SocketTables};
use rstest::rstest;
use socket_query::{Policy, PolicyView};
use ss_builtin::{Ss, flags};
use testkit::{
    Datagram, FakeProc, FakeRoot, Netlink, Packet, ProcTable, Process, Tcp, Unix,
    deliberate_differences,
};

use crate::{escape::program, ours, outcome::Outcome, real::RealSs};

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

#[track_caller]
fn run(root: &FakeProc, line: &str) -> Outcome {
    run_built(&root.build(), line)
}

#[track_caller]
fn run_built(root: &FakeRoot, line: &str) -> Outcome {
    let confined = shell(root.path(), &words(line));
    assert_eq!(confined, ours::run(root, &ours::machine_names(), &words(line), None), "confined");
    ours::run(root, &ours::recorded_names(), &words(line), None)
}

/// Runs the command in the confined shell.
fn shell(root: &Path, words: &[String]) -> Outcome {
    let quoted = words.iter().map(|word| format!(" '{}'", word.replace('\'', r"'\''")));
    let script = format!("ss{}", quoted.collect::<String>());
    let root = root.to_str().expect("the path of temporary files is text");
    program::shell(&["--proc-root", root, "-c", &script], &[])
}

fn difference(name: &str) -> FakeProc {
    let mut roots = deliberate_differences().into_iter();
    roots.find(|(other, _)| *other == name).expect("there is a root of that name").1
}

/// Checks the whole output of a run. Lines are ended here, so that the expected ones read as
/// printed.
#[track_caller]
fn check(outcome: &Outcome, stdout: &[&str], stderr: &[&str], status: i32) {
    let lines =
        |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
    assert_eq!(outcome.stdout, lines(stdout), "standard output");
    assert_eq!(outcome.stderr, lines(stderr), "standard error");
    assert_eq!(outcome.status, status, "status");
}

mod names {
    use super::*;

    #[test]
    fn control_bidi_and_invalid_bytes_are_escaped_on_a_pipe() {
        check(
            &run(&difference("unix-names-hostile"), "-xa"),
            &[
                "Netid State  Recv-Q Send-Q        Local Address:Port Peer Address:Port",
                "u_str UNCONN 0      0          /run/\\x1b[31mred 1               * 0",
                "u_str UNCONN 0      0             /run/\\xff\\xfe 2               * 0",
                "u_str UNCONN 0      0          /run/tab\\x09here 3               * 0",
                "u_str UNCONN 0      0      /run/\\xe2\\x80\\xaertl 4               * 0",
                "u_str UNCONN 0      0         /run/bell\\x07\\x7f 6               * 0",
                "u_str UNCONN 0      0           /run/cr\\x0dhere 7               * 0",
            ],
            &[],
            0,
        );
    }

    #[test]
    fn blanks_do_not_end_a_name() {
        check(
            &run(&difference("unix-names-with-blanks"), "-xaH"),
            &[
                r"u_str UNCONN 0      0      /run/a\x20b\x20\x20c 1 * 0",
                r"u_str UNCONN 0      0               \x20leading 2 * 0",
                r"u_str UNCONN 0      0              trailing\x20 3 * 0",
                r"u_str UNCONN 0      0                   @a\x20b 4 * 0",
            ],
            &[],
            0,
        );
    }

    #[test]
    fn newline_in_a_name_can_forge_a_row_and_the_rest_of_the_name_is_reported() {
        let forged =
            "/x\nffff000000000000: 00000002 00000000 00010000 0001 01   666 /run/forged\nrest";
        check(
            &run(&FakeProc::new().unix(Unix::stream().path(forged).inode(1)), "-xaH"),
            &[
                "u_str UNCONN 0      0               /x 1   * 0",
                "u_str LISTEN 0      0      /run/forged 666 * 0",
            ],
            &[
                "ss: net/unix line 4, column 1: expected a kernel pointer and a colon, but found \"rest\"",
            ],
            1,
        );
    }

    #[test]
    fn interfaces_of_a_fake_root_are_numbers() {
        check(
            &run(&difference("packet-live-interface"), "-0aH"),
            &["p_raw UNCONN 0      0      *:if1 *"],
            &[],
            0,
        );
    }
}

mod numbers {
    use super::*;

    #[test]
    fn inodes_have_64_bits() {
        check(
            &run(&difference("wide-inode"), "-taeH"),
            &[
                "LISTEN 0      0      127.0.0.1:http 0.0.0.0:* ino:18446744073709551615 sk:ffff9f3c8b3e0000",
            ],
            &[],
            0,
        );
    }

    #[test]
    fn timers_do_not_wrap_after_half_a_day() {
        check(
            &run(&difference("long-timer"), "-tnoH"),
            &["ESTAB 0      0      10.0.0.1:1 10.0.0.1:2 timer:(keepalive,1440min,0)"],
            &[],
            0,
        );
    }

    #[test]
    fn words_after_the_columns_are_shown_without_the_padding() {
        check(
            &run(&difference("tcp-words-behind"), "-tneH"),
            &[
                "ESTAB 0      0      10.0.0.1:80 10.0.0.1:7 ino:1 sk:ffff9f3c8b3e0000 opt:\"1 2  3\"",
            ],
            &[],
            0,
        );
    }

    #[test]
    fn netlink_rows_show_their_details_without_p() {
        let root = FakeProc::new().netlink(Netlink::new(16, 7).groups(5).dump(1).inode(9));
        check(
            &run(&root, "-f netlink -e"),
            &[
                "Recv-Q Send-Q Local Address:Port Peer Address:Port",
                "0      0               genl:7                * sk=ffff9f3c8b3e0000 cb=1 groups=0x00000005",
            ],
            &[],
            0,
        );
    }
}

mod broken_tables {
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
}

mod limits {
    use super::*;

    fn run_within(root: &FakeProc, limits: Limits, line: &str) -> Outcome {
        let root = root.build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let view = PolicyView::new(tables, Policy::default(), ours::recorded_names());
        ours::call(&Ss::new(view.with_limits(limits)), &words(line), None)
    }

    #[test]
    fn line_of_more_than_a_mebibyte_ends_its_table_and_is_reported() {
        let root = FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:80"))
            .raw_line(ProcTable::Tcp, vec![b'x'; (1 << 20) + 1])
            .tcp(Tcp::listen("127.0.0.1:81"))
            .tcp(Tcp::listen("[::1]:82"));
        check(
            &run(&root, "-tanH"),
            &[
                "LISTEN 0      0      127.0.0.1:80 0.0.0.0:*",
                "LISTEN 0      0          [::1]:82       *:*",
            ],
            &[
                "ss: expected a line of at most 1048576 bytes (line_bytes), but line 3 of net/tcp is longer",
            ],
            1,
        );
    }

    #[test]
    fn table_of_more_lines_than_the_host_allows_is_reported() {
        let root = FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:80"))
            .tcp(Tcp::listen("127.0.0.1:81"))
            .tcp(Tcp::listen("127.0.0.1:82"))
            .udp(Datagram::bound("127.0.0.1:53"));
        let limits = Limits { total_lines: 2, ..Limits::streaming() };
        check(
            &run_within(&root, limits, "-tuanH"),
            &[
                "udp UNCONN 0      0      127.0.0.1:53 0.0.0.0:*",
                "tcp LISTEN 0      0      127.0.0.1:80 0.0.0.0:*",
                "tcp LISTEN 0      0      127.0.0.1:81 0.0.0.0:*",
            ],
            &["ss: expected at most 2 lines (total_lines), but net/tcp has more"],
            1,
        );
    }

    #[test]
    fn table_of_as_many_lines_as_the_host_allows_is_listed() {
        let root =
            FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).tcp(Tcp::listen("127.0.0.1:81"));
        let limits = Limits { total_lines: 2, ..Limits::streaming() };
        let outcome = run_within(&root, limits, "-tanHQ");
        check(
            &outcome,
            &["LISTEN 127.0.0.1:80 0.0.0.0:*", "LISTEN 127.0.0.1:81 0.0.0.0:*"],
            &[],
            0,
        );
    }
}

mod command_lines {
    use super::*;

    fn root() -> FakeProc {
        FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).packet(Packet::raw(3))
    }

    fn help() -> String {
        let help = run(&root(), "-h");
        assert_eq!((help.stderr.len(), help.status), (0, 0));
        help.stdout.to_string()
    }

    const GRANT: &str = "it needs the grant";
    const NO_DIAG: &str = "the /proc tables do not show it, and there is no sock_diag here";

    #[rstest]
    #[case("-E", &format!("refused: {GRANT} \"events\", which this host does not give"))]
    #[case("-N", &format!("refused: {GRANT} \"namespaces\", which this host does not give"))]
    #[case("-K", &format!("refused: {GRANT} \"kill\", which this host does not give"))]
    #[case("-B", &format!("refused: {NO_DIAG}"))]
    #[case("-b", &format!("refused: {NO_DIAG}"))]
    #[case("-M", &format!("refused: {NO_DIAG}"))]
    #[case("-S", &format!("refused: {NO_DIAG}"))]
    #[case("-d", &format!("refused: {NO_DIAG}"))]
    #[case("--vsock", &format!("refused: {NO_DIAG}"))]
    #[case("--xdp", &format!("refused: {NO_DIAG}"))]
    #[case("--tipc", "refused: TIPC sockets are not supported")]
    #[case("--tipcinfo", "refused: TIPC sockets are not supported")]
    #[case("--bpf-maps", "refused: it reads maps of BPF programs, which are not sockets")]
    #[case("--bpf-map-id", "refused: it reads maps of BPF programs, which are not sockets")]
    #[case("-Z", "refused: security contexts are not listed here")]
    #[case("-z", "refused: security contexts are not listed here")]
    #[case("-D", "refused: it writes raw kernel records to a file of the system")]
    fn refused_options_print_nothing_but_the_reason(#[case] option: &str, #[case] reason: &str) {
        let takes_value = ["-N", "-D", "--bpf-map-id"].contains(&option);
        let value = if takes_value { "value" } else { "" };
        let message = format!("ss: {option} is {reason}");
        check(&run(&root(), &format!("{option} {value}")), &[], &[&message], 1);
        // The rest of the line changes nothing, wherever the option is.
        check(&run(&root(), &format!("-tan {option} {value}")), &[], &[&message], 1);
        check(&run(&root(), &format!("{option} {value} -tan")), &[], &[&message], 1);
    }

    fn is_refused(flag: &FlagDoc) -> bool {
        let is_refused = flag.refusal.or(flag.source).or(flag.grant).is_some();
        is_refused && !flag.degrades && !flag.is_exact
    }

    #[test]
    fn every_refused_option_is_in_the_cases_above() {
        assert_eq!(flags().filter(|flag| is_refused(flag)).count(), 17);
    }

    const NO_PROCESS: &str = "shows no process: listing processes needs the grant \"processes\", \
                              which this host does not give";
    const NO_HOST: &str = "shows no host name: resolving addresses needs the grant \"resolve\", \
                           which this host does not give";

    /// The row of a listener, and a process that has it open.
    fn server() -> FakeProc {
        FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:80").inode(500))
            .process(Process::new(10, "httpd").socket(3, 500))
    }

    #[rstest]
    #[case::processes("-tlnp", "-p")]
    #[case::threads("-tlnT", "-T")]
    #[case::both("-tlnpT", "-p")]
    #[case::names("-tlnr", "-r")]
    #[case::all("-tlnpr", "-p -r")]
    #[case::without_header("-tlnpH", "-p")]
    #[case::details("-tlnpe", "-p")]
    #[case::all_tables("-anp", "-p")]
    #[case::nothing_listed("-unp", "-p")]
    fn ungranted_columns_are_empty_as_for_a_user_who_sees_nothing(
        #[case] line: &str,
        #[case] options: &str,
    ) {
        let outcome = run(&server(), line);
        let reason = |option| match option {
            "-r" => format!("ss: -r {NO_HOST}\n"),
            option => format!("ss: {option} {NO_PROCESS}\n"),
        };
        let stderr: String = options.split(' ').map(reason).collect();
        assert_eq!((outcome.stderr.to_string(), outcome.status), (stderr, 0));
        let Some(real) = RealSs::find() else { return };
        // The same sockets, with no visible process.
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(500)).build();
        let line = line.replace('r', "");
        assert_eq!(outcome.stdout, real.run(&root, &words(&line), None).stdout);
    }

    #[test]
    fn objects_have_no_key_for_ungranted_processes() {
        let outcome = run(&server(), "-tlnp --json");
        assert_eq!(outcome.status, 0);
        assert!(outcome.stdout.contains_str("127.0.0.1"), "{outcome:?}");
        assert!(!outcome.stdout.contains_str("processes"), "{outcome:?}");
    }

    #[rstest]
    #[case::inet("127.0.0.1:80", "inet")]
    #[case::inet6("[::1]:80", "inet6")]
    #[case::mapped("[::ffff:127.0.0.1]:80", "inet6")]
    fn objects_name_the_family_and_what_a_listener_counts(
        #[case] address: &str,
        #[case] family: &str,
    ) {
        let outcome = run(&FakeProc::new().tcp(Tcp::listen(address)), "-tln --json-lines");
        let family = format!("\"family\":\"{family}\"");
        assert!(outcome.stdout.contains_str(&family), "{outcome:?}");
        // The text table has no backlog.
        assert!(outcome.stdout.contains_str("\"accept_queue\":0"), "{outcome:?}");
        assert!(!outcome.stdout.contains_str("backlog"), "{outcome:?}");
    }

    #[rstest]
    #[case::pid("-tlnp pid = 10")]
    #[case::comm("-tlnp comm = httpd")]
    fn filters_of_ungranted_processes_are_refused(#[case] line: &str) {
        let outcome = run(&server(), line);
        assert_eq!((outcome.stdout.as_bstr(), outcome.status), ("".into(), 1));
        assert!(outcome.stderr.contains_str("needs the grant \"processes\""), "{outcome:?}");
    }

    #[rstest]
    #[case("-f vsock", "-f vsock is refused: the /proc tables do not show its sockets")]
    #[case("-f xdp", "-f xdp is refused: the /proc tables do not show its sockets")]
    #[case("-f tipc", "-f tipc is refused: TIPC sockets are not supported")]
    #[case("-A mptcp", "-A mptcp is refused: the /proc tables do not show its sockets")]
    #[case("-A tcp,dccp", "-A dccp is refused: the /proc tables do not show its sockets")]
    fn refused_words_print_nothing_but_the_reason(#[case] line: &str, #[case] reason: &str) {
        check(&run(&root(), line), &[], &[&format!("ss: {reason}")], 1);
    }

    /// The message of the C library is still the first line, and the status that of a wrong option.
    #[test]
    fn wrong_option_is_followed_by_the_nearest_right_one() {
        let outcome = run(&root(), "-t --lisening");
        let stderr = outcome.stderr.to_string();
        let first = "ss: unrecognized option '--lisening'\nss: did you mean --listening?\n";
        assert!(stderr.starts_with(first), "{stderr}");
        assert_eq!((outcome.stdout.len(), outcome.status), (0, 255));
        assert!(!run(&root(), "--foo").stderr.to_string().contains("did you mean"));
    }

    #[rstest]
    #[case("-y", "invalid option -- 'y'")]
    #[case("-ty", "invalid option -- 'y'")]
    #[case("-x=3", "invalid option -- '='")]
    #[case("-\u{e9}", "invalid option -- '\\xc3'")]
    #[case("--foo", "unrecognized option '--foo'")]
    #[case("--\x1b", "unrecognized option '--\\x1b'")]
    #[case(
        "--n",
        "option '--n' is ambiguous; possibilities: '--numeric' '--net' '--no-header' '--no-queues'"
    )]
    #[case("--numeric=3", "option '--numeric' doesn't allow an argument")]
    #[case("-f", "option requires an argument -- 'f'")]
    #[case("--family", "option '--family' requires an argument")]
    #[case(
        "-f foo",
        "\"foo\" is not a family; expected inet, inet6, link, unix, netlink, vsock, xdp or help"
    )]
    #[case(
        "-f INET",
        "\"INET\" is not a family; expected inet, inet6, link, unix, netlink, vsock, xdp or help"
    )]
    #[case("-A foo", "\"foo\" is not a socket table; the usage below names them")]
    #[case("-A tcp,", "\"\" is not a socket table; the usage below names them")]
    #[case("-t -Z -y", "invalid option -- 'y'")]
    fn unknown_option_prints_usage_on_stderr(#[case] line: &str, #[case] message: &str) {
        let outcome = run(&root(), line);
        assert_eq!(outcome.stdout, "");
        assert_eq!(outcome.stderr, format!("ss: {message}\n{}", help()));
        assert_eq!(outcome.status, 255);
    }

    #[rstest]
    #[case("-f help")]
    #[case("--help")]
    #[case("-tanh")]
    fn help_is_printed_on_standard_output(#[case] line: &str) {
        let outcome = run(&root(), line);
        assert_eq!((outcome.stdout.to_string(), outcome.status), (help(), 0));
        assert_eq!(outcome.stderr, "");
    }

    #[test]
    fn no_table_left_is_reported_and_is_not_a_failure() {
        let message = "ss: no socket tables to show with such filter.";
        check(&run(&root(), "-A !tcp"), &[], &[message], 0);
    }

    #[test]
    fn without_the_grant_nothing_is_listed() {
        let root = root().build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let view = PolicyView::new(tables, Policy::nothing(), ours::recorded_names());
        let ss = Ss::new(view);
        // The host's names are not printed either.
        for line in
            ["-tan", "-s", "-t user = root", "-t user = nobody-of-this-name", "-t sport = :http"]
        {
            check(
                &ours::call(&ss, &words(line), None),
                &[],
                &["ss: listing sockets needs the grant \"sockets\", which this host does not give"],
                1,
            );
        }
    }
}

mod filters {
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
        &["ss: expected a condition, but found the end of the filter",
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
    fn wrong_filters_print_nothing_but_what_is_wrong(
        #[case] line: &str,
        #[case] stderr: &[&str],
        #[case] status: i32,
    ) {
        check(&run(&root(), line), &[], stderr, status);
    }

    #[test]
    fn counters_come_before_what_is_wrong_with_the_words() {
        for line in ["-s state nope", "-s sport = nope"] {
            let outcome = run(&root(), line);
            assert!(outcome.stdout.starts_with(b"Total: "), "{outcome:?}");
            assert_ne!(outcome.status, 0);
        }
    }
}
