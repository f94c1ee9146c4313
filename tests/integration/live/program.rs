//! The two programs: `ss` of `ss-cli`, and iproute2's `ss`.

#![expect(clippy::disallowed_methods, reason = "the comparison starts both programs")]

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::{outcome::Outcome, real::RealSs, workspace};

/// An `ss` that lists the live sockets.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// Arguments before all others.
    args: &'static [&'static str],
}

impl Program {
    /// Returns iproute2's, if it is there.
    pub(crate) fn real() -> Option<Self> {
        static NAMED: OnceLock<TempDir> = OnceLock::new();
        let wrapper = RealSs::find()?.program().to_owned();
        let path =
            named(&wrapper, NAMED.get_or_init(|| TempDir::new().unwrap())).unwrap_or(wrapper);
        Some(Self { path, args: &[] })
    }

    /// Returns this project's, which is built if it is not up to date.
    pub(crate) fn ours() -> Self {
        Self { path: testkit::built("ss"), args: &[] }
    }

    /// Returns the program at a path.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), args: &[] }
    }

    /// Returns the words that start it, as arguments of another program.
    pub(crate) fn words(&self) -> impl Iterator<Item = OsString> {
        std::iter::once(self.path.clone().into()).chain(self.args.iter().map(OsString::from))
    }

    /// Returns a command that runs it as to a pipe, or on a terminal with this number of columns.
    pub(crate) fn command(&self, args: &[String], width: Option<u16>) -> Command {
        let mut command = match width {
            None => Command::new(&self.path),
            Some(width) => {
                let mut command = Command::new(python());
                command.arg(workspace::path("tests/fixture/terminal.py")).arg(width.to_string());
                command.arg(&self.path);
                command
            }
        };
        command.args(self.args).args(args).stdin(Stdio::null()).env_clear();
        command
    }

    /// Runs it as to a pipe, or on a terminal with this number of columns.
    pub(crate) fn run(&self, args: &[String], width: Option<u16>) -> Outcome {
        let output = self.command(args, width).output().unwrap();
        Outcome {
            stdout: output.stdout.into(),
            stderr: output.stderr.into(),
            status: output.status.code().expect("ss ends by itself"),
        }
    }
}

/// Creates a wrapper like the one of `scripts/fetch-ss`, which gives the process the name `ss`
/// instead of that of its loader: iproute2 lists its netlink socket by that name, and a long one
/// makes the column wider.
fn named(wrapper: &Path, directory: &TempDir) -> Option<PathBuf> {
    let script = fs::read_to_string(wrapper).ok()?;
    let loader = script.split_once("exec '")?.1.split_once('\'')?.0;
    let [named, link] = ["wrapper", "ss"].map(|name| directory.path().join(name));
    if !named.exists() {
        symlink(loader, &link).unwrap();
        fs::copy(wrapper, &named).unwrap();
        fs::write(&named, script.replacen(loader, link.to_str()?, 1)).unwrap();
    }
    Some(named)
}

/// Returns the interpreter itself, without any wrapper that needs an environment.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let output =
            Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        PathBuf::from(String::from_utf8(output.unwrap().stdout).unwrap().trim_end())
    })
}
