//! The sockets: a script of `tests/fixture` keeps them open.

#![expect(clippy::disallowed_methods, reason = "safe Rust cannot make these sockets: Python does")]

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use crate::workspace;

/// Sockets that are open as long as this exists.
pub(crate) struct Fixture {
    child: Child,
    /// Closing it ends the fixture.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    directory: TempDir,
    absent: Vec<String>,
}

impl Fixture {
    /// Opens every kind of socket that the kernel allows, and reports the kinds that it does not.
    pub(crate) fn new() -> Self {
        let fixture = Self::start(&[]);
        eprintln!("absent here: {}", fixture.absent.join("; "));
        fixture
    }

    /// Opens the sockets that these words choose.
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::run("sockets.py", words)
    }

    /// Opens the sockets of a script in `tests/fixture`.
    pub(crate) fn run(script: &str, words: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        mount_tmpfs(directory.path());
        let mut child = Command::new("python3")
            .arg(workspace::path("tests/fixture").join(script))
            .arg(directory.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut absent = Vec::new();
        loop {
            let line = read_line(&mut stdout).expect("the fixture gets ready");
            match line.strip_prefix("ABSENT ") {
                Some(kind) => absent.push(kind.to_owned()),
                None if line == "READY" => break,
                None => panic!("the fixture printed {line:?}"),
            }
        }
        Self { child, stdin, stdout, directory, absent }
    }

    /// Returns the kinds that the kernel refuses, and why.
    pub(crate) fn absent(&self) -> &[String] {
        &self.absent
    }

    /// Returns the directory of named unix sockets.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Sends the next command to the fixture, and returns its answer.
    pub(crate) fn go(&mut self) -> String {
        let stdin = self.stdin.as_mut().expect("the fixture listens");
        stdin.write_all(b"go\n").unwrap();
        read_line(&mut self.stdout).expect("the fixture prints a line")
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.stdin = None;
        // The fixture ends at the end of its input; its status has no meaning.
        drop(self.child.wait());
    }
}

fn read_line(stdout: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    line.pop().map(|_newline| line)
}

/// Mounts a separate file system on a directory. Its device number is a small one, which iproute2
/// decodes as this project does.
fn mount_tmpfs(directory: &Path) {
    let mount = Command::new("mount").args(["-t", "tmpfs", "none"]).arg(directory).status();
    assert!(mount.unwrap().success(), "a tmpfs can be mounted in a mount namespace");
}
