//! Every difference from iproute2, every refusal, every kind of malformed table. Standard output,
//! standard error and status are exact.
//!
//! Every run is made twice: in process, with the recorded names, and by the program `host-shell`,
//! confined as it is by default, which has to print the same with this machine's names.

#![expect(clippy::disallowed_methods, reason = "a test plants a link that leads out")]

mod broken_tables;
mod command_lines;
mod filters;

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
