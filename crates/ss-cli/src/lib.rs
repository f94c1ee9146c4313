//! `ss` and `portwatch` as programs. This library runs a builtin with the streams, the arguments
//! and the authority of the process.
//!
//! The programs have the authority of their user, like iproute2's `ss`: every grant is given, keys
//! of connections are shown, and the process is not confined. `-F FILE` reads any file by its
//! absolute path.
//!
//! Three options choose the tables; two of them are for measurement. They are recognised only as
//! the first arguments, have no abbreviations, and do not affect abbreviations of other options:
//!
//! | option | sockets that are listed |
//! | --- | --- |
//! | `--proc-root DIR` | those of a directory with the form of `/proc` |
//! | `--host-proc DIR` | those of process 1 of a procfs that is mounted at a directory, as text |
//! | `--proc-only` | those of the system's text tables, without sock_diag |
//!
//! `--host-proc` is for a container into which the host's `/proc` is mounted. The directory has to
//! be the root of a procfs. The text tables lack statistics, memory, the backlog of listeners and
//! names of interfaces. Names of network namespaces are missing, too, because `/run/netns` is the
//! container's; names of users, services and protocols are the container's. Processes are from the
//! same procfs, as far as this user may inspect them.

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    num::NonZeroU16,
    os::unix::ffi::OsStringExt,
    path::PathBuf,
    process::ExitCode,
};

use bstr::{BString, ByteSlice as _};
use builtin_api::{Access, Builtin, CallContext, Sandbox, invoke};
use cap_std::{AmbientAuthority, ambient_authority, fs::Dir};
use procnetsocket::{NamespaceFinder, Pid, ProcRoot, SocketTables};
use socket_query::{Grant, NamespaceScope, Policy, PolicyView, System, Visibility};

type Failure = Box<dyn std::error::Error>;

/// Runs a builtin that lists the sockets of the system, with the arguments, streams and authority
/// of this process.
///
/// # Ambient Authority
///
/// Everything that [`System`] opens, the directory of `--proc-root`, and `/` for files in
/// arguments.
#[expect(clippy::print_stderr, reason = "this is a program, which has standard error")]
#[expect(clippy::disallowed_methods, reason = "this is a program, which has a command line")]
pub fn main<B: Builtin>(name: &str, builtin: impl FnOnce(PolicyView) -> B) -> ExitCode {
    let mut args: Vec<BString> =
        std::env::args_os().skip(1).map(|arg| OsStringExt::into_vec(arg).into()).collect();
    match TablesFrom::take(&mut args).and_then(|from| view(&from)) {
        Ok(view) => run(&builtin(view), &args),
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether this process was started by this name, from any directory.
#[expect(clippy::disallowed_methods, reason = "this is a program, which has a command line")]
pub fn is_called(name: &str) -> bool {
    let called = std::env::args_os().next().map(PathBuf::from);
    called.is_some_and(|called| called.file_name() == Some(name.as_ref()))
}

/// The source of the tables.
#[derive(Debug, Default, PartialEq, Eq)]
enum TablesFrom {
    #[default]
    System,
    SystemText,
    Root(PathBuf),
    /// A procfs of another PID namespace, such as the host's, mounted into a container.
    Host(PathBuf),
}

impl TablesFrom {
    /// Removes the options for measurement from the beginning of the arguments.
    fn take(args: &mut Vec<BString>) -> Result<Self, Failure> {
        let mut from = Self::System;
        while let Some(first) = args.first().cloned() {
            // A value is attached by `=`, or is the next word.
            let (name, value, taken) = match first.split_once_str("=") {
                Some((name, value)) => (name, Some(BString::from(value)), 1),
                None => (first.as_slice(), args.get(1).cloned(), 2),
            };
            let taken = match name {
                b"--proc-only" => {
                    from = Self::SystemText;
                    1
                }
                b"--proc-root" => {
                    let path = value.ok_or("--proc-root needs a directory")?;
                    from = Self::Root(OsString::from_vec(path.into()).into());
                    taken
                }
                b"--host-proc" => {
                    let path = value.ok_or("--host-proc needs a directory")?;
                    from = Self::Host(OsString::from_vec(path.into()).into());
                    taken
                }
                _ => break,
            };
            args.drain(..taken);
        }
        Ok(from)
    }
}

/// Returns the authority of this process.
#[expect(clippy::disallowed_methods, reason = "a program has the authority of its user")]
fn authority() -> AmbientAuthority {
    ambient_authority()
}

#[expect(clippy::disallowed_methods, reason = "a program opens what its user names")]
fn open(path: impl AsRef<std::path::Path>) -> io::Result<Dir> {
    Dir::open_ambient_dir(path, authority())
}

/// Opens the tables with every grant.
fn view(from: &TablesFrom) -> Result<PolicyView, Failure> {
    let policy = Policy::new(Grant::ALL.into_iter().collect())
        .with_secrets(Visibility::Shown)
        .with_namespaces(NamespaceScope::All);
    let system = match from {
        TablesFrom::Host(path) => {
            // `net` would be the namespace of this process, so the tables are those of process
            // 1. `/run/netns` and sock_diag are those of this process, and are not used.
            let root = || -> Result<_, Failure> {
                let failed = |error| format!("--host-proc {}: {error}", path.display());
                Ok(ProcRoot::from_procfs(open(path)?).map_err(failed)?)
            };
            let init = Pid::new(1).ok_or("there is no process 1")?;
            let tables = SocketTables::of_process(root()?, init)?;
            let finder = NamespaceFinder::from_root(root()?);
            let system = System::with_tables(tables, authority()).with_namespace_finder(finder);
            return Ok(system.view(policy)?);
        }
        TablesFrom::System => System::open_ambient(authority())?
            .with_namespace_finder(NamespaceFinder::open_ambient(authority())?),
        TablesFrom::SystemText => System::open_ambient_text(authority())?,
        TablesFrom::Root(path) => {
            System::with_tables(SocketTables::from_dir(open(path)?), authority())
        }
    };
    Ok(system.with_netns_dir().view(policy)?)
}

/// Runs a builtin on the streams of this process. The listing is laid out for the terminal if
/// standard output is one.
#[expect(clippy::disallowed_methods, reason = "the process's own streams are what this is for")]
fn run(builtin: &dyn Builtin, args: &[BString]) -> ExitCode {
    let mut sandbox = Sandbox::empty();
    if let Ok(root) = open("/") {
        // OK because an error of a later opening names the file.
        let _ = sandbox.grant("/", root, Access::Read);
    }
    let stdout = io::stdout();
    let terminal_width = if stdout.is_terminal() { columns(&stdout) } else { None };
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), stdout.lock(), io::stderr());
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr)
        .with_sandbox(&sandbox)
        .with_terminal_width(terminal_width);
    invoke(builtin, &mut context, args).into()
}

/// Returns the width of a terminal, if it has one.
fn columns(terminal: &io::Stdout) -> Option<NonZeroU16> {
    NonZeroU16::new(rustix::termios::tcgetwinsize(terminal).ok()?.ws_col)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(words: &[&str]) -> (Option<TablesFrom>, Vec<String>) {
        let mut args = words.iter().map(|word| BString::from(*word)).collect();
        let from = TablesFrom::take(&mut args).ok();
        (from, args.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn measurement_options_are_recognised_only_at_the_beginning() {
        let root = || Some(TablesFrom::Root("/x".into()));
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(take(&["-tan"]), (Some(TablesFrom::System), words(&["-tan"])));
        assert_eq!(take(&["--proc-root", "/x", "-t"]), (root(), words(&["-t"])));
        assert_eq!(take(&["--proc-root=/x", "-t"]), (root(), words(&["-t"])));
        let host = Some(TablesFrom::Host("/x".into()));
        assert_eq!(take(&["--host-proc", "/x", "-t"]), (host, words(&["-t"])));
        assert_eq!(take(&["--proc-only", "-t"]), (Some(TablesFrom::SystemText), words(&["-t"])));
        assert_eq!(
            take(&["-t", "--proc-only"]),
            (Some(TablesFrom::System), words(&["-t", "--proc-only"]))
        );
        assert_eq!(take(&["--proc-o"]), (Some(TablesFrom::System), words(&["--proc-o"])));
        assert_eq!(take(&["--proc-root"]).0, None);
    }
}
