//! The real `netstat`, of net-tools 2.10.

#![expect(clippy::disallowed_methods, reason = "the comparison has to start the real netstat")]

use std::process::{Command, Output};

use testkit::FakeRoot;

use crate::{outcome::Outcome, workspace};

/// The version that is the reference.
const VERSION: &str = "net-tools 2.10";

/// Mounts a directory over `/proc`, which the program reads, and executes the program.
const OVER_PROC: &str = r#"mount --bind "$0" /proc && exec "$@""#;

/// net-tools' `netstat`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealNetstat {
    program: &'static str,
}

impl RealNetstat {
    /// Returns the program if it is there, and reports loudly if it is not.
    ///
    /// # Panics
    ///
    /// If `CI` is set and it is not there, or if it is not a 2.10.
    pub(crate) fn find() -> Option<Self> {
        let program = "netstat";
        let Ok(output) = Command::new(program).arg("-V").output() else {
            assert!(!workspace::is_ci(), "netstat is missing: install net-tools");
            eprintln!("*** netstat is missing: NOTHING IS COMPARED. Install net-tools. ***");
            return None;
        };
        let version = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(version.starts_with(VERSION), "this is {version:?}, and not {VERSION}");
        Some(Self { program })
    }

    /// Runs it as it is.
    pub(crate) fn run(self, args: &[String]) -> Outcome {
        outcome(Command::new(self.program).args(args).output().unwrap())
    }

    /// Runs it over a fake root; `None` where nothing can be mounted over `/proc`.
    pub(super) fn run_over(self, root: &FakeRoot, args: &[String]) -> Option<Outcome> {
        let run = |args: &[String]| {
            let mut command = Command::new("unshare");
            command
                .args(["-Urm", "sh", "-c", OVER_PROC])
                .arg(root.path())
                .arg(self.program)
                .args(args);
            command.output().unwrap()
        };
        if !run(&["-V".to_owned()]).status.success() {
            assert!(!workspace::is_ci(), "the comparison needs unshare and mount");
            eprintln!(
                "*** NOTHING IS COMPARED: this needs unshare, mount and user namespaces. ***"
            );
            return None;
        }
        Some(outcome(run(args)))
    }
}

fn outcome(output: Output) -> Outcome {
    Outcome {
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        status: output.status.code().expect("netstat ends by itself"),
    }
}
