//! Process tables of fake roots.

use std::{cell::Cell, collections::BTreeSet};

use procnetsocket::{
    ErrorKind, Fact, ProcVisibility, ProcessDetails, ProcessLimits, ProcessQuery, SocketTables,
    Threads, Uninterrupted,
};
use rstest::rstest;
use testkit::{FakeProc, Process, Xorshift};

use super::{ask, inode, lines_of};

/// Returns the tables of a root with these processes; the directory is removed with the root.
fn tables(processes: impl IntoIterator<Item = Process>) -> (testkit::FakeRoot, SocketTables) {
    let root = FakeProc::new().processes(processes).build();
    let tables = SocketTables::from_dir(root.dir());
    (root, tables)
}

fn sorted(mut processes: Vec<String>) -> Vec<String> {
    processes.sort();
    processes
}

#[test]
fn every_process_of_a_socket_is_listed_by_descriptor() {
    let (_root, tables) = tables([
        Process::new(10, "one").socket(3, 500).socket(4, 500).socket(5, 501),
        Process::new(11, "two").socket(3, 500).link("1", "/dev/null").link("2", "pipe:[500]"),
        Process::new(12, "none").link("0", "/dev/null"),
    ]);
    let table = ask(&tables, &ProcessQuery::all());
    assert_eq!(sorted(lines_of(&table, 500)), ["one 10 3", "one 10 4", "two 11 3"]);
    assert_eq!(lines_of(&table, 501), ["one 10 5"]);
    assert_eq!(lines_of(&table, 502), [""; 0]);
    assert_eq!(
        (table.tasks().len(), table.closed(), table.visibility()),
        (2, 0, ProcVisibility::All)
    );
}

#[test]
fn processes_are_in_the_order_of_the_directory() {
    let processes = (1..60).map(|pid| Process::new(pid, format!("p{pid}")).socket(3, 7));
    let (root, tables) = tables(processes);
    let listed = root.dir().entries().unwrap().map(|entry| entry.unwrap().file_name());
    let expected: Vec<_> = listed
        .filter_map(|name| name.to_str().unwrap().parse::<u32>().ok())
        .map(|pid| format!("p{pid} {pid} 3"))
        .collect();
    assert_eq!(lines_of(&ask(&tables, &ProcessQuery::all()), 7), expected);
}

#[test]
fn only_wanted_sockets_are_kept() {
    let (_root, tables) = tables([
        Process::new(10, "one").socket(3, 500).socket(4, 501),
        Process::new(11, "two").socket(3, 502),
    ]);
    let table = ask(&tables, &ProcessQuery::of(vec![inode(501), inode(1), inode(501)]));
    assert_eq!((lines_of(&table, 500).len(), lines_of(&table, 501).len()), (0, 1));
    assert_eq!(table.tasks().len(), 1);
}

#[test]
fn socket_without_inode_has_no_process() {
    let (_root, tables) = tables([Process::new(10, "one").socket(3, 0)]);
    assert_eq!(ask(&tables, &ProcessQuery::all()).tasks(), []);
}

#[rstest]
#[case::leading_zero("03", "socket:[7]")]
#[case::sign("-3", "socket:[7]")]
#[case::letters("3x", "socket:[7]")]
#[case::too_large("4294967296", "socket:[7]")]
#[case::file_of_that_name("3", "/socket:[7]")]
#[case::not_closed("3", "socket:[7")]
#[case::no_number("3", "socket:[x7]")]
#[case::very_long("3", "socket:[00000000000000000000000000000000000000000000000000000000000007]")]
fn links_to_other_files_are_skipped(#[case] name: &str, #[case] target: &str) {
    let (_root, tables) = tables([Process::new(10, "one").link(name, target).socket(4, 8)]);
    let table = ask(&tables, &ProcessQuery::all());
    assert_eq!((lines_of(&table, 7).len(), lines_of(&table, 8).len()), (0, 1));
}

#[rstest]
#[case::zero("0")]
#[case::leading_zero("010")]
#[case::sign("-1")]
#[case::word("self")]
#[case::too_large("99999999999")]
fn other_entries_of_proc_are_skipped(#[case] name: &str) {
    let (root, tables) = tables([]);
    let dir = root.dir();
    dir.create_dir_all(format!("{name}/fd")).unwrap();
    dir.symlink_contents("socket:[7]", format!("{name}/fd/3")).unwrap();
    assert_eq!(ask(&tables, &ProcessQuery::all()).tasks(), []);
}

#[test]
fn process_without_descriptors_is_gone() {
    let (root, tables) = tables([Process::new(10, "one").socket(3, 7)]);
    root.dir().create_dir("11").unwrap();
    root.dir().write("12", "not a directory").unwrap();
    root.dir().create_dir("13").unwrap();
    root.dir().write("13/fd", "not a directory").unwrap();
    root.dir().symlink("nowhere", "14").unwrap();
    let table = ask(&tables, &ProcessQuery::all());
    assert_eq!((lines_of(&table, 7), table.closed()), (vec!["one 10 3".to_owned()], 0));
}

#[test]
fn processes_outside_the_root_are_not_read() {
    let (outer, _) = tables([Process::new(10, "outer").socket(3, 7)]);
    let (root, inner) = tables([Process::new(11, "inner")]);
    let dir = root.dir();
    std::os::unix::fs::symlink(outer.path().join("10"), root.path().join("10")).unwrap();
    dir.remove_dir("11/fd").unwrap();
    std::os::unix::fs::symlink(outer.path().join("10/fd"), root.path().join("11/fd")).unwrap();
    let table = ask(&inner, &ProcessQuery::all());
    assert_eq!((table.tasks().len(), table.closed()), (0, 2));
}

#[test]
fn threads_are_listed_separately_on_request() {
    let (_root, tables) = tables([Process::new(10, "main")
        .socket(3, 7)
        .thread(Process::new(11, "worker").socket(3, 7).socket(4, 8))
        .thread(Process::new(12, "idle"))]);
    let table = ask(&tables, &ProcessQuery::all().with_threads(Threads::Apart));
    let of_the_process: Vec<_> =
        lines_of(&table, 7).into_iter().filter(|process| process.contains(" 10/")).collect();
    assert_eq!(of_the_process, ["main 10/10 3", "worker 10/11 3"]);
    assert!(lines_of(&table, 8).contains(&"worker 10/11 4".to_owned()));
    let table = ask(&tables, &ProcessQuery::all());
    assert!(lines_of(&table, 7).contains(&"main 10 3".to_owned()));
}

#[rstest]
#[case::missing(None, None)]
#[case::empty(Some(&b""[..]), None)]
#[case::garbage(Some(&b"\xff\xfe"[..]), None)]
#[case::hostile(Some(&b"10 (x) S 1\n(\x1b[2J) S 1"[..]), Some(&b"x) S 1\n(\x1b[2J"[..]))]
fn name_comes_from_the_kernel(#[case] stat: Option<&[u8]>, #[case] name: Option<&[u8]>) {
    let (_root, tables) = tables([Process::new(10, "one").stat(stat).socket(3, 7)]);
    let table = ask(&tables, &ProcessQuery::all());
    let found = &table.tasks()[0].name;
    assert_eq!(*found, name.map_or(Fact::Absent, |name| Fact::Known(name.into())));
}

#[test]
fn name_that_does_not_end_is_too_long() {
    let stat = [b"10 (".to_vec(), vec![b'x'; 1 << 20], b") S".to_vec()].concat();
    let (_root, tables) = tables([Process::new(10, "one").stat(Some(&stat)).socket(3, 7)]);
    assert_eq!(ask(&tables, &ProcessQuery::all()).tasks()[0].name, Fact::TooLong);
}

#[test]
fn details_are_read_only_if_requested() {
    let process = Process::new(10, "one")
        .uid(1000)
        .arguments("one\0-x\0a b\0")
        .executable(Some("/opt/one (deleted)"))
        .socket(3, 7);
    let (_root, tables) = tables([process]);
    let table = ask(&tables, &ProcessQuery::all());
    let task = &table.tasks()[0];
    assert_eq!((&task.uid, &task.executable), (&Fact::NotAsked, &Fact::NotAsked));
    assert_eq!(task.command_line, Fact::NotAsked);
    let table = ask(&tables, &ProcessQuery::all().with_details(ProcessDetails::Full));
    let task = &table.tasks()[0];
    assert_eq!(task.uid, Fact::Known(1000));
    assert_eq!(task.executable, Fact::Known("/opt/one (deleted)".into()));
    assert_eq!(
        task.command_line,
        Fact::Known(["one", "-x", "a b"].map(bstr::BString::from).into())
    );
}

#[test]
fn absent_details_are_absent_and_not_empty() {
    let process = Process::new(10, "one").arguments("").executable(None).socket(3, 7);
    let (root, tables) = tables([process]);
    root.dir().remove_file("10/status").unwrap();
    let table = ask(&tables, &ProcessQuery::all().with_details(ProcessDetails::Full));
    let task = &table.tasks()[0];
    assert_eq!(task.uid, Fact::Absent);
    assert_eq!(task.executable, Fact::Absent);
    assert_eq!(task.command_line, Fact::Absent);
}

#[test]
fn command_line_that_does_not_end_is_too_long() {
    let process = Process::new(10, "one").arguments(vec![b'x'; (1 << 20) + 1]).socket(3, 7);
    let (_root, tables) = tables([process]);
    let table = ask(&tables, &ProcessQuery::all().with_details(ProcessDetails::Full));
    assert_eq!(table.tasks()[0].command_line, Fact::TooLong);
}

#[test]
fn command_lines_have_a_bound_in_all() {
    let processes = (10..14).map(|pid| {
        Process::new(pid, "one").arguments(vec![b'x'; 1000]).executable(None).socket(3, 7)
    });
    let (_root, tables) = tables(processes);
    let query = ProcessQuery::all().with_details(ProcessDetails::Full);
    let limits = ProcessLimits { detail_bytes: 2500, ..ProcessLimits::default() };
    let report = tables.processes(&query, &limits, &Uninterrupted).unwrap();
    let is_known = |task: &procnetsocket::Task| matches!(task.command_line, Fact::Known(_));
    let (known, others): (Vec<_>, Vec<_>) = report.tasks.iter().partition(|task| is_known(task));
    assert_eq!((known.len(), others.len()), (2, 2));
    assert!(others.iter().all(|task| task.command_line == Fact::TooLong));
}

#[test]
fn joined_process_has_the_sockets_of_its_threads() {
    let thread = Process::new(11, "thread").socket(3, 7).socket(4, 8);
    let process = Process::new(10, "one").socket(3, 7).thread(thread);
    let (root, tables) = tables([process]);
    std::fs::remove_dir_all(root.path().join("11")).unwrap();
    let held = |threads| {
        let table = ask(&tables, &ProcessQuery::all().with_threads(threads));
        let tasks = table.tasks().iter().map(|task| (task.pid.get(), task.tid.is_some()));
        let held: usize = table.tasks().iter().map(|task| task.sockets.len()).sum();
        (tasks.collect::<Vec<_>>(), held)
    };
    assert_eq!(held(Threads::Together), (vec![(10, false)], 1));
    assert_eq!(held(Threads::Joined), (vec![(10, false)], 2));
    assert_eq!(held(Threads::Apart), (vec![(10, true), (10, true)], 3));
}

#[test]
fn ended_first_thread_leaves_the_descriptors_to_the_others() {
    for (state, held) in [("Z", 1), ("S", 0)] {
        let thread = Process::new(11, "thread").socket(3, 7);
        let stat = format!("10 (one) {state} 1 10 10 0 -1 0 0\n");
        let process = Process::new(10, "one").stat(Some(stat.as_bytes())).thread(thread);
        let (root, tables) = tables([process]);
        std::fs::remove_dir_all(root.path().join("11")).unwrap();
        let table = ask(&tables, &ProcessQuery::all());
        let found: Vec<_> = table.tasks().iter().map(|task| (task.pid.get(), &task.name)).collect();
        let name = Fact::Known("one".into());
        assert_eq!(found, vec![(10, &name); held]);
    }
}

#[rstest]
#[case::enough(ProcessLimits { processes: 3, process_sockets: 6, ..ProcessLimits::default() }, None)]
#[case::processes(
    ProcessLimits { processes: 2, process_sockets: 6, ..ProcessLimits::default() },
    Some("expected at most 2 processes (processes), but there are more")
)]
#[case::sockets(
    ProcessLimits { processes: 3, process_sockets: 5, ..ProcessLimits::default() },
    Some("expected at most 5 descriptors of sockets (process_sockets), but there are more")
)]
fn limits_are_errors(#[case] limits: ProcessLimits, #[case] expected: Option<&str>) {
    let processes = (10..13).map(|pid| Process::new(pid, "one").socket(3, 7).socket(4, 8));
    let (_root, tables) = tables(processes);
    let answer = tables.processes(&ProcessQuery::all(), &limits, &Uninterrupted);
    match (answer, expected) {
        (Ok(_), None) => {}
        (Err(error), Some(expected)) => {
            assert_eq!(error.kind(), ErrorKind::LimitExceeded);
            assert_eq!(error.to_string(), expected);
        }
        (answer, _) => panic!("{answer:?}"),
    }
}

#[test]
fn threads_are_limited_as_processes_are() {
    let threads = (11..15).fold(Process::new(10, "one").socket(3, 7), |process, tid| {
        process.thread(Process::new(tid, "thread"))
    });
    let (root, tables) = tables([threads]);
    for tid in 11..15 {
        std::fs::remove_dir_all(root.path().join(tid.to_string())).unwrap();
    }
    let limits = ProcessLimits { processes: 4, ..ProcessLimits::default() };
    let error = tables.processes(
        &ProcessQuery::all().with_threads(Threads::Apart),
        &limits,
        &Uninterrupted,
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "expected at most 4 threads of a process (processes), but there are more"
    );
}

#[test]
fn interrupt_ends_the_scan() {
    let many = (0..5000).fold(Process::new(10, "one"), |process, fd| process.socket(fd, 7));
    let (_root, tables) = tables([many, Process::new(11, "two").socket(3, 7)]);
    let mut asked = 0_u32;
    // At the first poll, at the second, and so on, until the scan ends before the poll.
    loop {
        let left = Cell::new(asked);
        let interrupt = || left.get().checked_sub(1).map(|now| left.set(now)).is_none();
        match tables.processes(&ProcessQuery::all(), &ProcessLimits::default(), &interrupt) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
            Ok(report) => {
                assert_eq!(report.tasks.len(), 2);
                break;
            }
        }
        asked += 1;
    }
    assert!(asked > 0, "it was never polled");
}

#[test]
fn random_process_tables_are_read_back() {
    for seed in 0..20 {
        let random = &mut Xorshift::new(seed);
        let mut expected = BTreeSet::new();
        let mut processes = Vec::new();
        for pid in 1..=1 + u32::try_from(random.below(20)).unwrap() {
            let mut process = Process::new(pid, format!("p{pid}"));
            for fd in 0..u32::try_from(random.below(12)).unwrap() {
                let inode = random.below(15);
                process = process.socket(fd, inode);
                if inode != 0 {
                    expected.insert(format!("{inode}: p{pid} {pid} {fd}"));
                }
            }
            processes.push(process);
        }
        let (_root, tables) = tables(processes);
        let table = ask(&tables, &ProcessQuery::all());
        let found: Vec<_> = (1..15)
            .flat_map(|inode| {
                lines_of(&table, inode)
                    .into_iter()
                    .map(move |process| format!("{inode}: {process}"))
            })
            .collect();
        assert_eq!(found.len(), expected.len(), "seed {seed}");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "seed {seed}");
    }
}

#[test]
fn name_of_one_process_is_found() {
    let (_root, tables) =
        tables([Process::new(10, "a) (b").socket(3, 7), Process::new(11, "x").stat(None)]);
    let name = |pid| tables.process_name(procnetsocket::Pid::new(pid).unwrap());
    assert_eq!(name(10).unwrap(), "a) (b");
    assert_eq!((name(11), name(12)), (None, None));
}
