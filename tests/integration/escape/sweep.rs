//! Runs every command of the shell with one path after the other.
//!
//! The other tables depend on what each command does; this one does not. It passes each command the
//! path in every position where commands take paths, and checks the output.

#![expect(
    clippy::disallowed_methods,
    reason = "a test opens the secret, and reads the machine's names"
)]

use std::{fs::File, io::Read as _, os::fd::AsRawFd as _, time::Duration};

use bstr::ByteSlice as _;
use builtin_api::{Access, Registry, Sandbox};
use cap_std::{ambient_authority, fs::Dir};
use host_shell::{LANGUAGE, Script, ScriptLimits, Shell};
use rstest::rstest;
use ss_builtin::Ss;
use testkit::FakeProc;

use super::tree::{SECRET, Tree};
use crate::ours;

/// The positions where commands take a path, `@` the command and `$P` the path.
const FORMS: &[&str] = &[
    "@ $P",
    "@ x $P",
    "@ $P x",
    "@ -f $P",
    "@ -F $P",
    "@ -o $P",
    "@ -r $P",
    "@ --file=$P",
    "@ < $P",
    "@ <> $P",
    "echo x | @ > $P",
    "echo x | @ $P",
    "cd $P && @",
    "@ $D/file $P",
    "@ $P $D/copy && cat $D/copy",
];

fn shell(tree: &Tree) -> Shell {
    let mut sandbox = Sandbox::empty();
    for (name, access) in [("granted", Access::ReadWrite), ("readonly", Access::Read)] {
        let path = tree.at(name);
        let dir = Dir::open_ambient_dir(&path, ambient_authority()).unwrap();
        sandbox.grant(path.as_os_str().as_encoded_bytes(), dir, access).unwrap();
    }
    let mut registry = Registry::new();
    let root = FakeProc::new().build();
    registry.register(Ss::new(ours::view(&root, ours::recorded_names()))).unwrap();
    let limits = ScriptLimits { timeout: Duration::from_mins(10), ..ScriptLimits::default() };
    Shell::builder().sandbox(sandbox).registry(registry).limits(limits).build().unwrap()
}

/// Runs a script, and returns everything that it printed.
fn printed(shell: &mut Shell, text: String) -> Vec<u8> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    shell.run(&Script { text, ..Script::default() }, &mut stdout, &mut stderr);
    stdout.extend(stderr);
    stdout
}

/// Returns the name of every command.
fn commands() -> Vec<String> {
    let help = printed(&mut shell(&Tree::new()), "help".to_owned()).to_str_lossy().into_owned();
    let (builtins, others) = help.split_once("Commands of the interpreter:").unwrap();
    let builtins = builtins.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let mut names: Vec<String> =
        builtins.chain(others.split_whitespace()).map(str::to_owned).collect();
    for word in LANGUAGE {
        assert!(names.iter().any(|name| name == word), "{word} is not listed");
    }
    assert!(names.iter().any(|name| name == "ss") && names.len() > 150, "{names:?}");
    names.dedup();
    names
}

/// Gives every command the path in every form; returns how many lines contained the needle.
fn sweep(tree: &Tree, path: &str, needle: &[u8]) -> usize {
    let mut shell = shell(tree);
    let before = format!("{}P={path}\n", tree.preamble());
    let mut found = 0;
    for command in commands() {
        // Subshells, so that `exit` and `exec` end only their form.
        let form = |form: &&str| format!("( {} ) < /dev/null\n", form.replace('@', &command));
        let forms: Vec<String> = FORMS.iter().map(form).collect();
        let mut output = printed(&mut shell, before.clone() + &forms.concat());
        if output.contains_str("host-shell: ") {
            // One form ended the whole script, so each is run separately.
            output =
                forms.iter().flat_map(|form| printed(&mut shell, before.clone() + form)).collect();
        }
        found += output.lines().filter(|line| line.contains_str(needle)).count();
    }
    found
}

#[rstest]
#[case::secret("$O/secret")]
#[case::secret_by_link("$D/abs")]
#[case::secret_in_shared_memory("$SHM/secret")]
#[case::directory("$O")]
#[case::linked_directory("$D/updir/")]
#[case::marker("$O/marker")]
#[case::read_only("$R/file")]
fn commands_do_not_reach_path(#[case] path: &str) {
    let tree = Tree::new();
    let before = tree.beyond_reach();
    assert_eq!(sweep(&tree, path, SECRET.as_bytes()), 0);
    assert_eq!(tree.beyond_reach(), before);
}

#[rstest]
#[case::proc("/proc/self/fd/")]
#[case::dev("/dev/fd/")]
fn commands_do_not_reach_descriptor_of_process(#[case] directory: &str) {
    let tree = Tree::new();
    let secret = File::open(tree.at("outside/secret")).unwrap();
    let path = format!("{directory}{}", secret.as_raw_fd());
    let mut text = String::new();
    File::open(&path).unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains(SECRET), "the descriptor does not contain the secret");
    assert_eq!(sweep(&tree, &path, SECRET.as_bytes()), 0);
}

#[rstest]
#[case::boot("/proc/sys/kernel/random/boot_id")]
#[case::mounts("/proc/self/mountinfo")]
#[case::sys("/sys/devices/system/cpu/possible")]
fn commands_do_not_reach_machine(#[case] path: &str) {
    // OK because a file that the machine lacks cannot be shown.
    let Ok(content) = std::fs::read(path) else { return };
    let Some(line) = content.lines().find(|line| line.len() > 8) else { return };
    assert_eq!(sweep(&Tree::new(), path, line), 0);
}

/// The sweep finds granted files, so it would also find the secret.
#[test]
fn many_commands_reach_granted_file() {
    let tree = Tree::new();
    let found = sweep(&tree, "$R/file", b"readonly");
    assert!(found > 100, "only {found} lines of a file were printed");
}
