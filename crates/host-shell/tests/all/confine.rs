//! Confinement, from inside and outside: operations that a confined process cannot do, on any of
//! its threads, and the reports of the program.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    net::TcpListener,
    os::unix::{fs::symlink, net::UnixListener},
    process::{Child, Command},
};

use rstest::rstest;
use tempfile::TempDir;

use crate::program::{program, run};

/// Runs the probe with everything that it tries to reach.
fn probe(mode: Option<&str>) -> (Vec<String>, i32) {
    let place = TempDir::new().unwrap();
    let top = place.path();
    for directory in ["granted", "listed"] {
        fs::create_dir(top.join(directory)).unwrap();
    }
    for file in
        ["secret", "granted/file", "listed/file", "victim-first", "victim-later", "victim-worker"]
    {
        fs::write(top.join(file), "secret").unwrap();
    }
    let _unix = UnixListener::bind(top.join("listener")).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port().to_string();
    let output = Command::new(testkit::built("confined_probe"))
        .arg(top)
        .arg(port)
        .args(mode)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    (stdout.lines().map(str::to_owned).collect(), output.status.code().unwrap())
}

/// Splits the lines of the probe about attempts of one kind: thread, attempt, result.
fn results<'a>(lines: &'a [String], kind: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let parts = lines.iter().map(|line| line.split(": ").collect::<Vec<_>>());
    let of_kind = parts.filter(|parts| parts.len() == 4 && parts[1] == kind);
    of_kind.map(|parts| (parts[0], parts[2], parts[3])).collect()
}

/// Reports loudly that something is not tested.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn not_tested(what: &str) {
    eprintln!("*** {what} ***");
}

/// Returns whether this kernel has Landlock, and reports loudly if not.
fn has_landlock(lines: &[String]) -> bool {
    let missing = lines.iter().any(|line| line.starts_with("landlock: NOT IN FORCE"));
    if missing {
        not_tested("LANDLOCK IS NOT TESTED: this kernel does not have it.");
    }
    !missing
}

/// Attempts that only Landlock prevents, because they depend on paths, which the filter of system
/// calls cannot see.
const PREVENTED_BY_LANDLOCK: [&str; 9] = [
    "read a file",
    "read /etc/passwd",
    "list a directory",
    "read a listed file",
    "list the processes of a control group",
    "create a file",
    "write a file",
    "read another process",
    "open a device",
];

#[test]
fn no_thread_can_leave_a_confined_process() {
    let (lines, status) = probe(None);
    assert_eq!(status, 0, "{lines:?}");
    let has_landlock = has_landlock(&lines);
    let held = results(&lines, "held");
    let who: BTreeSet<_> = held.iter().map(|(who, ..)| *who).collect();
    assert_eq!(who, ["first", "later", "worker"].into());
    for (who, what, result) in held {
        let expected = match PREVENTED_BY_LANDLOCK.contains(&what) {
            true if !has_landlock => continue,
            true => "refused",
            false => "no such call",
        };
        assert_eq!(result, expected, "{who}: {what}");
    }
    for (who, what, result) in results(&lines, "absent") {
        assert_eq!(result, "no such call", "{who}: {what}");
    }
}

#[test]
fn confined_process_keeps_needed_access() {
    let (lines, _) = probe(None);
    let kept = results(&lines, "kept");
    assert_eq!(kept.len(), 3 * 7);
    for (who, what, result) in kept {
        assert_eq!(result, "works", "{who}: {what}");
    }
}

/// Returns the version of Landlock's interface that is in force.
fn landlock(lines: &[String]) -> u32 {
    let version = lines.iter().find_map(|line| line.strip_prefix("landlock: ABI "));
    let digits = version.map(|text| text.split(|at: char| !at.is_ascii_digit()).next().unwrap());
    digits.map_or(0, |digits| digits.parse().unwrap())
}

/// Attempts that succeed in the broker of host names and not in a shell. The kernel restricts its
/// files and its TCP connections.
const ALLOWED_FOR_RESOLVER: [&str; 3] =
    ["open a UDP socket", "open rtnetlink", "connect by a unix socket"];

#[test]
fn resolver_broker_can_only_resolve_names() {
    let (lines, status) = probe(Some("--resolver"));
    assert_eq!(status, 0, "{lines:?}");
    let version = landlock(&lines);
    assert!(version > 0 || !has_landlock(&lines));
    let held = results(&lines, "held");
    assert_eq!(held.len(), 3 * 22);
    for (who, what, result) in held {
        let expected = match what {
            what if PREVENTED_BY_LANDLOCK.contains(&what) && version == 0 => continue,
            what if PREVENTED_BY_LANDLOCK.contains(&what) => "refused",
            "connect by TCP" if version < 4 => continue,
            "connect by TCP" => "refused",
            // Since version 9 the kernel checks the path of the socket.
            "connect by a unix socket" if version >= 9 => "refused",
            what if ALLOWED_FOR_RESOLVER.contains(&what) => "works",
            _ => "no such call",
        };
        assert_eq!(result, expected, "{who}: {what}");
    }
    for (who, what, result) in results(&lines, "absent") {
        assert_eq!(result, "no such call", "{who}: {what}");
    }
    for (who, what, result) in results(&lines, "kept") {
        let expected = match what {
            "read a granted file" | "start a thread" => "works",
            "open sock_diag" => "no such call",
            _ if version == 0 => continue,
            _ => "refused",
        };
        assert_eq!(result, expected, "{who}: {what}");
    }
}

/// Without confinement the attempts succeed, so that the other tests mean something.
#[test]
fn unconfined_process_can_do_everything() {
    let (lines, _) = probe(Some("--free"));
    let held = results(&lines, "held");
    assert_eq!(held.len(), 3 * 22);
    for (who, what, result) in held {
        assert_eq!(result, "works", "{who}: {what}");
    }
    for (who, what, result) in results(&lines, "absent") {
        assert_eq!(result, "fails", "{who}: {what}");
    }
}

#[test]
fn process_with_a_second_thread_is_not_confined() {
    let expected = "expected one thread, but found 2: the others would stay unconfined";
    assert_eq!(probe(Some("--late")), (vec![expected.to_owned()], 1));
}

/// A shell whose script does not end by itself.
pub(crate) struct RunningShell(Child);

impl RunningShell {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = program(args)
            .args(["-c", "echo started; ss -s >/dev/null; sleep 600"])
            .spawn()
            .unwrap();
        let mut started = [0; 8];
        child.stdout.as_mut().unwrap().read_exact(&mut started).unwrap();
        Self(child)
    }

    /// Returns the process in which the script runs.
    pub(crate) fn script(&self) -> u32 {
        script_of(self.spawner())
    }

    /// Returns the process that starts the one of the script, and its brokers.
    pub(crate) fn spawner(&self) -> u32 {
        children(self.0.id())[0]
    }

    /// Returns the brokers, each with its kind.
    pub(crate) fn brokers(&self) -> Vec<(String, u32)> {
        let started = children(self.spawner()).into_iter();
        started.filter_map(|pid| Some((broker_kind(pid)?, pid))).collect()
    }

    /// Returns one field of the status of each thread of all processes.
    fn states(&self, field: &str) -> Vec<String> {
        let tasks = family(self.0.id())
            .into_iter()
            .flat_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).unwrap());
        // A thread that ends meanwhile, such as that of a builtin, has no status.
        let states =
            tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok());
        let states: Vec<String> = states.collect();
        states.iter().map(|state| value(state, field)).collect()
    }
}

impl Drop for RunningShell {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Returns the child processes of a process. When a thread ends, its children belong to the first
/// thread.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lists =
        tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("children")).ok());
    let lists: Vec<String> = lists.collect();
    lists.iter().flat_map(|list| list.split_whitespace()).map(|pid| pid.parse().unwrap()).collect()
}

/// Returns the process of the script among those that a spawner has started.
pub(crate) fn script_of(spawner: u32) -> u32 {
    children(spawner).into_iter().find(|pid| broker_kind(*pid).is_none()).unwrap()
}

/// Returns the kind of a broker; `None` for another process.
pub(crate) fn broker_kind(pid: u32) -> Option<String> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = words.split(|byte| *byte == 0).skip_while(|word| *word != b"--broker");
    words.nth(1).map(|kind| String::from_utf8(kind.to_vec()).unwrap())
}

/// Returns a process and all its descendants.
fn family(pid: u32) -> Vec<u32> {
    let below = children(pid).into_iter().flat_map(family);
    std::iter::once(pid).chain(below).collect()
}

pub(crate) fn value(state: &str, field: &str) -> String {
    let line = state.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(":\t"));
    line.unwrap_or_else(|| panic!("no {field} in {state}")).to_owned()
}

#[rstest]
#[case::confined(&[], 3, "1", "2")]
#[case::brokers(&["--grant", "sockets,processes,resolve,events,kill"], 5, "1", "2")]
#[case::free(&["--no-confine", "--grant", "sockets,processes,resolve"], 3, "0", "0")]
fn kernel_reports_confinement_of_every_thread(
    #[case] args: &[&str],
    #[case] processes: usize,
    #[case] privileges: &str,
    #[case] seccomp: &str,
) {
    let own = fs::read_to_string("/proc/self/status").unwrap();
    if value(&own, "NoNewPrivs") != "0" || value(&own, "Seccomp") != "0" {
        not_tested("NOTHING IS TESTED: these tests are confined themselves.");
        return;
    }
    let shell = RunningShell::start(args);
    assert_eq!(family(shell.0.id()).len(), processes);
    let (given_up, filtered) = (shell.states("NoNewPrivs"), shell.states("Seccomp"));
    assert!(given_up.len() > 3, "expected more threads: {given_up:?}");
    assert!(given_up.iter().all(|value| value == privileges), "{given_up:?}");
    assert!(filtered.iter().all(|value| value == seccomp), "{filtered:?}");
}

/// Returns the targets of the descriptors of a process, without those that the tests have too.
fn open_files(pid: u32) -> Vec<String> {
    let links = |pid: &str| -> Vec<String> {
        let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        links.map(|link| link.to_str().unwrap().to_owned()).collect()
    };
    let own = links("self");
    links(&pid.to_string()).into_iter().filter(|link| !own.contains(link)).collect()
}

#[rstest]
#[case::none(&["--grant", "none"], false)]
#[case::none_but_a_directory(&["--grant", "none", "--allow-path", "/usr"], false)]
#[case::not_sockets(&["--grant", "processes,resolve,events,kill"], false)]
#[case::sockets(&[], true)]
fn without_grants_no_process_keeps_a_handle_that_lists_sockets(
    #[case] args: &[&str],
    #[case] lists: bool,
) {
    let shell = RunningShell::start(args);
    let lists_by = |file: &String| {
        file.starts_with("socket:") || file.starts_with("/proc") || file.contains("cgroup")
    };
    let of = |pid: u32| open_files(pid).into_iter().filter(lists_by).collect::<Vec<_>>();
    let script = shell.script();
    for pid in family(shell.0.id()) {
        let found = of(pid);
        assert_eq!(!found.is_empty(), lists && pid == script, "{pid}: {found:?}");
    }
}

/// A set of capabilities of a process.
fn capabilities(pid: &str, set: &str) -> u64 {
    let state = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    u64::from_str_radix(&value(&state, set), 16).unwrap()
}

const DAC_READ_SEARCH: u64 = 1 << 2;
const SETPCAP: u64 = 1 << 8;
const NET_ADMIN: u64 = 1 << 12;
const SYS_PTRACE: u64 = 1 << 19;
const SYS_ADMIN: u64 = 1 << 21;

#[rstest]
#[case::default(&[], "", 0, &[])]
#[case::nothing(&["--grant", "none"], "net-admin = true", 0, &[])]
#[case::kill(&["--grant", "sockets,kill"], "", NET_ADMIN, &[])]
#[case::net_admin(&[], "net-admin = true", NET_ADMIN, &[])]
#[case::brokers(
    &["--grant", "sockets,processes,resolve"],
    "",
    0,
    &[("processes", SYS_PTRACE | DAC_READ_SEARCH), ("resolver", 0)]
)]
#[case::every_namespace(
    &["--grant", "sockets,namespaces", "--namespace", "all"],
    "",
    0,
    &[("namespaces", SYS_PTRACE | SYS_ADMIN)]
)]
fn capabilities_are_those_that_grants_need(
    #[case] args: &[&str],
    #[case] policy: &str,
    #[case] of_script: u64,
    #[case] of_brokers: &[(&str, u64)],
) {
    let there = capabilities("self", "CapEff");
    if there == 0 {
        not_tested("CAPABILITIES ARE NOT TESTED: these tests have none.");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), policy).unwrap();
    let shell = RunningShell::start(&[args, &["--policy", file.path().to_str().unwrap()]].concat());
    let has = |pid: u32, in_force: u64, permitted: u64| {
        let found = |set| capabilities(&pid.to_string(), set);
        assert_eq!(found("CapEff"), in_force & there, "{pid}");
        assert_eq!(found("CapPrm"), permitted & there, "{pid}");
        assert_eq!((found("CapInh") & !permitted, found("CapAmb") & !permitted), (0, 0), "{pid}");
        if there & SETPCAP != 0 {
            assert_eq!(found("CapBnd") & !permitted, 0, "{pid}");
        }
    };
    let brokers = shell.brokers();
    let kinds: Vec<_> = brokers.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, of_brokers.iter().map(|(kind, _)| *kind).collect::<Vec<_>>());
    has(shell.0.id(), 0, 0);
    has(shell.script(), of_script, of_script);
    for ((_, pid), (_, needed)) in brokers.iter().zip(of_brokers) {
        has(*pid, *needed, *needed);
    }
    // The spawner starts the others.
    let all = of_brokers.iter().fold(of_script | SETPCAP, |all, (_, needed)| all | needed);
    let enters = if args.contains(&"--namespace") { SYS_ADMIN } else { 0 };
    has(shell.spawner(), 0, all | enters);
}

#[rstest]
#[case::entered("cd $D && pwd && ls && cat file")]
#[case::listed("ls $D $D/ $D/. && ls -d $D")]
#[case::below("cd $D/sub/ && ls . .. && cat ./inner ../file && cd .. && pwd")]
#[case::by_a_link("ls $D/link $D/link/ && cat $D/link/inner && cd $D/link && ls")]
#[case::found("cd $D && find . | sort && echo * */*")]
#[case::changed("cd $D && echo a > new && cat ./new && mkdir d && ls d/ && rm -r new ./d && ls")]
#[case::escaping("cd $D && cat ../../etc/passwd out; ls $D/..; cat $D/sub/../../x; echo $?")]
fn directory_is_the_same_without_openat2(#[case] script: &str) {
    let outputs = [true, false].map(|has_openat2| {
        let top = TempDir::new().unwrap();
        let granted = top.path().join("granted");
        fs::create_dir_all(granted.join("sub")).unwrap();
        fs::write(granted.join("file"), "content\n").unwrap();
        fs::write(granted.join("sub/inner"), "inner\n").unwrap();
        symlink("sub", granted.join("link")).unwrap();
        symlink("/etc/passwd", granted.join("out")).unwrap();
        let allowed = format!("{}:rw", granted.to_str().unwrap());
        let script = format!("D={}; {script}", granted.to_str().unwrap());
        let shell = program(&["--allow-path", &allowed, "-c", &script]);
        let mut command = Command::new(testkit::built("confined_probe"));
        command.arg("--without-openat2").arg(shell.get_program()).args(shell.get_args());
        let mut command = if has_openat2 { shell } else { command };
        let output = command.output().unwrap();
        let text = |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace(top.path().to_str().unwrap(), "TOP")
        };
        (text(output.stdout), text(output.stderr), output.status.code())
    });
    let [with, without] = outputs;
    assert!(!with.0.is_empty(), "{with:?}");
    assert_eq!(with, without);
}

/// Returns the output of `--status`, with everything that depends on the machine replaced.
fn status(args: &[&str]) -> String {
    let (stdout, stderr, status) = run(&[args, &["--status"]].concat());
    assert_eq!((stderr.as_str(), status), ("", 0));
    masked_status(&stdout)
}

fn masked_status(printed: &str) -> String {
    let lines = printed.lines().map(|line| match line.split_once(": ") {
        Some(("  landlock", text)) if !text.starts_with("none") => "  landlock: [of the kernel]",
        Some(("  seccomp", text)) if text.starts_with("in force, ") => {
            "  seccomp: in force, [calls]"
        }
        Some(("  capabilities", _)) => "  capabilities: [of the user]",
        _ => line.split_once(", process ").map_or(line, |(name, _)| name),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn status_reports_the_defaults() {
    insta::assert_snapshot!(status(&[]), @r"
    grants: sockets
    sockets: of every family, of every user
    tables: the system's, from sock_diag, or else from the verified /proc
    processes: none, without the grant `processes`
    host names: none, without the grant `resolve`
    namespaces: none
    directories: none
    commands: all
    limits: 30s, 67108864 bytes of output, 1073741824 bytes of memory, 1073741824 bytes written into directories
    parent
      no_new_privs: in force
      seccomp: in force, [calls]
      landlock: [of the kernel]
      capabilities: [of the user]
    process of scripts
      no_new_privs: in force
      seccomp: in force, [calls]
      landlock: [of the kernel]
      capabilities: [of the user]
    spawner
      no_new_privs: in force
      seccomp: in force, [calls]
      landlock: none, it would hide the processes to inspect
      capabilities: [of the user]
    ");
}

#[test]
fn readme_shows_the_status() {
    let (_, rest) = include_str!("../../README.md").split_once(" --status\n").unwrap();
    let (sample, _) = rest.split_once("\n```").unwrap();
    let granted = TempDir::new().unwrap();
    let path = granted.path().to_str().unwrap();
    let printed = status(&["--allow-path", path]).replace(path, "/srv/data");
    assert_eq!(printed, masked_status(sample));
}

#[test]
fn status_reports_chosen_options() {
    let fake = TempDir::new().unwrap();
    let args = [
        "--allow-path",
        "/usr",
        "--allow-path",
        "/dev/shm:rw",
        "--allow-command",
        "wc,ss",
        "--grant",
        "none",
        "--timeout",
        "5s",
        "--max-output",
        "9",
        "--proc-root",
        fake.path().to_str().unwrap(),
    ];
    insta::assert_snapshot!(status(&args), @r#"
    grants: none
    sockets: of every family, of every user
    tables: none, without the grant `sockets`
    processes: none, without the grant `processes`
    host names: none, without the grant `resolve`
    namespaces: none
    directories: /usr (read), /dev/shm (read and write)
    commands: ss, wc
    limits: 5s, 9 bytes of output, 1073741824 bytes of memory, 1073741824 bytes written into directories
    parent
      no_new_privs: in force
      seccomp: in force, [calls]
      landlock: [of the kernel]
      capabilities: [of the user]
    process of scripts
      no_new_privs: in force
      seccomp: in force, [calls]
      landlock: [of the kernel]
      capabilities: [of the user]
    spawner
      no_new_privs: in force
      seccomp: in force, [calls]
      landlock: none, it would hide the processes to inspect
      capabilities: [of the user]
    "#);
}

#[rstest]
#[case::confined(&[], "from a broker")]
#[case::free(&["--no-confine"], "from this process")]
fn status_reports_which_process_serves_each_grant(#[case] args: &[&str], #[case] expected: &str) {
    let every = "namespaces: every one";
    for (grant, what) in
        [("processes", "processes:"), ("resolve", "host names:"), ("namespaces", every)]
    {
        let grants = format!("sockets,{grant}");
        let all = if what == every { &["--namespace", "all"][..] } else { &[] };
        let (stdout, ..) = run(&[args, &["--grant", &grants, "--status"], all].concat());
        let expected = format!("{what} {expected}");
        assert!(stdout.lines().any(|line| line.starts_with(&expected)), "{stdout}");
    }
}

#[test]
fn status_contains_reports_of_brokers() {
    let args =
        ["--grant", "sockets,processes,resolve,namespaces", "--namespace", "all", "--status"];
    let (stdout, stderr, status) = run(&args);
    assert_eq!((stderr.as_str(), status), ("", 0));
    for (name, calls) in [("processes", 58), ("host names", 79), ("network namespaces", 61)] {
        let start = format!("broker of {name}, process ");
        let mut lines = stdout.lines().skip_while(|line| !line.starts_with(&start)).skip(1);
        assert_eq!(lines.next(), Some("  no_new_privs: in force"), "{stdout}");
        let seccomp = format!("  seccomp: in force, {calls} system calls are allowed");
        if cfg!(target_arch = "x86_64") {
            assert_eq!(lines.next(), Some(seccomp.as_str()), "{stdout}");
        }
    }
}

#[test]
fn status_reports_missing_confinement_loudly() {
    let (stdout, ..) = run(&["--no-confine", "--status"]);
    assert!(stdout.ends_with("\nconfinement: NOT IN FORCE (--no-confine)\n"), "{stdout}");
}

#[test]
fn write_grant_allows_more_calls() {
    let calls = |args: &[&str]| {
        let (stdout, ..) = run(&[args, &["--status"]].concat());
        let mut lines = stdout.lines().skip_while(|line| !line.starts_with("process of scripts"));
        let words = lines.find_map(|line| line.strip_prefix("  seccomp: in force, ")).unwrap();
        words.split(' ').next().unwrap().parse::<usize>().unwrap()
    };
    let dir = TempDir::new().unwrap();
    let path = dir.path().to_str().unwrap();
    let reading = calls(&["--allow-path", path]);
    assert_eq!(reading, calls(&[]));
    assert!(calls(&["--allow-path", &format!("{path}:rw")]) > reading);
}
