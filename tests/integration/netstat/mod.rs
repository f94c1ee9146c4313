//! `netstat`: compared with that of net-tools on the same roots, and the differences.

mod compare;
mod hint;
pub(crate) mod real;
mod scenario;

use std::sync::Arc;

use bstr::BString;
use netstat_builtin::Netstat;
use procnetsocket::SocketTables;
use socket_query::{Grant, Names, Policy, PolicyView, ProcessVisibility};
use testkit::FakeRoot;

use crate::{
    ours,
    outcome::{Outcome, with_printed_names},
    workspace,
};

/// The grants under which net-tools is compared.
pub(crate) const GRANTS: [Grant; 2] = [Grant::Sockets, Grant::Processes];

/// Returns the names of this machine, including those of users.
pub(crate) fn names() -> Names {
    ours::machine_names().with_users(&workspace::read("/etc/passwd"))
}

/// Returns the policy of these grants, with the arguments of processes.
pub(crate) fn policy(grants: &[Grant]) -> Policy {
    Policy::new(grants.iter().copied().collect()).with_processes(ProcessVisibility::Full)
}

/// Runs `netstat` over a fake root.
fn run(root: &FakeRoot, grants: &[Grant], args: &[String]) -> Outcome {
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let policy = policy(grants);
    ours::call(&Netstat::new(PolicyView::new(tables, policy, names())), args, None)
}

/// Returns the words of a line.
pub(crate) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

/// Returns whether two rows are equal; net-tools cuts the name of a unix socket at its first blank,
/// which is escaped here.
pub(crate) fn is_same(ours: &BString, real: &BString) -> bool {
    ours == real
        || *ours == with_printed_names(real)
        || ours.starts_with(b"unix")
            && ours.strip_prefix(real.as_slice()).is_some_and(|rest| rest.starts_with(br"\x20"))
}
