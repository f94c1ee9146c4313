//! Every network namespace of a machine: one whose only processes are those of the test.

#![expect(clippy::disallowed_methods, reason = "the namespaces are made by a program")]

use std::process::Command;

use super::program::Program;
use crate::workspace;

/// User, network, mount and PID namespaces, with a `/proc` of the latter.
const UNSHARE: [&str; 2] = ["-Urnmpf", "--mount-proc"];

/// Returns what command lines print, each after words for the rights that it has.
///
/// Where such namespaces cannot be made it says so loudly, and fails if `CI` is set.
fn print(lines: &[&str]) -> Option<String> {
    if !Command::new("unshare").args(UNSHARE).arg("true").status().unwrap().success() {
        assert!(!workspace::is_ci(), "namespaces with a /proc cannot be made here");
        eprintln!("*** NOTHING IS TESTED, because namespaces with a /proc cannot be made. ***");
        return None;
    }
    let program = Program::ours().words().next().unwrap();
    let output = Command::new("unshare")
        .args(UNSHARE)
        .args(["--kill-child", "python3"])
        .arg(workspace::path("tests/fixture/namespaces.py"))
        .arg(program)
        .args(lines.join(" -- ").split(' '))
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{stdout}\n{stderr}");
    Some(stdout)
}

#[test]
fn every_namespace_is_listed_with_its_processes() {
    let lines = [
        "all -tlnp --all-namespaces",
        "all -tnH --all-namespaces sport = 7002",
        "all -t --all-namespaces --count exclude time-wait",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## all: -tlnp --all-namespaces
Netns      State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
OWN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=OWN-PID,fd=3))
PLAIN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=PLAIN-PID,fd=3))
USER LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=USER-PID,fd=3))
azure      LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=BLUE-PID,fd=3))
status 0
## all: -tnH --all-namespaces sport = 7002
OWN ESTAB 0      0      127.0.0.1:7002 127.0.0.1:7001
PLAIN ESTAB 0      0      127.0.0.1:7002 127.0.0.1:7001
USER ESTAB 0      0      127.0.0.1:7002 127.0.0.1:7001
azure      ESTAB 0      0      127.0.0.1:7002 127.0.0.1:7001
status 0
## all: -t --all-namespaces --count exclude time-wait
12
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
ss: the host "netns" cannot be resolved: no such host
status 1
"#
    );
}

#[test]
fn without_the_right_to_enter_namespaces_are_read_as_text() {
    let lines = [
        "ptrace -tlnp --all-namespaces",
        "none -tlnp --all-namespaces",
        "none -tlnH --all-namespaces --json-lines",
    ];
    let Some(printed) = print(&lines) else { return };
    assert_eq!(
        printed,
        r#"## ptrace: -tlnp --all-namespaces
Netns      State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
OWN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=OWN-PID,fd=3))
PLAIN LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=PLAIN-PID,fd=3))
USER LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=USER-PID,fd=3))
azure      LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=BLUE-PID,fd=3))
ss: 3 network namespaces may not be entered, and are listed from their text tables
ss: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
status 1
## none: -tlnp --all-namespaces
Netns      State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
BLUE-ID LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*
OWN LISTEN 0      128        127.0.0.1:7001      0.0.0.0:*
PLAIN-ID LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*
USER LISTEN 0      0          127.0.0.1:7001      0.0.0.0:*    users:(("python3",pid=USER-PID,fd=3))
ss: 3 network namespaces may not be entered, and are listed from their text tables
ss: network namespace azure is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace blue is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: network namespace empty is not listed: cannot enter the network namespace: Operation not permitted (os error 1)
ss: processes may be missing: 4 processes are closed to this user
ss: processes may be missing: this /proc shows no process outside its PID namespace
status 1
## none: -tlnH --all-namespaces --json-lines
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
fn objects_say_the_namespace_in_every_order() {
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
fn what_is_of_one_namespace_is_refused() {
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
ss: -E with --all-namespaces is refused: the host follows events in its own namespace alone
status 1
## all: -s --all-namespaces
ss: -s with --all-namespaces is refused: the counters are in /proc, which shows the host's own namespace alone
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
