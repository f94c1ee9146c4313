//! The builtin, called in process.

use std::{num::NonZeroU16, sync::Arc};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Cancel, Sandbox, invoke};
use procnetsocket::SocketTables;
use socket_query::{Grant, Names, Policy, PolicyView};
use ss_builtin::Ss;
use testkit::FakeRoot;

use crate::{outcome::Outcome, workspace};

/// The names that the golden files were recorded with.
pub(crate) fn recorded_names() -> Names {
    let read = |name| workspace::read(&format!("tests/golden/etc/{name}"));
    Names::new(&read("services"), &read("protocols"))
}

/// The names that a program on this machine finds.
pub(crate) fn machine_names() -> Names {
    Names::new(&workspace::read("/etc/services"), &workspace::read("/etc/protocols"))
}

/// Returns the policy's view of a fake root.
pub(crate) fn view(root: &FakeRoot, names: Names) -> PolicyView {
    PolicyView::new(Arc::new(SocketTables::from_dir(root.dir())), Policy::default(), names)
}

/// Runs `ss` over a fake root.
pub(crate) fn run(root: &FakeRoot, names: &Names, args: &[String], width: Option<u16>) -> Outcome {
    call(&Ss::new(view(root, names.clone())), args, width)
}

/// Runs `ss` over a fake root, with the grant for processes.
pub(crate) fn run_granted(
    root: &FakeRoot,
    names: &Names,
    args: &[String],
    width: Option<u16>,
) -> Outcome {
    call(&Ss::new(view_granted(root, names.clone())), args, width)
}

/// Returns the view of a fake root with the grant for processes, as the real one has it.
pub(crate) fn view_granted(root: &FakeRoot, names: Names) -> PolicyView {
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
    PolicyView::new(tables, policy, names)
}

/// Runs `ss` over a fake root under a policy.
pub(crate) fn run_under(root: &FakeRoot, policy: Policy, names: Names, args: &[String]) -> Outcome {
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    call(&Ss::new(PolicyView::new(tables, policy, names)), args, None)
}

/// Runs a builtin.
pub(crate) fn call(builtin: &dyn Builtin, args: &[String], width: Option<u16>) -> Outcome {
    call_in(builtin, args, width, (&Sandbox::empty(), b""), &Cancel::new())
}

/// Runs a builtin that is cancelled already.
pub(crate) fn call_cancelled(ss: &Ss, args: &[String]) -> Outcome {
    let cancel = Cancel::new();
    cancel.cancel();
    call_in(ss, args, None, (&Sandbox::empty(), b""), &cancel)
}

/// Runs a builtin, with files that it may open and with bytes to read.
pub(crate) fn call_with(
    ss: &Ss,
    args: &[String],
    width: Option<u16>,
    files: (&Sandbox, &[u8]),
) -> Outcome {
    call_in(ss, args, width, files, &Cancel::new())
}

fn call_in(
    builtin: &dyn Builtin,
    args: &[String],
    width: Option<u16>,
    (sandbox, mut stdin): (&Sandbox, &[u8]),
    cancel: &Cancel,
) -> Outcome {
    let args: Vec<BString> = args.iter().map(|arg| arg.as_str().into()).collect();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr)
        .with_sandbox(sandbox)
        .with_cancel(cancel)
        .with_terminal_width(width.and_then(NonZeroU16::new));
    let code = invoke(builtin, &mut context, &args);
    Outcome { stdout: stdout.into(), stderr: stderr.into(), status: code.code().into() }
}
