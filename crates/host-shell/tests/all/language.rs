//! `help language`: every claim is tested.

use std::{collections::BTreeSet, time::Duration};

use builtin_api::Access;
use host_shell::ScriptLimits;
use rstest::rstest;

use crate::support::{Granted, run, run_in, shell};

/// A part of the text, a script that tests it, its output and its status.
type Claim = (&'static str, &'static str, &'static str, u8);

const CLAIMS: &[Claim] = &[
    ("The language is bash 5.2", "echo ${BASH_VERSION%.*}", "5.2\n", 0),
    ("pipelines", "printf 'b\na\n' | sort | head -n 1", "a\n", 0),
    (
        "redirections",
        "echo a > x; echo b >> x; { cat y 2>&1; cat; } < x",
        "cat: y: No such file or directory\na\nb\n",
        0,
    ),
    ("exec 3>FILE", "exec 3>x; echo a >&3; exec 3>&-; cat x", "a\n", 0),
    ("here-documents", "x=1; cat <<E\n$x\nE\ncat <<'E'\n$x\nE", "1\n$x\n", 0),
    ("<<<", "cat <<< a", "a\n", 0),
    ("<(...)", "cat <(echo a) <(echo b)", "a\nb\n", 0),
    ("$(...)", "echo $(echo $(echo a))", "a\n", 0),
    ("functions", "f() { echo $1; return 3; }; f a; echo $?", "a\n3\n", 0),
    ("local", "x=1; f() { local x=2; }; f; echo $x", "1\n", 0),
    ("arrays", "a=(1 2 3); a+=(4); echo ${a[@]:1} ${#a[@]}", "2 3 4 4\n", 0),
    ("declare -A", "declare -A m=([x]=1); echo ${m[x]} ${!m[@]}", "1 x\n", 0),
    ("declare -n", "declare -n r=v; v=5; echo $r", "5\n", 0),
    ("case with ;;&", "case ab in a*) echo 1;;& *b) echo 2;; *) echo 3;; esac", "1\n2\n", 0),
    ("select", "select x in a b; do echo $x; break; done <<< 2 2>/dev/null", "b\n", 0),
    ("[[ a =~ b ]]", "[[ abc =~ ^a(.)c$ ]] && echo ${BASH_REMATCH[1]}", "b\n", 0),
    ("$((16#ff))", "echo $((16#ff)) $((2**10))", "255 1024\n", 0),
    ("{1..3}", "echo {1..3} {a,b}x", "1 2 3 ax bx\n", 0),
    ("*.c", "touch a.c b.c; echo *.c", "a.c b.c\n", 0),
    ("extglob", "shopt -s extglob; [[ aab == +(a)b ]] && echo yes", "yes\n", 0),
    ("${x//a/b} ${x^^} ${x:1:2}", "x=abab; echo ${x//a/b} ${x^^} ${x:1:2}", "bbbb ABAB ba\n", 0),
    ("read", "read -r a b <<< '1 2'; echo $b", "2\n", 0),
    ("mapfile", "mapfile -t a < <(printf '1\n2\n'); echo ${#a[@]}", "2\n", 0),
    ("printf -v", "printf -v x %03d 7; echo $x", "007\n", 0),
    ("getopts", "set -- -a 1; while getopts a: o; do echo $o $OPTARG; done", "a 1\n", 0),
    ("eval", "eval 'echo a'", "a\n", 0),
    ("source", "echo 'x=1' > s; source s; echo $x", "1\n", 0),
    ("bash -c", "bash -c 'echo $0 $1' a b", "a b\n", 0),
    ("xargs", "echo 1 2 | xargs -n 1 echo", "1\n2\n", 0),
    ("timeout", "timeout 0.01 sleep 600", "", 124),
    ("set -euo pipefail", "set -euo pipefail; false | true; echo not here", "", 1),
    ("trap", "trap 'echo end' EXIT; echo a", "a\nend\n", 0),
    ("COMMAND & with wait", "(exit 3) & wait $!; echo $?", "3\n", 0),
    ("coproc", "coproc cat; echo ${#COPROC[@]}", "2\n", 0),
    (
        "python3, git, ssh and all others end with 127",
        "python3; echo $?; git; echo $?; ssh a; echo $?; vim; echo $?",
        "127\n127\n127\n127\n",
        0,
    ),
    ("$$ is 1", "echo $$", "1\n", 0),
    (
        "kill and ps know nothing but the script",
        "ps | wc -l; kill -9 4711 2>/dev/null; echo $?",
        "2\n1\n",
        0,
    ),
    (
        "curl and wget fail",
        "curl http://127.0.0.1; echo $?; wget http://127.0.0.1; echo $?",
        "1\n1\n",
        0,
    ),
    ("/dev/tcp/HOST/PORT", "echo a > /dev/tcp/127.0.0.1/80; echo $?", "1\n", 0),
    ("job control (fg)", "sleep 0 & fg 2>/dev/null; echo $?", "1\n", 0),
    ("env begins empty", "env | grep -c '^HOME=/root\\|^CARGO'", "0\n", 1),
    (
        "/etc/passwd, /etc/hosts, /proc",
        "cat /etc/passwd /etc/hosts /proc/version >/dev/null",
        "",
        0,
    ),
    (
        "id, hostname, uname, free, df, uptime",
        "id -un; hostname; for c in uname free df uptime; do $c >/dev/null || echo $c; done",
        "sandbox\nbashkit-sandbox\n",
        0,
    ),
    ("cat /etc/shadow finds nothing", "cat /etc/shadow", "", 1),
    (
        "pipes and files carry any bytes",
        "printf '\\xff' > x; head -c 1 /dev/zero >> x; cat x | od -An -tx1 | tr -d ' \n'",
        "ff00",
        0,
    ),
    (
        "words and variables are UTF-8 text",
        "x=$(printf '\\xff'); printf %s \"$x\" | od -An -tx1 | tr -d ' \n'",
        "efbfbd",
        0,
    ),
    ("what is too large", "f() { f; }; f", "", 1),
    ("127 no such command", "no-such-thing", "", 127),
    ("else as in bash", "exit 42", "", 42),
    ("help lists all commands", "help | grep -c '^  help '", "1\n", 0),
    ("help NAME explains one", "help rows", "rows - print rows\n", 0),
];

#[test]
fn every_claim_of_help_language_is_true() {
    let text = run("help language").stdout;
    for (claim, script, stdout, status) in CLAIMS {
        assert!(text.contains(claim), "{claim} is not in the text");
        let ran = run(script);
        assert_eq!(
            (ran.stdout.as_str(), ran.status),
            (*stdout, *status),
            "{claim}: {}",
            ran.stderr
        );
    }
}

/// Claims about granted directories, timeouts, and commands that are not allowed.
#[test]
fn claims_about_settings_of_host_are_true() {
    let granted = Granted::new();
    let ran = granted.run(Access::Read, "cat $D/file");
    assert_eq!((ran.stdout.as_str(), ran.status), ("content\n", 0));
    let limits = ScriptLimits { timeout: Duration::from_millis(1), ..ScriptLimits::default() };
    let mut shell = shell().limits(limits).build().unwrap();
    assert_eq!(run_in(&mut shell, "sleep 600").status, 124);
    let allowed = host_shell::Allowed::Only(BTreeSet::new());
    let mut shell = crate::support::shell().allowed(allowed).build().unwrap();
    assert_eq!(run_in(&mut shell, "cat x").status, 127);
}

#[test]
fn help_language_fits_a_terminal_and_has_a_claim_in_each_line() {
    let text = run("help language").stdout;
    assert!(text.lines().count() <= 23 && text.lines().all(|line| line.len() <= 80), "{text}");
    for line in text.lines().filter(|line| !line.is_empty()) {
        let known = [
            "are the same everywhere",
            "are in memory, and gone with the shell",
            "124 timeout",
            "this host (ss, portwatch",
        ];
        let parts = CLAIMS.iter().map(|(claim, ..)| *claim).chain(known);
        assert!(parts.clone().any(|part| line.contains(part)), "nothing tries {line:?}");
    }
}

#[rstest]
#[case::ss("ss", "Usage: ss [ OPTIONS ]", "--listening")]
#[case::portwatch("portwatch", "Usage: portwatch", "--wait")]
#[case::netstat("netstat", "netstat", "--listening")]
fn help_of_a_builtin_is_its_usage(#[case] name: &str, #[case] usage: &str, #[case] option: &str) {
    let script =
        format!("help {name}; {name} --help > x; help {name} | tail -n +3 | cmp - x; echo $?");
    let (stdout, stderr, status) = crate::program::run(&["-c", &script]);
    assert_eq!((stderr.as_str(), status), ("", 0));
    assert!(stdout.starts_with(&format!("{name} - ")), "{stdout}");
    assert!(stdout.contains(usage) && stdout.contains(option), "{stdout}");
    assert!(stdout.ends_with("\n0\n"), "{stdout}");
}
