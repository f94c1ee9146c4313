//! The other ends of connections, within and between network namespaces, compared with a join of
//! what the real `ss` lists in each of them.

#![expect(clippy::disallowed_methods, reason = "the namespaces are made by a program")]

mod join;

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use testkit::cases;

use self::join::ListingJoin;
use super::program::Program;
use crate::{escape::program::SHELL, real::RealSs, workspace};

/// User, network, mount and PID namespaces, with a `/proc` for the latter.
const UNSHARE: [&str; 2] = ["-Urnmpf", "--mount-proc"];

/// The namespaces of the fixture in the order of a listing.
const NAMESPACES: [&str; 4] = ["own", "a", "b", "c"];

/// The output of the fixture.
struct Answers {
    /// The processes by their names.
    pids: BTreeMap<String, u64>,
    /// What the kernel lacks.
    absent: Vec<String>,
    in_order: Vec<CommandOutput>,
}

/// The output of one command.
struct CommandOutput {
    stdout: String,
    stderr: String,
    status: i64,
    /// The output of another command in each namespace.
    each: BTreeMap<String, String>,
}

/// Runs commands beside the connections of `tests/fixture/peers.py`.
///
/// Where such namespaces cannot be created, it reports this loudly, and fails if `CI` is set.
fn ask(questions: &[Value]) -> Option<Answers> {
    if !Command::new("unshare").args(UNSHARE).arg("true").status().unwrap().success() {
        assert!(!workspace::is_ci(), "namespaces with a /proc cannot be made here");
        eprintln!("*** NOTHING IS TESTED, because namespaces with a /proc cannot be made. ***");
        return None;
    }
    let mut child = Command::new("unshare")
        .args(UNSHARE)
        .args(["--kill-child", "python3"])
        .arg(workspace::path("tests/fixture/peers.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<_> = questions.iter().map(Value::to_string).collect();
    let text = lines.join("\n") + "\n";
    let mut stdin = child.stdin.take().unwrap();
    // The fixture answers while it reads.
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let mut lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut next = || serde_json::from_slice::<Value>(lines.next().expect("an answer")).unwrap();
    let first = next();
    let in_order = questions.iter().map(|_| answer(&next())).collect();
    Some(Answers {
        pids: serde_json::from_value(first["pids"].clone()).unwrap(),
        absent: serde_json::from_value(first["absent"].clone()).unwrap(),
        in_order,
    })
}

fn answer(value: &Value) -> CommandOutput {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let each = value["each"].as_object().into_iter().flatten();
    CommandOutput {
        stdout: text(&value["run"]["stdout"]),
        stderr: text(&value["run"]["stderr"]),
        status: value["run"]["status"].as_i64().unwrap(),
        each: each.map(|(name, ran)| (name.clone(), text(&ran["stdout"]))).collect(),
    }
}

/// Returns the arguments that run our program with each line.
fn ours(lines: &[&str]) -> Vec<String> {
    let program = Program::ours();
    let program = program.words().map(|word| word.into_string().unwrap());
    program.chain(words(lines)).collect()
}

fn words(lines: &[&str]) -> Vec<String> {
    let words = lines.iter().flat_map(|line| line.split(' '));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Options for tables, and the table where the listing does not name it.
const TABLES: [(&str, &str); 9] = [
    ("-t", "tcp"),
    ("-u", "udp"),
    ("-x", ""),
    ("-tu", ""),
    ("-tx", ""),
    ("-tux", ""),
    ("-4t", "tcp"),
    ("-6t", "tcp"),
    ("-4tu", ""),
];

const PROCESSES: [&str; 3] = ["", "-p", "-pT"];

/// Further options: states, columns, details, and a filter that leaves out one of both ends.
const VIEWS: [&str; 6] = [
    "",
    "-a",
    "-aQ",
    "-aOm",
    "state established",
    "-a ( sport = :7001 or dport = :7003 or dport = :7042 )",
];

/// A line that is compared.
struct ComparedLine {
    table: &'static str,
    netid: &'static str,
    processes: &'static str,
    view: &'static str,
    is_everywhere: bool,
}

fn lines() -> Vec<ComparedLine> {
    let mut lines = Vec::new();
    for (table, netid) in TABLES {
        for processes in PROCESSES {
            for view in VIEWS {
                // Each line once, or both ways.
                let ways = [lines.len() % 2 == 0, lines.len() % 2 == 1];
                for is_everywhere in ways.into_iter().take(cases(1, 2)) {
                    lines.push(ComparedLine { table, netid, processes, view, is_everywhere });
                }
            }
        }
    }
    lines
}

#[test]
fn other_ends_are_those_of_a_join_of_real_listings() {
    let Some(real) = RealSs::find() else { return };
    let real = real.program().to_str().unwrap();
    let whole = PROCESSES.map(|processes| {
        let each =
            [&[real.to_owned()][..], &words(&["-HnaOe --inet-sockopt -tux", processes])].concat();
        json!({"run": ["true"], "each": each})
    });
    let lines = lines();
    assert!(lines.len() >= 100);
    let questions = lines.iter().map(|line| {
        let everywhere = if line.is_everywhere { "--all-namespaces" } else { "" };
        let line = ["-Hn", line.table, line.processes, line.view];
        let run = ours(&[&["--peers", everywhere], &line[..]].concat());
        let each = [&[real.to_owned()][..], &words(&line)].concat();
        json!({"run": run, "each": each})
    });
    let Some(asked) = ask(&whole.iter().cloned().chain(questions).collect::<Vec<_>>()) else {
        return;
    };
    let (whole, answers) = asked.in_order.split_at(PROCESSES.len());
    let mut with_peer = 0;
    for (line, answer) in lines.iter().zip(answers) {
        let shown = PROCESSES.iter().position(|processes| *processes == line.processes).unwrap();
        let mut whole = whole[shown].each.clone();
        whole.retain(|name, _| line.is_everywhere || name == "own");
        let join = ListingJoin::new(&whole);
        let names = NAMESPACES.iter().filter(|name| line.is_everywhere || **name == "own");
        let expected: Vec<_> = names
            .flat_map(|name| answer.each[*name].lines().map(move |row| (name, row)))
            .map(|(name, row)| join.expected(name, row, line.netid, line))
            .collect();
        let squeezed = |row: &str| row.split_whitespace().collect::<Vec<_>>().join(" ");
        let found: Vec<_> = answer.stdout.lines().map(squeezed).collect();
        let what = format!("{} {} {}", line.table, line.processes, line.view);
        assert_eq!(
            found, expected,
            "{what}, everywhere: {}: {}",
            line.is_everywhere, answer.stderr
        );
        assert_eq!(answer.status, 0, "{what}: {}", answer.stderr);
        with_peer += expected.iter().filter(|row| row.contains(" peer:(")).count();
    }
    eprintln!("{} lines have the same {with_peer} other ends as the real listings", lines.len());
    assert!(with_peer > 1000);
}

/// Returns the rows of a line of our program, with each run of blanks as one and the numbers of
/// processes as their names.
fn rows(asked: &Answers, answer: &CommandOutput) -> Vec<String> {
    let named = |row: &str| {
        let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
        asked.pids.iter().fold(row, |row, (name, pid)| {
            row.replace(&format!("pid={pid},"), &format!("pid={name},"))
        })
    };
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let mut rows: Vec<_> = answer.stdout.lines().map(named).collect();
    rows.sort();
    rows
}

/// Returns the rows of lines, and what the kernel lacks; descriptors are `FD`.
fn rows_of(lines: &[&str]) -> Option<(Vec<Vec<String>>, Vec<String>)> {
    let questions: Vec<_> = lines.iter().map(|line| json!({"run": ours(&[line])})).collect();
    let asked = ask(&questions)?;
    let without_fd = |row: String| {
        let mut parts = row.split("fd=");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |row, part| {
            row + "fd=FD" + part.trim_start_matches(|c: char| c.is_ascii_digit())
        })
    };
    let rows = asked.in_order.iter().map(|answer| rows(&asked, answer));
    let rows = rows.map(|rows| rows.into_iter().map(without_fd).collect()).collect();
    Some((rows, asked.absent))
}

/// Returns the processes of both ends of a connection of a namespace, at the server's end.
fn served(name: &str) -> String {
    let process = |role: &str| format!("((\"{role}-{name}\",pid={role}-{name},fd=FD))");
    format!("users:{} peer:{}", process("server"), process("client"))
}

#[test]
fn same_addresses_in_several_namespaces_are_not_mixed_up() {
    let lines = [
        "-tnQH --peers --all-namespaces -p ( sport = :7001 and src 127.0.0.1 )",
        "-tnQH --peers --all-namespaces -p sport = :7003",
        "-tnQH --peers --all-namespaces -p sport = :7005",
        "-tnQH --peers -p sport = :7005",
        "-tnQH --peers --all-namespaces -p sport = :7101",
        "-tnQH --peers --all-namespaces -p ( sport = :7111 or sport = :7112 )",
    ];
    let Some((found, absent)) = rows_of(&lines) else { return };
    let of_each = |ends: &str| {
        ["a", "b", "c", "own"].map(|name| format!("{name} ESTAB {ends} {}", served(name)))
    };
    assert_eq!(found[0], of_each("127.0.0.1:7001 127.0.0.1:7002"));
    assert_eq!(found[1], of_each("172.17.0.2:7003 172.17.0.2:7004"));
    // Each of the other namespaces has such an end.
    assert!(found[2].len() == 4 && found[2].iter().all(|row| !row.contains("peer:")));
    assert_eq!(found[3], [format!("ESTAB 172.17.0.3:7005 172.17.0.2:7006 {}", served("own"))]);
    let server = "users:((\"server-b\",pid=server-b,fd=FD))";
    assert_eq!(
        found[4],
        [
            format!(
                "b ESTAB 192.0.2.2:7101 192.0.2.1:7102 {server} \
                 peer:((\"client-a\",pid=client-a,fd=FD),netns=\"a\")"
            ),
            // The interface of a link-local address is one of its namespace.
            format!("b ESTAB [fe80::3]%veth:7101 [fe80::2]:7102 {server}"),
        ]
    );
    if absent.is_empty() {
        // Connections that are translated on the way.
        assert!(found[5].len() == 2 && found[5].iter().all(|row| !row.contains("peer:")));
    } else {
        eprintln!("*** no address is translated, because this kernel lacks {absent:?} ***");
        assert!(!workspace::is_ci() && found[5].is_empty());
    }
}

#[test]
fn sockets_without_an_inode_are_other_ends() {
    let lines = [
        "-tanQH --peers -p sport = :7052",
        "-tnQH --peers -p ( sport = :7021 or sport = :7022 )",
        "-unaQH --peers -p ( sport = :7043 or sport = :7044 )",
        "-tnQH --all-namespaces peer-comm = server-b and not netns = b",
        "-tnQH --all-namespaces -p --peers netns = a and dst 192.0.2.2:7101",
        "-tnQH -N a -p --peers ( sport = :7001 and src 127.0.0.1 or sport = :7102 )",
    ];
    let Some((found, _)) = rows_of(&lines) else { return };
    // It was closed at the other end.
    assert_eq!(found[0], ["TIME-WAIT 127.0.0.1:7052 127.0.0.1:7051"]);
    let client = "((\"client-own\",pid=client-own,fd=FD))";
    assert_eq!(
        found[1],
        [
            format!("ESTAB 127.0.0.1:7021 127.0.0.1:7022 peer:{client}"),
            format!("ESTAB 127.0.0.1:7022 127.0.0.1:7021 users:{client} peer:(ino=0)"),
        ]
    );
    // The receiver is not connected.
    assert!(found[2].len() == 2 && found[2].iter().all(|row| !row.contains("peer:")));
    // The filter leaves the other end out.
    assert_eq!(found[3], ["a ESTAB 192.0.2.1:7102 192.0.2.2:7101"]);
    assert_eq!(
        found[4],
        ["a ESTAB 192.0.2.1:7102 192.0.2.2:7101 users:((\"client-a\",pid=client-a,fd=FD)) \
             peer:((\"server-b\",pid=server-b,fd=FD),netns=\"b\")"]
    );
    // Nothing about another namespace is printed.
    let client = "users:((\"client-a\",pid=client-a,fd=FD))";
    assert_eq!(
        found[5],
        [
            format!("ESTAB 127.0.0.1:7001 127.0.0.1:7002 {}", served("a")),
            format!("ESTAB 192.0.2.1:7102 192.0.2.2:7101 {client}"),
            format!("ESTAB [fe80::2]%veth:7102 [fe80::3]:7101 {client}"),
        ]
    );
}

#[test]
fn peers_is_refused_with_kill_and_events() {
    let lines =
        ["-KtnH peer-comm = server-own", "-tE --count=1 peer-pid = 1", "-tnH sport = :7002"];
    let questions = lines.map(|line| json!({"run": ours(&[line])}));
    let Some(asked) = ask(&questions) else { return };
    let [kill, events, after] = &asked.in_order[..] else { unreachable!() };
    assert_eq!((kill.stdout.as_str(), kill.status), ("", 1));
    assert_eq!(
        kill.stderr,
        "ss: not every socket was closed: expected a filter without peer-pid and peer-comm, which \
         are for listings\n"
    );
    assert_eq!(events.status, 1);
    assert!(events.stderr.starts_with("ss: expected a filter of addresses"), "{}", events.stderr);
    assert!(after.stdout.contains("127.0.0.1:7002"), "{}", after.stdout);
}

#[test]
fn objects_have_the_namespace_of_the_other_end() {
    let lines = [
        "--json -tnp --all-namespaces --peers sport = :7102",
        "--json -tn --all-namespaces --peers sport = :7005",
        "--json -xnp --all-namespaces --peers peer-comm = client-a and src unix:/run/*",
    ];
    let questions = lines.map(|line| json!({"run": ours(&[line])}));
    let Some(asked) = ask(&questions) else { return };
    let objects = |index: usize| -> Vec<Value> {
        serde_json::from_str(&asked.in_order[index].stdout).unwrap()
    };
    let schema = crate::json::schema::Schema::read();
    for answer in &asked.in_order {
        schema.check_whole(answer.stdout.as_bytes(), "other ends");
    }
    let tcp = objects(0).into_iter().find(|object| object["local"]["address"] == "192.0.2.1");
    let peer = &tcp.unwrap()["peer"];
    assert_eq!(peer["namespace"]["names"], json!(["b"]));
    assert_eq!(peer["processes"][0]["pid"], json!(asked.pids["server-b"]));
    assert!(peer["inode"].is_u64() && peer["port"] == 7101);
    assert_eq!(objects(1).len(), 4);
    assert!(objects(1).iter().all(|object| object["peer_ambiguous"] == true));
    let unix = &objects(2)[0];
    assert_eq!(unix["peer"]["inode"], unix["peer_inode"]);
    assert_eq!(unix["peer"]["processes"][0]["pid"], json!(asked.pids["client-a"]));
    assert_eq!(unix["peer"]["namespace"]["names"], json!(["a"]));
}

#[test]
fn confined_shell_shows_the_same_other_ends() {
    let lines = [
        "-tnp --peers",
        "-tuxnp --peers --all-namespaces",
        "-tn --peers --all-namespaces 'peer-comm = server-b and not netns = b'",
        "-tnp --peers --json-lines --all-namespaces 'sport = :7102'",
        "-xn --peers -N a",
    ];
    let shell = SHELL.to_str().unwrap();
    let options = ["--grant sockets,processes,namespaces --namespace all --namespace a"];
    let program = Program::ours().words().next().unwrap().into_string().unwrap();
    let questions = lines.iter().flat_map(|line| {
        let confined = [&[shell.to_owned()][..], &words(&options)].concat();
        let confined = [&confined[..], &["-c".to_owned(), format!("ss {line}")]].concat();
        [json!({"run": ["sh", "-c", format!("{program} {line}")]}), json!({"run": confined})]
    });
    let Some(asked) = ask(&questions.collect::<Vec<_>>()) else { return };
    for (line, both) in lines.iter().zip(asked.in_order.chunks(2)) {
        let [unconfined, confined] = both else { unreachable!() };
        // The confined shell has no CAP_NET_ADMIN here, without which the kernel reports no mark.
        let expected = unconfined.stdout.replace("\"mark\":0,", "");
        assert_eq!(confined.stdout, expected, "ss {line}: {}", confined.stderr);
        assert_eq!((confined.status, unconfined.status), (0, 0), "ss {line}: {}", confined.stderr);
        assert!(confined.stdout.contains("peer"), "ss {line} prints {:?}", confined.stdout);
    }
}

#[test]
fn text_tables_show_other_ends_of_internet_sockets() {
    // Without the right to enter namespaces.
    let rights = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin";
    let line =
        [&words(&[rights])[..], &ours(&["-tnpQH --all-namespaces --peers sport = :7102"])].concat();
    let Some(asked) = ask(&[json!({"run": line})]) else { return };
    let answer = &asked.in_order[0];
    let row = answer.stdout.lines().find(|row| row.contains(" 192.0.2.1:7102")).unwrap();
    assert!(row.contains(" peer:((\"server-b\",pid="), "{row}");
    assert!(row.ends_with("),netns=\"b\")"), "{row}");
    // A text table has no interfaces, without which link-local addresses are ambiguous.
    let scoped = answer.stdout.lines().find(|row| row.contains("[fe80::2]")).unwrap();
    assert!(!scoped.contains("peer:"), "{scoped}");
}

#[test]
fn examples_of_the_page_find_programs_and_containers() {
    let page = String::from_utf8(workspace::read("docs/workloads.md")).unwrap();
    let is_example = |line: &&str| line.contains("peer-comm") || line.contains("--peers");
    let examples: Vec<_> =
        page.lines().filter_map(|line| line.strip_prefix("    $ ss ")).filter(is_example).collect();
    let [programs, containers] = examples[..] else { panic!("{examples:?}") };
    let program = Program::ours().words().next().unwrap().into_string().unwrap();
    let questions = [programs, containers]
        .map(|example| json!({"run": ["sh", "-c", format!("{program} {example}")]}));
    let Some(asked) = ask(&questions) else { return };
    let found: Vec<_> = asked.in_order.iter().map(|answer| rows(&asked, answer)).collect();
    let [row] = &found[0][..] else { panic!("{:?}", found[0]) };
    assert!(
        row.starts_with("ESTAB 0 0 127.0.0.1:5433 127.0.0.1:5432 users:((\"app\",pid=app,fd="),
        "{row}"
    );
    let [in_b, in_own] = &found[1][..] else { panic!("{:?}", found[1]) };
    assert!(in_b.starts_with("b ESTAB 0 0 192.0.2.2:5432 192.0.2.1:5433 users:((\"postgres\","));
    assert!(
        in_b.contains(" peer:((\"web\",pid=web,fd=") && in_b.ends_with("),netns=\"a\")"),
        "{in_b}"
    );
    assert!(
        in_own.contains(" peer:((\"app\",pid=app,fd=") && !in_own.contains("netns="),
        "{in_own}"
    );
}
