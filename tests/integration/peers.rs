//! The other ends of connections, as `--peers` shows them: standard output, standard error and
//! status are exact.

use std::sync::Arc;

use procnetsocket::SocketTables;
use rstest::rstest;
use serde_json::{Value, json};
use socket_query::{AddressFamily, FamilySet, Grant, GrantSet, Policy, PolicyView, VisibleUsers};
use ss_builtin::Ss;
use testkit::{Datagram, FakeProc, Process, Tcp, Unix};

use crate::{json, ours, outcome::Outcome};

/// A database, its clients, and sockets without another end here.
fn database() -> FakeProc {
    let [server, client] = ["127.0.0.1:5432", "127.0.0.1:40000"];
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:5432").inode(1).uid(70))
        .tcp(Tcp::established(server, client).inode(2).uid(70))
        .tcp(Tcp::established(client, server).inode(3).uid(33))
        .tcp(Tcp::established("10.0.0.1:40001", "10.0.0.1:80").inode(4).uid(33))
        .tcp(Tcp::established("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:40001").inode(0))
        .tcp(Tcp::established("10.0.0.1:40002", "192.0.2.1:5432").inode(5).uid(33))
        .tcp(Tcp::time_wait("127.0.0.1:5432", "127.0.0.1:39999"))
        .udp(Datagram::connected("127.0.0.1:53", "127.0.0.1:6000").inode(6))
        .udp(Datagram::connected("127.0.0.1:6000", "127.0.0.1:53").inode(7))
        .udp(Datagram::connected("127.0.0.1:6000", "127.0.0.1:53").inode(8))
        .unix(Unix::stream().connected().inode(9))
        .process(Process::new(7, "postgres").socket(3, 1).socket(9, 2))
        .process(Process::new(8, "app \"x\",pid=1").socket(4, 3).socket(5, 4))
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

fn run_under(policy: Policy, line: &str) -> Outcome {
    ours::run_under(&database().build(), policy, ours::recorded_names(), &words(line))
}

fn granted() -> Policy {
    Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect())
}

/// Runs a line under a policy; returns the lines of standard output.
#[track_caller]
fn lines(policy: Policy, line: &str) -> Vec<String> {
    let outcome = run_under(policy, line);
    assert_eq!((outcome.stderr.as_slice(), outcome.status), (&b""[..], 0));
    String::from_utf8(outcome.stdout.into()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn other_ends_follow_the_processes() {
    assert_eq!(
        lines(granted(), "-tnp --peers sport = 5432 or sport = 40000"),
        [
            "State Recv-Q Send-Q Local Address:Port  Peer Address:Port Process",
            r#"ESTAB 0      0          127.0.0.1:5432     127.0.0.1:40000 users:(("postgres",pid=7,fd=9)) peer:(("app \x22x\x22,pid=1",pid=8,fd=4))"#,
            r#"ESTAB 0      0          127.0.0.1:40000    127.0.0.1:5432  users:(("app \x22x\x22,pid=1",pid=8,fd=4)) peer:(("postgres",pid=7,fd=9))"#,
        ]
    );
}

#[rstest]
// usual
#[case::inode("-tnH --peers sport = 5432", &["127.0.0.1:5432 127.0.0.1:40000 peer:(ino=3)"])]
#[case::processes(
    "-tnpH --peers sport = 40000",
    &[r#"127.0.0.1:40000 127.0.0.1:5432 users:(("app \x22x\x22,pid=1",pid=8,fd=4)) peer:(("postgres",pid=7,fd=9))"#]
)]
// boundary: the other end is in another table, and waits to be accepted
#[case::mapped("-4tnpH --peers sport = 40001", &[r#"10.0.0.1:40001 10.0.0.1:80 users:(("app \x22x\x22,pid=1",pid=8,fd=5)) peer:(ino=0)"#])]
#[case::mapped_server("-6tnpH --peers", &[r#"[::ffff:10.0.0.1]:80 [::ffff:10.0.0.1]:40001 peer:(("app \x22x\x22,pid=1",pid=8,fd=5))"#])]
#[case::elsewhere("-tnH --peers sport = 40002", &["10.0.0.1:40002 192.0.2.1:5432"])]
#[case::closed("-tnH --peers state time-wait", &["127.0.0.1:5432 127.0.0.1:39999"])]
#[case::listener("-tlnH --peers", &["127.0.0.1:5432 0.0.0.0:*"])]
#[case::one_of_two("-unaH --peers sport = 53", &["127.0.0.1:53 127.0.0.1:6000"])]
// by the other end
#[case::by_pid("-tnH peer-pid = 7", &["127.0.0.1:40000 127.0.0.1:5432"])]
#[case::by_name("-tnH --peers peer-comm = post*", &["127.0.0.1:40000 127.0.0.1:5432 peer:(ino=2)"])]
#[case::by_both("-tnH peer-comm app* comm = postgres", &["127.0.0.1:5432 127.0.0.1:40000"])]
#[case::by_nobody("-tnH peer-pid = 99", &[])]
#[case::by_another("-4tnH peer-pid != 7 and not peer-comm app*", &["10.0.0.1:40001 10.0.0.1:80", "10.0.0.1:40002 192.0.2.1:5432"])]
#[case::sorted("-4tnH --peers --sort port --limit 1", &["127.0.0.1:5432 127.0.0.1:40000 peer:(ino=3)"])]
fn other_end_is_found_whatever_is_selected(#[case] line: &str, #[case] rows: &[&str]) {
    let outcome = run_under(granted(), &format!("-Q {line}"));
    let stdout = String::from_utf8(outcome.stdout.into()).unwrap();
    let squeezed = |row: &str| {
        let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
        ["ESTAB ", "LISTEN "]
            .iter()
            .find_map(|state| row.strip_prefix(state))
            .unwrap_or(&row)
            .to_owned()
    };
    assert_eq!(stdout.lines().map(squeezed).collect::<Vec<_>>(), rows);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
}

/// Returns the objects of a line under the grant for processes.
fn objects(line: &str) -> Vec<Value> {
    json::objects(&run_under(granted(), line))
}

#[test]
fn objects_have_the_other_end_in_peer() {
    let one = |line: &str| objects(line).remove(0);
    let end = |port: u16| json!({"address": "127.0.0.1", "port": port});
    assert_eq!(one("--json -tn sport = 40000")["peer"], end(5432));
    let mut expected = end(5432);
    expected["inode"] = json!(2);
    assert_eq!(one("--json -tn --peers sport = 40000")["peer"], expected);
    expected["processes"] = json!([{"pid": 7, "fd": 9, "name": "postgres"}]);
    let found = one("--json -tnp --peers sport = 40000");
    let processes = &found["peer"]["processes"][0];
    assert_eq!((&processes["pid"], &processes["fd"]), (&json!(7), &json!(9)));
    assert_eq!(found["peer"]["inode"], json!(2));
    // The keys beside the other end are the same without it.
    let without = one("--json -tnp sport = 40000");
    let rest = |object: &Value| {
        let mut object = object.clone();
        object["peer"] = Value::Null;
        object
    };
    assert_eq!(rest(&found), rest(&without));
    let waiting = one("--json -4tnp --peers sport = 40001");
    assert_eq!(
        (&waiting["peer"]["inode"], &waiting["peer"]["processes"]),
        (&Value::Null, &json!([]))
    );
    assert!(waiting["peer"].as_object().unwrap().contains_key("inode"));
    let ambiguous = one("--json -una --peers sport = 53");
    assert_eq!(
        (&ambiguous["peer_ambiguous"], &ambiguous["peer"]["inode"]),
        (&json!(true), &Value::Null)
    );
    let remote = one("--json -tn --peers sport = 40002");
    assert!(!remote["peer"].as_object().unwrap().contains_key("inode"));
    assert_eq!(remote.get("peer_ambiguous"), None);
}

#[test]
fn each_pass_has_the_other_ends() {
    let outcome = run_under(
        granted(),
        "-tnp --peers --json-lines --every 1s --count=1 sport = 40000 or sport = 40002",
    );
    let lines = outcome.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let objects: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(objects.len(), 3, "{}", outcome.stdout);
    assert_eq!(objects[0]["peer"]["processes"][0]["pid"], 7);
    assert_eq!(objects[1]["peer"].get("inode"), None);
    assert_eq!(objects[2]["complete"], true);
}

#[test]
fn unix_peers_of_a_text_table_are_unknown() {
    for line in ["-xH --peers", "-xpH --json --peers"] {
        let outcome = run_under(granted(), line);
        assert!(outcome.stderr.starts_with(
            b"ss: the other ends of unix sockets are not known: /proc/net/unix does not list them\n"
        ), "{}", outcome.stderr);
        assert_eq!(outcome.status, 0);
    }
    assert_eq!(objects("--json -x --peers")[0].get("peer"), None);
    assert_eq!(run_under(granted(), "-tn --peers").stderr, "");
}

#[rstest]
// The other end is of another user.
#[case::user(granted().with_users(VisibleUsers::Uid(70)), "-tnH --peers", &["127.0.0.1:5432 127.0.0.1:40000"])]
#[case::both(granted().with_users(VisibleUsers::Uid(33)), "-tnH --peers sport = 40000", &["127.0.0.1:40000 127.0.0.1:5432"])]
#[case::user_of_filter(granted().with_users(VisibleUsers::Uid(33)), "-tnH peer-comm = postgres", &[])]
#[case::family(
    granted().with_families(FamilySet::of(AddressFamily::Inet)),
    "-tnH --peers sport = 40001",
    &["10.0.0.1:40001 10.0.0.1:80"]
)]
fn hidden_socket_is_not_shown_as_other_end(
    #[case] policy: Policy,
    #[case] line: &str,
    #[case] rows: &[&str],
) {
    let found = lines(policy, &format!("-Q {line}"));
    let squeezed: Vec<_> = found
        .iter()
        .map(|row| {
            row.split_whitespace().filter(|word| *word != "ESTAB").collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(squeezed, rows);
}

#[test]
fn without_the_grant_other_ends_have_no_process() {
    let outcome = run_under(
        Policy::new(GrantSet::empty().with(Grant::Sockets)),
        "-tnpH --peers sport = 5432",
    );
    assert_eq!(outcome.stdout, "ESTAB 0      0      127.0.0.1:5432 127.0.0.1:40000 peer:(ino=3)\n");
    assert_eq!(
        outcome.stderr,
        "ss: -p shows no process: listing processes needs the grant \
         \"processes\", which this host does not give\n"
    );
    let outcome = run_under(Policy::default(), "-tn peer-pid = 7");
    assert_eq!((outcome.stdout.as_slice(), outcome.status), (&b""[..], 1));
}

#[test]
fn too_many_sockets_are_an_error() {
    let root = database().build();
    let run = |max_peers: usize, line: &str| {
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let view = PolicyView::new(tables, Policy::default(), ours::recorded_names());
        ours::call(&Ss::new(view.with_max_peers(max_peers)), &words(line), None)
    };
    // Six connections, of which two are in TIME-WAIT and in the accept queue.
    assert_eq!(run(6, "-tnH --peers").status, 0);
    let outcome = run(5, "-tnH --peers");
    assert_eq!((outcome.stdout.as_slice(), outcome.status), (&b""[..], 1));
    assert_eq!(
        outcome.stderr,
        "ss: expected at most 5 sockets among which other ends are looked for (MAX_PEERS), but \
         there are more\n"
    );
    assert_eq!(run(0, "-tnH").status, 0);
    // A number needs no other ends.
    assert_eq!(run(0, "-tn --count --peers").status, 0);
}

#[test]
fn option_is_not_abbreviated() {
    let outcome = run_under(granted(), "-t --peer");
    assert_eq!((outcome.stdout.as_slice(), outcome.status), (&b""[..], 255));
    assert!(
        outcome.stderr.starts_with(b"ss: unrecognized option '--peer'\n"),
        "{}",
        outcome.stderr
    );
}
