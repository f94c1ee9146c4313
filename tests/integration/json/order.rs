//! `--sort`, `--limit` and `--count`, and listings that end early.

use std::{
    io::{self, Write},
    sync::Arc,
};

use builtin_api::{CallContext, Cancel, invoke};
use procnetsocket::SocketTables;
use rstest::rstest;
use serde_json::Value;
use socket_query::{Policy, PolicyView};
use ss_builtin::Ss;
use testkit::{Datagram, FakeProc, Netlink, ProcTable, Tcp, Unix};

use super::{objects, run, words};
use crate::ours;

/// Connections whose keys have another order as text than as numbers.
fn connections() -> FakeProc {
    let tcp = |local: &str, inode: u64, uid: u32, queues: (u32, u32)| {
        let peer = if local.starts_with('[') { "[2001:db8::1]:443" } else { "192.0.2.1:443" };
        let row = Tcp::established(local, peer).inode(inode).uid(uid);
        row.queues(queues.0, queues.1)
    };
    FakeProc::new()
        .tcp(tcp("10.0.0.9:80", 30, 5, (0, 9)))
        .tcp(tcp("10.0.0.10:8080", 4, 1000, (100, 10)))
        .tcp(tcp("9.0.0.1:443", 100, 5, (20, 0)))
        .tcp(Tcp::listen("0.0.0.0:0").inode(7).uid(33))
        .tcp(tcp("[::1]:22", 200, 0, (u32::MAX, 1)))
}

/// Returns the inodes of a listing, in order.
fn inodes(root: &FakeProc, line: &str) -> Vec<u64> {
    let outcome = run(&root.build(), &format!("--json {line}"));
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    objects(&outcome).iter().map(|row| row["inode"].as_u64().unwrap_or(0)).collect()
}

#[rstest]
#[case::unsorted("", &[30, 4, 100, 7, 200])]
#[case::recv_q_has_no_sign("recv-q", &[30, 7, 100, 4, 200])]
#[case::send_q_backwards("-send-q", &[4, 30, 200, 100, 7])]
#[case::local_by_address("local", &[7, 100, 30, 4, 200])]
#[case::port("port", &[200, 30, 100, 4, 7])]
#[case::backwards_the_last_stay_last("-port", &[4, 100, 30, 200, 7])]
#[case::peer_keeps_the_order_of_equal_ones("peer", &[30, 4, 100, 200, 7])]
#[case::backwards_too("-peer", &[200, 30, 4, 100, 7])]
#[case::uid("uid", &[200, 30, 100, 7, 4])]
#[case::second_key("uid,-inode", &[200, 100, 30, 7, 4])]
#[case::inode("inode", &[4, 7, 30, 100, 200])]
#[case::state("-state,inode", &[7, 4, 30, 100, 200])]
fn sockets_are_in_the_order_of_their_keys(#[case] keys: &str, #[case] expected: &[u64]) {
    let sort = if keys.is_empty() { String::new() } else { format!("--sort {keys}") };
    assert_eq!(inodes(&connections(), &format!("-tan {sort}")), expected);
    for limit in 0..=expected.len() {
        let first = inodes(&connections(), &format!("-tan {sort} --limit {limit}"));
        assert_eq!(first, expected[..limit], "the first {limit}");
    }
}

#[test]
fn sockets_without_a_key_come_last_in_their_order() {
    let root = FakeProc::new()
        .netlink(Netlink::new(0, 9).inode(1))
        .unix(Unix::stream().path("/b").inode(2))
        .unix(Unix::stream().inode(3))
        .unix(Unix::stream().path("/a").inode(4))
        .udp(Datagram::bound("0.0.0.0:53").uid(7).inode(5));
    assert_eq!(inodes(&root, "-a --sort uid"), [5, 1, 2, 3, 4]);
    assert_eq!(inodes(&root, "-a --sort -uid"), [5, 1, 2, 3, 4]);
    assert_eq!(inodes(&root, "-a --sort local"), [5, 1, 4, 2, 3]);
}

#[test]
fn text_is_laid_out_for_what_is_printed() {
    let outcome = run(&connections().build(), "-tan --sort port --limit 2");
    let expected = "State Recv-Q Send-Q Local Address:Port  Peer Address:Port\n\
        ESTAB -1     1              [::1]:22   [2001:db8::1]:443\n\
        ESTAB 0      9           10.0.0.9:80       192.0.2.1:443\n";
    assert_eq!(outcome.stdout, expected);
    assert_eq!(outcome.stderr, "ss: left out 3 sockets more than the 2 of --limit\n");
    assert_eq!(outcome.status, 0);
}

#[rstest]
#[case::nothing_is_left_out("-tan --limit 5", "")]
#[case::some("-tan --limit 4", "ss: left out 1 socket more than the 4 of --limit\n")]
#[case::all("-tan --limit 0", "ss: left out 5 sockets more than the 0 of --limit\n")]
#[case::sorted("-tan --limit 1 --sort uid", "ss: left out 4 sockets more than the 1 of --limit\n")]
fn limit_reports_what_it_left_out(#[case] line: &str, #[case] message: &str) {
    for form in ["", "--json", "--json-lines"] {
        let outcome = run(&connections().build(), &format!("{line} {form}"));
        assert_eq!((outcome.stderr.to_string().as_str(), outcome.status), (message, 0));
    }
}

#[rstest]
#[case::text("-tan --count", "5\n")]
#[case::json("-tan --count --json", "{\"count\":5}\n")]
#[case::line("-tan --count --json-lines", "{\"count\":5}\n")]
#[case::sorting_does_not_matter("-tan --count --sort uid --limit 1", "5\n")]
#[case::selected("-tl --count", "1\n")]
#[case::none("-A !tcp --count --json", "{\"count\":0}\n")]
fn count_prints_only_the_number(#[case] line: &str, #[case] expected: &str) {
    assert_eq!(run(&connections().build(), line).stdout, expected);
}

#[test]
fn sorting_keeps_no_more_than_the_host_allows() {
    let root = connections().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let view = PolicyView::new(tables, Policy::default(), ours::recorded_names());
    let ss = Ss::new(view.with_sorted_rows(4));
    let call = |line: &str| ours::call(&ss, &words(line), None);
    for (form, stdout) in [("", ""), ("--json", ""), ("--json-lines", "")] {
        let outcome = call(&format!("-tan --sort uid {form}"));
        let message = "ss: --sort keeps 4 sockets at most, and there are more: select fewer, or \
                       print the first with --limit\n";
        assert_eq!((outcome.stdout.to_string().as_str(), outcome.status), (stdout, 1));
        assert_eq!(outcome.stderr, message);
    }
    assert_eq!(call("-tan --sort uid --limit 5").status, 1);
    assert_eq!(call("-tan --sort uid --limit 4").status, 0);
    assert_eq!(call("-tan --limit 5").status, 0);
    assert_eq!(call("-tan --sort uid --count").stdout, "5\n");
}

#[test]
fn bad_row_is_reported_and_others_are_complete() {
    let root = connections().raw_line(ProcTable::Tcp, "nonsense").build();
    for (line, rows) in [("--json -tan", 5), ("--json -tan --sort uid", 5)] {
        let outcome = run(&root, line);
        assert_eq!((objects(&outcome).len(), outcome.status), (rows, 1));
        assert!(outcome.stderr.starts_with(b"ss: net/tcp line "), "{}", outcome.stderr);
    }
    let counted = run(&root, "--count -tan");
    assert_eq!((counted.stdout.to_string().as_str(), counted.status), ("5\n", 1));
}

/// Cancels the call as soon as something is printed.
struct Cancelling<'a>(&'a Cancel, Vec<u8>);

impl Write for Cancelling<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.cancel();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn cancelled_call_closes_its_array() {
    const ROWS: u16 = 20_000;
    let root = (1..=ROWS)
        .fold(FakeProc::new(), |root, port| root.tcp(Tcp::listen(&format!("127.0.0.1:{port}"))));
    let root = root.build();
    let ss = Ss::new(ours::view(&root, ours::recorded_names()));
    let cancel = Cancel::new();
    let (mut stdout, mut stderr) = (Cancelling(&cancel, Vec::new()), Vec::new());
    let mut stdin = io::empty();
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr).with_cancel(&cancel);
    let code = invoke(&ss, &mut context, &["--json".into(), "-tan".into()]);
    let rows: Vec<Value> = serde_json::from_slice(&stdout.1).expect("the array is closed");
    assert!(!rows.is_empty() && rows.len() < ROWS.into(), "{} rows", rows.len());
    assert_eq!(
        (code.code(), String::from_utf8(stderr).unwrap().as_str()),
        (130, "ss: cancelled\n")
    );
}

#[test]
fn listing_that_is_not_granted_prints_no_array() {
    let root = connections().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let view = PolicyView::new(tables, Policy::nothing(), ours::recorded_names());
    for line in ["--json", "--json-lines", "--json --count", "--json --sort uid"] {
        let outcome = ours::call(&Ss::new(view.clone()), &words(line), None);
        assert_eq!((outcome.stdout.to_string().as_str(), outcome.status), ("", 1), "{line}");
    }
}
