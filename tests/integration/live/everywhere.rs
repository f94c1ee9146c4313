//! Every network namespace of a machine, simulated by a PID namespace with only processes of the
//! test.

#![expect(clippy::disallowed_methods, reason = "the namespaces are made by a program")]

use std::process::Command;

use rstest::rstest;

use super::program::Program;
use crate::{real::RealSs, workspace};

/// User, network, mount and PID namespaces, with a `/proc` for the latter.
const UNSHARE: [&str; 2] = ["-Urnmpf", "--mount-proc"];

/// Returns what command lines print, each after words for the rights that it has.
///
/// Where such namespaces cannot be created, it reports this loudly, and fails if `CI` is set.
fn print(lines: &[impl AsRef<str>]) -> Option<String> {
    if !Command::new("unshare").args(UNSHARE).arg("true").status().unwrap().success() {
        assert!(!workspace::is_ci(), "namespaces with a /proc cannot be made here");
        eprintln!("*** NOTHING IS TESTED, because namespaces with a /proc cannot be made. ***");
        return None;
    }
    let lines: Vec<_> = lines.iter().map(AsRef::as_ref).collect();
    let output = Command::new("unshare")
        .args(UNSHARE)
        .args(["--kill-child", "python3"])
        .arg(workspace::path("tests/fixture/namespaces.py"))
        .args(Program::ours().words().take(1))
        .args(["portwatch", "host-shell"].map(testkit::built))
        .arg(workspace::path("target/iproute2/ss"))
        .args(lines.join(" -- ").split(' '))
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{stdout}\n{stderr}");
    Some(stdout)
}

/// Words that start a script in which `ss` has all the grants that it needs.
const SHELL: &str = "shell --grant sockets,processes,namespaces --namespace all $";

/// Checks the output of `ss`, as a program and in the confined shell: both have to be the same.
fn expect_of_both(rights: &str, args: &str, expected: &str) {
    let lines = [format!("{rights} {args}"), format!("{rights} {SHELL} ss {args}")];
    let Some(printed) = print(&lines) else { return };
    let rights = rights.split('+').next().unwrap();
    let titles = [format!("## {rights}: {args}"), format!("## {rights}: {SHELL} ss {args}")];
    assert_eq!(printed, titles.map(|title| format!("{title}\n{expected}")).concat());
}

/// Without `CAP_SYS_ADMIN`.
const NOT_ENTERED: &str = "\
ss: 3 network namespaces may not be entered, and are listed from their text tables
ss: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
";

/// Without any capability, on which the names of namespaces depend.
const NOT_NAMED: &str = "\
ss: 3 network namespaces may not be entered, and are listed from their text tables
ss: network namespace azure is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace blue is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
";

// ---- {named, anonymous, of another user namespace} with the same addresses, for each of the
// rights ----

#[test]
fn root_lists_every_namespace_with_its_processes() {
    expect_of_both(
        "all",
        "-tlnp --all-namespaces",
        r#"Netns      State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
OWN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=OWN-PID,fd=3))
PLAIN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=PLAIN-PID,fd=3))
USER LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=USER-PID,fd=3))
azure      LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=BLUE-PID,fd=3))
status 0
"#,
    );
}

#[test]
fn page_has_the_command_line_of_these_tests() {
    let page = String::from_utf8(workspace::read("docs/workloads.md")).unwrap();
    let options = SHELL.strip_prefix("shell ").unwrap().strip_suffix(" $").unwrap();
    let command = format!("    $ host-shell {options} -c 'ss -tlnp --all-namespaces'\n");
    assert!(page.contains(&command), "{command}");
}

#[test]
fn root_that_may_not_enter_lists_text_tables() {
    let expected = r#"Netns      State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
OWN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=OWN-PID,fd=3))
PLAIN LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=PLAIN-PID,fd=3))
USER LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=USER-PID,fd=3))
azure      LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=BLUE-PID,fd=3))
"#;
    let expected = format!("{expected}{NOT_ENTERED}status 1\n");
    expect_of_both("ptrace", "-tlnp --all-namespaces", &expected);
}

#[test]
fn user_lists_text_tables_and_sees_some_processes() {
    let expected = r#"Netns      State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
BLUE-ID LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*
OWN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*
PLAIN-ID LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*
USER LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=USER-PID,fd=3))
"#;
    let unseen = "\
ss: processes may be missing: 4 processes are closed to this user
ss: processes may be missing: this /proc shows no process outside its PID namespace
";
    let expected = format!("{expected}{NOT_NAMED}{unseen}status 1\n");
    expect_of_both("none", "-tlnp --all-namespaces", &expected);
}

#[rstest]
#[case::root("all", ["OWN", "PLAIN", "USER", "azure     "], "status 0\n")]
#[case::root_that_may_not_enter("ptrace", ["OWN", "PLAIN", "USER", "azure     "], NOT_ENTERED)]
#[case::user("none", ["BLUE-ID", "OWN", "PLAIN-ID", "USER"], NOT_NAMED)]
fn same_addresses_in_several_namespaces_are_several_connections(
    #[case] rights: &str,
    #[case] labels: [&str; 4],
    #[case] end: &str,
) {
    let row = "ESTAB 0      0      127.0.0.1:7002 127.0.0.1:7001\n";
    let rows = labels.map(|label| format!("{label} {row}")).concat();
    let status = if rights == "all" { "" } else { "status 1\n" };
    let expected = format!("{rows}{end}{status}");
    expect_of_both(rights, "-tnH --all-namespaces sport = 7002", &expected);
}

// ---- gone in the middle
// --------------------------------------------------------------------------

#[rstest]
#[case::root("all", "OWN 7001\nPLAIN 7001\nUSER 7001\nazure 7001\nstatus 0\n", "")]
#[case::root_that_may_not_enter(
    "ptrace",
    "OWN 7001\nPLAIN 7001\nUSER 7001\nazure 7001\n",
    NOT_ENTERED
)]
#[case::user("none", "BLUE-ID 7001\nOWN 7001\nPLAIN-ID 7001\nUSER 7001\n", NOT_NAMED)]
fn vanished_namespace_is_not_mentioned(
    #[case] rights: &str,
    #[case] rows: &str,
    #[case] stderr: &str,
) {
    let status = if rights == "all" { "" } else { "status 1\n" };
    let expected = format!("{rows}{stderr}{status}");
    let rights = format!("{rights}+gone");
    expect_of_both(&rights, "-uan --all-namespaces --json-lines", &expected);
}

// ---- made after the shell started
// ----------------------------------------------------------------

#[rstest]
#[case::root("all", "late LISTEN 0      128    127.0.0.1:7005 0.0.0.0:*\nready\nstatus 0\n")]
#[case::root_that_may_not_enter(
    "ptrace",
    "late LISTEN 0      0      127.0.0.1:7005 0.0.0.0:*
ready
portwatch: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: 4 network namespaces may not be entered, and are listed from their text tables
ss: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
status 1
"
)]
#[case::user(
    "none",
    "LATE-ID LISTEN 0      0      127.0.0.1:7005 0.0.0.0:*
ready
portwatch: network namespace azure is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: 4 network namespaces may not be entered, and are listed from their text tables
ss: network namespace azure is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace blue is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace late is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
status 1
"
)]
fn namespace_created_while_shell_runs_is_found(#[case] rights: &str, #[case] expected: &str) {
    let script = "echo ready ; portwatch --wait :7005 --all-namespaces --timeout 20m && \
                  ss -tlnH --all-namespaces sport = :7005";
    let shell = "shell --timeout 20m --grant sockets,processes,namespaces --namespace all $";
    let Some(printed) = print(&[format!("{rights}+made {shell} {script}")]) else { return };
    assert_eq!(printed, format!("## {rights}: {shell} {script}\n{expected}"));
}

// ---- beside iproute2 in each namespace
// ------------------------------------------------------------

#[test]
fn rows_of_each_namespace_equal_those_of_iproute2() {
    if RealSs::find().is_none() {
        return;
    }
    // Rows of each namespace with processes, and of the one without.
    let cases = [
        ("-tan exclude time-wait", 3, 0),
        ("-tanemo exclude time-wait", 3, 0),
        ("-tan exclude time-wait sport = 7001", 2, 0),
        ("-tlni", 1, 0),
        ("-uane", 1, 0),
        ("-xan", 1, 0),
        ("-A netlink -an", 8, 8),
        ("-wan", 0, 0),
        ("-6an", 0, 0),
    ];
    let lines = cases.map(|(options, ..)| format!("all compare {options}"));
    let Some(printed) = print(&lines) else { return };
    let expected = cases.map(|(options, rows, empty)| {
        let each = ["own", "blue", "plain", "user"].map(|name| format!("{name} {rows}\n"));
        format!("## all: compare {options}\n{}empty {empty}\nstatus 0\n", each.concat())
    });
    assert_eq!(printed, expected.concat());
}

// ---- policies
// -------------------------------------------------------------------------------------

#[test]
fn policy_that_hides_sockets_names_only_namespaces_with_a_visible_one() {
    let lines = [
        "ptrace shell --policy /run/hiding.toml $ ss -tlnpH --all-namespaces",
        "none shell --policy /run/hiding.toml $ ss -tlnH --all-namespaces netns = @USER",
        "ptrace shell --policy /run/hiding.toml $ ss -xanH --all-namespaces",
        "ptrace shell --policy /run/hiding.toml $ ss -tlnH --json-lines --all-namespaces netns = azure",
        "ptrace shell --policy /run/hiding.toml $ portwatch -lt --all-namespaces netns = azure",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## ptrace: shell --policy /run/hiding.toml $ ss -tlnpH --all-namespaces
OWN LISTEN 0      128    127.0.0.1:7001 0.0.0.0:* users:(("python3",pid=OWN-PID,fd=3))
PLAIN LISTEN 0      0      127.0.0.1:7001 0.0.0.0:* users:(("python3",pid=PLAIN-PID,fd=3))
USER LISTEN 0      0      127.0.0.1:7001 0.0.0.0:* users:(("python3",pid=USER-PID,fd=3))
azure      LISTEN 0      0      127.0.0.1:7001 0.0.0.0:* users:(("python3",pid=BLUE-PID,fd=3))
status 0
## none: shell --policy /run/hiding.toml $ ss -tlnH --all-namespaces netns = @USER
USER LISTEN 0      0      127.0.0.1:7001 0.0.0.0:*
status 0
## ptrace: shell --policy /run/hiding.toml $ ss -xanH --all-namespaces
status 0
## ptrace: shell --policy /run/hiding.toml $ ss -tlnH --json-lines --all-namespaces netns = azure
{"namespace":{"id":BLUE-ID,"inode":BLUE,"names":["azure","blue"]},"netid":"tcp","state":"LISTEN","accept_queue":0,"family":"inet","source":"proc","protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"listen","recv_q":0,"send_q":0,"uid":0,"references":1,"tcp":{"retransmission_timeout_ms":1000,"ack_timeout_ms":0,"quick_acks":0,"pingpong":false,"congestion_window":10,"slow_start_threshold":0}}
status 0
## ptrace: shell --policy /run/hiding.toml $ portwatch -lt --all-namespaces netns = azure
tcp 127.0.0.1:7001 uid:0 netns:azure
status 0
"#
    );
}

#[test]
fn bound_on_rows_is_for_all_namespaces_together() {
    let lines = [
        "all shell --policy /run/rows.toml $ ss -tnH --count --all-namespaces",
        "all shell --policy /run/rows.toml $ ss -tanH --count --all-namespaces exclude time-wait",
        "all shell --policy /run/rows.toml $ ss -tanH --count --all-namespaces netns = azure or netns = @USER",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        "## all: shell --policy /run/rows.toml $ ss -tnH --count --all-namespaces
8
status 0
## all: shell --policy /run/rows.toml $ ss -tanH --count --all-namespaces exclude time-wait
ss: this host lists 8 sockets at most at a time: ask for fewer, with a filter
status 1
## all: shell --policy /run/rows.toml $ ss -tanH --count --all-namespaces netns = azure or netns = @USER
6
status 0
"
    );
}

#[test]
fn all_namespaces_need_grant_and_policy() {
    let lines = [
        "all shell --grant sockets,namespaces --namespace all $ ss -tlnpH --json-lines --all-namespaces netns = azure",
        "all shell --grant sockets --namespace all $ ss -t",
        "all shell --grant sockets,namespaces $ ss -t --all-namespaces",
        "all shell --grant sockets $ ss -t --all-namespaces",
        "all shell --grant sockets,namespaces --namespace all --proc-root /run $ ss -t",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## all: shell --grant sockets,namespaces --namespace all $ ss -tlnpH --json-lines --all-namespaces netns = azure
{"namespace":{"id":BLUE-ID,"inode":BLUE,"names":["azure","blue"]},"netid":"tcp","state":"LISTEN","accept_queue":0,"backlog":128,"family":"inet","source":"sock_diag","protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"listen","recv_q":0,"send_q":128,"uid":0,"shutdown":[],"options":["is_icsk","mc_loop","mc_all"]}
ss: -p shows no process: listing processes needs the grant "processes", which this host does not give
status 0
## all: shell --grant sockets --namespace all $ ss -t
host-shell: --namespace needs the grant "namespaces", which is not given
status 2
## all: shell --grant sockets,namespaces $ ss -t --all-namespaces
ss: listing every network namespace needs namespaces = "all" in the policy of this host
status 1
## all: shell --grant sockets $ ss -t --all-namespaces
ss: --all-namespaces is refused: it needs the grant "namespaces", which this host does not give
status 1
## all: shell --grant sockets,namespaces --namespace all --proc-root /run $ ss -t
host-shell: --namespace is of the system, and --proc-root shows nothing of it
status 2
"#
    );
}

// ---- portwatch
// ------------------------------------------------------------------------------------

#[test]
fn portwatch_lists_ports_of_every_namespace() {
    let lines = [
        "all portwatch -lp -t --all-namespaces",
        "all portwatch -lt --json-lines --all-namespaces netns = blue",
        "all portwatch --gone -t --all-namespaces sport = :7001 and netns = empty",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## all: portwatch -lp -t --all-namespaces
tcp 127.0.0.1:7001 uid:0 backlog:128 netns:OWN users:(("python3",pid=OWN-PID))
tcp 127.0.0.1:7001 uid:0 backlog:128 netns:PLAIN users:(("python3",pid=PLAIN-PID))
tcp 127.0.0.1:7001 uid:0 backlog:128 netns:USER users:(("python3",pid=USER-PID))
tcp 127.0.0.1:7001 uid:0 backlog:128 netns:azure users:(("python3",pid=BLUE-PID))
status 0
## all: portwatch -lt --json-lines --all-namespaces netns = blue
{"protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"uid":0,"backlog":128,"namespace":{"id":BLUE-ID,"inode":BLUE,"names":["azure","blue"],"pids":[BLUE-PID]}}
status 0
## all: portwatch --gone -t --all-namespaces sport = :7001 and netns = empty
status 0
"#
    );
}

#[test]
fn filter_admits_namespaces_by_name_and_inode() {
    let lines = [
        "all -tlnH --all-namespaces netns = blue",
        "all -tlnH --all-namespaces netns azure",
        "all -tlnH --all-namespaces netns = @PLAIN",
        "all -tlnH --all-namespaces netns = @PLAIN-ID or netns = @USER",
        "all -tlnH --all-namespaces netns != blue and netns != @USER and not netns = @PLAIN",
        "all -tlnH --all-namespaces netns = nowhere",
        "all -tlnH --all-namespaces dev = lo",
        "all -tlnH --all-namespaces netns =",
        "all -tlnH netns = blue",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## all: -tlnH --all-namespaces netns = blue
azure LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
status 0
## all: -tlnH --all-namespaces netns azure
azure LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
status 0
## all: -tlnH --all-namespaces netns = @PLAIN
PLAIN LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
status 0
## all: -tlnH --all-namespaces netns = @PLAIN-ID or netns = @USER
PLAIN LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
USER LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
status 0
## all: -tlnH --all-namespaces netns != blue and netns != @USER and not netns = @PLAIN
OWN LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
status 0
## all: -tlnH --all-namespaces netns = nowhere
status 0
## all: -tlnH --all-namespaces dev = lo
          ^^
    dev = lo
ss: expected the index of an interface, as names differ between network namespaces, but found "lo"
status 1
## all: -tlnH --all-namespaces netns =
           ^
    netns =
ss: expected a network namespace, but found the end of the filter
status 255
## all: -tlnH netns = blue
    ^^^^^
    netns = blue
ss: expected a condition, and netns is one with --all-namespaces only, but found "netns"
status 1
"#
    );
}

#[test]
fn objects_have_their_namespace() {
    let Some(printed) = print(&["none -tlnH --all-namespaces --json-lines"]) else { return };
    assert_eq!(
        printed,
        r#"## none: -tlnH --all-namespaces --json-lines
{"namespace":{"id":BLUE-ID,"names":[],"pids":[BLUE-PID]},"netid":"tcp","state":"LISTEN","accept_queue":0,"family":"inet","source":"proc","protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"listen","recv_q":0,"send_q":0,"uid":0,"references":1,"tcp":{"retransmission_timeout_ms":1000,"ack_timeout_ms":0,"quick_acks":0,"pingpong":false,"congestion_window":10,"slow_start_threshold":0}}
{"namespace":{"id":OWN-ID,"inode":OWN,"names":[],"pids":[...]},"netid":"tcp","state":"LISTEN","accept_queue":0,"backlog":128,"family":"inet","source":"sock_diag","protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"listen","recv_q":0,"send_q":128,"uid":0,"shutdown":[],"options":["is_icsk","mc_loop","mc_all"]}
{"namespace":{"id":PLAIN-ID,"names":[],"pids":[PLAIN-PID]},"netid":"tcp","state":"LISTEN","accept_queue":0,"family":"inet","source":"proc","protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"listen","recv_q":0,"send_q":0,"uid":0,"references":1,"tcp":{"retransmission_timeout_ms":1000,"ack_timeout_ms":0,"quick_acks":0,"pingpong":false,"congestion_window":10,"slow_start_threshold":0}}
{"namespace":{"id":USER-ID,"inode":USER,"names":[],"pids":[USER-PID]},"netid":"tcp","state":"LISTEN","accept_queue":0,"family":"inet","source":"proc","protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"listen","recv_q":0,"send_q":0,"uid":0,"references":1,"tcp":{"retransmission_timeout_ms":1000,"ack_timeout_ms":0,"quick_acks":0,"pingpong":false,"congestion_window":10,"slow_start_threshold":0}}
ss: 3 network namespaces may not be entered, and are listed from their text tables
ss: network namespace azure is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace blue is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
status 1
"#
    );
}

#[test]
fn objects_have_their_namespace_in_every_order() {
    let lines = [
        "all -tlnH --all-namespaces --json-lines --sort port netns = azure",
        "all -tlnH --all-namespaces --sort -port --limit 2 sport = 7001",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## all: -tlnH --all-namespaces --json-lines --sort port netns = azure
{"namespace":{"id":BLUE-ID,"inode":BLUE,"names":["azure","blue"],"pids":[BLUE-PID]},"netid":"tcp","state":"LISTEN","accept_queue":0,"backlog":128,"family":"inet","source":"sock_diag","protocol":"tcp","local":{"address":"127.0.0.1","port":7001},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"listen","recv_q":0,"send_q":128,"uid":0,"shutdown":[],"mark":0,"options":["is_icsk","mc_loop","mc_all"]}
status 0
## all: -tlnH --all-namespaces --sort -port --limit 2 sport = 7001
OWN LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
azure      LISTEN 0      128    127.0.0.1:7001 0.0.0.0:*
ss: left out 2 sockets more than the 2 of --limit
status 0
"#
    );
}

#[test]
fn options_for_one_namespace_are_refused() {
    let lines = [
        "all -tN blue --all-namespaces",
        "all -K --all-namespaces sport = 7001",
        "all -E --all-namespaces",
        "all -s --all-namespaces",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r"## all: -tN blue --all-namespaces
ss: -N with --all-namespaces is refused: one of them says which network namespaces are listed
status 1
## all: -K --all-namespaces sport = 7001
ss: -K with --all-namespaces is refused: sockets are closed in one network namespace, which -N names
status 1
## all: -E --all-namespaces
ss: -E with --all-namespaces is refused: the host follows events only in its namespace
status 1
## all: -s --all-namespaces
ss: -s with --all-namespaces is refused: the counters are in /proc, which shows only the host's namespace
status 1
"
    );
}

#[test]
fn host_proc_shows_the_namespace_of_its_first_process() {
    let lines = [
        "elsewhere -tlnH",
        "elsewhere --host-proc /run/host -tlnp",
        "elsewhere --host-proc /run/host -tlnH --all-namespaces netns = @PLAIN-ID or netns = @OWN-ID",
        "elsewhere --host-proc /run -tln",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## elsewhere: -tlnH
status 0
## elsewhere: --host-proc /run/host -tlnp
LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=OWN-PID,fd=3))
State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
status 0
## elsewhere: --host-proc /run/host -tlnH --all-namespaces netns = @PLAIN-ID or netns = @OWN-ID
OWN LISTEN 0      0      127.0.0.1:7001 0.0.0.0:*
PLAIN LISTEN 0      0      127.0.0.1:7001 0.0.0.0:*
status 0
## elsewhere: --host-proc /run -tln
ss: --host-proc /run: expected procfs at /proc, but found another kind of file system
status 1
"#
    );
}

#[test]
fn shell_shows_the_host_as_far_as_granted() {
    let lines = [
        "elsewhere shell --host-proc /run/host --grant sockets,processes,namespaces --namespace all $ ss -tlnp",
        "elsewhere shell --host-proc /run/host --grant sockets,processes,namespaces --namespace all $ ss -tlnH --all-namespaces netns = @PLAIN-ID or netns = @OWN-ID",
        "elsewhere shell --host-proc /run/host --grant sockets,namespaces --namespace all $ ss -tlnH --all-namespaces netns = blue",
        "elsewhere shell --host-proc /run/host $ ss -tlnH",
        "elsewhere shell --no-confine --host-proc /run/host --grant sockets,namespaces --namespace all $ ss -tlnH --all-namespaces netns = @PLAIN-ID",
        "elsewhere shell --host-proc /run $ ss -tln",
        "elsewhere shell --host-proc /run/host --namespace blue --grant sockets,namespaces $ ss",
        "all shell --host-proc /run/host --proc-root /run $ ss",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## elsewhere: shell --host-proc /run/host --grant sockets,processes,namespaces --namespace all $ ss -tlnp
LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=OWN-PID,fd=3))
State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
status 0
## elsewhere: shell --host-proc /run/host --grant sockets,processes,namespaces --namespace all $ ss -tlnH --all-namespaces netns = @PLAIN-ID or netns = @OWN-ID
OWN LISTEN 0      0      127.0.0.1:7001 0.0.0.0:*
PLAIN LISTEN 0      0      127.0.0.1:7001 0.0.0.0:*
status 0
## elsewhere: shell --host-proc /run/host --grant sockets,namespaces --namespace all $ ss -tlnH --all-namespaces netns = blue
status 0
## elsewhere: shell --host-proc /run/host $ ss -tlnH
LISTEN 0      0      127.0.0.1:7001 0.0.0.0:*
status 0
## elsewhere: shell --no-confine --host-proc /run/host --grant sockets,namespaces --namespace all $ ss -tlnH --all-namespaces netns = @PLAIN-ID
PLAIN LISTEN 0      0      127.0.0.1:7001 0.0.0.0:*
status 0
## elsewhere: shell --host-proc /run $ ss -tln
host-shell: cannot use the procfs of --host-proc: expected procfs at /proc, but found another kind of file system
status 2
## elsewhere: shell --host-proc /run/host --namespace blue --grant sockets,namespaces $ ss
host-shell: --host-proc shows network namespaces by their processes: expected --namespace all, but found names of this system
status 2
## all: shell --host-proc /run/host --proc-root /run $ ss
host-shell: --host-proc and --proc-root exclude each other
usage: host-shell [OPTIONS] [-c SCRIPT | FILE]
status 2
"#
    );
}
