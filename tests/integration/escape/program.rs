//! The programs that run a script: the shell, and an ordinary bash.

#![expect(clippy::disallowed_methods, reason = "a test starts the shell, and bash to compare with")]

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use super::tree::{SECRET, Tree};
use crate::{outcome::Outcome, workspace};

/// Opens the descriptors that a careless host leaves open, and executes the program.
const CARELESS: &str = r#"secret=$1 marker=$2; shift 2; exec "$@" 9< "$secret" 8>> "$marker""#;

/// Runs a script in the shell, with the grants of the tree.
pub(super) fn in_shell(tree: &Tree, script: &str) -> Outcome {
    let writable = format!("{}:rw", tree.at("granted").display());
    let readable = tree.at("readonly").display().to_string();
    let script = tree.preamble() + script;
    let args = ["--allow-path", &writable, "--allow-path", &readable, "-c", &script];
    run(careless(tree, &SHELL).args(args))
}

/// Makes everything read-only except the directories of one attempt, and executes the program.
///
/// Attempts do damage in bash. So bash runs in a separate mount namespace, in which everything else
/// is read-only.
const CONTAINED: &str = r#"
top=$1; shift
mount --bind "$top" "$top" && mount -o remount,bind,ro / && cd "$PWD" &&
TMPDIR=$top/granted exec "$@"
"#;

/// Runs a script in bash; `None` where there is none, or where it cannot be contained.
pub(super) fn in_bash(tree: &Tree, script: &str) -> Option<Outcome> {
    static FOUND: LazyLock<bool> = LazyLock::new(|| {
        let tree = Tree::new();
        let found = run(contained(&tree).args(["bash", "-c", "! : > /escape-probe"])).status == 0;
        assert!(found || !workspace::is_ci(), "there is no bash for the attempts");
        if !found {
            eprintln!("NOT SHOWN: that the attempts would succeed in bash; it cannot be contained");
        }
        found
    });
    let script = tree.preamble() + script;
    FOUND.then(|| run(contained(tree).args(["bash", "-c", &script])))
}

/// Returns a command that runs in a careless host, contained.
fn contained(tree: &Tree) -> Command {
    let mut command = careless(tree, Path::new("unshare"));
    command.args(["-Urm", "--propagation", "private", "sh", "-c", CONTAINED, "sh"]);
    command.arg(tree.at("."));
    command
}

/// Runs the shell with these arguments and these variables.
pub(crate) fn shell(args: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let mut command = Command::new(&*SHELL);
    command.args(args).env_clear().envs(variables.iter().copied());
    run(&mut command)
}

/// Returns the path of the shell.
pub(crate) fn path() -> &'static Path {
    &SHELL
}

fn careless(tree: &Tree, program: &Path) -> Command {
    let outside = tree.at("outside");
    let mut command = Command::new("sh");
    command.args(["-c", CARELESS, "sh"]);
    command.args([tree.at("outside/secret"), tree.at("outside/marker")]).arg(program);
    command.env_clear().env("LEAK", SECRET).env("HOME", &outside).current_dir(&outside);
    command.envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

fn run(command: &mut Command) -> Outcome {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Outcome {
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        status: output.status.code().expect("the program ends by itself"),
    }
}

/// The program `host-shell`, in the build directory of this test.
pub(crate) static SHELL: LazyLock<PathBuf> = LazyLock::new(|| testkit::built("host-shell"));
