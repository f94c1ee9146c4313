//! `ss` on the process's own standard streams, without a shell: for use and for measurement.
//!
//! ```text
//! cargo run --release -p ss-builtin --example ss -- -tan
//! cargo run --release -p ss-builtin --example ss -- --proc-root DIR -tan
//! cargo run --release -p ss-builtin --example ss -- --proc-only -tan
//! ```
//!
//! As the first argument only, `--proc-root DIR` lists the sockets of a fake proc root instead of the
//! system's, and `--proc-only` those of the system's text tables, without sock_diag. The listing is
//! laid out for the terminal if standard output is one.

use std::{
    io::{self, IsTerminal},
    num::NonZeroU16,
    os::unix::ffi::OsStringExt,
    process::ExitCode,
    sync::Arc,
};

use bstr::BString;
use builtin_api::{CallContext, Cancel, Sandbox, SystemClock, invoke};
use cap_std::{AmbientAuthority, ambient_authority, fs::Dir};
use procnetsocket::{CgroupTree, ProcRoot, SocketTables};
use socket_query::{Names, Policy, PolicyView, Visibility};
use ss_builtin::Ss;

#[expect(clippy::print_stderr, reason = "this program has a standard error of its own")]
fn main() -> ExitCode {
    let mut args: Vec<BString> =
        std::env::args_os().skip(1).map(|arg| OsStringExt::into_vec(arg).into()).collect();
    match tables(&mut args) {
        Ok(tables) => run(tables, &args),
        Err(error) => {
            eprintln!("ss: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the authority of this process. Everything that is opened is opened with it.
#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
fn authority() -> AmbientAuthority {
    ambient_authority()
}

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
fn open(path: impl AsRef<std::path::Path>) -> io::Result<Dir> {
    Dir::open_ambient_dir(path, authority())
}

/// Opens the system's tables, or those that the first arguments name.
fn tables(args: &mut Vec<BString>) -> Result<SocketTables, Box<dyn std::error::Error>> {
    let first = args.first().map(|first| first.as_slice());
    if first == Some(b"--proc-only") {
        args.drain(..1);
        return Ok(SocketTables::from_root(ProcRoot::open_ambient(authority())?));
    }
    if first != Some(b"--proc-root") {
        return Ok(SocketTables::open_ambient(authority())?);
    }
    let path = args.get(1).cloned().ok_or("--proc-root needs a directory")?;
    args.drain(..2);
    let path = std::path::PathBuf::from(std::ffi::OsString::from_vec(path.into()));
    Ok(SocketTables::from_dir(open(path)?))
}

#[expect(clippy::disallowed_methods, reason = "the process's own streams are what this is for")]
fn run(tables: SocketTables, args: &[BString]) -> ExitCode {
    let is_live = tables.is_live();
    // It shows what `ss` shows to the same user, keys included.
    let policy = Policy::default().with_secrets(Visibility::Shown);
    let mut view = PolicyView::new(Arc::new(tables), policy, names());
    if is_live && let Some(cgroups) = CgroupTree::open_ambient(authority()) {
        view = view.with_cgroups(Arc::new(cgroups));
    }
    let stdout = io::stdout();
    let terminal_width = if stdout.is_terminal() { columns(&stdout) } else { None };
    let mut context = CallContext {
        stdin: &mut io::stdin(),
        stdout: &mut stdout.lock(),
        stderr: &mut io::stderr(),
        sandbox: &Sandbox::empty(),
        cancel: &Cancel::new(),
        terminal_width,
        clock: &SystemClock,
    };
    ExitCode::from(invoke(&Ss::new(view), &mut context, args).code())
}

/// Returns the width of a terminal, if it tells.
fn columns(terminal: &io::Stdout) -> Option<NonZeroU16> {
    NonZeroU16::new(rustix::termios::tcgetwinsize(terminal).ok()?.ws_col)
}

/// Reads the system's names of services and protocols; a table that is not there has none.
fn names() -> Names {
    let Ok(etc) = open("/etc") else { return Names::default() };
    let read = |name| etc.read(name).unwrap_or_default();
    Names::new(&read("services"), &read("protocols"))
}
