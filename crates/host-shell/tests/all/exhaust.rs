//! Scripts that try to exhaust, hang or crash their host: each ends with a status and a message,
//! and does no other damage.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::AsFd as _,
    process::{Child, Command, Stdio},
};

use rstest::rstest;
use rustix::{
    event::{PollFd, PollFlags, poll},
    fd::OwnedFd,
    process::{Pid, PidfdFlags, pidfd_open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

use testkit::{NESTED_FORMS, Xorshift, mixed_forms};

use crate::{
    confine::{broker_kind, children, script_of},
    program::{program, run},
    support::Granted,
};

const INCOMPLETE: &str = "the output is incomplete\n";

/// A variable of 1 MiB, which is cheap to create and expensive to repeat.
const MEBIBYTE: &str = "b=x; for i in {1..20}; do b=$b$b; done; ";

#[rstest]
#[case::nl("seq 100000 | nl -s \"$b\"")]
#[case::comm("seq 100000 >/tmp/a; comm --output-delimiter=\"$b\" /tmp/a /tmp/a")]
#[case::cut("seq 100000 | tr 0-9 , | cut -d, -f1-5 --output-delimiter=\"$b\"")]
#[case::grep("seq 100000 | grep --label=\"$b\" -H 1 -")]
#[case::xxd("echo x | xxd -c 1000000000")]
fn memory_has_a_limit(#[case] script: &str) {
    let script = format!("{MEBIBYTE}{script} | wc -c; echo after");
    let (stdout, stderr, status) =
        run(&["--timeout", "20m", "--max-memory", "134217728", "-c", &script]);
    assert_eq!((stdout.as_str(), status), ("", 1), "{stderr}");
    let expected = "the script needs more than the limit of 134217728 bytes of memory";
    assert_eq!(stderr, format!("host-shell: {expected}: {INCOMPLETE}"));
}

/// The interpreter reports some of these errors itself, in the subshell that needs too much.
#[test]
fn background_subshells_share_one_limit() {
    let script = "v=x; for i in {1..24}; do v=$v$v; done; \
                  for i in {1..62}; do (a=$v; b=$v; c=$v; d=$v; sleep 1; echo whole) & done; wait";
    let (stdout, stderr, _) = run(&["--max-memory", "536870912", "-c", script]);
    assert!(stdout.lines().count() < 16, "{stdout}");
    assert!(stderr.contains("memory"), "{stderr}");
}

/// The smallest limit is enough to run a script, and a smaller one is a usage error.
#[test]
fn limit_of_memory_has_a_lower_bound() {
    assert_eq!(run(&["--max-memory", "134217728", "-c", "echo a"]).0, "a\n");
    let (_, stderr, status) = run(&["--max-memory", "134217727", "-c", "echo a"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("--max-memory expects 134217728 bytes or more"), "{stderr}");
}

fn nested(before: &str, repeated: &str, after: &str, count: usize) -> String {
    format!("{before} {}{after}; echo after", repeated.repeat(count))
}

const TOO_DEEP: &str = "host-shell: the script nests too deeply";

/// Runs a script from a file, since some are longer than an argument may be.
fn run_file(text: &str) -> (String, String, i32) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nested.sh");
    std::fs::write(&path, text).unwrap();
    run(&["--timeout", "20m", path.to_str().unwrap()])
}

/// Constructs for which the interpreter recurses without a limit are refused before it does.
#[rstest]
#[case::time(nested("", "time ", "true", 400_000))]
#[case::time_again(nested("", "time ! time -p -f x ", "true", 3_320))]
#[case::time_evaluated(format!("eval \"$(printf 'time %.0s' {{1..5000}}) true\"; echo after"))]
#[case::command(nested("", "command ", "true", 1_000))]
#[case::find_not(nested("find .", "! ", "-name x", 200_000))]
#[case::find_parenthesis(nested("find .", "\\( ", "-name x", 200_000))]
#[case::test_parenthesis(nested("test", "\\( ", "x", 300_000))]
#[case::test_and(nested("test", "-n x -a ", "-n x", 100_000))]
#[case::bracket(nested("[", "! ", "-n x ]", 100_000))]
#[case::jq(nested("jq -n '", "[", "1'", 100_000))]
fn deep_nesting_is_refused_before_recursion(#[case] script: String) {
    let (stdout, stderr, status) = run_file(&script);
    assert_eq!((stdout.as_str(), status), ("", 1), "{stderr}");
    let line = stderr.lines().last().unwrap();
    assert!(line.starts_with(&format!("{TOO_DEEP} (at most 100 commands")), "{line}");
}

/// Unknown nesting overflows a stack, which ends only the process of the script.
#[test]
fn stack_overflow_ends_only_the_script() {
    let granted = Granted::new();
    let path = granted.dir.path().join("nested.sh");
    std::fs::write(path, "time ".repeat(400_000) + "true").unwrap();
    let script = format!("source {}/nested.sh; echo after", granted.path);
    let args = ["--timeout", "20m", "--allow-path", &granted.path, "-c", &script];
    let (stdout, stderr, status) = run(&args);
    let expected = format!("{TOO_DEEP}: {INCOMPLETE}");
    assert_eq!((stdout.as_str(), stderr.as_str(), status), ("", expected.as_str(), 1));
}

#[test]
fn expressions_of_a_usual_size_work() {
    let script = format!(
        "test {}-n x && find /nowhere {}-name b 2>/dev/null; jq -n '[{}1] | length'; time time true",
        "-n x -a ".repeat(400),
        "-name a -o ".repeat(400),
        "1|".repeat(900)
    );
    let (stdout, _, status) = run_file(&script);
    assert_eq!((stdout.as_str(), status), ("1\n", 0));
}

#[rstest]
#[case::numfmt("numfmt --format=%.99999f 1", "numfmt")]
#[case::column("b=x; for i in {1..17}; do b=$b$b; done; echo $b y | column -t", "column")]
fn panic_of_command_is_one_line_on_standard_error(#[case] script: &str, #[case] command: &str) {
    let (stdout, line, _) = run(&["-c", &format!("{script}; echo after")]);
    assert_eq!((stdout.as_str(), line.lines().count()), ("after\n", 1), "{line}");
    assert!(line.ends_with(&format!(": {command}: builtin failed unexpectedly\n")), "{line}");
    let (stdout, stderr, _) = run(&["-c", &format!("{script} 2>/dev/null; echo after")]);
    assert_eq!((stdout.as_str(), stderr.as_str()), ("after\n", ""));
    // The line counts as output of the script.
    let script = format!("{script} 2>&1 | cat; echo after");
    let (stdout, stderr, status) = run(&["--max-output", "10", "-c", &script]);
    assert_eq!((stdout.as_str(), status), (line.get(..10).unwrap(), 1), "{stderr}");
}

/// A process, to wait for its end.
struct Ends(OwnedFd);

impl Ends {
    fn of(pid: u32) -> Self {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        Self(pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }

    fn wait(self) {
        // Kernel: a pidfd is readable when its process has ended.
        let mut end = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
        assert_eq!(poll(&mut end, None).unwrap(), 1);
    }
}

/// A shell whose script has started: its first line was read.
struct StartedShell {
    shell: Child,
    spawner: u32,
    script: u32,
}

impl StartedShell {
    fn with(args: &[&str], script: &str) -> Self {
        let script = format!("echo started; {script}");
        let mut shell = program(args).args(["-c", &script]).spawn().unwrap();
        let mut started = [0; 8];
        shell.stdout.as_mut().unwrap().read_exact(&mut started).unwrap();
        assert_eq!(&started, b"started\n");
        let spawner = children(shell.id())[0];
        Self { spawner, script: script_of(spawner), shell }
    }

    fn end(self) -> (String, Option<i32>) {
        let output = self.shell.wait_with_output().unwrap();
        (String::from_utf8(output.stderr).unwrap(), output.status.code())
    }
}

fn signal(name: &str, pid: u32) {
    let pid = pid.to_string();
    assert!(Command::new("sh").args(["-c", "kill -$0 $1", name, &pid]).status().unwrap().success());
}

#[rstest]
#[case::asleep(&[], "sleep 600")]
#[case::busy(&[], "while :; do :; done")]
#[case::pipeline(&[], "while :; do seq 1000 | sort | wc -l >/dev/null; done")]
#[case::listing(&[], "while :; do ss -a >/dev/null; done")]
#[case::broker(&["--grant", "sockets,processes"], "while :; do ss -tp >/dev/null; done")]
#[case::events(&["--grant", "sockets,events"], "ss -E")]
#[case::free(&["--no-confine"], "sleep 600")]
fn killed_child_is_reported(#[case] args: &[&str], #[case] script: &str) {
    let started = StartedShell::with(args, script);
    signal("KILL", started.script);
    let line = format!("host-shell: signal 9 ended the process of the script: {INCOMPLETE}");
    assert_eq!(started.end(), (line, Some(137)));
}

#[test]
fn child_killed_during_write_is_reported() {
    let granted = Granted::new();
    let allow = format!("{}:rw", granted.path);
    let script = format!("while :; do seq 100000 > {}/new; done", granted.path);
    let started = StartedShell::with(&["--allow-path", &allow], &script);
    signal("KILL", started.script);
    assert_eq!(started.end().1, Some(137));
}

#[test]
fn child_killed_with_unread_output_is_reported() {
    let started =
        StartedShell::with(&[], "while :; do echo 0123456789012345678901234567890123456789; done");
    signal("KILL", started.script);
    assert_eq!(started.end().1, Some(137));
}

#[rstest]
#[case::interrupt("INT", 130, "host-shell: interrupted\n")]
#[case::stopped_then_killed(
    "KILL",
    137,
    "host-shell: signal 9 ended the process of the script: the output is incomplete\n"
)]
fn stopped_child_is_ended(#[case] then: &str, #[case] status: i32, #[case] message: &str) {
    let started = StartedShell::with(&[], "sleep 600");
    signal("STOP", started.script);
    signal(then, if then == "INT" { started.shell.id() } else { started.script });
    assert_eq!(started.end(), (message.to_owned(), Some(status)));
}

#[test]
fn timeout_ends_stopped_child() {
    let started = StartedShell::with(&["--timeout", "2s"], "sleep 600");
    signal("STOP", started.script);
    let line = "host-shell: the script took longer than 2s\n".to_owned();
    assert_eq!(started.end(), (line, Some(124)));
}

#[test]
fn no_process_is_left_when_program_is_killed() {
    let started = StartedShell::with(&["--grant", "sockets,processes"], "sleep 600");
    let broker = children(started.spawner).into_iter().find(|pid| broker_kind(*pid).is_some());
    let broker = broker.unwrap();
    let ends = [started.spawner, started.script, broker].map(Ends::of);
    signal("KILL", started.shell.id());
    ends.into_iter().for_each(Ends::wait);
    started.end();
}

#[test]
fn killed_spawner_ends_script() {
    let started = StartedShell::with(&[], "while :; do :; done");
    let script = Ends::of(started.script);
    signal("KILL", started.spawner);
    script.wait();
    let line = format!("host-shell: the process of the script is gone: {INCOMPLETE}");
    assert_eq!(started.end(), (line, Some(1)));
}

/// Fills standard error, which has no reader.
const FULL: &str = "while :; do echo 0123456789012345678901234567890123456789 >&2; done";

#[rstest]
#[case::script("script")]
#[case::commands_own("command")]
#[case::panics("panics")]
fn timeout_ends_script_with_unread_errors(#[case] what: &str) {
    let script = match what {
        "script" => FULL,
        "command" => "while :; do cat /nowhere; done",
        _ => "while :; do numfmt --format=%.99999f 1; done",
    };
    let mut shell = program(&["--timeout", "100ms", "-c", script]).spawn().unwrap();
    assert_eq!(shell.wait().unwrap().code(), Some(124));
}

#[test]
fn interrupt_ends_script_with_unread_errors() {
    let mut started = StartedShell::with(&[], FULL);
    signal("INT", started.shell.id());
    assert_eq!(started.shell.wait().unwrap().code(), Some(130));
}

#[test]
fn script_from_an_endless_standard_input_is_an_error_in_time() {
    let mut shell = program(&["--timeout", "100ms"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut open = shell.stdin.take().unwrap();
    open.write_all(b"echo a\n").unwrap();
    let output = shell.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(124));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("standard input did not end within 100ms"), "{stderr}");
}

#[test]
fn interrupt_ends_the_wait_for_standard_input() {
    let mut shell = program(&["-c", "echo a"]).stdin(Stdio::piped()).spawn().unwrap();
    let open = shell.stdin.take();
    // The process of the script reads its input after it has started. An earlier interrupt ends the
    // wait too.
    testkit::wait_until("there is a process for the script", || {
        children(shell.id()).first().is_some_and(|&spawner| !children(spawner).is_empty())
    });
    signal("INT", shell.id());
    let output = shell.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "host-shell: interrupted\n");
    drop(open);
}

/// A prompt on a terminal.
struct Prompt {
    terminal: File,
    shell: Child,
    seen: String,
}

impl Prompt {
    fn start(args: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let end = || File::options().read(true).write(true).open(&name).unwrap();
        let mut command = program(args);
        command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let shell = command.spawn().unwrap();
        let mut prompt = Self { terminal: terminal.into(), shell, seen: String::new() };
        prompt.until("host-shell$ ");
        prompt
    }

    /// Reads up to a text, and returns everything before it.
    fn until(&mut self, text: &str) -> String {
        loop {
            if let Some((before, after)) = self.seen.split_once(text) {
                let before = before.to_owned();
                self.seen = after.to_owned();
                return before;
            }
            let mut chunk = [0; 4096];
            let count = self.terminal.read(&mut chunk).unwrap();
            self.seen.push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
    }

    fn line(&mut self, line: &str) {
        self.terminal.write_all(line.as_bytes()).unwrap();
        self.terminal.write_all(b"\r").unwrap();
    }

    /// Types a line, and returns the output before the next prompt.
    fn run(&mut self, line: &str) -> String {
        self.line(&format!("{line}; echo en''d"));
        let printed = self.until("end\r\n");
        self.until("host-shell$ ");
        printed
    }

    fn exit(mut self) -> Option<i32> {
        self.line("exit 7");
        self.shell.wait().unwrap().code()
    }
}

const LOST: &str = "variables, functions and files in memory are lost; starting a new shell";

#[rstest]
#[case::memory(
    "echo x | xxd -c 1000000000",
    "needs more than the limit of 268435456 bytes of memory"
)]
#[case::killed("kill", "signal 9 ended the process of the script")]
fn prompt_continues_after_process_is_lost(#[case] line: &str, #[case] message: &str) {
    let mut prompt = Prompt::start(&["--max-memory", "268435456"]);
    assert!(prompt.run("v=kept; echo [$v]").ends_with("[kept]\r\n"));
    if line == "kill" {
        prompt.line("echo st''arted; sleep 600");
        prompt.until("started\r\n");
        signal("KILL", script_of(children(prompt.shell.id())[0]));
    } else {
        prompt.line(line);
    }
    prompt.until(message);
    prompt.until(LOST);
    prompt.until("host-shell$ ");
    let printed = prompt.run("echo $? [$v]; ss -l >/dev/null && echo listed");
    let status = if line == "kill" { 137 } else { 1 };
    assert!(printed.ends_with(&format!("{status} []\r\nlisted\r\n")), "{printed}");
    assert_eq!(prompt.exit(), Some(7));
}

#[test]
fn prompt_continues_after_line_that_nests_too_deep() {
    let mut prompt = Prompt::start(&[]);
    prompt.run("v=kept");
    // Created by the script, because a terminal does not accept such a long line.
    prompt.line("t=; for i in {1..19}; do t=\"$t time\"; t=$t$t; done; eval \"$t true\"");
    prompt.until("host-shell: the script nests too deeply");
    prompt.until("host-shell$ ");
    assert!(prompt.run("echo [$v]").ends_with("[kept]\r\n"));
    assert_eq!(prompt.exit(), Some(7));
}

#[test]
fn prompt_keeps_its_state_when_a_line_takes_too_long() {
    let mut prompt = Prompt::start(&["--timeout", "2s"]);
    prompt.run("v=kept");
    prompt.line("sleep 600");
    prompt.until("the script took longer than 2s");
    prompt.until("host-shell$ ");
    assert!(prompt.run("echo [$v]").ends_with("[kept]\r\n"));
    assert_eq!(prompt.exit(), Some(7));
}

/// Runs a script in which `$D` is a writable directory, with a limit of bytes written there.
fn writing(limit: &str, script: &str) -> (Granted, (String, String, i32)) {
    let granted = Granted::new();
    let allow = format!("{}:rw", granted.path);
    let script = format!("D={}; {script}", granted.path);
    let ran = run(&["--allow-path", &allow, "--max-write", limit, "-c", &script]);
    (granted, ran)
}

#[rstest]
#[case::again_and_again("while :; do seq 10000 > $D/new; done")]
#[case::appended("while :; do seq 10000 >> $D/new; done")]
#[case::copied("seq 10000 > $D/new; while :; do cp $D/new $D/other; done")]
#[case::files("i=0; while :; do i=$((i+1)); : > $D/new$i; done")]
#[case::directories("i=0; while :; do i=$((i+1)); mkdir $D/new$i; done")]
#[case::links("i=0; while :; do i=$((i+1)); ln -s file $D/new$i; done")]
#[case::errors_hidden("while :; do seq 10000 > $D/new || true; done 2>/dev/null")]
#[case::last("seq 100000 > $D/new; seq 100000 > $D/other")]
fn written_bytes_are_limited(#[case] script: &str) {
    let (granted, (stdout, stderr, status)) = writing("1000000", &format!("{script}; echo after"));
    assert_eq!(status, 1, "{stderr}");
    assert!(!stdout.contains("after") || script.ends_with("$D/other"), "{stdout}");
    let expected = "host-shell: the script writes more than the limit of 1000000 bytes into granted \
                    directories: the files are incomplete\n";
    assert!(stderr.ends_with(expected), "{stderr}");
    assert!(std::fs::read_dir(granted.dir.path()).unwrap().count() < 300);
}

#[test]
fn writes_within_limit_are_complete() {
    let script =
        "seq 10000 > $D/new; for i in {1..1000}; do echo $i >> $D/new; done; seq 100000 > /tmp/f";
    let (granted, ran) = writing("60000", script);
    assert_eq!(ran, (String::new(), String::new(), 0));
    assert_eq!(std::fs::read(granted.dir.path().join("new")).unwrap().len(), 48894 + 3893);
}

#[test]
fn limit_of_standard_error_is_reported_as_such() {
    let (stdout, stderr, status) =
        run(&["-c", &format!("{MEBIBYTE}for i in {{1..20}}; do echo $b >&2; done; echo after")]);
    assert_eq!((stdout.as_str(), status), ("", 1));
    let line = stderr.lines().last().unwrap();
    let expected = "standard error is larger than the limit of 16777216 bytes";
    assert!(line.contains(expected), "{line}");
}

/// Returns the result of a shell that was started with low resource limits.
fn limited(limit: &str) -> (String, String, i32) {
    let program = env!("CARGO_BIN_EXE_host-shell");
    let line = format!("ulimit {limit}; exec {program} -c 'echo a; ss -l >/dev/null'");
    let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

#[test]
fn few_descriptors_are_an_error_of_one_line_or_enough() {
    for count in 4..48 {
        let (stdout, stderr, status) = limited(&format!("-n {count}"));
        if status == 0 {
            assert_eq!((stdout.as_str(), stderr.as_str()), ("a\n", ""), "{count}");
            continue;
        }
        assert_eq!(stderr.lines().count(), 1, "{count}: {stderr}");
        // The loader of shared libraries names the error by its number.
        let is_named = ["Too many open files", "Error 24"].iter().any(|word| stderr.contains(word));
        assert!(is_named, "{count}: {stderr}");
        assert!(["", "a\n"].contains(&stdout.as_str()) && status < 128, "{count}: {status}");
    }
}

#[test]
fn little_stack_is_an_error_of_one_line() {
    let (stdout, stderr, status) = limited("-s 64");
    let line = "host-shell: expected a stack of 524288 bytes, but its limit is 65536\n";
    assert_eq!((stdout.as_str(), stderr.as_str(), status), ("", line, 1));
    // A soft limit is raised.
    assert_eq!(limited("-S -s 64"), ("a\n".to_owned(), String::new(), 0));
}

/// Returns random nested forms.
fn mixture(random: &mut Xorshift, deepest: u64) -> String {
    let count = random.below(6) + 1;
    mixed_forms((0..count).map(|_| {
        let depth = usize::try_from(random.below(deepest) + 1).unwrap();
        (*random.pick(NESTED_FORMS), depth)
    }))
}

#[test]
fn mixed_nested_forms_end_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nested.sh");
    let random = &mut Xorshift::new(7);
    for round in 0..testkit::cases(40, 500) {
        let deepest = [5, 50, 500, 5_000][usize::try_from(round % 4).unwrap()];
        let script = mixture(random, deepest);
        std::fs::write(&path, &script).unwrap();
        let (_, stderr, status) = run(&["--timeout", "2s", path.to_str().unwrap()]);
        let shown: String = script.chars().take(300).collect();
        assert!(has_ended_cleanly(&stderr, status), "{shown}: {status} {stderr}");
    }
}

/// Returns whether a script ended with its status or that of a limit, and without a message about a
/// failure of the program.
fn has_ended_cleanly(stderr: &str, status: i32) -> bool {
    let is_status = (0..=127).contains(&status) && status != 101 || status == 255;
    let broken = ["panicked", "RUST_BACKTRACE", "fatal runtime error", ".rs:", "signal "];
    is_status && !broken.iter().any(|word| stderr.contains(word))
}

#[test]
fn nested_forms_end_cleanly_at_any_depth() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nested.sh");
    let all: &[usize] = &[1, 10, 100, 1_000, 10_000, 100_000, 400_000];
    let depths = testkit::cases::<&[usize]>(&[10, 5_000], all);
    for &form in NESTED_FORMS {
        for &depth in depths {
            std::fs::write(&path, form.repeated(depth) + "\n").unwrap();
            let args = ["--timeout", "5s", path.to_str().unwrap()];
            let (_, stderr, status) = run(&args);
            let last: String =
                stderr.chars().rev().take(500).collect::<Vec<_>>().iter().rev().collect();
            assert!(has_ended_cleanly(&stderr, status), "{form:?} {depth}: {status} {last}");
        }
    }
}
