//! Output that differs from net-tools or is missing there, byte for byte.

use std::sync::Arc;

use bstr::{BString, ByteSlice as _};
use netstat_builtin::Netstat;
use procnetsocket::{Interrupt, Pid, ProcessQuery, ProcessReport, SocketTables};
use rstest::rstest;
use socket_query::{Grant, PolicyView, ProcessSource, ProcessSourceError};
use testkit::{FakeProc, ProcTable, Process, Tcp, Unix};

use super::{GRANTS, names, policy, run, words};
use crate::{ours, outcome::Outcome};

#[track_caller]
fn check(outcome: &Outcome, stdout: &[&str], stderr: &str, status: i32) {
    let lines = stdout.iter().flat_map(|line| [*line, "\n"]).collect::<String>();
    assert_eq!(outcome.stdout, lines, "standard output");
    assert_eq!(outcome.stderr, stderr, "standard error");
    assert_eq!(outcome.status, status, "status");
}

fn root() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:22").inode(70))
        .process(Process::new(7, "sshd").arguments(b"/usr/sbin/sshd\0-D\0").socket(3, 70))
}

const SERVERS: &str = "Active Internet connections (only servers)";
const HEADER: &str = "Proto Recv-Q Send-Q Local Address           Foreign Address         \
                      State       PID/Program name    ";

#[test]
fn programs_are_printed_under_their_grant() {
    check(
        &run(&root().build(), &GRANTS, &words("-tlpn")),
        &[
            SERVERS,
            HEADER,
            "tcp        0      0 127.0.0.1:22            0.0.0.0:*               LISTEN      \
             7/sshd              ",
        ],
        "",
        0,
    );
}

#[test]
fn programs_degrade_without_their_grant() {
    check(
        &run(&root().build(), &[Grant::Sockets], &words("-tlpn")),
        &[
            SERVERS,
            HEADER,
            "tcp        0      0 127.0.0.1:22            0.0.0.0:*               LISTEN      \
             -                   ",
        ],
        "netstat: -p shows no process: listing processes needs the grant \"processes\", which this host does not give\n",
        0,
    );
}

#[test]
fn named_table_that_nothing_reports_is_a_failure() {
    let protocols = "protocol size\nRAW 1152\nUNIX 1024\n";
    let root = root()
        .without(ProcTable::Raw)
        .without(ProcTable::Unix)
        .raw_file("net/protocols", protocols);
    let root = root.build();
    for (line, word) in [("-wan", "raw"), ("-xan", "unix")] {
        let outcome = run(&root, &[Grant::Sockets], &words(line));
        let expected = format!(
            "netstat: {word} sockets cannot be listed: the kernel has them, but neither sock_diag \
             nor /proc reports them\n"
        );
        assert_eq!((outcome.stderr.as_bstr(), outcome.status), (expected.as_bytes().into(), 1));
    }
    // The tables are not asked for by name.
    let outcome = run(&root, &[Grant::Sockets], &words("-an"));
    assert_eq!((outcome.stderr.as_bstr(), outcome.status), ("".into(), 0));
}

#[test]
fn nothing_is_listed_without_a_grant() {
    check(
        &run(&root().build(), &[], &words("-tln")),
        &[],
        "netstat: listing sockets needs the grant \"sockets\", which this host does not give\n",
        1,
    );
}

#[test]
fn names_of_unix_sockets_are_complete_and_escaped() {
    let root = FakeProc::new()
        .unix(Unix::stream().path("/run/a b").inode(1))
        .unix(Unix::stream().path("/run/\u{1b}[2J").inode(2));
    check(
        &run(&root.build(), &GRANTS, &words("-x")),
        &[
            "Active UNIX domain sockets (w/o servers)",
            "Proto RefCnt Flags       Type       State         I-Node   Path",
            r"unix  2      [ ]         STREAM                   1        /run/a\x20b",
            "unix  2      [ ]         STREAM                   2        /run/\\x1b[2J",
        ],
        "",
        0,
    );
}

/// Finds no processes, and reports some that it may not read.
struct ClosedProcesses;

impl ProcessSource for ClosedProcesses {
    fn processes(
        &self,
        _: &ProcessQuery,
        _: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError> {
        let mut report = ProcessReport::default();
        report.closed = 1;
        Ok(report)
    }

    fn process_name(&self, _: Pid) -> Option<BString> {
        None
    }
}

#[test]
fn closed_processes_are_reported_as_net_tools_does() {
    let root = root().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let view =
        PolicyView::new(tables, policy(&GRANTS), names()).with_processes(Arc::new(ClosedProcesses));
    check(
        &ours::call(&Netstat::new(view), &words("-tlpn"), None),
        &[
            SERVERS,
            HEADER,
            "tcp        0      0 127.0.0.1:22            0.0.0.0:*               LISTEN      \
             -                   ",
        ],
        "(Not all processes could be identified, non-owned process info\n \
         will not be shown, you would have to be root to see it all.)\n",
        0,
    );
}

#[rstest]
#[case::routes(
    "-rn",
    "netstat: -r is not available: it prints routes, and no command of this shell does\n"
)]
#[case::counters(
    "-s",
    "netstat: -s is not available: it prints counters of protocols; `ss -s` prints those of sockets\n"
)]
fn other_listings_are_refused(#[case] line: &str, #[case] stderr: &str) {
    check(&run(&root().build(), &GRANTS, &words(line)), &[], stderr, 3);
}

#[test]
fn wrong_option_prints_the_help() {
    let outcome = run(&root().build(), &GRANTS, &words("-Q"));
    assert!(outcome.stderr.starts_with(b"netstat: invalid option -- 'Q'\nusage: netstat "));
    assert_eq!((outcome.stdout.as_slice(), outcome.status), (b"".as_slice(), 3));
}

#[test]
fn help_goes_to_standard_output() {
    let outcome = run(&root().build(), &GRANTS, &words("--help"));
    assert!(outcome.stdout.starts_with(b"usage: netstat "));
    assert_eq!((outcome.stderr.as_slice(), outcome.status), (b"".as_slice(), 0));
}
