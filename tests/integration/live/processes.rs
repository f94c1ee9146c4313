//! Processes of live sockets: compared with the real `ss`, and with unreadable or hidden processes.

#![expect(clippy::disallowed_methods, reason = "the tests make namespaces and start both programs")]

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use bstr::ByteSlice;

use super::{
    compare::{ProgramPair, compare_with},
    fixture::Fixture,
    line::words,
    namespace::{inside, inside_as_root},
    program::Program,
};
use crate::{outcome::Outcome, real::RealSs, workspace};

/// Listings of processes, with further options.
const LINES: [&str; 20] = [
    "-tlnp",
    "-tanp",
    "-tanpT",
    "-tapO",
    "-taep",
    "-tamp",
    "-taimpe",
    "-uap",
    "-xap",
    "-xapT",
    "-xaepm",
    "-0ap",
    "-0aeb -p",
    "-wap",
    "-ap -A all,!netlink",
    "-apT -A inet,unix",
    "-tlpH",
    "-tlpQ",
    "-p4",
    "-pl -A tcp,u_str",
];

fn compare_processes(name: &str) {
    let Some(real) = Program::real() else { return };
    let _fixture = Fixture::start(&["processes"]);
    let lines: Vec<_> = LINES.iter().map(|line| words(line)).collect();
    let pair = ProgramPair { real, ours: Program::ours() };
    compare_with(&pair, name, &lines, &[None]);
    compare_with(&pair, name, &lines[..4], &[Some(80), Some(200)]);
}

#[test]
fn sockets_that_are_shared_forked_and_unshared_have_their_processes() {
    inside(
        "live::processes::sockets_that_are_shared_forked_and_unshared_have_their_processes",
        || {
            compare_processes("processes");
        },
    );
}

#[test]
fn processes_of_other_users() {
    // The user namespace of an ordinary user has no other users.
    inside_as_root("live::processes::processes_of_other_users", || {
        compare_processes("processes, as root");
    });
}

/// How the processes of a fixture are started, and how they are listed.
#[derive(Clone, Copy)]
struct Setting {
    /// The fixture, in `tests/fixture`.
    fixture: &'static str,
    /// The namespaces.
    unshare: &'static [&'static str],
    /// What is mounted over `/proc`, if anything.
    proc: Option<&'static str>,
    /// Words before the interpreter.
    opener: &'static [&'static str],
    /// Words before the listing program.
    lister: &'static [&'static str],
}

/// A user namespace in which no process has capabilities, so that one may make itself undumpable.
const WITHOUT_CAPABILITIES: Setting = Setting {
    fixture: "closed.py",
    unshare: &["-Urnmpf", "--mount-proc"],
    proc: None,
    opener: &["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
    lister: &[],
};

/// Lists the listeners of the fixture in separate namespaces; returns the sorted rows and standard
/// error, or `None` where such namespaces cannot be made.
fn list(setting: Setting, program: &Program) -> Option<(Vec<String>, String)> {
    let outcome = run_in(setting, program, "-tlnpH")?;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let mut rows: Vec<_> = outcome.stdout.lines().map(|row| row.to_str_lossy().into()).collect();
    rows.sort();
    Some((rows, outcome.stderr.to_str_lossy().into()))
}

/// Runs a program beside the processes of the fixture, in separate namespaces; `None` where such
/// namespaces cannot be made.
fn run_in(setting: Setting, program: &Program, line: &str) -> Option<Outcome> {
    static MISSING: OnceLock<()> = OnceLock::new();
    let mount = setting
        .proc
        .map_or("true".to_owned(), |options| format!("mount -t proc -o {options} proc /proc"));
    let run = |script: &str, words: &mut dyn Iterator<Item = std::ffi::OsString>| {
        Command::new("unshare")
            .args(setting.unshare)
            .args(["sh", "-c", script, "sh"])
            .args(words)
            .stdin(Stdio::null())
            .output()
    };
    if !run(&mount, &mut std::iter::empty()).is_ok_and(|output| output.status.success()) {
        MISSING.get_or_init(|| {
            assert!(!workspace::is_ci() || setting.unshare != WITHOUT_CAPABILITIES.unshare);
            eprintln!("*** NOTHING IS TESTED: this needs {:?} and {mount:?}. ***", setting.unshare);
        });
        return None;
    }
    let fixture = workspace::path("tests/fixture").join(setting.fixture);
    let fixture = [PathBuf::from("python3"), fixture];
    let strings = |words: &'static [&'static str]| words.iter().map(std::ffi::OsString::from);
    let mut words = strings(setting.opener)
        .chain(fixture.map(Into::into))
        .chain(strings(setting.lister))
        .chain(program.words())
        .chain(words(line).into_iter().map(Into::into));
    // The shell stays, as the first process.
    let output = run(&format!("{mount} && {{ \"$@\"; exit $?; }}"), &mut words).unwrap();
    Some(Outcome {
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        status: output.status.code().expect("the fixture ends by itself"),
    })
}

/// Lists with this project's `ss`, requires the rows of the real one, and returns them with
/// standard error.
fn list_both(setting: Setting) -> Option<(Vec<String>, String)> {
    let ours = list(setting, &Program::ours())?;
    if let Some(real) = RealSs::find() {
        let real = list(setting, &Program::at(real.program()))?;
        assert_eq!(ours.0, real.0);
    }
    Some(ours)
}

/// The message where processes are hidden.
const HIDDEN: &str =
    "ss: processes may be missing: this /proc is mounted to hide processes (hidepid)\n";

/// Returns the message for this number of unreadable processes, in a PID namespace.
fn closed(count: u32) -> String {
    format!(
        "ss: processes may be missing: {count} processes are closed to this user\n\
         ss: processes may be missing: this /proc shows no process outside its PID namespace\n"
    )
}

/// Returns the ports of listeners with a process.
fn owned(rows: &[String]) -> Vec<&str> {
    let owned = rows.iter().filter(|row| row.contains("users:((\"python3\",pid="));
    owned.filter_map(|row| row.split_once("127.0.0.1:")?.1.get(..4)).collect()
}

#[test]
fn undumpable_process_is_counted() {
    let Some((rows, stderr)) = list_both(WITHOUT_CAPABILITIES) else { return };
    assert_eq!(owned(&rows), ["4001", "4003"]);
    // The other one is the first process, which has its capabilities.
    assert_eq!(stderr, closed(2));
}

#[test]
fn processes_are_found_in_a_bare_proc() {
    let setting = Setting { proc: Some("subset=pid"), ..WITHOUT_CAPABILITIES };
    let Some((rows, stderr)) = list_both(setting) else { return };
    assert_eq!(owned(&rows), ["4001", "4003"]);
    assert_eq!(stderr, closed(2));
}

#[test]
fn hidden_processes_are_reported() {
    // As `hidepid=2`, but also for root's group.
    for options in ["hidepid=4", "hidepid=4,subset=pid"] {
        let setting = Setting { proc: Some(options), ..WITHOUT_CAPABILITIES };
        let Some((rows, stderr)) = list_both(setting) else { return };
        assert_eq!(owned(&rows), ["4001", "4003"]);
        assert_eq!(stderr, HIDDEN);
    }
}

#[test]
fn every_process_is_unreadable_without_rights() {
    let setting = Setting { opener: &[], lister: &["unshare", "-U"], ..WITHOUT_CAPABILITIES };
    let Some((rows, stderr)) = list_both(setting) else { return };
    assert_eq!((rows.len(), owned(&rows).len()), (3, 0));
    assert_eq!(stderr, closed(4));
}

#[test]
fn socket_in_flight_is_open_in_no_process() {
    inside_as_root("live::processes::socket_in_flight_is_open_in_no_process", || {
        let _fixture = Fixture::start(&["processes"]);
        // The fixture passes a listener in a message that is not received.
        let stderr = Program::ours().run(&words("-tlnpH"), None).stderr;
        if stderr.contains_str("closed to this user") || stderr.contains_str("PID namespace") {
            return eprintln!("*** NOTHING IS TESTED: processes are missing here: {stderr} ***");
        }
        assert_eq!(
            stderr,
            "ss: 1 socket was open in no process: in a message of a unix socket, in io_uring \
             alone, in the kernel, or opened since processes were looked for\n"
        );
    });
}

/// 500 processes of 200 descriptors.
const CROWD: &str = "crowd.py";

/// Returns how many processes are printed in all rows.
fn processes(rows: &[String]) -> usize {
    rows.iter().map(|row| row.matches("(\"python3\",pid=").count()).sum()
}

#[test]
fn processes_in_a_crowd_equal_the_real_ones() {
    let plain = Setting { fixture: CROWD, ..WITHOUT_CAPABILITIES };
    let hidden = Setting { proc: Some("hidepid=4,subset=pid"), ..plain };
    for setting in [plain, hidden] {
        let Some((rows, stderr)) = list_both(setting) else { return };
        // Each listener in 20 descriptors, and the one that all share.
        assert_eq!((rows.len(), processes(&rows)), (501, 500 * 20 + 500));
        // Every socket has a process, so nothing is reported.
        assert_eq!(stderr, "");
    }
}

#[test]
fn crowd_of_another_user_shows_no_processes() {
    for (proc, message) in [(None, closed(502)), (Some("hidepid=2,subset=pid"), HIDDEN.to_owned())]
    {
        let setting = Setting { fixture: CROWD, proc, ..ANOTHER_USER };
        let Some((rows, stderr)) = list_both(setting) else { return };
        assert_eq!((rows.len(), processes(&rows)), (501, 0));
        assert_eq!(stderr, message);
    }
}

/// Runs a line that destroys sockets of the fixture; returns the ports of those that it reports as
/// closed, standard error and the status.
fn destroy(setting: Setting, line: &str) -> Option<(Vec<String>, String, i32)> {
    let outcome = run_in(setting, &Program::ours(), line)?;
    let rows = outcome.stdout.to_str_lossy();
    let mut ports: Vec<String> = rows
        .lines()
        .filter_map(|row| Some(row.split_once("127.0.0.1:")?.1.get(..4)?.to_owned()))
        .collect();
    ports.sort();
    Some((ports, outcome.stderr.to_str_lossy().into(), outcome.status))
}

/// A user namespace with all capabilities, so that every process can be read.
const WITH_CAPABILITIES: Setting = Setting { opener: &[], ..WITHOUT_CAPABILITIES };

/// The listing program may destroy sockets, but not read other processes.
const WITHOUT_PTRACE: Setting = Setting {
    lister: &["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"],
    ..WITH_CAPABILITIES
};

#[test]
fn sockets_are_destroyed_by_their_processes() {
    let everybody = ["4001", "4002", "4003"].map(str::to_owned).to_vec();
    for (line, ports) in [
        ("-KtlnH comm = python3", &everybody[..]),
        ("-KtlnH comm = python3 and sport < 4003", &everybody[..2]),
        ("-KtlnH comm = sh", &[]),
        ("-KtlnH pid = 1", &[]),
    ] {
        for fixture in ["closed.py", "threads.py"] {
            let setting = Setting { fixture, ..WITH_CAPABILITIES };
            let Some(found) = destroy(setting, line) else { return };
            assert_eq!(found, (ports.to_vec(), String::new(), 0), "{fixture}: {line}");
        }
    }
}

/// The message when a filter that excludes processes closes nothing.
const UNKNOWN: &str = "ss: not every socket was closed: the processes of some sockets are unknown here, so a \
     filter that excludes processes could close too many: name the processes that are meant\n";

#[test]
fn negated_pid_filter_with_hidden_processes_destroys_nothing() {
    let outside =
        "ss: processes may be missing: this /proc shows no process outside its PID namespace\n";
    for line in ["-KtlnH not comm = nobody", "-KtlnH not ( pid = 1 or sport = 4002 )"] {
        // Another process may have these sockets open outside of the PID namespace.
        let Some(found) = destroy(WITH_CAPABILITIES, line) else { return };
        assert_eq!(found, (Vec::new(), format!("{outside}{UNKNOWN}"), 1), "{line}");
        let Some((ports, stderr, status)) = destroy(WITHOUT_PTRACE, line) else { return };
        assert_eq!((ports, status), (Vec::new(), 1), "{line}: {stderr}");
        let closed = "ss: processes may be missing: 4 processes are closed to this user\n";
        assert_eq!(stderr, format!("{closed}{outside}{UNKNOWN}"));
    }
    // A socket of a visible process may be closed, and hidden processes are reported.
    let Some((_, stderr, status)) = destroy(WITHOUT_PTRACE, "-KtlnH pid = 1") else { return };
    assert_eq!(status, 0);
    assert!(stderr.starts_with("ss: processes may be missing: "), "{stderr}");
}

#[test]
fn processes_of_threads_with_separate_descriptors_are_found() {
    let setting = Setting { fixture: "threads.py", ..WITH_CAPABILITIES };
    // Compat: the real one shows only the third.
    let Some((rows, _)) = list(setting, &Program::ours()) else { return };
    assert_eq!(owned(&rows), ["4001", "4003"]);
    let outcome = run_in(setting, &Program::ours(), "-tlnTH").unwrap();
    assert_eq!(outcome.stdout.find_iter("users:((\"python3\",pid=").count(), 3);
}

/// Another user, which needs root.
const ANOTHER_USER: Setting = Setting {
    fixture: "closed.py",
    unshare: &["-nmpf", "--mount-proc"],
    proc: None,
    opener: &[],
    lister: &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
};

#[test]
fn another_user_sees_no_processes() {
    for (proc, message) in [
        (None, closed(4)),
        (Some("hidepid=1"), closed(4)),
        (Some("hidepid=2"), HIDDEN.to_owned()),
        (Some("hidepid=2,subset=pid"), HIDDEN.to_owned()),
    ] {
        let Some((rows, stderr)) = list_both(Setting { proc, ..ANOTHER_USER }) else { return };
        assert_eq!((rows.len(), owned(&rows).len()), (3, 0));
        assert_eq!(stderr, message);
    }
}
