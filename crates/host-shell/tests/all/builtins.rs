//! Builtins of this workspace, called from scripts.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Error, ExitCode, Registry};
use host_shell::{ErrorKind, Script, Shell};
use rstest::rstest;
use testkit::wait_until;

use crate::support::{Endless, Stuck, Waits, registry_with, run, run_in, run_script, shell};

#[rstest]
#[case::no_arguments("args", "\n")]
#[case::quoted("args a 'b c' ''", "[a][b c][]\n")]
#[case::not_ascii("args é", "[é]\n")]
#[case::options("args -- -x", "[--][-x]\n")]
#[case::by_path("/usr/bin/args a", "[a]\n")]
#[case::by_command("command args a", "[a]\n")]
#[case::in_a_substitution("echo $(args a)", "[a]\n")]
#[case::from_xargs("echo 'a b' | xargs args", "[a][b]\n")]
#[case::from_env("env A=1 args a", "[a]\n")]
fn gets_its_arguments(#[case] script: &str, #[case] stdout: &str) {
    assert_eq!(run(script).stdout, stdout);
}

#[rstest]
#[case::pipe("echo abc | count", "4 304\n")]
#[case::here_string("count <<< abc", "4 304\n")]
#[case::here_document("count <<E\nabc\nE", "4 304\n")]
#[case::file("echo abc > /tmp/f; count < /tmp/f", "4 304\n")]
#[case::nothing("count", "0 0\n")]
#[case::null("count < /dev/null", "0 0\n")]
#[case::not_text("printf '\\xff\\x01\\xfe' | count", "3 510\n")]
#[case::not_text_from_a_file("printf '\\xff\\x01\\xfe' > /tmp/f; count < /tmp/f", "3 510\n")]
#[case::another_builtin("rows 1000 100 | count", "100000 11296000\n")]
#[case::the_rest_of_a_loop("printf 'a\\nbc\\n' | { read l; count; }", "3 207\n")]
fn reads_standard_input_as_bytes(#[case] script: &str, #[case] stdout: &str) {
    assert_eq!(run(script).stdout, stdout);
}

#[test]
fn standard_input_of_the_script_arrives_as_bytes() {
    let stdin = Some(b"\xff\x00\xfe".to_vec());
    let script = Script { text: "count".to_owned(), stdin, ..Script::default() };
    assert_eq!(run_script(&mut shell().build().unwrap(), &script).stdout, "3 509\n");
}

#[rstest]
#[case::status("fail 3; echo $?", "3\n", "asked to fail\n", 0)]
#[case::status_of_the_script("fail 7", "", "asked to fail\n", 7)]
#[case::stderr_into_a_pipe("fail 3 2>&1 | cat", "asked to fail\n", "", 0)]
#[case::stderr_to_nowhere("fail 3 2>/dev/null || echo failed", "failed\n", "", 0)]
#[case::output_to_stderr("args a >&2", "", "[a]\n", 0)]
#[case::usage("rows; echo $?", "2\n", "rows: COUNT WIDTH\n", 0)]
#[case::panic("panics; echo $?", "1\n", "panics: the builtin failed unexpectedly\n", 0)]
#[case::exit("exit 5; args a", "", "", 5)]
fn streams_and_status_reach_the_shell(
    #[case] script: &str,
    #[case] stdout: &str,
    #[case] stderr: &str,
    #[case] status: u8,
) {
    let ran = run(script);
    assert_eq!((&*ran.stdout, &*ran.stderr, ran.status), (stdout, stderr, status));
}

#[test]
fn closed_reader_ends_endless_builtin() {
    let ended = Arc::new(AtomicBool::new(false));
    let registry = registry_with(Box::new(Endless(Arc::clone(&ended))));
    let mut shell = shell().registry(registry).build().unwrap();
    let ran = run_in(&mut shell, "endless | head -n 2; echo ${PIPESTATUS[0]}");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("row\nrow\n141\n", ""));
    assert!(ended.load(Ordering::SeqCst));
}

/// Sends each piece of output to the test as it is written.
struct LiveOutput(mpsc::Sender<Vec<u8>>);

impl std::io::Write for LiveOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn output_is_passed_on_while_builtin_runs() {
    let ended = Arc::new(AtomicBool::new(false));
    let registry = registry_with(Box::new(Endless(ended)));
    let mut shell = shell().registry(registry).build().unwrap();
    let interrupt = shell.interrupt();
    let (sender, pieces) = mpsc::channel();
    let script = Script { text: "endless".to_owned(), ..Script::default() };
    let outcome = std::thread::scope(|scope| {
        let running =
            scope.spawn(|| shell.run(&script, &mut LiveOutput(sender), &mut Vec::<u8>::new()));
        // The builtin never ends by itself, so this was written while it was running.
        assert!(pieces.recv().unwrap().starts_with(b"row\n"));
        interrupt.interrupt();
        while pieces.recv().is_ok() {}
        running.join().unwrap()
    });
    assert_eq!(outcome.status, ExitCode::CANCELLED);
}

#[rstest]
#[case::alone("waits")]
#[case::in_a_function("f() { local v=inner; cd /tmp; waits; }; f")]
#[case::in_a_pipeline("waits | cat | cat")]
#[case::in_a_substitution("a=$(waits)")]
#[case::in_a_loop("while :; do waits; done")]
#[case::in_a_subshell("(v=inner; cd /; waits)")]
#[case::in_a_child_shell("bash -c 'v=inner; waits'")]
fn interrupt_ends_only_the_script(#[case] text: &str) {
    let (started, begun) = mpsc::sync_channel(1);
    let cancelled = Arc::new(AtomicBool::new(false));
    let waits = Waits { started, cancelled: Arc::clone(&cancelled) };
    let mut shell = shell().registry(registry_with(Box::new(waits))).build().unwrap();
    let interrupt = shell.interrupt();
    run_in(&mut shell, "kept=yes; k() { echo kept; }; cd /tmp");
    let ran = std::thread::scope(|scope| {
        scope.spawn(move || {
            begun.recv().unwrap();
            interrupt.interrupt();
        });
        run_in(&mut shell, &format!("kept=no; {text}; echo not reached"))
    });
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 130));
    assert_eq!(ran.stderr, "host-shell: interrupted\n");

    let after = run_in(&mut shell, "echo $kept [$v] $PWD; k; local x 2>/dev/null || echo top");
    assert_eq!((after.stdout.as_str(), after.status), ("yes [] /tmp\nkept\ntop\n", 0));
    wait_until("the builtin sees that it is cancelled", || cancelled.load(Ordering::SeqCst));
}

#[rstest]
#[case::timeout("timeout 0.01 stuck; echo $?", "124\n")]
fn abandoned_call_is_not_waited_for(#[case] script: &str, #[case] stdout: &str) {
    let (release, released) = mpsc::channel();
    let stuck = Stuck(Mutex::new(released));
    let mut shell = shell().registry(registry_with(Box::new(stuck))).build().unwrap();
    assert_eq!(run_in(&mut shell, script).stdout, stdout);
    drop(release);
}

#[test]
fn too_many_abandoned_calls_are_an_error() {
    let (release, released) = mpsc::channel();
    let stuck = Stuck(Mutex::new(released));
    let mut shell = shell().registry(registry_with(Box::new(stuck))).build().unwrap();
    let script = "for i in {1..64}; do timeout 0.001 stuck; done; stuck; echo $?";
    let ran = run_in(&mut shell, script);
    assert_eq!(ran.stdout, "1\n");
    assert_eq!(ran.stderr, "stuck: cannot start: 64 builtin calls are still running\n");
    drop(release);
}

struct ReplacingBuiltin(&'static str);

impl Builtin for ReplacingBuiltin {
    fn name(&self) -> &str {
        self.0
    }

    fn summary(&self) -> &'static str {
        "take the place of another"
    }

    fn run(&self, context: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
        writeln!(context.stdout, "ours")?;
        Ok(ExitCode::SUCCESS)
    }
}

#[rstest]
#[case::command("uname")]
#[case::help("help")]
#[case::test("true")]
fn builtin_replaces_command_of_interpreter(#[case] name: &'static str) {
    let mut shell =
        shell().registry(registry_with(Box::new(ReplacingBuiltin(name)))).build().unwrap();
    assert_eq!(run_in(&mut shell, name).stdout, "ours\n");
    assert_eq!(run_in(&mut shell, &format!("/usr/bin/{name}; command {name}")).status, 0);
}

#[rstest]
#[case("eval")]
#[case("exit")]
#[case("bash")]
fn keyword_cannot_be_registered(#[case] name: &'static str) {
    let mut registry = Registry::new();
    registry.register(ReplacingBuiltin(name)).unwrap();
    let error = Shell::builder().registry(registry).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReservedName);
}

#[test]
fn help_lists_builtins_with_their_summaries() {
    let ran = run("help");
    assert!(ran.stdout.contains("\n  rows    print rows\n"), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("\n  help    list the commands of this shell; `help NAME` explains one\n")
    );
    assert!(ran.stdout.contains(" grep "), "{}", ran.stdout);
}

#[test]
fn help_describes_one_builtin() {
    assert_eq!(run("help rows").stdout, "rows - print rows\n");
    assert!(run("help grep").stdout.starts_with("grep - "));
    let ran = run("help nope");
    assert_eq!((ran.stderr.as_str(), ran.status), ("help: no command \"nope\"\n", 1));
}

#[rstest]
#[case::exit("exit 3", true)]
#[case::in_a_function("f() { exit 3; }; f", true)]
#[case::evaluated("eval 'exit 3'", true)]
#[case::end("true", false)]
#[case::subshell("(exit 3)", false)]
#[case::child_shell("bash -c 'exit 3'", false)]
#[case::pipeline("exit 3 | cat", false)]
#[case::substitution("v=$(exit 3)", false)]
fn outcome_reports_an_exit(#[case] text: &str, #[case] exited: bool) {
    let script = Script { text: text.to_owned(), ..Script::default() };
    let mut shell = shell().build().unwrap();
    let outcome = shell.run(&script, &mut Vec::<u8>::new(), &mut Vec::<u8>::new());
    assert_eq!(outcome.exited, exited);
}

#[rstest]
#[case::by_a_filter(r#"jq -c 'INDEX(.a)' <<< '[{"a":1},{"a":"x"}]'"#)]
#[case::of_a_stream(r#"jq -c 'INDEX(.[]; .a)' <<< '[{"a":1},{"a":"x"}]'"#)]
fn jq_has_index(#[case] script: &str) {
    let ran = run(script);
    let stdout = "{\"1\":{\"a\":1},\"x\":{\"a\":\"x\"}}\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), (stdout, "", 0));
}

#[test]
fn state_is_kept_between_scripts() {
    let mut shell = shell().build().unwrap();
    run_in(&mut shell, "v=1; f() { echo f$v; }; cd /tmp; echo text > file");
    assert_eq!(run_in(&mut shell, "f; pwd; cat file").stdout, "f1\n/tmp\ntext\n");
}
