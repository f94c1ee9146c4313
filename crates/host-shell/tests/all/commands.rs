//! `--allow-command`: a command that is not allowed cannot be reached by any spelling.

use std::collections::BTreeSet;

use host_shell::{Allowed, CommandCounts, ErrorKind, Shell};
use rstest::rstest;

use crate::support::{Ran, run_in, shell};

/// Everything that runs other commands, so that each spelling gets as far as possible.
const ALLOWED: &str = "echo,cd,xargs,env,find,timeout,nohup,nice,sudo,flock,busybox,retry,parallel,\
                       watch,awk,sed,make,sort,tar,split,mapfile,alias,shopt,enable,hash,type,\
                       rows,printf,[,time,kill,wait,read,chmod,tee,dd,install,compgen,complete,fc,\
                       history,which,touch,mkdir,template,rg,xxd,test";

fn only(names: &str) -> Allowed {
    let names: BTreeSet<String> = names.split(',').map(str::to_owned).collect();
    // `time` is a keyword of the grammar, not a command that could be allowed.
    Allowed::Only(names.into_iter().filter(|name| name != "time").collect())
}

fn run_allowed(names: &str, script: &str) -> Ran {
    run_in(&mut shell().allowed(only(names)).build().unwrap(), script)
}

fn run_spelled(allowed: &str, spelling: &str) -> Ran {
    run_allowed(allowed, &format!("echo secret > /tmp/x; cd /tmp; {spelling}"))
}

#[rstest]
#[case::plain("cat x")]
#[case::command("command cat x")]
#[case::command_p("command -p cat x")]
#[case::bash_c("bash -c 'cat x'")]
#[case::sh_c("sh -c 'cat x'")]
#[case::bash_c_nested("bash -c \"bash -c 'cat x'\"")]
#[case::bin("/bin/cat x")]
#[case::usr_bin("/usr/bin/cat x")]
#[case::dots("/bin/../usr/bin/cat x")]
#[case::env("env cat x")]
#[case::usr_bin_env("/usr/bin/env cat x")]
#[case::env_with_variable("env A=1 cat x")]
#[case::eval("eval cat x")]
#[case::exec("exec cat x")]
#[case::quoted("c'a't x")]
#[case::escaped("\\cat x")]
#[case::variable("c=cat; $c x")]
#[case::timeout("timeout 1 cat x")]
#[case::nohup("nohup cat x")]
#[case::nice("nice cat x")]
#[case::sudo("sudo cat x")]
#[case::time("time cat x")]
#[case::sourced("echo 'cat x' > /tmp/s; source /tmp/s")]
#[case::dotted("echo 'cat x' > /tmp/s; . /tmp/s")]
#[case::function("f() { cat x; }; f")]
#[case::alias("shopt -s expand_aliases; alias see=cat\nsee x")]
#[case::subshell("(cat x)")]
#[case::group("{ cat x; }")]
#[case::end_of_pipeline("echo a | cat x")]
#[case::path("PATH=/usr/bin:/bin cat x")]
#[case::script("echo 'cat x' > /tmp/s; chmod +x /tmp/s; /tmp/s")]
fn command_that_is_not_allowed_ends_with_127(#[case] spelling: &str) {
    let ran = run_spelled(ALLOWED, spelling);
    assert_eq!(ran.status, 127, "{ran:?}");
    assert!(!ran.stdout.contains("secret"), "{ran:?}");

    // The spelling is valid: it works where the command is allowed.
    let control = run_spelled(&format!("{ALLOWED},cat"), spelling);
    assert!(control.stdout.contains("secret"), "{control:?}");
}

#[rstest]
#[case::xargs("echo x | xargs cat")]
#[case::xargs_bash("echo x | xargs -I{} bash -c 'cat {}'")]
#[case::find_exec("find /tmp -name x -exec cat {} \\;")]
#[case::find_exec_plus("find /tmp -name x -exec cat {} +")]
#[case::trap("trap 'cat x' EXIT")]
#[case::substitution("echo $(cat x)")]
#[case::backquotes("echo `cat x`")]
#[case::process_substitution("read l < <(cat x); echo $l")]
#[case::in_the_middle("echo a | cat x | read l")]
#[case::background("cat x & wait")]
#[case::builtin("builtin cat x")]
#[case::busybox("busybox cat x")]
#[case::flock("flock /tmp/lock cat x")]
#[case::retry("retry 1 cat x")]
#[case::retry_dashes("retry -- cat x")]
#[case::parallel("parallel cat ::: x")]
#[case::watch("watch -n1 cat x")]
#[case::awk_system("awk 'BEGIN { system(\"cat x\") }'")]
#[case::awk_getline("awk 'BEGIN { \"cat x\" | getline l; print l }'")]
#[case::awk_pipe("awk 'BEGIN { print \"x\" | \"xargs cat\" }'")]
#[case::sed_e("echo 'cat x' | sed e")]
#[case::sed_1e("echo a | sed '1e cat x'")]
#[case::make("printf 'all:\\n\\tcat x\\n' > Makefile; make")]
#[case::make_shell("printf 'A := $(shell cat x)\\nall:\\n\\techo $(A)\\n' > Makefile; make")]
#[case::sort("echo a | sort --compress-program=cat")]
#[case::tar("tar -cf a.tar x; tar -xf a.tar --to-command=cat")]
#[case::split("split --filter='cat x' x")]
#[case::mapfile("echo a | mapfile -C 'cat x' -c 1")]
#[case::not_found_handle("command_not_found_handle() { cat x; }; nope")]
#[case::enable("enable cat; cat x")]
#[case::hash("hash -p /usr/bin/cat see; see x")]
#[case::compgen("compgen -C 'cat x'")]
#[case::fc("fc -s cat")]
#[case::prompt_command("PROMPT_COMMAND='cat x'; echo a")]
#[case::env_split("env -S 'cat x'")]
#[case::coproc("coproc cat x; read -u ${COPROC[0]} l; echo $l")]
#[case::arithmetic("a='b[$(cat x)]'; (( a )); echo $((a))")]
#[case::nameref("declare -n r='a[$(cat x)]'; echo $r")]
#[case::let_word("let 'a[$(cat x)]=1'")]
#[case::test_v("[ -v 'a[$(cat x)]' ]")]
#[case::declare_word("declare 'a=$(cat x)'; eval echo $a")]
#[case::printf_v("printf -v 'a[$(cat x)]' 1")]
#[case::debug_trap("trap 'cat x' DEBUG; echo a")]
#[case::err_trap("trap 'cat x' ERR; [ ]")]
#[case::exported_function("cat() { command cat x; }; export -f cat; bash -c 'cat x'")]
#[case::descriptor("exec 3< x; timeout 1 cat <&3")]
fn indirect_call_does_not_reach_command(#[case] spelling: &str) {
    let ran = run_spelled(ALLOWED, spelling);
    assert!(!ran.stdout.contains("secret"), "{ran:?}");
    assert!(!ran.stderr.contains("secret"), "{ran:?}");
}

#[test]
fn refused_command_is_reported() {
    assert_eq!(run_allowed("echo", "cat x").stderr, "cat: command not allowed\n");
}

#[test]
fn builtin_of_host_is_refused_too() {
    let ran = run_allowed("echo", "rows 1 2; /usr/bin/rows 1 2; command rows 1 2; echo $?");
    assert_eq!((ran.stdout.as_str(), ran.status), ("127\n", 0));
}

#[test]
fn missing_command_is_not_found_and_not_refused() {
    let ran = run_allowed("echo", "nope");
    assert_eq!(ran.status, 127);
    assert!(ran.stderr.contains("nope: command not found"), "{ran:?}");
}

#[rstest]
#[case::loop_with_break("for i in 1 2; do break; done; echo $i", "1\n")]
#[case::function("f() { local a=1; return 3; }; f; echo $?", "3\n")]
#[case::eval("eval 'echo a'", "a\n")]
#[case::declare("declare -i n=1+1; let n+=1; echo $n", "3\n")]
#[case::set("set -- a b; shift; echo $1", "b\n")]
#[case::test_of_the_grammar("[[ a == a ]] && echo yes", "yes\n")]
#[case::export("export A=1; readonly A; echo $A; unset B", "1\n")]
#[case::trap("trap 'echo bye' EXIT; exit 0", "bye\n")]
#[case::child_shell("bash -c 'echo a'", "a\n")]
#[case::own_function("cat() { echo own; }; cat x", "own\n")]
fn words_of_language_stay_allowed(#[case] script: &str, #[case] stdout: &str) {
    let ran = run_allowed("echo", script);
    assert_eq!((ran.stdout.as_str(), ran.status), (stdout, 0), "{ran:?}");
}

#[test]
fn discovery_shows_only_allowed_commands() {
    let ran = run_allowed("echo,type,which", "type cat; command -v cat; which cat; echo /bin/*");
    assert!(!ran.stdout.contains("cat"), "{ran:?}");
}

#[test]
fn unknown_allowed_command_is_an_error() {
    let error = Shell::builder().allowed(only("echo,catt")).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownCommand);
    assert_eq!(error.to_string(), "expected the name of a command, but found `catt`");
}

#[rstest]
#[case::nothing("", &[], 0)]
#[case::registered("rows 1 2; rows 1 2 | show", &[("rows", 2), ("show", 1)], 0)]
#[case::substitution("x=$(rows 1 2); y=`rows 1 2`", &[("rows", 2)], 0)]
#[case::others("echo a | cat; cd /", &[], 3)]
#[case::not_found("secret-in-a-name; rows 1 2", &[("rows", 1)], 1)]
#[case::a_function_is_none("unknown-secret() { rows 1 2; }; unknown-secret", &[("rows", 1)], 0)]
#[case::through_another("echo 2 | xargs rows 1; command rows 1 2", &[("rows", 2)], 3)]
#[case::loops("for i in 1 2 3; do rows 1 2; done", &[("rows", 3)], 0)]
fn only_registered_commands_are_counted_by_name(
    #[case] script: &str,
    #[case] registered: &[(&str, u64)],
    #[case] unknown: u64,
) {
    let mut shell = shell().count_commands().build().unwrap();
    run_in(&mut shell, script);
    let registered = registered.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(shell.take_counts(), Some(CommandCounts { registered, unknown }), "{script}");
    assert_eq!(shell.take_counts(), Some(CommandCounts::default()));
}

#[test]
fn command_that_is_not_allowed_is_counted_as_unknown() {
    let mut shell = shell().allowed(only("rows")).count_commands().build().unwrap();
    run_in(&mut shell, "cat x; show; rows 1 2; no-such-thing");
    let counts = shell.take_counts().unwrap();
    // `show` is registered, but not allowed.
    let expected = [("rows".to_owned(), 1), ("show".to_owned(), 1)].into();
    assert_eq!(counts, CommandCounts { registered: expected, unknown: 2 });
    assert_eq!(Shell::builder().build().unwrap().take_counts(), None);
}
