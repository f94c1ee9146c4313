//! Tests the server with the protocol's Python SDK as the client, in `client.py`.
#![expect(
    clippy::disallowed_methods,
    reason = "the test starts Python in a network namespace, and makes a directory for its packages"
)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the functions that tests share may fail a test, and print, as tests may"
)]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// The version that the tests were written for.
const SDK: &str = "mcp==2.3.0";

/// Returns a Python that has the SDK, in a virtual environment that is kept between runs.
fn python() -> Result<PathBuf, String> {
    static MADE: LazyLock<Result<PathBuf, String>> = LazyLock::new(make_python);
    MADE.clone()
}

fn make_python() -> Result<PathBuf, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = directory.join("bin/python");
    let has_sdk = |python: &Path| {
        let script =
            "import importlib.metadata as m, sys; sys.exit(m.version('mcp') != sys.argv[1])";
        let version = SDK.rsplit('=').next().unwrap_or_default();
        Command::new(python)
            .args(["-c", script, version])
            .output()
            .is_ok_and(|run| run.status.success())
    };
    if has_sdk(&python) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&directory))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", SDK]))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let run = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if run.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&run.stderr)))
}

/// Runs a Python script in a new network namespace; reports loudly when that is not possible.
fn in_namespace(script: &str, args: &[&str]) {
    let needed = python()
        .and_then(|python| run(Command::new("unshare").args(["-rn", "true"])).map(|()| python));
    let python = match needed {
        Ok(python) => python,
        Err(problem) => {
            assert!(std::env::var_os("CI").is_none(), "NOT TESTED: {problem}");
            eprintln!(
                "NOT TESTED, because there is no Python with {SDK} or no namespace: {problem}"
            );
            return;
        }
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let ran = Command::new("unshare")
        .arg("-rn")
        .arg(python)
        .arg(tests.join(script))
        .args(args)
        .output()
        .unwrap();
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", shown(&ran.stdout), shown(&ran.stderr));
    println!("{}", shown(&ran.stdout));
}

#[test]
fn python_sdk_uses_every_tool() {
    in_namespace("client.py", &[env!("CARGO_BIN_EXE_ss-mcp")]);
}

#[test]
fn commands_for_agents_answer_in_their_situations() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/agents.md");
    in_namespace("agents.py", &[env!("CARGO_BIN_EXE_ss-mcp"), doc.to_str().unwrap()]);
}
