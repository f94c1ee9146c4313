//! The real `ss`, installed by `scripts/fetch-ss`.

#![expect(clippy::disallowed_methods, reason = "the comparison has to start the real ss")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use testkit::FakeRoot;

use crate::{outcome::Outcome, workspace};

const PROGRAM: &str = "target/iproute2/ss";
/// The version that is the reference.
const MAJOR: &str = "ss utility, iproute2-7.";

/// An `ss` of iproute2 7.x.
#[derive(Clone, Debug)]
pub(crate) struct RealSs {
    program: PathBuf,
    version: String,
}

impl RealSs {
    /// Returns the program if it is there, and reports loudly if it is not.
    ///
    /// # Panics
    ///
    /// If `CI` is set and it is not there, or if it is not a 7.x.
    pub(crate) fn find() -> Option<Self> {
        let program = workspace::path(PROGRAM);
        if !program.is_file() {
            assert!(!workspace::is_ci(), "{PROGRAM} is missing: run scripts/fetch-ss");
            eprintln!("*** {PROGRAM} is missing: NOTHING IS COMPARED. Run scripts/fetch-ss. ***");
            return None;
        }
        let output = Command::new(&program).arg("-V").output().expect("ss starts");
        let version = String::from_utf8(output.stdout).expect("a version is text");
        assert!(version.starts_with(MAJOR), "{PROGRAM} is {version:?}, but 7.x is the reference");
        Some(Self { program, version: version.trim_end().to_owned() })
    }

    /// Returns the path of the program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Returns the line that it prints for `-V`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Runs it over a fake root, with output for this number of columns or for a pipe.
    pub(crate) fn run(&self, root: &FakeRoot, args: &[String], width: Option<u16>) -> Outcome {
        self.run_with(root, args, width, Stdio::null())
    }

    /// Runs it over a fake root, with standard input.
    pub(crate) fn run_with(
        &self,
        root: &FakeRoot,
        args: &[String],
        width: Option<u16>,
        stdin: impl Into<Stdio>,
    ) -> Outcome {
        let mut command = Command::new(&self.program);
        command.args(args).stdin(stdin).env_clear().env("PROC_ROOT", root.path());
        if let Some(width) = width {
            command.env("COLUMNS", width.to_string());
        }
        let output = command.output().expect("ss starts");
        Outcome {
            stdout: output.stdout.into(),
            stderr: output.stderr.into(),
            status: output.status.code().expect("ss ends by itself"),
        }
    }
}
