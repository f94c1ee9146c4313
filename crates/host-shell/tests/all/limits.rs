//! Exceeding a limit of size or time is an error, and nothing is silently cut.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use builtin_api::Access::{Read, ReadWrite};
use host_shell::ScriptLimits;
use rstest::rstest;
use testkit::wait_until;

use crate::support::{Granted, Ran, Stuck, Waits, registry_with, run, run_in, shell};

#[rstest]
#[case::count("rows 100000 120 | wc -l", "100000\n")]
#[case::wide("rows 100000 300 | wc -l", "100000\n")]
#[case::filter("rows 100000 120 | grep r | tail -n 1 | wc -c", "120\n")]
#[case::awk("rows 100000 120 | awk '{ n++ } END { print n }'", "100000\n")]
#[case::sort("rows 100000 120 | sort | uniq -c | awk '{ print $1 }'", "100000\n")]
#[case::variable("v=$(rows 100000 120); echo ${#v}", "11999999\n")]
#[case::array("mapfile -t a < <(rows 100000 120); echo ${#a[@]}", "100000\n")]
#[case::words("set -- $(rows 100000 20); echo $#", "100000\n")]
#[case::file("rows 100000 120 > /tmp/f; wc -l < /tmp/f", "100000\n")]
fn hundred_thousand_rows_pass(#[case] script: &str, #[case] stdout: &str) {
    let ran = run(script);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), (stdout, "", 0));
}

#[rstest]
#[case::between_stages("rows 1200000 100 | wc -l")]
#[case::of_one_call("rows 2700000 100 | wc -l")]
#[case::of_one_call_that_streams("rows 2700000 100 | grep -c r")]
#[case::variable("v=$(rows 1200000 100); echo ${#v}")]
#[case::group("for i in 1 2 3; do rows 400000 100; done | wc -l")]
#[case::words("set -- $(rows 1200000 100); echo $#")]
#[case::array("mapfile -t a < <(rows 1200000 100); echo ${#a[@]}")]
fn exceeded_limit_is_an_error_and_never_a_short_listing(#[case] script: &str) {
    let ran = run(&format!("{script}; echo after"));
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 1));
    assert!(ran.stderr.contains("the output is incomplete"), "{ran:?}");
}

#[rstest]
#[case::brace_range(
    "echo before; for i in {1..100000}; do :; done",
    1,
    "{1..100000} has more than 10000 words"
)]
#[case::brace_groups("echo {1..1000}{1..60}", 1, "{1..1000}{1..60} has too many words")]
#[case::range_of_eval("eval 'echo {1..20000}'; echo after", 1, "{1..20000} has more than")]
#[case::range_of_a_shell("bash -c 'echo {1..20000}'; echo after", 1, "{1..20000} has more than")]
#[case::range_of_a_file(
    "echo 'echo {1..20''000}' > /tmp/f; . /tmp/f; echo after",
    1,
    "{1..20000} has more than"
)]
#[case::range_of_a_program(
    "echo 'echo {1..20''000}' > /tmp/f; bash /tmp/f; echo after",
    1,
    "{1..20000} has more than"
)]
#[case::range_of_an_alias(
    "shopt -s expand_aliases; alias e='echo {1..20000}'\ne; echo after",
    1,
    "{1..20000} has more than"
)]
#[case::output_of_awk(
    "rows 110000 100 | awk '{ print }' > /dev/null; exit ${PIPESTATUS[1]}",
    2,
    "awk: output limit exceeded"
)]
#[case::seq("seq 150000 > /dev/null", 1, "seq: line limit (100000) exceeded")]
#[case::yes("yes > /dev/null", 1, "yes: output limit (10000 lines) exceeded")]
#[case::replacement("v=$(rows 110000 100); w=${v//r/s}", 1, "${v//r/s} may have left its value")]
#[case::replacement_that_grows(
    "v=$(rows 60000 100); w=${v//rr/--sockets--}",
    1,
    "${v//rr/--sockets--} may have left its value"
)]
#[case::replacement_in_an_array(
    "mapfile -t a < <(rows 110000 100); w=(\"${a[@]//r/s}\")",
    1,
    "${a[@]//r/s} may have left its value"
)]
#[case::removal("v=$(rows 101 100); w=${v##*[r]}", 1, "${v##*[r]} may not have seen all")]
#[case::exit("v=$(rows 110000 100); w=${v/r/s}; exit 0", 1, "${v/r/s} may have left its value")]
fn bounds_of_the_interpreter_are_errors(
    #[case] script: &str,
    #[case] status: u8,
    #[case] message: &str,
) {
    let ran = run(script);
    assert_eq!((ran.stdout.as_str(), ran.status), ("", status), "{ran:?}");
    assert!(ran.stderr.contains(message), "{ran:?}");
}

const ROWS: &str = "v=$(rows 101 100)";

/// Every place where a script may have an expansion of a large value.
#[rstest]
#[case::local("f() { local w=$v; echo ${w##*[r]}; }; f")]
#[case::parameter("f() { echo \"${1##*[r]}\"; }; f \"$v\"")]
#[case::changed_later("w=${v##*[r]}; v=; echo ${#w}")]
#[case::unset_later("w=${v##*[r]}; unset v; echo ${#w}")]
#[case::subshell("(v+=r; echo ${v##*[r]}); v=")]
#[case::substitution("w=$(w=$v; echo ${w##*[r]})")]
#[case::pipeline("echo a | while read -r l; do w=$v; echo ${w##*[r]}; done")]
#[case::element("a=(b \"$v\"); echo ${a[1]##*[r]}; a=()")]
#[case::pattern_in_a_variable("p='*[r]'; echo ${v##$p}; v=")]
#[case::eval("eval 'echo ${v##*[r]}'; v=")]
#[case::trap("trap 'echo ${v##*[r]}; v=' EXIT; exit 0")]
#[case::file("echo 'echo ${v##*[r]}; v=' > /tmp/f; . /tmp/f")]
#[case::alias("shopt -s expand_aliases; alias e='echo ${v##*[r]}'\ne; v=")]
#[case::here_document("cat <<E\n${v##*[r]}\nE\nv=")]
#[case::condition("[[ ${v##*[r]} ]] && v=")]
#[case::within_another("echo ${x:-${v##*[r]}}; v=")]
#[case::long_operand("echo ${v##*[r]$(: xxxx)}; v=")]
#[case::replacement("f() { local w=${1//r/s--}; echo ${#w}; }; f \"$(rows 50000 100)\"")]
#[case::replacement_by_a_variable(
    "x=-----------; f() { echo ${1//r/$x}; }; f \"$(rows 20000 100)\""
)]
#[case::replaced_pattern("f() { echo ${1//[r]/st}; }; f \"$(rows 60000 100)\"")]
#[case::replaced_by_a_command("f() { echo ${1//r/$(echo st)}; }; f \"$(rows 2000 100)\"")]
fn expansions_of_large_values_end_the_script_everywhere(#[case] script: &str) {
    let ran = run(&format!("{ROWS}\n{script}\necho after"));
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{ran:?}");
    assert!(ran.stderr.contains("may not have seen") || ran.stderr.contains("may have left"));
}

/// Another shell goes on, and then the script fails.
#[rstest]
#[case::words("bash -c 'echo ${#w} ${#w}; w=${w//r/0123456789}'")]
#[case::program("echo 'echo ${#w} ${#w}; w=${w//r/0123456789}' > /tmp/f; bash /tmp/f")]
fn expansions_of_other_shells_are_errors(#[case] script: &str) {
    let ran = run(&format!("export w=$(rows 20000 60)\n{script}"));
    assert_eq!((ran.stdout.as_str(), ran.status), ("1199999 1199999\n", 1), "{ran:?}");
    assert!(ran.stderr.contains("${w//r/0123456789} may have left its value"), "{ran:?}");
}

#[test]
fn functions_of_earlier_lines_are_checked() {
    let mut shell = shell().build().unwrap();
    let ran = run_in(&mut shell, "f() { local w=$1; echo \"${w##*[r]}\"; }; f abc");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), ("abc\n", "", 0));
    let ran = run_in(&mut shell, "f \"$(rows 101 100)\"");
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{ran:?}");
    assert!(ran.stderr.contains("${w##*[r]} may not have seen all of its value"), "{ran:?}");
}

#[rstest]
#[case::replaced("w=${v//r/st}; echo ${#w}", "20098\n")]
#[case::replaced_pattern("w=${v//[r]/st}; echo ${#w}", "20098\n")]
#[case::not_found("w=$v$v$v; w=${w//[x]/$v}; echo ${#w}", "30297\n")]
#[case::text_in_a_variable("p=$'\n'; w=${v##*$p}; echo ${#w}", "99\n")]
#[case::text("v=; echo '${v##*[r]}' \"\\${v//r/s}\"", "${v##*[r]} ${v//r/s}\n")]
#[case::empty_word("set -- ${x##*[r]}; echo $#", "0\n")]
#[case::status("false; w=$?${x##*[r]}; echo $w; w=$(false)${x##*[r]}; echo $?", "1\n1\n")]
#[case::strict("set -eu; x=abc; echo ${x//b/d}${x##*[b]}", "adcc\n")]
fn expansions_that_are_checked_have_their_values(#[case] script: &str, #[case] stdout: &str) {
    let ran = run(&format!("{ROWS}\n{script}"));
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), (stdout, "", 0));
}

/// Each is in `docs/shell.md`. Where the interpreter no longer cuts, the line there goes.
#[rstest]
#[case::elements_of_a_local_array(
    "f() { local a=(\"$(rows 20000 60)\"); a=(\"${a[@]//r/0123456789}\"); echo ${#a[0]}; }; f",
    "1199999\n"
)]
#[case::parameters(
    "set -- \"$(rows 20000 60)\"; set -- \"${@//r/0123456789}\"; echo ${#1}",
    "1199999\n"
)]
#[case::by_reference(
    "f() { local v=$(rows 20000 60) r=v; v=${!r//r/0123456789}; echo ${#v}; }; f",
    "1199999\n"
)]
#[case::arithmetic(
    "f() { local s=1+ v i; for ((i = 0; i < 12; i++)); do s+=$s; done; v=$s${s:0:2000}1; \
     echo $((${v##*[+]})); }; f",
    "98\n"
)]
#[case::list_of_patterns(
    "shopt -s extglob; f() { local v=$(rows 2 100); v=${v//+(x|y)/s}; echo ${#v}; v=${v/%+(r)/s}; \
     echo ${#v}; }; f",
    "199\n199\n"
)]
#[case::command_in_a_text("v=aba; echo ${v//b/$(echo x)}", "aa\n")]
#[case::expansion_in_a_text("v=aba t=yz; echo ${v//b/${t%z}}", "aya}\n")]
#[case::large_result_of_an_expansion_in_a_text(
    "f() { local v=$(rows 10 100) t=$(rows 200 100) w; w=${v//r/${t%z}}; echo ${#w}; }; f",
    "1000\n"
)]
#[case::long_operand(
    "f() { local v=$(rows 10 100) t=$(rows 170 101) w; eval \"w=\\${v//r/${t//?/x}}\"; \
     echo ${#w}; }; f",
    "999\n"
)]
#[case::script_on_the_input(
    "echo 'v=$(rows 20000 60); v=${v//r/0123456789}; echo ${#v}; v=' | bash",
    "1199999\n"
)]
#[case::range_of_an_input("echo 'echo {1..20''000}' | bash", "{1..20000}\n")]
fn bounds_that_cut_are_documented(#[case] script: &str, #[case] stdout: &str) {
    let ran = run(script);
    assert_eq!((ran.stdout.as_str(), ran.status), (stdout, 0), "{ran:?}");
}

#[test]
fn endless_sed_loop_ends_with_a_warning() {
    let ran = run("printf '%2000s\n' '' | sed ':a;s/ /x/;ta' | tr -d x | wc -c");
    assert_eq!((ran.stdout.as_str(), ran.status), ("1668\n", 0));
    assert!(ran.stderr.contains("branch/label loop limit (1000) reached"), "{ran:?}");
}

#[rstest]
#[case::head("rows 200000 100 | head -n 150000 | wc -l", "150000\n")]
#[case::head_of_a_file("rows 200000 100 > /tmp/f; head -n 150000 /tmp/f | wc -l", "150000\n")]
#[case::head_but_the_last("rows 200000 100 | head -n -50000 | wc -l", "150000\n")]
#[case::tee("rows 200000 100 | tee /tmp/f | wc -l; wc -l < /tmp/f", "200000\n200000\n")]
#[case::awk("rows 200000 100 | awk '{ n += length($0) } END { print n }'", "19800000\n")]
#[case::replacement("v=$(rows 100000 90); w=${v//$'\n'/ab}; echo ${#v} ${#w}", "8999999 9099998\n")]
#[case::removal("v=$(rows 200000 100); w=${v##*$'\n'}; echo ${#v} ${#w}", "19999999 99\n")]
#[case::short_removal("v=$(rows 90 100); w=${v%[r]}; echo ${#v} ${#w}", "8999 8998\n")]
#[case::loop_over_numbers("for ((i = 0; i < 100000; i++)); do :; done; echo $i", "100000\n")]
#[case::groups("set -- {1..500}{1..100}; echo $#", "50000\n")]
fn listings_pass_uncut(#[case] script: &str, #[case] stdout: &str) {
    let ran = run(script);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), (stdout, "", 0));
}

#[test]
fn pattern_matches_more_entries_than_default_limit() {
    let granted = Granted::new();
    let many = granted.dir.path().join("many");
    std::fs::create_dir(&many).unwrap();
    for number in 0..11_000 {
        std::fs::write(many.join(format!("entry{number}")), "").unwrap();
    }
    let ran = granted.run(Read, "set -- $D/many/*; echo $#; for f in $D/m*/entry1*; do :; done; ls $D/many | wc -l; echo $f");
    let last = format!("{}/many/entry1999", granted.path);
    assert_eq!((ran.stdout, ran.stderr.as_str()), (format!("11000\n11000\n{last}\n"), ""));
}

#[rstest]
#[case::find("find many > /dev/null", "find: output size limit exceeded")]
#[case::tree("tree many{,,,,,,,,,,} > /dev/null", "tree: resource limit exceeded")]
#[case::patterns(
    "for ((i = 0; i < 100; i++)); do p+=' many/x*'; done; set -- $p; echo $#",
    "a command or a pattern lists more than 1000000 entries"
)]
fn more_entries_than_a_command_takes_are_an_error(#[case] script: &str, #[case] message: &str) {
    let granted = Granted::new();
    let many = granted.dir.path().join("many");
    std::fs::create_dir(&many).unwrap();
    for number in 0..11_000 {
        std::fs::write(many.join(format!("{number:0100}")), "").unwrap();
    }
    let ran = granted.run(Read, &format!("cd $D; {script}"));
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{ran:?}");
    assert!(ran.stderr.contains(message), "{ran:?}");
}

/// A granted directory with a file below so many directories.
fn deep(levels: usize) -> Granted {
    let granted = Granted::new();
    let path = granted.dir.path().join(vec!["d"; levels].join("/"));
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("needle"), "needle\n").unwrap();
    granted
}

#[rstest]
#[case::tree("tree d | grep -c needle", "1\n")]
#[case::pattern("shopt -s globstar; for f in **/needle; do wc -l < $f; done", "1\n")]
#[case::grep("grep -rl needle d | wc -l", "1\n")]
#[case::find("find d -name needle | wc -l", "1\n")]
#[case::list("ls -R d | grep -c needle", "1\n")]
#[case::usage("du d | wc -l", "150\n")]
#[case::copy("cp -r d e; find e -name needle | wc -l", "1\n")]
fn directories_deeper_than_default_limit_are_listed(#[case] script: &str, #[case] stdout: &str) {
    let ran = deep(150).run(ReadWrite, &format!("cd $D; {script}"));
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), (stdout, "", 0));
}

#[rstest]
#[case::tree("tree d")]
#[case::pattern("shopt -s globstar; set -- **")]
#[case::grep("grep -r needle d")]
#[case::find("find d")]
#[case::list("ls -R d")]
#[case::usage("du d")]
fn too_deep_directories_end_the_script(#[case] script: &str) {
    let ran = deep(270).run(Read, &format!("cd $D; {script} > /dev/null; echo after"));
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{ran:?}");
    assert!(ran.stderr.contains("a directory is deeper than 256 levels"), "{ran:?}");
}

#[test]
fn tree_that_is_too_deep_to_remove_is_an_error() {
    let granted = deep(140);
    let ran = granted.run(ReadWrite, "rm -rf $D/d; echo $?; ls -d $D/d");
    assert_eq!(ran.stdout, format!("1\n{}/d\n", granted.path));
    assert!(ran.stderr.contains("128"), "{ran:?}");
}

#[test]
fn file_in_memory_that_is_too_large_is_an_error() {
    let ran = run("rows 400000 100 > /tmp/f; echo $?");
    assert_eq!(ran.stdout, "1\n");
    assert!(ran.stderr.contains("exceeds 33554432 byte limit"), "{ran:?}");
}

fn limited(script: &str, bytes: u64) -> Ran {
    let limits = ScriptLimits { max_output_bytes: bytes, ..ScriptLimits::default() };
    run_in(&mut shell().limits(limits).build().unwrap(), script)
}

#[rstest]
#[case::builtin("rows 100 10; echo after")]
#[case::command("seq 1000; echo after")]
#[case::loop_of_commands("for i in {1..100}; do echo 123456789; done; echo after")]
#[case::end_of_a_pipeline("rows 100 10 | cat; echo after")]
#[case::subshell("(rows 100 10); echo after")]
fn too_much_output_is_an_error(#[case] script: &str) {
    let ran = limited(script, 100);
    assert_eq!((ran.stdout.len(), ran.status), (100, 1), "{ran:?}");
    assert_eq!(
        ran.stderr,
        "host-shell: the output is larger than the limit of 100 bytes: it is incomplete\n"
    );
}

#[test]
fn output_at_limit_is_complete() {
    let ran = limited("rows 10 10", 100);
    assert_eq!((ran.stdout.len(), ran.stderr.as_str(), ran.status), (100, "", 0));
}

#[test]
fn unprinted_output_does_not_count() {
    let ran = limited("rows 1000 100 | wc -l; rows 1000 100 > /tmp/f; v=$(rows 1000 100)", 10);
    assert_eq!((ran.stdout.as_str(), ran.status), ("1000\n", 0));
}

fn timed(shell: host_shell::ShellBuilder, script: &str) -> Ran {
    timed_by(SHORT, shell, script)
}

/// Timeouts, from a short one to one that is long enough on a busy machine.
const TIMEOUTS: [Duration; 4] =
    [SHORT, Duration::from_secs(1), Duration::from_secs(16), Duration::from_mins(4)];
const SHORT: Duration = Duration::from_millis(50);

fn timed_by(timeout: Duration, shell: host_shell::ShellBuilder, script: &str) -> Ran {
    let limits = ScriptLimits { timeout, ..ScriptLimits::default() };
    run_in(&mut shell.limits(limits).build().unwrap(), script)
}

#[rstest]
#[case::sleep("sleep 600; echo after")]
#[case::endless_loop("while :; do :; done")]
#[case::pipeline("sleep 600 | cat; echo after")]
#[case::function("f() { f2; }; f2() { sleep 600; }; f")]
#[case::subshell("(sleep 600); echo after")]
fn script_that_takes_too_long_ends_with_124(#[case] script: &str) {
    let ran = timed(shell(), script);
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 124));
    assert_eq!(ran.stderr, "host-shell: the script took longer than 50ms\n");
}

#[rstest]
#[case::last("waits")]
#[case::not_last("waits; echo after; sleep 600")]
#[case::pipeline("waits | cat")]
fn timeout_reaches_a_builtin(#[case] script: &str) {
    for timeout in TIMEOUTS {
        let (started, begun) = mpsc::sync_channel(1);
        let cancelled = Arc::new(AtomicBool::new(false));
        let waits = Waits { started, cancelled: Arc::clone(&cancelled) };
        let ran = timed_by(timeout, shell().registry(registry_with(Box::new(waits))), script);
        assert_eq!(ran.status, 124, "{ran:?}");
        // A timeout may occur before the builtin starts.
        if begun.recv().is_ok() {
            wait_until("the builtin sees that it is cancelled", || {
                cancelled.load(Ordering::SeqCst)
            });
            return;
        }
    }
    panic!("expected the builtin to begin within {:?}", TIMEOUTS.last());
}

#[test]
fn shell_does_not_wait_for_stuck_builtin() {
    let (release, released) = mpsc::channel();
    let stuck = Stuck(std::sync::Mutex::new(released));
    let ran = timed(shell().registry(registry_with(Box::new(stuck))), "stuck; echo after");
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 124));
    drop(release);
}

#[test]
fn shell_continues_after_timeout() {
    for timeout in TIMEOUTS {
        let limits = ScriptLimits { timeout, ..ScriptLimits::default() };
        let mut shell = shell().limits(limits).build().unwrap();
        // Only the last step of the second script may take too long.
        if run_in(&mut shell, "v=1; f() { local v=2; sleep 600; }").status != 0 {
            continue;
        }
        assert_eq!(run_in(&mut shell, "w=1; echo text > /tmp/file; f").status, 124);
        let ran = run_in(&mut shell, "echo $v [$w]; cat /tmp/file");
        if ran.status == 0 {
            assert_eq!(ran.stdout, "1 []\ntext\n");
            return;
        }
    }
    panic!("expected three lines to run within {:?}", TIMEOUTS.last());
}

#[rstest]
#[case::function_depth("f() { f; }; f; echo $?")]
#[case::deep_substitution("f() { echo $(f); }; f")]
fn recursion_ends_with_an_error(#[case] script: &str) {
    let ran = run(script);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.stderr.contains("depth exceeded"), "{ran:?}");
}

#[test]
fn closed_reader_of_output_ends_script_silently() {
    struct Gone;

    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut stderr = Vec::new();
    let script = host_shell::Script { text: "echo a; echo b >&2".to_owned(), ..Default::default() };
    let outcome = shell().build().unwrap().run(&script, &mut Gone, &mut stderr);
    assert_eq!((outcome.status.code(), stderr.as_slice()), (141, &b""[..]));
}

#[test]
fn syntax_error_has_status_2() {
    let ran = run("echo before\nif then");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("syntax error near unexpected token `then'"), "{ran:?}");
}
