//! Attempts to steer `ss`: by variables that other programs obey, and by options from data.

#![expect(clippy::disallowed_methods, reason = "a test names a file as an attacker would")]

use std::sync::LazyLock;

use bstr::ByteSlice as _;
use rstest::rstest;
use testkit::{FakeProc, FakeRoot, Tcp, Unix};

use super::program::shell;
use crate::outcome::Outcome;

/// Two roots, and a script between them.
struct SteeredRoots {
    /// The root that `ss` has to list.
    own: FakeRoot,
    /// The root that an attempt steers it to.
    other: FakeRoot,
}

impl SteeredRoots {
    fn new() -> Self {
        let own = FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:4001").inode(1))
            .unix(Unix::stream().path("/run/true").listening().inode(2));
        let other = FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:4999").inode(3))
            .unix(Unix::stream().path("/run/steered").listening().inode(4))
            .raw_file("options", "-D\n/nowhere\n")
            .raw_file("hosts", "127.0.0.1 steered\n")
            .raw_file("services", "steered 4001/tcp\n");
        Self { own: own.build(), other: other.build() }
    }

    /// Replaces `$X` by the path of the other root.
    fn named(&self, text: &str) -> String {
        text.replace("$X", &self.other.path().display().to_string())
    }

    /// Runs a script in which `$X` is the other root and `$D` a granted directory in it.
    fn run(&self, script: &str, variables: &[(&str, &str)]) -> Outcome {
        let own = self.own.path().display().to_string();
        let script = self.named("X=$X; D=$X/net\n") + script;
        let variables: Vec<(&str, String)> =
            variables.iter().map(|(name, value)| (*name, self.named(value))).collect();
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let args = ["--proc-root", &own, "--allow-path", &self.named("$X/net"), "-c", &script];
        shell(&args, &variables)
    }
}

fn run(script: &str, variables: &[(&str, &str)]) -> Outcome {
    SteeredRoots::new().run(script, variables)
}

/// The output of a script without any attempt.
static UNSTEERED: LazyLock<Outcome> = LazyLock::new(|| {
    let outcome = run(LISTING, &[]);
    assert!(outcome.stdout.contains_str("4001") && outcome.stdout.contains_str("/run/true"));
    assert_eq!((outcome.stderr.as_bstr(), outcome.status), ("".into(), 0));
    outcome
});

/// Variables that a script sets: names and values of the table below.
const VARIABLES: &[(&str, &str)] = &[
    ("PROC_ROOT", "/proc"),
    ("PROC_ROOT", "/nowhere"),
    ("PROC_NET_TCP", "$X/net/tcp"),
    ("PROC_NET_TCP6", "$X/net/tcp"),
    ("PROC_NET_UDP", "$X/net/udp"),
    ("PROC_NET_UDP6", "$X/net/udp6"),
    ("PROC_NET_RAW", "$X/net/raw"),
    ("PROC_NET_RAW6", "$X/net/raw6"),
    ("PROC_NET_UNIX", "$X/net/unix"),
    ("PROC_NET_PACKET", "$X/net/packet"),
    ("PROC_NET_NETLINK", "$X/net/netlink"),
    ("PROC_NET_SOCKSTAT", "$X/net/sockstat"),
    ("PROC_NET_SOCKSTAT6", "$X/net/sockstat6"),
    ("PROC_NET_SNMP", "$X/net/snmp"),
    ("PROC_SLABINFO", "$X/slabinfo"),
    ("PROC_IP_LOCAL_PORT_RANGE", "$X/sys/net/ipv4/ip_local_port_range"),
    ("TCPDIAG_FILE", "$X/net/tcp"),
    ("COLUMNS", "40"),
    ("COLUMNS", "%n"),
    ("LINES", "1"),
    ("POSIXLY_CORRECT", "1"),
    ("HOME", "$X"),
    ("HOSTALIASES", "$X/hosts"),
    ("RES_OPTIONS", "debug"),
    ("LOCALDOMAIN", "steered"),
    ("SERVICES", "$X/services"),
    ("LD_PRELOAD", "$X/net/tcp"),
    ("LD_LIBRARY_PATH", "$X"),
    ("LD_AUDIT", "$X/net/tcp"),
    ("LD_DEBUG", "none"),
    ("MALLOC_PERTURB_", "7"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("LANGUAGE", "tr"),
    ("LOCPATH", "$X"),
    ("NLSPATH", "$X/%N"),
    ("GCONV_PATH", "$X"),
    ("TZ", "Pacific/Kiritimati"),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    ("CLICOLOR_FORCE", "1"),
    ("TMPDIR", "$X"),
    ("BASH_ENV", "$X/options"),
    ("ENV", "$X/options"),
    ("PS4", "$X"),
    ("SS_OPTIONS", "-D /nowhere"),
    ("GETOPT_COMPATIBLE", "1"),
    ("NETNS", "steered"),
    ("NETNS_RUN_DIR", "$X"),
    ("CONF_USR_DIR", "$X"),
    ("RUST_BACKTRACE", "full"),
    ("RUST_LOG", "trace"),
    ("BASHKIT_UNSAFE_LOGGING", "1"),
];

const LISTING: &str = "ss -txlae";

#[rstest]
#[case::root("PROC_ROOT", "$X")]
#[case::root_of_the_machine("PROC_ROOT", "/proc")]
#[case::root_that_is_not_there("PROC_ROOT", "/nowhere")]
#[case::tcp("PROC_NET_TCP", "$X/net/tcp")]
#[case::tcp6("PROC_NET_TCP6", "$X/net/tcp")]
#[case::udp("PROC_NET_UDP", "$X/net/udp")]
#[case::udp6("PROC_NET_UDP6", "$X/net/udp6")]
#[case::raw("PROC_NET_RAW", "$X/net/raw")]
#[case::raw6("PROC_NET_RAW6", "$X/net/raw6")]
#[case::unix("PROC_NET_UNIX", "$X/net/unix")]
#[case::packet("PROC_NET_PACKET", "$X/net/packet")]
#[case::netlink("PROC_NET_NETLINK", "$X/net/netlink")]
#[case::sockstat("PROC_NET_SOCKSTAT", "$X/net/sockstat")]
#[case::sockstat6("PROC_NET_SOCKSTAT6", "$X/net/sockstat6")]
#[case::snmp("PROC_NET_SNMP", "$X/net/snmp")]
#[case::slabinfo("PROC_SLABINFO", "$X/slabinfo")]
#[case::port_range("PROC_IP_LOCAL_PORT_RANGE", "$X/sys/net/ipv4/ip_local_port_range")]
#[case::netlink_dump("TCPDIAG_FILE", "$X/net/tcp")]
#[case::columns("COLUMNS", "40")]
#[case::columns_that_are_no_number("COLUMNS", "%n")]
#[case::lines("LINES", "1")]
#[case::posix("POSIXLY_CORRECT", "1")]
#[case::home("HOME", "$X")]
#[case::hosts("HOSTALIASES", "$X/hosts")]
#[case::resolver("RES_OPTIONS", "debug")]
#[case::resolver_domain("LOCALDOMAIN", "steered")]
#[case::services("SERVICES", "$X/services")]
#[case::preload("LD_PRELOAD", "$X/net/tcp")]
#[case::library_path("LD_LIBRARY_PATH", "$X")]
#[case::audit("LD_AUDIT", "$X/net/tcp")]
#[case::loader_debug("LD_DEBUG", "none")]
#[case::allocator("MALLOC_PERTURB_", "7")]
#[case::locale("LC_ALL", "tr_TR.UTF-8")]
#[case::messages("LANGUAGE", "tr")]
#[case::locale_path("LOCPATH", "$X")]
#[case::catalogues("NLSPATH", "$X/%N")]
#[case::conversion("GCONV_PATH", "$X")]
#[case::time_zone("TZ", "Pacific/Kiritimati")]
#[case::terminal("TERM", "dumb")]
#[case::no_colour("NO_COLOR", "1")]
#[case::colour("CLICOLOR_FORCE", "1")]
#[case::temporary_directory("TMPDIR", "$X")]
#[case::path("PATH", "$X")]
#[case::ifs("IFS", "s")]
#[case::bash_environment("BASH_ENV", "$X/options")]
#[case::posix_environment("ENV", "$X/options")]
#[case::bash_options("BASHOPTS", "extglob")]
#[case::shell_options("SHELLOPTS", "noexec")]
#[case::bash_trace("PS4", "$X")]
#[case::function("BASH_FUNC_ss%%", "() { echo steered; }")]
#[case::ss_options("SS_OPTIONS", "-D /nowhere")]
#[case::getopt("GETOPT_COMPATIBLE", "1")]
#[case::namespace("NETNS", "steered")]
#[case::namespace_directory("NETNS_RUN_DIR", "$X")]
#[case::iproute_configuration("CONF_USR_DIR", "$X")]
#[case::backtrace("RUST_BACKTRACE", "full")]
#[case::log("RUST_LOG", "trace")]
#[case::interpreter_log("BASHKIT_UNSAFE_LOGGING", "1")]
fn environment_variables_do_not_steer(#[case] name: &str, #[case] value: &str) {
    let outcome = run(LISTING, &[(name, value)]);
    // Standard error may be from the loader, which reads its variables before the program starts.
    let (stdout, status) = (&UNSTEERED.stdout, UNSTEERED.status);
    assert_eq!(
        (&outcome.stdout, outcome.status),
        (stdout, status),
        "in the environment of the process: {outcome:?}"
    );
}

#[rstest]
#[case::before_the_command("NAME=VALUE ss -txlae")]
#[case::exported("export NAME=VALUE; ss -txlae")]
#[case::declared("declare -x NAME=VALUE; ss -txlae")]
#[case::in_a_subshell("NAME=VALUE; export NAME; (ss -txlae)")]
#[case::by_env("env NAME=VALUE ss -txlae")]
#[case::of_the_whole_script("set -a; NAME=VALUE; ss -txlae")]
#[case::in_a_function("f() { local -x NAME=VALUE; ss -txlae; }; f")]
#[case::read_only("readonly NAME=VALUE; export NAME; ss -txlae")]
#[case::by_printf("printf -v NAME %s VALUE; export NAME; ss -txlae")]
fn variables_of_a_script_do_not_steer(#[case] way: &str) {
    let ways: Vec<String> = VARIABLES
        .iter()
        .map(|(name, value)| {
            let way = way.replace("NAME", name).replace("VALUE", &format!("\"{value}\""));
            format!("( {way} )\n")
        })
        .collect();
    let outcome = run(&ways.concat(), &[]);
    assert_eq!(outcome.stderr, "");
    assert_eq!(outcome.stdout, UNSTEERED.stdout.repeat(VARIABLES.len()));
}

#[test]
fn counters_are_not_steered() {
    let expected = run("ss -s", &[]);
    assert_eq!((expected.stderr.as_bstr(), expected.status), ("".into(), 0));
    for name in ["PROC_ROOT", "PROC_NET_SOCKSTAT", "PROC_NET_SNMP", "PROC_SLABINFO"] {
        assert_eq!(run(&format!("export {name}=$X; ss -s"), &[(name, "$X")]), expected, "{name}");
    }
}

/// The other root works if the host selects it.
#[test]
fn host_can_name_another_root() {
    let roots = SteeredRoots::new();
    let outcome = shell(&["--proc-root", &roots.named("$X"), "-c", "ss -txla"], &[]);
    assert!(outcome.stdout.contains_str("4999") && outcome.stdout.contains_str("/run/steered"));
}

const UNKNOWN: &str = "ss: unrecognized option '--proc-root'\n";
const UNKNOWN_BLANK: &str = "ss: invalid option -- ' '\n";
const NO_DUMP: &str = "ss: -D is refused: it writes raw kernel records to a file of the system\n";
const NO_FILTER: &str = "ss: the filter in \"";
const NOT_A_FILTER: &str =
    "ss: expected a condition, such as dst, sport, user or comm, but found \"sl\"\n";
const NO_NAMESPACE: &str =
    "ss: -N is refused: it needs the grant \"namespaces\", which this host does not give\n";
const NO_PROCESSES: &str = "ss: -p shows no process: listing processes needs the grant \"processes\", \
                            which this host does not give\n";
const NO_KILL: &str =
    "ss: -K is refused: it needs the grant \"kill\", which this host does not give\n";
const NO_EVENTS: &str =
    "ss: -E is refused: it needs the grant \"events\", which this host does not give\n";

#[rstest]
// the host's option in a script
#[case::host_option("ss -tan --proc-root $X", 255, UNKNOWN)]
#[case::host_option_with_value("ss -tan --proc-root=$X", 255, UNKNOWN)]
#[case::host_option_first("ss --proc-root $X -tan", 255, UNKNOWN)]
#[case::host_option_cut("ss --proc-r $X", 255, "ss: unrecognized option '--proc-r'\n")]
#[case::host_option_letter("ss -P $X", 255, "ss: invalid option -- 'P'\n")]
#[case::variable_as_option("ss --PROC_ROOT=$X", 255, "ss: unrecognized option '--PROC_ROOT'\n")]
#[case::host_option_in_a_shell("bash -c \"ss --proc-root $X\"", 255, UNKNOWN)]
// by word splitting
#[case::split("x=\"-tan --proc-root $X\"; ss $x", 255, UNKNOWN)]
#[case::not_split("x=\"-tan --proc-root $X\"; ss \"$x\"", 255, UNKNOWN_BLANK)]
#[case::split_by_ifs("IFS=,; x=-tan,--proc-root=$X; ss $x", 255, UNKNOWN)]
#[case::ifs_itself("IFS=' '; ss -tan${IFS}--proc-root=$X", 255, UNKNOWN)]
#[case::ifs_unset("unset IFS; ss -tan${IFS}--proc-root=$X", 255, "ss: invalid option -- '-'\n")]
#[case::ifs_in_a_word("x=-tan\\ -D; ss ${x}${IFS}$X/new", 1, NO_DUMP)]
#[case::split_at_newlines("x=$'-t\\n-p'; ss $x", 0, NO_PROCESSES)]
#[case::newline_in_a_word("x=$'-t\\n-p'; ss \"$x\"", 255, "ss: invalid option -- '\\x0a'\n")]
#[case::newline_in_a_name("ss $'--al\\nl'", 255, "ss: unrecognized option '--al\\x0al'\n")]
#[case::array("x=(-tan --proc-root $X); ss \"${x[@]}\"", 255, UNKNOWN)]
#[case::positional("set -- -D $X/new; ss \"$@\"", 1, NO_DUMP)]
#[case::substitution("ss $(echo -D $X/new)", 1, NO_DUMP)]
#[case::octal("ss \"$(printf '\\055D')\" $X/new", 1, NO_DUMP)]
#[case::letters_joined("a=D; ss -t$a$X/new", 1, NO_DUMP)]
#[case::braces("ss {-t,-D} $X/new", 1, NO_DUMP)]
#[case::here_document("read -r x <<< \"-D $X/new\"; ss $x", 1, NO_DUMP)]
#[case::mapfile("mapfile -t x <<< $'-K\\n-t'; ss \"${x[@]}\"", 1, NO_KILL)]
// by other commands
#[case::xargs("echo \"-t -D $X/new\" | xargs ss", 1, NO_DUMP)]
#[case::eval("eval \"ss -t -N /proc/1/ns/net\"", 1, NO_NAMESPACE)]
#[case::env("env ss -D $X/new", 1, NO_DUMP)]
#[case::command("command ss -E", 1, NO_EVENTS)]
#[case::timeout("timeout 9 ss -p", 0, NO_PROCESSES)]
#[case::function("ss() { command ss -D $X/new \"$@\"; }; ss -t", 1, NO_DUMP)]
#[case::find("find $D -maxdepth 0 -exec ss -D {} +", 1, NO_DUMP)]
// files and namespaces by options
#[case::filter_file("ss -F $D/tcp", 1, NOT_A_FILTER)]
#[case::filter_file_outside("ss -F $X/options", 255, NO_FILTER)]
#[case::filter_file_attached("ss -tF$X/options", 255, NO_FILTER)]
#[case::filter_file_long("ss --filter=$X/options", 255, NO_FILTER)]
#[case::filter_of_standard_input("ss -F - < $D/tcp", 1, NOT_A_FILTER)]
#[case::filter_of_a_device("ss -F /dev/stdin < $D/tcp", 255, NO_FILTER)]
#[case::filter_in_pieces("x=-F; ss \"$x\"$X/options", 255, NO_FILTER)]
#[case::dump("ss -D $X/new", 1, NO_DUMP)]
#[case::dump_attached("ss -taD$X/new", 1, NO_DUMP)]
#[case::dump_long("ss --diag=$X/new", 1, NO_DUMP)]
#[case::dump_cut("ss --di $X/new", 1, NO_DUMP)]
#[case::dump_to_output("ss -D -", 1, NO_DUMP)]
#[case::namespace("ss -N steered", 1, NO_NAMESPACE)]
#[case::namespace_by_parents("ss --net ../../../proc/1/ns/net", 1, NO_NAMESPACE)]
#[case::namespace_by_path("ss -N/proc/self/ns/net", 1, NO_NAMESPACE)]
#[case::kill("ss -tK dst 127.0.0.1", 1, NO_KILL)]
#[case::table_by_path("ss -A $X/net/tcp", 255, "ss: \"$X/net/tcp\" is not a socket table; ")]
#[case::family_by_path("ss -f $X", 255, "ss: \"$X\" is not a family; ")]
#[case::path(
    "ss -t $X/net/tcp",
    1,
    "ss: expected a condition, such as dst, sport, user or comm, but found \"$X/net/tcp\"\n"
)]
#[case::after_the_end(
    "ss -t -- --proc-root $X",
    1,
    "ss: expected a condition, such as dst, sport, user or comm, but found \"--proc-root\"\n"
)]
#[case::response_file(
    "ss @$X/options",
    1,
    "ss: expected a condition, such as dst, sport, user or comm, but found \"@$X/options\"\n"
)]
fn options_from_data_do_not_steer(
    #[case] script: &str,
    #[case] status: i32,
    #[case] message: &str,
) {
    let roots = SteeredRoots::new();
    let outcome = roots.run(script, &[]);
    let message = roots.named(message);
    let reported = outcome.stderr.as_bstr();
    assert!(
        reported.starts_with(message.as_bytes()),
        "expected {message:?}, but found {outcome:?}"
    );
    assert!(!outcome.stdout.contains_str("4999") && !outcome.stdout.contains_str("steered"));
    assert_eq!(outcome.status, status, "{outcome:?}");
    assert!(!roots.other.path().join("new").exists(), "it wrote a file");
}

/// File names can become options of a command, which are refused.
#[rstest]
#[case::host_option("--proc-root=x", "ss: unrecognized option '--proc-root'\n", 255)]
#[case::dump("-Dx", NO_DUMP, 1)]
#[case::newline("-t\n-K", "ss: invalid option -- '\\x0a'\n", 255)]
#[case::newline_first(
    "\n-K",
    "ss: expected a condition, such as dst, sport, user or comm, but found \"\\x0a-K\"\n",
    1
)]
fn names_of_files_do_not_steer(#[case] name: &str, #[case] message: &str, #[case] status: i32) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(name), "").unwrap();
    let path = dir.path().display().to_string();
    let built = FakeProc::new().build();
    let root = built.path().display().to_string();
    let script = format!("cd {path} && ss *");
    let outcome = shell(&["--proc-root", &root, "--allow-path", &path, "-c", &script], &[]);
    assert!(outcome.stderr.starts_with(message.as_bytes()), "{outcome:?}");
    assert_eq!((outcome.stdout.as_bstr(), outcome.status), ("".into(), status));
}

#[rstest]
#[case::variable("x=-txlae; ss $x")]
#[case::split("x='-tx -lae'; ss $x")]
#[case::array("x=(-tx -lae); ss \"${x[@]}\"")]
#[case::positional("set -- -tx -lae; ss \"$@\"")]
#[case::xargs("echo -tx -lae | xargs ss")]
#[case::eval("eval 'ss -txlae'")]
#[case::env("env ss -txlae")]
#[case::command("command ss -txlae")]
#[case::argument_zero("exec -a --proc-root ss -txlae")]
#[case::input("ss -txlae < $D/tcp")]
fn options_from_data_work(#[case] script: &str) {
    assert_eq!(run(script, &[]), *UNSTEERED);
}
