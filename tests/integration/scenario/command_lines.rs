//! Command lines that are refused, or that iproute2 lacks.

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
fn refused_options_print_only_the_reason(#[case] option: &str, #[case] reason: &str) {
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
fn objects_name_the_family_and_what_a_listener_counts(#[case] address: &str, #[case] family: &str) {
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
fn refused_words_print_only_the_reason(#[case] line: &str, #[case] reason: &str) {
    check(&run(&root(), line), &[], &[&format!("ss: {reason}")], 1);
}

/// The first line is still the message of the C library, and the status that of a wrong option.
#[test]
fn unknown_option_suggests_similar_one() {
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
fn empty_selection_of_tables_is_reported_with_success() {
    let message = "ss: no socket tables to show with such filter.";
    check(&run(&root(), "-A !tcp"), &[], &[message], 0);
}

#[test]
fn listing_is_refused_without_grant() {
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
