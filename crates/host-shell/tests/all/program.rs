//! The program: its command line, its statuses, its streams.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, Command, Output, Stdio},
};

use rstest::rstest;

use testkit::{FakeProc, Process, Tcp};

use crate::support::Granted;

pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-shell"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(args: &[&str]) -> (String, String, i32) {
    output_of(program(args).output().unwrap())
}

fn output_of(output: Output) -> (String, String, i32) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn run_with_input(args: &[&str], input: &[u8]) -> (String, String, i32) {
    let mut child = program(args).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    output_of(child.wait_with_output().unwrap())
}

#[rstest]
#[case::text(&["-c", "echo a; exit 3"], "a\n", 3)]
#[case::restricted(&["--allow-command", "echo", "-c", "echo a; cat x 2>/dev/null"], "a\n", 127)]
#[case::arg0(&["-c", "echo $0"], "bash\n", 0)]
#[case::longest_timeout(&["--timeout", "18446744073709551615", "-c", "echo a"], "a\n", 0)]
#[case::no_environment(&["-c", "echo [$CARGO]"], "[]\n", 0)]
#[case::version(&["--version"], concat!("host-shell ", env!("CARGO_PKG_VERSION"), "\n"), 0)]
fn runs(#[case] args: &[&str], #[case] stdout: &str, #[case] status: i32) {
    assert_eq!(run(args), (stdout.to_owned(), String::new(), status));
}

#[test]
fn prints_its_help() {
    let (stdout, stderr, status) = run(&["--help"]);
    assert_eq!((stderr.as_str(), status), ("", 0));
    assert!(stdout.starts_with("usage: host-shell [OPTIONS] [-c SCRIPT | FILE]\n"), "{stdout}");
}

#[rstest]
#[case::unknown(&["--nope"])]
#[case::twice(&["-c", "a", "b"])]
#[case::grant(&["--grant", "all", "-c", ":"])]
#[case::timeout(&["--timeout", "0", "-c", ":"])]
fn usage_error_has_status_2_and_prints_usage(#[case] args: &[&str]) {
    let (stdout, stderr, status) = run(args);
    assert_eq!((stdout.as_str(), status), ("", 2));
    assert!(stderr.starts_with("host-shell: "), "{stderr}");
    assert!(stderr.ends_with("\nusage: host-shell [OPTIONS] [-c SCRIPT | FILE]\n"), "{stderr}");
}

#[test]
fn unknown_option_suggests_similar_one() {
    let (_, stderr, status) = run(&["--polcy", "x"]);
    let expected = "host-shell: unrecognized option '--polcy'\nhost-shell: did you mean --policy?\n\
                    usage: host-shell [OPTIONS] [-c SCRIPT | FILE]\n";
    assert_eq!((stderr.as_str(), status), (expected, 2));
}

#[rstest]
#[case::no_directory(&["--allow-path", "/nowhere/at/all", "-c", ":"], "cannot open the directory")]
#[case::file(&["--allow-path", "/dev/null", "-c", ":"], "cannot open the directory")]
#[case::parent(&["--allow-path", "/usr/../etc", "-c", ":"], "expected a directory without `..`")]
#[case::proc_root(&["--proc-root", "/nowhere/at/all", "-c", ":"], "cannot open the directory")]
#[case::policy(&["--policy", "/nowhere/at/all", "-c", ":"], "cannot read the policy")]
#[case::no_policy(&["--policy", "/etc/services", "-c", ":"], "expected a policy in")]
#[case::command(&["--allow-command", "catt", "-c", ":"], "expected the name of a command")]
fn ungrantable_directory_exits_with_2(#[case] args: &[&str], #[case] message: &str) {
    let (stdout, stderr, status) = run(args);
    assert_eq!((stdout.as_str(), status), ("", 2));
    assert!(stderr.starts_with(&format!("host-shell: {message}")), "{stderr}");
}

/// Lists a fake root with one TCP and one UDP socket, under policies and with further options.
fn list_under(policies: &[&str], args: &[&str]) -> (String, String, i32) {
    let root = testkit::FakeProc::new()
        .tcp(testkit::Tcp::listen("127.0.0.1:80").uid(7).inode(1))
        .udp(testkit::Datagram::bound("127.0.0.1:53").inode(2))
        .build();
    let root = root.path().to_str().unwrap().to_owned();
    let args = [&["--proc-root", &root], args, &["-c", "ss -Hlntu"]].concat();
    run_under(policies, &args)
}

/// Runs the program with these policies, each in a file.
fn run_under(policies: &[&str], args: &[&str]) -> (String, String, i32) {
    let dir = tempfile::tempdir().unwrap();
    let mut options = Vec::new();
    for (number, policy) in policies.iter().enumerate() {
        let path = dir.path().join(format!("policy-{number}.toml"));
        fs::write(&path, policy).unwrap();
        options.push(format!("--policy={}", path.to_str().unwrap()));
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    run(&[&options, args].concat())
}

const TCP: &str = "tcp LISTEN 0 0 127.0.0.1:80 0.0.0.0:*\n";
const UDP: &str = "udp UNCONN 0 0 127.0.0.1:53 0.0.0.0:*\n";

#[rstest]
#[case::nothing_said(&[""], &[], &[UDP, TCP])]
#[case::one_user(&["uid = 7"], &[], &[TCP])]
#[case::other_families(&["families = [\"unix\"]"], &[], &[])]
#[case::options_replace_grants(&["grants = []"], &["--grant", "sockets"], &[UDP, TCP])]
#[case::both_of_two(&["uid = 7", "families = [\"inet\"]"], &[], &[TCP])]
#[case::two_users(&["uid = 7", "uid = 0"], &[], &[])]
#[case::nothing_in_common(&["families = [\"unix\"]", "families = [\"inet\"]"], &[], &[])]
fn policies_decide_what_is_listed(
    #[case] policies: &[&str],
    #[case] args: &[&str],
    #[case] rows: &[&str],
) {
    let (stdout, stderr, status) = list_under(policies, args);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    let stdout: String = stdout.lines().map(words).collect();
    assert_eq!((stdout, stderr.as_str(), status), (rows.concat(), "", 0));
}

#[test]
fn policy_without_grants_refuses_listing() {
    for policies in [&["grants = []"][..], &["grants = [\"sockets\"]", "grants = []", ""]] {
        let (stdout, stderr, status) = list_under(policies, &[]);
        assert_eq!((stdout.as_str(), status), ("", 1));
        assert!(stderr.contains("needs the grant \"sockets\""), "{stderr}");
    }
}

#[rstest]
#[case::run(&["-c", "echo a"])]
#[case::check(&["--check"])]
fn error_of_policy_has_position(#[case] args: &[&str]) {
    let (stdout, stderr, status) = run_under(&["", "grants = [\"sockets\"]\n  family = 1"], args);
    assert_eq!((stdout.as_str(), status), ("", 2));
    assert!(stderr.contains("policy-1.toml"), "{stderr}");
    assert!(stderr.contains("line 2, column 3"), "{stderr}");
    assert!(stderr.contains("unknown field `family`"), "{stderr}");
}

#[test]
fn check_explains_combined_policy() {
    let policies = ["grants = [\"sockets\", \"kill\"]\nuid = 7", "families = [\"inet\"]"];
    let (stdout, stderr, status) = run_under(&policies, &["--check"]);
    assert_eq!((stderr.as_str(), status), ("", 0));
    let words: Vec<_> =
        stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "kill ss -K closes the sockets that a filter admits, with CAP_NET_ADMIN",
        "events ss -E is refused",
        "families inet",
        "users those of user id 7; not those whose user id is not known",
        "counters ss -s is refused, as it counts sockets that are hidden",
    ] {
        assert!(words.iter().any(|word| word == line), "{line}: {stdout}");
    }
    let (stdout, stderr, status) = run_under(&policies, &["--check", "--grant", "none"]);
    assert_eq!((stderr.as_str(), status), ("", 0));
    assert!(stdout.starts_with("granted: nothing\n"), "{stdout}");
}

#[test]
fn runs_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.sh");
    fs::write(&path, "#!/bin/bash\necho ${0##*/}\nexit 4\n").unwrap();
    let run = run(&[path.to_str().unwrap()]);
    assert_eq!(run, ("run.sh\n".to_owned(), String::new(), 4));
}

#[test]
fn missing_script_has_status_127() {
    let (_, stderr, status) = run(&["/nowhere/run.sh"]);
    assert_eq!(status, 127);
    assert!(stderr.starts_with("host-shell: /nowhere/run.sh: No such file"), "{stderr}");
}

#[rstest]
#[case::directory("")]
#[case::not_text("bytes")]
fn unreadable_script_has_status_126(#[case] name: &str) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bytes"), b"echo \xff").unwrap();
    let (stdout, stderr, status) = run(&[dir.path().join(name).to_str().unwrap()]);
    assert_eq!((stdout.as_str(), status), ("", 126), "{stderr}");
}

#[rstest]
#[case::alone(&[])]
#[case::dash(&["-"])]
fn runs_standard_input(#[case] args: &[&str]) {
    let run = run_with_input(args, b"echo a\nread l\necho [$l]\nexit 6\n");
    assert_eq!(run, ("a\n[]\n".to_owned(), String::new(), 6));
}

#[test]
fn script_reads_standard_input_of_program() {
    let run = run_with_input(&["-c", "read l; echo [$l]; wc -c"], b"first\n\xff\x00\n");
    assert_eq!(run.0, "[first]\n3\n");
}

#[test]
fn files_of_granted_directory_are_real() {
    let granted = Granted::new();
    let allow = format!("{}:rw", granted.path);
    let script = format!("cat {0}/file; echo new > {0}/new", granted.path);
    assert_eq!(run(&["--allow-path", &allow, "-c", &script]).0, "content\n");
    assert_eq!(fs::read_to_string(granted.dir.path().join("new")).unwrap(), "new\n");

    let (_, stderr, status) = run(&["--allow-path", &granted.path, "-c", &script]);
    assert!(stderr.contains("was granted for reading only"), "{stderr}");
    assert_eq!(status, 1);
}

#[test]
fn relative_directory_is_granted_at_its_absolute_path() {
    let granted = Granted::new();
    let script = format!("cat {}/sub/inner", granted.path);
    let mut command = program(&["--allow-path", "./sub", "-c", &script]);
    let output = command.current_dir(granted.dir.path()).output().unwrap();
    assert_eq!(output_of(output).0, "inner\n");
}

#[test]
fn timeout_ends_script_with_124() {
    // An emulated machine needs more than a second to start a script.
    for timeout in ["1s", "8s", "64s"] {
        let (stdout, stderr, status) = run(&["--timeout", timeout, "-c", "echo a; sleep 600"]);
        assert_eq!(status, 124);
        assert_eq!(stderr, format!("host-shell: the script took longer than {timeout}\n"));
        if stdout == "a\n" {
            return;
        }
        assert_eq!(stdout, "");
    }
    panic!("expected the script to print something before its end");
}

#[test]
fn timeout_ends_a_script_with_a_blocked_reader() {
    let script = "while :; do echo 0123456789012345678901234567890123456789; done";
    let mut child = program(&["--timeout", "100ms", "-c", script]).spawn().unwrap();
    // The pipe is soon full, and the interpreter blocks while it writes to it.
    assert_eq!(child.wait().unwrap().code(), Some(124));
}

#[test]
fn standard_input_without_end_is_an_error_at_timeout() {
    let mut child =
        program(&["--timeout", "100ms", "-c", "echo a"]).stdin(Stdio::piped()).spawn().unwrap();
    let open = child.stdin.take();
    let (stdout, stderr, status) = output_of(child.wait_with_output().unwrap());
    assert_eq!((stdout.as_str(), status), ("", 124));
    assert!(stderr.contains("standard input did not end within 100ms"), "{stderr}");
    drop(open);
}

#[test]
fn too_much_output_is_an_error() {
    let (stdout, stderr, status) = run(&["--max-output", "5", "-c", "echo abc; echo def"]);
    assert_eq!((stdout.as_str(), status), ("abc\nd", 1));
    assert!(stderr.contains("larger than the limit of 5 bytes"), "{stderr}");
}

#[test]
fn processes_are_listed_under_their_grant() {
    let root = FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").inode(500))
        .process(Process::new(10, "httpd").socket(3, 500))
        .build();
    let root = root.path().to_str().unwrap();
    let script = ["-c", "ss -tlnpH"];
    let reported =
        run(&[&["--proc-root", root, "--grant", "sockets,processes"], &script[..]].concat());
    let row = "LISTEN 0      0      127.0.0.1:80 0.0.0.0:* users:((\"httpd\",pid=10,fd=3))\n";
    assert_eq!(reported, (row.to_owned(), String::new(), 0));
    let (stdout, stderr, status) = run(&[&["--proc-root", root], &script[..]].concat());
    assert_eq!((stdout.as_str(), status), ("LISTEN 0      0      127.0.0.1:80 0.0.0.0:*\n", 0));
    assert!(stderr.contains("needs the grant \"processes\""), "{stderr}");
}

#[test]
fn help_lists_the_commands() {
    let (stdout, _, status) = run(&["-c", "help"]);
    assert_eq!(status, 0);
    assert!(stdout.starts_with("Builtins of this host:\n"), "{stdout}");
}

#[test]
fn missing_commands_suggest_replacement_and_are_not_listed() {
    let (stdout, stderr, status) = run(&["-c", "lsof -i :8080"]);
    let line =
        "lsof: not available in this shell; use: ss -tanp 'sport = :8080 or dport = :8080'\n";
    assert_eq!((stdout.as_str(), stderr.as_str(), status), ("", line, 127));
    let (stdout, ..) = run(&["-c", "help"]);
    assert!(stdout.contains("\n  netstat "), "{stdout}");
    assert!(!stdout.contains("lsof"), "{stdout}");
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("sh").args(["-c", "kill -INT $0", &pid]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn interrupt_ends_script_with_130() {
    let mut child = program(&["-c", "echo started; sleep 600; echo after"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut started = [0; 8];
    stdout.read_exact(&mut started).unwrap();
    interrupt(&child);
    let (_, stderr, status) = output_of(child.wait_with_output().unwrap());
    assert_eq!((stderr.as_str(), status), ("host-shell: interrupted\n", 130));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
